"""Invite to Bill (section 4)."""

from datetime import date

import pytest
import time_machine

from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow
from invoicing.actions import closing, invitations, reminders
from invoicing.models import Invitation, InvoiceType
from tests.factories import world

pytestmark = pytest.mark.django_db


def invited(w, commitment=None, period=None):
    [result] = invitations.invite(
        period or w.period(), [commitment or w.commitment()], InvoiceType.WORK_AND_RELEASE, by=w.admin
    )
    return result


def test_an_invite_mails_every_contact_with_one_link_and_is_recorded():
    w = world()
    invitation = invited(w).invitation
    mail = Mail.objects.about(invitation).get()
    assert mail.to == w.contact
    assert mail.text.count("/invitations/") == 1
    assert w.project.name in mail.headline
    assert Event.objects.about(invitation).first().verb == "invited to bill"


def test_each_commitment_that_cannot_be_invited_says_why():
    w = world()
    period = w.period()
    billed = w.draft(w.commitment(), period).commitment
    cases = {
        "no invoice contact": w.commitment(contact=False),
        "Only an approved": w.commitment(moves=()),
        "invoice in this period": billed,
        "another project": world().commitment(),
    }
    results = invitations.invite(period, cases.values(), InvoiceType.WORK, by=w.admin)
    for (words, commitment), result in zip(cases.items(), results, strict=True):
        assert result.commitment == commitment
        assert result.invitation is None
        assert words in result.refusal
    assert not Invitation.objects.exists()


def test_nobody_is_invited_past_the_due_date_or_into_a_closed_period():
    w = world()
    period, commitment = w.period(), w.commitment()
    with time_machine.travel(date(2030, 6, 27)):
        assert "were due" in invited(w, commitment, period).refusal
    closing.close_and_settle(period, {}, by=w.admin)
    assert "closed" in invited(w, commitment, period).refusal


def test_inviting_again_is_a_resend_and_is_logged():
    w = world()
    commitment, period = w.commitment(), w.period()
    first, second = invited(w, commitment, period), invited(w, commitment, period)
    assert first.invitation == second.invitation
    assert Mail.objects.about(first.invitation).count() == 2
    assert Event.objects.about(first.invitation).first().verb == "invited to bill again"


def test_a_contact_declines_and_changes_their_mind_until_the_due_date():
    """V-1."""
    w = world()
    invitation = invited(w).invitation
    assert invitations.answer(invitation, False, "Nothing done", by=w.contact).answer == "declined"
    assert invitations.answer(invitation, True, by=w.contact).answer == "accepted"
    with time_machine.travel(date(2030, 6, 27)), pytest.raises(NotNow, match="were due"):
        invitations.answer(invitation, False, by=w.contact)


def test_only_a_named_contact_answers():
    w = world()
    invitation = invited(w).invitation
    for by in (w.admin, w.reader, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            invitations.answer(invitation, True, by=by)


def test_only_a_project_admin_invites():
    w = world()
    commitment, period = w.commitment(), w.period()
    for by in (w.reader, w.contact, w.owner):
        with pytest.raises(NotAllowed):
            invitations.invite(period, [commitment], InvoiceType.WORK, by=by)


def test_the_link_names_the_invitation_until_it_is_too_old_or_changed():
    """V-4."""
    w = world()
    with time_machine.travel(date(2030, 6, 1)):
        invitation = invited(w).invitation
        token = invitation.token
        assert Invitation.named_by(token) == invitation
        assert Invitation.named_by(token[:-1] + ("A" if token[-1] != "A" else "B")) is None
    with time_machine.travel(date(2030, 9, 1)):
        assert Invitation.named_by(token) is None


def test_whoever_loses_the_right_half_way_invites_and_reminds_no_further(monkeypatch):
    """R66: asked for each transaction, not once for all."""
    monkeypatch.setattr(invitations, "AT_ONCE", 1)
    w = world()
    period, first, second = w.period(), w.commitment(), w.commitment()

    def chosen():
        yield first
        set_level(w.admin, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
        yield second

    with pytest.raises(NotAllowed):
        invitations.invite(period, chosen(), InvoiceType.WORK, by=w.admin)
    assert [each.commitment for each in Invitation.objects.all()] == [first]
    with pytest.raises(NotAllowed):
        reminders.remind(period, [first, second], by=w.admin)


def test_inviting_many_reads_what_is_known_of_them_at_once(django_assert_max_num_queries):
    """Each takes its row, its event, its mail and what those ask for; twenty more commitments ask nothing more."""
    w = world()
    period, commitments = w.period(), [w.commitment() for _ in range(25)]
    with django_assert_max_num_queries(20 + 4 * 25):
        done = invitations.invite(period, commitments, InvoiceType.WORK, by=w.admin)
    assert [bool(each.invitation) for each in done] == [True] * 25
    assert Mail.objects.count() == 25
