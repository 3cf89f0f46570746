"""Several sweepers at once double nothing (R31), and a batch that kills whoever builds it holds up no other (R21)."""

import os
import signal
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connections
from django.db.models import F
from django.utils import timezone

from directory.models import Event, Mail
from directory.models.events import subject_name
from erp_integrations import exporting, tasks
from erp_integrations.exporting import building, storing
from erp_integrations.models import BatchState, ErpSettings, ExportBatch
from erp_integrations.models import batches as batch_models
from erp_integrations.models.batches import UNDER_WAY
from tests.erp_integrations.world import ACCOUNTING_DATE, SageWorld, sage_world
from tests.services.killing.children import start, wait
from tests.services.killing.jobs import sent_copies

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]
SWEEPERS, FILES, QUICK = 3, 12, 188


@pytest.fixture
def sage(monkeypatch) -> SageWorld:
    """Whatever waits is woken by every sweep."""
    monkeypatch.setattr(batch_models, "RESEND", timedelta(0))
    return sage_world()


def quick_ones(sage: SageWorld, count: int) -> list[ExportBatch]:
    """Batches that wait and are soon over: what was accepted is gone from them, so each fails, once and with a mail."""
    layout = ErpSettings.made_for(sage.company).layout
    common = {
        "company": sage.company,
        "layout": layout,
        "accounting_date": ACCOUNTING_DATE,
        "accepted_at": timezone.now(),
    }
    made = [ExportBatch(number=9000 + n, accepted_by=sage.approver, **common) for n in range(count)]
    return ExportBatch.objects.bulk_create(made)


def sweep_together(monkeypatch) -> None:
    """Each sweeper builds what it finds, again and again until nothing waits; all begin at the same moment."""
    together = Barrier(SWEEPERS, timeout=60)
    monkeypatch.setattr(tasks, "send", lambda task, batch_id: not task(batch_id))

    def work(_) -> None:
        try:
            together.wait()
            while ExportBatch.objects.filter(state__in=UNDER_WAY).exists():
                tasks.sweep()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(SWEEPERS) as sweepers:
        list(sweepers.map(work, range(SWEEPERS)))


def test_three_sweepers_over_two_hundred_batches_double_nothing(sage, monkeypatch):
    """R31: each is claimed once, and each leaves one event, one mail and one line of the manifest."""
    files = [sage.accepted(export) for export in sent_copies(sage, FILES)]
    quick = quick_ones(sage, QUICK)
    sweep_together(monkeypatch)
    states = Counter(ExportBatch.objects.values_list("state", "attempts"))
    assert states == {(BatchState.READY, 1): FILES, (BatchState.DEAD, 1): QUICK}
    ended = Counter(Event.objects.filter(verb__in=("built", "failed")).values_list("subject", flat=True))
    mailed = Counter(Mail.objects.values_list("subject", flat=True))
    names = [subject_name(batch) for batch in (*files, *quick)]
    assert [ended[name] for name in names] == [1] * len(names) == [mailed[name] for name in names]
    assert Counter(line["batch"] for line in storing.manifest()) == {batch.key: 1 for batch in files}


def test_without_one_conditional_claim_the_sweepers_double(sage, monkeypatch):
    """The control: read, check, write, as a claim must not be."""

    def naive(batch_id: int) -> ExportBatch | None:
        now = timezone.now()
        if not ExportBatch.objects.claimable(now).filter(pk=batch_id).exists():
            return None
        time.sleep(0.002)
        lease = {"lease_token": uuid.uuid4(), "lease_until": now + building.LEASE}
        waits = ExportBatch.objects.filter(pk=batch_id, state__in=UNDER_WAY)
        waits.update(state=BatchState.BUILDING, attempts=F("attempts") + 1, **lease)
        return ExportBatch.objects.select_related("company", "layout", "accepted_by").get(pk=batch_id)

    monkeypatch.setattr(building, "claim", naive)
    quick_ones(sage, 60)
    sweep_together(monkeypatch)
    assert ExportBatch.objects.filter(attempts__gt=1).exists()


def test_a_batch_that_kills_every_process_is_given_up_and_its_neighbours_are_built(sage, monkeypatch):
    """R21: each task runs in a process of its own, as in a worker; the one dies, the others go on."""
    batches = [sage.accepted(export) for export in sent_copies(sage, 21)]
    poisoned = batches.pop(10)
    verify = building.verify

    def deadly(batch):
        if batch.pk == poisoned.pk:
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(60)
        return verify(batch)

    died = []
    monkeypatch.setattr(building, "verify", deadly)
    monkeypatch.setattr(building, "LEASE", timedelta(milliseconds=100))
    monkeypatch.setattr(tasks, "send", lambda task, pk: died.append(wait(start(lambda: exporting.build(pk))) is None))
    tasks.sweep()
    assert Counter(ExportBatch.objects.values_list("state", flat=True)) == {"ready": 20, "building": 1}
    for _ in range(6):
        time.sleep(0.15)
        tasks.sweep()
    poisoned.refresh_from_db()
    assert (poisoned.state, poisoned.attempts, sum(died)) == ("dead", 5, 5)
    assert "interrupted 5 times" in poisoned.error
    built = Event.objects.about(*batches).filter(verb="built").values_list("subject", flat=True)
    assert sorted(built) == sorted(map(subject_name, batches))
