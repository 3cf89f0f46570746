"""What Prometheus collects: how long pages took, by address and answer, and how the background work stands.

With several web processes each counts in files of its own in PROMETHEUS_MULTIPROC_DIR, which are added up when asked
(deploy/gunicorn.conf.py sees to it); one process needs nothing. What waits is read from the database when asked.
"""

import os
import time
from collections.abc import Iterator
from functools import cache

import structlog
from django.db.models import Count, Sum
from prometheus_client import CollectorRegistry, Histogram, generate_latest, multiprocess
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric

from config import background
from directory.models import Mail
from erp_integrations.models import ExportBatch, LedgerCheck
from invoicing.models import MadeFile

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds; 0.5 and 1 are the goals of pages (G14)
ANSWERS = Histogram("plumbline_answer_seconds", "Time to answer", ["address", "method", "status"], buckets=BUCKETS)
METHODS = ("GET", "HEAD", "POST", "OPTIONS")  # anybody may send others, of any name
LAST_SEEN = "worker_last_seen_seconds"  # here of each, where a watchman is told of the newest alone
ROWS = (
    ("import_files", "Import files", ExportBatch),
    ("made_files", "Files made for people", MadeFile),
    ("mails", "Mails", Mail),
)

logger = structlog.get_logger(__name__)


def timed(get_response):
    """Counts each answer by the name of its address, never by the address: that would be as many as there are rows."""

    def middleware(request):
        began = time.perf_counter()
        response = get_response(request)
        try:
            _count(request, response, time.perf_counter() - began)
        except Exception:  # a full disk, a folder that is gone: whoever asked gets the answer all the same
            _tell_once()
        return response

    return middleware


def _count(request, response, seconds: float) -> None:
    address = request.resolver_match.view_name if request.resolver_match else ""
    method = request.method if request.method in METHODS else "other"
    ANSWERS.labels(address or "none", method, f"{response.status_code // 100}xx").observe(seconds)


@cache
def _tell_once() -> None:
    """Once a process: it would fail with each answer."""
    logger.exception("answers_not_counted")


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        multiprocess.MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    registry.register(BackgroundWork())
    return generate_latest(registry)


class BackgroundWork:
    """Rows by state, how long the oldest waits, and whether our own ledgers agree (R17)."""

    def collect(self) -> Iterator[Metric]:
        for name, words, model in ROWS:
            states = GaugeMetricFamily(f"plumbline_{name}", f"{words}, by state", labels=["state"])
            counted = dict(model.objects.order_by().values_list("state").annotate(Count("pk")))
            for state in model.State.values:
                states.add_metric([state], counted.get(state, 0))
            yield states
        workers = GaugeMetricFamily(f"plumbline_{LAST_SEEN}", "Since each worker last took work", labels=["worker"])
        for name, seconds in background.workers().items():
            workers.add_metric([name], seconds)
        yield workers
        for name, value in background.seconds().items():
            if value is not None and name != LAST_SEEN:
                yield GaugeMetricFamily(f"plumbline_{name}", name.replace("_", " "), value=value)
        found = LedgerCheck.objects.newest_of_each().aggregate(found=Sum("difference_count"))["found"] or 0
        yield GaugeMetricFamily("plumbline_ledger_differences", "Found by each company’s last check", value=found)
