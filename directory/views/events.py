"""The record of a company: what happened, narrowed down, taken away as CSV, and about one thing from its beginning.

Directory Admins read all of it, events about private commitments too: a record with holes proves nothing.
"""

from django.http import Http404
from django.shortcuts import render

from directory.actions.record import take_away
from directory.csv_files import csv_answer
from directory.decorators import READ, company_view
from directory.event_forms import EventFilter
from directory.event_lines import HEADINGS, rows_of
from directory.models import Event
from directory.permissions import Level, Tool

PAGE_SIZE = 50
LARGEST_KEY = 2**63 - 1


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=READ)
def events(request, company):
    form = EventFilter(request.GET, company=company)
    context = {"company": company, "tab": "record", "form": form}
    context |= _page(request, form.narrowed(Event.objects.filter(company=company)))
    return render(request, "directory/events.html", context)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=READ)
def events_csv(request, company):
    """Exactly the rows the filters show, as they were when it was asked for."""
    form = EventFilter(request.GET, company=company)
    taken = take_away(company, form.in_words(), by=request.user)
    found = form.narrowed(Event.objects.filter(company=company, pk__lt=taken.pk))
    name = f"record-{company.slug}-{company.day_of(taken.at):%Y%m%d}.csv"
    return csv_answer(name, HEADINGS, rows_of(found, company))


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=READ)
def events_about(request, company, subject):
    found = Event.objects.filter(company=company, subject=subject)
    context = {"company": company, "tab": "record", "newest": found.order_by("-pk").first()}
    if context["newest"] is None:
        raise Http404
    return render(request, "directory/events_about.html", context | _page(request, found))


def _page(request, found) -> dict:
    """By key, so that no page is slower than the first and nothing shifts while somebody reads."""
    before = request.GET.get("before", "")
    if before.isdecimal() and int(before) <= LARGEST_KEY:
        found = found.filter(pk__lt=int(before))
    listed = list(found.select_related("project").order_by("-pk")[: PAGE_SIZE + 1])
    is_more = len(listed) > PAGE_SIZE
    listed = listed[:PAGE_SIZE]
    return {"events": listed, "older": listed[-1].pk if is_more else None, "is_later": bool(before)}
