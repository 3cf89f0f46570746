"""The trials: acceptances and builds that are killed, races, a real worker that is killed; and a naive exporter."""

import random
import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta

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
from tests.erp_integrations.world import ACCOUNTING_DATE, D, SageWorld, fresh
from tests.services.killing.children import (
    ACCEPT_DEATHS,
    BUILD_DEATHS,
    LASTING,
    RANDOM,
    REFUSED,
    kill_after,
    run,
    start,
    wait,
)

WAITS = (BatchState.PENDING, BatchState.BUILDING)


@dataclass
class Tally:
    """What a part did. `hits`: deaths by name."""

    trials: int = 0
    kills: int = 0
    hits: dict[str, int] = field(default_factory=dict)
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

    def wanted(self, deaths, each: int) -> int:
        """How many deaths there were, of a step that was died at more often `each` only."""
        return sum(min(self.hits.get(str(death), 0), each) for death in deaths)


def hurry() -> None:
    """Leases of milliseconds, so that overlaps are forced; as many attempts as it takes; no wait before a next one."""
    batch_models.MAX_ATTEMPTS = building.MAX_ATTEMPTS = 1000
    batch_models.RESEND = timedelta(0)
    building.TRIED_AGAIN_AFTER = (timedelta(0),)
    building.LEASE = timedelta(milliseconds=random.choice([1, 5, 20, 20, 50]))


def sent_exports(sage: SageWorld, count: int) -> list[InvoiceExport]:
    """As many invoices in accounting's queue, each of a commitment of its own, with odd cents."""
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


def accepting(sage: SageWorld, some: list[InvoiceExport], ticked: list[str], by=None):
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


def killed_acceptances(sage: SageWorld, each: int) -> Tally:
    """Two clicks at once, killed at steps of accepting, `each` of them so often; then the click that lives.

    One batch a group: it dies at some steps that leave nothing and then after the commit, which it can do only once.
    """
    tally, before = Tally(), [death for death in ACCEPT_DEATHS if death not in LASTING]
    while tally.wanted(ACCEPT_DEATHS, each) < each * len(ACCEPT_DEATHS):
        for group in in_groups(sent_exports(sage, 12)):
            tally.trials += 1
            click = accepting(sage, group, sage.warnings(*group))
            due = len(before) * min(each, tally.trials / len(LASTING))
            while tally.wanted(before, each) < due and batch_of(group[0]) is None:
                first = tally.rarest(before)
                _killed(tally, group, click, first, random.choice([tally.rarest(before, than=first), RANDOM]))
            first = tally.rarest(LASTING)
            _killed(tally, group, click, first, tally.rarest(LASTING, than=first))
            codes = run(click, None, None)
            if codes != [0, 0]:
                tally.problems.append(f"the second click of the same person ended with {codes}")
            if len({batch_of(export) for export in group}) != 1:
                tally.problems.append(f"{group} stands in several batches")
    return tally


def _killed(tally: Tally, group: list[InvoiceExport], click, *plan) -> None:
    tally.count(run(click, *plan), plan)
    states = {export.status for export in fresh(*group)}
    if len(states) != 1:
        tally.problems.append(f"half an acceptance: {sorted(states)}")


def killed_builds(pending: list[ExportBatch], each: int, kills: int) -> Tally:
    """Two competing builds of each batch, killed at a step or at a random time, again and again; then a sweep.

    Over all batches that many are killed, and `each` at every step; the last tenth is there for what is still wanting.
    """
    tally = Tally()
    tasks.send = lambda task, batch_id: not task(batch_id)
    for place, batch in enumerate(pending, start=1):
        share = min(1, place / (0.9 * len(pending)))
        steps = share * each * len(BUILD_DEATHS)
        while (tally.wanted(BUILD_DEATHS, each) < steps or tally.kills < share * kills) and _state(batch) in WAITS:
            hurry()
            first = tally.rarest(BUILD_DEATHS)
            plan = (first, random.choice([tally.rarest(BUILD_DEATHS[2:], than=first), RANDOM]))
            tally.count(run(lambda: tasks.build_export(batch.pk), *plan), plan)  # noqa: B023 (runs at once)
        tally.trials += 1
    for _ in range(200):
        if not _waiting(pending):
            break
        hurry()
        tally.count(run(tasks.sweep, None, None), (None, None))
    return tally


def _state(batch: ExportBatch) -> str:
    return ExportBatch.objects.values_list("state", flat=True).get(pk=batch.pk)


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
