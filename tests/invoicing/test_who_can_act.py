"""Invites, reminders and answers reach only those who can act on them, and say so otherwise (1.1, V-1, V-3)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from directory.actions import people, projects
from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow
from invoicing import reminding
from invoicing.actions import (
    billing_periods,
    commitment_moves,
    due_dates,
    invitations,
    invoice_periods,
    invoices,
    reminders,
    rounds,
)
from invoicing.models import BillingSettings, Invitation, Invoice, InvoiceType
from invoicing.models.invoice_queries import HAS_CONTACT
from invoicing.periods import PeriodDates
from tests.factories import world
from tests.invoicing.pages import signed_in, text_of
from tests.invoicing.test_due_dates import AFTER_ALL, AFTER_DUE, LATER

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def invite(w, commitment=None, kind=InvoiceType.WORK):
    [result] = invitations.invite(
        w.project.billing_periods.first() or w.period(), [commitment or w.commitment()], kind, by=w.admin
    )
    return result


def test_a_contact_who_left_the_vendor_is_none(w):
    """The board says No invoice contact, and nobody is invited into the void."""
    commitment, period = w.commitment(), w.period()
    w.draft(w.commitment(), period)
    people.deactivate_membership(w.contact.membership_in(w.company), by=w.owner, reason="Retired")
    assert "no invoice contact" in invite(w, commitment).refusal
    assert list(Invoice.objects.values_list(HAS_CONTACT)) == [(False,)]
    board = text_of(signed_in(w.admin).get(reverse("period", args=[w.project.slug, period.pk])))
    assert "No invoice contact" in board and not Mail.objects.filter(to=w.contact, headline__contains="bill").exists()


@pytest.mark.parametrize("change", ["nothing", "login closed", "left", "other vendor", "no contact"])
def test_the_two_ways_to_ask_who_can_still_act_agree(w, change):
    """`acting` of contacts, and its twin in SQL that lists of invoices ask."""
    contact = w.draft(w.commitment()).commitment.invoice_contacts.get()
    places = contact.person.memberships
    if change == "login closed":
        type(contact.person).objects.filter(pk=contact.person_id).update(is_active=False)
    elif change == "left":
        places.update(is_active=False)
    elif change == "other vendor":
        places.update(vendor=w.company.vendors.create(name="Bolt Electric"))
    elif change == "no contact":
        contact.delete()
    told = contact.commitment.invoice_contacts.acting().exists()
    assert told == (change == "nothing")
    assert list(Invoice.objects.values_list(HAS_CONTACT)) == [(told,)]


def test_nobody_is_reminded_of_what_can_no_longer_be_billed(w):
    """V-3."""
    invitation = invite(w).invitation
    commitment_moves.move(invitation.commitment, "terminate", by=w.admin, reason="Agreed")
    [told] = reminders.remind(invitation.billing_period, [invitation.commitment], by=w.admin)
    assert "is Terminated" in told.refusal


def test_an_invite_sent_again_takes_the_type_that_was_chosen_now(w):
    """I-2: before there is a bill."""
    first = invite(w).invitation
    again = invite(w, first.commitment, InvoiceType.RELEASE)
    assert again.is_again and Invitation.objects.get().invoice_type == InvoiceType.RELEASE
    assert Event.objects.filter(verb="invited to bill again").get().changes["invoice_type"] == ["work", "release"]
    assert "Retainage release" in Mail.objects.about(first).order_by("pk").last().text


def test_a_link_of_an_ended_project_opens_nothing(w):
    invitation = invite(w).invitation
    projects.end_project(w.project, by=w.owner)
    assert signed_in(w.contact).get(f"/invitations/{invitation.token}/").status_code == 404
    assert signed_in(w.contact).post(f"/invitations/{invitation.token}/", {"answer": "accept"}).status_code == 404
    assert not Invoice.objects.exists()


def test_a_contact_on_read_only_accepts_and_is_told_what_is_missing_to_bill(w):
    """1.2: Read Only answers, Standard bills."""
    invitation = invite(w).invitation
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    answer = signed_in(w.contact).post(f"/invitations/{invitation.token}/", {"answer": "accept"}, follow=True)
    assert answer.status_code == 200 and "Your answer is noted. To enter the bill you need" in text_of(answer)
    invitation.refresh_from_db()
    assert invitation.answer == "accepted" and not Invoice.objects.exists()


def test_a_contact_does_not_withdraw_what_could_not_be_sent_again(w):
    """B-5, 5.1: after the due date the project team sends it back instead."""
    sent = w.submitted()
    with time_machine.travel(AFTER_DUE), pytest.raises(NotNow, match="could not be sent again"):
        invoices.withdraw(sent, by=w.contact)
    assert invoices.withdraw(sent, by=w.contact).status == "draft"


def test_a_draft_whose_more_time_is_over_is_stranded_again(w):
    """B-5."""
    draft = w.draft()
    due_dates.extend(draft.billing_period, draft.commitment, LATER, by=w.admin, reason="Storm")
    w.period(draft.period_start_date.replace(month=7))
    assert not Invoice.objects.stranded_in(w.project).exists()
    with time_machine.travel(AFTER_ALL):
        assert list(Invoice.objects.stranded_in(w.project)) == [draft]


def test_the_board_and_my_bills_go_by_the_bills_own_date_as_its_sending_does(w):
    """B-5, B-6: it was made while the period was due later than the more time that it was given."""
    june, commitment = w.period(), w.commitment()
    due_dates.extend(june, commitment, LATER, by=w.admin, reason="Storm")
    days = PeriodDates.of(june)
    june = billing_periods.change_dates(june, replace(days, due_date=date(2030, 7, 8)), by=w.admin, version=1)
    draft = w.entered(w.draft(commitment))
    billing_periods.change_dates(june, days, by=w.admin, version=june.version)
    w.period(date(2030, 7, 1))
    with time_machine.travel(AFTER_ALL):
        assert not Invoice.objects.stranded_in(w.project).exists()
        assert [each.bill for each in signed_in(w.contact).get(reverse("bills")).context["todo"]] == [draft]
        assert invoices.submit(Invoice.objects.get(pk=draft.pk), by=w.contact).status == "under_review"


def test_an_invite_page_of_a_closed_period_does_not_say_that_its_due_date_was(w):
    invitation = invite(w).invitation
    w.period(invitation.billing_period.start_date.replace(month=7))
    page = text_of(signed_in(w.contact).get(f"/invitations/{invitation.token}/"))
    assert "The project team closed this billing period" in page and "were due" not in page


def test_nobody_is_reminded_in_the_night_of_the_project(w):
    """V-3."""
    BillingSettings.objects.create(project=w.project, reminder_days=1)
    with time_machine.travel(datetime(2030, 6, 3, 15, tzinfo=UTC)):
        invitation = invite(w).invitation
    with time_machine.travel(datetime(2030, 6, 5, 5, 10, tzinfo=UTC)):  # 0:10 in Chicago
        assert reminding.remind_due() == 0
    with time_machine.travel(datetime(2030, 6, 5, 12, 10, tzinfo=UTC)):  # 7:10
        assert reminding.remind_due() == 1
    assert Event.objects.about(invitation).filter(verb="reminded").count() == 1


def test_who_declined_and_is_asked_again_has_a_new_answer_to_give(w):
    """V-1."""
    invitation = invite(w).invitation
    invitations.answer(invitation, False, "Nothing yet", by=w.contact)
    invite(w, invitation.commitment)
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.words, invitation.answered_by) == ("", "", None)
    assert Event.objects.filter(verb="invited to bill again").get().changes["answer"] == ["declined", ""]


def test_nobody_declines_once_there_is_a_bill(w):
    invitation = invite(w).invitation
    w.draft(invitation.commitment, invitation.billing_period)
    with pytest.raises(NotNow, match="There is a bill for this period already"):
        invitations.answer(invitation, False, by=w.contact)


def test_a_period_in_which_somebody_was_refused_an_invite_stays_with_its_round(w):
    """B-6."""
    period = w.period()
    rounds.invite(period, [w.commitment(contact=False)], InvoiceType.WORK, by=w.admin)
    with pytest.raises(NotNow, match="1 round of invites"):
        billing_periods.delete(period, by=w.admin)


def test_more_time_ends_where_the_bill_has_moved_away(w):
    """B-5."""
    draft = w.draft()
    due_dates.extend(draft.billing_period, draft.commitment, LATER, by=w.admin, reason="Storm")
    target = w.period(draft.period_start_date.replace(month=7))
    invoice_periods.move(Invoice.objects.get(pk=draft.pk), target, by=w.admin)
    assert not draft.commitment.due_date_extensions.exists()


def test_nobody_is_reminded_of_a_bill_that_cannot_start_before_another_is_approved(w):
    """I-7, V-3."""
    first = w.submitted()
    july = w.period(first.period_start_date.replace(month=7))
    [result] = invitations.invite(july, [first.commitment], InvoiceType.WORK, by=w.admin)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        [told] = reminders.remind(july, [first.commitment], by=w.admin)
    assert result.invitation and "Bill 1 is Under Review" in told.refusal


def test_who_has_more_time_in_a_closed_period_is_reminded(w):
    """V-3: until the due date, which is their own."""
    BillingSettings.objects.create(project=w.project, reminder_days=1)
    with time_machine.travel(datetime(2030, 6, 20, 15, tzinfo=UTC)):
        invitation = invite(w).invitation
        due_dates.extend(invitation.billing_period, invitation.commitment, LATER, by=w.admin, reason="Storm")
        w.period(invitation.billing_period.start_date.replace(month=7))
    with time_machine.travel(datetime(2030, 7, 2, 15, tzinfo=UTC)):
        assert reminding.remind_due() == 1
    with time_machine.travel(AFTER_ALL):
        assert reminding.remind_due() == 0


def test_a_round_that_breaks_off_keeps_what_was_sent(w, monkeypatch):
    """R66, 9.2."""
    monkeypatch.setattr(invitations, "AT_ONCE", 1)
    period, first, second = w.period(), w.commitment(), w.commitment()

    def chosen():
        yield first
        set_level(w.admin, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
        yield second

    with pytest.raises(NotAllowed):
        rounds.invite(period, chosen(), InvoiceType.WORK, by=w.admin)
    [kept] = period.rounds.get().outcomes
    assert (kept["commitment"], kept["outcome"]) == (first.pk, "invited")


def test_a_round_page_counts_its_own_mails_alone(w):
    with time_machine.travel(datetime(2030, 6, 3, 15, tzinfo=UTC)):
        commitment, period = w.commitment(), w.period()
        made = rounds.invite(period, [commitment], InvoiceType.WORK, by=w.admin)
    with time_machine.travel(datetime(2030, 6, 6, 15, tzinfo=UTC)):
        reminding.remind(commitment.invitations.get())
    page = signed_in(w.admin).get(reverse("period-round", args=[w.project.slug, period.pk, made.pk]))
    assert [len(row.mails) for row in page.context["rows"]] == [1]
