"""A project at a glance: its money drawn, the open period, and who has to act."""

from django.shortcuts import render

from directory.decorators import READ, project_view
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing.board import NOT_INVITED, Group
from invoicing.labels import LABEL_OF, noun_for
from invoicing.models import Commitment
from invoicing.permissions import is_project_admin
from invoicing.progress import progress_of
from invoicing.turns import Turn
from invoicing.views.board import board_groups, tabs_of
from invoicing.views.standings import totals_of


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def project_page(request, project):
    visible = Commitment.objects.visible_to(request.access)
    period = project.billing_periods.open_one()
    groups = board_groups(period, request.access) if period else []
    totals = totals_of(visible)
    context = {
        "project": project,
        "is_admin": is_project_admin(request.access),
        "noun": noun_for(request.access),
        "commitments": totals["count"],
        "totals": totals,
        "parts": [
            {"label": "Billed, less retainage", "amount": totals["earned"], "tone": "ok"},
            {"label": LABEL_OF["total_retainage"], "amount": totals["retainage"], "tone": "warn"},
            {"label": "Still to bill", "amount": totals["balance"], "tone": "neutral"},
        ],
        "period": period,
        "states": tabs_of(groups),
        "progress": progress_of(period, groups),
        "to_invite": to_invite(period, groups),
        "events": Event.objects.filter(project=project)[:8] if is_project_admin(request.access) else [],
    }
    return render(request, "invoicing/project.html", context)


def to_invite(period, groups: list[Group]) -> int:
    """How many wait for an invite, while the period takes bills."""
    if period is None or period.project.has_passed(period.due_date):
        return 0
    return sum(group.count for group in groups if group.state == NOT_INVITED and group.turn == Turn.TEAM)
