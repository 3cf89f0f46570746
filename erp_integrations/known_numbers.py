"""Which invoice numbers of a vendor Sage holds (I-6): by the newest list of payable invoices and the vendor’s link."""

import json
from functools import lru_cache

from directory.models import Vendor
from directory.moments import day_in_words
from erp_integrations.models import ListKind, SageListVersion, VendorLink
from erp_integrations.sage100.lists import numbers_from_plain
from invoicing.numbers import other_books


@other_books
def held_in_sage(vendor: Vendor, number_key: str) -> str:
    """What Sage holds, how old the list is that says so, and what to do; "" when it holds none, or nobody knows."""
    link = VendorLink.objects.filter(vendor=vendor).first()
    version = SageListVersion.objects.in_use(vendor.company_id, ListKind.PAYABLE_INVOICES) if link else None
    number = _numbers(version.records_sha256, version.pk).get((link.number, number_key)) if version else None
    if number is None:
        return ""
    return (
        f"Sage holds invoice {number} of {vendor.name} already, by its list of {day_in_words(version.as_of_date)}. "
        "Give this bill its own number. If Sage is wrong, accounting uploads its list again."
    )


@lru_cache(maxsize=8)
def _numbers(sha256: str, pk: int) -> dict[tuple[str, str], str]:
    """{(Sage vendor, number as compared): number as written}, of a version, which never changes. Not what is void.

    Read as plain text: making whole records of 50,000 takes seconds, in which a bill would hold its locks.
    """
    text = SageListVersion.objects.values_list("records_json", flat=True).get(pk=pk)
    return numbers_from_plain(json.loads(text))
