"""What Sage’s newest list keeps somebody from saying: that an invoice is gone there, or is another one’s record."""

from directory.moments import day_in_words
from directory.refusals import NotNow, Refused
from erp_integrations.models import InvoiceExport, ListKind, Reconciliation, SageListVersion, sage_lists
from erp_integrations.models.payables import records_of
from erp_integrations.sage100.lists import comparable, record_key


def require_gone_from_sage(export: InvoiceExport) -> None:
    """Raises NotNow, under the number it was exported with; what Sage keeps as void is gone."""
    item = export.live_item
    if item is None:
        return
    payables, key = sage_lists(export.company, kinds=["payable_invoices"]).payable_invoices, _key(item)
    if any(record_key(row) == key and not row.is_void for row in payables):
        raise NotNow(
            f"{payables.dated} still holds invoice {export.invoice.number} of this vendor. Remove it in Sage, upload"
            " the list of payable invoices again, then void it here."
        )
    newest = Reconciliation.objects.newest(export.company)
    if newest and newest.outcomes.held_by_sage().filter(item=item).exists():
        raise NotNow(
            f"{newest} still finds invoice {export.invoice.number} in Sage. Compare with the newest list of payable"
            " invoices, then void it here."
        )


def require_no_others_record(export: InvoiceExport, number: str) -> None:
    """Raises Refused, field record_number, where the list has that record for another vendor or invoice (E-3)."""
    payables = SageListVersion.objects.current(export.company).filter(kind=ListKind.PAYABLE_INVOICES)
    version, item = payables.defer("records_json").first(), export.live_item
    if version is None or item is None:
        return
    found = records_of(version).get(comparable(number), [])
    if found and not any(record_key(row) == _key(item) for row in found):
        raise Refused(
            f"By Sage’s list of {day_in_words(version.as_of_date)}, record {number} is invoice"
            f" {found[0].invoice_number} of vendor {found[0].vendor_number}. Look at the number in 4-2 again; if the"
            " list is wrong, upload it anew.",
            field="record_number",
        )


def _key(item) -> tuple[str, str]:
    return item.vendor_number, item.number_key
