"""What Sage’s newest list keeps somebody from saying: that an invoice is gone there, or a file new."""

from collections.abc import Collection

from directory.moments import day_in_words
from erp_integrations.models import (
    ExportBatch,
    ExportItem,
    ExportStatus,
    InvoiceExport,
    ListKind,
    Reconciliation,
    SageListVersion,
)
from erp_integrations.models.payables import numbers_in


def imported_already(
    batch: ExportBatch, places: Collection[ExportItem] | None = None, *, is_taken: bool | None = None
) -> str:
    """What says that a built file was imported, though nobody took it as far as this site knows; "" if nothing does.

    Sage’s list holds it, or somebody confirmed it; and whatever was built before a restore may have been imported in
    the days that are lost, of which a release leaves nothing in Sage that a list shows (R15, R127, S50). `places`: its
    live ones with their exports, `is_taken`: whether anybody took the file, for who has read them.
    """
    if places is None:
        places = list(batch.items.filter(is_live=True).select_related("invoice_export"))
    is_taken = batch.downloads.exists() if is_taken is None else is_taken
    waiting = [item for item in places if item.invoice_export.status == ExportStatus.EXPORTED]
    in_use = SageListVersion.objects.in_use(batch.company, ListKind.PAYABLE_INVOICES) if waiting else None
    listed = sum(_key(item) in numbers_in(in_use) for item in waiting) if in_use else 0
    held = listed + (0 if is_taken else len(places) - len(waiting))
    if held:
        counted = "its invoice" if len(places) == 1 else f"{held} of its {len(places)} invoices"
        by_list = f", by its list of {day_in_words(in_use.as_of_date)}" if listed else ""
        return f"Sage holds {counted} already{by_list}."
    settings = getattr(batch.company, "erp_settings", None)
    restored_at = settings and settings.settled_restored_at  # until then no file is given out at all
    if restored_at and not is_taken and batch.built_at < restored_at:
        on = day_in_words(batch.company.day_of(restored_at))
        return f"This site was restored on {on}, and this file may have been imported before."
    return ""


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


def _key(item) -> tuple[str, str]:
    return item.vendor_number, item.number_key
