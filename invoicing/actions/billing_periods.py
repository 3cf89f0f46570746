"""Opening and closing a project's billing periods (B-1 to B-3)."""

import calendar
from datetime import date

from django.db import transaction

from directory.models import Event, Project
from directory.refusals import NotNow, Refused
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod, BillingSettings

FIRST_YEAR, LAST_YEAR = 1990, 2199


def proposed(project: Project) -> tuple[date, date, date]:
    """(start, end, due) of the next period by the project's settings (B-3): after the newest, else this month."""
    settings = settings_of(project)
    newest = project.billing_periods.order_by("-end_date").first()
    month = newest.start_date if newest else project.today
    if newest:
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return tuple(_day(month, day) for day in (settings.start_day, settings.end_day, settings.due_day))


def _day(month: date, day: int) -> date:
    return month.replace(day=min(day, calendar.monthrange(month.year, month.month)[1]))


def settings_of(project: Project) -> BillingSettings:
    return BillingSettings.objects.filter(project=project).first() or BillingSettings(project=project)


def check_day(day: date, field: str) -> None:
    """Refuse a day that can only be a slip of the keys; the calendar's own end would break terms and next periods."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Refused(f"Choose a day between {FIRST_YEAR} and {LAST_YEAR}.", field=field)


@transaction.atomic
def open_period(project: Project, start_date: date, end_date: date, due_date: date, *, by) -> BillingPeriod:
    """Open a period and close the one before it, in one transaction (B-1). Overlap is refused (B-2)."""
    Project.objects.select_for_update().get(pk=project.pk)
    require_admin(by, project)
    for name, day in (("start_date", start_date), ("end_date", end_date), ("due_date", due_date)):
        check_day(day, name)
    if end_date < start_date:
        raise Refused("The end is before the start. Choose a later end.", field="end_date")
    if due_date < start_date:
        raise Refused("The due date is before the period starts. Choose a later one.", field="due_date")
    overlapping = project.billing_periods.filter(start_date__lte=end_date, end_date__gte=start_date).first()
    if overlapping:
        raise Refused(
            f"It overlaps the period that ends on {overlapping.end_date}. Start after that day.",
            field="start_date",
        )
    for other in project.billing_periods.select_for_update().filter(status=BillingPeriod.Status.OPEN):
        _close(other, by)
    period = BillingPeriod.objects.create(project=project, start_date=start_date, end_date=end_date, due_date=due_date)
    Event.objects.record("opened", period, by=by, to_state=period.status)
    return period


@transaction.atomic
def close(period: BillingPeriod, *, by) -> BillingPeriod:
    period = BillingPeriod.objects.select_for_update().get(pk=period.pk)
    require_admin(by, period.project)
    if not period.is_open:
        raise NotNow("The period is closed already.")
    _close(period, by)
    return period


def _close(period: BillingPeriod, by) -> None:
    period.status = BillingPeriod.Status.CLOSED
    period.save(update_fields=["status"])
    Event.objects.record("closed", period, by=by, from_state=BillingPeriod.Status.OPEN, to_state=period.status)
