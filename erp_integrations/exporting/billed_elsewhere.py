"""What other files of ours bill on the same lines of Sage, and Sage’s list can’t know of yet (S40)."""

from collections import defaultdict
from decimal import Decimal

from django.db.models import F

from directory.models import Company
from erp_integrations.exporting.in_files import is_of_the_day, is_older
from erp_integrations.exporting.surroundings import Beside, commitments_of_sage
from erp_integrations.models import (
    ExportBatch,
    ExportItem,
    InvoiceExport,
    ListKind,
    SageListVersion,
)
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.facts import PURCHASE_ORDER, SUBCONTRACT, BilledElsewhere, InvoiceFacts

NAMED = {
    "kind": F("invoice_export__invoice__commitment__kind"),
    "invoice": F("invoice_export__invoice"),
    "number": F("batch__number"),
    "built_at": F("batch__built_at"),
    "posted_at": F("invoice_export__posted_at"),
}
LISTED_IN = {SUBCONTRACT: ListKind.SUBCONTRACTS, PURCHASE_ORDER: ListKind.PURCHASE_ORDERS}


def billed_elsewhere(exports: list[InvoiceExport], beside: Beside) -> tuple[BilledElsewhere, ...]:
    """By line of Sage and file, in dollars: what stands in a file that the list may not know of, or is being built.

    As the file says it, whatever is linked since. A credit gives back only where its file is there and the list is
    older for sure: one that is still being built may fail, and a list of its very day may hold it already. In two
    questions however many they are, three while a file does not say it, and in none where nothing else is in files.
    """
    billed, theirs = defaultdict(int), commitments_of_sage(exports)
    company, lists = exports[0].company, _lists(beside)
    for item in _as_accepted(_not_listed_yet(company, beside, lists)):
        gives_back = item.built_at and is_older(lists[item.kind], item.built_at, company)
        for reference, cents in item.billed_lines.items() if item.commitment_number in theirs else ():
            if cents > 0 or gives_back:
                billed[item.kind, item.commitment_number, reference, batch_key(item.number)] += cents
    return tuple(
        BilledElsewhere(
            commitment_kind=kind,
            commitment_number=number,
            line_reference=reference,
            batch_key=key,
            amount=Decimal(cents).scaleb(-2),
        )
        for (kind, number, reference, key), cents in sorted(billed.items())
        if cents
    )


def _lists(beside: Beside) -> dict[str, SageListVersion]:
    """{kind of a commitment: Sage's list of them}, as far as one was uploaded; not asked for where it is not needed."""
    if not beside.also_billed:
        return {}
    lists = SageListVersion.objects.defer("records_json").filter(pk__in=[version.pk for version in beside.versions])
    by_kind = {version.kind: version for version in lists}
    return {kind: by_kind[listed] for kind, listed in LISTED_IN.items() if listed in by_kind}


def _not_listed_yet(company: Company, beside: Beside, lists: dict[str, SageListVersion]) -> list[tuple]:
    """What is `NAMED` of each item; a list that was never uploaded leaves nothing to bill on."""
    if not beside.also_billed:
        return []
    items = ExportItem.objects.filter(pk__in=beside.also_billed).annotate(**NAMED)
    found = []
    for item in items.values_list("commitment_number", "billed_lines", "batch", *NAMED, named=True):
        version = lists.get(item.kind)
        if version and not _is_known_to(version, item, company):
            found.append(item)
    return found


def _is_known_to(version: SageListVersion, item: tuple, company: Company) -> bool:
    """A list of the very day of the file only if it was taken in after somebody confirmed that Sage holds the invoice.

    It may have been made before the import.
    """
    if item.built_at is None or is_older(version, item.built_at, company):
        return False
    if is_of_the_day(version, item.built_at, company):
        return item.posted_at is not None and item.posted_at <= version.loaded_at
    return True


def _as_accepted(items: list[tuple]) -> list[tuple]:
    """What an older process wrote during an update says neither commitment nor lines: its batch's snapshot does."""
    silent = {item.batch for item in items if item.commitment_number is None}
    if not silent:
        return items
    accepted = {}
    for batch in ExportBatch.objects.filter(pk__in=silent).only("snapshot"):
        for invoice in batch.facts.invoices:
            accepted[batch.pk, int(invoice.invoice_id)] = invoice
    return [item if item.batch not in silent else _said(item, accepted[item.batch, item.invoice]) for item in items]


def _said(item, invoice: InvoiceFacts):
    return item._replace(commitment_number=invoice.sage_commitment_number, billed_lines=invoice.cents_on_sage_lines())
