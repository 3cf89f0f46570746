"""Invite to Bill: asking, asking again, and the answer (section 4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from directory.models import Event, Membership, Person
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.actions.commitments import require_admin
from invoicing.deadlines import MORE_TIME, Deadline, deadline_of, deadlines_of
from invoicing.models import (
    BillingPeriod,
    BillingSettings,
    Commitment,
    Invitation,
    Invoice,
    InvoiceContact,
    InvoiceType,
)
from invoicing.permissions import may_answer

AT_ONCE = 25  # commitments: so many are asked in one transaction


@dataclass(frozen=True)
class Invited:
    """What became of one commitment: its invitation, or the reason why it was not invited.

    `withdrawn`: what had been answered before it was asked again, in words; "" where nothing was.
    """

    commitment: Commitment
    invitation: Invitation | None
    refusal: str = ""
    is_again: bool = False
    withdrawn: str = ""


def invite(period: BillingPeriod, commitments, invoice_type: InvoiceType, *, by) -> list[Invited]:
    """Invite each commitment's contacts to bill the period. One answer a commitment; a refusal says why.

    Some at a time, each some in a transaction of its own, and the right is asked for each some anew (R66): whoever
    loses it half-way sends no more.
    """
    return [told for some in some_of(commitments) for told in invite_some(period, some, invoice_type, by=by)]


def some_of(commitments: Iterable[Commitment]) -> Iterator[list[Commitment]]:
    """As many as one transaction takes, until there are no more."""
    rest = iter(commitments)
    while some := list(islice(rest, AT_ONCE)):
        yield some


@transaction.atomic
def invite_some(period: BillingPeriod, commitments, invoice_type: InvoiceType, *, by) -> list[Invited]:
    """`invite` in one transaction, with what is known of all of them read at once."""
    period = BillingPeriod.objects.select_for_update(of=("self",)).select_related("project__company").get(pk=period.pk)
    pks = [each.pk for each in commitments]
    held = {each.pk: each for each in Commitment.objects.select_for_update().filter(pk__in=pks).order_by("pk")}
    require_admin(by, period.project)
    known = _Known.of(period, pks)
    return [_invite_one(known, held[pk], invoice_type, by) for pk in pks]


@dataclass(frozen=True)
class _Known:
    """What inviting some commitments to a period goes by, by the commitment's id."""

    period: BillingPeriod
    deadlines: dict[int, Deadline]
    contacts: dict[int, list[Person]]
    invoiced: set[int]
    invitations: dict[int, Invitation]
    words: str

    @classmethod
    def of(cls, period: BillingPeriod, pks: list[int]) -> "_Known":
        contacts = {}
        for each in InvoiceContact.objects.acting().filter(commitment__in=pks).select_related("person"):
            contacts.setdefault(each.commitment_id, []).append(each.person)
        bills = Invoice.objects.live().filter(billing_period=period, commitment__in=pks)
        asked = Invitation.objects.in_force().filter(billing_period=period, commitment__in=pks)
        return cls(
            period=period,
            deadlines=deadlines_of(period),
            contacts=contacts,
            invoiced=set(bills.values_list("commitment", flat=True)),
            invitations={each.commitment_id: each for each in asked},
            words=BillingSettings.of(period.project).invitation_text,
        )

    def deadline_of(self, commitment: Commitment) -> Deadline:
        return self.deadlines.get(commitment.pk, Deadline.of(self.period))

    def refusal_of(self, commitment: Commitment) -> str:
        return refusal(
            self.deadline_of(commitment),
            commitment,
            has_contact=commitment.pk in self.contacts,
            is_invoiced=commitment.pk in self.invoiced,
        )


def _invite_one(known: _Known, commitment: Commitment, invoice_type: InvoiceType, by) -> Invited:
    if words := known.refusal_of(commitment):
        return Invited(commitment, None, words)
    commitment.project, commitment.company = known.period.project, known.period.project.company
    invitation, changes = known.invitations.get(commitment.pk), {}
    is_again, withdrawn = invitation is not None, ""
    if invitation is None:
        invitation = Invitation()
    elif invitation.answer == Invitation.Answer.DECLINED:  # asked anew, so it waits for an answer anew
        withdrawn = "Declined before" + (f": “{invitation.words}”" if invitation.words else "")
        changes["answer"] = [invitation.answer, ""]
        if invitation.words:
            changes["words"] = [invitation.words, ""]
        _clear(invitation)
    if is_again and invitation.invoice_type != invoice_type:
        changes["invoice_type"] = [invitation.invoice_type, str(invoice_type)]
    invitation.commitment, invitation.billing_period = commitment, known.period
    invitation.invited_by, invitation.invited_at, invitation.invoice_type = by, timezone.now(), invoice_type
    invitation.save(update_fields=["invited_by", "invited_at", "invoice_type"] if is_again else None)
    Event.objects.record("invited to bill again" if is_again else "invited to bill", invitation, by=by, changes=changes)
    due_date = known.deadline_of(commitment).due_date
    notifications.invited(invitation, known.contacts[commitment.pk], due_date, known.words)
    return Invited(commitment, invitation, is_again=is_again, withdrawn=withdrawn)


def refusal(deadline: Deadline, commitment: Commitment, *, has_contact: bool, is_invoiced: bool) -> str:
    """The reason why this commitment can't be invited; "" when it can. Asks the database nothing."""
    if commitment.project_id != deadline.period.project_id:
        return "It belongs to another project."
    if commitment.why_not_billable:
        return commitment.why_not_billable
    if not has_contact:
        return "It has no invoice contact. Add one on its page."
    return deadline.why_over() or ("It has an invoice in this period already." if is_invoiced else "")


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
    if invitation.ended_at:
        raise NotNow("The commitment went to another vendor, and this invite ended with that.")
    if why_not := invitation.commitment.why_not_billable:
        raise NotNow(f"{why_not} Ask the project team.")
    deadline = deadline_of(invitation.commitment, invitation.billing_period)
    why_over = deadline.why_over(if_closed="Ask the project team to invite you to the open one.", if_late=MORE_TIME)
    if why_over:
        raise NotNow(why_over)
    return invitation


def _must_be_short(words: str) -> None:
    if len(words) > 500:
        raise Refused("Use 500 characters at most.", field="words")
