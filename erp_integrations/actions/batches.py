"""Accepting what was sent: one batch, frozen with its facts, built by a worker; trying again; taking the file away."""

from collections.abc import Collection, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory.models import Company, Event
from directory.permissions import Level, Tool, read_access, right_named
from directory.queue import wake
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from erp_integrations.actions.exports import approver_access
from erp_integrations.exporting import (
    Acceptance,
    Proposal,
    allocate_releases,
    check,
    lost_days,
    plain_findings,
    storing,
)
from erp_integrations.exporting.moving import moved, require
from erp_integrations.exporting.still_in_sage import imported_already
from erp_integrations.exporting.unchanged import changes
from erp_integrations.models import (
    BatchState,
    Download,
    ErpSettings,
    ExportBatch,
    ExportItem,
    InvoiceExport,
    RetainageRelease,
)
from erp_integrations.models.exports import ACCEPTED
from erp_integrations.permissions import conflict_of, is_accounting_approver, may_look
from erp_integrations.sage100 import facts as sage_facts
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.tasks import build_export

# What the database says, by constraint or by column, when another live batch was quicker (E-1, S11).
TAKEN = (
    "an_invoice_is_in_one_live_batch",
    "invoice_export_id",
    "a_number_of_a_sage_vendor_is_in_one_live_batch",
    "number_key",
)
ANSWERED = (
    "status",
    "answered_by",
    "answered_at",
    "duties_waived",
    "only_releases",
)  # what an acceptance writes on an export
LOOK_RIGHT = right_named(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)


def accept(
    exports: Iterable[InvoiceExport],
    *,
    by,
    accounting_date: date,
    company: Company | None = None,
    ticked: Collection[str] = (),
    seen: dict[int, str] | None = None,
) -> ExportBatch:
    """One batch of all these exports of one company, or nothing; a worker builds its file after the commit.

    `company`: a page’s own; what is of another one is not there at all.
    `ticked`: the `finding_key` of every warning the approver has seen; `seen`: {export id: its one of the proposal's
    `marks_of`}, where a page showed it: Stale when anything of it, or of what its file would say, was changed since.
    The same acceptance by the same person again gives the same batch (E-1); anybody else is told who was first.
    """
    pks = [export.pk for export in exports]
    with _unless_taken():
        return _accept(pks, company, by, accounting_date, ticked, seen or {})


@contextmanager
def _unless_taken():
    """In one transaction; NotNow where another live batch took one of the invoices, or its number, meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not any(name in str(error) for name in TAKEN):
            raise
        raise NotNow("Somebody accepted one of these invoices a moment ago. Open the queue again.") from None


def _accept(pks, of_company, by, accounting_date: date, ticked, seen) -> ExportBatch:
    exports = _locked_of_one_company(pks, by, of_company)
    company = exports[0].company
    settings = ErpSettings.held_for(company)  # the last wait: the right is read after it (R66)
    access = approver_access(company, by)
    earlier = _same_acceptance(exports, by, accounting_date)
    if earlier:
        return earlier
    for export in exports:
        require_acceptable(export, InvoiceExport.accept, access)
    now = timezone.now()
    acceptance = Acceptance(
        batch_key=batch_key(settings.next_batch_number),
        layout=settings.layout,
        accounting_date=accounting_date,
        accepted_by=by.name,
        accepted_date=company.day_of(now),
        with_right=is_accounting_approver(access),
        settings=settings,
    )
    proposal = _without_objection(exports, acceptance, ticked, seen=seen)
    batch = ExportBatch(company=company, number=settings.next_batch_number, layout=settings.layout)
    _freeze(batch, proposal, settings, by=by, at=now, accounting_date=accounting_date)
    settings.next_batch_number += 1
    settings.save(update_fields=["next_batch_number"])
    _fill(batch, exports, proposal.facts)
    _mark_releases(exports, proposal.facts)
    events = moved(exports, InvoiceExport.accept, ANSWERED, access=access, at=now, changes={"batch": ["", batch.key]})
    Event.objects.record_all([*events, _event(storing.ACCEPTED, batch, by, "", proposal)])
    wake(build_export, batch.pk)
    return batch


def _locked_of_one_company(pks: Collection[int], by, company: Company | None = None) -> list[InvoiceExport]:
    known = InvoiceExport.objects.with_part_of(by)
    known = known.of(company) if company else known
    exports = known.locked(pks, with_vendors=True)
    if not exports:
        raise Refused("Choose at least one invoice.")
    if len({export.company.pk for export in exports}) > 1:
        raise Refused("These invoices belong to several companies. Each Sage company gets its own file (S8).")
    return exports


def _same_acceptance(exports: list[InvoiceExport], by, accounting_date: date) -> ExportBatch | None:
    """The batch that exactly these exports went into, when the same person accepted it for this day: a second click.

    Not one that failed: nobody builds it until it is tried again.
    """
    if any(export.status not in ACCEPTED for export in exports):
        return None
    items = ExportItem.objects.filter(is_live=True, invoice_export__in=exports).select_related("batch")
    batches = {item.batch for item in items}
    if len(batches) != 1:
        return None
    batch = batches.pop()
    said = (batch.accepted_by_id, batch.accounting_date) == (by.pk, accounting_date)
    is_same = said and batch.state != BatchState.DEAD and batch.items.filter(is_live=True).count() == len(exports)
    return batch if is_same else None


def require_acceptable(export: InvoiceExport, transition, access) -> None:
    """The machine allows it, and whoever had an earlier part in it is somebody else (P-7, R78).

    The export was read `with_part_of` the person of `access`.
    """
    require(export, transition, access)
    conflict = conflict_of(export)
    if conflict:
        raise NotNow(conflict)
    export.duties_waived = bool(export.part)


def _without_objection(
    exports: list[InvoiceExport], acceptance: Acceptance, ticked, *, seen=None, again: ExportBatch | None = None
) -> Proposal:
    """The rules run again, now: no error, what it says is what was seen (I-5), and so is every warning (E-5).

    `again`: the batch of a second try; what is otherwise than it was accepted is one more warning each (S60).
    """
    proposal = check(exports, acceptance)
    if again:
        proposal = replace(proposal, findings=proposal.findings + changes(again, proposal))
    if proposal.errors:
        raise Refused(" ".join(dict.fromkeys(error.sentence for error in proposal.errors)))
    if seen:
        _require_as_seen(exports, proposal, seen)
    unseen = proposal.unticked(ticked)
    if unseen:
        raise Refused(
            "Tick each warning that you have seen: "
            + " ".join(dict.fromkeys(f"{warning.rule}: {warning.message}" for warning in unseen)),
            field="ticked",
        )
    return proposal


def _require_as_seen(exports: list[InvoiceExport], proposal: Proposal, seen: dict[int, str]) -> None:
    marks = proposal.marks_of(exports)
    others = [str(export.invoice) for export in exports if seen.get(export.pk, marks[export.pk]) != marks[export.pk]]
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        raise Stale(
            f"{others[0]}{more}: sent again, or what the file would say was changed, while you looked at it. Look at it"
            " as it is now, then accept it."
        )


def _freeze(batch: ExportBatch, proposal: Proposal, settings: ErpSettings, *, by, at, accounting_date: date) -> None:
    """What was accepted, for good: facts, rows, findings, lists; and the batch waits for a worker.

    It counts what all batches release that have a number now: whoever holds the settings is alone in giving one.
    """
    batch.accepted_by, batch.accepted_at, batch.accounting_date = by, at, accounting_date
    batch.snapshot = sage_facts.to_json(proposal.facts)
    batch.snapshot_sha256 = sage_facts.digest(proposal.facts)
    batch.accepted_rows_sha256 = proposal.rows.sha256
    batch.list_versions, batch.counts_below = proposal.list_versions, settings.next_batch_number
    batch.findings = plain_findings(proposal.findings)
    batch.state, batch.attempts, batch.error = BatchState.PENDING, 0, ""
    batch.enqueued_at, batch.lease_until = at, None
    batch.save()


def _fill(batch: ExportBatch, exports: list[InvoiceExport], facts: sage_facts.BatchFacts) -> None:
    """Its items, the chain from the items they replace, and what the release sheet will tell."""
    said = _as_accepted(facts)
    items = ExportItem.objects.bulk_create(
        ExportItem(
            batch=batch,
            invoice_export=export,
            position=position,
            company=batch.company,
            number_key=export.invoice.number_key,
            **said[export.invoice_id],
        )
        for position, export in enumerate(exports, start=1)
    )
    pairs = zip(exports, items, strict=True)
    replaced = [ExportItem(pk=each.former_item_id, replaced_by=item) for each, item in pairs if each.former_item_id]
    ExportItem.objects.bulk_update(replaced, ["replaced_by"])
    _write_releases(items, exports)


def _as_accepted(facts: sage_facts.BatchFacts) -> dict[int, dict]:
    """{invoice id: what its item says of it}: the numbers of Sage's, and what it bills on which of Sage's lines."""
    return {
        int(invoice.invoice_id): {
            "vendor_number": invoice.vendor_number or "",
            "job_number": invoice.job_number or "",
            "commitment_number": invoice.sage_commitment_number or "",
            "billed_lines": invoice.cents_on_sage_lines(),
        }
        for invoice in facts.invoices
    }


def _renumber(batch: ExportBatch, facts: sage_facts.BatchFacts) -> list[ExportItem]:
    """Its live items as they go into the file now: what is ours may have been linked anew."""
    said = _as_accepted(facts)
    items = list(batch.items.filter(is_live=True).select_related("invoice_export__invoice"))
    for item in items:
        item.number_key = item.invoice_export.invoice.number_key
        for name, value in said[item.invoice_export.invoice_id].items():
            setattr(item, name, value)
    written = {"number_key", *(name for one in said.values() for name in one)}
    ExportItem.objects.bulk_update(items, written)
    return items


def _mark_releases(exports: list[InvoiceExport], facts: sage_facts.BatchFacts) -> None:
    """Which of them Sage makes no invoice of (S50)."""
    only = {invoice.invoice_id for invoice in facts.invoices if invoice.is_release_only}
    for export in exports:
        export.only_releases = str(export.invoice_id) in only


def _write_releases(items: list[ExportItem], exports: list[InvoiceExport]) -> None:
    items = {item.invoice_export_id: item for item in items}
    releases = allocate_releases(exports)
    RetainageRelease.objects.bulk_create(
        RetainageRelease(
            item=items[export.pk],
            on_invoice=None if part.is_start else part.on,
            on_start=part.on if part.is_start else None,
            held=part.held,
            released=part.released,
        )
        for export in exports
        for part in releases[export.invoice_id].parts
    )


def _event(verb: str, batch: ExportBatch, by, before: str, proposal: Proposal) -> Event:
    seen = [f"{warning.rule}: {warning.message}" for warning in proposal.warnings]
    accepted = {"snapshot": ["", batch.snapshot_sha256], "accepted_at": ["", batch.accepted_at.isoformat()]}
    changes = {**accepted, "warnings seen": ["", seen]}
    return Event.objects.made(verb, batch, by=by, from_state=before, to_state=batch.state, changes=changes)


def retry(batch: ExportBatch, *, by, ticked: Collection[str] = (), accounting_date: date | None = None) -> ExportBatch:
    """Accept the failed batch anew, with the facts as they are now: what was rejected out of it stays out.

    Warnings seen at the first acceptance count as seen; new ones, and what has changed since, must be in `ticked`.
    `accounting_date`: another day, for when its fiscal period was locked meanwhile (S27). A batch that waits to be
    tried again by itself is tried at once, as it was accepted (R130).
    """
    with _unless_taken():
        return _retry(batch, by, ticked, accounting_date)


def _retry(batch: ExportBatch, by, ticked: Collection[str], accounting_date: date | None) -> ExportBatch:
    live = list(batch.items.filter(is_live=True).values_list("invoice_export_id", flat=True))
    if not live:  # as whoever waited for the last one of them is told
        raise NotNow(f"{batch.key} is {BatchState.VOID.label.lower()} now; there is nothing to try again.")
    exports = _locked_of_one_company(live, by)
    batch = ExportBatch.objects.select_for_update().select_related("company", "layout").get(pk=batch.pk)
    settings = ErpSettings.held_for(batch.company)  # so that what is accepted beside it counts it, or is counted
    access = approver_access(batch.company, by)  # after the last wait (R66)
    if batch.is_under_way and accounting_date not in (None, batch.accounting_date):
        day = batch.accounting_date.isoformat()
        raise NotNow(f"{batch.key} is on its way, for {day}. Should it fail, you can choose another day then.")
    if batch.tried_again_at:
        return _at_once(batch, by=by)
    if batch.is_under_way and batch.accepted_by_id == by.pk:
        return batch
    if batch.state != BatchState.DEAD:
        raise NotNow(f"{batch.key} is {batch.get_state_display().lower()} now; there is nothing to try again.")
    for export in exports:
        require_acceptable(export, InvoiceExport.retry, access)
    now, day = timezone.now(), accounting_date or batch.accounting_date
    acceptance = Acceptance(
        batch_key=batch.key,
        layout=batch.layout,
        accounting_date=day,
        accepted_by=by.name,
        accepted_date=batch.company.day_of(now),
        with_right=is_accounting_approver(access),
        settings=settings,
    )
    seen = {finding["key"] for finding in batch.findings}
    proposal = _without_objection(exports, acceptance, seen | set(ticked), again=batch)
    _freeze(batch, proposal, settings, by=by, at=now, accounting_date=day)
    RetainageRelease.objects.filter(item__batch=batch).delete()
    _write_releases(_renumber(batch, proposal.facts), exports)
    _mark_releases(exports, proposal.facts)
    events = moved(exports, InvoiceExport.retry, (*ANSWERED, "error"), access=access, at=now)
    Event.objects.record_all([*events, _event(storing.TRIED_AGAIN, batch, by, BatchState.DEAD, proposal)])
    wake(build_export, batch.pk)
    return batch


def _at_once(batch: ExportBatch, *, by) -> ExportBatch:
    """Somebody made room on the disk, or the server is back: no need to wait for it."""
    waited = batch.tried_again_at
    batch.lease_until, batch.enqueued_at = None, timezone.now()
    batch.save(update_fields=["lease_until", "enqueued_at"])
    changes = {"tried again at": [waited.isoformat(), batch.enqueued_at.isoformat()]}
    Event.objects.record("tried at once", batch, by=by, changes=changes)
    wake(build_export, batch.pk)
    return batch


# Taking the file away


@dataclass(frozen=True)
class TakenFile:
    """`content` is what was built, byte for byte (E-2)."""

    name: str
    content: bytes
    sha256: str


def download(
    batch: ExportBatch, which: Download.Which, *, by, remote_address: str | None = None, reason: str = ""
) -> TakenFile:
    """The file of a built batch, written down: who, when, from where, and why where it may have been imported.

    It may when it was taken before, or when Sage’s list holds what it says (R15, R127): refused without a reason then,
    and if the disk holds something else.
    """
    if not may_look(read_access(by, batch.company)):
        raise NotAllowed(LOOK_RIGHT)
    if not batch.has_file:
        raise NotNow(f"{batch.key} has no file: it is {batch.get_state_display().lower()}.")
    lost_days.require_told(batch.company)
    is_csv = which == Download.Which.CSV
    stored = storing.StoredFile(
        batch.csv_key if is_csv else batch.file_key, batch.csv_sha256 if is_csv else batch.file_sha256
    )
    try:
        content = storing.read(stored)
    except storing.FileDamaged as damage:
        raise NotNow(f"{damage} Call the site owner: the file of a batch never changes.") from damage
    with transaction.atomic():
        ExportBatch.objects.select_for_update(no_key=True).only("pk").get(pk=batch.pk)  # of two at once, one is second
        is_taken = batch.downloads.exists()
        asked = imported_already(batch, is_taken=is_taken) or ("This file was taken before." if is_taken else "")
        reason = " ".join(reason.split())[:300] if asked else ""
        if asked and not reason:
            raise Refused(f"{asked} Say why it is taken again.", field="reason")
        Download.objects.create(
            batch=batch, which=which, sha256=stored.sha256, by=by, remote_address=remote_address, reason=reason
        )
        Event.objects.record("downloaded", batch, by=by, reason=reason, changes={"file": ["", which]})
    return TakenFile(batch.csv_name if is_csv else batch.file_name, content, stored.sha256)
