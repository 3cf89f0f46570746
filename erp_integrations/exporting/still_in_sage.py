"""What keeps an invoice from being voided here: Sage still holds it, by its newest list or the last comparison."""

from directory.refusals import NotNow
from erp_integrations.models import InvoiceExport, Reconciliation, sage_lists
from erp_integrations.sage100.lists import record_key


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


def _key(item) -> tuple[str, str]:
    return item.vendor_number, item.number_key
