"""A change of a vendor's name, contact or remit-to: asked for by one, verified by another who called them (R81)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from directory import vendor_mail
from directory.actions.grants import hold_directory_admin
from directory.models import Event, Person, Vendor, VendorChange
from directory.number_looks import number_skeleton
from directory.permissions import Level, Tool, people_with_level
from directory.refusals import NotNow, Refused

CALL_COUNTS_FOR = timedelta(days=14)


def ask(vendor: Vendor, changes: dict[str, list[str]], *, by, reason: str) -> VendorChange:
    """Let the change wait, and tell the vendor at once, at the old address and at the new one.

    In the caller's transaction, which has locked the vendor and asked for `by`'s right.
    """
    if not reason.strip():
        raise Refused("Say where this change comes from: whoever calls the vendor reads it.", field="reason")
    if vendor.changes.waiting().exists():
        raise NotNow(f"Another change of {vendor.name} waits for a call-back. Have it verified or declined first.")
    change = VendorChange.objects.create(vendor=vendor, changes=changes, reason=reason.strip()[:300], asked_by=by)
    Event.objects.record("asked for a change of details", vendor, by=by, reason=change.reason, changes=changes)
    _tell_the_vendor(change)
    _tell_who_may_call(change)
    return change


@transaction.atomic
def verify(change: VendorChange, *, by, called_number: str, spoke_with: str, called_at: datetime) -> VendorChange:
    """Apply it: `by`, who did not ask for it, has called a number known before and spoken with the vendor."""
    change = _locked_for_answer(change, by)
    _check_call(change, called_number, spoke_with, called_at)
    vendor = change.vendor
    new_name = change.changes.get("name", ["", ""])[1]
    if new_name and vendor.company.vendors.exclude(pk=vendor.pk).filter(name__iexact=new_name).exists():
        raise NotNow(f"Another vendor is called {new_name} by now. Decline this change.")
    for name, (_, new) in change.changes.items():
        setattr(vendor, name, new)
    vendor.details_changed_at = timezone.now()
    vendor.save(update_fields=[*change.changes, "details_changed_at"])
    change.called_number, change.spoke_with, change.called_at = called_number.strip(), spoke_with.strip(), called_at
    _close(change, VendorChange.State.VERIFIED, by)
    call = {"number called": ["", change.called_number], "spoke with": ["", change.spoke_with]}
    call["called at"] = ["", f"{timezone.localtime(called_at, vendor.company.zone):%d %b %Y %H:%M %Z}"]
    Event.objects.record("verified the change of details", vendor, by=by, changes=change.changes | call)
    return change


@transaction.atomic
def decline(change: VendorChange, *, by, note: str) -> VendorChange:
    """It never takes effect. The note says why: the vendor knew nothing of it, say."""
    change = _locked_for_answer(change, by)
    if not note.strip():
        raise Refused("Say why it is declined.", field="note")
    change.note = note.strip()[:300]
    _close(change, VendorChange.State.DECLINED, by)
    Event.objects.record("declined the change of details", change.vendor, by=by, reason=change.note)
    return change


def _locked_for_answer(change: VendorChange, by) -> VendorChange:
    """Right first, then the vendor's row, as everybody does who changes or pays one; then person and state."""
    hold_directory_admin(by, change.vendor.company)
    [vendor] = Vendor.objects.locked([change.vendor_id])
    change = VendorChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
    change.vendor = vendor
    if change.state != VendorChange.State.WAITING:
        raise NotNow(f"{change.answered_by.name} answered it already: {change.get_state_display().lower()}.")
    if change.asked_by_id == by.pk:
        raise NotNow(f"You asked for this change, so somebody else calls {vendor.name}: {_who_else(change)}.")
    return change


def _who_else(change: VendorChange) -> str:
    names = [person.name for person in others_who_may_answer(change)[:5]]
    return ", ".join(names) or "nobody yet. The site owner makes a second person Admin on Directory"


def others_who_may_answer(change: VendorChange):
    company = change.vendor.company
    return people_with_level(company, Tool.COMPANY_DIRECTORY, Level.ADMIN).exclude(pk=change.asked_by_id).distinct()


def _check_call(change: VendorChange, called_number: str, spoke_with: str, called_at: datetime) -> None:
    digits = number_skeleton(called_number)
    if sum(character.isdigit() for character in digits) < 7:
        raise Refused("Enter the number that you called.", field="called_number")
    if digits == number_skeleton(change.changes.get("phone", ["", ""])[1]):
        raise Refused(
            "This is the number that the change brings. Call one you knew before: the fraud is in the new one.",
            field="called_number",
        )
    if not spoke_with.strip():
        raise Refused("Enter whom you spoke with.", field="spoke_with")
    if not timezone.now() - CALL_COUNTS_FOR <= called_at <= timezone.now():
        raise Refused("Enter when you called, within the last 14 days.", field="called_at")
    if called_at < change.asked_at.replace(second=0, microsecond=0):
        raise Refused("This is before the change was asked for. Call the vendor about it.", field="called_at")


def _close(change: VendorChange, state: str, by) -> None:
    change.state, change.answered_by, change.answered_at = state, by, timezone.now()
    change.save()


# Who hears of it


def _tell_the_vendor(change: VendorChange) -> None:
    """Its people, and its addresses old and new: whoever did not ask for it can say so."""
    vendor, others = change.vendor, others_who_may_answer(change)
    theirs = Person.objects.filter(memberships__vendor=vendor, memberships__is_active=True, is_active=True).distinct()
    vendor_mail.change_asked(change, theirs, others)
    known = {person.email.casefold() for person in theirs}
    for address in dict.fromkeys(filter(None, (vendor.email, change.changes.get("email", ["", ""])[1]))):
        if address.casefold() not in known:
            vendor_mail.change_asked(change, [change.asked_by], others, address=address)


def _tell_who_may_call(change: VendorChange) -> None:
    vendor_mail.change_waits(change, others_who_may_answer(change))
