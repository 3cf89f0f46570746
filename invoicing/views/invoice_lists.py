"""The invoices of a project that a person may see: narrowed, sorted, added up, and taken away as CSV or XLSX."""

from collections.abc import Iterator

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse

from directory.csv_files import csv_answer
from directory.decorators import READ, project_view
from directory.downloads import workbook_answer
from directory.permissions import Level, Tool
from directory.sheets import as_typed_xlsx
from invoicing.calculations.money import ZERO
from invoicing.forms.board_filters import ViewForm
from invoicing.forms.bulk_decisions import MOST, versions_of
from invoicing.forms.invoice_filters import InvoiceFilter
from invoicing.models import Invoice, SavedView
from invoicing.permissions import may_review

CHUNK = 500
HEADINGS = (
    "No.",
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
    "ERP",
)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoice_list(request, project):
    return show(request, project)


def show(request, project, *, naming: ViewForm | None = None, status: int = 200):
    """The list; with `naming`, the name that was sent for it and why it was refused."""
    form, narrowed = _asked(request, project)
    views = list(SavedView.objects.shown_to(request.access, SavedView.Page.INVOICES))
    by_status = narrowed.by_status()
    shown = [by_status[status] for status in by_status if form.chosen in ("", status)]
    context = {
        "project": project,
        "form": form,
        "tabs": form.tabs({status: count for status, (count, *_) in by_status.items()}),
        "page": form.page(form.with_status(narrowed).for_list()),
        "count": sum(count for count, *_ in shown),
        "total": sum((due for _, due, *_ in shown), ZERO),
        "tickable": sum(tickable for *_, tickable, _ in shown),
        "tickable_total": sum((due for *_, due in shown), ZERO),
        "most": MOST,
        "headings": form.headings(),
        "noun": "bill" if request.access.is_external else "invoice",
        "is_admin": may_review(None, request.access),
        "asked": form,
        "views": views,
        "views_at": reverse("invoices-view-save", args=[project.slug]),
        "is_saved": any(view.query == form.query for view in views),
        "naming": naming or ViewForm(),
    }
    return render(request, "invoicing/invoice_list.html", context, status=status)


def filter_of(request, project) -> InvoiceFilter:
    return InvoiceFilter(request.GET, periods=project.billing_periods.all())


def _asked(request, project):
    form = filter_of(request, project)
    return form, form.narrowed(Invoice.objects.visible_to(request.access))


def chosen(request, project) -> list[Invoice]:
    """What a form of the list means, in the list's order: the ticked, or all that its address finds and can be ticked.

    Of all, the first MOST, and the page says so; the filters are applied here, so a page of fifty is enough to tick.
    """
    if "all" not in request.POST:
        ids = versions_of(request.POST.getlist("invoice"))
        return list(Invoice.objects.visible_to(request.access).with_context().filter(pk__in=ids))
    form, narrowed = _asked(request, project)
    ids = list(form.in_order(form.with_status(narrowed).tickable()).values_list("pk", flat=True))
    if len(ids) > MOST:
        messages.info(request, f"{len(ids)} match. These are the first {MOST}; do the rest in the same way afterwards.")
    found = Invoice.objects.with_context().in_bulk(ids[:MOST])
    return [found[pk] for pk in ids[:MOST] if pk in found]


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoices_csv(request, project):
    """All that the filters find, in the order of the page."""
    return csv_answer(f"{_file_name(project)}.csv", HEADINGS, _found(request, project))


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def invoices_xlsx(request, project):
    """The same rows as a workbook: amounts as numbers, days as days, all else as text (R108)."""
    return workbook_answer(_file_name(project), as_typed_xlsx("Invoices", HEADINGS, _found(request, project)))


def _file_name(project) -> str:
    return f"invoices-{project.slug}-{project.today:%Y%m%d}"


def _found(request, project) -> Iterator[list]:
    form, narrowed = _asked(request, project)
    return _rows(list(form.in_order(form.with_status(narrowed)).values_list("pk", flat=True)))


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
        _erp_of(invoice),
    ]


def _erp_of(invoice: Invoice) -> str:
    """How far it is on its way to accounting, in the words of the list (U9)."""
    steps = ((invoice.is_posted, "Posted"), (invoice.is_exported, "Exported"), (invoice.is_locked, "Sent to ERP"))
    return next((words for is_there, words in steps if is_there), "")
