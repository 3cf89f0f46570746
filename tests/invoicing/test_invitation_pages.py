"""The page an invite's link opens: for nobody, for the contact, for anyone else (V-1, V-4)."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from directory.models import Mail
from invoicing.actions import commitment_moves, invitations, invoices
from invoicing.models import BillingSettings, Invitation, Invoice, InvoiceType
from tests.factories import person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def invitation(w):
    BillingSettings.objects.create(project=w.project, invitation_text="Waivers, please.")
    [invited] = invitations.invite(w.period(), [w.commitment()], InvoiceType.WORK, by=w.admin)
    return invited.invitation


def link(invitation) -> str:
    return f"/invitations/{invitation.token}/"


def test_the_mail_carries_the_link_and_the_link_opens_the_page(w, invitation):
    mail = Mail.objects.about(invitation).get()
    assert f"/invitations/{invitation.pk}".rpartition("/")[0] in mail.text
    token = mail.text.partition("/invitations/")[2].partition("/")[0]
    assert Invitation.named_by(token) == invitation
    assert "Waivers, please." in mail.text and "Waivers, please." in mail.html


def test_the_link_alone_shows_what_is_asked_and_signs_nobody_in(invitation):
    """V-4."""
    client = Client()
    page = text_of(client.get(link(invitation)))
    assert "invites you to bill" in page and "Waivers, please." in page and "Dana Cole" in page
    assert "Sign in to answer" in page and f"next=/invitations/{invitation.token.split(':')[0]}" in page
    assert "We will bill" not in page and "_auth_user_id" not in client.session


def test_an_answer_without_a_sign_in_goes_to_the_sign_in(invitation):
    answer = Client().post(link(invitation), {"answer": "accept"})
    assert answer.status_code == 302 and answer.url.startswith("/accounts/login/?next=/invitations/")
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_opening_the_link_answers_nothing(w, invitation):
    """Mail programs open links."""
    signed_in(w.contact).get(link(invitation))
    invitation.refresh_from_db()
    assert invitation.answer == "" and not Invoice.objects.exists()


def test_accepting_opens_the_new_bill(w, invitation):
    answer = signed_in(w.contact).post(link(invitation), {"answer": "accept"})
    bill = Invoice.objects.get()
    assert answer.url == at(bill, "invoice-enter")
    assert (bill.invoice_type, bill.created_by) == (InvoiceType.WORK, w.contact)
    assert signed_in(w.contact).post(link(invitation), {"answer": "accept"}).url == answer.url
    assert Invoice.objects.count() == 1


def test_accepting_counts_even_when_the_bill_cannot_start_yet(w, invitation):
    commitment_moves.move(invitation.commitment, "terminate", by=w.admin, reason="Agreed")
    answer = signed_in(w.contact).post(link(invitation), {"answer": "accept"}, follow=True)
    assert "Your answer is noted. The commitment is Terminated" in text_of(answer)


def test_nobody_answers_for_a_closed_period(w, invitation):
    invitation.billing_period.status = "closed"
    invitation.billing_period.save()
    answer = signed_in(w.contact).post(link(invitation), {"answer": "accept"})
    assert answer.status_code == 409
    assert "The billing period is closed" in text_of(answer)


def test_declining_keeps_the_words_and_can_be_undone(w, invitation):
    """V-1."""
    client = signed_in(w.contact)
    assert client.post(link(invitation), {"answer": "decline", "words": "On hold"}).url == "/bills/"
    invitation.refresh_from_db()
    assert (invitation.answer, invitation.words) == ("declined", "On hold")
    assert "“On hold”" in text_of(client.get(link(invitation)))
    client.post(link(invitation), {"answer": "accept"})
    invitation.refresh_from_db()
    assert invitation.answer == "accepted"


@pytest.mark.parametrize("data", [{}, {"answer": "maybe"}, {"answer": "decline", "words": "x" * 501}])
def test_a_broken_answer_is_refused_and_nothing_is_kept(w, invitation, data):
    answer = signed_in(w.contact).post(link(invitation), data)
    assert answer.status_code == 422
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_after_the_due_date_the_page_says_whom_to_ask_and_takes_no_answer(w, invitation):
    with time_machine.travel(invitation.billing_period.due_date + timedelta(days=2)):
        client = signed_in(w.contact)
        page = text_of(client.get(link(Invitation.objects.get())))
        assert "Ask Dana Cole for more time" in page and "We will bill" not in page
        assert client.post(link(invitation), {"answer": "decline"}).status_code == 409


def test_once_the_bill_exists_the_page_leads_to_it(w, invitation):
    bill = invoices.create(invitation.commitment, invitation.billing_period, by=w.contact)
    page = signed_in(w.contact).get(link(invitation)).content.decode()
    assert at(bill) in page and "We will bill" not in page


def test_the_link_is_worth_nothing_to_anybody_else(w, invitation):
    """V-4, P-8."""
    for who in (person("Una Other", w.company, w.vendor), w.admin, w.owner, world("Harbor Works").contact):
        for answer in (
            signed_in(who).get(link(invitation)),
            signed_in(who).post(link(invitation), {"answer": "accept"}),
        ):
            assert answer.status_code == 404
    invitation.refresh_from_db()
    assert invitation.answer == ""


def test_a_false_or_old_link_says_kindly_what_to_do(invitation, settings):
    old = link(invitation)
    for address in ("/invitations/1:false:token/", old[:-3] + "/"):
        answer = Client().get(address)
        assert answer.status_code == 404
        assert "This link no longer works" in text_of(answer)
    with time_machine.travel(timezone.now() + timedelta(seconds=settings.INVITATION_LINK_AGE + 60)):
        assert "send the invite again" in text_of(Client().get(old))
