"""Sage's lists as frozen records with lookups by number; the program never guesses beyond them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Generic, TypeVar

from directory.number_looks import bare_number, look_alike, number_key
from erp_integrations.sage100.alike import Alike

R = TypeVar("R")

EXPENSES = DIRECT_EXPENSE, WORK_IN_PROGRESS = 13, 3
VOID = 5
PAYABLE_STATUS_NAMES = {1: "Open", 2: "Review", 3: "Dispute", 4: "Paid", VOID: "Void"}
ENTERED_AS = {number: PAYABLE_STATUS_NAMES[number] for number in (1, 2)}  # what an import may say (S14)
ORDER_RULES = {0: "none", 1: "warn", 2: "requires a PO", 5: "requires a subcontract", 6: "requires either"}
BID, REFUSED, CONTRACT, CURRENT, COMPLETE, CLOSED = range(1, 7)
STATUS_NAMES = {1: "Bid", 2: "Refused", 3: "Contract", 4: "Current", 5: "Complete", 6: "Closed"}


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """Vendors 4-4. `purchase_order_rule` as ORDER_RULES."""

    number: str
    name: str
    short_name: str = ""
    is_active: bool | None = True  # None: the list leaves it blank
    is_internal: bool = False
    ledger_account: str | None = None
    due_terms: str = ""
    discount_terms: str = ""
    purchase_order_rule: int = 0
    default_status: int | None = None
    hold_payment: bool = False
    workers_comp_flag: bool = False


@dataclass(frozen=True, kw_only=True)
class Job:
    """Jobs 3-5, with the numbers of its phases. `status` 1–6 as STATUS_NAMES."""

    number: str
    name: str
    status: int = CURRENT
    posts_to_wip: bool = False
    ledger_account: str | None = None
    phases: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CostCode:
    """Cost codes 6-5. `code` always carries three decimals: 2310.000."""

    code: str
    name: str
    is_active: bool | None = True  # None: the list leaves it blank


@dataclass(frozen=True, kw_only=True)
class LedgerAccount:
    """Ledger accounts 1-7. `type` 13 is direct expense, 3 work in progress."""

    number: str
    name: str
    type: int
    is_active: bool | None = True  # None: the list leaves it blank
    needs_sub_account: bool = False
    cost_type: int | None = None
    sub_accounts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CommitmentLine:
    """A line of a subcontract or purchase order in Sage. `change` is what change orders added to it."""

    line_reference: str
    cost_code: str
    cost_type: int
    contract: Decimal = Decimal("0.00")
    change: Decimal = Decimal("0.00")
    invoiced: Decimal = Decimal("0.00")
    remaining: Decimal | None = None

    @property
    def left(self) -> Decimal | None:
        """What can still be billed: as the list says, else as follows from the contract; None where it says neither."""
        if self.remaining is not None or not self.contract:
            return self.remaining
        return self.contract + self.change - self.invoiced


@dataclass(frozen=True, kw_only=True)
class SageCommitment:
    """Subcontracts 6-7 and purchase orders 6-6. `retention_rate` in percent; None when the list doesn't say."""

    number: str
    vendor_number: str
    job_number: str
    status: int = CURRENT
    retention_rate: Decimal | None = None
    hold_payment: bool = False
    is_locked: bool = False
    lines: tuple[CommitmentLine, ...] = ()

    def line(self, reference: str) -> CommitmentLine | None:
        return self._by_reference.get(reference)

    @cached_property
    def _by_reference(self) -> dict[str, CommitmentLine]:
        return {line.line_reference: line for line in reversed(self.lines)}


@dataclass(frozen=True, kw_only=True)
class FiscalPeriod:
    """Fiscal periods 1-6. `period` 0–12; first and last day belong to it."""

    year: int
    period: int
    first_date: date
    last_date: date
    is_locked: bool = False

    @property
    def label(self) -> str:
        return f"{self.year}-{self.period:02d}"


@dataclass(frozen=True, kw_only=True)
class PayableInvoice:
    """Payable invoices 4-2, as Sage holds them. `status` as PAYABLE_STATUS_NAMES, None where the list doesn't say."""

    vendor_number: str
    invoice_number: str
    job_number: str = ""
    invoice_date: date | None = None
    gross: Decimal = Decimal("0.00")
    retention: Decimal = Decimal("0.00")
    balance: Decimal = Decimal("0.00")
    status: int | None = None
    user_def_1: str = ""
    user_def_2: str = ""
    record_number: str = ""

    @property
    def is_void(self) -> bool:
        """Sage keeps what was voided in its list; it owes nothing for it."""
        return self.status == VOID

    def is_of_job(self, number: str) -> bool:
        """Whether it is of that job of Sage's, as numbers: a 4-2 list may write 0203, where all others read 203."""
        return self.job_number == number or _as_counted(self.job_number) == _as_counted(number)


def _as_counted(number: str) -> str:
    """As the other lists are read: no leading zeros, no `.0` of Excel's; what is no number stays as it is."""
    digits = re.sub(r"\.0+$", "", number)
    return digits.lstrip("0") if digits.isdigit() else number


def payable_from_plain(plain: dict) -> PayableInvoice:
    """As `canonical.from_plain` reads it, without the detour over every type: there may be 50,000."""
    amounts = {name: Decimal(plain[name]) for name in ("gross", "retention", "balance")}
    day = plain["invoice_date"]
    return PayableInvoice(**plain | amounts | {"invoice_date": date.fromisoformat(day) if day else None})


def numbers_from_plain(rows: Iterable[dict]) -> dict[tuple[str, str], str]:
    """{(vendor, number as compared): number as written} of stored payable invoices; what is void holds no number."""
    return {
        (each["vendor_number"], number_key(each["invoice_number"])): each["invoice_number"]
        for each in rows
        if each["status"] != VOID
    }


def record_key(record) -> object:
    """What a record is looked up by."""
    if isinstance(record, CostCode):
        return record.code
    if isinstance(record, FiscalPeriod):
        return (record.year, record.period)
    if isinstance(record, PayableInvoice):
        return (record.vendor_number, number_key(record.invoice_number))
    return record.number


def held_back(rows: Iterable[PayableInvoice]) -> dict[object, Decimal]:
    """{`record_key`: the retention that Sage holds under it, in dollars}; of several the least, of void ones none."""
    counting = sorted((row for row in rows if not row.is_void), key=lambda row: row.retention, reverse=True)
    return {record_key(row): row.retention for row in counting}


def why_not_usable(record) -> str:
    """Why Sage takes no invoice with it (S12, S18, S20, S31, S33); "" where it does.

    What the list leaves blank is no reason: the rules ask about it.
    """
    if isinstance(record, Job) and record.status == CLOSED:
        return "Closed in Sage"
    if isinstance(record, SageCommitment) and record.status in (BID, REFUSED):
        return f"{STATUS_NAMES[record.status]} in Sage"
    if getattr(record, "is_active", True) is False:
        return "Inactive in Sage"
    if isinstance(record, LedgerAccount) and record.type not in EXPENSES:
        return f"Of type {record.type} in Sage, no expense account"
    return "Internal in Sage" if getattr(record, "is_internal", False) else ""


def is_usable(record) -> bool:
    """Sage takes an invoice with it: nothing is linked to, or offered instead of, what it doesn't take."""
    return not why_not_usable(record)


@dataclass(frozen=True)
class SageList(Generic[R]):
    """One list as uploaded on `as_of`; None means never uploaded. Looked up by `record_key`, first record wins."""

    name: str
    as_of: date | None = None
    records: tuple[R, ...] = ()

    @cached_property
    def _by_key(self) -> dict:
        return {record_key(record): record for record in reversed(self.records)}

    def get(self, key) -> R | None:
        return self._by_key.get(key)

    def __iter__(self):
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def age_days(self, today: date) -> int | None:
        return None if self.as_of is None else (today - self.as_of).days

    @property
    def dated(self) -> str:
        """The list and its date in words, for an explanation that is frozen."""
        return f"{self.name}, never uploaded" if self.as_of is None else f"{self.name} as of {self.as_of.isoformat()}"

    def described(self, today: date) -> str:
        """The list and its age in words, for a finding."""
        if self.as_of is None:
            return self.dated
        days = self.age_days(today)
        age = "today" if days <= 0 else "1 day old" if days == 1 else f"{days} days old"
        return f"{self.dated}, {age}"

    def nearest(self, value: str) -> str | None:
        """The key most like `value` but not itself, to help spot a slip; None when nothing usable comes close."""
        return self._keys.nearest(value)

    def nearest_name(self, name: str) -> str | None:
        """The usable record whose name is most like `name`, as “20145 Delta Concrete”."""
        found = self._names.nearest(name.casefold())
        return self._called[found] if found else None

    @cached_property
    def _keys(self) -> Alike:
        return Alike(str(record_key(record)) for record in self.records if is_usable(record))

    @cached_property
    def _called(self) -> dict[str, str]:
        return {r.name.casefold(): f"{r.number} {r.name}" for r in self.records if is_usable(r)}

    @cached_property
    def _names(self) -> Alike:
        return Alike(self._called)


# As Sage names each list and its window; a column of a layout names the list that its constant is looked up in (S1).
NAMES = {
    "vendors": "Vendors 4-4",
    "jobs": "Jobs 3-5",
    "cost_codes": "Cost codes 6-5",
    "ledger_accounts": "Ledger accounts 1-7",
    "subcontracts": "Subcontracts 6-7",
    "purchase_orders": "Purchase orders 6-6",
    "fiscal_periods": "Fiscal periods 1-6",
    "payable_invoices": "Payable invoices 4-2",
}

# Two ages, in days; a list that is older is asked all the same, and each finding says how old it is (E-5).
# Past the first its pages advise a newer one: what Sage holds changes with every posting, a fiscal year does not.
RENEWED_AFTER = {
    "vendors": 30,
    "jobs": 30,
    "cost_codes": 90,
    "ledger_accounts": 90,
    "subcontracts": 14,
    "purchase_orders": 14,
    "fiscal_periods": 60,
    "payable_invoices": 7,
}
# Past the second that no invoice is found among the payables proves nothing: a month was closed since. So every invoice
# asks for a tick (S11, decision 27), where the advice asks for nothing.
PAYABLES_DOUBTED_AFTER = 31


@dataclass(frozen=True, kw_only=True)
class LostDays:
    """The site was put back to `since` at `until`: what Sage was given in between it can't know (R127).

    Moments on the company's clocks. `since` is None once a list of a later day has told what Sage holds (S11).
    """

    since: datetime | None = None
    until: datetime


@dataclass(frozen=True, kw_only=True)
class SageLists:
    """The newest version of each list of one Sage company. `lost_days`: of the newest restore."""

    company_name: str = ""
    vendors: SageList[Vendor] = SageList(NAMES["vendors"])
    jobs: SageList[Job] = SageList(NAMES["jobs"])
    cost_codes: SageList[CostCode] = SageList(NAMES["cost_codes"])
    ledger_accounts: SageList[LedgerAccount] = SageList(NAMES["ledger_accounts"])
    subcontracts: SageList[SageCommitment] = SageList(NAMES["subcontracts"])
    purchase_orders: SageList[SageCommitment] = SageList(NAMES["purchase_orders"])
    fiscal_periods: SageList[FiscalPeriod] = SageList(NAMES["fiscal_periods"])
    payable_invoices: SageList[PayableInvoice] = SageList(NAMES["payable_invoices"])
    lost_days: LostDays | None = None

    def called(self, name: str) -> SageList | None:
        """The list a column's lookup names, as “Vendors 4-4”; None for any other name."""
        known = (getattr(self, part.name) for part in fields(self))
        return next((each for each in known if isinstance(each, SageList) and each.name == name), None)

    def period_of(self, day: date) -> FiscalPeriod | None:
        """The period a day falls in; a numbered month wins over period 0, Sage's opening balances."""
        holding = [p for p in self.fiscal_periods if p.first_date <= day <= p.last_date]
        return max(holding, key=lambda period: period.period, default=None)

    def open_period_near(self, day: date) -> FiscalPeriod | None:
        """The unlocked month that `day` lies in or is nearest to; None where all are locked, or none is known.

        Period 0 are Sage's opening balances.
        """
        months = (period for period in self.fiscal_periods if period.period and not period.is_locked)
        return min(months, key=lambda period: abs((_within(period, day) - day).days), default=None)

    def posting_day(self, day: date) -> date:
        """The day itself if Sage takes it, else the nearest one that it takes; the day where it takes none (S27)."""
        period = self.open_period_near(day)
        return _within(period, day) if period else day

    @cached_property
    def payables_that_count(self) -> set[object]:
        """The keys of what Sage holds and owes for: a void record holds none, whatever else stands under its number."""
        return {record_key(row) for row in self.payable_invoices if not row.is_void}

    @cached_property
    def _retention_by_key(self) -> dict[object, Decimal]:
        """Empty where no record of the list has any: it was made without that column."""
        found = held_back(self.payable_invoices)
        return found if any(found.values()) else {}

    def retention_of(self, vendor_number: str | None, number: str) -> Decimal | None:
        """What Sage held on that invoice by the list in use; None where the list has no such record that counts."""
        return self._retention_by_key.get((vendor_number, number_key(number)))

    def payables_like(self, vendor_number: str | None, number: str) -> tuple[PayableInvoice, ...]:
        """What Sage owes for under a number of this vendor that may be the same one, written by another hand (R19)."""
        alike = self._payables_by_bare_number.get((vendor_number, bare_number(number)), ())
        return tuple(row for row in alike if look_alike(row.invoice_number, number))

    @cached_property
    def _payables_by_bare_number(self) -> dict[tuple[str, str], list[PayableInvoice]]:
        found = {}
        for row in self.payable_invoices:
            if not row.is_void:
                found.setdefault((row.vendor_number, bare_number(row.invoice_number)), []).append(row)
        return found

    @cached_property
    def planned_on_jobs(self) -> dict[str, dict[str, set[int]]]:
        """{job: {code: its types on the lines of its subcontracts and purchase orders}} (S35)."""
        planned = {}
        for commitment in (*self.subcontracts, *self.purchase_orders):
            types = planned.setdefault(commitment.job_number, {})
            for line in commitment.lines:
                types.setdefault(line.cost_code, set()).add(line.cost_type)
        return planned

    @cached_property
    def numbers_by_parties(self) -> dict[tuple, list[str]]:
        """{(kind, vendor, job): the commitments of that kind that Sage has between them and takes an invoice on}."""
        found = {}
        for kind in ("subcontract", "purchase_order"):
            for each in filter(is_usable, self.commitments(kind)):
                found.setdefault((kind, each.vendor_number, each.job_number), []).append(each.number)
        return found

    @cached_property
    def accounts_by_type(self) -> dict[int, SageList[LedgerAccount]]:
        """The usable ledger accounts of direct expense, and those of work in progress (S31)."""
        known = list(filter(is_usable, self.ledger_accounts))
        of_kind = {kind: tuple(account for account in known if account.type == kind) for kind in EXPENSES}
        return {kind: replace(self.ledger_accounts, records=records) for kind, records in of_kind.items()}

    @cached_property
    def expense_accounts(self) -> set[str]:
        """The accounts whose lines are job cost too (S43)."""
        return {account.number for account in self.ledger_accounts if account.type in EXPENSES}

    def commitments(self, kind: str) -> SageList[SageCommitment]:
        return self.subcontracts if kind == "subcontract" else self.purchase_orders


def _within(period: FiscalPeriod, day: date) -> date:
    return max(period.first_date, min(day, period.last_date))
