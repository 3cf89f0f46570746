"""What Sage’s newest list keeps somebody from saying: that an invoice is gone there, or is another one’s record."""

from collections.abc import Collection
from dataclasses import dataclass

from directory.moments import day_in_words
from directory.number_looks import number_key
from directory.refusals import Refused
from erp_integrations.models import (
    ExportBatch,
    ExportItem,
    ExportStatus,
    InvoiceExport,
    ListKind,
    Reconciliation,
    SageListVersion,
)
from erp_integrations.models.payables import numbers_in, records_of
from erp_integrations.sage100.lists import record_key


@dataclass(frozen=True)
class Imported:
    """Sage’s list of that day holds `held` of the `waiting` invoices of a file that nobody has confirmed yet."""

    held: int
    waiting: int
    words: str


def imported_already(batch: ExportBatch, waiting: Collection[ExportItem] | None = None) -> Imported | None:
    """What says that a file was imported though nobody said so: a restored site knows no better (R15, R127).

    `waiting`: its live places that nobody has confirmed, for who has read them.
    """
    if waiting is None:
        waiting = list(batch.items.filter(is_live=True, invoice_export__status=ExportStatus.EXPORTED))
    in_use = SageListVersion.objects.in_use(batch.company, ListKind.PAYABLE_INVOICES) if waiting else None
    held = sum(_key(item) in numbers_in(in_use) for item in waiting) if in_use else 0
    if not held:
        return None
    counted = "its invoice" if len(waiting) == 1 else f"{held} of its {len(waiting)} invoices"
    return Imported(held, len(waiting), f"Sage’s list of {day_in_words(in_use.as_of_date)} holds {counted} already.")


def still_in_sage(exports: Collection[InvoiceExport], live: Collection[ExportItem]) -> dict[int, str]:
    """{export id: why it can't be voided}, by the number it was exported with; what Sage keeps as void is gone.

    The exports are of one company, and `live` are their places in files. As many queries for fifty as for one.
    """
    items = {item.invoice_export_id: item for item in live}
    if not items:
        return {}
    company = next(iter(exports)).company
    in_use = SageListVersion.objects.in_use(company, ListKind.PAYABLE_INVOICES)
    held = numbers_in(in_use) if in_use else frozenset()
    newest, found = Reconciliation.objects.newest(company), set()
    if newest:
        outcomes = newest.outcomes.held_by_sage().filter(item__in=items.values())
        found = set(outcomes.values_list("item__invoice_export", flat=True))
    words = {}
    for export in exports:
        item = items.get(export.pk)
        if item and _key(item) in held:
            words[export.pk] = (
                f"Sage’s list of {day_in_words(in_use.as_of_date)} still holds invoice {export.invoice.number} of this"
                " vendor. Remove it in Sage,"
                " upload the list of payable invoices again, then void it here."
            )
        elif export.pk in found:
            words[export.pk] = (
                f"{newest} still finds invoice {export.invoice.number} in Sage. Compare with the newest list of"
                " payable invoices, then void it here."
            )
    return words


def require_no_others_record(export: InvoiceExport, number: str) -> None:
    """Raises Refused, field record_number, where the list has that record for another vendor or invoice (E-3)."""
    version, item = SageListVersion.objects.in_use(export.company, ListKind.PAYABLE_INVOICES), export.live_item
    if version is None or item is None:
        return
    found = records_of(version).get(number_key(number), [])
    if found and not any(record_key(row) == _key(item) for row in found):
        raise Refused(
            f"By Sage’s list of {day_in_words(version.as_of_date)}, record {number} is invoice"
            f" {found[0].invoice_number} of vendor {found[0].vendor_number}. Look at the number in 4-2 again; if the"
            " list is wrong, upload it anew.",
            field="record_number",
        )


def _key(item) -> tuple[str, str]:
    return item.vendor_number, item.number_key
