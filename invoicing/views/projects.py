"""A project at a glance: its money drawn, the open period, and who has to act."""

from dataclasses import dataclass
from decimal import Decimal

from django.shortcuts import render

from directory.decorators import READ, project_view
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing.calculations.lines import percent_of
from invoicing.calculations.money import ZERO
from invoicing.models import Commitment, Invoice, ScheduleLine
from invoicing.permissions import is_project_admin
from invoicing.views.board import board_of, progress_of, tabs_of


@dataclass(frozen=True)
class Standing:
    """A commitment's money to date, in dollars. `newest` is its newest invoice; a draft does not count as billed."""

    commitment: Commitment
    contract_sum: Decimal
    newest: Invoice | None

    @property
    def counted(self) -> Invoice | None:
        if self.newest and self.newest.status == Invoice.Status.DRAFT:
            return self.newest.previous
        return self.newest

    @property
    def billed(self) -> Decimal:
        return self.counted.total_completed_and_stored if self.counted else ZERO

    @property
    def retainage(self) -> Decimal:
        return self.counted.total_retainage if self.counted else ZERO

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.billed, self.contract_sum)


def standings_of(access) -> list[Standing]:
    """Every commitment this person may see in the project, in three queries."""
    commitments = list(Commitment.objects.visible_to(access).select_related("vendor"))
    sums = ScheduleLine.objects.filter(commitment__in=commitments).contract_sums()
    newest = Invoice.objects.newest().filter(commitment__in=commitments).select_related("previous")
    newest = {invoice.commitment_id: invoice for invoice in newest}
    return [Standing(each, sums.get(each.pk, ZERO), newest.get(each.pk)) for each in commitments]


def totals_of(standings: list[Standing]) -> dict[str, Decimal]:
    contract, billed, retainage = (
        sum((getattr(each, name) for each in standings), ZERO) for name in ("contract_sum", "billed", "retainage")
    )
    return {
        "contract": contract,
        "billed": billed,
        "retainage": retainage,
        "earned": billed - retainage,
        "balance": contract - billed,
        "percent": percent_of(billed, contract),
    }


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def project_page(request, project):
    standings = standings_of(request.access)
    period = project.billing_periods.filter(status="open").first()
    rows = board_of(period, request.access) if period else []
    totals = totals_of(standings)
    context = {
        "project": project,
        "is_admin": is_project_admin(request.access),
        "noun": "bill" if request.access.is_external else "invoice",
        "commitments": len(standings),
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
