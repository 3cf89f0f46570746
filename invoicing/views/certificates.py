"""What is taken away of an invoice: its printed certificate, all its papers in one file, its lines as CSV (5, R104)."""

from functools import partial, wraps

from django.http import HttpResponse
from django.shortcuts import render

from directory.csv_files import csv_answer
from directory.decorators import READ, WRITE
from directory.downloads import AS_A_FILE
from directory.permissions import Level
from invoicing import labels
from invoicing.actions import made_files
from invoicing.addresses import address
from invoicing.calculations.money import round_half_up
from invoicing.certificates import certificate, file_name, picture
from invoicing.decorators import invoice_view
from invoicing.grid import ShownLine, lines_shown
from invoicing.printing import NotPrinted
from invoicing.views.made_files import asked


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
    document = certificate(invoice, request.access)
    answer = HttpResponse(document, content_type="application/pdf", headers=AS_A_FILE)
    answer["Content-Disposition"] = f'attachment; filename="{file_name(invoice)}.pdf"'
    return answer


@invoice_view(Level.READ_ONLY, methods=READ)
@_or_try_again
def certificate_picture(request, invoice):
    """Page 1, shown before a bill is sent (9.4). A page that shows it says what it says without it, too."""
    shown = picture(invoice, request.access)
    return HttpResponse(shown, content_type="image/png", headers=AS_A_FILE)


@invoice_view(Level.READ_ONLY, methods=WRITE)
def package(request, invoice):
    """The certificate and every attachment are put together in the background; the page of that file says how far."""
    return asked(request, partial(made_files.ask_for_papers, invoice), address(invoice))


@invoice_view(Level.READ_ONLY, methods=READ)
def lines_csv(request, invoice):
    headings = ["#", "Cost code", "Description", "Change order", *(column.heading for column in labels.LINE_COLUMNS)]
    rows = [_cells(row) for row in lines_shown(invoice, request.access)]
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
