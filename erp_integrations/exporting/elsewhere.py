"""What other files of ours bill on the same lines of Sage, and Sage’s list can’t know of yet (S40)."""

from collections import defaultdict

from erp_integrations.exporting.beside import Beside
from erp_integrations.exporting.in_files import is_older
from erp_integrations.models import ExportItem, InvoiceExport, ListKind, SageListVersion, batch_key
from erp_integrations.models.exports import FROZEN
from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT, BilledElsewhere
from invoicing.models import InvoiceLine

LISTED_IN = {SUBCONTRACT: ListKind.SUBCONTRACTS, PURCHASE_ORDER: ListKind.PURCHASE_ORDERS}


def billed_elsewhere(exports: list[InvoiceExport], beside: Beside) -> tuple[BilledElsewhere, ...]:
    """By line of Sage and file, in dollars: what stands in a file built after the list was made, or is being built.

    What failed, was rejected or voided takes nothing, nor do `exports` themselves. A line of Sage is one line of ours,
    so only their own commitments are asked. In three questions, however many they are; in none without a linked line.
    """
    linked = {
        export.invoice.commitment_id: export.invoice.commitment
        for export in exports
        if any(_reference(line) for line in beside.lines.get(export.invoice_id, ()))
    }
    there = _not_listed_yet(linked, exports, beside) if linked else {}
    billed = defaultdict(int)
    for line in _lines_of(there) if there else ():
        commitment, key = linked[line.schedule_line.commitment_id], batch_key(there[line.invoice_id])
        if _reference(line) and hasattr(commitment, "sage_link"):
            billed[commitment.kind, commitment.sage_link.number, _reference(line), key] += (
                line.as_line().gross_this_period
            )
    return tuple(
        BilledElsewhere(
            commitment_kind=kind, commitment_number=number, line_reference=reference, batch_key=key, amount=amount
        )
        for (kind, number, reference, key), amount in sorted(billed.items())
        if amount
    )


def _reference(line: InvoiceLine) -> str:
    link = getattr(line.schedule_line, "sage_link", None)
    return link.line_reference if link else ""


def _not_listed_yet(linked: dict, exports: list[InvoiceExport], beside: Beside) -> dict[int, int]:
    """{invoice id: number of the batch it stands in}; a list that was never uploaded leaves nothing to bill on."""
    items = ExportItem.objects.filter(
        is_live=True, invoice_export__status__in=FROZEN, invoice_export__invoice__commitment__in=linked
    ).exclude(invoice_export__in=[export.pk for export in exports if export.pk])
    found = list(
        items.values_list(
            "invoice_export__invoice", "invoice_export__invoice__commitment", "batch__number", "batch__built_at"
        )
    )
    if not found:
        return {}
    lists = SageListVersion.objects.defer("records_json").filter(pk__in=[version.pk for version in beside.versions])
    lists = {version.kind: version for version in lists}
    company, there = exports[0].company, {}
    for invoice, commitment, number, built_at in found:
        version = lists.get(LISTED_IN[linked[commitment].kind])
        if version and (built_at is None or is_older(version, built_at, company)):
            there[invoice] = number
    return there


def _lines_of(invoices: dict[int, int]):
    return InvoiceLine.objects.filter(invoice__in=invoices).select_related("schedule_line__sage_link")
