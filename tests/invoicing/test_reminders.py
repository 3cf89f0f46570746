"""Reminders: off at first, then every so many days until the due date, to the silent alone (V-3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from directory.models import Event, Mail
from directory.refusals import NotAllowed
from invoicing import reminding, tasks
from invoicing.actions import commitments, due_dates, invitations, reminders
from invoicing.models import BillingPeriod, BillingSettings, Invoice, InvoiceType
from tests.factories import World, world
from tests.invoicing.pages import signed_in, text_of

START = datetime(2030, 6, 3, 15, tzinfo=UTC)  # a Monday; the period of factories is due on 25 June


def invited(there: World, count: int = 1, days: int = 2) -> list:
    with time_machine.travel(START):
        period = there.period()
        BillingSettings.objects.update_or_create(project=there.project, defaults={"reminder_days": days})
        chosen = [there.commitment() for _ in range(count)]
        return [result.invitation for result in invitations.invite(period, chosen, InvoiceType.WORK, by=there.admin)]


def on_day(number: int, hour: int = 15):
    """`number` days after the invite."""
    return time_machine.travel(START.replace(hour=hour) + timedelta(days=number))


def events(invitation) -> int:
    return Event.objects.about(invitation).filter(verb="reminded").count()


@pytest.mark.django_db
def test_off_is_the_default_and_nobody_is_reminded():
    there = world()
    [invitation] = invited(there, days=0)
    for day in range(1, 10):
        with on_day(day):
            assert tasks.remind_unanswered() == 0
    assert events(invitation) == 0


@pytest.mark.django_db
def test_once_the_day_has_passed_it_is_named_although_the_period_closed_too():
    """Whoever reminds can move the day."""
    there = world()
    [invitation] = invited(there)
    with time_machine.travel(START):
        draft = there.draft(there.commitment(), invitation.billing_period)
    period = BillingPeriod.objects.get()
    with on_day(10):
        assert reminding.why_not_about(draft) == ""
    for is_closed in (False, True):
        BillingPeriod.objects.filter(pk=period.pk).update(status="closed" if is_closed else "open")
        draft = Invoice.objects.with_context().get(pk=draft.pk)
        with on_day(30):
            assert reminding.why_not_about(draft) == "Bills were due on Tue 25 Jun 2030."
    with on_day(10):
        assert reminding.why_not_about(draft) == "The billing period is closed."


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "expected"), [(1, 22), (2, 11), (3, 7)])
def test_every_so_many_days_until_the_due_date_and_never_after(days, expected):
    there = world()
    [invitation] = invited(there, days=days)
    for day in range(40):
        for _ in range(2):
            with on_day(day):
                tasks.remind_unanswered()
    assert events(invitation) == expected
    invitation.refresh_from_db()
    assert invitation.reminders == expected


@pytest.mark.django_db
def test_who_answered_or_has_a_bill_is_left_alone():
    there = world()
    silent, accepted, declined, billing = invited(there, 4)
    with on_day(1):
        invitations.answer(accepted, True, by=there.contact)
        invitations.answer(declined, False, by=there.contact)
        there.draft(billing.commitment)
    with on_day(2):
        tasks.remind_unanswered()
    assert [events(each) for each in (silent, accepted, declined, billing)] == [1, 0, 0, 0]


@pytest.mark.django_db
def test_a_day_is_a_day_of_the_project():
    """23:30 on Honolulu's Monday is UTC's Tuesday; two days later is Wednesday in Honolulu."""
    there = world()
    there.project.time_zone = "Pacific/Honolulu"
    there.project.save()
    [invitation] = invited(there)
    with time_machine.travel(datetime(2030, 6, 5, 9, 30, tzinfo=UTC)):
        assert tasks.remind_unanswered() == 0, "Tuesday 23:30 in Honolulu"
    with time_machine.travel(datetime(2030, 6, 5, 17, 30, tzinfo=UTC)):
        assert tasks.remind_unanswered() == 1, "Wednesday 7:30"
    assert events(invitation) == 1


@pytest.mark.django_db
def test_the_mail_says_when_it_is_due_and_leads_to_the_answer():
    there = world()
    [invitation] = invited(there)
    with on_day(21):
        tasks.remind_unanswered()
    mail = Mail.objects.about(invitation).first()
    assert mail.headline.startswith("Due tomorrow: June 2030 bill for SC-")
    for part in (mail.text, mail.html):
        assert reverse("invitation", args=["x"]).removesuffix("x/") in part and "{{" not in part
    assert mail.reply_to == there.admin.email


@pytest.mark.django_db
def test_more_time_for_one_commitment_moves_its_last_reminder(client):
    """B-5: its own due date counts."""
    there = world()
    other, longer = invited(there, 2, days=1)
    with on_day(21):
        due_dates.extend(longer.billing_period, longer.commitment, date(2030, 6, 30), by=there.admin, reason="Storm")
    with on_day(24):
        assert tasks.remind_unanswered() == 1
    assert (events(other), events(longer)) == (0, 1)
    assert any(mail.headline.startswith("Due Sunday") for mail in Mail.objects.about(longer))


@pytest.mark.django_db
def test_whoever_is_no_contact_any_more_gets_none():
    """R97."""
    there = world()
    [invitation] = invited(there)
    commitments.remove_contact(invitation.commitment.invoice_contacts.get(), by=there.admin)
    with on_day(2):
        assert tasks.remind_unanswered() == 0
    assert events(invitation) == 0


@pytest.mark.django_db
def test_an_admin_reminds_by_hand_and_reads_why_not(client):
    there = world()
    first, second = invited(there, 2, days=0)
    period = first.billing_period
    with on_day(1):
        invitations.answer(second, False, "Nothing this month", by=there.contact)
        page = signed_in(there.admin).post(
            reverse("period-remind", args=[there.project.slug, period.pk]),
            {"commitment": [first.commitment_id, second.commitment_id]},
            follow=True,
        )
        text = text_of(page)
        assert "Reminders: 1 sent, 1 not" in text and "It was declined." in text
        board = signed_in(there.admin).get(reverse("period", args=[there.project.slug, period.pk]))
        assert "reminded 1×" in text_of(board)
        [again] = reminders.remind(period, [first.commitment], by=there.admin)
    assert again.refusal == "They were written to today already." and events(first) == 1


@pytest.mark.django_db
def test_only_admins_remind():
    there = world()
    [invitation] = invited(there)
    with pytest.raises(NotAllowed):
        reminders.remind(invitation.billing_period, [invitation.commitment], by=there.reader)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_write_once():
    there = world()
    [invitation] = invited(there)

    def run(_):
        try:
            return reminding.remind_due()
        finally:
            connection.close()

    with on_day(2), ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(run, range(4))) == 1
    assert events(invitation) == 1
