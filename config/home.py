"""The first page: what waits for this person; for a newcomer, what the product does, in its order."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.shortcuts import redirect, render

from config.waiting import Roles, waiting_for
from directory.decorators import READ, public_view
from directory.models import Project
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice
from invoicing.views.board import Progress, picture_of


@dataclass(frozen=True)
class Card:
    """A project with its open period, and how far that is billed; None where no period is open or no right to know."""

    project: Project
    period: BillingPeriod | None
    progress: Progress | None


@public_view(methods=READ)
def home(request):
    if not request.user.is_authenticated:
        return render(request, "welcome.html")
    roles = Roles(request.user)
    if roles.is_contact and not roles.is_employed and not request.user.is_superuser:
        return redirect("bills")
    context = {
        "waiting": waiting_for(roles),
        "cards": cards_of(roles),
        "roles": roles,
        "questions": request.user.memberships.questions(),
        "is_new": not (roles.projects or roles.accounting or request.user.is_superuser),
    }
    return render(request, "home.html", context)


def cards_of(roles: Roles) -> list[Card]:
    """Each project in four queries for all; progress only where this person may see every commitment."""
    periods = {
        each.project_id: each for each in BillingPeriod.objects.filter(status="open", project__in=roles.projects)
    }
    sent = _sent(periods.values())
    expected = _expected(roles.administered, periods.values())
    shown = {project.pk for project in roles.administered}
    return [
        Card(
            project,
            period,
            _progress(sent[period.pk], expected[project.pk]) if period and project.pk in shown else None,
        )
        for project in roles.projects
        for period in [periods.get(project.pk)]
    ]


def _progress(sent: list[tuple], expected: int) -> Progress:
    count = sum(how_many for _, how_many, _ in sent)
    return Progress(count, max(count, expected), picture_of([(status, gross) for status, _, gross in sent]))


def _sent(periods) -> dict[int, list[tuple]]:
    """{period id: (status, how many, gross)} of what was sent at least once."""
    invoices = Invoice.objects.filter(billing_period__in=periods).exclude(status=Invoice.Status.DRAFT)
    found = defaultdict(list)
    for period, *rest in invoices.gross_by_period():
        found[period].append(rest)
    return found


def _expected(projects: list[Project], periods) -> dict[int, int]:
    """{project id: billable commitments that have not declined the open period}."""
    billable = Commitment.objects.billable().filter(project__in=projects).order_by()
    declined = Invitation.objects.in_force().filter(billing_period__in=periods)
    declined = declined.filter(answer=Invitation.Answer.DECLINED).order_by()
    counts = defaultdict(int, billable.values_list("project").annotate(Count("pk")))
    for project, count in declined.values_list("commitment__project").annotate(Count("pk")):
        counts[project] -= count
    return counts
