"""Deleting the newest invoice of a commitment, and bringing it back (I-3). Nothing is ever erased."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing import notifications
from invoicing.actions import amounts, looks
from invoicing.models import Invoice
from invoicing.models.invoices import is_newest, is_unlocked
from invoicing.numbers import check_other_books
from invoicing.permissions import ADMIN_RIGHT, BILL_RIGHT, is_project_admin, may_bill, may_delete


@transaction.atomic
def delete(invoice: Invoice, *, reason: str = "", by) -> Invoice:
    """Take the newest invoice off the list; its number is free again. An Admin says why, for the contacts are told.

    A contact deletes a draft that was never sent, an Admin whatever is not approved. Raises NotNow, Stale, Refused.
    """
    looked_at, invoice = invoice.version, Invoice.objects.locked(invoice.pk)
    access = read_access(by, invoice.company, invoice.project)
    if not may_bill(invoice, access):
        raise NotAllowed(BILL_RIGHT)
    if invoice.deleted_at:
        return invoice  # a second click
    looks.must_be_as_seen(invoice, looked_at)
    if why_not := why_not_deleted(invoice, access):
        raise NotNow(why_not)
    if is_project_admin(access) and not reason.strip():
        raise Refused("Say why it is deleted: the contacts are told.", field="reason")
    invoice.deleted_at = timezone.now()
    invoice.previous = None  # the next one follows the invoice before it
    invoice.version += 1
    invoice.save(update_fields=["deleted_at", "previous", "version"])
    Event.objects.record("deleted", invoice, by=by, from_state=invoice.status, reason=reason.strip())
    if is_project_admin(access):
        notifications.deleted(invoice, reason.strip(), by)
    return invoice


def why_not_deleted(invoice: Invoice, access) -> str:
    """The reason why this person can't delete it now; "" when they can."""
    for condition in (is_unlocked, is_newest):
        if not condition(invoice):
            return condition.refusal.format(invoice=invoice)
    if invoice.status in Invoice.APPROVALS:
        return f"It is {invoice.get_status_display()}. Reopen its review first."
    if not may_delete(invoice, access):
        return "Only a draft that was never sent can be deleted by its own side. Ask the project team."
    return ""


@transaction.atomic
def restore(invoice: Invoice, *, by) -> Invoice:
    """Bring a deleted invoice back, while no other took its place. Raises NotNow or Refused.

    What was typed on it is as it was; its previous amounts are taken anew, for the invoice before it may have been
    reopened and changed meanwhile (N-1). The event says which.
    """
    invoice = Invoice.objects.locked(invoice.pk)
    if not is_project_admin(read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if not invoice.deleted_at:
        return invoice  # a second click
    commitment = invoice.commitment
    if commitment.why_not_billable:
        raise NotNow(f"{commitment.why_not_billable} Its deleted invoice stays deleted.")
    before = commitment.invoices.live().order_by("-position").first()
    if (before.position if before else 0) != invoice.position - 1:
        raise NotNow(f"Invoice {invoice.position} was made anew meanwhile, so the deleted one can't come back.")
    if before and before.status not in Invoice.APPROVALS:
        raise NotNow(f"Invoice {before.position} is {before.get_status_display()}. Approve it first.")
    _must_be_in_no_other_books(invoice)
    invoice.deleted_at = None
    invoice.previous = before
    changes = amounts.carry_again(invoice)
    invoice.version += 1
    try:
        with transaction.atomic():
            invoice.save()
    except IntegrityError as error:
        raise Refused(_taken_meanwhile(invoice, str(error))) from None
    Event.objects.record("restored", invoice, by=by, to_state=invoice.status, changes=changes)
    return invoice


def _must_be_in_no_other_books(invoice: Invoice) -> None:
    """I-6: Sage may hold its number by now. One that is sent again first is asked then, and can be given another."""
    if invoice.status in Invoice.ENTERABLE:
        return
    try:
        check_other_books(invoice.vendor, invoice.number)
    except Refused as known:
        raise NotNow(f"{known.message} This one stays deleted: make it anew under another number.") from None


def _taken_meanwhile(invoice: Invoice, error: str) -> str:
    if "number" in error:
        return f"Another invoice of {invoice.vendor} has the number {invoice.number} by now. Change that one first."
    return "Another invoice bills its period by now. Delete that one first, or leave this one deleted."
