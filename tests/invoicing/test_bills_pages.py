"""My bills: what a contact finds there, and what they do not (P-1, V-2, I-7)."""

import re
from datetime import UTC, date, datetime

import pytest
import time_machine

from directory.actions.grants import set_level
from directory.models import Membership
from directory.permissions import Level, Tool
from invoicing.actions import commitments, due_dates, invitations, invoices
from invoicing.models import BillingSettings, Invoice, InvoiceType
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of

pytestmark = pytest.mark.django_db
JUNE, JULY = date(2030, 6, 1), date(2030, 7, 1)


@pytest.fixture
def w():
    return world()


def bills(who):
    return signed_in(who).get("/bills/")


def begun(page) -> list[Invoice]:
    return [each.bill for each in page.context["todo"] if hasattr(each, "bill")]


def offered(page) -> list:
    return [each for each in page.context["todo"] if not hasattr(each, "bill")]


def test_a_contact_finds_each_bill_under_what_it_waits_for(w):
    period = w.period()
    draft, back = w.draft(w.commitment(), period), w.sent_back(w.draft(w.commitment(), period))
    sent, done = w.submitted(w.draft(w.commitment(), period)), w.approved(w.draft(w.commitment(), period))
    answer = bills(w.contact)
    found = answer.context
    assert begun(answer) == [back, draft], "due on one day: what came back stands first"
    assert [*found["under_review"], *found["approved"]] == [sent, done]
    page = text_of(answer)
    assert "1 line needs you" in page
    assert "waits to go to accounting" in page


def test_what_is_due_first_stands_first_across_projects_and_companies(w):
    other = world("Harbor Works")
    Membership.objects.create(company=other.company, person=w.contact, vendor=other.vendor)
    early, late = other.commitment(contact=False), w.commitment()
    commitments.add_contact(early, w.contact, by=other.admin)
    invitations.invite(w.period(JULY), [late], InvoiceType.WORK, by=w.admin)
    other.period(JUNE)
    second = other.draft(early, by=w.contact)
    page = bills(w.contact)
    assert [each.commitment for each in page.context["todo"]] == [early, late]
    assert begun(page) == [second]
    text = text_of(page)
    assert "Harbor Works" in text and "Cascade Builders" in text and "Step 2 of 7: Entering" in text
    with time_machine.travel(datetime(2030, 6, 24, 15, tzinfo=UTC)):
        assert "tomorrow" in text_of(bills(w.contact))


def test_a_draft_that_can_no_longer_be_sent_rests_until_there_is_more_time(w):
    """B-5."""
    period, commitment = w.period(), w.commitment()
    draft = w.draft(commitment, period)
    with time_machine.travel(datetime(2030, 6, 27, 15, tzinfo=UTC)):
        page = bills(w.contact)
        assert not page.context["todo"] and [each.bill for each in page.context["resting"]] == [draft]
        assert "2 days late" in text_of(page) and "ask the project team for more time" in text_of(page)
        due_dates.extend(period, commitment, date(2030, 7, 5), by=w.admin, reason="Storm")
        assert begun(bills(w.contact)) == [draft]
    w.period(JULY)
    with time_machine.travel(datetime(2030, 7, 4, 15, tzinfo=UTC)):
        assert begun(bills(w.contact)) == [draft], "the extension holds although the period closed"
    with time_machine.travel(datetime(2030, 7, 8, 15, tzinfo=UTC)):
        assert not begun(bills(w.contact))


def test_what_came_back_can_be_sent_again_however_late(w):
    invoice = w.sent_back(w.draft(w.commitment(), w.period()))
    with time_machine.travel(datetime(2030, 7, 8, 15, tzinfo=UTC)):
        assert begun(bills(w.contact)) == [invoice]


def test_a_declined_invite_rests_and_can_be_changed_until_the_due_date(w):
    """V-1."""
    period, commitment = w.period(), w.commitment()
    [result] = invitations.invite(period, [commitment], InvoiceType.WORK, by=w.admin)
    invitations.answer(result.invitation, False, by=w.contact)
    page = bills(w.contact)
    assert not page.context["todo"] and [each.commitment for each in page.context["resting"]] == [commitment]
    assert "Change the answer" in text_of(page)
    with time_machine.travel(period.end_date):
        assert "Change the answer" not in text_of(bills(w.contact))


def test_an_approved_bill_says_honestly_that_it_went_to_accounting(w):
    invoice = w.approved()
    invoices.lock(invoice)
    page = text_of(bills(w.contact))
    assert "sent to accounting <time" in page and "paid" not in page.lower()


def test_an_open_period_is_offered_with_and_without_an_invite(w):
    """V-2."""
    period = w.period()
    invited, free = w.commitment(), w.commitment()
    invitations.invite(period, [invited], InvoiceType.WORK, by=w.admin)
    found = {each.commitment: each.invitation is not None for each in offered(bills(w.contact))}
    assert found == {invited: True, free: False}
    BillingSettings.objects.create(project=w.project, by_invitation_only=True)
    assert [each.commitment for each in offered(bills(w.contact))] == [invited]


def test_a_commitment_that_waits_for_its_earlier_bill_says_so(w):
    """I-7."""
    commitment = w.commitment()
    w.submitted(w.draft(commitment, w.period(JUNE)))
    w.period(JULY)
    page = text_of(bills(w.contact))
    assert re.search(
        r"Bill 1 \(INV-\d+\) waits for the project’s reviewers since \d+ \w+ \d{4}: the next one starts", page
    )
    assert "Start bill" not in page


def test_a_late_opening_says_whom_to_ask(w):
    """B-5."""
    w.commitment()
    period = w.period()
    with time_machine.travel(period.end_date):
        page = text_of(bills(w.contact))
    assert "ask the project team for more time" in page and "Start bill" not in page


def test_who_may_only_read_bills_is_offered_none_to_enter(w):
    """1.2, U3: neither to start, which a button offered and the action refused, nor to go on with."""
    period = w.period()
    begun_one, invited = w.draft(w.commitment(), period), w.commitment()
    w.commitment()
    invitations.invite(period, [invited], InvoiceType.WORK, by=w.admin)
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.READ_ONLY, by=w.owner)
    page = bills(w.contact)
    assert [each.commitment for each in page.context["todo"]] == [invited], "Read Only answers"
    assert begun_one in [getattr(each, "bill", None) for each in page.context["resting"]]
    assert "Start bill" not in text_of(page) and "that needs Standard on Commitments" in text_of(page)


def test_bills_of_all_companies_come_together(w):
    other = world("Harbor Works")
    Membership.objects.create(company=other.company, person=w.contact, vendor=other.vendor)
    commitment = other.commitment(contact=False)
    commitments.add_contact(commitment, w.contact, by=other.admin)
    here, there = w.draft(), other.draft(commitment, by=w.contact)
    assert set(begun(bills(w.contact))) == {here, there}


def test_nobody_sees_bills_of_others_nor_after_leaving_the_vendor(w):
    """P-1."""
    w.draft()
    stranger = person("Una Other", w.company, w.vendor)
    for who in (stranger, w.admin, w.owner):
        answer = bills(who)
        assert answer.status_code == 200
        assert not answer.context["todo"] and "No bills yet" in text_of(answer)
    w.contact.memberships.update(is_active=False)
    assert not bills(w.contact).context["todo"]


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
    said = text_of(signed_in(w.contact).post(start, follow=True))
    assert "Bill 1 waits for you since" in said and "The next one starts when it is approved" in said
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
    """R75: across two companies, with every section filled."""
    other = world("Harbor Works")
    Membership.objects.create(company=other.company, person=w.contact, vendor=other.vendor)
    theirs = other.commitment(contact=False)
    commitments.add_contact(theirs, w.contact, by=other.admin)
    other.period()
    period = w.period()

    def fill(times: int) -> None:
        for _ in range(times):
            w.draft(w.commitment(), period)
            w.sent_back(w.draft(w.commitment(), period))
            w.submitted(w.draft(w.commitment(), period))
            w.approved(w.draft(w.commitment(), period))
            invitations.invite(period, [w.commitment()], InvoiceType.WORK, by=w.admin)
            w.commitment()

    fill(1)
    client = signed_in(w.contact)
    client.get("/bills/")
    with django_assert_max_num_queries(15) as few:
        client.get("/bills/")
    fill(6)
    with django_assert_max_num_queries(len(few)):
        client.get("/bills/")


def test_years_of_settled_bills_are_not_read(w):
    """Only the newest of them are shown, and none is read to find out what is open."""
    commitment = w.commitment()
    for month in range(1, 7):
        w.approved(w.draft(commitment, w.period(date(2030, month, 1))), {"work_this_period": D("100.00")})
    w.period(JULY)
    page = bills(w.contact)
    assert [each.previous.position for each in offered(page)] == [6]
    assert [bill.position for bill in page.context["approved"]] == [6, 5, 4, 3, 2, 1]
