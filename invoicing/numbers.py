"""A vendor's own invoice number (I-6): what it may look like, whether it is free, and what it is easily taken for.

Books kept elsewhere are asked too when a bill is sent. Whatever app reads them says so here, when it is loaded.
"""

from collections import defaultdict
from collections.abc import Callable, Collection

from directory.models import Vendor
from directory.number_looks import FORBIDDEN_IN_NUMBERS, LONGEST_NUMBER, bare_number, look_alike, number_key
from directory.refusals import Refused
from invoicing.models import Invoice


def check_number(number: str) -> None:
    """Raises Refused naming the field unless it is 1–20 printable characters without comma or quote (S10)."""
    text = number.strip()
    if not text:
        raise Refused("Enter the invoice number your own books use.", field="number")
    if len(text) > LONGEST_NUMBER:
        raise Refused(f"“{text}” has {len(text)} characters. Shorten it to {LONGEST_NUMBER}.", field="number")
    bad = sorted({c for c in text if c in FORBIDDEN_IN_NUMBERS or not c.isprintable() or ord(c) > 126})
    if bad:
        raise Refused(f"An invoice number can't contain {' '.join(map(repr, bad))}. Leave it out.", field="number")


OTHER_BOOKS: list[Callable[[Vendor, str], str]] = []


def other_books(held: Callable[[Vendor, str], str]) -> Callable[[Vendor, str], str]:
    """Register who answers, given a vendor and a `number_key`, where that number is held; "" where it is not."""
    OTHER_BOOKS.append(held)
    return held


def check_other_books(vendor: Vendor, number: str) -> None:
    """Raises Refused naming the field where other books hold an invoice of this vendor under the number."""
    for held in OTHER_BOOKS:
        if where := held(vendor, number_key(number)):
            raise Refused(where, field="number")


def check_number_is_free(invoice: Invoice) -> None:
    """Raises Refused naming the field when its number is missing, or stands for another invoice of the vendor (I-6)."""
    check_number(invoice.number)
    key = number_key(invoice.number)
    same = Invoice.objects.live().filter(vendor=invoice.vendor_id, number_key=key).exclude(pk=invoice.pk).first()
    if same:
        # Who sends it may know nothing of another commitment of the vendor's (P-1, P-8).
        other = same if same.commitment_id == invoice.commitment_id else f"Another bill of {invoice.vendor}"
        raise Refused(f"{other} has the number {invoice.number} already. Use its own.", field="number")
    check_other_books(invoice.vendor, invoice.number)


def look_alikes(invoice: Invoice) -> list[Invoice]:
    """The bills of its vendor whose numbers may be the same one, under whatever commitment (R19); one question.

    Of those that were sent, as they are called now: a draft says nothing yet, and what was deleted frees its number.
    """
    return look_alikes_of([invoice])[invoice.pk]


def look_alikes_of(invoices: Collection[Invoice]) -> dict[int, list[Invoice]]:
    """{invoice id: the same of each}, in the order in which they were sent; one question for any number."""
    numbered = [each for each in invoices if each.number]
    found: dict[int, list[Invoice]] = {each.pk: [] for each in invoices}
    if not numbered:
        return found
    others = Invoice.objects.that_may_look_like(
        [each.number for each in numbered], [each.vendor_id for each in numbered]
    )
    alike = defaultdict(list)
    for other in others.select_related("commitment").order_by("submitted_at"):
        alike[other.vendor_id, other.bare_number].append(other)
    for each in numbered:
        shared = alike[each.vendor_id, bare_number(each.number)]
        found[each.pk] = [other for other in shared if look_alike(other.number, each.number)]
    return found
