"""The accountant report, on a page that prints, and as CSV; beside it who holds rights that should be apart."""

from django.shortcuts import render
from django.utils import timezone

from directory.csv_files import csv_answer
from directory.decorators import READ, company_view
from directory.models import Membership
from directory.permissions import Level, Tool
from erp_integrations.conflicts import conflicts, twins
from erp_integrations.forms import ReportFilter
from erp_integrations.report import ACTS, Holder, accountant_report

COLUMNS = (
    "Name",
    "E-mail",
    "State",
    "Granted",
    "Granted by",
    "Why granted",
    "Last day",
    "Over since",
    "Withdrawn by",
    "Why withdrawn",
)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=READ)
def report(request, company):
    form = ReportFilter(request.GET)
    holders = accountant_report(company, form.days)
    places = list(Membership.objects.in_order_of_employer(company))
    live = [grant for holder in holders for grant in holder.grants if grant.is_live]
    context = {
        "company": company,
        "form": form,
        "days": form.days,
        "holders": holders,
        "acts": ACTS.values(),
        "conflicts": conflicts(company, places, live),
        "twins": twins(places),
        "now": timezone.now(),
    }
    return render(request, "erp_integrations/report.html", context)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=READ)
def report_csv(request, company):
    """One row a grant; what the person did stands on the first of theirs."""
    days = ReportFilter(request.GET).days
    name = f"accountant-report-{company.slug}-{company.today}.csv"
    counts = [column for label in ACTS.values() for column in (label, f"{label}, last")]
    rows = (cells for holder in accountant_report(company, days) for cells in _rows_of(company, holder))
    return csv_answer(name, [*COLUMNS, *counts], rows)


def _rows_of(company, holder: Holder):
    for number, grant in enumerate(holder.grants):
        yield [*_grant_cells(company, grant), *(_act_cells(company, holder) if number == 0 else [])]


def _grant_cells(company, grant) -> list:
    return [
        grant.person.name,
        grant.person.email,
        grant.state_in_words,
        _at(company, grant.granted_at),
        grant.granted_by.name,
        grant.reason,
        grant.last_day,
        _at(company, grant.over_at),
        grant.withdrawn_by.name if grant.withdrawn_by else "",
        grant.withdrawal_reason,
    ]


def _act_cells(company, holder: Holder) -> list:
    cells = []
    for _, act in holder.columns:
        cells += [act.count, _at(company, act.last_at)] if act else [0, ""]
    return cells


def _at(company, moment) -> str:
    return moment.astimezone(company.zone).isoformat(sep=" ", timespec="seconds") if moment else ""
