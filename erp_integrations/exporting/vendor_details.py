"""What holds an invoice because its vendor's details change, or changed a moment ago: nobody pays a stranger (R81).

No rule of the import file: Sage has nothing against such an invoice. It stands beside those rules because it decides
and is shown with them; what was accepted before the change was asked for is built as it was accepted.
"""

from collections.abc import Collection

from directory.models import Company, Vendor
from directory.models.companies import DETAILS_ARE_NEW
from erp_integrations.models import InvoiceExport
from erp_integrations.sage100.findings import ERROR, WARNING, Finding

RULE = "R81"


def findings_about(exports: list[InvoiceExport], waiting: Collection[int]) -> tuple[Finding, ...]:
    """One for each invoice whose vendor waits for a call-back (error) or has new details (warning).

    `waiting`: the ids of vendors with a change that waits.
    """
    found = (_about(export, export.invoice.vendor, export.company, waiting) for export in exports)
    return tuple(finding for finding in found if finding)


def _about(export: InvoiceExport, vendor: Vendor, company: Company, waiting: Collection[int]) -> Finding | None:
    if vendor.pk in waiting:
        return Finding(
            rule=RULE,
            severity=ERROR,
            invoice_id=str(export.invoice_id),
            field="Vendor",
            value=vendor.name,
            message=f"A change of the details of {vendor.name} waits for a call-back.",
            remedy=f"An Admin on the Directory of {company} who did not ask for it calls {vendor.name}"
            " on a number known before, then verifies or declines the change on the vendor’s page.",
        )
    if vendor.details_are_new:
        day = company.day_of(vendor.details_changed_at)
        return Finding(
            rule=RULE,
            severity=WARNING,
            invoice_id=str(export.invoice_id),
            field="Vendor",
            # With the moment, so that a later change asks for a tick of its own.
            value=f"{vendor.name}, changed {vendor.details_changed_at:%Y-%m-%d %H:%M:%S} UTC",
            message=f"The details of {vendor.name} changed on {day.isoformat()}, less than {DETAILS_ARE_NEW.days} days"
            " ago.",
            remedy="Make sure that Sage pays whom you mean to pay; the call-back stands on the vendor’s page.",
        )
    return None
