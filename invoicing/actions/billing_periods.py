"""A project's billing periods as people open, close, change and drop them (B-1, B-2, B-6)."""

from datetime import date

from django.db import transaction

from directory.counts import counted
from directory.models import Event, Project
from directory.refusals import NotNow, Stale
from invoicing import periods
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod
from invoicing.periods import PeriodDates


@transaction.atomic
def open_period(
    project: Project, start_date: date, end_date: date, due_date: date, *, by, keeps_time: bool = False
) -> BillingPeriod:
    """Open a period and close the one before it, in one transaction (B-1). Overlap is refused (B-2).

    `keeps_time`: who may still bill the one before keeps the time until its own due date (B-5).
    """
    project = hold_all(project, by)
    return periods.open_next(project, PeriodDates(start_date, end_date, due_date), by=by, keeps_time=keeps_time)


@transaction.atomic
def reopen(period: BillingPeriod, *, by, keeps_time: bool = False) -> BillingPeriod:
    """Take bills in it again, until its due date; the one that is open closes in the same transaction (B-1).

    `keeps_time`: who may still bill that one keeps the time until its own due date (B-5).
    """
    period = _held(period, by)
    if period.is_open:
        raise NotNow("The period is open already.")
    periods.close_open_one(period.project, by, keeps_time=keeps_time)
    before, period.status, period.takes_bills_until_due = period.status, BillingPeriod.Status.OPEN, False
    period.save(update_fields=["status", "takes_bills_until_due"])
    Event.objects.record("reopened", period, by=by, from_state=before, to_state=period.status)
    return period


@transaction.atomic
def change_dates(period: BillingPeriod, dates: PeriodDates, *, by, version: int) -> BillingPeriod:
    """Other days for a period. Bills that exist keep the dates they were made with (B-6). Overlap is refused (B-2).

    Raises Stale when somebody changed them since `version`; nothing is overwritten unseen.
    """
    period = _held(period, by)
    if period.version != version:
        raise Stale("Somebody changed these dates while you had them open.")
    periods.check_dates(period.project, dates, besides=period)
    before, after = PeriodDates.of(period).as_dict(), dates.as_dict()
    changes = {name: [str(before[name]), str(after[name])] for name in after if before[name] != after[name]}
    if not changes:
        return period
    for name in changes:
        setattr(period, name, after[name])
    period.version += 1
    period.save()
    Event.objects.record("changed the dates", period, by=by, changes=changes)
    return period


@transaction.atomic
def delete(period: BillingPeriod, *, by) -> None:
    """Only one in which nothing has happened yet (B-6). Raises NotNow with what there is."""
    period = _held(period, by)
    if reason := why_kept(period):
        raise NotNow(reason)
    days = {name: [str(day), ""] for name, day in PeriodDates.of(period).as_dict().items()}
    Event.objects.record("deleted", period, by=by, from_state=period.status, changes=days)
    period.delete()


def why_kept(period: BillingPeriod) -> str:
    """What keeps a period from being deleted; "" when nothing does. A deleted invoice counts: it can be restored."""
    if invoices := period.invoices.count():
        return f"{_there_are(invoices, 'invoice')} in it. A period with invoices stays."
    if invited := period.invitations.count():
        return f"{_there_are(invited, 'invite')} in it: their contacts were mailed. It stays; close it instead."
    if extended := period.due_date_extensions.count():
        return f"{_there_are(extended, 'commitment')} with more time in it: their contacts were mailed. It stays."
    if rounds := period.rounds.count():
        return f"{_there_are(rounds, 'round')} of invites or reminders in it, kept with what became of each. It stays."
    return ""


def _there_are(count: int, noun: str) -> str:
    return f"There {'is' if count == 1 else 'are'} {counted(count, noun)}"


def _held(period: BillingPeriod, by) -> BillingPeriod:
    """Locked after its project's periods as a whole, by somebody who administers them."""
    hold_all(period.project, by)
    return BillingPeriod.objects.select_related("project__company").get(pk=period.pk)


def hold_all(project: Project, by) -> Project:
    """The project and its periods, in the one order (R45); the right is read once none is waited for (R66)."""
    project = periods.hold(project)
    list(project.billing_periods.select_for_update().order_by("pk").values("pk"))
    require_admin(by, project)
    return project
