"""Closing a billing period, and saying of each bill that is not sent what becomes of it (screens 9.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.db import models, transaction

from directory.models import Project
from directory.moments import day_in_words
from directory.refusals import NotNow, Refused
from invoicing import periods
from invoicing.actions import billing_periods, due_dates, invoice_periods
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingPeriod, Commitment, Invoice


class Fate(models.TextChoices):
    LEAVE = "leave", "Leave it as it is"
    LATE = "late", "Let it come late"
    MOVE = "move", "Move it to the next period"


@dataclass(frozen=True)
class Settled:
    """What became of one bill; `refusal` says why it was left as it is instead."""

    invoice: Invoice
    fate: Fate
    refusal: str = ""


@dataclass(frozen=True)
class Closed:
    period: BillingPeriod
    target: BillingPeriod | None  # where bills were moved to
    bills: list[Settled]


@transaction.atomic
def close_and_settle(
    period: BillingPeriod,
    fates: Mapping[int, Fate],
    *,
    by,
    late_until: date | None = None,
    opens_next: bool = False,
    keeps_time: bool = False,
) -> Closed:
    """Close the period, or settle what a closed one left behind, in one transaction; one answer for each bill.

    `fates`: {invoice id: Fate}; a bill that is not named is left as it is. `opens_next` opens the period that comes
    next by the settings, which closes this one (B-1). `keeps_time`: while bills are not due yet, whoever may send one
    keeps the time until then (B-5). Refuses naming the field; then nothing is done.
    """
    project = billing_periods.hold_all(period.project, by)
    period = BillingPeriod.objects.select_related("project__company").get(pk=period.pk)
    wanted = set(fates.values())
    if not period.is_open and not wanted - {Fate.LEAVE}:
        raise NotNow("The period is closed already.")
    if Fate.LATE in wanted:
        if late_until is None:
            raise Refused("Say until when they may come.", field="late_until")
        due_dates.must_be_to_come(period, late_until, field="late_until")
        if late_until <= period.due_date:
            raise Refused(f"Bills are due on {day_in_words(period.due_date)}. Choose a later day.", field="late_until")
    target = _close(project, period, opens_next, keeps_time, by)
    if Fate.MOVE in wanted and target is None:
        raise Refused("No period is open after this one. Tick this, or choose otherwise.", field="opens_next")
    return Closed(period, target, _settled(period, target, fates, late_until, by))


def _close(project: Project, period: BillingPeriod, opens_next: bool, keeps_time: bool, by) -> BillingPeriod | None:
    """The period that is open afterwards, if it comes after this one."""
    if not period.is_open:
        return next_of(period)
    if opens_next:
        made = periods.open_next(project, periods.proposed(project), by=by, keeps_time=keeps_time)
        period.refresh_from_db(fields=["status", "takes_bills_until_due"])
        return made
    periods.put_closed(period, by, keeps_time=keeps_time)
    return None


def next_of(period: BillingPeriod) -> BillingPeriod | None:
    return period.project.billing_periods.filter(start_date__gt=period.start_date).open_one()


def unsent(period: BillingPeriod):
    """The bills that were begun or sent back and are not sent."""
    bills = period.invoices.live().filter(status__in=Invoice.ENTERABLE).order_by("commitment", "position")
    return bills.select_related("commitment__vendor", "commitment__project__company", "billing_period")


def _settled(period, target, fates: Mapping[int, Fate], late_until, by) -> list[Settled]:
    """Locks follow the one order: both periods are held, then commitments by their ids, then invoices (R45)."""
    if target:
        invoice_periods.hold_periods(target.pk)
    bills = Invoice.objects.filter(commitment__project=period.project_id).filter(
        models.Q(pk__in=list(fates)) | models.Q(pk__in=unsent(period).values("pk"))
    )
    commitments = set(bills.values_list("commitment", flat=True))
    list(Commitment.objects.select_for_update().filter(pk__in=commitments).order_by("pk"))
    list(bills.select_for_update(of=("self",)).order_by("pk"))
    require_admin(by, period.project)  # once more: a bill may have been waited for (R66)
    found = bills.select_related("commitment__vendor", "commitment__project__company", "billing_period")
    return [
        _settle(invoice, period, target, fates.get(invoice.pk, Fate.LEAVE), late_until, by)
        for invoice in found.order_by("commitment", "position")
    ]


def _settle(invoice: Invoice, period, target, fate: Fate, late_until, by) -> Settled:
    """A refusal of one is no refusal of the others."""
    try:
        with transaction.atomic():
            _must_be_unsent(invoice, period)
            if fate == Fate.MOVE:
                invoice_periods.move_held(invoice, target, by=by)
            elif fate == Fate.LATE:
                reason = f"{period} was closed."
                due_dates.extend_held(period, invoice.commitment, late_until, by=by, reason=reason)
    except Refused as refused:
        return Settled(invoice, fate, refused.message)
    return Settled(invoice, fate)


def _must_be_unsent(invoice: Invoice, period: BillingPeriod) -> None:
    if invoice.deleted_at or invoice.billing_period_id != period.pk:
        raise NotNow(f"It is not in {period} any more.")
    if invoice.status not in Invoice.ENTERABLE:
        raise NotNow(f"It was sent meanwhile: it is {invoice.get_status_display()}.")
