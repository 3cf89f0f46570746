"""What holds an invoice because its vendor's details change, or changed a moment ago: nobody pays a stranger (R81).

No rule of the import file: Sage has nothing against such an invoice. It stands beside those rules because it decides
and is shown with them; what was accepted before the change was asked for is built as it was accepted.
"""

from directory.models import Vendor, VendorChange
from erp_integrations.models import InvoiceExport
from erp_integrations.sage100.findings import ERROR, WARNING, Finding

RULE = "R81"


def findings_about(exports: list[InvoiceExport]) -> tuple[Finding, ...]:
    """One for each invoice whose vendor waits for a call-back (error) or has new details (warning); two queries."""
    vendors = Vendor.objects.filter(pk__in={export.invoice.vendor_id for export in exports}).select_related("company")
    waiting = {change.vendor_id: change for change in VendorChange.objects.waiting().filter(vendor__in=vendors)}
    by_id = {vendor.pk: vendor for vendor in vendors}
    found = (_about(export, by_id[export.invoice.vendor_id], waiting) for export in exports)
    return tuple(finding for finding in found if finding)


def _about(export: InvoiceExport, vendor: Vendor, waiting: dict[int, VendorChange]) -> Finding | None:
    if vendor.pk in waiting:
        return Finding(
            rule=RULE,
            severity=ERROR,
            invoice_id=str(export.invoice_id),
            field="Vendor",
            value=vendor.name,
            message=f"A change of the details of {vendor.name} waits for a call-back.",
            remedy=f"An Admin on the Directory of {vendor.company} who did not ask for it calls {vendor.name}"
            " on a number known before, then verifies or declines the change on the vendor’s page.",
        )
    if vendor.details_are_new:
        day = vendor.company.day_of(vendor.details_changed_at)
        return Finding(
            rule=RULE,
            severity=WARNING,
            invoice_id=str(export.invoice_id),
            field="Vendor",
            # With the moment, so that a later change asks for a tick of its own.
            value=f"{vendor.name}, changed {vendor.details_changed_at:%Y-%m-%d %H:%M:%S} UTC",
            message=f"The details of {vendor.name} changed on {day.isoformat()}, less than five days ago.",
            remedy="Make sure that Sage pays whom you mean to pay; the call-back stands on the vendor’s page.",
        )
    return None
