"""A project's billing periods as people open, close, change and drop them (B-1, B-2, B-6)."""

from datetime import date

from django.db import transaction

from directory.models import Project
from directory.refusals import NotNow
from invoicing import opening
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod
from invoicing.opening import PeriodDates


@transaction.atomic
def open_period(project: Project, start_date: date, end_date: date, due_date: date, *, by) -> BillingPeriod:
    """Open a period and close the one before it, in one transaction (B-1). Overlap is refused (B-2)."""
    project = opening.hold(project)
    require_admin(by, project)
    return opening.open_next(project, PeriodDates(start_date, end_date, due_date), by=by)


@transaction.atomic
def close(period: BillingPeriod, *, by) -> BillingPeriod:
    period = BillingPeriod.objects.select_for_update().get(pk=period.pk)
    require_admin(by, period.project)
    if not period.is_open:
        raise NotNow("The period is closed already.")
    opening.put_closed(period, by)
    return period
