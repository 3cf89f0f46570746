"""A project's billing periods: which dates one may have (B-2), which come next (B-3), and opening and closing it (B-1).

Asked by people and, on a period's first day, by a task (B-4). Nothing here asks about rights: `actions.billing_periods`
does before it opens one for a person, or changes its dates, which its bills don't follow (B-6).
"""

import calendar
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta

import structlog
from django.db import transaction

from directory.models import Event, Project
from directory.moments import FIRST_DAY, LAST_DAY, day_in_words
from directory.refusals import Refused
from invoicing.models import BillingPeriod, BillingSettings, Rhythm
from invoicing.models.billing_periods import DueMonth

A_WEEK = timedelta(days=7)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PeriodDates:
    """First and last day of work, and the day until whose end bills are taken."""

    start_date: date
    end_date: date
    due_date: date

    @classmethod
    def of(cls, period: BillingPeriod) -> "PeriodDates":
        return cls(period.start_date, period.end_date, period.due_date)

    def as_dict(self) -> dict[str, date]:
        return asdict(self)


# Which days


def proposed(project: Project) -> PeriodDates:
    """The next period by the project's settings (B-3): the first one after the newest, else the one that runs today."""
    return proposed_after(newest_of(project), project)


def proposed_after(newest: BillingPeriod | None, project: Project) -> PeriodDates:
    """`proposed`, where the newest period is at hand."""
    settings = BillingSettings.of(project)
    if newest is None:
        return running_on(project.today, settings)
    running = running_on(newest.end_date, settings)
    return _after(running, settings) if running.start_date <= newest.end_date else running


def newest_of(project: Project, *, without: BillingPeriod | None = None) -> BillingPeriod | None:
    return project.billing_periods.exclude(pk=without.pk if without else None).order_by("-end_date").first()


def running_on(day: date, settings: BillingSettings) -> PeriodDates:
    """The newest period by the settings that has begun by `day`."""
    if settings.rhythm == Rhythm.WEEKLY:
        return _week_from(day - timedelta(days=(day.weekday() - settings.week_starts_on) % 7), settings)
    this = _month_of(day, settings)
    return this if this.start_date <= day else _month_of(_months_on(day, -1), settings)


def _after(dates: PeriodDates, settings: BillingSettings) -> PeriodDates:
    if settings.rhythm == Rhythm.WEEKLY:
        return _week_from(dates.start_date + A_WEEK, settings)
    return _month_of(_months_on(dates.start_date, 1), settings)


def _week_from(start: date, settings: BillingSettings) -> PeriodDates:
    return PeriodDates(start, start + timedelta(days=6), start + timedelta(days=settings.week_due_after))


def _month_of(day: date, settings: BillingSettings) -> PeriodDates:
    """Beginning in the month of `day`. An end or a due day before the start's lies in the month after: 26th to 25th.

    The due day may be set to lie in the month of the end, or in the one after.
    Never longer than to the day before the next one's start: after 31 January that is 28 February.
    """
    start, following = _day(day, settings.start_day), _months_on(day, 1)
    last = _day(following, settings.start_day) - timedelta(days=1)
    end, due = (
        _day(day if number >= settings.start_day else following, number)
        for number in (settings.end_day, settings.due_day)
    )
    if settings.due_month != DueMonth.FIRST:
        due = _day(end if settings.due_month == DueMonth.END else _months_on(end, 1), settings.due_day)
    return PeriodDates(start, min(end, last), due)


def _day(month: date, number: int) -> date:
    """31 is the month's last day, whichever that is."""
    return month.replace(day=min(number, calendar.monthrange(month.year, month.month)[1]))


def _months_on(day: date, count: int) -> date:
    """The first of the month that many months later."""
    months = day.year * 12 + day.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


# What must hold


def check_day(day: date, field: str) -> None:
    """Refuse a day that can only be a slip of the keys; the calendar's own end would break terms and next periods."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Refused(f"Choose a day between {FIRST_DAY.year} and {LAST_DAY.year}.", field=field)


def check_dates(project: Project, dates: PeriodDates, *, besides: BillingPeriod | None = None) -> None:
    """Refuses, naming the field, dates out of order and those that overlap another period (B-2) than `besides`."""
    for name, day in dates.as_dict().items():
        check_day(day, name)
    if dates.end_date < dates.start_date:
        raise Refused("The end is before the start. Choose a later end.", field="end_date")
    if dates.due_date < dates.start_date:
        raise Refused("The due date is before the period starts. Choose a later one.", field="due_date")
    others = project.billing_periods.exclude(pk=besides.pk if besides else None)
    overlapping = others.filter(start_date__lte=dates.end_date, end_date__gte=dates.start_date).first()
    if overlapping is None:
        return
    if dates.start_date >= overlapping.start_date:
        words = f"It overlaps the period that ends on {day_in_words(overlapping.end_date)}. Start after that day."
        raise Refused(words, field="start_date")
    words = f"It overlaps the period that starts on {day_in_words(overlapping.start_date)}. End before that day."
    raise Refused(words, field="end_date")


# Opening


def hold(project: Project) -> Project:
    """Lock the project's periods as a whole, before any period: two openings at once wait for each other (R45).

    Without the key, so that whoever writes about the project meanwhile does not wait, nor we for them.
    """
    return Project.objects.select_for_update(of=("self",), no_key=True).select_related("company").get(pk=project.pk)


def open_next(project: Project, dates: PeriodDates, *, by, keeps_time: bool = False) -> BillingPeriod:
    """Open a period in the caller's transaction, which holds the project, and close the one before (B-1).

    `keeps_time`: as `put_closed` takes it.
    """
    check_dates(project, dates)
    close_open_one(project, by, keeps_time=keeps_time)
    period = BillingPeriod.objects.create(project=project, **dates.as_dict())
    Event.objects.record("opened", period, by=by, to_state=period.status)
    return period


def close_open_one(project: Project, by, *, keeps_time: bool = False) -> None:
    if other := project.billing_periods.select_for_update().open_one():
        put_closed(other, by, keeps_time=keeps_time)


def put_closed(period: BillingPeriod, by, *, keeps_time: bool = False) -> None:
    """Close a period that the caller's transaction holds, with its event.

    `keeps_time`: where its bills are not due yet, whoever may send one keeps the time until then (B-5).
    """
    period.status = BillingPeriod.Status.CLOSED
    period.takes_bills_until_due = keeps_time and not period.project.has_passed(period.due_date)
    period.save(update_fields=["status", "takes_bills_until_due"])
    changes = {"takes bills until": ["", period.due_date.isoformat()]} if period.takes_bills_until_due else {}
    Event.objects.record(
        "closed", period, by=by, from_state=BillingPeriod.Status.OPEN, to_state=period.status, changes=changes
    )


def opens_next_on(project: Project, *, without: BillingPeriod) -> date | None:
    """The first day of what opens by itself once `without` is deleted; None when nothing is known to."""
    settings, newest = BillingSettings.of(project), newest_of(project, without=without)
    if settings.rhythm == Rhythm.NEVER or newest is None:
        return None
    following = _after(running_on(project.today, settings), settings)
    return following.start_date if following.start_date > newest.end_date else None


def open_due() -> int:
    """Open every period whose first day has come (B-4), each by itself; how many. Repeating it changes nothing."""
    wanted = BillingSettings.objects.exclude(rhythm=Rhythm.NEVER)
    wanted = wanted.filter(project__is_active=True, project__billing_periods__isnull=False).distinct()
    count = 0
    for settings in wanted.select_related("project__company").order_by("pk"):
        try:
            count += _open_if_due(settings.project) is not None
        except Exception:  # one project's trouble is not the others'
            logger.exception("period_not_opened", project=settings.project_id)
    return count


@transaction.atomic
def _open_if_due(project: Project) -> BillingPeriod | None:
    """The first period is a person's to open (B-4). Periods that passed unnoticed are not made up for, nor is one whose
    bills were due already. What a person decided since its first day stands.

    Nobody chose this moment, so it takes nobody's time (B-5).
    """
    project = hold(project)
    settings, newest = BillingSettings.of(project), newest_of(project)
    if settings.rhythm == Rhythm.NEVER or newest is None or not project.is_active:
        return None
    dates = running_on(project.today, settings)
    if dates.start_date <= newest.end_date or project.has_passed(dates.due_date) or _is_decided(project, dates):
        return None
    return open_next(project, dates, by=None, keeps_time=True)


def _is_decided(project: Project, dates: PeriodDates) -> bool:
    """Whether since the first day of these a person deleted such a period, or opened another one by hand (B-4)."""
    first = datetime.combine(dates.start_date, time.min, project.zone)
    acts = Event.objects.filter(project=project, at__gte=first, by__isnull=False, subject__startswith=PERIODS)
    days = [told.get("start_date", [""])[0] for told in acts.filter(verb="deleted").values_list("changes", flat=True)]
    is_deleted = any(dates.start_date.isoformat() <= day <= dates.end_date.isoformat() for day in days)
    return is_deleted or acts.filter(verb__in=("opened", "reopened")).exists()


PERIODS = f"{BillingPeriod._meta.label_lower}:"  # how the record names them
