"""Giving one commitment more time in a billing period (B-5)."""

from datetime import date

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.moments import day_in_words
from directory.refusals import NotNow, Refused, Stale
from invoicing import notifications
from invoicing.actions.commitments import require_admin
from invoicing.deadlines import deadline_of
from invoicing.models import BillingPeriod, Commitment, DueDateExtension, Invoice
from invoicing.periods import check_day


@transaction.atomic
def extend(
    period: BillingPeriod, commitment: Commitment, due_date: date, *, by, reason: str, seen: date | None = None
) -> DueDateExtension:
    """Until the end of `due_date` its contacts may start and send their bill, also in a closed period; they get a mail.

    A bill that was begun takes over the new date, and is dated on it unless somebody typed another day: besides moving
    the bill this act alone changes dates of it (B-6). `seen`: the due date that the page showed; raises Stale when it
    is another one meanwhile.
    """
    period = BillingPeriod.objects.select_for_update(of=("self",)).select_related("project__company").get(pk=period.pk)
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    require_admin(by, period.project)
    return extend_held(period, commitment, due_date, by=by, reason=reason, seen=seen)


def extend_held(
    period: BillingPeriod, commitment: Commitment, due_date: date, *, by, reason: str, seen: date | None = None
) -> DueDateExtension:
    """`extend` in the transaction of a caller that holds both and has asked about the right."""
    before = due_date_now(commitment, period)
    if seen is not None and seen != before:
        raise Stale(f"Somebody changed the due date meanwhile: it is {day_in_words(before)} now.")
    bill = Invoice.objects.newest_in(commitment, period)
    _must_have_use(commitment, period, bill)
    must_be_to_come(period, due_date)
    if due_date <= before:
        raise Refused(f"It has until {day_in_words(before)} already. Choose a later day.", field="due_date")
    if not reason.strip():
        raise Refused("Say why: it is recorded, and told in the mail.", field="reason")
    extension, _ = DueDateExtension.objects.update_or_create(
        commitment=commitment,
        billing_period=period,
        defaults={"due_date": due_date, "reason": reason.strip(), "by": by, "at": timezone.now()},
    )
    changes = {"billing_period": ["", str(period)], "due_date": [before.isoformat(), due_date.isoformat()]}
    if bill:
        changes |= _set_due(bill, due_date)
    Event.objects.record("extended the due date", commitment, by=by, reason=reason.strip(), changes=changes)
    notifications.due_date_extended(extension, bill)
    return extension


def _set_due(bill: Invoice, due_date: date) -> dict[str, list[str]]:
    """The bill's due date, and its billing date unless somebody typed another (I-7); what that one was and is.

    Whoever is about to send it sees the day that it is dated, so another one is another version (I-5).
    """
    moved = {}
    if bill.is_dated_as_made:
        moved["billing_date"] = [bill.billing_date.isoformat(), due_date.isoformat()]
        bill.billing_date = due_date
        bill.version += 1
    bill.due_date = due_date
    bill.save(update_fields=["due_date", "billing_date", "version"])
    return moved


def due_date_now(commitment: Commitment, period: BillingPeriod) -> date:
    """The bill's own, when one is begun; else what the period and its extensions say."""
    bill = Invoice.objects.newest_in(commitment, period)
    return bill.due_date if bill else deadline_of(commitment, period).due_date


def _must_have_use(commitment: Commitment, period: BillingPeriod, bill: Invoice | None) -> None:
    if commitment.project_id != period.project_id:
        raise Refused("It belongs to another project.")
    if commitment.why_not_billable:
        raise NotNow(commitment.why_not_billable)
    if bill and bill.status not in Invoice.ENTERABLE:
        raise NotNow(
            f"Bill {bill.position} is {bill.get_status_display()}: it was sent. "
            "If you send it back, its contacts may finish it at any time."
        )


def must_be_to_come(period: BillingPeriod, due_date: date, *, field: str = "due_date") -> None:
    """Refuses a day that has passed on the project's clock, naming the field."""
    check_day(due_date, field)
    if period.project.has_passed(due_date):
        raise Refused("That day has passed. Choose a later one.", field=field)
