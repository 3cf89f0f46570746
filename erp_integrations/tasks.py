"""Doorways for the worker: build one batch, and look again at everything that no message stands for."""

import socket
from datetime import timedelta

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import connections
from django.utils import timezone

from directory.limits import HOURLY, NIGHTLY, QUICK
from directory.models import Company
from directory.queue import send
from erp_integrations import exporting, notifications
from erp_integrations.exporting import building, ledgers, storing
from erp_integrations.models import ExportBatch, WorkerPulse

# For 1,000 invoices and a busy machine (F14). A lease is shorter: it is renewed while the work goes on (R34).
SOFT_LIMIT, HARD_LIMIT = timedelta(minutes=5), timedelta(minutes=6)

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=SOFT_LIMIT.seconds, time_limit=HARD_LIMIT.seconds)
def build_export(batch_id: int) -> None:
    exporting.build(batch_id)


@shared_task(**QUICK)
def sweep() -> None:
    """Every few seconds: say that a worker lives, wake builds nobody works on, end the hopeless."""
    now = timezone.now()
    WorkerPulse.beat(socket.gethostname())
    for batch in ExportBatch.objects.exhausted(now).select_related("company", "accepted_by"):
        building.give_up_exhausted(batch)
    due = list(ExportBatch.objects.unheard(now).values_list("pk", flat=True))
    ExportBatch.objects.filter(pk__in=due).update(enqueued_at=now)
    for batch_id in due:
        send(build_export, batch_id)


@shared_task(**HOURLY)
def remove_orphans() -> int:
    """Every hour: files of builds that died. It looks at every file there is, and they count from an hour of age on."""
    return storing.remove_orphans()


@shared_task(**HOURLY)
def write_digests() -> int:
    """Every few minutes, because each company's 7:00 is another moment."""
    return notifications.daily_digests()


@shared_task(**HOURLY)
def alert_about_overdue_files() -> int:
    """Every hour: a file is overdue from a company's midnight on, and that is another moment for each."""
    return notifications.overdue_files()


@shared_task(**NIGHTLY)
def check_ledgers() -> int:
    """Every night (R17): how many differences; each company's last result stands on its ERP pages."""
    checks = [ledgers.check(company) for company in Company.objects.all()]
    for each in checks:
        if each.difference_count:
            logger.error("ledgers_differ", company=each.company.slug, count=each.difference_count)
    return sum(each.difference_count for each in checks)


@worker_ready.connect
def sweep_on_start(**_) -> None:
    """A worker that starts looks at once for what an earlier one left behind."""
    try:
        sweep()
    except Exception:
        logger.warning("first_sweep_failed", exc_info=True)
    finally:
        connections.close_all()
