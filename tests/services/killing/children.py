"""Forked processes that do one thing and may die at a named step. The product knows nothing of these steps."""

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from directory import queue
from erp_integrations import notifications
from erp_integrations.actions import batches
from erp_integrations.exporting import building, storing
from erp_integrations.sage100 import workbook
from invoicing import made_storage, making

BEFORE, AFTER = "before", "after"
REFUSED = 3

BUILD_STEPS = {
    "claim": (building, "claim"),
    "verify": (building, "verify"),
    "temp write": (storing, "write_part"),
    "fsync": (storing, "flush_to_disk"),
    "rename": (storing, "put_in_place"),
    "finish": (building, "finish"),
    "publish": (building, "publish"),
    "move": (building, "moved"),
    "mail": (notifications, "ready"),
    "manifest": (storing, "note"),
}
ACCEPT_STEPS = {
    "freeze": (batches, "_freeze"),
    "fill": (batches, "_fill"),
    "accept move": (batches, "moved"),
    "message": (queue, "send"),
}
MAKE_STEPS = {
    "claim of a file": (making, "claim"),
    "what may be seen": (making, "_seen"),
    "a row of it": (making, "rows_of"),
    "its place": (made_storage, "put_in_place"),
    "its last write": (making, "finish"),
}
COMMIT_AFTER = {"commit of the build": (building, "publish"), "commit of the acceptance": (batches, "_fill")}
ROWS, HALF = "some rows of the workbook", "half of the file"  # R3: mid-write
ROWS_WRITTEN = 4


@dataclass(frozen=True)
class Death:
    """Die before or after a step; or, without a step, when the parent feels like it."""

    step: str = ""
    when: str = BEFORE

    def __str__(self):
        return f"{self.when} {self.step}" if self.step else "at a random time"


# Each point once: what comes right after a step is not told apart from what comes right before the next.
BUILD_DEATHS = [
    Death("claim"),
    Death("claim", AFTER),
    Death("verify", AFTER),
    Death(ROWS, AFTER),
    Death(HALF, AFTER),
    Death("temp write", AFTER),
    Death("fsync", AFTER),
    Death("rename", AFTER),
    Death("finish"),
    Death("publish", AFTER),
    Death("move", AFTER),
    Death("mail", AFTER),
    Death("manifest", AFTER),
    Death("commit of the build"),
    Death("commit of the build", AFTER),
]
ACCEPT_DEATHS = [
    Death("freeze"),
    Death("freeze", AFTER),
    Death("fill", AFTER),
    Death("accept move", AFTER),
    Death("commit of the acceptance"),
    Death("commit of the acceptance", AFTER),
    Death("message", AFTER),
]
MAKE_DEATHS = [Death(step, when) for step in MAKE_STEPS for when in (BEFORE, AFTER)]
RANDOM = Death()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def arm(death: Death) -> None:
    """In this process alone, put the death around the step."""
    if death.step == ROWS:
        renewing = building._renewing
        building._renewing = lambda *args: _dying_after(renewing(*args))
    elif death.step == HALF:
        _wrap(workbook._Archive, "write", after=_half_a_file)
    elif death.step in COMMIT_AFTER:
        module, name = COMMIT_AFTER[death.step]
        _wrap(module, name, after=lambda *_: _wrap_deadly(BaseDatabaseWrapper, "_commit", death.when))
    elif death.step:
        module, name = (BUILD_STEPS | ACCEPT_STEPS | MAKE_STEPS)[death.step]
        _wrap_deadly(module, name, death.when)


def _dying_after(written: Callable[[], None]) -> Callable[[], None]:
    rows = count(1)

    def row_written() -> None:
        written()
        if next(rows) == ROWS_WRITTEN:
            die()

    return row_written


def _half_a_file(archive, *_) -> None:
    """One sheet of four is in it, and on the disk, as it is of a workbook longer than what is written at once."""
    archive.fp.flush()
    die()


def _wrap_deadly(owner, name: str, when: str) -> None:
    def deadly(*_) -> None:
        die()

    _wrap(owner, name, before=deadly if when == BEFORE else None, after=deadly if when == AFTER else None)


def _wrap(owner, name: str, before: Callable | None = None, after: Callable | None = None) -> None:
    real = getattr(owner, name)

    def wrapped(*args, **kwargs):
        if before:
            before(*args)
        result = real(*args, **kwargs)
        if after:
            after(*args)
        return result

    setattr(owner, name, wrapped)


def start(work: Callable[[], None], death: Death | None = None) -> int:
    """Fork a process that does `work` on connections of its own. Its exit code: 0 done, REFUSED, 1 anything else."""
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if death:
            arm(death)
        code = work() or 0
    finally:
        os._exit(code)


def wait(pid: int) -> int | None:
    """The exit code; None when it was killed."""
    _, status = os.waitpid(pid, 0)
    return None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def kill_after(pid: int, seconds: float) -> None:
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)


def run(work: Callable[[], None], *deaths: Death | None, longest: float = 0.08) -> list[int | None]:
    """The same work in as many competing processes as deaths are given (None: it lives). Their exit codes."""
    started = [(start(work, death), death) for death in deaths]
    for pid, death in started:
        if death == RANDOM:
            kill_after(pid, random.uniform(0, longest))
    return [wait(pid) for pid, _ in started]
