"""Our own ledgers against each other: invoices, exports, batches, files, events (R17). Nothing is mended by itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from django.db.models import Count, Max, Q

from directory.models import Company, Event
from directory.models.events import subject_name
from erp_integrations.exporting.differences import Difference, differing
from erp_integrations.exporting.ledger_files import about_files
from erp_integrations.models import BatchState, ExportItem, ExportStatus, InvoiceExport, LedgerCheck
from erp_integrations.models.batches import UNDER_WAY
from erp_integrations.models.exports import IN_A_FILE, WITH_ACCOUNTING
from invoicing.models import Invoice, InvoiceLine
from invoicing.proof import broken_identities

S, B = ExportStatus, BatchState
CHUNK = 200
MOST_KEPT = 500
# What is proved by stored figures alone; the others ask for the schedule of today, which a later change order moved.
OF_STORED_FIGURES = ("N-1", "N-3", "N-5", "N-6", "N-7", "N-8")
INVOICES, ITEMS, STATUSES, RECORDS = "invoices", "places in files", "statuses", "records"
BATCH_STATES = {
    S.EXPORTING: UNDER_WAY,
    S.FAILED: (B.DEAD,),
    S.EXPORTED: (B.READY,),
    S.POSTED: (B.READY,),
}


def check(company: Company) -> LedgerCheck:
    """Hold them against each other now, and keep what came out for the banner of accounting's pages.

    What differs is looked at twice: a file that is built in between stands in two states for whoever reads on.
    """
    found = list(differences(company))
    again = set(differences(company)) if found else set()
    found = [each for each in found if each in again]
    kept = [asdict(each) for each in found[:MOST_KEPT]]
    return LedgerCheck.objects.create(company=company, difference_count=len(found), differences=kept)


def differences(company: Company) -> Iterator[Difference]:
    yield from _identities(company)
    yield from _twice_live(company)
    yield from _exports(company)
    yield from about_files(company)


def _identities(company: Company) -> Iterator[Difference]:
    """N-1 to N-8 of each certified invoice: its header is the sum of its lines, and goes on from the one before."""
    certified = Invoice.objects.live().filter(commitment__company=company, status__in=Invoice.CERTIFIED)
    pks = list(certified.order_by("pk").values_list("pk", flat=True))
    for at in range(0, len(pks), CHUNK):
        yield from _identities_of(pks[at : at + CHUNK])


def _identities_of(pks: list[int]) -> Iterator[Difference]:
    invoices = Invoice.objects.with_context().select_related("commitment__starting_certificate").in_bulk(pks)
    wanted = set(pks) | {invoice.previous_id for invoice in invoices.values() if invoice.previous_id}
    lines = defaultdict(list)
    of_them = InvoiceLine.objects.filter(invoice__in=wanted).order_by("pk")
    for line in of_them.select_related("schedule_line__change_order", "schedule_line__commitment"):
        lines[line.invoice_id].append(line)
    for pk, broken in broken_identities(invoices.values(), lines).items():
        for identity in broken:
            if identity.number in OF_STORED_FIGURES:
                name = f"{identity.number} of {invoices[pk]}"
                yield from differing(INVOICES, name, identity.expected, identity.found)


def _twice_live(company: Company) -> Iterator[Difference]:
    """E-1, whatever became of the constraint that keeps it."""
    live = ExportItem.objects.filter(company=company, is_live=True).order_by()
    for row in live.values("invoice_export").annotate(count=Count("pk")).filter(count__gt=1):
        export = InvoiceExport.objects.get(pk=row["invoice_export"])
        yield Difference(ITEMS, str(export.invoice), "one live place", f"{row['count']} live places")


def _exports(company: Company) -> Iterator[Difference]:
    """By their ids alone: asked by company besides, SQLite walks through all its commitments for each chunk."""
    sent = InvoiceExport.objects.of(company).exclude(status=S.NOT_SENT)
    pks = list(sent.order_by("pk").values_list("pk", flat=True))
    exports = InvoiceExport.objects.exclude(status=S.NOT_SENT).select_related("invoice__commitment").order_by("pk")
    for at in range(0, len(pks), CHUNK):
        some = list(exports.filter(pk__in=pks[at : at + CHUNK]))
        states, told = _states_of_batches(some), _last_told(some)
        for export in some:
            yield from _places(export, states.get(export.pk))
            yield from _told(export, told.get(subject_name(export)))
            yield from _marks(export)


def _states_of_batches(exports: Iterable[InvoiceExport]) -> dict[int, str]:
    live = ExportItem.objects.filter(invoice_export__in=exports, is_live=True)
    return dict(live.values_list("invoice_export", "batch__state"))


def _last_told(exports: Iterable[InvoiceExport]) -> dict[str, str]:
    """{subject: the state that its newest event moved it to}"""
    moves = Event.objects.filter(subject__in=[subject_name(each) for each in exports]).filter(~Q(to_state=""))
    newest = moves.order_by().values("subject").annotate(last=Max("pk")).values("last")
    return dict(Event.objects.filter(pk__in=newest).values_list("subject", "to_state"))


def _places(export: InvoiceExport, state: str | None) -> Iterator[Difference]:
    """A place in a file of the right state, and none otherwise; posted with Sage's record."""
    wanted = BATCH_STATES.get(export.status)
    if wanted and state not in wanted:
        expected = "in a batch that is " + " or ".join(B(each).label.lower() for each in wanted)
        yield Difference(
            ITEMS, _named(export), expected, f"in one that is {B(state).label.lower()}" if state else "in none"
        )
    if not wanted and state:
        yield Difference(ITEMS, _named(export), "in no batch", f"in one that is {B(state).label.lower()}")
    has_record = export.only_releases or export.sage_record_number or export.listed_date
    if export.status == S.POSTED and not (has_record and export.posted_at and export.posted_by_id):
        yield Difference(RECORDS, _named(export), "Sage’s record, who confirmed it, and when", "not all of them")


def _told(export: InvoiceExport, state: str | None) -> Iterator[Difference]:
    """A status that no event tells of was changed past the program."""
    if state != export.status:
        found = S(state).label if state in S.values else "nothing"
        yield Difference(STATUSES, _named(export), f"{found}, by its events", export.get_status_display())


def _marks(export: InvoiceExport) -> Iterator[Difference]:
    invoice, status = export.invoice, export.status
    yield from differing(STATUSES, f"{_named(export)}, locked", status in WITH_ACCOUNTING, invoice.is_locked)
    yield from differing(STATUSES, f"{_named(export)}, in a file", status in IN_A_FILE, invoice.is_exported)
    yield from differing(STATUSES, f"{_named(export)}, posted", status == S.POSTED, invoice.is_posted)
    if status in WITH_ACCOUNTING and invoice.status not in Invoice.APPROVALS:
        yield Difference(STATUSES, _named(export), "an approved invoice", invoice.get_status_display())


def _named(export: InvoiceExport) -> str:
    return f"Export of {export.invoice.commitment.number}, invoice {export.invoice.number}"
