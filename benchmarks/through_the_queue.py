"""F13, F14, B2: from acceptance to the file through the real queue and a real worker, against a call of the builder.

Only in a database that `seed_scale` filled: a worker sees what is committed, so what is made here stays.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from statistics import median

from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks import measuring, scale
from benchmarks.measuring import Figure, count, signed_in
from benchmarks.sent_invoices import DAY, Waiting, make
from directory.models import Company
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.models import BatchState, ExportBatch, InvoiceExport, WorkerPulse

GOALS = ("B2", "F13", "F14")
MANY, OFTEN = 1_000, 3
SOME, SOME_AT_MOST = 40, 15.0  # invoices and seconds of screens 11, on a machine for a demo
PATIENCE = 300  # seconds


def measure() -> Iterator[Figure]:
    if not Company.objects.filter(slug=scale.SLUG).exists():
        return
    is_redis = bool(settings.REDIS_URL)
    yield count("F13", "queries of the request that accepts", 15, _queries_of_the_request(make(1)))
    with _worker():
        one = _compared(make(2 * (measuring.RUNS + 1)), 1, measuring.RUNS)
        goal, way = ("4", "Redis") if is_redis else ("1.5", "the folder")
        yield Figure("F13", f"one invoice, through {way}", "the builder", Decimal(goal), *one)
        if is_redis:
            yield count("F13", "the same, in ms", 100, round(median(one[0]) * 1000))
        some = _accepted_to_ready(make(OFTEN * SOME))
        yield Figure("B2", f"{SOME} invoices, from accept to ready", "15 s", Decimal(1), some, [SOME_AT_MOST] * OFTEN)
        many = _compared(make(2 * OFTEN * MANY), MANY, OFTEN)
        yield Figure("F14", f"{MANY:,} invoices, through {way}", "the builder", Decimal("1.4"), *many)


def _queries_of_the_request(waiting: Waiting) -> int:
    [export] = waiting.exports
    data = {"confirmed": "1", "export": [export.pk], "accounting_date": DAY.isoformat(), "ticked": _seen(waiting, 0, 1)}
    client, url = signed_in(waiting.approver), reverse("erp-accept", args=[waiting.company.slug])
    with _nobody_told(), CaptureQueriesContext(connection) as asked:
        assert "/batches/" in client.post(url, data, secure=True).url
    around = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SELECT pg_advisory_xact_lock")  # the last: of the seals
    return sum(not each["sql"].startswith(around) and "eventseal" not in each["sql"] for each in asked)


def _compared(waiting: Waiting, size: int, runs: int) -> tuple[list[float], list[float]]:
    """Seconds by run, ours and the builder's by turns; with more than `runs` batches at hand, the first warms up."""
    ours, theirs = [], []
    for start in range(0, len(waiting.exports), 2 * size):
        ours.append(_through_the_queue(_accepted(waiting, start, size)))
        with _nobody_told():
            batch = _accepted(waiting, start + size, size)[0]
        began = time.perf_counter()
        exporting.build(batch.pk)
        theirs.append(time.perf_counter() - began)
        assert ExportBatch.objects.get(pk=batch.pk).state == BatchState.READY
    return ours[-runs:], theirs[-runs:]


def _accepted_to_ready(waiting: Waiting) -> list[float]:
    """Seconds by run, the checks of the acceptance with them."""
    took = []
    for start in range(0, OFTEN * SOME, SOME):
        began = time.perf_counter()
        batch, _ = _accepted(waiting, start, SOME)
        took.append(_through_the_queue((batch, began)))
    return took


def _accepted(waiting: Waiting, start: int, size: int) -> tuple[ExportBatch, float]:
    """The batch, and when its acceptance was committed and the worker told."""
    ticked, some = _seen(waiting, start, size), waiting.exports[start : start + size]
    batch = batches.accept(some, by=waiting.approver, accounting_date=DAY, ticked=ticked)
    return batch, time.perf_counter()


def _seen(waiting: Waiting, start: int, size: int) -> list[str]:
    pks = [each.pk for each in waiting.exports[start : start + size]]
    some = list(InvoiceExport.objects.with_context().filter(pk__in=pks).in_file_order())
    proposal = exports.preview(some, accounting_date=DAY, by=waiting.approver)
    return [exporting.finding_key(warning) for warning in proposal.warnings]


def _through_the_queue(accepted: tuple[ExportBatch, float]) -> float:
    batch, began = accepted
    while time.perf_counter() - began < PATIENCE:
        state = ExportBatch.objects.values_list("state", flat=True).get(pk=batch.pk)
        if state not in (BatchState.PENDING, BatchState.BUILDING):
            assert state == BatchState.READY, ExportBatch.objects.get(pk=batch.pk).error
            return time.perf_counter() - began
        time.sleep(0.002)
    raise TimeoutError(f"{batch} was not built in {PATIENCE} seconds.")


@contextmanager
def _nobody_told() -> Iterator[None]:
    """The message is held back, so that the worker leaves the batch to the builder called here."""
    wake, batches.wake = batches.wake, lambda task, row_id: None
    try:
        yield
    finally:
        batches.wake = wake


@contextmanager
def _worker() -> Iterator[None]:
    """`celery worker` on the site's own queue; its first sweep says that it is there."""
    began = WorkerPulse.last_seen()
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1", "-l", "ERROR"]
    worker = subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while WorkerPulse.last_seen() == began and time.monotonic() < until:
            time.sleep(0.2)
        yield
    finally:
        worker.terminate()
        worker.wait(30)
