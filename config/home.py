"""The first page: what waits for this person; for a newcomer, what the product does, in its order."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Q
from django.shortcuts import redirect, render

from config.waiting import waiting_for
from config.waiting.roles import Roles
from directory.decorators import READ, public_view
from directory.models import Project
from invoicing.models import BillingPeriod, Commitment, Invoice
from invoicing.progress import Progress, picture_of, still_to_come
from invoicing.views.standings import totals_of

MOST_PERIODS = 40  # in the menu: beyond, the list of projects leads there
MOST_CARDS = 12


@dataclass(frozen=True)
class Card:
    """A project with one of its periods, and how far that is billed; None where none is open or no right to know."""

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
    choice = Choice(roles.projects, request.GET.get("period", ""))
    cards = cards_of(roles, choice)
    context = {
        "choice": choice,
        "waiting": waiting_for(roles, choice.chosen),
        "cards": cards,
        "all_projects": 0 if choice.chosen else len(roles.projects),
        "totals": _totals(cards),
        "roles": roles,
        "questions": request.user.memberships.questions() if roles.is_asked else [],
        "is_new": not (roles.projects or roles.accounting or request.user.is_superuser),
    }
    return render(request, "home.html", context)


class Choice:
    """The page is of all projects, or of one billing period, which its address names: `chosen`, None for all.

    `periods`: what can be chosen: the open one of each project, and all of the project that is looked at.
    """

    def __init__(self, projects: list[Project], named: str):
        self.projects = {project.pk: project for project in projects}
        pk = int(named) if named.isascii() and named.isdecimal() and len(named) < 19 else 0
        looked_at = BillingPeriod.objects.filter(pk=pk).values("project")
        shown = Q(status=BillingPeriod.Status.OPEN) | Q(project__in=looked_at if len(projects) > 1 else projects)
        found = BillingPeriod.objects.filter(shown, project__in=projects)
        self.periods = sorted(
            found, key=lambda each: (self.projects[each.project_id].name, -each.start_date.toordinal())
        )
        for period in self.periods:
            period.project = self.projects[period.project_id]
        self.chosen = next((period for period in self.periods if period.pk == pk), None)
        self.open = {period.project_id: period for period in self.periods if period.is_open}

    @property
    def offered(self) -> list[BillingPeriod]:
        return self.periods[:MOST_PERIODS]

    @property
    def label(self) -> str:
        if self.chosen:
            return f"{self.chosen.project.name} · {self.chosen}"
        return self.label_of_all

    @property
    def label_of_all(self) -> str:
        [project] = self.projects.values() if len(self.projects) == 1 else [None]
        return f"{project.name} · all periods" if project else "All projects"


def cards_of(roles: Roles, choice: Choice) -> list[Card]:
    """Each project, in as many queries for one as for all; progress only where this person may see every commitment.

    Of more than MOST_CARDS those whose bills are due first.
    """
    shown = {choice.chosen.project_id: choice.chosen} if choice.chosen else choice.open
    projects = [choice.chosen.project] if choice.chosen else _due_first(roles.projects, shown)
    administered = {project.pk for project in roles.administered} & {project.pk for project in projects}
    counted = [period for period in shown.values() if period.project_id in administered]
    progress = _progress_of(counted) if counted else {}
    return [Card(each, shown.get(each.pk), progress.get(each.pk)) for each in projects]


def _due_first(projects: list[Project], periods: dict[int, BillingPeriod]) -> list[Project]:
    if len(projects) <= MOST_CARDS:
        return projects
    due = {project.pk: period.due_date if (period := periods.get(project.pk)) else date.max for project in projects}
    return sorted(projects, key=lambda project: due[project.pk])[:MOST_CARDS]


def _totals(cards: list[Card]) -> dict | None:
    """What is billed of all contracts to date, where the page is of one project; dollars."""
    if len(cards) != 1 or not cards[0].progress:
        return None
    return totals_of(Commitment.objects.filter(project=cards[0].project))


def _progress_of(periods: list[BillingPeriod]) -> dict[int, Progress]:
    """{project id: how far its period is}, as on the board of each."""
    here, amounts = Invoice.objects.live().filter(billing_period__in=periods), _sent(periods)
    stands = here.by_period()
    to_come = still_to_come(periods, Commitment.objects.filter(project__in=[period.project_id for period in periods]))
    found = {}
    for period in periods:
        counts = stands.get(period.pk, {"billed": 0, "begun": 0})
        expected = counts["begun"] + to_come.get(period.pk, 0)
        found[period.project_id] = Progress(counts["billed"], expected, picture_of(amounts[period.pk]))
    return found


def _sent(periods: list[BillingPeriod]) -> dict[int, list[tuple]]:
    """{period id: (status, gross in dollars)} of what was sent at least once."""
    invoices = Invoice.objects.filter(billing_period__in=periods).exclude(status=Invoice.Status.DRAFT)
    found = defaultdict(list)
    for period, status, gross in invoices.gross_by_period():
        found[period].append((status, gross))
    return found
