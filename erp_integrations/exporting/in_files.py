"""What stands in our built files, and what left them again, as the comparison with Sage's list takes it (E-9)."""

from collections import defaultdict
from datetime import datetime

from django.db.models import F, Q

from directory.models import Company, Event
from directory.models.events import subject_name
from erp_integrations.exporting.storing import TRIED_AGAIN
from erp_integrations.models import ExportBatch, ExportItem, RetainageRelease, SageListVersion
from erp_integrations.models.exports import IN_A_FILE
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.sage100.reconciling import InFile

NAMED = {
    "invoice": F("invoice_export__invoice"),
    "number": F("invoice_export__invoice__number"),
    "gross": F("invoice_export__invoice__gross_this_period"),
    "held": F("invoice_export__invoice__retainage_newly_held"),
    "only_releases": F("invoice_export__only_releases"),
    "record": F("invoice_export__sage_record_number"),
    "batch_number": F("batch__number"),
    "built_at": F("batch__built_at"),
}


def in_files(company: Company, version: SageListVersion) -> list[InFile]:
    """Exported or posted, in the order of files and rows. `version`: the list they will be compared with."""
    live = ExportItem.objects.filter(company=company, is_live=True, invoice_export__status__in=IN_A_FILE)
    rows = live.order_by("batch__number", "position").annotate(**NAMED).values()
    releases = _releases(company)
    return [_in_file(row, releases[row["invoice"]], company, version) for row in rows]


def _in_file(row: dict, releases: list, company: Company, version: SageListVersion) -> InFile:
    return InFile(
        item_id=row["id"],
        vendor_number=row["vendor_number"],
        number=row["number_key"],
        batch_key=batch_key(row["batch_number"]),
        gross=row["gross"],
        retainage=row["held"],
        releases=tuple(releases),
        makes_rows=not row["only_releases"],
        is_too_new=is_older(version, row["built_at"], company),
        is_of_that_day=is_of_the_day(version, row["built_at"], company),
        record_number=row["record"],
        shown=row["number"],
        job_number=row["job_number"],
    )


def is_older(version: SageListVersion, built_at: datetime, company: Company) -> bool:
    """The list can't know of a file built then: it was made on an earlier day, or taken in before."""
    return version.as_of_date < company.day_of(built_at) or version.loaded_at < built_at


def is_of_the_day(version: SageListVersion, built_at: datetime, company: Company) -> bool:
    """A list has a day and no time: it may have been made in Sage before the file was imported, or even built."""
    return version.as_of_date == company.day_of(built_at)


def _releases(company: Company) -> defaultdict:
    """{invoice id: what the release sheets of standing files lower its retention by, oldest sheet first}."""
    standing = RetainageRelease.objects.filter(
        item__company=company, item__is_live=True, item__invoice_export__status__in=IN_A_FILE
    )
    found = defaultdict(list)
    for invoice, released in standing.order_by("item__batch__built_at", "pk").values_list("on_invoice", "released"):
        found[invoice].append(released)
    return found


def ended(company: Company) -> list[InFile]:
    """What left a built file by a void or a rejection; of one that left several, the newest counts.

    What was rejected out of a failed batch, before the rest was tried again and built, never stood in its file.
    """
    left = ExportItem.objects.filter(company=company, is_live=False).filter(~Q(batch__file_key=""))
    rows = left.order_by("pk").annotate(invoice=NAMED["invoice"], batch_number=NAMED["batch_number"])
    rows = list(rows.values("id", "batch_id", "invoice", "vendor_number", "number_key", "batch_number"))
    built = _accepted_anew({row["batch_id"] for row in rows}, company)
    return [InFile(item_id=r["id"], vendor_number=r["vendor_number"], number=r["number_key"],
                   batch_key=batch_key(r["batch_number"]))
            for r in rows if r["batch_id"] not in built or r["invoice"] in built[r["batch_id"]]]  # fmt: skip


def _accepted_anew(batches: set[int], company: Company) -> dict[int, set[int]]:
    """{batch that was tried again: the invoices that went into its file}; no other snapshot is read."""
    events = Event.objects.filter(company=company, verb=TRIED_AGAIN)
    again = set(events.filter(subject__in=[_subject(pk) for pk in batches]).values_list("subject", flat=True))
    tried = ExportBatch.objects.filter(pk__in=[pk for pk in batches if _subject(pk) in again]).only("snapshot")
    return {batch.pk: set(batch.as_accepted) for batch in tried.iterator(chunk_size=10)}


def _subject(batch: int) -> str:
    return subject_name(ExportBatch(pk=batch))


def keys_of_files(company: Company) -> set[str]:
    return {batch_key(number) for number in ExportBatch.objects.of(company).values_list("number", flat=True)}
