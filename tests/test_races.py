"""What people do at the same moment ends as if one had come after the other (G7); each race beside one without locks.

The two acts of a race are first played one after the other, in both orders; then at once, many times: whatever comes
of it must be one of the two ends, answers and events included. R42 has its own race: invoicing/test_over_billing.py.
"""

import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier

import pytest
from django.db import connection, connections, transaction
from django.db.models import QuerySet

from directory.kept import put_anew
from directory.models import Event
from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.models import BatchState, ErpSettings, ExportBatch, ExportItem, InvoiceExport
from erp_integrations.models import exports as export_models
from invoicing.actions import change_orders, closing, invoices
from invoicing.models import BillingPeriod, ChangeOrder, Invoice, InvoiceLine
from tests.erp_integrations.test_billed_elsewhere import billed, on_a_line
from tests.erp_integrations.world import ACCOUNTING_DATE, SageWorld, fresh, sage_world

pytestmark = pytest.mark.django_db(transaction=True)
ON_POSTGRESQL = connection.vendor == "postgresql"
TRIES = int(os.environ.get("RACES", "200")) if ON_POSTGRESQL else 50
LEAST = min(TRIES, 200) if ON_POSTGRESQL else 1  # of each race, whatever its share (G7)
CONTROLS = 100  # tries in which the missing lock must show itself at least once
CROSSED_SECONDS = float(os.environ.get("CROSSED_SECONDS", "20"))
needs_locks = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite lets one write at a time, lock or none")

Act = Callable[[], object]


@dataclass
class Race:
    """`ready` prepares a try and gives its acts; `ended` reads what came of them. `share`: of the usual tries."""

    ready: Callable[[], list[Act]]
    ended: Callable[[], Hashable]
    share: float = 1


def answer_of(act: Act) -> str:
    """What the person who pressed is told; numbers differ from try to try."""
    try:
        act()
    except Refused as refused:
        return f"{type(refused).__name__}: {re.sub(r'[0-9]+', '#', refused.message)}"
    except Exception as error:  # whatever a control without locks runs into
        return f"{type(error).__name__}, which is no answer"
    return "done"


def one_after_the_other(race: Race) -> set[Hashable]:
    """Both ends: the first act first, and the second act first."""
    ends = set()
    for order in (1, -1):
        acts = race.ready()
        answers = [answer_of(act) for act in acts[::order]][::order]
        ends.add((tuple(answers), race.ended()))
    return ends


def at_once(race: Race, tries: int) -> Counter:
    """{end: how often}, each try by threads that start at the same moment, on connections of their own."""
    ends: Counter = Counter()
    together = Barrier(2, timeout=60)

    def press(act: Act) -> str:
        together.wait()
        return answer_of(act)

    def hang_up(_) -> None:
        together.wait()  # one for each thread
        connections.close_all()

    with ThreadPoolExecutor(2) as people:
        try:
            for _ in range(tries):
                answers = tuple(people.map(press, race.ready()))
                ends[answers, race.ended()] += 1
        finally:
            list(people.map(hang_up, range(2)))
    return ends


@contextmanager
def no_locks(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(QuerySet, "select_for_update", lambda queryset, **_: queryset)
        patch.setattr(export_models, "lock_in_order", lambda pks, **_: None)
        put_anew()
        yield
    put_anew()


def verbs(*things) -> tuple[str, ...]:
    """What was done to them, in the order in which it came to stand."""
    found = [event for thing in things for event in Event.objects.about(thing)]
    return tuple(event.verb for event in sorted(found, key=lambda event: event.pk))


# The races


def accepting(sage: SageWorld, *, by_two: bool) -> Race:
    """R1: one person presses twice. R2: two approvers press."""
    export, other = sage.sent(), sage.new_approver()
    ticked = sage.warnings(export)

    def accept(by) -> Act:
        return lambda: batches.accept([export], by=by, accounting_date=ACCOUNTING_DATE, ticked=ticked)

    def ready() -> list[Act]:
        waits_again(export)
        return [accept(sage.approver), accept(other if by_two else sage.approver)]

    return Race(ready, lambda: stands(export))


def waits_again(export: InvoiceExport) -> None:
    """Put back by hand between two tries: no act leads there, and triggers see to that."""
    ExportItem.objects.filter(invoice_export=export).update(is_live=False)
    with unguarded(InvoiceExport):
        InvoiceExport.objects.filter(pk=export.pk).update(
            status="ready_to_export", answered_by=None, answered_at=None, reason=""
        )


@contextmanager
def unguarded(model):
    with transaction.atomic(), connection.cursor() as cursor:
        if ON_POSTGRESQL:
            cursor.execute("SET LOCAL session_replication_role = replica")
            yield
            return
        table = model._meta.db_table
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in triggers:
            cursor.execute(statement)


def stands(export: InvoiceExport) -> tuple:
    [found] = fresh(export)
    return found.status, ExportItem.objects.filter(invoice_export=export, is_live=True).count()


def answering(sage: SageWorld, answer: Callable) -> Race:
    """R23: it is rejected, or taken back by the project, while an approver accepts it."""
    export = sage.sent()
    ticked = sage.warnings(export)

    def ready() -> list[Act]:
        waits_again(export)
        return [
            lambda: batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked),
            lambda: answer(export),
        ]

    return Race(ready, lambda: stands(export))


def billing_one_line(sage: SageWorld, *, accepts: bool) -> Race:
    """S40: 600.00 and 500.00 where 1,000.00 remains. The first is tried again; so is the second, or it is accepted."""
    ErpSettings.objects.filter(company=sage.company).update(over_remaining="error")
    commitment = on_a_line(sage)
    first, second = (sage.sent(billed(sage, commitment, amount)) for amount in ("600.00", "500.00"))
    failed = [fails(sage.accepted(export)) for export in ([first] if accepts else [first, second])]
    ticked = sage.warnings(first) + sage.warnings(second)
    acts = [lambda batch=batch: batches.retry(batch, by=sage.approver, ticked=ticked) for batch in failed]
    if accepts:
        told = {"by": sage.approver, "accounting_date": ACCOUNTING_DATE, "ticked": ticked}
        acts.append(lambda: batches.accept([second], **told))

    def ready() -> list[Act]:
        for batch in failed:
            fails(batch)
        if accepts:
            waits_again(second)
        return acts

    return Race(ready, lambda: (stands(first), stands(second)), share=0.1)  # each try asks every rule three times


def fails(batch: ExportBatch) -> ExportBatch:
    """By hand too: building it wouldn't fail so often by itself."""
    ExportBatch.objects.filter(pk=batch.pk).update(state=BatchState.DEAD, error="Its disk was full.", lease_until=None)
    with unguarded(InvoiceExport):
        InvoiceExport.objects.filter(items__batch=batch).update(status="failed", error="Its disk was full.")
    return batch


def trying_again(sage: SageWorld, other: Callable) -> Race:
    """R12, R23: what failed is tried again, while somebody else does so too, or rejects it."""
    export, seen = sage.sent(), []
    ticked, failed = sage.warnings(export), sage.accepted(export)

    def retry() -> None:
        batches.retry(failed, by=sage.approver, ticked=ticked)

    def ready() -> list[Act]:
        with unguarded(ExportItem), unguarded(ExportBatch):
            ExportItem.objects.filter(batch=failed).update(is_live=True)
            fails(failed)
        seen[:] = verbs(failed, export)
        return [retry, lambda: other(export, retry)]

    def ended() -> tuple:
        return *stands(export), ExportBatch.objects.get(pk=failed.pk).state, verbs(failed, export)[len(seen) :]

    return Race(ready, ended, share=0.5)


def starting(sage: SageWorld) -> Race:
    """R41: the contact and an admin both start the next bill of one commitment."""
    w, period = sage.base, sage.base.project.billing_periods.get()
    commitment = w.commitment()
    begun = Invoice.objects.filter(commitment=commitment)

    def ready() -> list[Act]:
        InvoiceLine.objects.filter(invoice__in=begun).delete()
        begun.delete()
        return [lambda by=by: invoices.create(commitment, period, by=by) for by in (w.contact, w.admin)]

    return Race(ready, lambda: tuple(begun.values_list("position", flat=True)))


def closing_on(sage: SageWorld) -> Race:
    """R43: the period is closed while a contact submits."""
    w, period = sage.base, sage.base.project.billing_periods.get()
    invoice = w.entered(w.draft(period=period))
    seen = []

    def ready() -> list[Act]:
        with unguarded(BillingPeriod):
            BillingPeriod.objects.filter(pk=period.pk).update(status="open", takes_bills_until_due=False)
        with unguarded(Invoice):
            Invoice.objects.filter(pk=invoice.pk).update(
                status="draft", version=invoice.version, submitted_at=None, submitted_by=None
            )
        seen[:] = verbs(invoice, period)
        return [
            lambda: invoices.submit(invoice, by=w.contact),
            lambda: closing.close_and_settle(period, {}, by=w.admin),
        ]

    def ended() -> tuple:
        stand = Invoice.objects.get(pk=invoice.pk).status, BillingPeriod.objects.get(pk=period.pk).status
        return *stand, verbs(invoice, period)[len(seen) :]

    return Race(ready, ended)


def changing(sage: SageWorld) -> Race:
    """R44: a change order is approved while the bill that it belongs on is started."""
    w, period = sage.base, sage.base.project.billing_periods.get()
    commitment = w.commitment([w.line("Slab", "1000.00")])
    order = change_orders.enter(commitment, "CO-1", "More", [w.line("More of it", "200.00")], by=w.admin)
    begun = Invoice.objects.filter(commitment=commitment)
    seen = []

    def ready() -> list[Act]:
        InvoiceLine.objects.filter(invoice__in=begun).delete()
        begun.delete()
        with unguarded(ChangeOrder):
            ChangeOrder.objects.filter(pk=order.pk).update(status="draft", approved_date=None)
        seen[:] = verbs(order)
        return [
            lambda: change_orders.move(order, "approve", by=w.admin),
            lambda: invoices.create(commitment, period, by=w.contact),
        ]

    def ended() -> tuple:
        invoice = begun.get()
        status = ChangeOrder.objects.get(pk=order.pk).status
        return status, invoice.lines.count(), invoice.net_change_orders, verbs(order, invoice)[len(seen) :]

    return Race(ready, ended)


RACES = {
    "R1 one person accepts twice": lambda sage: accepting(sage, by_two=False),
    "R2 two approvers accept": lambda sage: accepting(sage, by_two=True),
    "R23 rejected while accepted": lambda sage: answering(
        sage, lambda export: exports.reject(export, by=sage.approver, reason="Twice")
    ),
    "R23 taken back while accepted": lambda sage: answering(
        sage, lambda export: exports.retrieve(export, by=sage.sender)
    ),
    "R12 tried again twice": lambda sage: trying_again(sage, lambda export, retry: retry()),
    "R23 rejected while tried again": lambda sage: trying_again(
        sage, lambda export, retry: exports.reject(fresh(export)[0], by=sage.approver, reason="Wrong job")
    ),
    "S40 tried again, both": lambda sage: billing_one_line(sage, accepts=False),
    "S40 tried again and accepted": lambda sage: billing_one_line(sage, accepts=True),
    "R41 started twice": starting,
    "R43 closed while submitted": closing_on,
    "R44 changed while started": changing,
}


@pytest.mark.parametrize("name", RACES)
def test_it_ends_as_if_one_had_come_after_the_other(name):
    race = RACES[name](sage_world())
    expected = one_after_the_other(race)
    ended = at_once(race, max(int(TRIES * race.share), LEAST))
    assert {end: times for end, times in ended.items() if end not in expected} == {}, expected


@needs_locks
@pytest.mark.parametrize("name", RACES)
def test_without_locks_it_ends_otherwise(name, monkeypatch):
    """The control: what the race above would show if nobody waited."""
    race = RACES[name](sage_world())
    expected = one_after_the_other(race)
    with no_locks(monkeypatch):
        assert any(set(at_once(race, 10)) - expected for _ in range(CONTROLS // 10))


# Crossed


@needs_locks
@pytest.mark.parametrize("locked", [True, False], ids=["ours", "crossed"])
def test_whoever_does_what_in_whatever_order_nobody_waits_for_each_other_in_a_circle(locked):
    """R45: eight people do all that locks something to the same few invoices. The control locks in either order."""
    sage = sage_world()
    known = [sage.sent() for _ in range(3)]
    until = time.monotonic() + (CROSSED_SECONDS if locked else 60)
    told: Counter = Counter()
    moves = moves_of(sage, known) if locked else [lambda: lock_crossed(known)]

    def work(number: int) -> None:
        luck = random.Random(number)
        while time.monotonic() < until and not (not locked and broken(told)):
            told[answer_of(luck.choice(moves)).partition(":")[0]] += 1
        connections.close_all()

    with ThreadPoolExecutor(8) as people:
        list(people.map(work, range(8)))
    if locked:
        assert not broken(told), told
        assert told["done"] > 50 and told["NotNow"] > 50, told
    else:
        assert broken(told), "PostgreSQL found no circle"


def broken(told: Counter) -> list[str]:
    return [words for words in told if words.endswith("no answer")]


def moves_of(sage: SageWorld, known: list[InvoiceExport]) -> list[Act]:
    w = sage.base
    ticked = sage.warnings(*known)
    others, max_power = [sage.approver, sage.new_approver()], sage.all_rights()

    def some() -> list[InvoiceExport]:
        return random.sample(known, random.randint(1, 3))

    def build() -> None:
        batch = ExportBatch.objects.filter(state="pending").first()
        if batch:
            exporting.build(batch.pk)

    def void() -> None:
        exports.void(random.choice(known), by=max_power, reason="Twice", sage_holds_it_no_more=True)

    def an_invoice() -> Invoice:
        return Invoice.objects.with_context().get(pk=random.choice(known).invoice_id)

    return [
        lambda: exports.send(Invoice.objects.with_context().filter(export__in=some()), by=sage.sender),
        lambda: exports.retrieve(random.choice(known), by=sage.sender),
        lambda: exports.reject(random.choice(known), by=random.choice(others), reason="Look again"),
        lambda: batches.accept(some(), by=random.choice(others), accounting_date=ACCOUNTING_DATE, ticked=ticked),
        lambda: invoices.reopen(an_invoice(), by=w.admin, reason="Look again"),
        lambda: invoices.approve(an_invoice(), by=w.second_admin),
        lambda: closing.close_and_settle(w.project.billing_periods.first(), {}, by=w.admin, opens_next=True),
        build,
        void,
    ]


def lock_crossed(known: list[InvoiceExport]) -> None:
    with transaction.atomic():
        for export in random.sample(known, 2):
            InvoiceExport.objects.select_for_update(of=("self",)).get(pk=export.pk)
            time.sleep(0.01)
