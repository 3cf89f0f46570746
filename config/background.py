"""How the background work stands, as the rows tell: one truth, whichever process is asked."""

from datetime import datetime

from django.db.models import Min
from django.utils import timezone

from config.celery import app
from directory.models import Mail
from erp_integrations.models import ExportBatch, WorkerPulse
from erp_integrations.models.batches import GONE
from invoicing.models import MadeFile

BROKER_PATIENCE = 2  # seconds


def seconds() -> dict[str, int | None]:
    """Since when a worker was seen last, and since when the oldest of each kind of work waits; None for nothing."""
    since = {
        "worker_last_seen": WorkerPulse.last_seen(),
        "oldest_waiting_import_file": ExportBatch.objects.under_way().aggregate(at=Min("accepted_at"))["at"],
        "oldest_waiting_made_file": MadeFile.objects.under_way().aggregate(at=Min("created_at"))["at"],
        "oldest_waiting_mail": Mail.objects.filter(state__in=Mail.UNDERWAY).aggregate(at=Min("created_at"))["at"],
    }
    return {f"{name}_seconds": _ago(moment) for name, moment in since.items()}


def workers() -> dict[str, int]:
    """{name of a worker: seconds since it last took work}, of those seen within the hour (R30)."""
    lately = WorkerPulse.objects.filter(seen_at__gte=timezone.now() - GONE)
    return {pulse.name: _ago(pulse.seen_at) for pulse in lately.order_by("name")}


def _ago(moment: datetime | None) -> int | None:
    return None if moment is None else max(0, int((timezone.now() - moment).total_seconds()))


def broker_answers() -> bool:
    """One try, as an acceptance makes it (R25)."""
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_PATIENCE)
    except Exception:  # whatever a transport raises means the same
        return False
    return True
