"""The scenes: accepted on the page while a server is away, and a worker that comes later; then what the files hold."""

import signal
import time
from datetime import timedelta

from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.utils import InterfaceError
from django.test import Client
from django.urls import reverse

from config.celery import app
from directory.models import Mail
from erp_integrations import tasks
from erp_integrations.exporting import building
from erp_integrations.models import BatchState, ExportBatch
from erp_integrations.models import batches as batch_models
from invoicing.models import InvoiceType
from tests.erp_integrations.pages import accept_data, queue_url
from tests.erp_integrations.world import SageWorld, sage_world
from tests.factories import world
from tests.services.killing import audit
from tests.services.killing.children import kill_after, start, wait
from tests.services.killing.trials import sent_exports, work_like_celery

BATCHES = 6
ROUND = 20
WAITS = (BatchState.PENDING, BatchState.BUILDING)
PATIENCE = 90  # seconds


def play(scene: str, server) -> dict:
    """`seconds` of the slowest acceptance; `problems`: every doubled, lost or wrong thing at the end; `round`: of what
    else waits for a broker that hangs."""
    call_command("migrate", verbosity=0)
    sage = sage_world()
    exports = sent_exports(sage, BATCHES)
    batch_models.RESEND = timedelta(0)  # what was not heard is told again by the next sweep
    building.LEASE = timedelta(seconds=2)
    building.TRIED_AGAIN_AFTER = (timedelta(0), timedelta(seconds=2))
    act = {"emptied": _emptied, "stopped": _stopped, "gone": _gone, "database": _database}[scene]
    slowest = act(server, sage, exports)
    connections.close_all()
    wrong = audit.problems(sage.company) + audit.records(sage.company)
    result = {"seconds": round(slowest, 2), "built": _count(BatchState.READY), "problems": wrong}
    return result | ({"round": _round(server)} if scene == "stopped" else {})


def _accepted(sage: SageWorld, exports) -> float:
    """Somebody signs in and accepts, by the page, each alone; seconds of the slowest answer."""
    client, url = Client(headers={"host": "127.0.0.1"}), queue_url(sage.company, "accept/")
    began = time.monotonic()
    assert client.post("/accounts/login/", {"login": sage.approver.email, "password": "pw"}, secure=True).url == "/"
    slowest = time.monotonic() - began
    for export in exports:
        data = accept_data(client.get(url, {"export": [export.pk]}, secure=True), export)
        began = time.monotonic()
        assert "/batches/" in client.post(url, data, secure=True).url
        slowest = max(slowest, time.monotonic() - began)
    return slowest


def _emptied(server, sage: SageWorld, exports) -> float:
    """Every message that stood in the broker is lost."""
    slowest = _accepted(sage, exports)
    with app.connection_for_write() as connection:
        connection.default_channel.client.flushdb()
    _worked()
    return slowest


def _stopped(server, sage: SageWorld, exports) -> float:
    """The broker takes the connection and never answers."""
    server.process.send_signal(signal.SIGSTOP)
    slowest = _accepted(sage, exports[:2])
    server.process.send_signal(signal.SIGCONT)
    _accepted(sage, exports[2:])
    _worked()
    return slowest


def _gone(server, sage: SageWorld, exports) -> float:
    """Nothing listens there; it comes back empty."""
    server.end()
    slowest = _accepted(sage, exports)
    server.start()
    _worked()
    return slowest


def _round(server) -> dict:
    """Twenty are invited with one click, and once more while the broker hangs: {broker: seconds}."""
    w = world()
    period, client = w.period(), Client(headers={"host": "127.0.0.1"})
    client.force_login(w.admin, "directory.backends.Logins")
    url, seconds = reverse("period-invite", args=[w.project.slug, period.pk]), {}
    data = {"commitment": [w.commitment().pk for _ in range(ROUND)], "invoice_type": InvoiceType.WORK}
    for broker in ("answers", "hangs"):
        if broker == "hangs":
            server.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        assert client.post(url, data, secure=True).status_code == 302
        seconds[broker] = time.monotonic() - began
    return seconds | {"due": Mail.objects.due().filter(company=w.company).count()}


def _database(server, sage: SageWorld, exports) -> float:
    """The database crashes twice under a worker that builds; it builds what is accepted after that, too (R29)."""
    slowest, pid = _accepted(sage, exports[:3]), start(work_like_celery)
    for _ in range(2):
        time.sleep(1.5)
        server.restart()
        connections.close_all()
    slowest = max(slowest, _accepted(sage, exports[3:]))
    _worked(pid)
    return slowest


def _worked(pid: int | None = None) -> None:
    """One worker, and the sweep that beat would send, until nothing waits."""
    pid, until = pid or start(work_like_celery), time.monotonic() + PATIENCE
    while _waiting() and time.monotonic() < until:
        tasks.sweep.apply_async()
        time.sleep(0.5)
    kill_after(pid, 0)
    wait(pid)


def _waiting() -> bool:
    try:
        return ExportBatch.objects.filter(state__in=WAITS).exists()
    except (OperationalError, InterfaceError):
        return True
    finally:
        connections.close_all()


def _count(state: str) -> int:
    return ExportBatch.objects.filter(state=state).count()
