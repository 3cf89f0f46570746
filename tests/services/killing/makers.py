"""Files made for people by workers that are killed: each comes to be ready, whole and once, with nothing beside it."""

import os
import random
import time
import zipfile
from datetime import timedelta

from django.db import connections

from directory.permissions import read_access
from invoicing import made_storage, making, tasks
from invoicing.actions import made_files
from invoicing.models import Invoice, MadeFile, MadeKind
from invoicing.models import made_files as model
from tests.erp_integrations.world import SageWorld
from tests.services.killing.children import MAKE_DEATHS, RANDOM, kill_after, run, start, wait
from tests.services.killing.trials import Tally, work_like_celery

OF_EACH = 4  # lists, and certificates


def hurry() -> None:
    """Leases of milliseconds, so that overlaps are forced; as many attempts as it takes; no wait before a re-send."""
    MadeFile.MAX_ATTEMPTS = 1000
    model.RESEND = timedelta(0)
    making.LEASE = timedelta(milliseconds=random.choice([1, 20, 100, 400]))


def invoices_of(sage: SageWorld) -> list[int]:
    access = read_access(sage.base.admin, sage.company, sage.base.project)
    return list(Invoice.objects.visible_to(access).values_list("pk", flat=True))


def killed_makings(sage: SageWorld, kills: int) -> Tally:
    """Two competing processes make each list, killed at a step or at a random time, again and again; then two live."""
    tally, ids = Tally(), invoices_of(sage)
    for place in range(OF_EACH):
        kind = (MadeKind.CSV, MadeKind.XLSX)[place % 2]
        made = made_files.ask_for_list(sage.base.project, kind, ids[place:], asked_on="/", by=sage.base.admin)
        while tally.kills < kills * (place + 1) / OF_EACH and _is_under_way(made):
            hurry()
            plan = (tally.rarest(MAKE_DEATHS), random.choice([tally.rarest(MAKE_DEATHS[2:]), RANDOM]))
            tally.count(run(lambda: tasks.make_file(made.pk), *plan), plan)  # noqa: B023 (runs at once)
        while _is_under_way(made):
            hurry()
            tally.count(run(lambda: tasks.make_file(made.pk), None, None), (None, None))  # noqa: B023
        tally.trials += 1
    return tally


def killed_workers(sage: SageWorld, kills: int) -> Tally:
    """A real Celery worker on the real queue, and the sweep that beat would send; the last worker lives."""
    tally, ids, asked = Tally(), invoices_of(sage), []
    for place in range(OF_EACH):
        some = ids[place : place + 3]
        asked.append(made_files.ask_for_certificates(sage.base.project, some, asked_on="/", by=sage.base.admin))
    while tally.kills < kills and any(map(_is_under_way, asked)):
        hurry()
        tasks.sweep_made_files.apply_async()
        pid = start(work_like_celery)
        kill_after(pid, random.uniform(0.3, 1.2))
        tally.kills += wait(pid) is None
    pid, until = start(work_like_celery), time.monotonic() + 90
    while any(map(_is_under_way, asked)) and time.monotonic() < until:
        tasks.sweep_made_files.apply_async()
        connections.close_all()
        time.sleep(0.2)
    kill_after(pid, 0)
    wait(pid)
    tally.trials = len(asked)
    return tally


def _is_under_way(made: MadeFile) -> bool:
    return MadeFile.objects.get(pk=made.pk).is_under_way


def problems() -> list[str]:
    """Every file that is not ready and whole, and whatever lies beside them once the janitor was there."""
    files = list(MadeFile.objects.all())
    found = [f"{made} is {made.state}: {made.error}" for made in files if not made.is_ready]
    found += [f"{made} is not whole" for made in files if made.is_ready and not _is_whole(made)]
    named = {made_storage.path_of(made.key) for made in files}
    for path in made_storage.path_of("").glob("*/*"):
        os.utime(path, (0, 0))
    made_storage.remove_orphans()
    left = {path for path in made_storage.path_of("").rglob("*") if path.is_file()}
    return found + [f"{path} is there or missing" for path in left ^ named]


def _is_whole(made: MadeFile) -> bool:
    path = made_storage.path_of(made.key)
    if path.stat().st_size != made.size:
        return False
    if made.kind == MadeKind.CSV:
        return len(path.read_text("utf-8-sig").splitlines()) == 1 + len(made.invoices)
    with zipfile.ZipFile(path) as package:
        is_right = made.kind == MadeKind.XLSX or len(package.namelist()) == len(made.invoices)
        return is_right and package.testzip() is None
