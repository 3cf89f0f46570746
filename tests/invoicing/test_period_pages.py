"""Billing periods: opening and closing them, and the board from which subcontractors are invited."""

from datetime import date

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from directory.models import Mail
from invoicing.actions import invitations
from invoicing.models import BillingPeriod, Invitation, InvoiceType
from tests.factories import world

pytestmark = pytest.mark.django_db
JULY = {"start_date": "2030-07-01", "end_date": "2030-07-31", "due_date": "2030-07-25"}


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def periods(w):
    return reverse("periods", args=[w.project.slug])


def board(w, period, name="period"):
    return reverse(name, args=[w.project.slug, period.pk])


def states(page) -> dict[str, str]:
    return {row.commitment.number: row.state for row in page.context["rows"]}


# Opening and closing


def test_the_form_proposes_the_next_month_and_says_that_it_closes_this_one():
    """B-1, B-3."""
    w = world()
    w.period()
    page = signed_in(w.admin).get(periods(w))
    assert page.context["form"].initial == {
        "start_date": date(2030, 7, 1),
        "end_date": date(2030, 7, 31),
        "due_date": date(2030, 7, 25),
        "keeps_time": True,
    }
    assert "Opening it closes June 2030" in page.content.decode()


def test_opening_a_period_closes_the_one_before_and_leads_to_its_board():
    w = world()
    june = w.period()
    page = signed_in(w.admin).post(periods(w), JULY)
    july = w.project.billing_periods.get(status="open")
    assert page.url == board(w, july)
    june.refresh_from_db()
    assert not june.is_open


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"start_date": "2030-06-15"}, "It overlaps the period"),
        ({"end_date": "2030-06-30"}, "The end is before the start"),
        ({"due_date": "2030-06-30"}, "The due date is before the period starts"),
        ({"start_date": "soon"}, "Enter a valid date"),
    ],
)
def test_a_period_that_does_not_fit_is_refused_beside_its_field_and_what_was_typed_stays(typed, words):
    """B-2, U4."""
    w = world()
    w.period()
    page = signed_in(w.admin).post(periods(w), JULY | typed)
    text = page.content.decode()
    assert page.status_code == 422
    assert words in text and f'value="{next(iter(typed.values()))}"' in text
    assert w.project.billing_periods.count() == 1


def test_readers_and_contacts_look_and_open_nothing():
    w = world()
    w.commitment()
    period = w.period()
    for who in (w.reader, w.contact):
        client = signed_in(who)
        assert "Open a billing period" not in client.get(periods(w)).content.decode()
        assert client.post(periods(w), JULY).status_code == 403
        assert client.post(board(w, period, "period-close")).status_code == 403
        assert client.post(board(w, period, "period-invite")).status_code == 403
    assert w.project.billing_periods.get().is_open


def test_closing_asks_first_and_names_the_bills_that_were_not_sent():
    w = world()
    invoice = w.draft()
    period = invoice.billing_period
    client = signed_in(w.admin)
    text = client.get(board(w, period, "period-close")).content.decode()
    assert "1 bill is not sent" in text and invoice.commitment.number in text
    assert BillingPeriod.objects.get().is_open
    client.post(board(w, period, "period-close"))
    assert not BillingPeriod.objects.get().is_open
    again = client.post(board(w, period, "period-close"))
    assert again.status_code == 409
    assert "June 2030 is closed already" in again.content.decode()
    assert 'form="close"' not in again.content.decode()


def test_a_period_of_another_project_is_not_found():
    w, other = world(), world()
    assert signed_in(w.admin).get(board(w, other.period())).status_code == 404


# The board


def test_the_board_gives_each_commitment_one_state_and_says_who_must_act():
    """Section 4: No invoice contact, Not invited, Invited, Accepted, Declined, or the invoice's status."""
    w = world()
    period = w.period()
    kinds = [w.commitment(contact=number > 0) for number in range(7)]
    lonely, fresh, asked, accepted, declined, draft, sent = kinds
    invitations.invite(period, [asked, accepted, declined], InvoiceType.WORK, by=w.admin)
    invitations.answer(accepted.invitations.get(), True, by=w.contact)
    invitations.answer(declined.invitations.get(), False, "Nothing done", by=w.contact)
    w.draft(draft, period)
    w.submitted(w.draft(sent, period))
    page = signed_in(w.admin).get(board(w, period))
    assert states(page) == {
        lonely.number: "no_contact",
        fresh.number: "not_invited",
        asked.number: "invited",
        accepted.number: "accepted",
        declined.number: "declined",
        draft.number: "draft",
        sent.number: "under_review",
    }
    acts = {row.state: row.who_acts for row in page.context["rows"]}
    assert acts["no_contact"] == acts["not_invited"] == acts["under_review"] == "Project team"
    assert acts["invited"] == acts["accepted"] == acts["draft"] == "Acme Concrete"
    assert acts["declined"] == ""
    assert (page.context["progress"].billed, page.context["progress"].expected) == (1, 6)
    assert "Add contact" in page.content.decode()


def test_a_filter_shows_one_state_and_counts_stay_whole():
    w = world()
    period = w.period()
    w.commitment()
    w.commitment(contact=False)
    page = signed_in(w.admin).get(board(w, period), {"state": "no_contact"})
    assert set(states(page).values()) == {"no_contact"}
    assert [(tab.state, tab.count) for tab in page.context["tabs"]] == [("no_contact", 1), ("not_invited", 1)]


def test_a_filter_that_is_none_shows_all():
    w = world()
    w.commitment()
    assert len(states(signed_in(w.admin).get(board(w, w.period()), {"state": "nonsense"}))) == 1


def test_a_row_that_cannot_be_invited_says_why_and_has_no_box():
    w = world()
    period = w.period()
    draft = w.commitment(moves=())
    page = signed_in(w.admin).get(board(w, period))
    assert "Only an approved or complete one is billed" in page.content.decode()
    assert f'value="{draft.pk}" aria-label' not in page.content.decode()


def test_inviting_mails_the_contacts_and_tells_of_each_that_was_refused():
    w = world()
    period = w.period()
    fine, lonely = w.commitment(), w.commitment(contact=False)
    page = signed_in(w.admin).post(
        board(w, period, "period-invite"),
        {"commitment": [fine.pk, lonely.pk], "invoice_type": InvoiceType.WORK_AND_RELEASE},
        follow=True,
    )
    text = page.content.decode()
    assert "Invites: 1 sent, 1 not" in text and f">{fine.number}</a>" in text
    assert f">{lonely.number}</a>" in text and "It has no invoice contact" in text
    assert Mail.objects.get().to == w.contact
    assert Invitation.objects.get().invoice_type == InvoiceType.WORK_AND_RELEASE


def test_inviting_nobody_says_so_and_invites_nobody():
    w = world()
    w.commitment()
    page = signed_in(w.admin).post(board(w, w.period(), "period-invite"), {"invoice_type": InvoiceType.WORK})
    assert page.status_code == 422
    assert "Tick at least one commitment" in page.content.decode()
    assert not Invitation.objects.exists()


def test_a_commitment_of_another_project_cannot_be_smuggled_into_an_invite():
    """R62."""
    w, other = world(), world()
    page = signed_in(w.admin).post(
        board(w, w.period(), "period-invite"),
        {"commitment": [other.commitment().pk], "invoice_type": InvoiceType.WORK},
    )
    assert page.status_code == 422
    assert not Invitation.objects.exists()


def test_after_the_due_date_nobody_can_be_invited_and_the_board_says_so():
    w = world()
    w.commitment()
    period = w.period()
    with time_machine.travel(date(2030, 6, 27)):
        text = signed_in(w.admin).get(board(w, period)).content.decode()
    assert "Bills were due on Tue 25 Jun 2030" in text
    assert "Nobody in this list can be invited now" in text


def test_a_contact_sees_the_state_of_their_own_commitment_only():
    w = world()
    own, _ = w.commitment(), w.commitment(contact=False)
    page = signed_in(w.contact).get(board(w, w.period()))
    assert list(states(page)) == [own.number]
    assert "Invite to bill" not in page.content.decode()


def test_the_board_asks_no_more_queries_for_more_commitments(django_assert_max_num_queries):
    w = world()
    period = w.period()
    w.commitment()
    w.submitted(w.draft(w.commitment(), period))
    client = signed_in(w.admin)
    with django_assert_max_num_queries(26) as few:
        client.get(board(w, period))
    for _ in range(6):
        w.commitment()
        w.submitted(w.draft(w.commitment(), period))
    with django_assert_max_num_queries(len(few)):
        client.get(board(w, period))
