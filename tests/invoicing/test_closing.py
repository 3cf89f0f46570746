"""Closing a period with bills that are not sent, and moving a bill to another period (9.5, I-3, R41, R43)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.urls import reverse

from directory.models import Event, Mail
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing import periods
from invoicing.actions import billing_periods, closing, due_dates, invoice_periods, invoices
from invoicing.actions.closing import Fate
from invoicing.models import BillingPeriod, DueDateExtension, Invoice
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in

pytestmark = pytest.mark.django_db
JULY = date(2030, 7, 1)


@pytest.fixture
def w():
    return world()


def page(w, period) -> str:
    return reverse("period-close", args=[w.project.slug, period.pk])


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def drafts(w, count: int) -> list[Invoice]:
    return [w.entered(w.draft(w.commitment())) for _ in range(count)]


# Asked for each bill


def test_closing_asks_of_each_bill_and_does_all_of_it_at_once(w):
    left, late, moved = drafts(w, 3)
    sent = w.submitted(w.draft(w.commitment()))
    june = left.billing_period
    client = signed_in(w.admin)
    text = client.get(page(w, june)).content.decode()
    assert "3 bills are not sent" in text and sent.commitment.number not in text
    assert "Open the next period now: Mon 1 Jul 2030 to Wed 31 Jul 2030" in text
    answer = client.post(
        page(w, june),
        {
            f"bill-{left.pk}": "leave",
            f"bill-{late.pk}": "late",
            f"bill-{moved.pk}": "move",
            "late_until": "2030-07-05",
            "opens_next": "on",
        },
        follow=True,
    )
    july = w.project.billing_periods.get(status="open")
    assert answer.redirect_chain[0][0] == reverse("period", args=[w.project.slug, july.pk])
    told = [str(message) for message in answer.context["messages"]]
    assert told == [
        "June 2030 is closed. July 2030 is open.",
        f"Moved to July 2030: {moved.commitment.number} bill 1.",
        f"May come until Fri 5 Jul 2030: {late.commitment.number} bill 1.",
        f"Left as they are: {left.commitment.number} bill 1.",
    ]
    left, late, moved = map(fresh, (left, late, moved))
    assert (left.billing_period, left.due_date) == (june, date(2030, 6, 25))
    assert (late.billing_period, late.due_date) == (june, date(2030, 7, 5))
    assert (moved.billing_period, moved.due_date) == (july, date(2030, 7, 25))
    assert {mail.to for mail in Mail.objects.about(late, moved)} == {w.contact} and not Mail.objects.about(left)
    with time_machine.travel(datetime(2030, 6, 29, 12, tzinfo=UTC)):
        for invoice in (late, moved):
            assert invoices.submit(invoice, by=w.contact).status == "under_review"
        with pytest.raises(NotNow, match="closed"):
            invoices.submit(left, by=w.contact)


def test_nothing_is_done_when_a_choice_lacks_what_it_needs(w):
    """U4: beside its field, with everything chosen kept."""
    [bill] = drafts(w, 1)
    june, client = bill.billing_period, signed_in(w.admin)
    before = Event.objects.count()
    for typed, field, words in (
        ({f"bill-{bill.pk}": "late"}, "late_until", "Say until when"),
        ({f"bill-{bill.pk}": "late", "late_until": "2030-06-20"}, "late_until", "Bills are due on Tue 25 Jun 2030"),
        ({f"bill-{bill.pk}": "move"}, "opens_next", "No period is open after this one"),
        ({f"bill-{bill.pk}": "burn"}, f"bill-{bill.pk}", "not one of the available choices"),
    ):
        answer = client.post(page(w, june), typed)
        assert answer.status_code == 422 and list(answer.context["form"].errors) == [field]
        assert words in answer.content.decode()
    assert '<option value="move" selected>' in client.post(page(w, june), {f"bill-{bill.pk}": "move"}).content.decode()
    assert BillingPeriod.objects.get().is_open and Event.objects.count() == before


def test_a_bill_that_was_sent_meanwhile_is_left_and_told_and_the_others_are_done(w):
    """One that was begun meanwhile is told too: nothing is silently lost."""
    quick, slow = drafts(w, 2)
    june = quick.billing_period
    typed = {f"bill-{quick.pk}": "late", f"bill-{slow.pk}": "late", "late_until": "2030-07-05"}
    invoices.submit(quick, by=w.contact)
    [begun] = drafts(w, 1)
    answer = signed_in(w.admin).post(page(w, june), typed, follow=True)
    told = " ".join(str(message) for message in answer.context["messages"])
    assert f"{quick.commitment.number} bill 1 was left as it is. It was sent meanwhile: it is Under Review" in told
    assert f"May come until Fri 5 Jul 2030: {slow.commitment.number} bill 1" in told
    assert f"Left as they are: {begun.commitment.number} bill 1" in told
    assert [each.commitment for each in DueDateExtension.objects.all()] == [slow.commitment]
    assert not BillingPeriod.objects.get().is_open


def test_what_a_closed_period_left_behind_is_settled_on_the_same_page(w):
    """A period that opened by itself asked nobody; the board says what was left behind."""
    [bill, second] = drafts(w, 2)
    june, july = bill.billing_period, w.period(JULY)
    client = signed_in(w.admin)
    for name, names in (("period", [july.pk]), ("periods", [])):
        text = client.get(reverse(name, args=[w.project.slug, *names])).content.decode()
        assert "June 2030 closed with 2 bills that were not sent" in text and page(w, june) in text
    assert "Move it to July 2030" in client.get(page(w, june)).content.decode()
    client.post(page(w, june), {f"bill-{bill.pk}": "move"})
    assert fresh(bill).billing_period == july
    assert [each.verb for each in Event.objects.about(june)] == ["closed", "opened"]  # once
    closing.close_and_settle(june, {second.pk: Fate.LATE}, by=w.admin, late_until=date(2030, 7, 5))
    assert "not sent and can" not in client.get(reverse("periods", args=[w.project.slug])).content.decode()
    answer = client.post(page(w, june))
    assert answer.status_code == 409 and "closed already" in answer.content.decode()


def test_a_bill_of_another_project_cannot_be_smuggled_in(w):
    """R62."""
    [bill] = drafts(w, 1)
    theirs = drafts(world(), 1)[0]
    typed = {f"bill-{theirs.pk}": "late", f"bill-{bill.pk}": "leave", "late_until": "2030-07-05"}
    signed_in(w.admin).post(page(w, bill.billing_period), typed)
    assert not DueDateExtension.objects.exists() and fresh(theirs).due_date == date(2030, 6, 25)


def test_only_a_project_admin_closes_and_settles(w):
    [bill] = drafts(w, 1)
    for by in (w.reader, w.contact, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            closing.close_and_settle(bill.billing_period, {bill.pk: Fate.LEAVE}, by=by)


# One bill by itself


def test_a_bill_moves_with_its_amounts_and_takes_over_the_other_periods_dates(w):
    bill = w.sent_back(w.draft(w.commitment()))
    july = w.period(JULY)
    client = signed_in(w.admin)
    assert at(bill, "invoice-period") in client.get(at(bill)).content.decode()
    assert "due Thu 25 Jul 2030" in client.get(at(bill, "invoice-period")).content.decode()
    assert client.post(at(bill, "invoice-period"), {"version": bill.version}).url == at(bill)
    moved = fresh(bill)
    assert (moved.billing_period, moved.status, moved.version) == (july, bill.status, bill.version + 1)
    assert (moved.period_start_date, moved.period_end_date) == (july.start_date, july.end_date)
    assert moved.due_date == moved.billing_date == july.due_date
    assert moved.current_payment_due == bill.current_payment_due
    event = Event.objects.about(bill).first()
    assert event.verb == "moved to another period" and event.changes["billing_period"] == ["June 2030", "July 2030"]
    mail = Mail.objects.about(bill).first()
    assert mail.headline == f"Bill 1 moved to July 2030, due Thu 25 Jul ({bill.commitment.number})"
    assert at(bill, "invoice-enter") in mail.text


def test_a_billing_date_that_somebody_typed_stays(w):
    bill = w.draft(w.commitment())
    Invoice.objects.filter(pk=bill.pk).update(billing_date=date(2030, 6, 12))
    july = w.period(JULY)
    assert invoice_periods.move(fresh(bill), july, by=w.admin).billing_date == date(2030, 6, 12)


def test_more_time_in_the_other_period_counts_there(w):
    bill = w.draft(w.commitment())
    july = w.period(JULY)
    due_dates.extend(july, bill.commitment, date(2030, 7, 30), by=w.admin, reason="Holiday")
    moved = invoice_periods.move(fresh(bill), july, by=w.admin)
    assert moved.due_date == moved.billing_date == date(2030, 7, 30)


def test_a_commitment_has_one_bill_in_the_period_it_moves_to(w):
    """I-3, R41."""
    first = w.approved(w.draft(w.commitment()))
    june, july = first.billing_period, w.period(JULY)
    second = w.draft(first.commitment, july)
    billing_periods.reopen(june, by=w.admin)
    with pytest.raises(NotNow, match=f"{first.commitment.number} has bill 1 in June 2030 already"):
        invoice_periods.move(second, june, by=w.admin)
    answer = signed_in(w.admin).post(at(second, "invoice-period"), {"version": second.version})
    assert answer.status_code == 409 and "has bill 1 in June 2030 already" in answer.content.decode()


def test_what_was_sent_or_seen_in_another_version_is_not_moved_nor_anything_into_a_closed_period(w):
    sent, draft = w.submitted(w.draft(w.commitment())), w.draft(w.commitment())
    june, july = sent.billing_period, w.period(JULY)
    with pytest.raises(NotNow, match="Under Review"):
        invoice_periods.move(fresh(sent), july, by=w.admin)
    seen = fresh(draft)
    w.entered(draft)
    with pytest.raises(Stale):
        invoice_periods.move(seen, july, by=w.admin)
    with pytest.raises(NotNow, match="in June 2030 already"):
        invoice_periods.move(fresh(draft), june, by=w.admin)
    may = w.period(date(2030, 5, 1))
    closing.close_and_settle(may, {}, by=w.admin)
    with pytest.raises(NotNow, match="May 2030 is closed"):
        invoice_periods.move(fresh(draft), may, by=w.admin)
    answer = signed_in(w.admin).post(at(draft, "invoice-period"), {"version": "1"})
    assert answer.status_code == 409 and "No other period is open" in answer.content.decode()
    for by in (w.reader, w.contact, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            invoice_periods.move(fresh(draft), july, by=by)


def test_whoever_was_entering_amounts_meets_the_move_as_a_conflict(w):
    """I-5: nothing is typed on dates that are no longer the bill's."""
    bill = w.draft(w.commitment())
    invoice_periods.move(fresh(bill), w.period(JULY), by=w.admin)
    with pytest.raises(Stale):
        w.entered(bill, {"work_this_period": D("5.00")})


# At the same moment


def test_nothing_is_sent_into_a_period_that_closes_at_the_same_moment(transactional_db):
    """R43: either it was sent before, or it is refused; and who moves bills meanwhile blocks nobody for ever (R45)."""
    w = world()
    bills = drafts(w, 8)
    june = bills[0].billing_period

    def send(bill: Invoice) -> str:
        try:
            invoices.submit(fresh(bill), by=w.contact)
        except (NotNow, Stale) as refused:
            return refused.message
        finally:
            connection.close()
        return ""

    def close() -> str:
        try:
            fates = {bill.pk: Fate.MOVE for bill in bills[:4]}
            closing.close_and_settle(june, fates, by=w.admin, opens_next=True)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(9) as pool:
        running = [pool.submit(send, bill) for bill in bills[:4]] + [pool.submit(close)]
        running += [pool.submit(send, bill) for bill in bills[4:]]
        for each in running:
            each.result()
    closed = Event.objects.about(june).get(verb="closed")
    for bill in map(fresh, bills):
        if bill.status == "under_review":
            sent = Event.objects.about(bill).get(verb="sent for review")
            assert bill.billing_period != june or sent.pk < closed.pk
        else:
            assert bill.billing_period == june or bill in bills[:4]
    assert w.project.billing_periods.filter(status="open").count() == 1


def test_a_refusal_of_the_next_period_leaves_the_one_open(w):
    """One transaction: no period closes because another could not open."""
    [bill] = drafts(w, 1)
    june = bill.billing_period
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Refused):
        patch.setattr(periods, "proposed", lambda project: periods.PeriodDates.of(june))
        closing.close_and_settle(june, {bill.pk: Fate.MOVE}, by=w.admin, opens_next=True)
    assert BillingPeriod.objects.get().is_open
