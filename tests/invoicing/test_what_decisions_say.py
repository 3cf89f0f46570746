"""A decision says what was said with it, and to whom: no older word, no later one (5.1, U6, I-9)."""

import pytest

from directory.models import Event, Mail
from invoicing.actions import amounts, invoices, reviews
from invoicing.models import Invoice, Verdict
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def fresh(invoice: Invoice) -> Invoice:
    return Invoice.objects.with_context().get(pk=invoice.pk)


def test_what_was_said_when_it_came_back_is_no_word_on_the_approval(w):
    back = invoices.send_back(w.submitted(), by=w.admin, comment="Please look again")
    approved = invoices.approve(invoices.submit(fresh(back), by=w.contact), by=w.admin)
    assert approved.comment == ""
    assert "Please look again" not in Mail.objects.filter(headline__contains="approved").last().text


def test_holding_for_the_owner_keeps_its_comment(w):
    invoice = w.submitted()
    form = {"decision": "hold_for_owner", "comment": "Crane cost to be agreed", "version": invoice.version}
    signed_in(w.admin).post(at(invoice, "review-finish"), form)
    assert fresh(invoice).comment == "Crane cost to be agreed"
    assert Event.objects.filter(to_state="pending_owner_approval").get().reason == "Crane cost to be agreed"


def test_the_mail_of_a_return_names_every_line_that_was_cut(w):
    """I-9: a line may be allowed otherwise without being rejected."""
    invoice = w.submitted(None, {"work_this_period": D("333.00")}, {"work_this_period": D("50.00")})
    first, second = invoice.lines.all()
    cut = {first.pk: {"work_this_period": D("300.00"), "allowed_reason": "Two rooms are missing"}}
    invoice = amounts.save_lines(invoice, cut, by=w.admin, version=invoice.version)
    reviews.decide(second, Verdict.REJECTED, "Not poured", by=w.admin)
    shown = text_of(signed_in(w.admin).get(at(invoice, "review-finish")))
    invoices.send_back(fresh(invoice), by=w.admin)
    mail = Mail.objects.get(headline__contains="1 line of bill 1 needs you")
    for words in ("333.00", "300.00", "Two rooms are missing", "Not poured"):
        assert words in mail.text and words in mail.html and words in shown


def test_a_resubmission_clears_what_was_allowed_of_the_claim_before(w):
    invoice = w.submitted(None, {"work_this_period": D("333.00")})
    line = invoice.lines.first()
    cut = {line.pk: {"work_this_period": D("300.00"), "allowed_reason": "Two rooms are missing"}}
    invoice = amounts.save_lines(invoice, cut, by=w.admin, version=invoice.version)
    again = invoices.submit(invoices.send_back(invoice, by=w.admin, comment="See line 1"), by=w.contact)
    assert again.lines.first().allowed_reason == ""


def test_contacts_read_a_verdict_once_it_was_sent_and_not_while_it_is_made(w):
    """U6: a verdict asks nothing, so it leaves the building with the decision alone."""
    invoice = w.submitted()
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Smells of padding", by=w.admin)
    client = signed_in(w.contact)
    for tab in ("lines", "timeline"):
        assert "Smells of padding" not in text_of(client.get(f"{at(invoice)}?show={tab}")), tab
        assert "Smells of padding" in text_of(signed_in(w.second_admin).get(f"{at(invoice)}?show={tab}")), tab
    invoices.send_back(fresh(invoice), by=w.admin)
    assert "Smells of padding" in text_of(client.get(at(invoice)))


def test_the_second_of_two_who_finish_is_told_who_was_first(w):
    """9.10: nothing was decided, what was typed stands, and the answer is no dead end."""
    invoice = w.submitted()
    page = {"decision": "approve", "comment": "Looks right to me", "version": invoice.version}
    reviews.approve_the_rest(invoice, by=w.admin)
    invoices.send_back(fresh(invoice), by=w.admin, comment="Photos")
    invoices.submit(fresh(invoice), by=w.contact)
    answer = signed_in(w.second_admin).post(at(invoice, "review-finish"), page)
    words = text_of(answer)
    assert answer.status_code == 409 and "Lee Park" in words and "after you opened this page" in words
    assert "Looks right to me" in words and "Select a valid choice" not in words


def test_the_question_before_a_payment_says_who_gets_mail(w):
    """U6."""
    invoice = w.approved()
    asked = text_of(signed_in(w.admin).get(at(invoice, "invoice-pay")))
    assert w.contact.email in asked and "nothing is sent" not in asked
