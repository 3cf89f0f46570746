"""Invite to Bill: asking, asking again, and the answer (section 4)."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.actions.commitments import require_admin
from invoicing.deadlines import Deadline, deadline_of
from invoicing.models import BillingPeriod, Commitment, Invitation, InvoiceType
from invoicing.permissions import may_answer


@dataclass(frozen=True)
class Invited:
    """What became of one commitment: its invitation, or the reason why it was not invited."""

    commitment: Commitment
    invitation: Invitation | None
    refusal: str = ""
    is_again: bool = False


def invite(period: BillingPeriod, commitments, invoice_type: InvoiceType, *, by) -> list[Invited]:
    """Invite each commitment's contacts to bill the period. One answer a commitment; a refusal says why."""
    require_admin(by, period.project)
    return [_invite_one(period, commitment, invoice_type, by) for commitment in commitments]


@transaction.atomic
def _invite_one(period: BillingPeriod, commitment: Commitment, invoice_type: InvoiceType, by) -> Invited:
    period = BillingPeriod.objects.select_for_update(of=("self",)).select_related("project").get(pk=period.pk)
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    refusal = why_not(period, commitment)
    if refusal:
        return Invited(commitment, None, refusal)
    invitation, is_new = Invitation.objects.update_or_create(
        commitment=commitment,
        billing_period=period,
        defaults={"invited_by": by, "invited_at": timezone.now()},
        create_defaults={"invited_by": by, "invited_at": timezone.now(), "invoice_type": invoice_type},
    )
    Event.objects.record("invited to bill" if is_new else "invited to bill again", invitation, by=by)
    notifications.invited(invitation)
    return Invited(commitment, invitation, is_again=not is_new)


def why_not(period: BillingPeriod, commitment: Commitment) -> str:
    """The reason why this commitment can't be invited in this period; empty when it can."""
    return refusal(
        deadline_of(commitment, period),
        commitment,
        has_contact=commitment.invoice_contacts.exists(),
        is_invoiced=commitment.invoices.live().filter(billing_period=period).exists(),
    )


def refusal(deadline: Deadline, commitment: Commitment, *, has_contact: bool, is_invoiced: bool) -> str:
    """`why_not` for a list, which knows the rest already: asks the database nothing."""
    if commitment.project_id != deadline.period.project_id:
        return "It belongs to another project."
    if not commitment.is_billable:
        return f"It is {commitment.get_status_display()}. Only an approved or complete commitment can be billed."
    if not has_contact:
        return "It has no invoice contact. Add one on its page."
    if deadline.is_closed:
        return "The billing period is closed."
    if deadline.has_passed:
        return deadline.late_words
    if is_invoiced:
        return "It has an invoice in this period already."
    return ""


@transaction.atomic
def answer(invitation: Invitation, accepted: bool, words: str = "", *, by) -> Invitation:
    """V-1: Accepted or Declined; either can be changed until the due date."""
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    project = invitation.project
    if not may_answer(invitation, read_access(by, project.company, project)):
        raise NotAllowed("to be an invoice contact of this commitment")
    deadline = deadline_of(invitation.commitment, invitation.billing_period)
    if deadline.is_closed:
        raise NotNow("The billing period is closed. Ask the project team to invite you to the open one.")
    if deadline.has_passed:
        raise NotNow(f"{deadline.late_words} Ask the project team for more time.")
    if len(words) > 500:
        raise Refused("Use 500 characters at most.", field="words")
    before = invitation.answer
    invitation.answer = Invitation.Answer.ACCEPTED if accepted else Invitation.Answer.DECLINED
    invitation.words = words
    invitation.answered_by, invitation.answered_at = by, timezone.now()
    invitation.save(update_fields=["answer", "words", "answered_by", "answered_at"])
    verb = "accepted the invite" if accepted else "declined the invite"
    Event.objects.record(verb, invitation, by=by, from_state=before, to_state=invitation.answer, reason=words)
    return invitation
