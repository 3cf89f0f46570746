"""The invoices of a project that a person may see: narrowed, sorted, added up, and taken away as CSV."""

from collections.abc import Iterator

from django.shortcuts import render

from directory.csv_files import csv_answer
from directory.decorators import READ, project_view
from directory.permissions import Level, Tool
from invoicing.calculations.money import ZERO
from invoicing.forms.invoice_filters import InvoiceFilter
from invoicing.models import Invoice
from invoicing.permissions import may_review

CHUNK = 500
HEADINGS = (
    "Number",
    "Company",
    "Commitment",
    "Invoice",
    "Period",
    "Status",
    "Due",
    "Contract sum to date",
    "Total completed and stored",
    "Retainage held",
    "Previous certificates",
    "Net this period",
    "Paid",
    "Sent",
    "Approved",
    "With accounting",
)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoice_list(request, project):
    form, narrowed = _asked(request, project)
    by_status = narrowed.by_status()
    shown = [by_status[status] for status in by_status if form.chosen in ("", status)]
    context = {
        "project": project,
        "form": form,
        "tabs": form.tabs({status: count for status, (count, _) in by_status.items()}),
        "page": form.page(form.with_status(narrowed).with_context().with_revision()),
        "count": sum(count for count, _ in shown),
        "total": sum((due for _, due in shown), ZERO),
        "headings": form.headings(),
        "noun": "bill" if request.access.is_external else "invoice",
        "is_admin": may_review(None, request.access),
    }
    return render(request, "invoicing/invoice_list.html", context)


def _asked(request, project):
    form = InvoiceFilter(request.GET, periods=project.billing_periods.all())
    return form, form.narrowed(Invoice.objects.visible_to(request.access))


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoices_csv(request, project):
    """All that the filters find, in the order of the page."""
    form, narrowed = _asked(request, project)
    ids = list(form.in_order(form.with_status(narrowed)).values_list("pk", flat=True))
    return csv_answer(f"invoices-{project.slug}-{project.today:%Y%m%d}.csv", HEADINGS, _rows(ids))


def _rows(ids: list[int]) -> Iterator[list]:
    """A row an invoice, read in chunks so that memory stays constant."""
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        rows = Invoice.objects.with_context().with_paid().in_bulk(some)
        yield from (cells_of(rows[pk]) for pk in some if pk in rows)


def cells_of(invoice: Invoice) -> list:
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
        "posted" if invoice.is_posted else "in a file" if invoice.is_exported else "sent" if invoice.is_locked else "",
    ]
