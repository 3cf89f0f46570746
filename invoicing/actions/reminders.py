"""Reminding by hand those who have not answered: one answer a commitment, a refusal says why (V-3)."""

from dataclasses import dataclass

from invoicing import reminding
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod, Commitment, Invitation


@dataclass(frozen=True)
class Reminded:
    """What became of one commitment; `refusal` is empty where its contacts are mailed."""

    commitment: Commitment
    refusal: str = ""


def remind(period: BillingPeriod, commitments, *, by) -> list[Reminded]:
    require_admin(by, period.project)
    invited = {each.commitment_id: each for each in Invitation.objects.filter(billing_period=period)}
    return [Reminded(each, _remind_one(invited.get(each.pk), by)) for each in commitments]


def _remind_one(invitation: Invitation | None, by) -> str:
    return reminding.remind(invitation, by=by) if invitation else "It was not invited yet."
