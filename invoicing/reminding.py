"""Reminding who has not answered an invite: by a person, or by a task every so many days; and of a bill (V-3).

Nothing here asks about rights: `actions.reminders` does before it reminds for a person.
"""

from collections.abc import Callable
from datetime import date

import structlog
from django.db import transaction
from django.utils import timezone

from directory.models import Event, Person
from invoicing import notifications
from invoicing.deadlines import Deadline, deadline_of, deadline_of_bill
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice
from invoicing.models.billing_periods import Reminders
from invoicing.notifications import contacts_of

FIRST_HOUR = 7  # on the project's clock: nobody is reminded in the night

logger = structlog.get_logger(__name__)


def why_not(invitation: Invitation) -> str:
    """Why nobody is reminded today; "" when somebody can be."""
    if invitation.commitment.why_not_billable:
        return invitation.commitment.why_not_billable
    if invitation.answer:
        return f"It was {invitation.get_answer_display().lower()}."
    if not Invitation.objects.unanswered().filter(pk=invitation.pk).exists():
        return "It has a bill, or the billing period is closed."
    earlier = invitation.commitment.invoices.live().unsettled().first()
    if earlier:
        return f"Bill {earlier.position} is {earlier.get_status_display()}: the next one can't start before."
    deadline = deadline_of(invitation.commitment, invitation.billing_period)
    return _why_not_today(invitation.commitment, deadline, lambda: _last_written(invitation))


def _why_not_today(commitment: Commitment, deadline: Deadline, last_written: Callable[[], date | None]) -> str:
    """`last_written` is asked where nothing else says no."""
    if why_over := _why_over(deadline):
        return why_over
    if not commitment.invoice_contacts.acting().exists():
        return "It has no invoice contact any more."
    return "They were written to today already." if last_written() == commitment.project.today else ""


def _why_over(deadline: Deadline) -> str:
    """Once the day has passed it is named, in a period that closed as well: whoever reminds can move the day."""
    return deadline.late_words if deadline.is_over and deadline.has_passed else deadline.why_over()


def _last_written(invitation: Invitation) -> date:
    """The day of the invite or of the newest reminder, in the project's zone."""
    last = max(filter(None, (invitation.invited_at, invitation.reminded_at)))
    return invitation.project.day_of(last)


@transaction.atomic
def remind(invitation: Invitation, *, by=None) -> str:
    """Mail its contacts once more; why not, when nobody is. Never twice on one day, whoever asks (V-3)."""
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    refusal = why_not(invitation)
    if refusal:
        return refusal
    invitation.reminded_at = timezone.now()
    invitation.reminders += 1
    invitation.save(update_fields=["reminded_at", "reminders"])
    Event.objects.record(REMINDED, invitation, by=by)
    notifications.reminded(invitation)
    return ""


def why_not_about(invoice: Invoice) -> str:
    """Why nobody is reminded today of a bill that was begun: V-3 reminds its contacts, until they have sent it."""
    if invoice.deleted_at:
        return "It was deleted."
    if invoice.status not in Invoice.ENTERABLE:
        return f"It is {invoice.get_status_display()}: it does not wait for {invoice.commitment.vendor.name}."
    return _why_not_today(invoice.commitment, deadline_of_bill(invoice), lambda: _last_written_about(invoice))


def _last_written_about(invoice: Invoice) -> date | None:
    """The day of the newest reminder, or of what the bill came back or was asked for with."""
    told = Event.objects.about(invoice).filter(verb=REMINDED).order_by("-pk").values_list("at", flat=True).first()
    invites = Invitation.objects.in_force().filter(commitment=invoice.commitment_id)
    invite = invites.filter(billing_period=invoice.billing_period_id).first()
    came_back = invoice.waits_since if invoice.status == Invoice.Status.REVISE_AND_RESUBMIT else None
    moments = [told, came_back, invite and invite.invited_at, invite and invite.reminded_at]
    last = max(filter(None, moments), default=None)
    return last and invoice.project.day_of(last)


def remind_about(invoice: Invoice, *, by) -> list[Person]:
    """Mail its contacts, in the transaction of a caller that holds it and has asked `why_not_about`; to whom."""
    to = contacts_of(invoice.commitment)
    Event.objects.record(REMINDED, invoice, by=by)
    notifications.reminded_about(invoice, to, by)
    return to


REMINDED = "reminded"


def remind_due() -> int:
    """Every project whose day it is; how many invites were reminded. Running it again changes nothing."""
    waiting = Invitation.objects.unanswered().values("billing_period")
    periods = BillingPeriod.objects.filter(pk__in=waiting, project__is_active=True)
    periods = periods.exclude(project__billing_settings__isnull=True)
    periods = periods.exclude(project__billing_settings__reminder_days=Reminders.OFF)
    return sum(_remind_in(period) for period in periods.select_related("project__billing_settings"))


def _remind_in(period: BillingPeriod) -> int:
    days, today = period.project.billing_settings.reminder_days, period.project.today
    count = 0
    if timezone.now().astimezone(period.project.zone).hour < FIRST_HOUR:
        return count
    for invitation in Invitation.objects.unanswered().filter(billing_period=period).select_related("commitment"):
        if (today - _last_written(invitation)).days < days:
            continue
        try:
            count += not remind(invitation)
        except Exception:  # one that can't be written must not keep the others from being
            logger.exception("reminder_failed", invitation=invitation.pk)
    return count
