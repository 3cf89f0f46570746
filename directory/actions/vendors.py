"""Vendors of a company: entered, changed, deactivated, taken up again.

Name, e-mail, phone and remit-to address of a vendor never change here: `change` makes a `VendorChange` of them, which
waits until somebody else has called the vendor (R81, `actions.vendor_changes`).
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date

from django.db import transaction

from directory.actions import people, vendor_changes
from directory.actions.grants import hold_directory_admin
from directory.lookalikes import Lookalikes
from directory.models import Event, Person, Vendor, VendorChange
from directory.refusals import NotNow, Refused


@dataclass(frozen=True)
class Details:
    """What is on record about a vendor, as it should be."""

    name: str
    number: str = ""
    email: str = ""
    phone: str = ""
    remit_to: str = ""
    insurance_expires_date: date | None = None
    needs_workers_comp: bool = False

    @classmethod
    def of(cls, vendor: Vendor) -> "Details":
        return cls(**{name: getattr(vendor, name) for name in cls.__dataclass_fields__})

    def changes_from(self, before: "Details") -> dict[str, list]:
        """{field: [old, new]} of what differs, as events keep it."""
        old, new = asdict(before), asdict(self)
        return {name: [_plain(old[name]), _plain(new[name])] for name in new if old[name] != new[name]}


def _plain(value):
    return str(value or "") if not isinstance(value, bool) else value


class LooksAlike(Refused):
    """`vendors` read like the one that is entered; whoever has seen that they are others goes on (R83)."""

    def __init__(self, vendors: list[Vendor]):
        names = ", ".join(f"{vendor.name} {vendor.number}".strip() for vendor in vendors)
        super().__init__(
            f"This looks like a vendor you have: {names}. If it is another company, tick that.", field="seen"
        )
        self.vendors = vendors


@transaction.atomic
def enter(company, details: Details, *, by, seen: Collection[int] = ()) -> Vendor:
    """A new vendor. `seen`: ids of look-alikes that `by` has looked at; LooksAlike while one is missing (R83)."""
    hold_directory_admin(by, company)
    check_name(company, details)
    check_lookalikes(company, details, seen=seen)
    return put_in(company, details, by=by)


def put_in(company, details: Details, *, by) -> Vendor:
    """Write a new vendor whose right, name and look-alikes the caller has checked, in the caller's transaction."""
    vendor = Vendor.objects.create(company=company, **asdict(details))
    Event.objects.record("entered", vendor, by=by, changes=details.changes_from(Details(name="")))
    return vendor


@transaction.atomic
def change(
    vendor: Vendor, details: Details, *, by, reason: str = "", seen: Collection[int] = ()
) -> VendorChange | None:
    """What may change at once changes; name, contact and remit-to wait. Returns the change that waits now, if any.

    `reason` is asked for where something waits: whoever calls the vendor reads it.
    """
    hold_directory_admin(by, vendor.company)
    [vendor] = Vendor.objects.locked([vendor.pk])
    changes = details.changes_from(Details.of(vendor))
    if {"name", "number"} & changes.keys():
        check_name(vendor.company, details, but=vendor)
        check_lookalikes(vendor.company, details, seen=seen, but=vendor, fields=changes)
    return put_change(vendor, details, by=by, reason=reason)


def put_change(vendor: Vendor, details: Details, *, by, reason: str) -> VendorChange | None:
    """Write a change whose right, name and look-alikes the caller has checked, in the caller's transaction."""
    [vendor] = Vendor.objects.locked([vendor.pk])
    changes = details.changes_from(Details.of(vendor))
    if not vendor.is_active:
        raise NotNow(f"{vendor.name} is deactivated. Take it up again first.")
    held = {name: changes.pop(name) for name in Vendor.PROTECTED if name in changes}
    if changes:
        for name in changes:
            setattr(vendor, name, getattr(details, name))
        vendor.save(update_fields=list(changes))
        Event.objects.record("changed", vendor, by=by, changes=changes)
    return vendor_changes.ask(vendor, held, by=by, reason=reason) if held else None


def check_name(company, details: Details, *, but: Vendor | None = None) -> None:
    """Refused where another vendor of the company has the name or the number already."""
    others = company.vendors.exclude(pk=but.pk) if but else company.vendors.all()
    if not details.name:
        raise Refused("Enter the vendor's name.", field="name")
    same = others.filter(name__iexact=details.name).first()
    if same:
        gone = "" if same.is_active else " It is deactivated: take it up again instead."
        raise Refused(f"{same.name} is in the directory already.{gone}", field="name")
    same = others.filter(number=details.number).first() if details.number else None
    if same:
        raise Refused(f"{details.number} is the number of {same.name}. Each number is used once.", field="number")


def check_lookalikes(
    company, details: Details, *, seen, but=None, fields: Collection[str] = ("name", "number")
) -> None:
    name = details.name if "name" in fields else ""
    number = details.number if "number" in fields else ""
    alike = Lookalikes(company.vendors.all()).of(name, number, but=but.pk if but else None)
    if any(vendor.pk not in seen for vendor in alike):
        raise LooksAlike(alike)


@transaction.atomic
def deactivate(vendor: Vendor, *, by, reason: str) -> int:
    """No new work with this vendor. Its people leave the directory with it, at once; returns how many those were."""
    hold_directory_admin(by, vendor.company, *Person.objects.filter(memberships__vendor=vendor))
    if not reason.strip():
        raise Refused("Say why it is deactivated.", field="reason")
    [vendor] = Vendor.objects.locked([vendor.pk])
    if not vendor.is_active:
        raise NotNow(f"{vendor.name} was deactivated before.")
    if vendor.changes.waiting().exists():
        raise NotNow(f"A change of {vendor.name} waits for a call-back. Have it verified or declined first.")
    members = list(vendor.memberships.filter(is_active=True).select_related("person", "company"))
    for membership in members:
        people.deactivate_membership(membership, by=by, reason=f"{vendor.name} was deactivated: {reason.strip()}"[:300])
    vendor.is_active = False
    vendor.save(update_fields=["is_active"])
    changes = {"is_active": [True, False]} | ({"people who left with it": ["", len(members)]} if members else {})
    Event.objects.record("deactivated", vendor, by=by, reason=reason.strip(), changes=changes)
    return len(members)


@transaction.atomic
def reactivate(vendor: Vendor, *, by) -> None:
    """It can be worked with again. Its people stay outside until somebody adds them anew."""
    hold_directory_admin(by, vendor.company)
    [vendor] = Vendor.objects.locked([vendor.pk])
    if vendor.is_active:
        raise NotNow(f"{vendor.name} is active already.")
    vendor.is_active = True
    vendor.save(update_fields=["is_active"])
    Event.objects.record("reactivated", vendor, by=by, changes={"is_active": [False, True]})
