"""What other files of ours bill on the same lines of Sage, and Sage’s list can’t know of yet (S40)."""

from collections import defaultdict
from typing import NamedTuple

from django.db.models import F

from directory.models import Company
from erp_integrations.exporting.beside import Beside
from erp_integrations.exporting.in_files import is_older
from erp_integrations.models import ExportItem, InvoiceExport, ListKind, SageListVersion
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT, BilledElsewhere
from invoicing.models import InvoiceLine

NAMED = {
    "invoice": F("invoice_export__invoice"),
    "kind": F("invoice_export__invoice__commitment__kind"),
    "number": F("batch__number"),
    "built_at": F("batch__built_at"),
}
LISTED_IN = {SUBCONTRACT: ListKind.SUBCONTRACTS, PURCHASE_ORDER: ListKind.PURCHASE_ORDERS}


def billed_elsewhere(exports: list[InvoiceExport], beside: Beside) -> tuple[BilledElsewhere, ...]:
    """By line of Sage and file, in dollars: what stands in a file built after the list was made, or is being built.

    A credit gives back only once its file is there: one that is still being built may fail, and Sage never gets it.
    A line of Sage is one line of ours, so only their own commitments are asked: in three questions however many they
    are, in none where nothing else of them is in files.
    """
    commitments = {export.invoice.commitment_id: export.invoice.commitment for export in exports}
    there = _not_listed_yet(exports[0].company, beside) if beside.also_billed else {}
    billed = defaultdict(int)
    for line in _linked_lines_of(there) if there else ():
        commitment, file = commitments[line.schedule_line.commitment_id], there[line.invoice_id]
        amount = line.as_line().gross_this_period
        if hasattr(commitment, "sage_link") and (amount > 0 or file.is_built):
            sage_line = commitment.kind, commitment.sage_link.number, line.schedule_line.sage_link.line_reference
            billed[*sage_line, file.key] += amount
    return tuple(
        BilledElsewhere(
            commitment_kind=kind, commitment_number=number, line_reference=reference, batch_key=key, amount=amount
        )
        for (kind, number, reference, key), amount in sorted(billed.items())
        if amount
    )


class _File(NamedTuple):
    key: str
    is_built: bool


def _not_listed_yet(company: Company, beside: Beside) -> dict[int, _File]:
    """{invoice id: the file it stands in, or will}; a list that was never uploaded leaves nothing to bill on."""
    lists = SageListVersion.objects.defer("records_json").filter(pk__in=[version.pk for version in beside.versions])
    lists = {version.kind: version for version in lists}
    items = ExportItem.objects.filter(pk__in=beside.also_billed).annotate(**NAMED).values_list(*NAMED)
    there = {}
    for invoice, kind, number, built_at in items:
        version = lists.get(LISTED_IN[kind])
        if version and (built_at is None or is_older(version, built_at, company)):
            there[invoice] = _File(batch_key(number), built_at is not None)
    return there


def _linked_lines_of(invoices: dict[int, _File]):
    lines = InvoiceLine.objects.filter(invoice__in=invoices, schedule_line__sage_link__line_reference__gt="")
    return lines.select_related("schedule_line__sage_link")
