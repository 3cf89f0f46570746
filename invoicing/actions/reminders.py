"""Reminding by hand those who have not answered: one answer a commitment, a refusal says why (V-3)."""

from dataclasses import dataclass

from django.db import transaction

from invoicing import reminding
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod, Commitment, Invitation


@dataclass(frozen=True)
class Reminded:
    """What became of one commitment; `refusal` is empty where its contacts are mailed."""

    commitment: Commitment
    refusal: str = ""


def remind(period: BillingPeriod, commitments, *, by) -> list[Reminded]:
    """The right is asked for each anew (R66): whoever loses it half-way reminds no more."""
    invited = {each.commitment_id: each for each in Invitation.objects.in_force().filter(billing_period=period)}
    return [Reminded(each, _remind_one(period, invited.get(each.pk), by)) for each in commitments]


@transaction.atomic
def _remind_one(period: BillingPeriod, invitation: Invitation | None, by) -> str:
    if invitation:
        Invitation.objects.select_for_update().get(pk=invitation.pk)
    require_admin(by, period.project)
    return reminding.remind(invitation, by=by) if invitation else "It was not invited yet."
