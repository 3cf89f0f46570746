"""Doorways for the worker: build one batch, and look again at everything that no message stands for."""

import socket
from datetime import timedelta

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_ready
from django.db import connections

from directory.limits import HOURLY, NIGHTLY, QUICK
from directory.models import Company
from directory.queue import send
from directory.server_clock import server_now
from directory.unhurried import unhurried
from erp_integrations import exporting, notifications
from erp_integrations.exporting import building, ledgers, storing
from erp_integrations.models import ExportBatch, WorkerPulse

# For 1,000 invoices and a busy machine (F14). A lease is shorter: it is renewed while the work goes on (R34).
SOFT_LIMIT, HARD_LIMIT = timedelta(minutes=5), timedelta(minutes=6)

logger = structlog.get_logger(__name__)


@shared_task(soft_time_limit=SOFT_LIMIT.seconds, time_limit=HARD_LIMIT.seconds)
def build_export(batch_id: int) -> None:
    exporting.build(batch_id)


@shared_task(bind=True, **QUICK)
def sweep(self) -> None:
    """Every few seconds: say that a worker lives, wake builds nobody works on, end the hopeless."""
    _sweep(self.request.hostname)


def _sweep(worker: str | None) -> None:
    """`worker`: its name, since a host may have several; None for a process that has none."""
    WorkerPulse.beat(worker or socket.gethostname())
    _wake_what_is_due()
    _end_the_hopeless()


def _wake_what_is_due() -> None:
    """Marked before a worker can have it, so that a batch it hands back keeps no mark of ours."""
    now = server_now()
    due = list(ExportBatch.objects.unheard(now).values_list("pk", flat=True))
    ExportBatch.objects.filter(pk__in=due).update(enqueued_at=now)
    unsent = [batch_id for batch_id in due if not send(build_export, batch_id)]
    if unsent:
        ExportBatch.objects.under_way().filter(pk__in=unsent).update(enqueued_at=None)


def _end_the_hopeless() -> None:
    """Each by itself: one that can't even be given up holds up nobody (R20, R21)."""
    for batch in ExportBatch.objects.exhausted(server_now()).select_related("company", "accepted_by"):
        try:
            building.give_up_exhausted(batch)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            logger.exception("not_given_up", batch=batch.key)


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
@unhurried()
def check_ledgers() -> int:
    """Every night (R17): how many differences; each company's last result stands on its ERP pages."""
    return sum(_differences_of(company) for company in Company.objects.order_by("slug"))


def _differences_of(company: Company) -> int:
    """One whose ledgers can't even be read keeps nobody from reading the others'."""
    try:
        count = ledgers.check(company).difference_count
    except SoftTimeLimitExceeded:
        raise
    except Exception:
        logger.exception("ledgers_not_checked", company=company.slug)
        return 0
    if count:
        logger.error("ledgers_differ", company=company.slug, count=count)
    return count


@worker_ready.connect
def sweep_on_start(sender=None, **_) -> None:
    """A worker that starts looks at once for what an earlier one left behind. `sender`: Celery's, with its name."""
    try:
        _sweep(getattr(sender, "hostname", None))
    except Exception:
        logger.warning("first_sweep_failed", exc_info=True)
    finally:
        connections.close_all()
