"""Billing periods (section 3)."""

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from directory.models import Event
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import periods
from invoicing.actions import billing_periods, closing
from invoicing.models import BillingPeriod, BillingSettings
from invoicing.periods import PeriodDates
from tests.factories import world

pytestmark = pytest.mark.django_db


def test_opening_a_period_closes_the_one_before():
    """B-1, with an event for each."""
    w = world()
    june, july = w.period(), w.period(date(2030, 7, 1))
    june.refresh_from_db()
    assert (june.status, july.status) == ("closed", "open")
    assert Event.objects.about(june).first().verb == "closed"
    assert Event.objects.about(july).first().verb == "opened"


def test_the_database_keeps_one_period_open():
    """B-1: constraint one_period_is_open_in_a_project."""
    w = world()
    w.period()
    with pytest.raises(IntegrityError), transaction.atomic():
        BillingPeriod.objects.create(
            project=w.project, start_date=date(2031, 1, 1), end_date=date(2031, 1, 31), due_date=date(2031, 1, 25)
        )


@pytest.mark.parametrize(
    ("start", "end", "due", "field"),
    [
        (date(2030, 6, 20), date(2030, 7, 20), date(2030, 7, 15), "start_date"),  # B-2
        (date(2030, 8, 2), date(2030, 8, 1), date(2030, 8, 25), "end_date"),
        (date(2030, 8, 1), date(2030, 8, 31), date(2030, 7, 25), "due_date"),
    ],
)
def test_dates_that_do_not_fit_are_refused_naming_the_field(start, end, due, field):
    w = world()
    w.period()
    with pytest.raises(Refused) as refused:
        billing_periods.open_period(w.project, start, end, due, by=w.admin)
    assert refused.value.field == field
    assert BillingPeriod.objects.filter(project=w.project).count() == 1


def test_the_next_period_is_proposed_from_the_projects_settings():
    """B-3: 31 means the month's last day, also in February."""
    w = world()
    BillingSettings.objects.create(project=w.project, start_day=1, end_day=31, due_day=20)
    w.period(date(2030, 12, 1))
    assert periods.proposed(w.project) == PeriodDates(date(2031, 1, 1), date(2031, 1, 31), date(2031, 1, 20))
    w.period(date(2031, 1, 1))
    assert periods.proposed(w.project).end_date == date(2031, 2, 28)


def test_only_a_project_admin_opens_and_closes():
    w = world()
    period = w.period()
    for by in (w.reader, w.contact, w.approver, w.owner):
        with pytest.raises(NotAllowed):
            billing_periods.open_period(w.project, date(2030, 7, 1), date(2030, 7, 31), date(2030, 7, 25), by=by)
        with pytest.raises(NotAllowed):
            closing.close_and_settle(period, {}, by=by)
    closing.close_and_settle(period, {}, by=w.admin)
    with pytest.raises(NotNow):
        closing.close_and_settle(period, {}, by=w.admin)


@pytest.mark.parametrize("day", [date(9999, 12, 1), date(30, 6, 1)])
def test_a_period_in_an_impossible_year_is_refused(day):
    """The month after December 9999 can't be proposed: the list of periods would never open again."""
    w = world()
    with pytest.raises(Refused) as refused:
        billing_periods.open_period(w.project, day, day, day, by=w.admin)
    assert refused.value.field == "start_date"
