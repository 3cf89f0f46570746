"""A list of invoices as a table to take away: a row an invoice, the same as CSV and as a workbook (9.2)."""

from collections.abc import Iterator, Sequence

from invoicing.labels import LABEL_OF, NET_THIS_PERIOD, STAGES_ONWARDS
from invoicing.models import Invoice
from invoicing.models.invoice_queries import ERP_WORDS, READ_ALONG

AT_ONCE = 2_000  # rows that are handed over while somebody waits; more are made in the background
CHUNK = 500
HEADINGS = (
    "No.",
    "Company",
    "Commitment",
    "Invoice",
    "Period",
    "Status",
    "Due",
    LABEL_OF["contract_sum_to_date"],
    LABEL_OF["total_completed_and_stored"],
    LABEL_OF["total_retainage"],
    LABEL_OF["previous_certificates"],
    NET_THIS_PERIOD,
    "Paid",
    "Sent",
    "Approved",
    "ERP",
)


def rows_of(ids: Sequence[int], access) -> Iterator[list]:
    """In the order of `ids`, read in chunks so that memory stays constant; what is gone meanwhile is left out.

    What accounting refused or failed at is the company's own affair: contacts read how far a bill has come (P-1).
    """
    erp = _way_of if access.is_external else _state_of
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        rows = Invoice.objects.with_context().with_paid().annotate(**READ_ALONG).in_bulk(some)
        yield from (cells_of(rows[pk], erp(rows[pk])) for pk in some if pk in rows)


def cells_of(invoice: Invoice, erp: str) -> list:
    zone = invoice.project.zone
    return [
        invoice.number,
        invoice.vendor.name,
        invoice.commitment.number,
        str(invoice.position),
        str(invoice.billing_period),
        invoice.get_status_display(),
        invoice.due_date,
        invoice.contract_sum_to_date,
        invoice.total_completed_and_stored,
        invoice.total_retainage,
        invoice.previous_certificates,
        invoice.current_payment_due,
        invoice.paid,
        invoice.submitted_at and invoice.submitted_at.astimezone(zone).date(),
        invoice.approved_at and invoice.approved_at.astimezone(zone).date(),
        erp,
    ]


def _state_of(invoice: Invoice) -> str:
    return ERP_WORDS.get(invoice.export_status, "")


def _way_of(invoice: Invoice) -> str:
    return STAGES_ONWARDS.get(invoice.stage_in_erp, "")
