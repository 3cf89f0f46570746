"""My bills: what a contact finds there, and what they do not (P-1, V-2, I-7)."""

from datetime import date

import pytest
import time_machine

from directory.models import Membership
from invoicing.actions import commitments, invitations, invoices
from invoicing.models import BillingSettings, Invoice, InvoiceType
from tests.factories import person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
JUNE, JULY = date(2030, 6, 1), date(2030, 7, 1)


@pytest.fixture
def w():
    return world()


def bills(who):
    return signed_in(who).get("/bills/")


def test_a_contact_finds_each_bill_under_what_it_waits_for(w):
    period = w.period()
    draft, back = w.draft(w.commitment(), period), w.sent_back(w.draft(w.commitment(), period))
    sent, done = w.submitted(w.draft(w.commitment(), period)), w.approved(w.draft(w.commitment(), period))
    answer = bills(w.contact)
    found = answer.context
    assert [*found["drafts"], *found["sent_back"], *found["under_review"], *found["approved"]] == [
        draft,
        back,
        sent,
        done,
    ]
    page = text_of(answer)
    assert "1 line needs you" in page
    assert "Not sent to accounting yet" in page


def test_an_approved_bill_says_honestly_that_it_went_to_accounting(w):
    invoice = w.approved()
    invoices.lock(invoice)
    page = text_of(bills(w.contact))
    assert "Sent to accounting." in page and "paid" not in page.lower()


def test_an_open_period_is_offered_with_and_without_an_invite(w):
    """V-2."""
    period = w.period()
    invited, free = w.commitment(), w.commitment()
    invitations.invite(period, [invited], InvoiceType.WORK, by=w.admin)
    offered = {each.commitment: each.invitation is not None for each in bills(w.contact).context["openings"]}
    assert offered == {invited: True, free: False}
    BillingSettings.objects.create(project=w.project, by_invitation_only=True)
    assert [each.commitment for each in bills(w.contact).context["openings"]] == [invited]


def test_a_commitment_that_waits_for_its_earlier_bill_says_so(w):
    """I-7."""
    commitment = w.commitment()
    w.submitted(w.draft(commitment, w.period(JUNE)))
    w.period(JULY)
    page = text_of(bills(w.contact))
    assert "bill 1 is Under Review: the next one starts when it is approved" in page
    assert "Start bill" not in page


def test_a_late_opening_says_whom_to_ask(w):
    """B-5."""
    w.commitment()
    period = w.period()
    with time_machine.travel(period.end_date):
        page = text_of(bills(w.contact))
    assert "ask the project team for more time" in page and "Start bill" not in page


def test_bills_of_all_companies_come_together(w):
    other = world("Harbor Works")
    Membership.objects.create(company=other.company, person=w.contact, vendor=other.vendor)
    commitment = other.commitment(contact=False)
    commitments.add_contact(commitment, w.contact, by=other.admin)
    here, there = w.draft(), other.draft(commitment, by=w.contact)
    assert set(bills(w.contact).context["drafts"]) == {here, there}


def test_nobody_sees_bills_of_others_nor_after_leaving_the_vendor(w):
    """P-1."""
    w.draft()
    stranger = person("Una Other", w.company, w.vendor)
    for who in (stranger, w.admin, w.owner):
        answer = bills(who)
        assert answer.status_code == 200
        assert not answer.context["drafts"] and "No bills yet" in text_of(answer)
    w.contact.memberships.update(is_active=False)
    assert not bills(w.contact).context["drafts"]


def test_a_contact_starts_a_bill_and_lands_on_its_sheet(w):
    commitment = w.commitment()
    w.period()
    answer = signed_in(w.contact).post(f"/p/{w.project.slug}/commitments/{commitment.number}/invoices/")
    assert answer.url == at(commitment.invoices.get(), "invoice-enter")


def test_a_bill_that_cannot_start_says_why_where_the_person_came_from(w):
    commitment = w.commitment()
    start = f"/p/{w.project.slug}/commitments/{commitment.number}/invoices/"
    answer = signed_in(w.contact).post(start, follow=True)
    assert answer.redirect_chain == [("/bills/", 302)]
    assert "No billing period is open" in text_of(answer)
    w.period()
    signed_in(w.contact).post(start)
    assert "is Draft. The next one starts when it is approved" in text_of(signed_in(w.contact).post(start, follow=True))
    assert Invoice.objects.count() == 1


def test_who_may_not_bill_cannot_start(w):
    """P-8."""
    commitment = w.commitment(is_private=False)
    w.period()
    start = f"/p/{w.project.slug}/commitments/{commitment.number}/invoices/"
    assert signed_in(w.reader).post(start).status_code == 403
    assert signed_in(person("Una Other", w.company, w.vendor)).post(start).status_code == 404
    assert signed_in(w.contact).get(start).status_code == 405
    assert not Invoice.objects.exists()


def test_the_page_asks_as_often_for_many_commitments_as_for_few(w, django_assert_max_num_queries):
    period = w.period()
    for _ in range(8):
        w.draft(w.commitment(), period)
        w.sent_back(w.draft(w.commitment(), period))
        w.commitment()
    client = signed_in(w.contact)
    with django_assert_max_num_queries(14):
        client.get("/bills/")
