"""Inviting or reminding several commitments with one click, and keeping what became of each (section 4, 9.2)."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from invoicing.actions import invitations, reminders
from invoicing.actions.invitations import Invited
from invoicing.models import BillingPeriod, InviteRound, InvoiceType, Outcome, RoundKind

VERBS = {RoundKind.INVITE: "invited several to bill", RoundKind.REMIND: "reminded several"}


def invite(period: BillingPeriod, commitments: Iterable, invoice_type: InvoiceType, *, by) -> InviteRound:
    """Each commitment by itself: one that can't be invited never holds up the others."""
    at = timezone.now()
    told = []
    try:
        for some in invitations.some_of(commitments):
            results = invitations.invite_some(period, some, invoice_type, by=by)
            told += [(each, _outcome_of(each), each.refusal or each.withdrawn) for each in results]
    except Exception:  # the right went half-way (R66), or the database: what was sent is kept
        _keep(period, RoundKind.INVITE, told, by=by, at=at)
        raise
    return _keep(period, RoundKind.INVITE, told, by=by, at=at)


def remind(period: BillingPeriod, commitments: Iterable, *, by) -> InviteRound:
    at = timezone.now()
    results = reminders.remind(period, commitments, by=by)
    told = [(each, Outcome.REFUSED if each.refusal else Outcome.REMINDED, each.refusal) for each in results]
    return _keep(period, RoundKind.REMIND, told, by=by, at=at)


def _outcome_of(result: Invited) -> Outcome:
    if result.invitation is None:
        return Outcome.REFUSED
    return Outcome.ASKED_AGAIN if result.is_again else Outcome.INVITED


@transaction.atomic
def _keep(period: BillingPeriod, kind: RoundKind, told: list[tuple], *, by, at: datetime) -> InviteRound:
    outcomes = [
        {"commitment": each.commitment.pk, "outcome": outcome, "reason": reason} for each, outcome, reason in told
    ]
    made = InviteRound.objects.create(billing_period=period, kind=kind, by=by, at=at, outcomes=outcomes)
    counts = Counter(outcome for _, outcome, _ in told)
    changes = {str(outcome.label).lower(): ["", counts[outcome]] for outcome in Outcome if counts[outcome]}
    Event.objects.record(VERBS[kind], period, by=by, changes=changes)
    return made
