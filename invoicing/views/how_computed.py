"""“How was this computed”: every money cell of a line, and the total of every column, for whoever sees the invoice."""

from django.http import Http404
from django.shortcuts import redirect, render

from directory.decorators import READ
from directory.permissions import Level
from directory.views.answers import part_of
from invoicing import labels
from invoicing.decorators import invoice_view
from invoicing.how_computed import LineStory, how_amounts_came, how_totals_came
from invoicing.models import Invoice, InvoiceLine
from invoicing.permissions import may_see_verdicts
from invoicing.proof import stored_summary


@invoice_view(Level.READ_ONLY, methods=READ)
def how_line(request, invoice, place: int):
    line = _line(invoice, place)
    tells_review = may_see_verdicts(invoice, request.access)
    story = LineStory(line, labels.noun_for(request.access), tells_review=tells_review)
    return _show(request, invoice, story.columns, {"line": line, "story": story})


@invoice_view(Level.READ_ONLY, methods=READ)
def how_totals(request, invoice):
    """Of `?line=25`, what the number of a line sends, the way leads on to that line; `?of=summary` is lines 1 to 9."""
    place = request.GET.get("line", "")
    if place.isascii() and place.isdigit() and len(place) <= len(str(MOST_PLACES)):
        return redirect("invoice-line", invoice.project.slug, invoice.commitment.number, invoice.position, int(place))
    lines = list(_lines(invoice))
    if request.GET.get("of") == "summary":
        summary = stored_summary(invoice, lines)
        amounts = how_amounts_came(invoice, summary, labels.SUMMARY_IN_FULL, labels.noun_for(request.access))
        return _show(request, invoice, amounts, {"is_summary": True})
    return _show(request, invoice, how_totals_came([line.as_line() for line in lines]), {})


def _lines(invoice: Invoice):
    return invoice.lines.select_related("schedule_line__cost_code", "schedule_line__change_order")


def _line(invoice: Invoice, place: int) -> InvoiceLine:
    line = _lines(invoice).filter(schedule_line__position=place).first() if place <= MOST_PLACES else None
    if line is None:
        raise Http404
    line.invoice = invoice
    return line


MOST_PLACES = 2**31 - 1  # the largest number that a database of ours compares a position with


def _show(request, invoice: Invoice, columns: list, more: dict):
    """As a dialog over the grid, or as a page; `?column=T` marks the one that was asked about."""
    context = {
        "invoice": invoice,
        "project": invoice.project,
        "commitment": invoice.commitment,
        "noun": labels.noun_for(request.access),
        "columns": columns,
        "asked": request.GET.get("column", ""),
        "is_entered": invoice.status in Invoice.ENTERABLE,
    }
    return render(request, part_of(request, "invoicing/how_computed.html"), context | more)
