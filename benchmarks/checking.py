"""F16: what the rules cost over a batch, against lists of 5,000 vendors, 2,000 jobs and 5,000 cost codes."""

from collections.abc import Iterator
from decimal import Decimal
from math import log
from statistics import median
from time import perf_counter

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks import measuring
from benchmarks.measuring import Figure, count
from benchmarks.sent_invoices import DAY, Waiting, sent_invoices
from erp_integrations.actions import exports
from erp_integrations.models import InvoiceExport

GOALS = ("F16",)
FEW, MANY = 100, 1_000


def measure() -> Iterator[Figure]:
    """All texts of the lines are cut (S36), so that every invoice has findings too."""
    with sent_invoices(MANY) as waiting:
        few, many = (_asked(waiting, size) for size in (FEW, MANY))
        yield count("F16", f"queries more for {MANY:,} invoices than for {FEW}", 0, many - few)
        times = [[_seconds(waiting, size) for size in (FEW, MANY)] for _ in range(measuring.RUNS)]
        small, large = (median(each) for each in zip(*times, strict=True))
        exponent = log(large / small) / log(MANY / FEW)
        what = f"growth of a check from {FEW} to {MANY:,} invoices"
        yield Figure("F16", what, f"exponent; {large:.2f} s", Decimal("1.05"), [f"{exponent:.3f}"], [], True)


def check(waiting: Waiting, size: int):
    """From the database: as the queue, the acceptance and the build ask."""
    some = InvoiceExport.objects.with_context().filter(pk__in=[each.pk for each in waiting.exports[:size]])
    return exports.preview(list(some.in_file_order()), accounting_date=DAY, by=waiting.approver)


def _asked(waiting: Waiting, size: int) -> int:
    with CaptureQueriesContext(connection) as asked:
        proposal = check(waiting, size)
    assert not proposal.errors, proposal.errors[0]
    return len(asked)


def _seconds(waiting: Waiting, size: int) -> float:
    start = perf_counter()
    check(waiting, size)
    return perf_counter() - start
