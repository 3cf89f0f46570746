"""One batch from accepted to ready, however often and by however many workers it is tried: one file, once.

A worker claims the row with a token and a lease. Everything it writes afterwards asks for that token, so a worker that
was slow, stopped or given up for dead can finish its work but can't change anything (fencing). The file is on disk
before the state says so, and the state of the batch, of its invoices and their events move in one transaction.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import accumulate, count
from time import monotonic
from typing import BinaryIO

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, transaction
from django.utils import timezone

from directory.models import Event
from directory.models.leases import LeaseLost
from directory.number_looks import number_key
from directory.refusals import Refused
from directory.server_clock import server_now
from erp_integrations import notifications
from erp_integrations.exporting import storing
from erp_integrations.exporting.certified import findings_about_identities
from erp_integrations.exporting.checking import Proposal, examine
from erp_integrations.exporting.collecting import Acceptance, collect
from erp_integrations.exporting.earlier_invoices import bills_reduced
from erp_integrations.exporting.moving import move, moved
from erp_integrations.exporting.storing import StoredFile
from erp_integrations.exporting.surroundings import read_beside
from erp_integrations.exporting.unchanged import as_it_was_accepted
from erp_integrations.models import (
    BatchState,
    ExportBatch,
    InvoiceExport,
    SageListVersion,
    lists_of,
    sage_lists,
)
from erp_integrations.sage100 import facts as sage_facts
from erp_integrations.sage100 import rules, totals, workbook
from erp_integrations.sage100.findings import ERROR
from erp_integrations.sage100.rows import build_rows
from invoicing.actions.invoices import close

LEASE, SHORTEST_STEP = timedelta(seconds=45), timedelta(seconds=1)
LINES_A_RENEWAL = 2_000  # of all sheets of a workbook: some tenths of a second of writing
# After the first, second … attempt that failed by what passes by itself: a full disk, a server that is away (R130).
TRIED_AGAIN_AFTER = tuple(timedelta(seconds=seconds) for seconds in (0, 30, 300, 1800))
STEPS = ("Checking", "Making the workbook", "Storing it", "Stored", "Done")
LONGEST_ERROR, AND_MORE = 500, "And {} more."  # characters that the field holds; what stands for the rest
TRANSIENT = (OSError, DatabaseError, SoftTimeLimitExceeded)
RESTORED = "The database was restored: compare with Sage’s list, then try again or reject."

NOT_OF_THIS_INVOICE = "The reason lies elsewhere in the file; accounting sees it on the page of the file."

logger = structlog.get_logger(__name__)


class Stopped(Exception):
    """The file must not be built; the message says why and what to do, for accounting.

    `findings`: what it says, of which invoice; none when the reason is not for a project to know.
    """

    def __init__(self, message: str, findings=()):
        super().__init__(message)
        self.findings = tuple(findings)


@dataclass(frozen=True)
class Built:
    """What is on disk and what it says."""

    name: str
    workbook: StoredFile
    csv: StoredFile
    rows_sha256: str
    totals: totals.ControlTotals
    invoices: list[list[str]]  # vendor number and invoice number of each, as Sage gets them


def build(batch_id: int) -> None:
    """Build a batch's file if it waits for one; otherwise do nothing. Never raises for a reason it can write down."""
    batch = _claimed(batch_id)
    if batch is None:
        return
    try:
        proposal = verify(batch)
        built = make_file(batch, proposal)
        finish(batch, built)
        logger.info("file_built", batch=batch.key, invoices=len(built.invoices))
    except LeaseLost:
        logger.warning("lease_lost", batch=batch.key)
    except Stopped as reason:
        give_up(batch, str(reason), reason.findings)
    except (Refused, totals.ControlTotalMismatch) as reason:
        give_up(batch, str(reason))
    except TRANSIENT as error:
        logger.warning("build_interrupted", batch=batch.key, exc_info=True)
        try_later(batch, error)
    except Exception as error:
        logger.exception("build_failed", batch=batch.key)
        give_up(batch, f"The file could not be built: {type(error).__name__}: {error}. Nothing was written.")


def _claimed(batch_id: int) -> ExportBatch | None:
    """None too where the database is away: there is nothing to write down in, and a sweep comes again (R5)."""
    try:
        return claim(batch_id)
    except DatabaseError:
        logger.warning("build_not_begun", batch=batch_id, exc_info=True)
        return None


def claim(batch_id: int) -> ExportBatch | None:
    """The batch for one lease; None when there is nothing to take."""
    known = ExportBatch.objects.select_related("company", "layout", "accepted_by")
    batch = known.claim(batch_id, LEASE, step=STEPS[0], total=0)
    if batch:
        batch.renewed_at = monotonic()
    return batch


def report(batch: ExportBatch, step: int, done: int = 0, total: int = 0) -> None:
    """Show how far it is, in invoices, and renew the lease; raises LeaseLost when somebody else has the batch.

    Nothing within a second of the last time: nobody sees so short a step, and what it shows waits for a disk (F13).
    """
    if monotonic() - batch.renewed_at < SHORTEST_STEP.total_seconds():
        return
    batch.renewed_at, batch.lease_until = monotonic(), server_now() + LEASE
    batch.write_held(step=STEPS[step], done=done, total=total, lease_until=batch.lease_until)


def verify(batch: ExportBatch) -> Proposal:
    """What was accepted, provided that nothing has changed since (S60), no rule objects now and all identities hold."""
    exports = list(live_exports(batch))
    beside = read_beside(exports)
    acceptance = Acceptance.of(batch).asking(batch.company)
    now = collect(exports, acceptance, beside)
    frozen = thaw(batch, now)
    asked_anew = replace(
        frozen,
        accepted_with_right=now.accepted_with_right,  # S55
        billed_elsewhere=_still_unlisted(batch, frozen, now, beside.versions),  # S40
        invoices=_with_their_look_alikes(frozen, now),  # S11
    )
    lists = lists_of(beside.versions, now.company_name, acceptance.settings.lost_days)
    proposal = examine(asked_anew, lists, today=batch.company.today)
    report(batch, 0)
    require_unchanged(batch, frozen, _with_standing_references(now, frozen, exports), proposal)
    errors = proposal.errors or findings_about_identities(exports, beside.lines)
    if errors:
        raise Stopped(_in_words(errors), errors)
    require_seen(batch, proposal)
    require_not_built_before(batch, proposal)
    report(batch, 1, 0, len(exports))
    return _on_the_accepted_lists(batch, proposal, {version.kind: version.pk for version in beside.versions})


def _with_their_look_alikes(
    frozen: sage_facts.BatchFacts, now: sage_facts.BatchFacts
) -> tuple[sage_facts.InvoiceFacts, ...]:
    """A bill that was sent since, under a number like one of these, is heard as what newer lists say is (R19)."""
    found = {each.invoice_id: each.look_alikes for each in now.invoices}
    return tuple(replace(each, look_alikes=found.get(each.invoice_id, each.look_alikes)) for each in frozen.invoices)


def _still_unlisted(
    batch: ExportBatch, frozen: sage_facts.BatchFacts, now: sage_facts.BatchFacts, versions: list[SageListVersion]
) -> tuple[sage_facts.BilledElsewhere, ...]:
    """What other files billed at the acceptance, less what newer lists know of: that is in what remains by them (S40).

    What was accepted since is left out: it counted this batch. A credit that left its file gives nothing back.
    """
    is_same = {version.kind: version.pk for version in versions} == batch.list_versions
    amounts = {each.place: each.amount for each in now.billed_elsewhere}
    still = []
    for each in frozen.billed_elsewhere:
        amount = amounts.get(each.place, sage_facts.ZERO)
        if each.amount < 0:
            still.append(replace(each, amount=max(each.amount, amount)))
        else:
            still.append(each if is_same else replace(each, amount=min(each.amount, amount)))
    return tuple(each for each in still if each.amount)


def _on_the_accepted_lists(batch: ExportBatch, proposal: Proposal, now: dict[str, int]) -> Proposal:
    """How each cell was computed, by the lists of the acceptance: newer ones giving the same rows aren't cited (E-6).

    So the same accepted data give the same bytes, whatever was uploaded meanwhile (S9).
    """
    if now == batch.list_versions:
        return proposal
    lists = sage_lists(batch.company, batch.list_versions)
    return replace(proposal, lists=lists, rows=build_rows(proposal.facts, lists))


def require_not_built_before(batch: ExportBatch, proposal: Proposal) -> None:
    """R127: a database restored to an earlier day sends nothing again that a file of the days in between holds.

    But for what nobody can have taken, of this batch or of another.
    """
    wanted = {(invoice.vendor_number, number_key(invoice.number)): invoice for invoice in proposal.facts.invoices}
    for line in storing.forgotten(batch.company):
        there = [wanted[key] for vendor, number in line["invoices"] if (key := (vendor, number_key(number))) in wanted]
        if there and not storing.was_never_taken(batch.company, line):
            numbers = ", ".join(invoice.number for invoice in there)
            raise Stopped(
                f"R127: a file {line['batch']} that this database doesn't know holds {numbers} already: the database"
                " was restored to an earlier day. Reject them if Sage has them; else the site owner lets that file go."
            )


def thaw(batch: ExportBatch, now: sage_facts.BatchFacts) -> sage_facts.BatchFacts:
    """The frozen snapshot, if its bytes are those that were accepted.

    A program that was updated since may ask for more facts: those are as they are `now`, so that the rules hear them.
    """
    if hashlib.sha256(batch.snapshot.encode("ascii")).hexdigest() != batch.snapshot_sha256:
        raise Stopped("The accepted data were altered in the database. Nothing was built; call the site owner.")
    return sage_facts.completed_from_json(batch.snapshot, now)


def require_unchanged(
    batch: ExportBatch, frozen: sage_facts.BatchFacts, now: sage_facts.BatchFacts, proposal: Proposal
) -> None:
    """S60: the invoices, links, settings and lists still give the facts and the rows that were accepted."""
    now = as_it_was_accepted(now, frozen)
    if now != frozen:
        changes = rules.changed_since(frozen, now, batch.company.today)
        raise Stopped(_in_words(changes), changes)
    if proposal.rows.sha256 != batch.accepted_rows_sha256:
        then = build_rows(proposal.facts, sage_lists(batch.company, batch.list_versions))
        newer = rules.written_otherwise(then, proposal.rows, proposal.facts)
        raise Stopped(_in_words(newer), newer)


def require_seen(batch: ExportBatch, proposal: Proposal) -> None:
    """S60: newer lists, and bills that were sent since, give no warning that nobody has ticked (E-5).

    As of the day of the acceptance: a night that passed makes everything a day older, and no warning another one.
    """
    ticked = {finding["key"] for finding in batch.findings}
    if not proposal.unticked(ticked):
        return
    on_that_day = examine(proposal.facts, proposal.lists, today=proposal.facts.accepted_date)
    unseen = [
        replace(
            warning,
            rule="S60",
            severity=ERROR,
            message=f"nobody has seen this yet: {warning.rule}: {warning.message}",
            remedy=rules.LOOK_AGAIN,
        )
        for warning in on_that_day.unticked(ticked)
    ]
    if unseen:
        raise Stopped(_in_words(unseen), unseen)


def _with_standing_references(
    now: sage_facts.BatchFacts, frozen: sage_facts.BatchFacts, exports: list[InvoiceExport]
) -> sage_facts.BatchFacts:
    """A credit goes on naming the bill it was accepted with, while that stands in a file: a newer one came since."""
    named = {invoice.invoice_id: invoice.reference_no for invoice in frozen.invoices}
    if all(named.get(each.invoice_id) in (None, each.reference_no) for each in now.invoices):
        return now
    standing = bills_reduced(exports)
    return replace(
        now,
        invoices=tuple(
            replace(each, reference_no=named[each.invoice_id])
            if named.get(each.invoice_id) in standing.get(int(each.invoice_id), ())
            else each
            for each in now.invoices
        ),
    )


def _in_words(findings) -> str:
    """Whole sentences, as many as the field for them holds; how many more there are, the page of the file says."""
    said = list(dict.fromkeys(finding.sentence for finding in findings))
    room = LONGEST_ERROR - len(AND_MORE.format(len(said)))
    ends = accumulate(len(each) + 1 for each in said)
    kept = max(1, sum(end <= room for end in ends))
    return " ".join(said[:kept] + [AND_MORE.format(len(said) - kept)] * (kept < len(said)))


def live_exports(batch: ExportBatch):
    exports = InvoiceExport.objects.filter(items__batch=batch, items__is_live=True)
    return exports.with_facts().in_file_order()


def make_file(batch: ExportBatch, proposal: Proposal) -> Built:
    """Workbook and CSV on disk, read back and equal to the invoices to the cent (E-7)."""
    rows, expected, of_them = proposal.rows, totals.totals_of_facts(proposal.facts), len(proposal.facts.invoices)
    stored = storing.store(batch, partial(render, proposal, written=_renewing(batch, proposal)), ".xlsx")
    report(batch, 2, of_them, of_them)
    built = Built(
        name=f"{rows.name}.xlsx",
        workbook=stored,
        csv=storing.store(batch, partial(workbook.write_csv, rows), ".csv"),
        rows_sha256=rows.sha256,
        totals=expected,
        invoices=[[invoice.vendor_number, invoice.number] for invoice in proposal.facts.invoices],
    )
    report(batch, 3, of_them, of_them)
    return built


def render(proposal: Proposal, to: BinaryIO, *, written: Callable[[], None]) -> None:
    """ControlTotalMismatch unless the rows, and the workbook read back, add up to the invoices (E-7)."""
    workbook.write_xlsx(proposal.rows, proposal.facts, to, written)


def _renewing(batch: ExportBatch, proposal: Proposal) -> Callable[[], None]:
    """For every line written: now and then it renews the lease, so that a long workbook keeps it (R34).

    And it says how many invoices are written, as far as all sheets together tell (9.7).
    """
    lines, invoices = count(1), len(proposal.facts.invoices)
    every = sum(1 + sum(not cell.is_constant for cell in row.cells) for row in proposal.rows.rows) or 1

    def written():
        line = next(lines)
        if line % LINES_A_RENEWAL == 0:
            report(batch, 1, min(line * invoices // every, invoices), invoices)

    return written


def finish(batch: ExportBatch, built: Built) -> None:
    """Everything says *built* at once, or nothing does; a late worker is refused here."""
    with transaction.atomic():
        exports = InvoiceExport.objects.locked_to_finish(_live_ids(batch))
        publish(batch, built)
        events = moved(exports, InvoiceExport.built, ("status", "error"), access=None)
        close([export.invoice for export in exports])
        states = {"from_state": BatchState.BUILDING, "to_state": BatchState.READY}
        Event.objects.record_all([*events, Event.objects.made("built", batch, by=None, **states)])
        notifications.ready(batch, built.name, built.totals, exports)
        storing.note(batch, _for_the_manifest(batch, built))


def _for_the_manifest(batch: ExportBatch, built: Built) -> dict:
    """Last before the commit, so that what stands there was published, but for a crash in between."""
    return {
        "accepted_at": batch.accepted_at.isoformat(),
        "sha256": built.workbook.sha256,
        "csv_sha256": built.csv.sha256,
        "rows_sha256": built.rows_sha256,
        "invoices": built.invoices,
        "gross": str(built.totals.gross),
    }


def _live_ids(batch: ExportBatch) -> list[int]:
    return list(batch.items.filter(is_live=True).values_list("invoice_export_id", flat=True))


def publish(batch: ExportBatch, built: Built) -> None:
    """The fenced last write of a worker."""
    written = {
        "state": BatchState.READY,
        "lease_token": None,
        "lease_until": None,
        "step": STEPS[-1],
        "done": built.totals.invoices,
        "total": built.totals.invoices,
        "error": "",
        "built_at": timezone.now(),
        "file_name": built.name,
        "file_key": built.workbook.key,
        "file_sha256": built.workbook.sha256,
        "csv_key": built.csv.key,
        "csv_sha256": built.csv.sha256,
        "rows_sha256": built.rows_sha256,
        "invoice_count": built.totals.invoices,
        "row_count": built.totals.rows,
        "gross": built.totals.gross,
        "retainage": built.totals.retainage,
        "net": built.totals.net,
        "totals_by_job": [_plain(job) for job in built.totals.per_job],
    }
    batch.write_held(**written)


def _plain(job: totals.JobTotals) -> dict[str, str]:
    figures = {name: str(getattr(job, name)) for name in ("invoices", "rows", "gross", "retainage", "net")}
    return {"job": job.job_number, **figures}


def _about(export: InvoiceExport, findings) -> str:
    """What its project reads: what is said of this invoice or of the whole file, never of others' (P-2, P-8)."""
    of_all = "What holds for the whole file changed after it was accepted; accounting sees what."
    own = [
        replace(finding, message=of_all) if finding.rule == "S60" and not finding.invoice_id else finding
        for finding in findings
        if finding.invoice_id in ("", str(export.invoice_id))
    ]
    return (_in_words(own) or NOT_OF_THIS_INVOICE)[:LONGEST_ERROR]


def give_up(batch: ExportBatch, message: str, findings=()) -> None:
    """The batch and its invoices say *failed* and why; approver and sender hear of it; no file is named anywhere."""
    message = message[:LONGEST_ERROR]
    try:
        with transaction.atomic():
            exports = InvoiceExport.objects.locked(_live_ids(batch))
            batch.write_held(**_dead(message))
            _fail(batch, exports, message, lambda export: _about(export, findings))
            notifications.failed(batch, exports, message)
    except LeaseLost:
        logger.warning("lease_lost", batch=batch.key)


def _dead(message: str) -> dict:
    return {"state": BatchState.DEAD, "lease_token": None, "lease_until": None, "error": message}


def _fail(
    batch: ExportBatch, exports, message: str, about: Callable[[InvoiceExport], str], verb: str = "failed"
) -> None:
    """Its invoices, which the caller has locked, and the events; `batch` is as it was before. `about`: one's reason."""
    for export in exports:
        if export.status == InvoiceExport.Status.EXPORTING:
            export.error = about(export)
            move(export, InvoiceExport.fail, access=None, reason=export.error)
    states = {"from_state": batch.state, "to_state": BatchState.DEAD}
    Event.objects.record(verb, batch, by=None, reason=message, **states)


def hold_after_restore() -> int:
    """What waited or was being built when the backup was made may have been built since: it fails in words (R127).

    How many. Nobody is mailed: the days of the backup are over for who sent it, and accounting reads it on its pages.
    """
    held = ExportBatch.objects.under_way().select_related("company").order_by("pk")
    for batch in held:
        with transaction.atomic():
            exports = InvoiceExport.objects.locked(_live_ids(batch))
            ExportBatch.objects.filter(pk=batch.pk).update(**_dead(RESTORED))
            _fail(batch, exports, RESTORED, lambda _: RESTORED, storing.HELD_BY_A_RESTORE)
    return len(held)


def try_later(batch: ExportBatch, error: Exception) -> None:
    """Hand the batch back for a sweep, at first for the next one, then for a later one; at last give it up (R130).

    Only what failed waits. What a killed worker left is taken up as soon as its lease ends.
    """
    message = f"{type(error).__name__}: {error}"
    if batch.attempts >= batch.MAX_ATTEMPTS:
        give_up(batch, f"{message}. It was tried {batch.attempts} times; nothing was written.")
        return
    wait = TRIED_AGAIN_AFTER[min(batch.attempts, len(TRIED_AGAIN_AFTER)) - 1]
    handed_back = {
        "state": BatchState.PENDING,
        "lease_token": None,
        "lease_until": server_now() + wait if wait else None,
        "enqueued_at": None,
        "error": message[:LONGEST_ERROR],
    }
    ExportBatch.objects.held(batch).update(**handed_back)


def give_up_exhausted(batch: ExportBatch) -> None:
    """A batch whose every attempt was killed: somebody has to look (R20)."""
    times = f"Building it was interrupted {batch.attempts} times."
    give_up(batch, f"{times} Try again; if it stops again, call the site owner.")
