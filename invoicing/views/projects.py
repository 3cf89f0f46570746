"""A project at a glance: its money drawn, the open period, and who has to act."""

from django.shortcuts import render

from directory.decorators import READ, project_view
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing.models import Commitment
from invoicing.permissions import is_project_admin
from invoicing.views.board import board_of, progress_of, tabs_of
from invoicing.views.standings import totals_of


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def project_page(request, project):
    visible = Commitment.objects.visible_to(request.access)
    period = project.billing_periods.filter(status="open").first()
    rows = board_of(period, request.access) if period else []
    totals = totals_of(visible)
    context = {
        "project": project,
        "is_admin": is_project_admin(request.access),
        "noun": "bill" if request.access.is_external else "invoice",
        "commitments": totals["count"],
        "totals": totals,
        "parts": [
            {"label": "Billed, less retainage", "amount": totals["earned"], "tone": "ok"},
            {"label": "Retainage held", "amount": totals["retainage"], "tone": "warn"},
            {"label": "Still to bill", "amount": totals["balance"], "tone": "neutral"},
        ],
        "period": period,
        "states": tabs_of(rows),
        "progress": progress_of(rows),
        "to_invite": sum(row.is_invitable and row.state == "not_invited" for row in rows),
        "events": Event.objects.filter(project=project)[:8] if is_project_admin(request.access) else [],
    }
    return render(request, "invoicing/project.html", context)
