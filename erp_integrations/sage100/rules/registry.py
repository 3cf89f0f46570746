"""Rules as data: number, severity, sentence and scope, each with one small function that says what is wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from directory.number_looks import number_key
from erp_integrations.sage100.accounts import Resolved, resolve
from erp_integrations.sage100.cells import Cell, Change, ReleaseRow, Row, Rows
from erp_integrations.sage100.facts import PURCHASE_ORDER, ZERO, BatchFacts, BilledElsewhere, InvoiceFacts, LineFacts
from erp_integrations.sage100.findings import Finding
from erp_integrations.sage100.layout import PLACES
from erp_integrations.sage100.lists import (
    CommitmentLine,
    Job,
    LedgerAccount,
    PayableInvoice,
    SageCommitment,
    SageList,
    SageLists,
    Vendor,
)

BATCH, INVOICE, LINE, CHANGE = "batch", "invoice", "line", "change"
REBUILD = "Don't use this file. Build it again; if that changes nothing, tell the site owner."


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What a rule's function yields. `severity` only where one rule knows both; `against` the list it looked in."""

    message: str
    remedy: str
    field: str = ""
    value: str = ""
    against: SageList | None = None
    nearest: str | None = None
    severity: str = ""
    row: int | None = None
    invoice_id: str = ""


@dataclass(frozen=True)
class Rule:
    number: str
    severity: str
    sentence: str
    scope: str
    run: Callable[..., Iterator[Issue]]


@dataclass(frozen=True)
class BatchCheck:
    """The whole batch under the rules: its facts, Sage's lists, the rows built from them, and the day it is."""

    batch: BatchFacts
    lists: SageLists
    rows: Rows
    today: date

    @cached_property
    def rows_by_invoice(self) -> dict[str, list[Row]]:
        return _by_invoice(self.rows.rows)

    @cached_property
    def changes_by_invoice(self) -> dict[str, list[Change]]:
        return _by_invoice(self.rows.changes)

    @cached_property
    def releases_by_invoice(self) -> dict[str, list[ReleaseRow]]:
        return _by_invoice(self.rows.releases)

    @cached_property
    def billed_on_sage_lines(self) -> dict[tuple, Decimal]:
        """What the whole batch bills per line of Sage: two lines, or two invoices, may share one (S40)."""
        billed = {}
        for invoice in self.batch.invoices:
            for line in invoice.billed_lines:
                key = _sage_line_key(invoice, line)
                billed[key] = billed.get(key, ZERO) + line.amount
        return billed

    @cached_property
    def billed_elsewhere(self) -> dict[tuple, list[BilledElsewhere]]:
        """What files that Sage's list can't know of bill per line of Sage (S40)."""
        found = {}
        for each in self.batch.billed_elsewhere:
            found.setdefault((each.commitment_kind, each.commitment_number, each.line_reference), []).append(each)
        return found

    @cached_property
    def invoices(self) -> tuple["InvoiceCheck", ...]:
        return tuple(InvoiceCheck(self, invoice) for invoice in self.batch.invoices)


def _by_invoice(some) -> dict[str, list]:
    found = {}
    for each in some:
        found.setdefault(each.invoice_id, []).append(each)
    return found


@dataclass(frozen=True)
class InvoiceCheck:
    """One invoice under the rules, with what Sage knows about it (None when unlinked or not in the list)."""

    whole: BatchCheck
    invoice: InvoiceFacts

    @property
    def batch(self) -> BatchFacts:
        return self.whole.batch

    @property
    def lists(self) -> SageLists:
        return self.whole.lists

    @property
    def rows(self) -> list[Row]:
        return self.whole.rows_by_invoice.get(self.invoice.invoice_id, [])

    @cached_property
    def header(self) -> Row | None:
        return next((row for row in self.rows if row.line_type == "H"), None)

    @cached_property
    def details(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.line_type == "D")

    @cached_property
    def details_by_line(self) -> dict[str, Row]:
        return {row.line_key: row for row in reversed(self.details)}

    def row_of(self, line_key: str) -> int | None:
        row = self.details_by_line.get(line_key)
        return row.number if row else None

    @property
    def changes(self) -> list[Change]:
        return self.whole.changes_by_invoice.get(self.invoice.invoice_id, [])

    @property
    def releases(self) -> list[ReleaseRow]:
        return self.whole.releases_by_invoice.get(self.invoice.invoice_id, [])

    @property
    def vendor(self) -> Vendor | None:
        return self.lists.vendors.get(self.invoice.vendor_number)

    @property
    def job(self) -> Job | None:
        return self.lists.jobs.get(self.invoice.job_number)

    @property
    def commitments(self) -> SageList:
        return self.lists.commitments(self.invoice.commitment_kind)

    @property
    def commitment(self) -> SageCommitment | None:
        return self.commitments.get(self.invoice.sage_commitment_number)

    def sage_holds(self, number: str) -> bool:
        """An invoice of this vendor, and not as void."""
        return (self.invoice.vendor_number, number_key(number)) in self.lists.payables_that_count

    @cached_property
    def look_alikes_in_sage(self) -> tuple[PayableInvoice, ...]:
        """S11: what Sage holds under a number like this one; not what is told as a bill of ours."""
        ours = {number_key(each.number) for each in self.invoice.look_alikes}
        found = self.lists.payables_like(self.invoice.vendor_number, self.invoice.number)
        return tuple(row for row in found if number_key(row.invoice_number) not in ours)

    @property
    def number_title(self) -> str:
        """The column in which its commitment's number stands."""
        return "PO no" if self.invoice.commitment_kind == PURCHASE_ORDER else "Subcontract no"

    @cached_property
    def with_its_parties(self) -> str | None:
        """What Sage has of the same kind, vendor and job; a few of many."""
        parties = self.invoice.commitment_kind, self.invoice.vendor_number, self.invoice.job_number
        return ", ".join(self.lists.numbers_by_parties.get(parties, ())[:3]) or None

    @property
    def likely_commitment(self) -> str | None:
        """One of its vendor and job; else the number most like ours."""
        return self.with_its_parties or self.commitments.nearest(self.invoice.commitment_number)

    @cached_property
    def lines(self) -> tuple["LineCheck", ...]:
        return tuple(LineCheck(self, line) for line in self.invoice.billed_lines)

    @cached_property
    def changed_by(self) -> Mapping[str, Decimal]:
        """What the change orders on this invoice add together, by the line of Sage they are linked to or "" (S41)."""
        found = defaultdict(lambda: ZERO)
        for line in self.invoice.lines:
            if line.change_order:
                found[line.line_reference or ""] += line.change_order_amount
        return found

    def header_cell(self, source: str) -> Cell | None:
        """The header's cell of a source, or the constant that stands in its published place; None without either."""
        if self.header is None:
            return None
        place, cells = PLACES[source], self.header.cells
        stands_in = cells[place] if place < len(cells) and cells[place].is_constant else None
        return self.header.cell(source) or stands_in

    def header_text(self, source: str) -> str | None:
        cell = self.header_cell(source)
        return cell.text if cell else None


@dataclass(frozen=True)
class LineCheck:
    """One billed line under the rules."""

    of: InvoiceCheck
    line: LineFacts

    @cached_property
    def row(self) -> Row | None:
        return self.of.details_by_line.get(self.line.key)

    @cached_property
    def resolved(self) -> Resolved:
        return resolve(self.line, self.of.invoice, self.of.batch.settings, self.of.lists)

    @property
    def account(self) -> LedgerAccount | None:
        chosen = self.resolved.account
        return self.of.lists.ledger_accounts.get(chosen.number) if chosen else None

    @property
    def sage_line(self) -> CommitmentLine | None:
        commitment = self.of.commitment
        return commitment.line(self.line.line_reference) if commitment and self.line.line_reference else None

    @property
    def billed_with_others(self) -> Decimal:
        return self.of.whole.billed_on_sage_lines[_sage_line_key(self.of.invoice, self.line)]

    @property
    def billed_elsewhere(self) -> list[BilledElsewhere]:
        return self.of.whole.billed_elsewhere.get(_sage_line_key(self.of.invoice, self.line), [])

    def text(self, source: str) -> str | None:
        cell = self.row.cell(source) if self.row else None
        return cell.text if cell else None


def _sage_line_key(invoice, line):
    return invoice.commitment_kind, invoice.sage_commitment_number, line.line_reference


_RULES: dict[str, Rule] = {}


def rule(number: str, severity: str, sentence: str, scope: str):
    """Registers a rule's function. A number can be taken once."""

    def registered(function):
        if number in _RULES:
            raise ValueError(f"{number} is registered twice")
        _RULES[number] = Rule(number, severity, sentence, scope, function)
        return function

    return registered


def rule_order(number: str) -> int:
    return int(number[1:])


def registered_rules() -> tuple[Rule, ...]:
    return tuple(sorted(_RULES.values(), key=lambda found: rule_order(found.number)))


def findings_of(found: Rule, subject, *, today: date, invoice_id: str = "", row: int | None = None):
    """The rule's issues about one subject as findings."""
    for issue in found.run(subject):
        yield Finding(
            rule=found.number,
            severity=issue.severity or found.severity,
            invoice_id=issue.invoice_id or invoice_id,
            row=issue.row if issue.row is not None else row,
            field=issue.field,
            value=issue.value,
            message=issue.message,
            remedy=issue.remedy,
            checked_against=issue.against.described(today) if issue.against is not None else "",
            nearest=issue.nearest,
        )
