"""Mail about a change of a vendor's details: to the vendor, who may know nothing of it, and to who calls them (R81).

No mail says what the details were or become: it may reach the very person who should not know.
"""

from collections.abc import Iterable

from directory.audiences import COLLEAGUE, DIRECTORY_ADMIN
from directory.models import Person, Vendor, VendorChange
from directory.notifications import post


def change_asked(change: VendorChange, to: Iterable[Person], others: Iterable[Person], *, address: str = "") -> None:
    """To the vendor's people, or to one `address` of the vendor. Answers go to somebody who did not ask for it."""
    second = next(iter(others), None)
    post(
        about=change.vendor,
        to=to,
        subject=f"{change.company}: a change of your details waits for a call",
        template="directory/emails/vendor_change_asked",
        audience="" if address else COLLEAGUE,
        context={"vendor": change.vendor, "fields": field_names(change), "is_address": bool(address)},
        reply_to=second.email if second else "",
        address=address,
    )


def change_waits(change: VendorChange, to: Iterable[Person]) -> None:
    """To those who may verify it."""
    post(
        about=change.vendor,
        to=to,
        subject=f"{change.asked_by.name} asked for a change of {change.vendor}: call the vendor",
        template="directory/emails/vendor_change_waits",
        audience=DIRECTORY_ADMIN,
        context={"vendor": change.vendor, "change": change, "fields": field_names(change)},
        reply_to=change.asked_by.email,
    )


def field_names(change: VendorChange) -> str:
    """name, e-mail and remit-to address."""
    names = [str(Vendor._meta.get_field(name).verbose_name) for name in change.changes]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
