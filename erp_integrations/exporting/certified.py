"""What holds an invoice because its own identities (5.5) no longer hold: what doesn't add up stays here.

They were asked at its approval. Beside the rules of the import file, they are asked again when it is sent, accepted and
built, for what was certified may have been altered since, and a rule of its commitment with it.
"""

from collections.abc import Mapping

from erp_integrations.models import InvoiceExport
from erp_integrations.sage100.findings import ERROR, Finding
from invoicing.models import InvoiceLine
from invoicing.proof import broken_identities

REMEDY = "The project team takes it back, reopens its review, mends it and approves it again."


def findings_about_identities(
    exports: list[InvoiceExport], lines: Mapping[int, list[InvoiceLine]]
) -> tuple[Finding, ...]:
    """One for each identity that is an error, under its own number, N-1 to N-13.

    `lines`: as `broken_identities` takes them.
    """
    broken = broken_identities([export.invoice for export in exports], lines)
    return tuple(
        Finding(
            rule=identity.number,
            severity=ERROR,
            invoice_id=str(export.invoice_id),
            field=identity.line_key,
            value=str(identity.found),
            message=identity.sentence,
            remedy=REMEDY,
        )
        for export in exports
        for identity in broken.get(export.invoice_id, ())
    )
