"""What is taken away of an invoice: its printed certificate, all its papers in one file, its lines as CSV (5, R104)."""

from functools import wraps

from django.http import FileResponse, HttpResponse
from django.shortcuts import render

from directory.csv_files import csv_answer
from directory.decorators import READ
from directory.downloads import AS_A_FILE
from directory.permissions import Level
from invoicing import labels
from invoicing.actions.attachments import record_package
from invoicing.calculations.money import round_half_up
from invoicing.certificates import certificate, file_name, picture
from invoicing.decorators import invoice_view
from invoicing.packages import package_of
from invoicing.printing import NotPrinted
from invoicing.views.grid import ShownLine, lines_shown


def _or_try_again(view):
    """A printer that fails is no fault of the page: it says so, and the next try may succeed."""

    @wraps(view)
    def wrapped(request, invoice):
        try:
            return view(request, invoice)
        except NotPrinted as why:
            context = {"invoice": invoice, "message": why.message}
            return render(request, "invoicing/not_printed.html", context, status=why.status)

    return wrapped


@invoice_view(Level.READ_ONLY, methods=READ)
@_or_try_again
def certificate_page(request, invoice):
    answer = HttpResponse(certificate(invoice, lines_shown(invoice)), content_type="application/pdf", headers=AS_A_FILE)
    answer["Content-Disposition"] = f'attachment; filename="{file_name(invoice)}.pdf"'
    return answer


@invoice_view(Level.READ_ONLY, methods=READ)
@_or_try_again
def certificate_picture(request, invoice):
    """Page 1, shown before a bill is sent (9.4). A page that shows it says what it says without it, too."""
    return HttpResponse(picture(invoice, lines_shown(invoice)), content_type="image/png", headers=AS_A_FILE)


@invoice_view(Level.READ_ONLY, methods=("GET",))
@_or_try_again
def package(request, invoice):
    """The certificate and every attachment; who took the files away is recorded, as with each file by itself."""
    attachments = list(invoice.attachments.order_by("pk"))
    content = package_of(invoice, certificate(invoice, lines_shown(invoice)), attachments)
    record_package(invoice, attachments, by=request.user)
    name = f"{file_name(invoice)}.zip"
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip", headers=AS_A_FILE)


@invoice_view(Level.READ_ONLY, methods=READ)
def lines_csv(request, invoice):
    headings = ["#", "Cost code", "Description", "Change order", *(column.heading for column in labels.LINE_COLUMNS)]
    rows = [_cells(row) for row in lines_shown(invoice)]
    return csv_answer(f"{file_name(invoice)}.csv", [*headings, "Verdict", "Reason", "Note"], rows)


def _cells(row: ShownLine) -> list:
    line, on = row.line, row.line.schedule_line
    figures = [getattr(row.worked, column.name) for column in labels.LINE_COLUMNS]
    return [
        on.position,
        on.cost_code.code,
        on.description,
        on.change_order.number if on.change_order else "",
        *(None if figure is None else round_half_up(figure, 2) for figure in figures),
        line.get_verdict_display() if line.verdict else "",
        line.verdict_reason or line.allowed_reason,
        line.note,
    ]
