"""Comparing our exports with Sage's list of payable invoices, and confirming what was found there (E-9, 6.2)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction

from directory.models import Company, Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations.actions.exports import approver_access, take_record
from erp_integrations.exporting.in_files import ended, in_files, keys_of_files
from erp_integrations.exporting.moving import moved
from erp_integrations.exporting.records import Records
from erp_integrations.models import ErpSettings, InvoiceExport, ListKind, Outcome, Reconciliation, SageListVersion
from erp_integrations.models.payables import payables_of
from erp_integrations.permissions import require_list_keeper
from erp_integrations.sage100 import canonical, reconciling
from erp_integrations.sage100.lists import PayableInvoice
from erp_integrations.sage100.reconciling import InFile, Kind
from invoicing.actions.invoices import settle

TOGETHER = 200  # posted in one transaction: whoever waits for one of them waits a moment
CONFIRMED = ("status", "posted_by", "posted_at")  # what a confirmation writes on an export, beside its record


@transaction.atomic
def reconcile(company: Company, *, by) -> Reconciliation:
    """Hold every export of a built file against the newest list of payable invoices, and keep what came out.

    The same list and the same exports give the same: then the reconciliation that is there is answered, not another.
    """
    require_list_keeper(read_access(by, company))
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # one after the other; an acceptance goes on
    version = _newest_list(company)
    ours, left, rows = in_files(company, version), ended(company), payables_of(version)
    found = reconciling.compare(ours, left, keys_of_files(company), rows)
    before, digest = Reconciliation.objects.newest(company), _digest(found)
    if before and before.list_version_id == version.pk and before.digest == digest:
        return before
    made = Reconciliation.objects.create(
        company=company,
        number=before.number + 1 if before else 1,
        list_version=version,
        by=by,
        digest=digest,
        others_count=len(found.others),
        others_gross=reconciling.sums(rows[place] for place in found.others).gross,
    )
    known = {each.item_id: each for each in ours}
    Outcome.objects.bulk_create(_stored(made, each, known.get(each.item_id), rows) for each in found.outcomes)
    counts = {Kind(row["kind"]).value.replace("_", " "): row["count"] for row in made.outcomes.sums().values()}
    Event.objects.record("reconciled", made, by=by, changes={name: ["", count] for name, count in counts.items()})
    return made


def _newest_list(company: Company) -> SageListVersion:
    version = SageListVersion.objects.in_use(company, ListKind.PAYABLE_INVOICES)
    if version is None:
        raise NotNow("Sage’s list of payable invoices (4-2) was never uploaded. Upload it first, then compare.")
    return version


def _digest(found: reconciling.Comparison) -> str:
    plain = tuple(tuple(map(str, reconciling.to_plain(each))) for each in found.outcomes)
    return canonical.digest((plain, found.others))


def _stored(made: Reconciliation, outcome: reconciling.Outcome, ours: InFile | None, rows) -> Outcome:
    """`ours` None: expected is nothing, for it left its file or never stood in one."""
    there: list[PayableInvoice] = [rows[place] for place in outcome.places]
    first, found = there[0] if there else None, reconciling.sums(there)
    return Outcome(
        reconciliation=made,
        kind=outcome.kind.value,
        item_id=outcome.item_id,
        places=list(outcome.places),
        vendor_number=ours.vendor_number if ours else first.vendor_number,
        invoice_number=(ours.shown if ours else first.invoice_number)[:100],
        record_number=", ".join(row.record_number for row in there if row.record_number)[:100],
        expected_gross=ours.gross if ours else None,
        found_gross=found.gross if there else None,
        expected_retainage=ours.retainage if ours else None,
        found_retainage=found.retainage if there else None,
        note=" ".join(outcome.notes)[:500],
        is_too_new=outcome.is_too_new or (ours is not None and ours.is_too_new),
    )


@dataclass(frozen=True)
class Posting:
    """What became of one invoice when what was found was confirmed: `refusal` is None when it is posted now."""

    outcome: Outcome
    refusal: Refused | None = None


def confirm_found(reconciliation: Reconciliation, outcomes: Iterable[int], *, by) -> list[Posting]:
    """Post each of these outcomes that Sage's list holds, under its record number if it gives one (E-3).

    Only what was found as it was exported; by the newest comparison with the newest list. `TOGETHER` of them are one
    transaction, which asks anew for the right and the list (R66): what ends between two leaves the rest to confirm.
    One that can't be posted never holds up the others.
    """
    approver_access(reconciliation.company, by)
    require_newest(reconciliation)
    chosen = list(reconciliation.outcomes.to_confirm().filter(pk__in=list(outcomes)).select_related("item"))
    parts = (chosen[at : at + TOGETHER] for at in range(0, len(chosen), TOGETHER))
    return [posting for some in parts for posting in _post(some, reconciliation, by)]


def require_newest(reconciliation: Reconciliation) -> None:
    """Raises NotNow unless it is the newest comparison, with the newest list."""
    newest = Reconciliation.objects.newest(reconciliation.company)
    if newest.pk != reconciliation.pk:
        raise NotNow(f"{newest} is newer than this one. Confirm what that one found.")
    if newest.list_version_id != _newest_list(reconciliation.company).pk:
        raise NotNow("A newer list of payable invoices was uploaded. Compare with that one first.")


def _post(some: Collection[Outcome], of: Reconciliation, by) -> list[Posting]:
    try:
        with transaction.atomic():
            return _posted(some, of, by)
    except (Refused, NotAllowed) as refusal:
        return [Posting(outcome, refusal) for outcome in some]


def _posted(some: Collection[Outcome], of: Reconciliation, by) -> list[Posting]:
    """`confirm` of all of them, in as many queries for two hundred as for one."""
    exports = {each.pk: each for each in InvoiceExport.objects.locked([each.item.invoice_export_id for each in some])}
    ErpSettings.held_for(of.company)  # the last wait: right and list are read after it
    access = approver_access(of.company, by)
    require_newest(of)
    records = Records.of(exports.values(), [each.record_number for each in some])
    postings, told = [], {}
    for outcome in some:
        export = exports[outcome.item.invoice_export_id]
        try:
            told[export] = _taken(export, outcome, of, access, records)
            postings.append(Posting(outcome))
        except (Refused, NotAllowed) as refusal:
            postings.append(Posting(outcome, refusal))
    InvoiceExport.objects.bulk_update(told, ["sage_record_number", "listed_date"])
    events = moved(list(told), InvoiceExport.confirm, CONFIRMED, access=access)
    for event, changes in zip(events, told.values(), strict=True):
        event.changes = changes
    settle([export.invoice for export in told])
    Event.objects.record_all(events)
    return postings


def _taken(export: InvoiceExport, outcome: Outcome, of: Reconciliation, access, records: Records) -> dict:
    place = records.places.get(export.pk)
    if place is None or place.pk != outcome.item_id:
        raise NotNow(f"{export.invoice} left its file since. Compare again.")
    return take_record(export, outcome.record_number, of.list_version.as_of_date, access, records)
