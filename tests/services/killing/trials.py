"""The trials: jobs that are killed at accepting or building, races, a real worker that is killed; a naive exporter."""

import gc
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from django.db import connection, connections
from django.utils import timezone

from config.celery import app
from directory.refusals import Refused
from erp_integrations import tasks
from erp_integrations.actions import batches, links
from erp_integrations.exporting import building
from erp_integrations.models import (
    BatchState,
    CommitmentLink,
    ErpSettings,
    ExportBatch,
    ExportItem,
    InvoiceExport,
)
from erp_integrations.models import batches as batch_models
from tests.erp_integrations.world import ACCOUNTING_DATE, D, SageWorld, sage_world
from tests.services.killing import audit
from tests.services.killing.children import (
    ACCEPT_DEATHS,
    BUILD_DEATHS,
    RANDOM,
    REFUSED,
    Death,
    kill_after,
    run,
    start,
    wait,
)
from tests.services.killing.jobs import sent_copies, ticks_of_all

A_ROUND, A_SHORT_ROUND = 133, 13  # invoices: of 100 jobs, and of 10
DEATHS = [*ACCEPT_DEATHS, *BUILD_DEATHS]
WAITS = (BatchState.PENDING, BatchState.BUILDING)


@dataclass
class Tally:
    """What a part did. `hits`: deaths by name; `outcomes`: what became of its trials."""

    trials: int = 0
    kills: int = 0
    hits: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def count(self, codes, deaths) -> None:
        for code, death in zip(codes, deaths, strict=True):
            if code is None:
                self.kills += 1
                self.hits[str(death)] = self.hits.get(str(death), 0) + 1
            elif code not in (0, REFUSED):
                self.problems.append(f"a process that died {death} ended with code {code}")

    def rarest(self, deaths, than=None):
        """One of the deaths that happened least often so far, other `than` one."""
        others = [death for death in deaths if death != than]
        return min(others, key=lambda death: (self.hits.get(str(death), 0), random.random()))

    def rarely(self, deaths) -> int:
        """How often the one of the deaths that happened least often did."""
        return min(self.hits.get(str(death), 0) for death in deaths)


def hurry() -> None:
    """Leases of milliseconds, so that overlaps are forced; as many attempts as it takes; no wait before a next one."""
    ExportBatch.MAX_ATTEMPTS = 1000
    batch_models.RESEND = timedelta(0)
    building.TRIED_AGAIN_AFTER = (timedelta(0),)
    building.LEASE = timedelta(milliseconds=random.choice([1, 5, 20, 20, 50]))


def sent_exports(sage: SageWorld, count: int) -> list[InvoiceExport]:
    """As many invoices in accounting's queue, each of a commitment of its own, all acted out."""
    commitments = [sage.base.commitment() for _ in range(count)]
    for commitment in commitments:
        number = commitment.number
        links.make(CommitmentLink(company=sage.company, commitment=commitment, kind=commitment.kind, number=number))
    sage.load_subcontracts()
    amounts = [{"work_this_period": D(f"{1000 + 7 * place}.{place % 100:02d}")} for place in range(count)]
    pairs = zip(commitments, amounts, strict=True)
    return [sage.sent(sage.base.approved(sage.base.draft(each), amount)) for each, amount in pairs]


def in_groups(exports: list) -> list[list]:
    """One, one, two, one, one … invoices a batch."""
    groups, sizes = [], (1, 1, 2)
    while exports:
        size = sizes[len(groups) % 3]
        groups.append(exports[:size])
        exports = exports[size:]
    return groups


def accepting(sage: SageWorld, some: list[InvoiceExport], ticked: Collection[str], by=None):
    """What an approver's click does, as a piece of work for a process of its own."""

    def work() -> int:
        try:
            batches.accept(some, by=by or sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked)
        except Refused:
            return REFUSED
        return 0

    return work


def batch_of(export: InvoiceExport) -> ExportBatch | None:
    item = export.live_item
    return item.batch if item else None


def killed_jobs(trials: int, each: int) -> Tally:
    """At least as many trials, and `each` at every named step. A trial is one job with an outcome of its own (M13).

    Each round has a company of its own, so that the last job has no more beside it than the first.
    """
    tally = Tally()
    while (missing := trials - tally.trials) > 0 or tally.rarely(DEATHS) < each:
        sage = sage_world(f"Builders after {tally.trials} trials")
        _round(tally, sage, A_ROUND if missing > 0 else A_SHORT_ROUND)
        tally.problems += audit.problems(sage.company)
    return tally


def _round(tally: Tally, sage: SageWorld, invoices: int) -> None:
    """Jobs that are killed once or twice each; whoever clicked clicks again, and a sweep finds what waits."""
    some = sent_copies(sage, invoices)
    ticked, jobs = ticks_of_all(sage, some), in_groups(some)
    clicks = [accepting(sage, job, ticked) for job in jobs]
    gc.collect()
    gc.freeze()  # nothing of it is looked at, and so copied, again in each fork
    at_accepting = len(jobs) * len(ACCEPT_DEATHS) // len(DEATHS)
    for click in clicks[:at_accepting]:
        _killed(tally, click, ACCEPT_DEATHS)
    tally.problems += audit.half_accepted(jobs)
    refused = [job for job, click in zip(jobs, clicks, strict=True) if click() == REFUSED]
    tally.problems += [f"the click on {job} was refused" for job in refused]
    for batch in [batch_of(job[0]) for job in jobs[at_accepting:]]:
        hurry()
        _killed(tally, partial(tasks.build_export, batch.pk), BUILD_DEATHS)
    _swept(tally, 1)
    tally.trials += len(jobs)
    tally.outcomes = dict(audit.outcomes(jobs) + Counter(tally.outcomes))


def _killed(tally: Tally, work: Callable, deaths: list[Death]) -> None:
    """Each fifth job twice: a second process does the same at the same time."""
    first = tally.rarest(deaths)
    rival = random.choice([RANDOM, *[tally.rarest(deaths, than=first)] * 3])
    plan = (first, rival) if random.randrange(5) == 0 else (first,)
    tally.count(run(work, *plan), plan)


def _swept(tally: Tally, sweepers: int) -> None:
    """Until nothing waits any more, by as many competing sweeps as that."""
    tasks.send = lambda task, batch_id: not task(batch_id)
    for _ in range(200):
        if not ExportBatch.objects.filter(state__in=WAITS).exists():
            return
        hurry()
        alive = [None] * sweepers
        tally.count(run(tasks.sweep, *alive), alive)


def _waiting(some: list[ExportBatch]) -> bool:
    return ExportBatch.objects.filter(pk__in=[batch.pk for batch in some], state__in=WAITS).exists()


def races(sage: SageWorld, groups: list[list[InvoiceExport]]) -> Tally:
    """R1, R2: two clicks of one person and two of another, all at once, nobody killed. One batch, one winner."""
    tally, other = Tally(), sage.new_approver()
    for group in groups:
        ticked = sage.warnings(*group)
        work = [accepting(sage, group, ticked, by) for by in (sage.approver, other, sage.approver, other)]
        codes = [wait(pid) for pid in [start(each) for each in work]]
        tally.trials += 1
        winners = {codes[0], codes[2]}, {codes[1], codes[3]}
        if sorted(winners, key=min) != [{0}, {REFUSED}]:
            tally.problems.append(f"the clicks ended with {codes}")
    _swept(tally, 2)
    return tally


def killed_workers(sage: SageWorld, groups: list[list[InvoiceExport]], kills: int) -> Tally:
    """A real Celery worker on the real queue, killed at random times and started again; the last one lives."""
    tally, accepted = Tally(), []
    for group in groups:
        accepted.append(
            batches.accept(group, by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=sage.warnings(*group))
        )
        if tally.kills < kills:
            hurry()
            pid = start(work_like_celery)
            kill_after(pid, random.uniform(0.1, 0.6))
            tally.kills += wait(pid) is None
            tally.trials += 1
    pid, until = start(work_like_celery), time.monotonic() + 60
    while _waiting(accepted) and time.monotonic() < until:
        connections.close_all()
        time.sleep(0.05)
    kill_after(pid, 0)
    wait(pid)
    tally.hits["built"] = len(accepted)
    return tally


def work_like_celery() -> None:
    """`celery -A config worker`, in a fork so that it starts at once; SIGKILL is how it ends."""
    options = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    app.worker_main(["worker", "-P", "solo", "-l", "CRITICAL", *options])


# The negative control: a harness that finds nothing here would find nothing anywhere (R143)


def naive_doubles(sage: SageWorld, some: list[InvoiceExport]) -> int:
    """Read, check, write: no lock, no claim, no unique place. How many invoices came to stand in two batches."""
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX an_invoice_is_in_one_live_batch")
        cursor.execute("DROP INDEX a_number_of_a_sage_vendor_is_in_one_live_batch")
    company, settings = sage.company, ErpSettings.made_for(sage.company)
    for export in some:

        def work(export=export) -> None:
            if ExportItem.objects.filter(invoice_export=export, is_live=True).exists():
                return
            time.sleep(random.uniform(0, 0.01))
            batch = ExportBatch.objects.create(
                company=company,
                number=uuid.uuid4().int % 2_000_000_000,
                layout=settings.layout,
                accounting_date=ACCOUNTING_DATE,
                accepted_at=timezone.now(),
                accepted_by=sage.approver,
                state=BatchState.VOID,
            )
            ExportItem.objects.create(
                batch=batch,
                invoice_export=export,
                position=1,
                company=company,
                vendor_number="20145",
                number_key=export.invoice.number_key,
            )

        run(work, None, None)
    return sum(ExportItem.objects.filter(invoice_export=export, is_live=True).count() > 1 for export in some)
