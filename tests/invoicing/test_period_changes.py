"""Other dates for a period, opening a closed one again, dropping an empty one (B-1, B-2, B-6), and the list of them."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from directory.models import Event
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions import billing_periods, invitations
from invoicing.models import BillingPeriod, Invoice, InvoiceType
from invoicing.periods import PeriodDates
from tests.factories import world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db
OTHER = PeriodDates(date(2030, 6, 2), date(2030, 6, 30), date(2030, 6, 27))


@pytest.fixture
def w():
    return world()


def page(w, name: str, period) -> str:
    return reverse(name, args=[w.project.slug, period.pk])


def typed(period, **other) -> dict:
    days = {name: str(day) for name, day in PeriodDates.of(period).as_dict().items()}
    return days | {"version": str(period.version)} | other


# Dates


def test_other_dates_are_recorded_and_bills_keep_theirs(w):
    """B-6."""
    invoice = w.draft()
    period = billing_periods.change_dates(invoice.billing_period, OTHER, by=w.admin, version=1)
    assert PeriodDates.of(BillingPeriod.objects.get()) == OTHER
    kept = Invoice.objects.get()
    assert (kept.period_start_date, kept.period_end_date, kept.due_date, kept.billing_date) == (
        date(2030, 6, 1),
        date(2030, 6, 28),
        date(2030, 6, 25),
        date(2030, 6, 25),
    )
    event = Event.objects.about(period).first()
    assert (event.verb, event.changes["end_date"]) == ("changed the dates", ["2030-06-28", "2030-06-30"])
    billing_periods.change_dates(period, OTHER, by=w.admin, version=2)
    assert Event.objects.about(period).filter(verb="changed the dates").count() == 1  # nothing changed the second time


@pytest.mark.parametrize(
    ("days", "field"),
    [
        ({"start_date": "2030-05-20"}, "start_date"),  # into May
        ({"end_date": "2030-07-03"}, "end_date"),  # into July
        ({"end_date": "2030-05-30"}, "end_date"),
        ({"due_date": "2030-05-31"}, "due_date"),
        ({"due_date": "9999-12-31"}, "due_date"),
        ({"start_date": "soon"}, "start_date"),
    ],
)
def test_dates_that_overlap_or_do_not_fit_are_refused_beside_their_field(w, days, field):
    """B-2."""
    w.period(date(2030, 5, 1))
    w.period(date(2030, 7, 1))
    period = w.period()
    answer = signed_in(w.admin).post(page(w, "period-edit", period), typed(period, **days))
    assert answer.status_code == 422 and list(answer.context["form"].errors) == [field]
    assert f'value="{days[field]}"' in answer.content.decode()
    period.refresh_from_db()
    assert period.version == 1


def test_two_who_change_dates_at_once_see_both_versions(w):
    period = w.period()
    billing_periods.change_dates(period, OTHER, by=w.second_admin, version=1)
    answer = signed_in(w.admin).post(page(w, "period-edit", period), typed(period, due_date="2030-06-20"))
    assert answer.status_code == 409
    rows = {each.label: (each.theirs, each.mine) for each in answer.context["differences"]}
    assert rows["Bills are due"] == ("2030-06-27", "2030-06-20")
    text = answer.content.decode()
    assert 'name="version" value="2"' in text and 'value="2030-06-20"' in text
    answer = signed_in(w.admin).post(page(w, "period-edit", period), typed(period, due_date="2030-06-20", version="2"))
    assert answer.status_code == 302
    assert BillingPeriod.objects.get().due_date == date(2030, 6, 20)
    with pytest.raises(Stale):
        billing_periods.change_dates(period, OTHER, by=w.admin, version=1)


def test_the_page_says_that_bills_keep_their_dates(w):
    invoice = w.draft()
    text = signed_in(w.admin).get(page(w, "period-edit", invoice.billing_period)).content.decode()
    assert "1 bill exists in it and keeps the dates it was made with" in text


# Again


def test_reopening_a_period_closes_the_other_in_one_transaction(w):
    """B-1."""
    june, july = w.period(), w.period(date(2030, 7, 1))
    client = signed_in(w.admin)
    assert "July 2030 closes" in client.get(page(w, "period-reopen", june)).content.decode()
    assert client.post(page(w, "period-reopen", june)).url == page(w, "period", june)
    states = dict(BillingPeriod.objects.values_list("pk", "status"))
    assert states == {june.pk: "open", july.pk: "closed"}
    assert [event.verb for event in Event.objects.about(june, july)[:2]] == ["reopened", "closed"]
    again = client.post(page(w, "period-reopen", june))
    assert again.status_code == 409 and "Somebody opened it before" in again.content.decode()


# Dropped


def test_a_period_in_which_nothing_happened_can_be_deleted_and_the_record_keeps_it(w):
    period = w.period()
    assert signed_in(w.admin).post(page(w, "period-delete", period)).url == reverse("periods", args=[w.project.slug])
    event = Event.objects.filter(verb="deleted").get()
    assert (event.subject_text, event.changes["start_date"]) == ("June 2030", ["2030-06-01", ""])
    assert not BillingPeriod.objects.exists()


def test_one_with_invoices_invites_or_more_time_stays_and_says_why(w):
    """B-6; a deleted invoice counts, because it can be restored."""
    invoice = w.draft()
    invited, billed = w.period(date(2030, 7, 1)), invoice.billing_period
    invitations.invite(invited, [w.commitment()], InvoiceType.WORK, by=w.admin)
    Invoice.objects.update(deleted_at=invited.invitations.get().invited_at)
    for period, words in ((billed, "There is 1 invoice in it"), (invited, "There is 1 invite in it")):
        assert words in signed_in(w.admin).get(page(w, "period-delete", period)).content.decode()
        answer = signed_in(w.admin).post(page(w, "period-delete", period))
        assert answer.status_code == 409 and words in answer.content.decode()
        with pytest.raises(NotNow):
            billing_periods.delete(period, by=w.admin)
    assert BillingPeriod.objects.count() == 2


def test_only_a_project_admin_changes_reopens_and_deletes(w):
    june, july = w.period(), w.period(date(2030, 7, 1))
    for by in (w.reader, w.contact, w.approver, w.owner):
        for act in (
            lambda by: billing_periods.change_dates(july, OTHER, by=by, version=1),
            lambda by: billing_periods.reopen(june, by=by),
            lambda by: billing_periods.delete(july, by=by),
        ):
            with pytest.raises(NotAllowed):
                act(by)
    with pytest.raises(Refused):
        billing_periods.change_dates(july, OTHER, by=w.admin, version=1)  # into June


# The list


def rows(client, w) -> dict[str, object]:
    return {str(row.period): row for row in client.get(reverse("periods", args=[w.project.slug])).context["rows"]}


def test_the_list_draws_how_far_each_period_is_and_what_it_came_to(w):
    may = w.period(date(2030, 5, 1))
    asked, declined, sent, begun = (w.commitment() for _ in range(4))
    invitations.invite(may, [asked, declined], InvoiceType.WORK, by=w.admin)
    invitations.answer(declined.invitations.get(), False, by=w.contact)
    w.submitted(w.draft(sent, may))
    w.entered(w.draft(begun, may))
    w.period()
    found = rows(signed_in(w.admin), w)
    assert found["May 2030"].progress.words == "1 of 3 billed"  # who said there is nothing to bill is not expected
    assert (found["May 2030"].count, found["May 2030"].gross, found["May 2030"].net) == (2, 1000, 1800)
    june = w.project.billing_periods.get(status="open")
    board = signed_in(w.admin).get(page(w, "period", june)).context["progress"]
    assert found["June 2030"].progress.words == board.words == "0 of 4 billed"
    text = signed_in(w.admin).get(reverse("periods", args=[w.project.slug])).content.decode()
    assert "1 of 3 billed" in text and "1,000.00" in text
    own = rows(signed_in(w.contact), w)["May 2030"]
    assert own.progress.words == "1 of 3 billed"
    assert rows(signed_in(w.reader), w)["May 2030"].count == 0  # all four are private


def test_500_periods_cost_as_many_queries_as_10_and_come_by_pages(w, django_assert_max_num_queries):
    """R75: the door and the top bar take nine of them; one period has a draft that was left behind."""
    w.draft(w.commitment())
    w.period(date(2030, 7, 1))
    w.submitted(w.draft(w.commitment()))
    first = date(2031, 1, 1)

    def weeks(since: int, until: int) -> None:
        BillingPeriod.objects.bulk_create(
            BillingPeriod(
                project=w.project, start_date=day, end_date=day + timedelta(days=6), due_date=day, status="closed"
            )
            for day in (first + timedelta(days=7 * week) for week in range(since, until))
        )

    client = signed_in(w.admin)
    weeks(0, 8)
    with django_assert_max_num_queries(15) as few:
        assert len(rows(client, w)) == 10
    weeks(8, 498)
    with django_assert_max_num_queries(len(few)):
        assert len(rows(client, w)) == 50
    contact = signed_in(w.contact)
    with django_assert_max_num_queries(15):
        rows(contact, w)
    last = client.get(reverse("periods", args=[w.project.slug]) + "?page=10").context
    assert len(last["rows"]) == 50 and last["open"].start_date == date(2030, 7, 1)
    assert [each["count"] for each in last["stranded"]] == [1]


def test_weeks_are_called_by_their_days_so_that_no_two_share_a_name(w):
    week = BillingPeriod(start_date=date(2030, 6, 3), end_date=date(2030, 6, 9))
    assert str(week) == "3 to 9 Jun 2030"
    assert str(BillingPeriod(start_date=date(2030, 5, 27), end_date=date(2030, 6, 2))) == "27 May to 2 Jun 2030"


def test_without_periods_the_list_says_what_one_is_and_who_opens_it(w):
    address = reverse("periods", args=[w.project.slug])
    assert "Open the first one beside" in signed_in(w.admin).get(address).content.decode()
    assert "The project team opens the first one" in signed_in(w.reader).get(address).content.decode()
