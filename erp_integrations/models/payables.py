"""The rows of a list of payable invoices, read without the detour over every type: it may hold 50,000 of them."""

import json
from decimal import Decimal
from functools import lru_cache

from directory.number_looks import number_key
from erp_integrations.models.lists import SageListVersion
from erp_integrations.sage100.lists import PayableInvoice, held_back, payable_from_plain, record_key


def payables_of(version: SageListVersion) -> tuple[PayableInvoice, ...]:
    """In the order of the list."""
    return _rows(version.records_sha256, version.pk)


@lru_cache(maxsize=4)
def _rows(sha256: str, pk: int) -> tuple[PayableInvoice, ...]:
    """A version never changes; the digest guards against a restored pk."""
    text = SageListVersion.objects.values_list("records_json", flat=True).get(pk=pk)
    return tuple(payable_from_plain(plain) for plain in json.loads(text))


def numbers_in(version: SageListVersion) -> frozenset[tuple[str, str]]:
    """(vendor, number as compared) of each invoice that Sage has; what it keeps as void is gone."""
    return _numbers(version.records_sha256, version.pk)


@lru_cache(maxsize=4)
def _numbers(sha256: str, pk: int) -> frozenset[tuple[str, str]]:
    return frozenset(record_key(row) for row in _rows(sha256, pk) if not row.is_void)


def holdings_of(version: SageListVersion) -> dict[tuple[str, str], Decimal]:
    """{(vendor, number as compared): what Sage holds back under it, in dollars}, as `held_back`."""
    return _holdings(version.records_sha256, version.pk)


@lru_cache(maxsize=4)
def _holdings(sha256: str, pk: int) -> dict[tuple[str, str], Decimal]:
    return held_back(_rows(sha256, pk))


def records_of(version: SageListVersion) -> dict[str, list[PayableInvoice]]:
    """{record number as compared: what the list has under it}; one, unless somebody put two lists together."""
    return _records(version.records_sha256, version.pk)


@lru_cache(maxsize=4)
def _records(sha256: str, pk: int) -> dict[str, list[PayableInvoice]]:
    found = {}
    for row in _rows(sha256, pk):
        found.setdefault(number_key(row.record_number), []).append(row)
    return found
