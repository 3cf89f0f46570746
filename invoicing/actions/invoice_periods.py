"""Moving a bill that is not sent to another billing period: its amounts stay, its dates become those of the other."""

from django.db import transaction

from directory.models import Event
from directory.refusals import NotNow, Stale
from invoicing import notifications, periods
from invoicing.actions.commitments import require_admin
from invoicing.deadlines import deadline_of
from invoicing.models import BillingPeriod, Invoice

DATES = ("period_start_date", "period_end_date", "billing_date", "due_date")


@transaction.atomic
def move(invoice: Invoice, target: BillingPeriod, *, by) -> Invoice:
    """Into the open period; a commitment has one bill there (I-3). Its contacts get a mail.

    Raises Stale unless the version that was handed in is the newest: whoever is entering amounts meets the same, so
    nothing is typed on dates that are no longer the bill's (I-5).
    """
    project = periods.hold(invoice.project)
    hold_periods(invoice.billing_period_id, target.pk)
    looked_at, invoice = invoice.version, Invoice.objects.locked(invoice.pk)
    require_admin(by, project)
    if invoice.version != looked_at:
        raise Stale("Somebody changed this bill in between. Look at it again, then move it.")
    return move_held(invoice, project.billing_periods.get(pk=target.pk), by=by)


def hold_periods(*pks: int) -> None:
    """Two of one project, after the project, in one order for all (R45)."""
    list(BillingPeriod.objects.select_for_update().filter(pk__in=pks).order_by("pk"))


def move_held(invoice: Invoice, target: BillingPeriod, *, by) -> Invoice:
    """`move` in the transaction of a caller that holds all of it and has asked about the right."""
    before = invoice.billing_period
    _must_fit(invoice, target)
    due_date = deadline_of(invoice.commitment, target).due_date
    billing_date = due_date if invoice.is_dated_as_made else invoice.billing_date
    dates = (target.start_date, target.end_date, billing_date, due_date)
    changes = {"billing_period": [str(before), str(target)]}
    if extension := before.due_date_extensions.filter(commitment=invoice.commitment_id).first():
        changes["more time in " + str(before)] = [str(extension.due_date), ""]
        extension.delete()  # its bill is elsewhere now; the month that closed takes no other one
    for name, day in zip(DATES, dates, strict=True):
        if getattr(invoice, name) != day:
            changes[name] = [str(getattr(invoice, name)), str(day)]
            setattr(invoice, name, day)
    invoice.billing_period, invoice.is_extra = target, False
    invoice.version += 1
    invoice.save()
    Event.objects.record("moved to another period", invoice, by=by, changes=changes)
    notifications.moved(invoice, before, by)
    return invoice


def _must_fit(invoice: Invoice, target: BillingPeriod) -> None:
    if invoice.status not in Invoice.ENTERABLE or invoice.is_locked:
        raise NotNow(f"It is {invoice.get_status_display()}. Only a bill that is not sent can be moved.")
    if invoice.billing_period_id == target.pk:
        raise NotNow(f"It is in {target} already.")
    if not target.is_open:
        raise NotNow(f"{target} is closed. A bill is moved to the open period.")
    if other := Invoice.objects.newest_in(invoice.commitment, target):
        raise NotNow(f"{invoice.commitment.number} has bill {other.position} in {target} already.")
