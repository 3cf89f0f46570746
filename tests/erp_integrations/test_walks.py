"""Random walks between a project, its accounting and Sage: no cent is entered twice there, and none is lost (R48, E-1).

Sage is played by `Books`. After every step our own ledgers agree, and what Sage holds is what our files say it has; at
the end of a walk all that is under way is finished, compared with Sage's list, and found there as it was certified.
"""

import errno
import os
from collections import Counter, defaultdict
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

import pytest
import time_machine
from django.db import transaction

from directory.models import Person
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, many, reconciliations, results
from erp_integrations.exporting import ledgers, storing
from erp_integrations.models import ExportBatch, ExportItem, InvoiceExport, ListKind, RetainageRelease
from invoicing.actions import amounts, invoices
from invoicing.calculations.money import ZERO, to_cents
from invoicing.models import Commitment, Invoice
from tests.erp_integrations.books import Books
from tests.erp_integrations.world import SageWorld, fresh, sage_world
from tests.factories import D

pytestmark = pytest.mark.django_db
REFUSALS = (NotAllowed, NotNow, Refused, Stale)
BEGUN = datetime(2030, 6, 10, 15, tzinfo=UTC)
STEPS, WALKS_IN_CI = 60, 8
WALKS = int(os.environ.get("WALKS", WALKS_IN_CI if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 2))
PARTS = (D("0.1"), D("0.25"), D("0.5"))
KINDS = ("work", "work", "credit", "release", "both")
STRAIGHT = ("bill", "send", "accept", "build", "import_file", "compare")
ACTS = (
    *STRAIGHT, "send", "accept", "build", "upload", "confirm", "retrieve", "reject", "retry", "retry", "void", "void",
    "mend",
)  # fmt: skip
MUST_HAPPEN = {
    "bill", "send", "retrieve", "reject", "accept", "build", "fail", "retry", "import", "refuse", "upload", "compare",
    "confirm", "void", "mend",
}  # fmt: skip


class Walk:
    """One company for each walk, taken back at its end; `done` counts what was done, and what was refused."""

    def __init__(self, sage: SageWorld, commitments: list[Commitment], all_rights: Person, number: int, done: Counter):
        """`all_rights`: project Admin and accounting approver at once, which voiding takes."""
        self.sage, self.commitments, self.all_rights, self.done = sage, commitments, all_rights, done
        self.random, self.books = Random(number), Books()  # the same walk each time

    def go(self, steps: int) -> None:
        """Whatever comes to somebody's mind, or what comes next when all goes well, so that it gets far."""
        with time_machine.travel(BEGUN, tick=False) as self.traveller:
            while steps > 0:
                first = self.random.randrange(len(STRAIGHT))
                acts = STRAIGHT[first : first + 3] if self.random.random() < 0.5 else [self.random.choice(ACTS)]
                for what in acts:
                    getattr(self, what)()
                    self.our_ledgers_agree()
                    self.sage_holds_what_our_files_say_and_nothing_else()
                steps -= len(acts)
            self.everything_arrives()

    def attempt(self, what: str, act):
        """What the act gives, or None where it was refused, which leaves nothing behind. Some hours pass."""
        self.traveller.shift(timedelta(hours=5))
        try:
            with transaction.atomic():
                made = act()
        except REFUSALS as refusal:
            self.refusal = refusal.message
            self.done[f"{what}, refused"] += 1
            return None
        self.done[what] += 1
        return made

    def exports(self, *statuses: str) -> list[InvoiceExport]:
        found = InvoiceExport.objects.of(self.sage.company)
        return list((found.filter(status__in=statuses) if statuses else found).with_context().order_by("pk"))

    def batches(self, *states: str) -> list[ExportBatch]:
        return list(ExportBatch.objects.of(self.sage.company).filter(state__in=states).order_by("built_at", "number"))

    def one_of(self, some: list):
        return self.random.choice(some) if some else None

    # The project

    def bill(self):
        """The next one, approved."""
        commitment, part, kind = (self.random.choice(each) for each in (self.commitments, PARTS, KINDS))
        last = Invoice.objects.live().filter(commitment=commitment).order_by("position").last()
        if last:
            self.sage.next_month()

        def act():
            draft = self.sage.base.draft(commitment)
            return self.sage.base.approved(draft, *(figures(line, part, kind) for line in draft.lines.all()))

        self.attempt("bill", act)

    def send(self):
        ready = Invoice.objects.live().filter(commitment__in=self.commitments, status="approved", is_locked=False)
        if invoice := self.one_of(list(ready.order_by("pk"))):
            self.attempt("send", lambda: exports.send_one(invoice, by=self.sage.sender))

    def retrieve(self):
        if export := self.one_of(self.exports("ready_to_export")):
            self.attempt("retrieve", lambda: exports.retrieve(export, by=self.sage.sender))

    def mend(self):
        """Opened again, another amount, approved again."""
        live, part = Invoice.objects.live().order_by("position"), self.random.choice(PARTS)
        newest = [live.filter(commitment=each).last() for each in self.commitments]
        invoice = self.one_of([each for each in newest if each and not each.is_locked])
        if invoice is None:
            return

        def act():
            base = self.sage.base
            opened = invoices.reopen(invoice, by=base.admin, reason="Another amount")
            line = opened.lines.order_by("pk").first()
            typed = {line.pk: {"work_this_period": to_cents(line.work_this_period * part), "allowed_reason": "Counted"}}
            amounts.save_lines(opened, typed, by=base.admin, version=opened.version)
            opened = Invoice.objects.get(pk=opened.pk)
            return invoices.approve(opened, by=base.second_admin)

        self.attempt("mend", act)

    # Accounting

    def reject(self):
        if export := self.one_of(self.exports("ready_to_export", "failed")):
            self.attempt("reject", lambda: exports.reject(export, by=self.sage.approver, reason="Wrong job"))

    def accept(self):
        ready = self.exports("ready_to_export")
        chosen = [self.one_of(ready) for _ in range(self.random.randint(1, 3))] if ready else []
        if chosen:
            some = fresh(*chosen)
            self.attempt("accept", lambda: self.sage.accepted(*some))

    def build(self):
        """Also twice, on a full disk, and while a rule objects."""
        breaks = self.random.choice(["", "", "", "disk", "rule"])
        if batch := self.one_of(self.batches("pending", "building", "ready")):
            with self.broken(breaks):
                exporting.build(batch.pk)
            self.traveller.shift(timedelta(hours=1))  # whatever lease it had is over
            batch.refresh_from_db()
            self.done["fail" if batch.state == "dead" else "build"] += 1

    @contextmanager
    def broken(self, breaks: str):
        """The disk is full; or the books of the month are closed, and opened again afterwards."""
        if breaks == "rule":
            self.load_periods(is_locked="yes")
        full = patch.object(storing, "store", side_effect=OSError(errno.ENOSPC, "No space left on device"))
        with full if breaks == "disk" else nullcontext():
            yield
        if breaks == "rule":
            self.load_periods()

    def load_periods(self, **more):
        month = {"year": 2030, "period": 6, "first_date": "2030-06-01", "last_date": "2030-06-28"} | more
        self.sage.load(ListKind.FISCAL_PERIODS, month, as_of_date=self.sage.company.today)

    def retry(self):
        if batch := self.one_of(self.batches("dead")):
            self.attempt("retry", lambda: self.try_again(batch))

    def try_again(self, batch: ExportBatch):
        live = InvoiceExport.objects.filter(items__batch=batch, items__is_live=True)
        ticked = self.sage.warnings(*live) if live else []
        return batches.retry(batch, by=self.sage.approver, ticked=ticked)

    # In Sage

    def waits_for_import(self) -> list[ExportBatch]:
        """Nobody imports what the page warns of: that is answered by a comparison."""
        return [each for each in self.batches("ready") if each.pk not in self.books.files]

    def import_file(self):
        """The oldest first, since a sheet stands on files before it. Sage may refuse one of them."""
        waiting = self.waits_for_import()
        if not waiting:
            return
        batch = waiting[0]
        live = [item.invoice_export for item in batch.items.filter(is_live=True)]
        with_rows = [each for each in live if not each.only_releases]
        refused = self.one_of(with_rows) if self.random.random() < 0.3 else None
        self.take(batch, {refused.pk} if refused else set())

    def take(self, batch: ExportBatch, refused: set[int]) -> None:
        """Where Sage refuses one, what releases in the same file may stand on it, and waits with it."""
        self.traveller.shift(timedelta(hours=5))
        releasing = {release.item.invoice_export_id for release in RetainageRelease.objects.of_batch(batch)}
        refused = refused | self.books.without_a_place(batch) | (releasing if refused else set())
        self.books.take(batch, refused, by=self.sage.base.staff)
        self.done["import"] += 1
        said = {"by": self.sage.approver, "message": "No such job"}
        for export in InvoiceExport.objects.filter(pk__in=refused, items__batch=batch, items__is_live=True):
            self.attempt("refuse", lambda export=export: results.report_refusal(export, **said))

    def upload(self):
        self.attempt("upload", self.take_in_the_list)

    def take_in_the_list(self):
        today = self.sage.company.today
        return self.sage.load(ListKind.PAYABLE_INVOICES, *self.books.listed(), as_of_date=today)

    def compare(self):
        """And confirm what was found."""
        self.attempt("compare", self.compare_and_confirm)

    def compare_and_confirm(self):
        by = self.sage.approver
        made = reconciliations.reconcile(self.sage.company, by=by)
        found = list(made.outcomes.to_confirm().values_list("pk", flat=True))
        reconciliations.confirm_found(made, found, by=by)
        return made

    def confirm(self):
        """By hand, under the number that Sage gave it; what only releases, when its sheet is done."""
        export = self.one_of([each for each in self.exports("exported") if self.is_in_sage(each)])
        if export:
            self.attempt("confirm", lambda: self.confirm_one(export))

    def is_in_sage(self, export: InvoiceExport) -> bool:
        return export.pk in self.books.sheets if export.only_releases else export.invoice.number in self.books.records

    def confirm_one(self, export: InvoiceExport):
        record = self.books.records.get(export.invoice.number)
        number = "" if export.only_releases else record.record_number
        return exports.confirm(export, by=self.sage.approver, record_number=number)

    def void(self):
        """Gone in Sage first, with a list and a comparison that say so: then nothing may stand in its way."""
        export = self.one_of(self.exports("exported", "posted"))
        if export is None or self.would_stay(export):
            return
        self.books.remove(export)
        self.traveller.shift(timedelta(days=1))
        self.attempt("upload", self.take_in_the_list)
        reconciliations.reconcile(self.sage.company, by=self.sage.approver)  # an older one may still find it
        told = {"sage_holds_it_no_more": True, "retention_is_raised": True}
        voided = self.attempt("void", lambda: exports.void(export, by=self.all_rights, reason="Wrong job", **told))
        assert voided, f"{export} is gone in Sage and can't be voided: {self.refusal}"

    def would_stay(self, export: InvoiceExport) -> bool:
        """What the page foretells: a later release or a credit stands on it."""
        [export] = InvoiceExport.objects.with_context().with_part_of(self.all_rights).filter(pk=export.pk)
        beneath = exports.Beneath.of([export], to_void=True)
        return bool(beneath.releases.get(export.pk) or beneath.credits.get(export.pk))

    # What must hold, whatever was done

    def our_ledgers_agree(self):
        """R17."""
        assert list(ledgers.differences(self.sage.company)) == []

    def sage_holds_what_our_files_say_and_nothing_else(self):
        """E-1: `Books` itself stops at a number that comes twice."""
        live = ExportItem.objects.filter(company=self.sage.company, is_live=True, batch__in=self.books.files)
        said = {item.invoice_export.invoice.number: item for item in live.select_related("invoice_export__invoice")}
        for number, record in self.books.records.items():
            invoice = said[number].invoice_export.invoice
            assert record.gross == invoice.gross_this_period, number
            assert said[number].invoice_export.status in ("exported", "posted"), number
        for item in said.values():
            if item.invoice_export.status == "posted":
                assert self.is_in_sage(item.invoice_export), item

    def everything_arrives(self):
        """All that is under way is finished by whoever has to: then Sage and we say the same of each bill."""
        for batch in self.batches("pending", "building"):
            self.traveller.shift(timedelta(hours=2))
            exporting.build(batch.pk)
        for export in self.exports("failed"):
            self.attempt("reject", lambda export=export: exports.reject(export, by=self.sage.approver, reason="No"))
        for batch in self.waits_for_import():
            self.take(batch, set())
        self.traveller.shift(timedelta(days=1))
        self.take_in_the_list()
        reconciliations.reconcile(self.sage.company, by=self.sage.approver)
        refused = [export for export in self.exports("exported") if export.live_item.refusals.exists()]
        told = {"reason": "Refused", "sage_holds_it_no_more": True, "retention_is_raised": True}
        stay = [each for each in many.void_each(refused, by=self.all_rights, **told) if each.refusal]
        assert not stay, [each.refusal.message for each in stay]
        made = self.compare_and_confirm()
        assert not made.outcomes.differing().exists(), list(made.outcomes.differing().values())
        for export in self.exports("exported"):
            self.confirm_one(export)  # what only releases; all else was found
        self.our_ledgers_agree()
        self.sage_holds_what_our_files_say_and_nothing_else()
        self._as_certified()

    def _as_certified(self):
        """What Sage owes and holds back of each commitment is what was certified of it, to the cent."""
        ours = defaultdict(lambda: ZERO)
        for export in self.exports("posted"):
            ours["gross"] += export.invoice.gross_this_period
            ours["held"] += export.invoice.retainage_newly_held - export.invoice.retainage_released
        records = self.books.records.values()
        assert ours["gross"] == sum((each.gross for each in records), ZERO)
        assert ours["held"] == sum((each.retention for each in records), ZERO)


def figures(line, part, kind) -> dict:
    """`part` of what is left as work, or of what was done as a credit; of what is held, released."""
    left = line.scheduled_value - line.work_previous
    kind = kind if line.work_previous else "work"
    work = {"work": left * part, "both": left * part, "credit": -line.work_previous * part, "release": ZERO}[kind]
    released = line.work_retainage_previous * part if kind in ("release", "both") else ZERO
    return {"work_this_period": to_cents(work), "retainage_released": to_cents(released), "note": "As agreed"}


def test_whatever_is_done_in_whatever_order_sage_holds_each_bill_once_and_as_certified(settings, tmp_path):
    sage, done = sage_world(), Counter()
    commitments, all_rights = [sage.commitment(), sage.commitment()], sage.all_rights()
    for number in range(WALKS):
        settings.EXPORTS_ROOT = tmp_path / str(number)  # what a walk built is taken back with it
        with transaction.atomic():
            Walk(sage, commitments, all_rights, number, done).go(STEPS)
            transaction.set_rollback(True)
    least = MUST_HAPPEN if WALKS >= WALKS_IN_CI else {"bill", "send", "accept", "build", "import", "compare"}
    assert done.keys() >= least, least - done.keys()
