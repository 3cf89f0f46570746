"""Sending approved invoices to accounting and back, and recording what Sage did: one function a verb."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import prefetch_related_objects

from directory.models import Event, Mail
from directory.number_looks import number_key
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from directory.steps import Step, unnoticed
from erp_integrations import notifications
from erp_integrations.exporting import Acceptance, Proposal, check, check_each, files_of, plain_findings
from erp_integrations.exporting.earlier_invoices import credits_on
from erp_integrations.exporting.moving import move, require
from erp_integrations.exporting.records import Records
from erp_integrations.exporting.still_in_sage import still_in_sage
from erp_integrations.models import (
    BatchState,
    ErpSettings,
    ExportBatch,
    ExportItem,
    InvoiceExport,
    RetainageRelease,
)
from erp_integrations.permissions import ANSWER_RIGHT, SEND_RIGHT, is_accounting_approver, may_answer
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.rules import DESCRIPTION_LENGTH, reference_faults
from invoicing.actions.approvals import must_be_certifiable_later
from invoicing.actions.invoices import lock, settle, unlock
from invoicing.models import Invoice
from invoicing.permissions import is_project_admin

RAISE_AGAIN = "Raise their retention again in Sage, or see that it was never lowered; then say so here."


@dataclass(frozen=True)
class SendResult:
    """What became of one invoice of a bulk send: `refusal` is empty when it was sent. `mails` tell of it alone."""

    invoice: Invoice
    export: InvoiceExport | None
    refusal: Refused | None = None
    mails: tuple[Mail, ...] = ()


def exports_of(project, invoices: list[Invoice], *, by) -> list[InvoiceExport]:
    """The way of each to accounting as if `by` sent it now, in the order given; not stored where none was sent yet."""
    known = {each.invoice_id: each for each in InvoiceExport.objects.with_context().filter(invoice__in=invoices)}
    found = [known.get(invoice.pk) or InvoiceExport(invoice=invoice) for invoice in invoices]
    prefetch_related_objects([each.invoice for each in found], "created_by", "approved_by")
    for each in found:
        each.invoice.commitment.project = project  # one for all, with what is read of its company once
        each.sent_by = by
    return found


def preview(exports: Iterable[InvoiceExport], *, accounting_date: date | None = None, by=None) -> Proposal:
    """A dry run of accepting these exports of one company: the exact rows and every finding; nothing is written."""
    exports = list(exports)
    return check(exports, next_acceptance(exports, accounting_date=accounting_date, by=by))


def preview_each(exports: Iterable[InvoiceExport]) -> list[Proposal]:
    """The same for each as if it were alone, in the order given: what sending them one by one would say.

    What failed goes on with what else is in its file (`check_each`).
    """
    exports = list(exports)
    return check_each(exports, next_acceptance(exports)) if exports else []


def preview_by_file(
    exports: Iterable[InvoiceExport], *, accounting_date: date | None = None, by=None, step: Step = unnoticed
) -> list[Proposal]:
    """The same, file by file: what waits goes into the next one, what failed goes on in its own, on its day (S27).

    `step`: as of `check`.
    """
    exports = list(exports)
    failed, of_files = Acceptance.of_failed(exports), defaultdict(list)
    for export in exports:
        of_files[failed.get(export.pk)].append(export)
    return [
        _with_its_file(some, acceptance, step)
        if acceptance
        else check(some, next_acceptance(some, accounting_date=accounting_date, by=by), step)
        for acceptance, some in sorted(of_files.items(), key=lambda pair: pair[0].batch_key if pair[0] else "")
    ]


def _with_its_file(some: list[InvoiceExport], acceptance: Acceptance, step: Step) -> Proposal:
    """What failed, checked with what its file holds beside it (`files_of`); rows and findings are of these alone."""
    whole = check([export for file in files_of(some) for export in file], acceptance, lambda _: step(0))
    step(len(some))
    return whole.about({str(export.invoice_id) for export in some})


def next_acceptance(exports: list[InvoiceExport], *, accounting_date: date | None = None, by=None) -> Acceptance:
    """The acceptance these exports would get now; without a chosen day the accounting date is the period's end, or the
    nearest day to it that Sage takes."""
    settings = ErpSettings.of(exports[0].company)
    return Acceptance(
        batch_key=batch_key(settings.next_batch_number),
        layout=settings.layout,
        accounting_date=accounting_date or max(export.invoice.period_end_date for export in exports),
        is_day_chosen=accounting_date is not None,
        accepted_by=by.name if by else "",
        accepted_date=exports[0].company.today,
        settings=settings,
    )


# The project's side


def send(invoices: Iterable[Invoice], *, by, seen: Mapping[int, int] | None = None) -> list[SendResult]:
    """Send each to accounting, and say row by row what happened: one that can't go never holds up the others.

    `seen`: {invoice id: the version that was looked at}, where a page showed it (I-5).
    """
    invoices, seen = list(invoices), seen or {}
    are_many = len(invoices) > 1
    results = [_try_to_send(invoice, by, seen.get(invoice.pk), of_several=are_many) for invoice in invoices]
    went = [result for result in results if result.export]
    if are_many and went:
        alone = [mail for result in went for mail in result.mails]
        notifications.sent_together([result.export for result in went], alone)
    return results


def _try_to_send(invoice: Invoice, by, seen: int | None, *, of_several: bool) -> SendResult:
    """With its mail in one transaction of its own: the locks of many at once would wait for each other."""
    try:
        with transaction.atomic():
            export = send_one(invoice, by=by, seen=seen)
            mails = notifications.sent([export], of_several=of_several)
    except (Refused, NotAllowed) as refusal:
        return SendResult(invoice, None, refusal)
    return SendResult(invoice, export, mails=tuple(mails))


@transaction.atomic
def send_one(invoice: Invoice, *, by, seen: int | None = None) -> InvoiceExport:
    """Into accounting's queue, the invoice locked. Refused while any rule finds an error (E-5).

    But for what accounting itself fills in before it accepts: a date (S5), what a credit reduces (S45).
    """
    invoice = Invoice.objects.locked(invoice.pk)
    access = read_access(by, invoice.company, invoice.project)
    if not is_project_admin(access):
        raise NotAllowed(SEND_RIGHT)
    if seen and seen != invoice.version:
        raise Stale("It was changed since it was shown to you. Look at it again, then send it.")
    InvoiceExport.objects.get_or_create(invoice=invoice)
    export = _locked(InvoiceExport.objects.get(invoice=invoice))
    require_sendable(export, access)
    rejecter = export.rejecter
    export.sent_by = by
    proposal = check([export], next_acceptance([export]))
    if proposal.keeping_back:
        raise Refused(_sentences(proposal.keeping_back))
    export.findings = plain_findings(proposal.findings)
    move(export, InvoiceExport.send, access=access)
    lock(export.invoice)
    if rejecter and rejecter != by:
        export.sent_again_to = rejecter
        notifications.sent_again(export, rejecter)
    return export


def require_sendable(export: InvoiceExport, access) -> None:
    """Raises NotAllowed, or NotNow or Refused where its state or its review stands against sending it."""
    require(export, InvoiceExport.send, access)
    if export.invoice.status == Invoice.Status.PENDING_OWNER_APPROVAL:
        must_be_certifiable_later(export.invoice, access)


@transaction.atomic
def retrieve(export: InvoiceExport, *, by) -> InvoiceExport:
    """Take it back out of the queue before accounting has answered; the invoice can be changed again."""
    export = _locked(export)
    move(export, InvoiceExport.retrieve, access=_access(export, by))
    unlock(export.invoice)
    return export


# Accounting's side


@transaction.atomic
def reject(export: InvoiceExport, *, by, reason: str, seen: str = "") -> InvoiceExport:
    """Back to the project with a reason; out of a failed batch too. Sender and maker are mailed.

    `seen`: the `sending` that a page showed, if one did; what was sent anew since is looked at anew (I-5).
    """
    export, batch = _locked_with_batch(export)
    access = _access(export, by)
    require_rejectable(export, access, Beneath.of([export]), seen=seen)
    export.reason = _said(reason, "Say why it is rejected: the sender reads it.")
    found = preview_each([export])[0].findings
    move(export, InvoiceExport.reject, access=access, reason=export.reason)
    _end_item(export, batch, by)
    unlock(export.invoice)
    notifications.rejected(export, found)
    return export


@dataclass(frozen=True)
class HeaderEdit:
    """What an approver may change of a header; empty means the usual text or day."""

    description: str = ""
    due_date: date | None = None
    discount_date: date | None = None
    reference_no: str = ""


@transaction.atomic
def change_header(export: InvoiceExport, edit: HeaderEdit, *, by, seen: str = "") -> InvoiceExport:
    """Description, due and discount date, and what a credit reduces, while its file is still to come; never an amount.

    `seen`: the `mark` of the page, if it was typed on one; nobody's words are overwritten unseen (I-5).
    """
    export = _locked(export)
    is_failed = export.status == InvoiceExport.Status.FAILED
    require(export, InvoiceExport.retry if is_failed else InvoiceExport.accept, _access(export, by))
    if seen and seen != export.mark:
        raise Stale(
            f"{export.invoice} was sent again, or its header was changed, while you typed. What you typed stands below;"
            " beside each field is what the file would hold now."
        )
    _apply(export, edit, by)
    return export


def _apply(export: InvoiceExport, edit: HeaderEdit, by) -> None:
    """Write the edit on a locked export, with one event if anything differs."""
    if len(edit.description) > DESCRIPTION_LENGTH:
        raise Refused(f"Sage takes {DESCRIPTION_LENGTH} characters of description. Shorten it.", field="description")
    reference = edit.reference_no.strip()
    _require_reference(export, reference)
    wanted = {
        "description": edit.description.strip(),
        "due_date": edit.due_date,
        "discount_date": edit.discount_date,
        "reference_no": reference,
    }
    changes = {
        name: [str(getattr(export, name) or ""), str(value or "")]
        for name, value in wanted.items()
        if getattr(export, name) != value
    }
    if not changes:
        return
    if "reference_no" in changes:
        export.reference_by = by if reference else None
    for name, value in wanted.items():
        setattr(export, name, value)
    export.save(update_fields=[*wanted, "reference_by"])
    Event.objects.record("changed the header", export, by=by, changes=changes)


def _require_reference(export: InvoiceExport, number: str) -> None:
    """S45: one that Sage can have given an invoice (S10), which a credit reduces; empty is the newest earlier bill."""
    faults = reference_faults(number) if number else ()
    if faults:
        raise Refused(f"{' '.join(faults)} Enter it as Sage shows it in 4-2.", field="reference_no")
    if number and export.invoice.gross_this_period >= 0:
        raise Refused("Only a credit reduces another invoice. Leave it empty.", field="reference_no")
    if number and number_key(number) == number_key(export.invoice.number):
        raise Refused("That is the credit itself. Name the invoice it reduces.", field="reference_no")


@transaction.atomic
def confirm(export: InvoiceExport, *, by, record_number: str, listed_date: date | None = None) -> InvoiceExport:
    """Sage holds it under this record number: exported is not posted until somebody says so (E-3).

    Or it was found in Sage's list of `listed_date`, which is enough where that gives no number (6.2).

    What only releases retainage has none, and is confirmed once the release sheet is done (S50).
    """
    number = record_number.strip()
    export = _locked_to_record(export, number)
    access = _access(export, by)
    changes = take_record(export, number, listed_date, access, Records.of([export], [number]))
    move(export, InvoiceExport.confirm, access=access, changes=changes)
    settle([export.invoice])
    return export


def take_record(
    export: InvoiceExport, number: str, listed_date: date | None, access, records: Records
) -> dict[str, list[str]]:
    """Write on a locked export how Sage holds it, and answer the changes; raises what `confirm` refuses with."""
    require_confirmable(export, access)
    if not export.only_releases and (number or not listed_date):
        records.take(export, number)
    elif number:
        raise Refused(
            "It only releases retainage, so Sage makes no invoice of it (S50). Do what the release sheet says and leave"
            " the number empty.",
            field="record_number",
        )
    export.sage_record_number, export.listed_date = number, None if number else listed_date
    if export.listed_date:
        return {"listed_date": ["", listed_date.isoformat()]}
    return {"sage_record_number": ["", number]} if number else {}


@transaction.atomic
def correct_record(
    export: InvoiceExport, *, by, record_number: str, reason: str = "", was: str | None = None
) -> InvoiceExport:
    """It was confirmed under a number that is not its own in Sage: the right one, with a reason. It stays posted.

    Or it was found in a list that gives none (6.2): then its number is entered, and nobody is asked why. `was`: the
    number that a page showed, "" for none, if one did; what somebody did since is looked at anew (I-5).
    """
    number = record_number.strip()
    export = _locked_to_record(export, number)
    require_correctable(export, _access(export, by))
    before = export.sage_record_number
    if was is not None and was != before:
        stands = f"under record {before}" if before else "under no record number"
        raise Stale(f"Somebody {'corrected' if was else 'entered'} it meanwhile: it stands {stands} now.")
    reason = _said(reason, "Say why it is corrected: it stays on the record.") if before else ""
    if number and number == before:
        raise Refused("It stands under this record number already.", field="record_number")
    Records.of([export], [number]).take(export, number)
    export.sage_record_number = number
    export.save(update_fields=["sage_record_number"])
    changes = {"sage_record_number": [before, number]}
    if before:
        Event.objects.record("corrected Sage’s record number", export, by=by, reason=reason, changes=changes)
    else:
        Event.objects.record("entered Sage’s record number", export, by=by, changes=changes)
    return export


def require_confirmable(export: InvoiceExport, access) -> None:
    """Raises NotAllowed, or NotNow unless it is exported."""
    require(export, InvoiceExport.confirm, access)


def require_correctable(export: InvoiceExport, access) -> None:
    """Raises NotAllowed, or NotNow unless it is posted as an invoice that Sage holds."""
    if not may_answer(export, access):
        raise NotAllowed(ANSWER_RIGHT)
    if export.status != InvoiceExport.Status.POSTED or export.only_releases:
        raise NotNow(f"{export.invoice} stands under no record of Sage’s, so there is none to correct.")


@transaction.atomic
def void(
    export: InvoiceExport, *, by, reason: str, sage_holds_it_no_more: bool, retention_is_raised: bool = False
) -> InvoiceExport:
    """Say that Sage holds no such invoice any more, with a reason; then it can be mended and sent again.

    `retention_is_raised`: what its release sheet lowers stands in Sage as before (S51). No list of ours tells of it.
    """
    export, batch = _locked_with_batch(export)
    access = _access(export, by)
    require(export, InvoiceExport.void, access)
    reason = _said(reason, "Say why it is voided: it stays on the record.")
    if not sage_holds_it_no_more:
        raise Refused("First remove it in Sage, then say so here.", field="sage_holds_it_no_more")
    require_voidable(export, access, Beneath.of([export], to_void=True))
    if not retention_is_raised and RetainageRelease.objects.standing_of([export]).exists():
        raise Refused(RAISE_AGAIN, field="retention_is_raised")
    export.reason = reason
    move(export, InvoiceExport.void, access=access, reason=reason)
    _end_item(export, batch, by)
    unlock(export.invoice)
    return export


# What an action asks, and a page that foretells it


@dataclass(frozen=True)
class Beneath:
    """What keeps exports of one company where they are, read once for all of them.

    {export id: …}. `releases`, `credits`: live places in files that release retainage on it, or name it as what they
    reduce; `in_sage`: words. The last two keep what is to be voided alone.
    """

    releases: Mapping[int, list[ExportItem]]
    credits: Mapping[int, list[ExportItem]]
    in_sage: Mapping[int, str]

    @classmethod
    def of(cls, exports: Collection[InvoiceExport], *, to_void: bool = False) -> "Beneath":
        live = RetainageRelease.objects.filter(item__is_live=True, on_invoice__export__in=exports)
        releases = defaultdict(list)
        for each in live.select_related("item__invoice_export__invoice", "item__batch", "on_invoice__export"):
            if each.item.invoice_export_id != each.on_invoice.export.pk:
                releases[each.on_invoice.export.pk].append(each.item)
        if not to_void:
            return cls(releases, {}, {})
        places = list(ExportItem.objects.filter(is_live=True, invoice_export__in=exports))
        return cls(releases, credits_on(places), still_in_sage(exports, places))


def require_rejectable(
    export: InvoiceExport, access, beneath: Beneath, *, seen: str = "", gone: Collection[int] = ()
) -> None:
    """Raises what `reject` refuses with, whatever the reason says. `gone`: ids of exports that go before it."""
    require(export, InvoiceExport.reject, access)
    if seen and seen != export.sending:
        raise NotNow(f"{export.invoice} was taken back and sent again while you looked at it. Look at it as it is now.")
    _require_nothing_on(export, beneath, gone)


def require_voidable(export: InvoiceExport, access, beneath: Beneath, *, gone: Collection[int] = ()) -> None:
    """Raises what `void` refuses with, whatever the reason says. `gone`: ids of exports that go before it."""
    require(export, InvoiceExport.void, access)
    if export.pk in beneath.in_sage:
        raise NotNow(beneath.in_sage[export.pk])
    _require_nothing_on(export, beneath, gone)


def _require_nothing_on(export: InvoiceExport, beneath: Beneath, gone: Collection[int]) -> None:
    """What a live release or credit stands on stays: Sage must hold what they lower (S45, S51)."""
    for words, found in (("releases retainage", beneath.releases), ("is a credit", beneath.credits)):
        first = next((item for item in found.get(export.pk, ()) if item.invoice_export_id not in gone), None)
        if first:
            raise NotNow(
                f"{first.invoice_export.invoice.number} in {first.batch.key} {words} on this invoice."
                " Void or reject that one first."
            )


# What they share


def _locked(export: InvoiceExport) -> InvoiceExport:
    """The export as it is now, locked in the global order; state and rights are asked on this one."""
    return InvoiceExport.objects.locked([export.pk])[0]


def _locked_to_record(export: InvoiceExport, number: str) -> InvoiceExport:
    """As `_locked`; the settings’ lock keeps two from taking one number at once. The right is read after it (R66)."""
    export = _locked(export)
    if number:
        ErpSettings.held_for(export.company)
    return export


def _locked_with_batch(export: InvoiceExport) -> tuple[InvoiceExport, ExportBatch | None]:
    """As `_locked`, with the live batch, which may end with it: no wait is left once the right is read (R66)."""
    export = _locked(export)
    held = ExportBatch.objects.select_for_update(of=("self",))
    return export, held.filter(items__invoice_export=export, items__is_live=True).first()


def _access(export: InvoiceExport, by):
    return read_access(by, export.company, export.project)


def approver_access(company, by):
    """What `by` holds in the company, or NotAllowed unless that makes an accounting approver."""
    access = read_access(by, company)
    if not is_accounting_approver(access):
        raise NotAllowed(ANSWER_RIGHT)
    return access


def _said(words: str, question: str) -> str:
    words = " ".join(words.split())
    if not words:
        raise Refused(question, field="reason")
    return words[:500]


def _sentences(findings) -> str:
    return " ".join(dict.fromkeys(finding.sentence for finding in findings))


def _end_item(export: InvoiceExport, batch: ExportBatch | None, by) -> None:
    """Out of its live batch, so that another may take it (E-1); a batch with nothing left is void."""
    if batch is None:
        return
    item = batch.items.get(invoice_export=export, is_live=True)
    item.is_live = False
    item.save(update_fields=["is_live"])
    if not batch.items.filter(is_live=True).exists():
        before, batch.state = batch.state, BatchState.VOID
        batch.save(update_fields=["state"])
        Event.objects.record("voided", batch, by=by, from_state=before, to_state=batch.state)
