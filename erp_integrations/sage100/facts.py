"""What accounting gets: the frozen facts of a batch of approved invoices, independent of the database."""

import json
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, NamedTuple

from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import APINV_R1, Layout

SUBCONTRACT = "subcontract"
PURCHASE_ORDER = "purchase_order"
ZERO = Decimal("0.00")

# Of an invoice, a line, a release, the account of a job or of a cost type, a column, what another file bills; the first
# that an entry has.
IDENTITIES = (
    ("invoice_id",),
    ("key",),
    ("invoice_number",),
    ("job_number", "phase_number"),
    ("cost_type",),
    ("source", "title"),
    ("commitment_kind", "commitment_number", "line_reference", "batch_key"),
)

# What only warns: taken from now into an older snapshot, it would be a warning that nobody was shown to tick (S60).
ONLY_AS_FROZEN = frozenset({"counted", "released_before", "by_hand"})


def _require_finite(facts) -> None:
    """NaN and Infinity are no money; a spreadsheet would take them without a word."""
    for part in fields(facts):
        amount = getattr(facts, part.name)
        if isinstance(amount, Decimal) and not amount.is_finite():
            raise ValueError(f"{part.name} is {amount}, which is no amount of money.")


@dataclass(frozen=True, kw_only=True)
class AccountChoice:
    """A ledger account of Sage, with its sub-account where it needs one. Digits as text."""

    number: str
    sub_account: str | None = None

    def __str__(self):
        return self.number if self.sub_account is None else f"{self.number} sub-account {self.sub_account}"


@dataclass(frozen=True, kw_only=True)
class CostTypeAccount:
    cost_type: int
    account: AccountChoice


@dataclass(frozen=True, kw_only=True)
class JobAccount:
    """The account of a job, or of one phase of it."""

    job_number: str
    phase_number: str | None = None
    account: AccountChoice


@dataclass(frozen=True, kw_only=True)
class ExportSettings:
    """The company's choices, frozen with the batch. `terms_days`: due this many days after the invoice date."""

    default_status: int = 1
    terms_days: int = 30
    subcontract_account: AccountChoice | None = None
    purchase_order_account: AccountChoice | None = None
    cost_type_accounts: tuple[CostTypeAccount, ...] = ()
    job_accounts: tuple[JobAccount, ...] = ()
    sendable_statuses: tuple[str, ...] = ("approved", "approved_as_noted")
    over_remaining_severity: str = "warning"
    tax_is_inside_amounts: bool = False


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """One billed line. `amount` = change in total completed and stored; `retainage_held` = newly held this period."""

    key: str
    description: str
    our_cost_code: str
    cost_code: str | None
    our_cost_type: str
    cost_type: int | None
    amount: Decimal
    retainage_held: Decimal = ZERO
    line_reference: str | None = None
    line_account: AccountChoice | None = None
    change_order: str | None = None
    change_order_amount: Decimal = ZERO  # what the change order adds by this line (S41)
    how: str = ""

    def __post_init__(self):
        _require_finite(self)


@dataclass(frozen=True, kw_only=True)
class ReleaseFacts:
    """Retainage to release on one earlier invoice in Sage. `held` is what that invoice holds before this release.

    `how_held`, `how_released`: how they came to be, with the numbers (E-6); "" in snapshots of older programs.
    `by_hand`: what Sage's list says of a bill that stands in no file of ours; "" of any other. `refused`: what Sage
    said when it did not take the row of that invoice, and nobody has said since that it did.
    """

    invoice_number: str
    invoice_date: date
    held: Decimal
    released: Decimal
    how_held: str = field(default="", compare=False)  # words: that they are others now changes no file (S60)
    how_released: str = field(default="", compare=False)
    by_hand: str = field(default="", compare=False)
    refused: str = field(default="", compare=False)

    def __post_init__(self):
        _require_finite(self)

    @property
    def new_retention(self) -> Decimal:
        return self.held - self.released

    @property
    def how_left(self) -> str:
        return f"held {self.held:,.2f} − release {self.released:,.2f} = {self.new_retention:,.2f}"


@dataclass(frozen=True, kw_only=True)
class CountedRelease:
    """What a batch releases on an invoice that this one’s release was to stand on, or told for it; in dollars.

    `is_in_a_file`: False while that batch is being built or has failed; staff have no sheet of it then.
    `list_of_the_day`: Sage's list, where it is of the day of that file, and lowers what a bill given by hand holds.
    """

    invoice_number: str
    batch_key: str
    amount: Decimal
    is_in_a_file: bool = True
    list_of_the_day: str = field(default="", compare=False)

    def __post_init__(self):
        _require_finite(self)

    @property
    def in_words(self) -> str:
        """Of one that is in no file yet."""
        return f"{self.batch_key} is not in a file yet; Sage holds {self.amount:,.2f} more until its sheet is done"


@dataclass(frozen=True, kw_only=True)
class LookAlike:
    """Another bill of the vendor whose number may be the same one (S11, R19); `gross` in dollars.

    `commitment_number` is None where it is one of another project.
    """

    invoice_id: str
    number: str
    commitment_number: str | None
    invoice_date: date
    gross: Decimal

    def __post_init__(self):
        _require_finite(self)


@dataclass(frozen=True, kw_only=True)
class LinkedChange:
    """What an approved change order that is not on the bill adds on the line of Sage it is linked to (S41)."""

    line_reference: str
    amount: Decimal

    def __post_init__(self):
        _require_finite(self)


@dataclass(frozen=True, kw_only=True)
class InvoiceFacts:
    """One approved invoice. `net` is line 8: gross − newly held + released. Sage's own numbers are None until linked.

    `exported_in` names the live batch that already carries this vendor and number (S11); releases stand oldest first.
    `look_alikes`: as of the acceptance; a build asks again, as it asks newer lists.
    `reference_by`: who chose what a credit reduces, "" where it is the newest earlier bill by itself (S45).
    `counted`: what other batches release on the invoices that its own release was to stand on. `released_before`: what
    files that it left told staff to release for it. Both are () in older snapshots.
    """

    # In older snapshots. No rule asked them and no cell says them, so a change of one stopped a file for nothing (S60).
    no_longer_kept: ClassVar[tuple[str, ...]] = ("tax", "sent_by", "change_orders")

    invoice_id: str
    version: int
    number: str
    application_number: int
    company_name: str
    vendor_name: str
    vendor_number: str | None
    commitment_kind: str
    commitment_number: str
    sage_commitment_number: str | None
    commitment_title: str
    project_name: str
    job_number: str | None
    phase_number: str | None = None
    period_start: date = field(compare=False)  # asked after a restore alone (S51), and said in no cell (S60)
    period_end: date
    invoice_date: date
    description: str | None = None
    due_date: date | None = None
    discount_date: date | None = None
    status: str
    approved_by: str = ""
    invoice_link: str = ""
    lines: tuple[LineFacts, ...]
    releases: tuple[ReleaseFacts, ...] = ()
    counted: tuple[CountedRelease, ...] = field(default=(), compare=False)  # what they hold says it (S60)
    released_before: tuple[CountedRelease, ...] = field(default=(), compare=False)  # no cell follows from it
    gross: Decimal
    retainage_held: Decimal
    retainage_released: Decimal = ZERO
    net: Decimal
    insurance_expires_date: date | None = None
    workers_comp_flag: bool = False
    is_canadian: bool = False
    reference_no: str | None = None
    reference_by: str = ""
    exported_in: str | None = None
    look_alikes: tuple[LookAlike, ...] = ()
    linked_changes: tuple[LinkedChange, ...] = field(default=(), compare=False)  # another bill's affair (S60)

    def __post_init__(self):
        _require_finite(self)

    @property
    def billed_lines(self) -> tuple[LineFacts, ...]:
        """The lines that become rows: zero lines are dropped (S38)."""
        return tuple(line for line in self.lines if line.amount)

    def cents_on_sage_lines(self) -> dict[str, int]:
        """{line of Sage's commitment: what it bills on it} (S40)."""
        found = defaultdict(int)
        for line in self.billed_lines:
            if line.line_reference:
                found[line.line_reference] += int(line.amount.scaleb(2))
        return dict(found)

    @property
    def is_release_only(self) -> bool:
        """Nothing but released retainage: no rows, only the release sheet (S50). By what it says, whether or not an
        earlier invoice is there to release it on (S51)."""
        return not self.billed_lines and bool(self.retainage_released) and not self.gross

    @property
    def is_credit(self) -> bool:
        return self.gross < 0


@dataclass(frozen=True, kw_only=True)
class BilledElsewhere:
    """What another file of ours bills on one line of Sage, and Sage's list can't know of (S40). In dollars.

    `commitment_number`, `line_reference`: Sage's own.
    """

    commitment_kind: str
    commitment_number: str
    line_reference: str
    batch_key: str
    amount: Decimal

    def __post_init__(self):
        _require_finite(self)

    @property
    def place(self) -> tuple[str, ...]:
        """The line of Sage and the file."""
        return self.commitment_kind, self.commitment_number, self.line_reference, self.batch_key


@dataclass(frozen=True, kw_only=True)
class BatchFacts:
    """One accepted batch. `accepted_with_right`: the accepter held Can Push to Accounting at that moment (S55).

    `billed_elsewhere`: as of the acceptance; what is accepted after it counts this one.
    """

    batch_key: str
    company_name: str
    accounting_date: date
    accepted_by: str
    accepted_date: date
    accepted_with_right: bool
    invoices: tuple[InvoiceFacts, ...]
    layout: Layout = APINV_R1
    settings: ExportSettings = field(default_factory=ExportSettings)
    billed_elsewhere: tuple[BilledElsewhere, ...] = ()


def to_json(facts: BatchFacts | InvoiceFacts) -> str:
    """The frozen snapshot: canonical JSON, equal for equal facts."""
    return canonical.to_json(facts)


def batch_from_json(text: str) -> BatchFacts:
    return canonical.from_json(BatchFacts, text)


def company_and_layout_from_json(text: str) -> tuple[str, Layout]:
    """The Sage company and the layout in a snapshot, without reading its thousands of lines into facts."""
    plain = json.loads(text)
    return plain["company_name"], canonical.from_plain(Layout, plain["layout"])


class AsAccepted(NamedTuple):
    """What a list says of an invoice; amounts in dollars. `reference_no`: what a credit reduces, "" else."""

    number: str
    gross: Decimal
    retainage: Decimal
    reference_no: str = ""


def as_accepted_from_json(text: str) -> dict[int, AsAccepted]:
    """{id of an invoice: as the snapshot has it}, without reading its thousands of lines into facts."""
    return {
        int(each["invoice_id"]): AsAccepted(
            each["number"], Decimal(each["gross"]), Decimal(each["retainage_held"]), each.get("reference_no") or ""
        )
        for each in json.loads(text)["invoices"]
    }


def completed_from_json(text: str, now: BatchFacts) -> BatchFacts:
    """A snapshot, and from `now` whatever the program that froze it did not know yet: a new fact is no change (S60).

    `to_json` writes every fact, so one that is not there is one that nobody collected then. `ONLY_AS_FROZEN` stays out.
    """
    return canonical.from_plain(BatchFacts, _completed(json.loads(text), canonical.to_plain(now)))


def _completed(frozen, now):
    if isinstance(frozen, dict) and isinstance(now, dict):
        newer = {name: each for name, each in now.items() if name not in ONLY_AS_FROZEN}
        return newer | {name: _completed(each, now.get(name)) for name, each in frozen.items()}
    if isinstance(frozen, list) and isinstance(now, list):
        return _completed_list(frozen, now)
    return frozen


def _completed_list(frozen: list, now: list) -> list:
    """Each entry from the one that is the same one now, wherever it stands; what is gone stays as it was frozen.

    Several of one name, such as columns of a layout, are paired in their order.
    """
    there = defaultdict(deque)
    for each in now:
        there[_identity(each)].append(each)
    pairs = ((old, there[_identity(old)]) for old in frozen)
    return [_completed(old, same.popleft()) if same else old for old, same in pairs]


def _identity(entry) -> tuple:
    """What tells an entry of a list from the others in it."""
    if not isinstance(entry, dict):
        return (str(entry),)
    names = next((names for names in IDENTITIES if entry.keys() >= set(names)), ())
    return tuple(entry[name] for name in names)


def digest(facts: BatchFacts | InvoiceFacts) -> str:
    """SHA-256 of the snapshot; equal digests mean nothing changed between accept and build (S60)."""
    return canonical.digest(facts)


class FactChange(NamedTuple):
    """One fact that differs: its dotted path such as `lines[1].amount`, and both values."""

    path: str
    before: object
    after: object


def differences(old, new, path="") -> Iterator[FactChange]:
    """Every fact that differs, in the order of the facts; tuples of other lengths as one. Equal facts give none.

    Words that say how a fact came to be are compared with it, not beside it.
    """
    if is_dataclass(old) and type(old) is type(new):
        for part in fields(old):
            if not part.compare:
                continue
            name = f"{path}.{part.name}" if path else part.name
            yield from differences(getattr(old, part.name), getattr(new, part.name), name)
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{path}[{place}]")
    elif old != new:
        yield FactChange(path, old, new)
