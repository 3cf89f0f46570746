"""Changing a commitment's fields: on the version that was looked at, as far as its status and its invoices allow."""

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions.commitments import must_fit, store
from invoicing.actions.retainage import why_no_rules
from invoicing.models import Commitment
from invoicing.models.commitment_statuses import APPROVED_ONCE
from invoicing.permissions import ADMIN_RIGHT, may_edit_commitment

FIELDS = (
    "number",
    "title",
    "vendor",
    "is_private",
    "executed_date",
    "start_date",
    "completion_date",
    "accounting_method",
    "retainage_rate",
    "bills_stored_materials",
    "holds_stored_retainage",
    "stored_retainage_rate",
    "allows_over_billing",
    "payment_terms",
    "description",
)
RETAINAGE = ("retainage_rate", "holds_stored_retainage", "stored_retainage_rate")


@transaction.atomic
def edit(commitment: Commitment, values: dict, *, by, version: int) -> Commitment:
    """Save `values` of FIELDS. Raises Stale when somebody saved since `version`; nothing is overwritten unseen.

    With another vendor its invoice contacts and invites end: they are of the vendor that was (P-1).
    """
    commitment = Commitment.objects.select_for_update(of=("self",)).select_related("vendor").get(pk=commitment.pk)
    if not may_edit_commitment(commitment, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if commitment.version != version:
        raise Stale("Somebody saved this commitment while you had it open.")
    if commitment.status == Commitment.Status.VOID:
        raise NotNow("It is Void. Restore it first.")
    changes = {
        name: [_told(getattr(commitment, name)), _told(values[name])]
        for name in FIELDS
        if getattr(commitment, name) != values[name]
    }
    if not changes:
        return commitment
    _must_be_free_to_change(commitment, changes)
    for name in changes:
        setattr(commitment, name, values[name])
    must_fit(commitment)
    if "vendor" in changes:
        changes |= _end_contacts(commitment)
    commitment.version += 1
    store(commitment)
    Event.objects.record("edited", commitment, by=by, changes=changes)
    return commitment


def _told(value) -> str:
    """As an event keeps it."""
    return "" if value is None else str(value)


def _must_be_free_to_change(commitment: Commitment, changes: dict) -> None:
    is_billed = commitment.has_been_billed
    if "vendor" in changes and (commitment.status in APPROVED_ONCE or is_billed):
        raise Refused(
            f"The vendor of a commitment that is {commitment.get_status_display()} stays. "
            + ("It has been billed." if is_billed else "Reopen it as a draft first."),
            field="vendor",
        )
    if "accounting_method" in changes and is_billed:
        raise Refused("It has been billed by this method. It stays.", field="accounting_method")
    if "number" in changes and commitment.invoices.filter(is_locked=True).exists():
        raise Refused("Accounting knows its invoices under this number. It stays.", field="number")
    rates = [name for name in RETAINAGE if name in changes]
    if rates and (why_not := why_no_rules(commitment)):
        raise Refused(f"{why_not} It stays.", field=rates[0])


def _end_contacts(commitment: Commitment) -> dict:
    contacts = list(commitment.invoice_contacts.select_related("person"))
    commitment.access_list.remove(*(contact.person for contact in contacts))
    commitment.invoice_contacts.all().delete()
    ended = commitment.invitations.in_force().update(ended_at=timezone.now())  # whom they asked is not who has it now
    changes = {"invoice contacts": [", ".join(contact.person.name for contact in contacts), ""]} if contacts else {}
    return changes | ({"invites": [str(ended), "0"]} if ended else {})
