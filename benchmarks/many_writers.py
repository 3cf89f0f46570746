"""F15: sixteen people approve the same invoices at the same moments; each is approved once. PostgreSQL alone.

Only in a database that `seed_scale` filled: each writes on a connection of their own, so what is made here stays.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Barrier
from unittest.mock import patch

from django.db import DatabaseError, connection, connections
from django.db.models import QuerySet

from benchmarks import scale
from benchmarks.measuring import Figure, count
from benchmarks.sent_invoices import under_review
from directory.kept import put_anew
from directory.models import Company, Event, Person
from directory.refusals import Refused
from invoicing.actions import invoices
from invoicing.models import Invoice

GOALS = ("F15",)
WRITERS, INVOICES = 16, 400


def measure() -> Iterator[Figure]:
    if connection.vendor != "postgresql" or not Company.objects.filter(slug=scale.SLUG).exists():
        return
    what = f"{WRITERS} writers, {INVOICES} invoices: approved twice"
    yield count("F15", what, 0, doubles_of(*under_review(INVOICES)))
    with without_locks():
        found = doubles_of(*under_review(INVOICES))
    yield count("F15", "the control without locks, which must be more", found or -1, found)


@contextmanager
def without_locks() -> Iterator[None]:
    """No row is locked, nor by a question whose words were kept from before (`directory.kept`)."""
    try:
        with patch.object(QuerySet, "select_for_update", lambda rows, **_: rows):
            put_anew()
            yield
    finally:
        put_anew()


def doubles_of(admin: Person, waiting: list[Invoice]) -> int:
    """How many of the invoices were approved more than once."""
    together = Barrier(WRITERS, timeout=60)

    def write(_) -> None:
        try:
            for invoice in waiting:
                mine = Invoice.objects.get(pk=invoice.pk)
                together.wait()
                _tried(mine, admin)
                together.wait()  # read again only when all are done
        finally:
            connections.close_all()

    with ThreadPoolExecutor(WRITERS) as people:
        list(people.map(write, range(WRITERS)))
    approvals = [Event.objects.about(invoice).filter(verb="approved").count() for invoice in waiting]
    assert all(approvals), "An invoice was approved by nobody."
    return sum(each > 1 for each in approvals)


def _tried(invoice: Invoice, admin: Person) -> None:
    with suppress(Refused, DatabaseError):  # somebody was quicker
        invoices.approve(invoice, by=admin)
