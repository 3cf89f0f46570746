"""Payments recorded on an approved invoice: by whom, what is refused, what everybody sees, and that none is erased."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.models import Event, Mail
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import deleting, invoices, payments
from invoicing.models import BillingSettings, Invoice, Payment, PaymentMethod
from tests.factories import D, payment_of, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def invoice(w):
    """Line 8 is 900.00."""
    return w.approved()


def recorded(w, invoice, amount="400.00", number=None, **more) -> Payment:
    return payments.record_payment(invoice, payment_of(amount, number), by=w.admin, **more)


def status_of(invoice) -> str:
    return Invoice.objects.get(pk=invoice.pk).payment_status


def typed(**other) -> dict:
    return {"method": "check", "number": "1001", "paid_date": "2026-01-15", "amount": "400.00"} | other


def test_an_admin_records_what_was_paid_and_both_sides_see_it(w, invoice):
    client = signed_in(w.admin)
    page = text_of(client.get(at(invoice) + "?show=payments"))
    assert "Not paid" in page and "Record a payment…" in page
    form = client.get(at(invoice, "invoice-pay"))
    assert 'value="900.00"' in text_of(form), "what is left is filled in"
    assert client.post(at(invoice, "invoice-pay"), typed(amount="$400")).url == at(invoice) + "?show=payments"
    for who in (w.admin, w.contact):
        page = text_of(signed_in(who).get(at(invoice) + "?show=payments"))
        assert "Partly paid" in page and "Check 1001" in page and "Thu 15 Jan 2026" in page and "500.00" in page
    assert "Take back" not in page and "Record a payment" not in page, "contacts only look"
    bills = text_of(signed_in(w.contact).get("/bills/"))
    assert "Partly paid" in bills and "400.00 paid" in bills
    event = Event.objects.about(invoice).first()
    assert (event.verb, event.by) == ("recorded a payment", w.admin)
    assert event.changes == {"payment": ["", "Check 1001, 400.00, paid Thu 15 Jan 2026"]}
    recorded(w, invoice, "500.00")
    assert status_of(invoice) == "paid" and Invoice.objects.get(pk=invoice.pk).status == "approved"


def test_paying_is_not_part_of_the_status_and_goes_on_after_it_was_sent_to_accounting(w, invoice):
    invoices.lock(invoice)
    invoices.close([invoice])
    recorded(w, invoice, "900.00")
    again = Invoice.objects.get(pk=invoice.pk)
    assert (again.status, again.payment_status, again.version) == ("approved", "paid", invoice.version)


def test_more_than_line_8_needs_a_tick(w, invoice):
    client, address = signed_in(w.admin), at(invoice, "invoice-pay")
    page = client.post(address, typed(amount="900.01"))
    assert page.status_code == 422 and not Payment.objects.exists()
    assert "With it 0.01 more than line 8, 900.00, would be paid" in text_of(page)
    assert 'value="900.01"' in text_of(page) and 'name="accepts_too_much"' in text_of(page)
    assert 'name="accepts_too_much"' not in text_of(client.get(address)), "nobody ticks it beforehand"
    assert client.post(address, typed(amount="900.01", accepts_too_much="on")).status_code == 302
    assert status_of(invoice) == "overpaid"
    assert Event.objects.about(invoice).first().changes["paid too much"] == ["", "0.01"]
    assert "Overpaid" in text_of(client.get(at(invoice) + "?show=payments"))


def test_two_who_record_the_rest_at_once_do_not_pay_it_twice_unseen(w, invoice):
    """Each page showed 900.00 left; the second is asked, for what stands is counted under the lock."""
    recorded(w, invoice, "900.00")
    with pytest.raises(payments.TooMuch):
        recorded(w, invoice, "900.00")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"amount": "0"}, "Type an amount above zero"),
        ({"amount": "-5"}, "Type an amount above zero"),
        ({"amount": "a lot"}, "“a lot” is not an amount"),
        ({"amount": "1.001"}, "more than 2 decimals"),
        ({"number": " "}, "This field is required"),
        ({"number": "1" * 41}, "at most 40 characters"),
        ({"paid_date": "1700-01-01"}, "Choose a day between"),
        ({"paid_date": "2199-01-01"}, "still to come"),
        ({"paid_date": "soon"}, "Enter a valid date"),
        ({"method": "gold"}, "Select a valid choice"),
    ],
)
def test_what_is_typed_wrong_is_named_and_nothing_typed_is_lost(w, invoice, other, words):
    page = signed_in(w.admin).post(at(invoice, "invoice-pay"), typed(**other))
    assert page.status_code == 422 and words in text_of(page)
    assert 'value="1001"' in text_of(page) or "number" in other
    assert not Payment.objects.exists()


def test_a_payment_typed_while_the_review_was_reopened_stands_there_with_why_it_is_not_recorded(w, invoice):
    """9.10."""
    client, address = signed_in(w.admin), at(invoice, "invoice-pay")
    invoices.reopen(invoice, reason="Counted twice", by=w.second_admin)
    page = client.post(address, typed(number="CHK-9911"))
    assert page.status_code == 409 and 'value="CHK-9911"' in page.text and not Payment.objects.exists()
    assert "It is Under Review. Payments are recorded once it is approved." in text_of(page)
    page = client.get(address)
    assert page.status_code == 409 and 'name="number"' not in page.text, "there is nothing to type"


def test_a_day_to_come_is_refused_on_the_projects_clock(w, invoice):
    tomorrow = invoice.project.today + timedelta(days=1)
    page = signed_in(w.admin).post(at(invoice, "invoice-pay"), typed(paid_date=tomorrow.isoformat()))
    assert page.status_code == 422 and "still to come" in text_of(page)


def test_one_check_is_recorded_once(w, invoice):
    client = signed_in(w.admin)
    assert client.post(at(invoice, "invoice-pay"), typed(number="ab-1")).status_code == 302
    page = client.post(at(invoice, "invoice-pay"), typed(number=" AB-1 "))
    assert page.status_code == 422 and "Check ab-1, 400.00, paid Thu 15 Jan 2026 is recorded already" in text_of(page)
    assert client.post(at(invoice, "invoice-pay"), typed(number="ab-1", method="wire")).status_code == 302
    other = w.approved(w.draft(w.commitment()))
    assert recorded(w, other, number="ab-1"), "one check may pay several invoices"
    with pytest.raises(IntegrityError, match="a_payment_is_recorded_once|UNIQUE"), transaction.atomic():
        Payment.objects.create(
            invoice=invoice, number="AB-1", paid_date=date(2026, 1, 1), amount=D("1.00"), recorded_by=w.admin
        )


def test_a_mistake_is_taken_back_with_a_reason_and_stays_to_be_seen(w, invoice):
    payment, client = recorded(w, invoice, number="1001"), signed_in(w.admin)
    address = at(invoice, "payment-take-back", payment.pk)
    assert "counts no more: 400.00" in text_of(client.get(address))
    page = client.post(address, {"reason": " "})
    assert page.status_code == 422 and "Say why it is taken back" in text_of(page)
    assert client.post(address, {"reason": "Another vendor’s check"}).status_code == 302
    assert client.post(address, {"reason": "Again"}).status_code == 302, "a second click"
    assert status_of(invoice) == "not_paid"
    page = text_of(signed_in(w.contact).get(at(invoice) + "?show=payments"))
    assert "Taken back" in page and "Another vendor’s check" in page and "Again" not in page
    event = Event.objects.about(invoice).first()
    assert (event.verb, event.reason) == ("took back a payment", "Another vendor’s check")
    assert Event.objects.filter(verb="took back a payment").count() == 1
    assert recorded(w, invoice, number="1001"), "the number is free again"


def test_only_an_approved_invoice_is_paid(w):
    for invoice in (w.draft(), w.submitted(w.draft(w.commitment()))):
        page = signed_in(w.admin).post(at(invoice, "invoice-pay"), typed())
        assert page.status_code == 409 and "Payments are recorded once it is approved" in text_of(page)
        assert "Payments are recorded once the bill is approved" in text_of(
            signed_in(w.contact).get(at(invoice) + "?show=payments")
        )
        with pytest.raises(NotNow):
            recorded(w, invoice)


def test_what_is_paid_is_not_reopened_sent_back_or_deleted_under_its_payments(w, invoice):
    payment = recorded(w, invoice)
    invoice = Invoice.objects.with_context().get(pk=invoice.pk)
    assert "Reopen the review" not in text_of(signed_in(w.admin).get(at(invoice)))
    for act in (
        lambda: invoices.reopen(invoice, by=w.admin, reason="Counted again"),
        lambda: invoices.send_back(invoice, by=w.admin, comment="Counted again"),
        lambda: deleting.delete(invoice, by=w.admin, reason="Twice"),
    ):
        with pytest.raises(NotNow):
            act()
    with pytest.raises(NotNow, match="Take them back first"):
        invoices.reopen(invoice, by=w.admin, reason="Counted again")
    payments.take_back_payment(payment, reason="Wrong invoice", by=w.admin)
    assert invoices.reopen(invoice, by=w.admin, reason="Counted again").status == "under_review"


def test_nobody_but_an_admin_records_or_takes_back(w):
    invoice = w.approved(w.draft(w.commitment(is_private=False)))
    payment = recorded(w, invoice)
    back = at(invoice, "payment-take-back", payment.pk)
    for who, code in ((w.contact, 403), (w.reader, 403), (person("Una Other", w.company, w.vendor), 404)):
        for address, data in ((at(invoice, "invoice-pay"), typed()), (back, {"reason": "Mine"})):
            assert signed_in(who).get(address).status_code == signed_in(who).post(address, data).status_code == code
    with pytest.raises(NotAllowed):
        payments.record_payment(invoice, payment_of("1.00"), by=w.contact)
    with pytest.raises(NotAllowed):
        payments.take_back_payment(payment, reason="Mine", by=w.approver)
    other = w.approved(w.draft(w.commitment(is_private=False)))
    assert signed_in(w.admin).get(at(other, "payment-take-back", payment.pk)).status_code == 404
    assert Payment.objects.standing().count() == 1


def refused_by_the_database(sql: str) -> None:
    only = pytest.raises(IntegrityError, match="only ever taken back, once")
    with only, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_the_database_keeps_every_payment_as_it_was_recorded(w, invoice):
    payment = recorded(w, invoice)
    refused_by_the_database("UPDATE invoicing_payment SET amount = 1")
    refused_by_the_database("UPDATE invoicing_payment SET number = '2'")
    refused_by_the_database("DELETE FROM invoicing_payment")
    payments.take_back_payment(payment, reason="Wrong invoice", by=w.admin)
    refused_by_the_database("UPDATE invoicing_payment SET taken_back_reason = 'Another'")
    refused_by_the_database("UPDATE invoicing_payment SET taken_back_at = NULL")


@pytest.mark.parametrize("wrong", [{"amount": D("0.00")}, {"taken_back_reason": "No person"}])
def test_the_database_refuses_what_no_payment_is(w, invoice, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(
            **{"invoice": invoice, "number": "1", "paid_date": date(2026, 1, 1), "amount": D("1.00")} | wrong,
            recorded_by=w.admin,
        )


def test_a_number_with_what_nobody_sees_is_refused(w, invoice):
    with pytest.raises(Refused, match="that can be seen"):
        payments.record_payment(
            invoice, payments.NewPayment(PaymentMethod.CHECK, "1\u202e2", date(2026, 1, 1), D("1.00")), by=w.admin
        )


def test_my_bills_asks_once_for_all_payments(w, django_assert_max_num_queries):
    for _ in range(4):
        recorded(w, w.approved(w.draft(w.commitment())))
    client = signed_in(w.contact)
    client.get("/bills/")
    with django_assert_max_num_queries(40):
        page = client.get("/bills/")
    assert text_of(page).count("Partly paid") == 4


# At the same moment

TRIES = 50 if connection.vendor == "postgresql" else 5


def asked_for_a_tick(w, invoice, tries: int) -> list[int]:
    """How many of two people, who record all of line 8 at the same moment, are asked for the tick, in each try."""
    together = Barrier(2)

    def press(by, number: str) -> bool:
        together.wait(30)
        try:
            payments.record_payment(invoice, payment_of("900.00", number), by=by)
        except payments.TooMuch:
            return True
        return False

    def hang_up(_) -> None:
        together.wait(30)  # one for each thread
        connection.close()

    counts = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(tries):
            both = [pool.submit(press, *each) for each in ((w.admin, "1001"), (w.second_admin, "1002"))]
            counts.append(sum(each.result() for each in both))
            for payment in invoice.payments.standing():
                payments.take_back_payment(payment, reason="Once more", by=w.admin)
        list(pool.map(hang_up, range(2)))
    return counts


@pytest.mark.django_db(transaction=True)
def test_of_two_payments_at_the_same_moment_exactly_one_needs_the_tick():
    w = world()
    assert asked_for_a_tick(w, w.approved(), TRIES) == [1] * TRIES


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, lock or none")
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_are_recorded_unasked(monkeypatch):
    """The control: what the race above would show if nobody waited."""
    w = world()
    invoice = w.approved()
    monkeypatch.setattr(type(Invoice.objects.all()), "locked", lambda self, pk: self.with_context().get(pk=pk))
    assert 0 in asked_for_a_tick(w, invoice, 20)


# Who hears of it, and where it shows


def test_contacts_hear_of_a_payment_and_of_its_being_taken_back_unless_the_project_says_not_to():
    """Section 10."""
    w = world()
    invoice = w.approved(None, {"work_this_period": D("1000.00")})
    payment = payments.record_payment(invoice, payment_of("400.00", "1044"), by=w.admin)
    payments.take_back_payment(payment, reason="Stopped at the bank", by=w.second_admin)
    recorded, taken_back = (
        Mail.objects.about(invoice).filter(to=w.contact, headline__startswith="Payment").order_by("pk")
    )
    assert recorded.headline == f"Payment recorded on bill 1 ({invoice.commitment.number}): 400.00"
    assert "1044" in recorded.text and "400.00 of 900.00" in recorded.text and recorded.reply_to == w.admin.email
    assert taken_back.headline.startswith("Payment taken back on bill 1")
    assert "Stopped at the bank" in taken_back.text and "0.00 of 900.00" in taken_back.text
    assert taken_back.reply_to == w.second_admin.email
    BillingSettings.objects.update_or_create(project=w.project, defaults={"mails_payments": False})
    count = Mail.objects.about(invoice).count()
    payments.record_payment(invoice, payment_of("5.00"), by=w.admin)
    assert Mail.objects.about(invoice).count() == count


def test_the_board_says_how_far_each_approved_bill_is_paid_in_as_many_queries():
    w = world()
    client, period = signed_in(w.admin), w.period()
    address = reverse("period", args=[w.project.slug, period.pk])

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    paid, part = (w.approved(w.draft(w.commitment()), {"work_this_period": D("1000.00")}) for _ in range(2))
    asked()
    before = asked()
    payments.record_payment(paid, payment_of("900.00"), by=w.admin)
    payments.take_back_payment(
        payments.record_payment(part, payment_of("500.00"), by=w.admin), reason="Wrong bill", by=w.admin
    )
    payments.record_payment(part, payment_of("100.00"), by=w.admin)
    payments.record_payment(part, payment_of("50.00"), by=w.admin)
    assert asked() == before
    page = client.get(address)
    shown = {row.commitment.pk: (row.bill.payment_status, row.bill.paid) for row in page.context["rows"] if row.bill}
    assert shown == {paid.commitment_id: ("paid", D("900.00")), part.commitment_id: ("partly_paid", D("150.00"))}
    assert "Partly paid" in text_of(page)


def test_who_wants_to_reopen_a_paid_one_is_told_before_typing_why(w, invoice):
    """As the refusal of the post: nobody writes a reason for nothing."""
    client = signed_in(w.admin)
    assert client.get(at(invoice, "invoice-reopen")).status_code == 200
    recorded(w, invoice)
    answer = client.get(at(invoice, "invoice-reopen"), follow=True)
    assert answer.redirect_chain == [(at(invoice), 302)]
    assert "Payments are recorded on it. Take them back first" in text_of(answer)
