"""Periods that open by themselves, on their own first day and the project's clock (B-4), and many openings at once."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.urls import reverse

from directory.actions import projects
from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused
from invoicing import periods, tasks
from invoicing.actions import (
    billing_periods,
    billing_settings,
    closing,
    commitments,
    due_dates,
    invitations,
    invoices,
)
from invoicing.board import standing_in
from invoicing.models import BillingPeriod, BillingSettings, Commitment, Invoice, InvoiceType, Rhythm
from invoicing.periods import PeriodDates, running_on
from invoicing.proof import identities_of
from tests.factories import D, world
from tests.invoicing.pages import signed_in, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    w = world()
    billing_settings.change(w.project, {"rhythm": Rhythm.MONTHLY}, by=w.admin, version=1)
    return w


def dates(period) -> tuple[str, str, str]:
    return tuple(str(day) for day in PeriodDates.of(period).as_dict().values())


def test_the_next_month_opens_on_its_first_day_and_closes_the_one_before_told_as_the_programs_doing(w):
    june = w.period()
    with time_machine.travel(datetime(2030, 7, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1
    july = w.project.billing_periods.get(status="open")
    assert dates(july) == ("2030-07-01", "2030-07-31", "2030-07-25")
    june.refresh_from_db()
    assert not june.is_open
    for event in (Event.objects.about(july).get(), Event.objects.about(june).first()):
        assert (event.by, event.by_name) == (None, "Plumbline")


def test_repeating_the_job_changes_nothing(w):
    w.period()
    with time_machine.travel(datetime(2030, 7, 9, 12, tzinfo=UTC)):
        tasks.open_due_periods()
        july = w.project.billing_periods.get(status="open")
        closing.close_and_settle(july, {}, by=w.admin)
        assert [tasks.open_due_periods() for _ in range(3)] == [0, 0, 0]
    assert w.project.billing_periods.count() == 2  # what an Admin closed is not opened again


@pytest.mark.parametrize("rhythm", Rhythm)
def test_the_first_period_is_a_persons_to_open(w, rhythm):
    BillingSettings.objects.update(rhythm=rhythm)
    assert tasks.open_due_periods() == 0
    assert not BillingPeriod.objects.exists()


def test_never_means_never_and_an_ended_project_is_left_alone(w):
    w.period()
    other = world()
    other.period()
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    projects.end_project(w.project, by=w.admin, reason="Built")
    with time_machine.travel(datetime(2030, 7, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 0
        projects.run_project_again(w.project, by=w.admin)
        assert tasks.open_due_periods() == 1


@pytest.mark.parametrize(
    ("zone", "too_early", "moment"),
    [
        # 23:30 on 30 June in Honolulu is the morning of 1 July in Greenwich
        ("Pacific/Honolulu", "2030-07-01T09:30+00:00", "2030-07-01T10:00+00:00"),
        ("Pacific/Kiritimati", "2030-06-30T09:59+00:00", "2030-06-30T10:00+00:00"),
        ("America/Chicago", "2030-07-01T04:59+00:00", "2030-07-01T05:00+00:00"),
    ],
)
def test_the_day_begins_by_the_projects_clock(w, zone, too_early, moment):
    w.project.time_zone = zone
    w.project.save()
    w.period()
    with time_machine.travel(datetime.fromisoformat(too_early)):
        assert tasks.open_due_periods() == 0
    with time_machine.travel(datetime.fromisoformat(moment)):
        assert tasks.open_due_periods() == 1


@pytest.mark.parametrize(
    ("start_day", "before", "moment"),
    [
        (10, date(2030, 2, 11), "2030-03-10T06:00+00:00"),  # clocks go forward at 2 am in Chicago
        (3, date(2030, 10, 4), "2030-11-03T05:00+00:00"),  # and back
    ],
)
def test_a_day_on_which_the_clocks_change_begins_at_its_own_midnight(w, start_day, before, moment):
    BillingSettings.objects.update(start_day=start_day, end_day=start_day - 1)
    end = before + timedelta(days=10)
    billing_periods.open_period(w.project, before, end, end, by=w.admin)
    at = datetime.fromisoformat(moment)
    with time_machine.travel(at - timedelta(minutes=1)):
        assert tasks.open_due_periods() == 0
    with time_machine.travel(at):
        assert tasks.open_due_periods() == 1
        assert tasks.open_due_periods() == 0


def test_weeks_follow_each_other_from_the_weekday_that_was_chosen(w):
    settings = {"rhythm": Rhythm.WEEKLY, "week_starts_on": 5, "week_due_after": 8}
    billing_settings.change(w.project, settings, by=w.admin, version=2)
    billing_periods.open_period(w.project, date(2030, 6, 1), date(2030, 6, 7), date(2030, 6, 5), by=w.admin)
    with time_machine.travel(datetime(2030, 6, 7, 12, tzinfo=UTC), tick=False) as clock:
        for _ in range(15):  # two weeks of days
            tasks.open_due_periods()
            clock.shift(timedelta(days=1))
    assert [dates(each) for each in w.project.billing_periods.all()] == [
        ("2030-06-15", "2030-06-21", "2030-06-23"),
        ("2030-06-08", "2030-06-14", "2030-06-16"),
        ("2030-06-01", "2030-06-07", "2030-06-05"),
    ]


JUNE = (date(2030, 6, 1), date(2030, 6, 30), date(2030, 7, 5))


@pytest.fixture
def june(w):
    """Due on 5 July; the calendar opens July on the first."""
    return billing_periods.open_period(w.project, *JUNE, by=w.admin)


def on(day: int, hour: int = 12):
    return time_machine.travel(datetime(2030, 7, day, hour, tzinfo=UTC))


def test_what_closes_by_the_calendar_takes_nobodys_time(w, june):
    """B-5: begun or not, sent, declined, named late: whoever may bill June keeps until the fifth."""
    begun, silent, declined, sent, late = (w.commitment(contact=each < 4) for each in range(5))
    asked = invitations.invite(june, [silent, declined], InvoiceType.WORK, by=w.admin)
    invitations.answer(asked[1].invitation, False, by=w.contact)
    draft, taken_back = w.entered(w.draft(begun, june)), w.submitted(w.draft(sent, june))
    mails = Mail.objects.count()
    with on(1):
        assert tasks.open_due_periods() == 1
    june.refresh_from_db()
    assert (june.is_open, june.takes_bills_until_due) == (False, True)
    told = Event.objects.about(june).first()
    assert (told.verb, told.changes) == ("closed", {"takes bills until": ["", "2030-07-05"]})
    assert Mail.objects.count() == mails  # nothing is new for anybody
    with on(2):
        page = text_of(signed_in(w.contact).get(reverse("invitation", args=[asked[0].invitation.token])))
        assert "We will bill" in page and "more time than others" not in page
        assert text_of(signed_in(w.contact).get(reverse("bills"))).count("June 2030") >= 2
        invitations.take_back(asked[1].invitation, by=w.contact)
        board = reverse("period", args=[w.project.slug, june.pk])
        assert "closed, and takes bills until then" in text_of(signed_in(w.admin).get(board))
        invoices.withdraw(Invoice.objects.get(pk=taken_back.pk), by=w.contact)
        commitments.add_contact(late, w.contact, by=w.admin)
        assert invoices.create(late, june, by=w.contact).due_date == JUNE[2]
    with on(5, 23):
        assert invoices.submit(Invoice.objects.get(pk=draft.pk), by=w.contact).status == "under_review"
        assert invoices.create(silent, june, by=w.contact).billing_period == june
        assert not Invoice.objects.stranded_in(w.project).exists()
    with on(6):
        with pytest.raises(NotNow):
            invoices.submit(w.entered(Invoice.objects.get(commitment=silent)), by=w.contact)
        with pytest.raises(NotNow, match="closed"):
            invoices.create(declined, june, by=w.admin)
        assert set(Invoice.objects.stranded_in(w.project)) == {*Invoice.objects.filter(status="draft")}


def test_kept_time_follows_the_due_date_and_every_place_says_the_same(w, june):
    """B-5, V-3: moved later, contacts, board and reminders go on; moved earlier, the time ends for all."""
    billing_settings.change(w.project, {"reminder_days": 1}, by=w.admin, version=2)
    commitment = w.commitment()
    [asked] = invitations.invite(june, [commitment], InvoiceType.WORK, by=w.admin)
    with on(1):
        tasks.open_due_periods()
    june.refresh_from_db()
    with on(2):
        later = PeriodDates(JUNE[0], JUNE[1], date(2030, 7, 20))
        june = billing_periods.change_dates(june, later, by=w.admin, version=june.version)
    with on(10, 15):
        [row] = [each for each in standing_in(june, Commitment.objects.all()) if each.pk == commitment.pk]
        assert row.turn == "vendor"
        assert tasks.remind_unanswered() == 1
        earlier = PeriodDates(JUNE[0], JUNE[1], date(2030, 7, 9))
        june = billing_periods.change_dates(june, earlier, by=w.admin, version=june.version)
        [row] = [each for each in standing_in(june, Commitment.objects.all()) if each.pk == commitment.pk]
        assert row.turn == "nobody"
        with pytest.raises(NotNow, match="closed"):
            invitations.answer(asked.invitation, True, by=w.contact)


def test_more_time_ends_with_the_later_of_both_days_everywhere(w, june):
    """B-5, V-3: the period's own date was moved behind the extension of one commitment."""
    billing_settings.change(w.project, {"reminder_days": 1}, by=w.admin, version=2)
    commitment = w.commitment()
    invitations.invite(june, [commitment], InvoiceType.WORK, by=w.admin)
    due_dates.extend(june, commitment, date(2030, 7, 8), by=w.admin, reason="Storm")
    closing.close_and_settle(june, {}, by=w.admin)
    june.refresh_from_db()
    later = PeriodDates(JUNE[0], JUNE[1], date(2030, 7, 20))
    june = billing_periods.change_dates(june, later, by=w.admin, version=june.version)
    with on(10, 15):
        [row] = standing_in(june, Commitment.objects.all())
        assert row.turn == "vendor" and tasks.remind_unanswered() == 1


def test_a_begun_bill_keeps_its_own_due_date_when_the_periods_was_moved_before_it_closed(w, june):
    """B-6."""
    draft = w.entered(w.draft(w.commitment(), june))
    earlier = PeriodDates(JUNE[0], JUNE[1], date(2030, 7, 2))
    billing_periods.change_dates(june, earlier, by=w.admin, version=1)
    with on(1):
        tasks.open_due_periods()
    with on(4):
        assert not Invoice.objects.stranded_in(w.project).exists()
        assert invoices.submit(Invoice.objects.get(pk=draft.pk), by=w.contact).status == "under_review"


@pytest.mark.parametrize("keeps", [True, False])
def test_who_opens_or_closes_by_hand_says_whether_time_is_kept(w, june, keeps):
    """9.5: ticked as the page comes."""
    commitment, tick = w.commitment(), {"keeps_time": "on"} if keeps else {}
    close = reverse("period-close", args=[w.project.slug, june.pk])
    listed = reverse("periods", args=[w.project.slug])
    with on(1):
        client = signed_in(w.admin)
        for page in (close, listed):
            text = client.get(page).content.decode()
            assert "keeps the time until Fri 5 Jul 2030" in text and re.search(r'name="keeps_time"[^>]*checked', text)
        if keeps:
            answer = client.post(close, {"opens_next": "on"} | tick, follow=True)
            assert "It takes bills until Fri 5 Jul 2030." in text_of(answer)
        else:
            july = {"start_date": "2030-07-01", "end_date": "2030-07-31", "due_date": "2030-07-25"}
            client.post(listed, july | tick)
    june.refresh_from_db()
    assert (june.is_open, june.takes_bills_until_due) == (False, keeps)
    with on(4):
        if keeps:
            assert invoices.create(commitment, june, by=w.contact)
        else:
            with pytest.raises(NotNow, match="closed"):
                invoices.create(commitment, june, by=w.contact)
        june = billing_periods.reopen(june, by=w.admin)
        assert june.is_open and not june.takes_bills_until_due


@pytest.mark.parametrize("keeps", [True, False])
def test_who_reopens_an_older_period_says_whether_time_is_kept_in_the_open_one(w, june, keeps):
    """B-5, 9.5: for one straggler of June nobody loses July, whose bills are not due yet; ticked as the page comes."""
    commitment, page = w.commitment(), reverse("period-reopen", args=[w.project.slug, june.pk])
    with on(1):
        july = billing_periods.open_period(
            w.project, date(2030, 7, 1), date(2030, 7, 31), date(2030, 7, 25), by=w.admin
        )
        bill = w.entered(w.draft(commitment, july))
        client = signed_in(w.admin)
        text = client.get(page).content.decode()
        assert "keeps the time until Thu 25 Jul 2030" in text and re.search(r'name="keeps_time"[^>]*checked', text)
        client.post(page, {"keeps_time": "on"} if keeps else {})
        july.refresh_from_db()
        assert (july.is_open, july.takes_bills_until_due) == (False, keeps)
        if keeps:
            assert invoices.submit(bill, by=w.contact).status == "under_review"
        else:
            with pytest.raises(NotNow, match="closed"):
                invoices.submit(bill, by=w.contact)


def test_a_contact_bills_june_before_july_and_an_admin_is_warned(w, june):
    """I-7, N-12."""
    commitment = w.commitment()
    with on(1):
        tasks.open_due_periods()
    with on(2):
        july = w.project.billing_periods.get(status="open")
        w.approved(w.draft(commitment, july))
        with pytest.raises(NotNow, match="Bill 1 is for later work, from Mon 1 Jul 2030 on"):
            invoices.create(commitment, june, by=w.contact)
        assert signed_in(w.contact).get(reverse("bills")).context["todo"] == [], "nor is it offered (U3)"
        invitations.invite(june, [commitment], InvoiceType.WORK, by=w.admin)
        page = signed_in(w.contact).get(reverse("bills"))
        assert [each.period for each in page.context["todo"]] == [june], "whoever is reminded of it can decline"
        assert "Start bill" not in text_of(page)
        made = w.entered(invoices.create(commitment, june, by=w.admin), by=w.admin)
        [found] = [each for each in identities_of(made) if each.number == "N-12" and not each.holds]
        assert (found.severity, found.difference) == ("warning", D("30"))


def test_periods_that_passed_while_nothing_ran_are_not_made_up_for(w):
    w.period()
    with time_machine.travel(datetime(2030, 10, 5, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1
    assert [dates(each)[0] for each in w.project.billing_periods.all()] == ["2030-10-01", "2030-06-01"]


def test_nothing_opens_inside_the_days_of_the_newest_period(w):
    billing_periods.open_period(w.project, date(2030, 6, 1), date(2030, 7, 10), date(2030, 7, 5), by=w.admin)
    with time_machine.travel(datetime(2030, 7, 2, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 0
    with time_machine.travel(datetime(2030, 8, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1


def test_what_a_person_deleted_does_not_come_back_by_itself(w):
    """B-4: repeating the job changes nothing; the page says when the next one comes."""
    w.period()
    with time_machine.travel(datetime(2030, 7, 9, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1
        july = w.project.billing_periods.get(status="open")
        page = signed_in(w.admin).get(reverse("period-delete", args=[w.project.slug, july.pk]))
        assert "The next one opens by itself on Thu 1 Aug 2030" in text_of(page)
        billing_periods.delete(july, by=w.admin)
        assert [tasks.open_due_periods() for _ in range(3)] == [0, 0, 0]
    with time_machine.travel(datetime(2030, 7, 24, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 0
    with time_machine.travel(datetime(2030, 8, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1
    assert [dates(each)[0] for each in w.project.billing_periods.all()] == ["2030-08-01", "2030-06-01"]


@pytest.mark.parametrize("how", ["reopened", "opened"])
def test_an_older_month_that_a_person_took_up_is_not_closed_before_the_next_first_day(w, how):
    """B-1, B-4: after July was deleted, or before the task ran at all."""
    june = w.period()
    with time_machine.travel(datetime(2030, 7, 9, 12, tzinfo=UTC)):
        if how == "reopened":
            closing.close_and_settle(june, {}, by=w.admin)
            june = billing_periods.reopen(BillingPeriod.objects.get(pk=june.pk), by=w.admin)
        else:
            billing_periods.delete(june, by=w.admin)
            june = w.period()
        assert tasks.open_due_periods() == 0
        assert w.project.billing_periods.get(status="open") == june
    with time_machine.travel(datetime(2030, 8, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1


def test_what_was_deleted_before_its_first_day_was_only_opened_early(w):
    w.period()
    july = w.period(date(2030, 7, 1))
    with time_machine.travel(datetime(2030, 6, 29, 12, tzinfo=UTC)):
        billing_periods.delete(july, by=w.admin)
    with time_machine.travel(datetime(2030, 7, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1


def test_a_period_whose_bills_were_due_already_is_not_opened(w):
    """Nobody could bill it, and the one before would close for nothing."""
    june = w.period()
    with time_machine.travel(datetime(2030, 7, 28, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 0
    assert w.project.billing_periods.get(status="open") == june


def test_trouble_with_one_project_does_not_keep_the_others_waiting(w, monkeypatch):
    w.period()
    other = world()
    billing_settings.change(other.project, {"rhythm": Rhythm.MONTHLY}, by=other.admin, version=1)
    other.period()
    check, broken = periods.check_dates, w.project.pk

    def breaks(project, wanted, **rest):
        if project.pk == broken:
            raise Refused("Broken for the test.")
        return check(project, wanted, **rest)

    monkeypatch.setattr(periods, "check_dates", breaks)
    with time_machine.travel(datetime(2030, 7, 1, 12, tzinfo=UTC)):
        assert tasks.open_due_periods() == 1
    assert other.project.billing_periods.count() == 2 and w.project.billing_periods.get().is_open


@pytest.mark.parametrize(
    ("days", "today", "expected"),
    [
        ((1, 31, 25), date(2028, 2, 10), ("2028-02-01", "2028-02-29", "2028-02-25")),  # B-3: the last day
        ((26, 25, 20), date(2030, 6, 25), ("2030-05-26", "2030-06-25", "2030-06-20")),
        ((26, 25, 20), date(2030, 6, 26), ("2030-06-26", "2030-07-25", "2030-07-20")),
        ((31, 30, 30), date(2030, 2, 1), ("2030-01-31", "2030-02-27", "2030-02-28")),  # never into the next one
        ((31, 30, 30), date(2030, 2, 28), ("2030-02-28", "2030-03-30", "2030-03-30")),
        ((16, 15, 16), date(2030, 12, 31), ("2030-12-16", "2031-01-15", "2030-12-16")),
    ],
)
def test_a_month_may_begin_on_any_day(days, today, expected):
    start, end, due = days
    found = running_on(today, BillingSettings(start_day=start, end_day=end, due_day=due))
    assert tuple(map(str, found.as_dict().values())) == expected


@pytest.mark.parametrize(
    ("days", "month", "today", "due"),
    [
        ((1, 31, 5), "after", date(2030, 11, 3), "2030-12-05"),
        ((1, 31, 31), "after", date(2030, 1, 3), "2030-02-28"),
        ((26, 25, 5), "after", date(2030, 12, 27), "2031-02-05"),
        ((21, 20, 25), "end", date(2030, 6, 22), "2030-07-25"),
        ((21, 20, 25), "first", date(2030, 6, 22), "2030-06-25"),
    ],
)
def test_bills_may_be_due_in_the_month_of_the_end_or_the_one_after(days, month, today, due):
    start, end, day = days
    settings = BillingSettings(start_day=start, end_day=end, due_day=day, due_month=month)
    assert str(running_on(today, settings).due_date) == due


# Many at once

OPENERS = 8


def open_many_at_once(w) -> list[str]:
    """Eight people and tasks open a month each, all at the same moment; what stopped any of them."""

    def open_one(month: int) -> str:
        start = date(2031, month, 1)
        try:
            billing_periods.open_period(w.project, start, date(2031, month, 28), date(2031, month, 25), by=w.admin)
        except IntegrityError as error:
            return str(error)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(OPENERS) as pool:
        return [problem for problem in pool.map(open_one, range(1, OPENERS + 1)) if problem]


def test_eight_openings_at_once_leave_exactly_one_open(transactional_db):
    """B-1."""
    w = world()
    assert open_many_at_once(w) == []
    assert w.project.billing_periods.count() == OPENERS
    assert w.project.billing_periods.filter(status="open").count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite the transaction itself is the lock")
def test_without_the_lock_openings_would_get_in_each_others_way(transactional_db, monkeypatch):
    """The control: the test above would notice. Even then the database keeps one open; the others fail."""
    w = world()
    monkeypatch.setattr(periods, "hold", lambda project: project)
    assert any("one_period_is_open_in_a_project" in problem for problem in open_many_at_once(w))
    assert w.project.billing_periods.filter(status="open").count() == 1


def test_eight_runs_of_the_task_at_once_open_one_period(transactional_db):
    w = world()
    billing_settings.change(w.project, {"rhythm": Rhythm.MONTHLY}, by=w.admin, version=1)
    w.period(date(2024, 6, 1))

    @time_machine.travel(datetime(2027, 1, 5, 12, tzinfo=UTC))
    def run_all() -> int:
        with ThreadPoolExecutor(OPENERS) as pool:
            return sum(pool.map(run, range(OPENERS)))

    def run(_) -> int:
        try:
            return tasks.open_due_periods()
        finally:
            connection.close()

    assert run_all() == 1
    assert w.project.billing_periods.count() == 2


def test_bills_are_started_while_periods_open_and_nobody_waits_forever(transactional_db):
    """R43, R45: whoever starts a bill holds the period and writes about the project; whoever opens holds both too."""
    w = world()
    w.period()
    commitments = [w.commitment() for _ in range(6)]

    def bill(commitment) -> str:
        try:
            invoices.create(commitment, w.project.billing_periods.get(status="open"), by=w.contact)
        except (Refused, BillingPeriod.DoesNotExist):
            return ""  # it was closed meanwhile
        finally:
            connection.close()
        return ""

    def open_one(month: int) -> str:
        try:
            billing_periods.open_period(
                w.project, date(2031, month, 1), date(2031, month, 28), date(2031, month, 25), by=w.admin
            )
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(8) as pool:
        running = []
        for month, commitment in enumerate(commitments, 1):
            running += [pool.submit(bill, commitment), pool.submit(open_one, month)]
        assert {each.result() for each in running} == {""}
    assert w.project.billing_periods.filter(status="open").count() == 1
