"""A decision says what was said with it, and to whom: no older word, no later one (5.1, U6, I-9)."""

import re
from datetime import date

import pytest

from directory.models import Event, Mail
from directory.refusals import Refused
from invoicing.actions import amounts, invoices, reviews
from invoicing.calculations import identities
from invoicing.models import Invoice, Verdict
from invoicing.proof import identities_of
from invoicing.views import reviews as views
from tests.factories import D, world
from tests.invoicing.pages import at, looked_at, signed_in, text_of

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
    form = {"decision": "hold_for_owner", "comment": "Crane cost to be agreed"} | looked_at(invoice)
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


@pytest.mark.parametrize(
    ("allowed", "number"),
    [({"work_this_period": D("-300.00")}, "N-9"), ({"stored_balance_typed": D("350.00")}, "N-1")],
)
def test_what_a_review_allowed_with_a_reason_asks_the_next_claim_for_its_own_before_it_is_sent(w, allowed, number):
    """5.1, N-1, N-9: it was sent first and could not be approved then, and nobody could say why."""
    commitment = w.commitment()
    w.approved(w.draft(commitment), {"work_this_period": D("1000.00"), "stored_new": D("400.00")})
    w.period(date(2030, 7, 1))
    invoice = w.submitted(w.draft(commitment), {}, {"work_this_period": D("50.00")})
    first, second = invoice.lines.all()
    entry = {first.pk: allowed | {"allowed_reason": "Measured again"}}
    invoice = amounts.save_lines(invoice, entry, by=w.admin, version=invoice.version)
    reviews.decide(second, Verdict.REJECTED, "Not poured", by=w.admin)
    back = invoices.send_back(fresh(invoice), by=w.admin)
    with pytest.raises(Refused, match="note"):
        invoices.submit(fresh(back), by=w.contact)
    assert number in {each.number for each in identities.errors(identities_of(fresh(back)))}
    note = {first.pk: {"note": "As measured with Dana"}}
    back = amounts.save_lines(fresh(back), note, by=w.contact, version=back.version)
    again = invoices.submit(back, by=w.contact)
    assert identities.errors(identities_of(fresh(again))) == ()
    reviews.approve_the_rest(again, by=w.admin)
    assert invoices.approve(fresh(again), by=w.admin).status == "approved"


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
    page = {"decision": "approve", "comment": "Looks right to me"} | looked_at(invoice)
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


# What Finish showed is what is decided (U6, 5.5)


def test_a_verdict_given_since_the_page_was_opened_is_shown_before_anything_is_sent(w):
    """U6: the mail as it will be sent. A verdict makes no new version, so its mark tells."""
    invoice = w.submitted(None, {"work_this_period": D("100.00")}, {"work_this_period": D("50.00")})
    dana, page = signed_in(w.admin), {"decision": "send_back", "comment": "Attach photos"} | looked_at(invoice)
    reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.second_admin)
    answer = dana.post(at(invoice, "review-finish"), page)
    words = text_of(answer)
    assert answer.status_code == 409 and "Ola Berg" in words and "after you opened this page" in words
    assert "Not poured yet" in words and "Attach photos</textarea>" in words
    assert fresh(invoice).status == "under_review" and not Mail.objects.about(invoice).filter(to=w.contact).exists()
    page |= {"verdicts": answer.context["decision"].verdicts}
    assert dana.post(at(invoice, "review-finish"), page).status_code == 302


def test_nobody_else_is_blamed_for_ones_own_verdict(w):
    """9.10: Lee sent it before the page was opened; Dana approved a line in another window since."""
    invoice = w.submitted()
    page = {"decision": "approve"} | looked_at(invoice)
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    only_she = text_of(signed_in(w.admin).post(at(invoice, "review-finish"), page))
    assert "You gave a verdict after you opened this page. Nothing was decided." in only_she
    dana, page = signed_in(w.admin), {"decision": "approve"} | looked_at(invoice)
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.second_admin)
    page |= looked_at(invoice)
    reviews.decide(invoice.lines.last(), Verdict.APPROVED, by=w.admin)
    answer = dana.post(at(invoice, "review-finish"), page)
    assert answer.status_code == 409
    assert "You, and perhaps others, gave verdicts since you opened this page. Nothing was" in text_of(answer)
    assert "was after you opened" not in text_of(answer)
    reviews.decide(invoice.lines.first(), Verdict.NONE, by=w.second_admin)
    words = text_of(dana.post(at(invoice, "review-finish"), page))
    assert re.search(r"Ola Berg reviewed a line on .+\. That was after you opened", words)


def test_a_decision_waits_for_the_verdict_that_comes_in_between(w, monkeypatch):
    """The check is made again once the invoice is held; what was read before does not count."""
    invoice = w.submitted()
    page = {"decision": "approve_as_noted", "comment": "Fine"} | looked_at(invoice)
    found = views.decision_for

    def meanwhile(*given):
        decision = found(*given)
        reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=w.second_admin)
        return decision

    monkeypatch.setattr(views, "decision_for", meanwhile)
    assert signed_in(w.admin).post(at(invoice, "review-finish"), page).status_code == 409
    assert fresh(invoice).status == "under_review"


def test_a_page_without_the_mark_of_its_verdicts_decides_nothing(w):
    invoice = w.submitted()
    page = {"decision": "approve", "version": invoice.version}
    assert signed_in(w.admin).post(at(invoice, "review-finish"), page).status_code == 422
    assert fresh(invoice).status == "under_review"


@pytest.mark.parametrize("decision", ["approve", "approve_as_noted"])
def test_a_warning_is_shown_and_ticked_before_it_is_approved(w, decision):
    """5.5, N-10; the event keeps which."""
    invoice = w.submitted(None, {"stored_new": D("100.00")})
    dana = signed_in(w.admin)
    assert "Material is stored and nothing is attached" in text_of(dana.get(at(invoice, "review-finish")))
    page = {"decision": decision, "comment": "Fine"} | looked_at(invoice)
    answer = dana.post(at(invoice, "review-finish"), page)
    assert answer.status_code == 422 and "Tick that you have seen it" in text_of(answer)
    assert fresh(invoice).status == "under_review"
    assert dana.post(at(invoice, "review-finish"), page | {"seen": ["N-10"]}).status_code == 302
    assert Event.objects.about(invoice).first().changes["warnings seen"] == ["", "N-10"]


def test_what_is_sent_back_needs_no_tick(w):
    invoice = w.submitted(None, {"stored_new": D("100.00")})
    page = {"decision": "send_back", "comment": "Attach the delivery note"} | looked_at(invoice)
    assert signed_in(w.admin).post(at(invoice, "review-finish"), page).status_code == 302


def test_what_was_held_for_the_owner_asks_for_the_tick_too(w):
    invoice = invoices.hold_for_owner(w.submitted(None, {"stored_new": D("100.00")}), by=w.admin)
    page = {"decision": "approve"} | looked_at(invoice)
    dana = signed_in(w.admin)
    assert dana.post(at(invoice, "review-finish"), page).status_code == 422
    assert dana.post(at(invoice, "review-finish"), page | {"seen": ["N-10"]}).status_code == 302


def test_why_what_the_next_bill_builds_on_is_not_sent_back(w):
    """U3."""
    held = invoices.hold_for_owner(w.submitted(), by=w.admin)
    w.draft(held.commitment, w.period(date(2030, 7, 1)))
    words = text_of(signed_in(w.admin).get(at(held, "review-finish")))
    assert "Not offered: Send back. Invoice 2, Draft, builds on this one" in words


def test_an_invoice_that_is_approved_as_noted_has_one_next_step(w):
    """To send it; deciding once more stands under More, and paying comes after."""
    noted = invoices.approve_as_noted(w.submitted(), by=w.admin, comment="Photos by Friday")
    page = signed_in(w.admin).get(at(noted) + "?show=payments").content.decode()
    assert re.findall(r'class="button[^"]* primary[^"]*"[^>]*>(?:<svg.*?</svg>)?([^<]*)', page, re.S) == [
        "Send to ERP…"
    ]
    assert "Decide…" in page.split('class="more"')[-1] and "Record a payment…" in page
