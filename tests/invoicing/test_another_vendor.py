"""A commitment that goes to another vendor: what was asked of the one that had it is not asked of the other (P-1)."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from directory.actions import vendors
from directory.actions.vendors import Details
from directory.models import Event, Mail
from directory.refusals import NotNow
from invoicing import tasks
from invoicing.actions import (
    billing_settings,
    commitment_edits,
    commitment_moves,
    commitments,
    invitations,
    invoices,
    reminders,
)
from invoicing.models import Commitment, Invitation, InvoiceType
from tests.factories import person, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def june(w):
    return w.period()


def invited(w, period, commitment: Commitment) -> Invitation:
    [result] = invitations.invite(period, [commitment], InvoiceType.WORK, by=w.admin)
    return result.invitation


def passed_to_hill(w, commitment: Commitment) -> Commitment:
    """Reopened, given to Hill Roofing, approved again, and Ana Hill named as its contact."""
    hill = vendors.enter(w.company, Details("Hill Roofing"), by=w.owner)
    draft = commitment_moves.move(commitment, "reopen", by=w.admin, reason="Other vendor")
    values = {name: getattr(draft, name) for name in commitment_edits.FIELDS} | {"vendor": hill}
    edited = commitment_edits.edit(draft, values, by=w.admin, version=draft.version)
    approved = commitment_moves.move(edited, "approve", by=w.admin)
    commitments.add_contact(approved, person("Ana Hill", w.company, hill), by=w.admin)
    return approved


def ana_of(commitment: Commitment):
    return commitment.invoice_contacts.get().person


@pytest.mark.parametrize("answered", [None, True, False])
def test_the_board_says_not_invited_of_the_vendor_that_nobody_asked(w, june, answered):
    """Section 4, 9.5."""
    commitment = w.commitment()
    first = invited(w, june, commitment)
    if answered is not None:
        invitations.answer(first, answered, "no work", by=w.contact)
    commitment = passed_to_hill(w, commitment)
    board = reverse("period", args=[w.project.slug, june.pk])
    client = signed_in(w.admin)
    page = client.get(board, {"state": "not_invited"})
    [row] = page.context["rows"]
    assert (row.state, row.who_acts, row.invite) == ("not_invited", "Project team", None)
    assert f'value="{commitment.pk}" aria-label="Tick {commitment.number}" checked' in text_of(page)
    assert not client.get(board, {"state": "invited"}).context["rows"]
    second = invited(w, june, commitment)
    assert second != first and Event.objects.about(second).get().verb == "invited to bill"
    assert [mail.to for mail in Mail.objects.about(second)] == [ana_of(commitment)]
    [row] = client.get(board).context["rows"]
    assert (row.state, row.who_acts) == ("invited", "Hill Roofing")


def test_the_ended_invite_stays_in_the_record_with_its_answer_and_mails(w, june):
    commitment = w.commitment()
    first = invited(w, june, commitment)
    invitations.answer(first, False, "no work", by=w.contact)
    commitment = passed_to_hill(w, commitment)
    first.refresh_from_db()
    assert (first.answer, first.words) == ("declined", "no work") and first.ended_at
    event = Event.objects.about(commitment).filter(verb="edited").first()
    assert event.changes["invites"] == ["1", "0"]
    assert [each.verb for each in Event.objects.about(first)] == ["declined the invite", "invited to bill"]
    mails = signed_in(w.admin).get(reverse("commitment-mails", args=[w.project.slug, commitment.number]))
    assert "Lee Park" in text_of(mails)


def test_by_invitation_only_the_invite_of_the_other_vendor_opens_nothing(w, june):
    """V-2."""
    billing_settings.change(w.project, {"by_invitation_only": True}, by=w.admin, version=1)
    commitment = w.commitment()
    invited(w, june, commitment)
    commitment = passed_to_hill(w, commitment)
    ana = ana_of(commitment)
    assert commitment.number not in text_of(signed_in(ana).get(reverse("bills")))
    with pytest.raises(NotNow, match="not invited"):
        invoices.create(commitment, june, by=ana)
    invited(w, june, commitment)
    assert commitment.number in text_of(signed_in(ana).get(reverse("bills")))
    assert invoices.create(commitment, june, by=ana).invoice_type == InvoiceType.WORK


def test_nobody_is_reminded_of_what_another_vendor_was_asked(w, june):
    """V-3."""
    billing_settings.change(w.project, {"reminder_days": 1}, by=w.admin, version=1)
    commitment = w.commitment()
    invited(w, june, commitment)
    commitment = passed_to_hill(w, commitment)
    with time_machine.travel(w.project.today + timedelta(days=3)):
        assert tasks.remind_unanswered() == 0
        [told] = reminders.remind(june, [commitment], by=w.admin)
    assert told.refusal == "It was not invited yet."


def test_the_old_link_leads_nowhere_and_mails_no_other(w, june, client):
    """V-4."""
    commitment = w.commitment()
    first = invited(w, june, commitment)
    links = [reverse("invitation", args=[token]) for token in (first.token, first.token_for(w.contact))]
    again = reverse("invitation-again", args=[first.token])
    assert client.get(links[0]).status_code == 200
    commitment = passed_to_hill(w, commitment)
    mails = Mail.objects.count()
    for link in links:
        assert client.get(link).status_code == 404
        assert signed_in(ana_of(commitment)).get(link).status_code == 404
    client.post(again)
    with time_machine.travel(date(2031, 6, 1)):
        client.post(again)
    assert Mail.objects.count() == mails
    with pytest.raises(NotNow, match="went to another vendor"):
        invitations.answer(first, True, by=ana_of(commitment))


def test_whoever_declined_for_the_other_vendor_is_not_counted_for_this_one(w, june):
    """F18: a bill is expected of it, on the board, in the list of periods and on the first page."""
    commitment = w.commitment()
    invitations.answer(invited(w, june, commitment), False, by=w.contact)
    passed_to_hill(w, commitment)
    client = signed_in(w.admin)
    assert "0 of 1 billed" in text_of(client.get(reverse("period", args=[w.project.slug, june.pk])))
    assert "0 of 1 billed" in text_of(client.get(reverse("periods", args=[w.project.slug])))
    assert "0 of 1 billed" in text_of(client.get(reverse("home")))
