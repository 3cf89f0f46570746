"""One export as people look at it: the rows of the file cell by cell, the findings, and how each figure came to be."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from django.utils import timezone

from erp_integrations.actions.exports import preview, preview_each
from erp_integrations.exporting import Proposal, plain_findings
from erp_integrations.mending import where_to_mend
from erp_integrations.models import ExportBatch, ExportItem, InvoiceExport, SageListVersion, lists_of
from erp_integrations.models.exports import FROZEN, TO_BE_BUILT
from erp_integrations.sage100.facts import BatchFacts, InvoiceFacts
from erp_integrations.sage100.layout import NUMBER, SOURCES_OF_FACTS, Layout
from erp_integrations.sage100.mended import keeps_back
from erp_integrations.sage100.rows import Row, Rows, build_rows


@dataclass(frozen=True)
class FindingGroup:
    """What one rule says, once or many times over: shown, and ticked, together."""

    findings: tuple[dict, ...]
    is_ticked: bool = False

    @property
    def first(self) -> dict:
        return self.findings[0]

    @property
    def rest(self) -> tuple[dict, ...]:
        return self.findings[1:]

    @property
    def keys(self) -> str:
        """The value of its tick box: every key of it."""
        return " ".join(finding["key"] for finding in self.findings)


def grouped(
    findings: list[dict],
    severity: str,
    *,
    ticked: Collection[str] = (),
    names: Mapping[str, str] | None = None,
    mended_for: Collection[InvoiceExport] = (),
) -> list[FindingGroup]:
    """The findings of one severity by rule, in the order of the rows. `names`: {invoice id: what to call it}.

    `mended_for`: with a link to the page where each is mended, of these (9.6).
    """
    rules: dict[str, list[dict]] = {}
    exports = {str(export.invoice_id): export for export in mended_for}
    company = next((export.company for export in mended_for), None)
    for finding in findings:
        if finding["severity"] == severity:
            name, export = (names or {}).get(finding["invoice_id"], ""), exports.get(finding["invoice_id"])
            mend = where_to_mend(finding, company, export.invoice if export else None) if company else None
            rules.setdefault(finding["rule"], []).append({**finding, "name": name, "mend": mend})
    return [FindingGroup(tuple(same), all(each["key"] in ticked for each in same)) for same in rules.values()]


def ticked_keys(data) -> list[str]:
    """The keys of every warning whose box was ticked; a box holds the keys of its whole group."""
    return [key for box in data.getlist("ticked") for key in box.split()]


@dataclass(frozen=True)
class ShownCell:
    """`original` is set where the file holds other words than the invoice: cut (S36) or made writable (S57)."""

    title: str
    source: str
    text: str
    is_number: bool
    how: str
    sources: str
    original: str = ""


@dataclass(frozen=True)
class ShownRow:
    number: int
    line_type: str
    cells: tuple[ShownCell, ...]

    @property
    def explained(self) -> list[ShownCell]:
        """The cells that might say something else: neither constant nor always the same; one that is empty says why."""
        return [cell for cell in self.cells if cell.how and not cell.how.startswith("always ")]


@dataclass(frozen=True)
class Shown:
    """What accounting gets of one invoice, and what the rules say about it. `is_frozen`: as it was accepted.

    `asked_at`: the moment of which all this is; a link or a list may have changed since.
    """

    facts: InvoiceFacts
    rows: tuple[ShownRow, ...]
    layout: Layout
    findings: list[dict]
    batch_key: str
    is_frozen: bool
    accounting_date: date
    export: InvoiceExport
    asked_at: datetime
    batch: ExportBatch | None = None  # the one that it stands in
    is_as_built: bool = True  # the rows are those of the file, as far as one is built

    @property
    def header(self) -> ShownRow | None:
        return self.rows[0] if self.rows else None

    @property
    def details(self) -> tuple[ShownRow, ...]:
        return self.rows[1:]

    @property
    def errors(self) -> list["FindingGroup"]:
        return grouped(self.findings, "error", mended_for=self._mended_for)

    @property
    def keeps_back(self) -> bool:
        """Whether an error holds up its sending, as `Proposal.keeping_back`."""
        return any(keeps_back(finding["rule"], finding["severity"]) for finding in self.findings)

    @property
    def warnings(self) -> list["FindingGroup"]:
        return grouped(self.findings, "warning", mended_for=self._mended_for)

    @property
    def _mended_for(self) -> tuple[InvoiceExport, ...]:
        """What is frozen is as it was: nothing is left to mend."""
        return () if self.is_frozen else (self.export,)

    @cached_property
    def changed_cells(self) -> list[tuple[int, ShownCell]]:
        return [(row.number, cell) for row in self.rows for cell in row.cells if cell.original]

    @property
    def net_in_file(self):
        return self.facts.gross - self.facts.retainage_held

    @property
    def lines_sum(self):
        return sum((line.amount for line in self.facts.billed_lines), self.facts.gross * 0)

    @property
    def adds_up(self) -> bool:
        """E-7 for one invoice: its lines are its gross, and gross − held + released is what is due."""
        facts = self.facts
        due = facts.gross - facts.retainage_held + facts.retainage_released
        return self.lines_sum == facts.gross and due == facts.net

    def header_cell(self, fact: str) -> ShownCell | None:
        source = SOURCES_OF_FACTS.get(fact, fact)
        return next((cell for cell in self.header.cells if cell.source == source), None) if self.header else None

    def row(self, number: str) -> ShownRow | None:
        """The row whose cells are explained: the asked one, or the header."""
        asked = (row for row in self.rows if str(row.number) == number)
        return next(asked, self.header)


@dataclass(frozen=True)
class Places:
    """Where an invoice stands: the batch it is in, and those whose files it has left, the newest first."""

    live: ExportItem | None
    former: tuple[ExportItem, ...]

    @classmethod
    def of(cls, export: InvoiceExport) -> "Places":
        """In one question, with all that a batch has frozen. What left before a file was built is in none."""
        items = export.items.select_related("batch", "replaced_by__batch").order_by("-pk")
        items = list(items.defer("replaced_by__batch__snapshot", "replaced_by__batch__findings"))
        left = (item for item in items if not item.is_live and item.batch.has_file)
        former = tuple(item for item in left if export.invoice_id in item.batch.as_accepted)
        return cls(next((item for item in items if item.is_live), None), former)

    def was_in(self, number: str) -> ExportItem | None:
        """Its place in the file of this number that it has left."""
        return next((item for item in self.former if str(item.batch.number) == number), None)

    def is_in(self, number: str) -> bool:
        return self.live is not None and str(self.live.batch.number) == number


def shown_of(export: InvoiceExport, item: ExportItem | None, *, by=None) -> Shown | None:
    """As it would be accepted now, or as it was in `item`; None where nothing is to be built.

    `export` comes from `with_context()`. `item`: the place it stands in, or one that it has left (E-6).
    """
    if item and (export.status in FROZEN or not item.is_live):
        return _frozen(export, item.batch)
    if export.status not in TO_BE_BUILT:
        return None
    if item:  # failed: it goes on under the batch it is in, with what else is there
        return of_proposal(*preview_each([export]), export, item.batch)
    return of_proposal(preview([export], by=by), export)


def of_proposal(proposal: Proposal, export: InvoiceExport, batch: ExportBatch | None = None) -> Shown:
    findings = plain_findings(proposal.findings)
    return _shown(export, proposal.facts, proposal.rows, findings, batch, is_frozen=False)


def _frozen(export: InvoiceExport, batch: ExportBatch) -> Shown:
    """E-6: from the snapshot, and from the lists it was accepted on."""
    facts = batch.facts
    versions = SageListVersion.objects.filter(company=export.company, pk__in=batch.list_versions.values())
    rows = build_rows(facts, lists_of(versions.defer("records_json"), facts.company_name))
    shown = _shown(export, facts, rows, batch.findings, batch, is_frozen=True)
    return replace(shown, is_as_built=batch.rows_sha256 in ("", rows.sha256))


def _shown(
    export: InvoiceExport,
    facts: BatchFacts,
    rows: Rows,
    findings: list[dict],
    batch: ExportBatch | None,
    *,
    is_frozen: bool,
) -> Shown:
    invoice_id = str(export.invoice_id)
    return Shown(
        facts=next(invoice for invoice in facts.invoices if invoice.invoice_id == invoice_id),
        rows=tuple(_row(row, rows) for row in rows.of(invoice_id)),
        layout=rows.layout,
        findings=[finding for finding in findings if finding["invoice_id"] in ("", invoice_id)],
        batch_key=facts.batch_key,
        is_frozen=is_frozen,
        accounting_date=facts.accounting_date,
        export=export,
        asked_at=timezone.now(),
        batch=batch,
    )


def _row(row: Row, rows: Rows) -> ShownRow:
    originals = {change.field: change.original for change in rows.changes if change.row == row.number}
    cells = tuple(
        ShownCell(
            title=cell.title,
            source=cell.source,
            text=cell.text,
            is_number=cell.kind == NUMBER,
            how=cell.how,
            sources="; ".join(cell.sources),
            original=originals.get(cell.title, ""),
        )
        for cell in row.cells
    )
    return ShownRow(row.number, row.line_type, cells)
