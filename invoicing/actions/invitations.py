"""Invite to Bill: asking, asking again, and the answer (section 4)."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from directory.models import Event, Membership, Person
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.actions.commitments import require_admin
from invoicing.deadlines import Deadline, deadline_of
from invoicing.models import BillingPeriod, Commitment, Invitation, InvoiceContact, InvoiceType
from invoicing.permissions import may_answer


@dataclass(frozen=True)
class Invited:
    """What became of one commitment: its invitation, or the reason why it was not invited."""

    commitment: Commitment
    invitation: Invitation | None
    refusal: str = ""
    is_again: bool = False


def invite(period: BillingPeriod, commitments, invoice_type: InvoiceType, *, by) -> list[Invited]:
    """Invite each commitment's contacts to bill the period. One answer a commitment; a refusal says why.

    The right is asked for each anew (R66): whoever loses it half-way sends no more.
    """
    return [_invite_one(period, commitment, invoice_type, by) for commitment in commitments]


@transaction.atomic
def _invite_one(period: BillingPeriod, commitment: Commitment, invoice_type: InvoiceType, by) -> Invited:
    period = BillingPeriod.objects.select_for_update(of=("self",)).select_related("project__company").get(pk=period.pk)
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    require_admin(by, period.project)
    refusal = why_not(period, commitment)
    if refusal:
        return Invited(commitment, None, refusal)
    before = Invitation.objects.filter(commitment=commitment, billing_period=period).first()
    invitation, is_new = Invitation.objects.update_or_create(
        commitment=commitment,
        billing_period=period,
        defaults={"invited_by": by, "invited_at": timezone.now(), "invoice_type": invoice_type},
    )
    changes = {}
    if before and before.answer == Invitation.Answer.DECLINED:  # asked anew, so it waits for an answer anew
        changes["answer"] = [before.answer, ""]
        _clear(invitation)
    if before and before.invoice_type != invoice_type:
        changes["invoice_type"] = [before.invoice_type, str(invoice_type)]
    Event.objects.record("invited to bill" if is_new else "invited to bill again", invitation, by=by, changes=changes)
    notifications.invited(invitation)
    return Invited(commitment, invitation, is_again=not is_new)


def why_not(period: BillingPeriod, commitment: Commitment) -> str:
    """The reason why this commitment can't be invited in this period; empty when it can."""
    return refusal(
        deadline_of(commitment, period),
        commitment,
        has_contact=commitment.invoice_contacts.acting().exists(),
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
    invitation = _held_by_contact(invitation, by)
    _must_be_short(words)
    bills = invitation.commitment.invoices.live().filter(billing_period=invitation.billing_period_id)
    if not accepted and bills.exists():
        raise NotNow("There is a bill for this period already. Delete it, or ask the project team.")
    before = invitation.answer
    invitation.answer = Invitation.Answer.ACCEPTED if accepted else Invitation.Answer.DECLINED
    invitation.words = words
    invitation.answered_by, invitation.answered_at = by, timezone.now()
    invitation.save(update_fields=["answer", "words", "answered_by", "answered_at"])
    verb = "accepted the invite" if accepted else "declined the invite"
    Event.objects.record(verb, invitation, by=by, from_state=before, to_state=invitation.answer, reason=words)
    return invitation


@transaction.atomic
def take_back(invitation: Invitation, *, by) -> Invitation:
    """V-1: as if nobody had answered, so that reminders go on; until the due date."""
    invitation = _held_by_contact(invitation, by)
    if not invitation.answer:
        return invitation  # a second click
    return take_back_held(invitation, by=by)


def take_back_held(invitation: Invitation, *, by, reason: str = "") -> Invitation:
    """`take_back` in the transaction of a caller that holds its commitment and has asked about the right."""
    before = invitation.answer
    _clear(invitation)
    Event.objects.record("took back the answer", invitation, by=by, from_state=before, reason=reason)
    return invitation


def _clear(invitation: Invitation) -> None:
    invitation.answer, invitation.words, invitation.answered_by, invitation.answered_at = "", "", None, None
    invitation.save(update_fields=["answer", "words", "answered_by", "answered_at"])


@transaction.atomic
def pass_on(invitation: Invitation, to: Person | None, words: str = "", *, by) -> None:
    """ "Not me": by mail to another contact of the commitment, else a word to the project team (9.9). Gives no right.

    `to` may be any contact of the vendor's work; whoever is not a contact of this commitment is only proposed to the
    team, who decides whether to name them. The invite stays as it is.
    """
    invitation = _held_by_contact(invitation, by)
    _must_be_short(words)
    if to and not colleagues(invitation, by).filter(pk=to.pk).exists():
        raise Refused("Choose somebody of the list.", field="to")
    if to is None and not words.strip():
        raise Refused("Say who is right, so that the project team can invite them.", field="words")
    if to and invitation.commitment.invoice_contacts.filter(person=to).exists():
        notifications.passed_on(invitation, to, words, by)
    else:
        notifications.not_me(invitation, to, words, by)
    changes = {"to": ["", to.name if to else "the project team"]}
    Event.objects.record("passed the invite on", invitation, by=by, reason=words, changes=changes)


def colleagues(invitation: Invitation, person):
    """Other invoice contacts of the same vendor's work, first those of this very commitment: `is_contact`."""
    theirs = InvoiceContact.objects.filter(commitment__vendor=invitation.commitment.vendor_id)
    here = invitation.commitment.invoice_contacts.filter(person=OuterRef("pk"))
    places = Membership.objects.filter(vendor=invitation.commitment.vendor_id, is_active=True)
    found = Person.objects.filter(pk__in=theirs.values("person"), is_active=True).exclude(pk=person.pk)
    found = found.filter(pk__in=places.values("person")).annotate(is_contact=Exists(here))
    return found.order_by("-is_contact", "name")


@transaction.atomic
def note_opened(token: str) -> None:
    """The first look at the page a mailed link leads to (9.5). Somebody looked: who, the link does not prove (V-4)."""
    named = Invitation.named_by(token)
    if named is None or named.addressee is None or not notifications.is_told_as_contact(named, named.addressee):
        return
    invitation = Invitation.objects.select_for_update().get(pk=named.pk)
    if invitation.opened_at:
        return
    invitation.opened_at = timezone.now()
    invitation.save(update_fields=["opened_at"])
    changes = {"to": ["", named.addressee.name]}
    Event.objects.record("saw the link opened", invitation, by=None, changes=changes)


@transaction.atomic
def mail_new_link(token: str) -> None:
    """For a link that is too old, mail a new one to the same address. Says nothing of whether it did.

    An old link of before links named their reader goes to every contact, as the invite did.
    """
    if Invitation.named_by(token):
        return  # it works
    old = Invitation.named_by(token, however_old=True)
    if old is None or deadline_of(old.commitment, old.billing_period).is_over:
        return
    to = [old.addressee] if old.addressee else [each.person for each in old.commitment.invoice_contacts.acting()]
    to = [person for person in to if notifications.is_told_as_contact(old, person)]
    if to:
        notifications.new_link(old, to)
        changes = {"to": ["", ", ".join(person.name for person in to)]}
        Event.objects.record("mailed a new link", old, by=None, changes=changes)


def _held_by_contact(invitation: Invitation, by) -> Invitation:
    """Locked after its commitment, for one of its contacts, while it takes answers: a bill starts before or after."""
    Commitment.objects.select_for_update().get(pk=invitation.commitment_id)
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("commitment").get(pk=invitation.pk)
    project = invitation.project
    if not may_answer(invitation, read_access(by, project.company, project)):
        raise NotAllowed("to be an invoice contact of this commitment")
    if not invitation.commitment.is_billable:
        status = invitation.commitment.get_status_display()
        raise NotNow(f"The commitment is {status} now, so it takes no bill. Ask the project team.")
    deadline = deadline_of(invitation.commitment, invitation.billing_period)
    if deadline.is_closed:
        raise NotNow("The billing period is closed. Ask the project team to invite you to the open one.")
    if deadline.has_passed:
        raise NotNow(f"{deadline.late_words} Ask the project team for more time.")
    return invitation


def _must_be_short(words: str) -> None:
    if len(words) > 500:
        raise Refused("Use 500 characters at most.", field="words")
