"""More time for one commitment (B-5), a bill's own dates (B-6), and what was put back to be finished."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from directory.models import Event, Mail
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import (
    amounts,
    billing_periods,
    billing_settings,
    closing,
    due_dates,
    invitations,
    invoices,
    reminders,
    reviews,
)
from invoicing.models import DueDateExtension, Invoice, InvoiceType, Verdict
from invoicing.periods import PeriodDates
from invoicing.proof import identities_of
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
DUE, LATER = date(2030, 6, 25), date(2030, 7, 5)
AFTER_DUE = datetime(2030, 6, 27, 12, tzinfo=UTC)
AFTER_ALL = datetime(2030, 7, 6, 12, tzinfo=UTC)


@pytest.fixture
def w():
    return world()


def extended(w, commitment, period=None, day=LATER):
    period = period or w.project.billing_periods.get()
    return due_dates.extend(period, commitment, day, by=w.admin, reason="Storm")


def page(w, period, commitment) -> str:
    return reverse("period-extend", args=[w.project.slug, period.pk, commitment.pk])


# What more time lets one do


def test_with_more_time_contacts_start_and_send_after_the_due_date_and_all_others_do_not(w):
    period, late, other = w.period(), w.commitment(), w.commitment()
    extended(w, late)
    with time_machine.travel(AFTER_DUE):
        bill = w.submitted(w.draft(late))
        assert (bill.due_date, bill.billing_date) == (LATER, LATER)
        assert [each.holds for each in identities_of(bill) if each.number == "N-12"] == [True]
        with pytest.raises(NotNow, match="due on Tue 25 Jun 2030"):
            invoices.create(other, period, by=w.contact)


def test_it_ends_at_the_end_of_its_own_day(w):
    w.period()
    late = w.commitment()
    extended(w, late)
    draft = w.entered(w.draft(late))
    with time_machine.travel(datetime(2030, 7, 6, 4, 59, tzinfo=UTC)):  # 23:59 in Chicago
        assert invoices.submit(Invoice.objects.get(pk=draft.pk), by=w.contact).status == "under_review"
    third = w.commitment()
    extended(w, third)
    with time_machine.travel(AFTER_ALL), pytest.raises(NotNow, match="due on Fri 5 Jul 2030"):
        w.draft(third)


def test_a_bill_begun_before_takes_over_the_new_date_and_is_dated_on_it(w):
    """B-6, I-7: billing date = due date, until somebody types another."""
    bill = w.entered(w.draft(w.commitment()))
    extended(w, bill.commitment)
    bill = Invoice.objects.get(pk=bill.pk)
    assert (bill.due_date, bill.billing_date, bill.period_end_date) == (LATER, LATER, date(2030, 6, 28))
    told = Event.objects.about(bill.commitment).get(verb="extended the due date").changes
    assert told["billing_date"] == told["due_date"] == [str(DUE), str(LATER)]
    with time_machine.travel(AFTER_DUE):
        assert invoices.submit(bill, by=w.contact).status == "under_review"


def test_more_time_leaves_a_billing_date_that_somebody_typed(w):
    bill, typed = w.entered(w.draft(w.commitment())), date(2030, 6, 12)
    header = amounts.HeaderEntry(number=bill.number, billing_date=typed)
    bill = amounts.save_lines(bill, {}, by=w.contact, version=bill.version, header=header)
    extended(w, bill.commitment)
    kept = Invoice.objects.get(pk=bill.pk)
    assert (kept.due_date, kept.billing_date, kept.version) == (LATER, typed, bill.version)
    assert "billing_date" not in Event.objects.about(bill.commitment).get(verb="extended the due date").changes


def test_it_holds_also_when_the_period_closes_and_for_that_one_alone(w):
    """R43: what is sent into a closed period is only what an Admin allowed by name."""
    june = w.period()
    late, other = w.entered(w.draft(w.commitment())), w.entered(w.draft(w.commitment()))
    unbegun = w.commitment()
    extended(w, late.commitment, june)
    extended(w, unbegun, june)
    w.period(date(2030, 7, 1))
    with pytest.raises(NotNow, match="closed"):
        invoices.submit(Invoice.objects.get(pk=other.pk), by=w.contact)
    with time_machine.travel(AFTER_DUE):
        assert invoices.submit(Invoice.objects.get(pk=late.pk), by=w.contact).status == "under_review"
        client = signed_in(w.contact)
        text = client.get("/bills/").content.decode()
        assert "June 2030" in text and f'name="period" value="{june.pk}"' in text
        client.post(reverse("invoice-start", args=[w.project.slug, unbegun.number]), {"period": june.pk})
    assert unbegun.invoices.get().billing_period == june
    with time_machine.travel(AFTER_ALL):
        assert f'name="period" value="{june.pk}"' not in signed_in(w.contact).get("/bills/").content.decode()


def test_a_closed_period_named_without_more_time_takes_no_bill(w):
    june, commitment = w.period(), w.commitment()
    w.period(date(2030, 7, 1))
    start = reverse("invoice-start", args=[w.project.slug, commitment.number])
    assert "period is closed" in signed_in(w.contact).post(start, {"period": june.pk}, follow=True).content.decode()
    assert not Invoice.objects.exists()
    assert signed_in(w.contact).post(start, {"period": world().period().pk}).status_code == 404


def test_who_has_more_time_can_be_invited_and_can_answer_until_then(w):
    period, late, other = w.period(), w.commitment(), w.commitment()
    extended(w, late)
    with time_machine.travel(AFTER_DUE):
        done = invitations.invite(period, [late, other], InvoiceType.WORK, by=w.admin)
        assert [each.refusal for each in done] == ["", "Bills were due on Tue 25 Jun 2030."]
        mail = Mail.objects.get(headline__startswith=f"{w.project.name}: send your June 2030 bill by Fri 5 Jul")
        assert "Due: the end of Fri 5 Jul 2030" in mail.text
        invitation = late.invitations.get()
        text = signed_in(w.contact).get(reverse("invitation", args=[invitation.token])).content.decode()
        assert "due Fri 5 Jul 2030" in text and "until the end of Fri 5 Jul 2030" in text and "We will bill" in text
        assert invitations.answer(invitation, False, by=w.contact).answer == "declined"
    with time_machine.travel(AFTER_ALL), pytest.raises(NotNow, match="Fri 5 Jul 2030"):
        invitations.answer(invitation, True, by=w.contact)


def test_by_invitation_only_stays_so(w):
    """V-2: more time is no invite."""
    billing_settings.change(w.project, {"by_invitation_only": True}, by=w.admin, version=1)
    w.period()
    late = w.commitment()
    extended(w, late)
    with pytest.raises(NotNow, match="by invitation only"):
        w.draft(late)


# Giving it


def test_it_is_recorded_with_old_and_new_date_and_mailed_to_the_contacts(w):
    bill = w.draft(w.commitment())
    extended(w, bill.commitment)
    extended(w, bill.commitment, day=date(2030, 7, 9))
    first, second = Event.objects.filter(verb="extended the due date").order_by("pk")
    moved = ["2030-06-25", "2030-07-05"]
    assert first.changes == {"billing_period": ["", "June 2030"], "due_date": moved, "billing_date": moved}
    assert second.changes["due_date"] == ["2030-07-05", "2030-07-09"] and second.reason == "Storm"
    mail = Mail.objects.about(bill).first()
    assert mail.to == w.contact and mail.reply_to == w.admin.email
    assert mail.headline.startswith("You have until Tue 9 Jul for your June 2030 bill")
    assert "Storm" in mail.text and at(bill, "invoice-enter") in mail.text
    assert DueDateExtension.objects.get().due_date == date(2030, 7, 9)


@pytest.mark.parametrize(
    ("day", "reason", "field"),
    [
        (DUE, "Storm", "due_date"),
        (date(2030, 6, 1), "Storm", "due_date"),
        (date(9999, 12, 31), "Storm", "due_date"),
        (LATER, "  ", "reason"),
    ],
)
def test_a_date_that_gives_no_time_and_no_reason_are_refused(w, day, reason, field):
    period, commitment = w.period(), w.commitment()
    with pytest.raises(Refused) as refused:
        due_dates.extend(period, commitment, day, by=w.admin, reason=reason)
    assert refused.value.field == field
    with time_machine.travel(AFTER_ALL), pytest.raises(Refused, match="has passed"):
        due_dates.extend(period, commitment, LATER, by=w.admin, reason="Storm")
    assert not DueDateExtension.objects.exists()


def test_there_is_nothing_to_extend_for_a_bill_that_was_sent_or_a_commitment_nobody_bills(w):
    bill = w.submitted(w.draft(w.commitment()))
    with pytest.raises(NotNow, match="it was sent"):
        extended(w, bill.commitment)
    with pytest.raises(NotNow, match="is Draft"):
        extended(w, w.commitment(moves=(), contact=False))
    with pytest.raises(Refused, match="another project"):
        extended(w, world().commitment(), w.project.billing_periods.get())


def test_only_a_project_admin_gives_it(w):
    period, commitment = w.period(), w.commitment()
    for by in (w.reader, w.contact, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            due_dates.extend(period, commitment, LATER, by=by, reason="Storm")


def test_two_who_give_it_at_once_see_each_others_date(w):
    period, commitment = w.period(), w.commitment()
    client, typed = signed_in(w.admin), {"due_date": "2030-07-09", "reason": "Flood", "seen": "2030-06-25"}
    extended(w, commitment)
    with pytest.raises(Stale):
        due_dates.extend(period, commitment, date(2030, 7, 9), by=w.admin, reason="Flood", seen=DUE)
    answer = client.post(page(w, period, commitment), typed)
    text = answer.content.decode()
    assert answer.status_code == 409 and "it is Fri 5 Jul 2030 now" in text
    assert 'value="2030-07-09"' in text and "Flood" in text and 'name="seen" value="2030-07-05"' in text
    client.post(page(w, period, commitment), typed | {"seen": "2030-07-05"})
    assert DueDateExtension.objects.get().due_date == date(2030, 7, 9)


def test_the_database_keeps_one_due_date_of_its_own_for_a_commitment_in_a_period(w):
    commitment = w.commitment()
    made = extended(w, commitment, w.period())
    with pytest.raises(IntegrityError), transaction.atomic():
        DueDateExtension.objects.create(
            commitment=commitment, billing_period=made.billing_period, due_date=LATER, by=w.admin, at=timezone.now()
        )


# Where it is shown


def test_the_admin_gives_it_from_the_board_and_everybody_concerned_sees_the_date(w):
    period, late = w.period(), w.commitment()
    client = signed_in(w.admin)
    board = reverse("period", args=[w.project.slug, period.pk])
    assert page(w, period, late) in client.get(board).content.decode()
    shown = client.get(page(w, period, late)).content.decode()
    assert "Lee Park gets a mail" in shown and "are due <strong>Tue 25 Jun 2030</strong> now" in shown
    answer = client.post(page(w, period, late), {"due_date": "2030-07-05", "reason": "Storm"}, follow=True)
    assert f"{late.number} has until Fri 5 Jul 2030" in answer.content.decode()
    assert "more time: due Fri 5 Jul 2030" in client.get(board).content.decode()
    commitment_page = reverse("commitment", args=[w.project.slug, late.number])
    for who in (w.admin, w.contact):
        text = signed_in(who).get(commitment_page).content.decode()
        assert "Fri 5 Jul 2030" in text and "more time than others (Tue 25 Jun 2030)" in text
        assert (page(w, period, late) in text) == (who == w.admin)
    bills = signed_in(w.contact).get("/bills/").content.decode()
    assert "Fri 5 Jul 2030" in bills and "more time than others" in bills
    bill = w.draft(late)
    assert "due by the end of Fri 5 Jul 2030" in signed_in(w.contact).get(at(bill, "invoice-enter")).content.decode()


def test_a_bills_pages_say_by_whose_clock_it_is_due_as_its_mails_do(w):
    """U10: the day ends where the project is."""
    bill = w.entered(w.draft())
    reminders.remind_about([bill], by=w.admin)
    until = "the end of Tue 25 Jun 2030, Chicago time"
    assert until in Mail.objects.filter(to=w.contact).latest("pk").text
    for name in ("invoice", "invoice-enter", "invoice-send", "invoice-upload"):
        for who in (w.contact, w.admin):
            assert f"due by {until}" in text_of(signed_in(who).get(at(bill, name))), name
    assert re.search(
        r"Tue 25 Jun 2030</strong><span[^>]*>in \d+ days, Chicago time<", text_of(signed_in(w.contact).get("/bills/"))
    )


def test_what_does_not_fit_comes_back_beside_its_field(w):
    period, commitment = w.period(), w.commitment()
    answer = signed_in(w.admin).post(page(w, period, commitment), {"due_date": "2030-06-20", "reason": "Rain"})
    text = answer.content.decode()
    assert answer.status_code == 422 and "It has until Tue 25 Jun 2030 already" in text and "Rain" in text
    assert signed_in(w.admin).get(page(w, period, world().commitment())).status_code == 404
    assert signed_in(w.reader).get(page(w, period, commitment)).status_code == 403


def test_the_bills_of_a_contact_cost_no_more_queries_with_more_extensions(w, django_assert_max_num_queries):
    period = w.period()
    commitments = [w.commitment() for _ in range(6)]
    client = signed_in(w.contact)
    extended(w, commitments[0], period)
    w.period(date(2030, 7, 1))
    with django_assert_max_num_queries(30) as few:
        client.get("/bills/")
    for each in commitments[1:]:
        extended(w, each, period)
    with django_assert_max_num_queries(len(few)):
        client.get("/bills/")


# B-5: an Admin needs no more time


@pytest.mark.parametrize("is_closed", [False, True], ids=["late", "closed"])
def test_an_admin_sends_from_the_pages_what_its_contact_no_longer_can(w, is_closed):
    """5.1: submit is IC or Admin; what is checked before is what the sending itself asks (B-5, N-12)."""
    bill = w.entered(w.draft(w.commitment()))
    with time_machine.travel(AFTER_DUE):
        if is_closed:
            closing.close_and_settle(bill.billing_period, {}, by=w.admin)
        admin, contact, page = signed_in(w.admin), signed_in(w.contact), at(bill, "invoice-send")
        late = "The due date has passed. Ask the project team to extend it"
        shut = text_of(contact.get(page))
        assert late in shut and "above block" in shut and "Send bill</button>" not in shut
        assert ("The billing period is closed. Ask the project team" in shut) == is_closed
        assert late in text_of(contact.get(at(bill, "invoice-enter")))
        for name in ("invoice-enter", "invoice-send"):
            assert "Ask the project team" not in text_of(admin.get(at(bill, name)))
        assert late not in text_of(admin.get(f"{at(bill)}?show=summary"))
        shown = admin.get(page)
        assert "Send invoice</button>" in text_of(shown)
        seen = [name for _, name, _ in shown.context["warnings"]]
        assert admin.post(page, {"version": shown.context["invoice"].version, "seen": seen}).status_code == 302
    assert Invoice.objects.get(pk=bill.pk).status == "under_review"


# B-5, the other way: put back


def test_what_an_admin_puts_back_the_contact_finishes_after_the_due_date_and_the_close(w):
    """B-5: to Revise & Resubmit, and from there to Draft."""
    invoice = w.submitted(w.draft(w.commitment()))
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.admin)
    with time_machine.travel(AFTER_DUE):
        invoice = invoices.send_back(Invoice.objects.get(pk=invoice.pk), by=w.admin)
        closing.close_and_settle(invoice.billing_period, {}, by=w.admin)
        invoice = invoices.save_draft(invoice, by=w.admin)
        assert (invoice.status, invoice.may_finish_late) == ("draft", True)
        invoice = w.entered(invoice, {"work_this_period": D("900.00")})
        assert invoices.submit(invoice, by=w.contact).status == "under_review"


def test_a_draft_that_was_never_put_back_stays_shut(w):
    """And what was withdrawn needs more time after the due date."""
    invoice = w.submitted(w.draft(w.commitment()))
    invoice = invoices.withdraw(invoice, by=w.contact)
    with time_machine.travel(AFTER_DUE):
        with pytest.raises(NotNow, match="Ask the project team for more time"):
            invoices.submit(invoice, by=w.contact)
        extended(w, invoice.commitment)
        assert invoices.submit(Invoice.objects.get(pk=invoice.pk), by=w.contact).status == "under_review"


@pytest.mark.parametrize("begun", [False, True])
def test_more_time_never_takes_time_away(w, begun):
    """B-5: what was promised stays; the page says until when it is."""
    w.period()
    late = w.commitment()
    bill = w.draft(late) if begun else None
    extended(w, late)
    with pytest.raises(Refused, match="It has until Fri 5 Jul 2030 already"):
        extended(w, late, day=date(2030, 7, 1))
    assert DueDateExtension.objects.get().due_date == LATER
    if bill:
        bill.refresh_from_db()
        assert bill.due_date == LATER


def test_closing_with_less_time_than_was_promised_leaves_the_bill_as_it_is(w):
    """9.5: the row says so."""
    bill = w.draft(w.commitment())
    extended(w, bill.commitment, day=date(2030, 7, 20))
    closed = closing.close_and_settle(
        bill.billing_period, {bill.pk: closing.Fate.LATE}, by=w.admin, late_until=date(2030, 7, 3)
    )
    assert [each.refusal for each in closed.bills] == ["It has until Sat 20 Jul 2030 already. Choose a later day."]
    bill.refresh_from_db()
    assert bill.due_date == date(2030, 7, 20)


def test_a_begun_bill_can_get_the_day_that_all_others_have_by_now(w):
    """B-6: its own date stayed when the period's moved."""
    bill = w.draft(w.commitment())
    period = bill.billing_period
    later = PeriodDates(period.start_date, period.end_date, date(2030, 6, 28))
    billing_periods.change_dates(period, later, by=w.admin, version=period.version)
    extended(w, bill.commitment, day=date(2030, 6, 28))
    bill.refresh_from_db()
    assert bill.due_date == date(2030, 6, 28)
