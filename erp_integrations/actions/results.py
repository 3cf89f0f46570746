"""What became of each row in Sage's import, said for a whole file at once: posted, or not taken and why (9.7, E-3)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from directory.models import Event
from directory.number_looks import number_key
from directory.permissions import read_access
from directory.plain_text import unseen_in
from directory.refusals import Refused, Stale
from erp_integrations.actions.exports import confirm
from erp_integrations.exporting.moving import require
from erp_integrations.models import ExportBatch, InvoiceExport, SageRefusal


@dataclass(frozen=True)
class Result:
    """Either the record number that Sage gave, or the message it refused the row with; a release is done, or not."""

    export: InvoiceExport
    record_number: str = ""
    message: str = ""
    is_released: bool = False

    @property
    def in_words(self) -> str:
        said = [f"record {self.record_number}"] if self.record_number else []
        said += [f"the message “{self.message}”"] if self.message else []
        return " and ".join(said + ["that it is released"] * self.is_released)


class ResultRefused(Refused):
    """One of the results can't be; `export_id` says which, and none of them is kept."""

    def __init__(self, export_id: int, message: str, field: str):
        super().__init__(message, field=field)
        self.export_id = export_id


def require_not_overtaken(batch: ExportBatch, late: Collection[Result], *, waits: bool) -> None:
    """Raises Stale where another said otherwise of what was typed `late`: of what waits no more in `batch` (I-5).

    `waits`: whether others do, of which something can still be kept.
    """
    live = set(batch.items.filter(is_live=True).values_list("invoice_export_id", flat=True))
    told = [
        f"{result.export.invoice}: {_what_stands(result.export, batch, live)}; you typed {result.in_words}."
        for result in late
        if result.export.pk not in live or not _is_kept(result)
    ]
    if told:
        rest = " What you typed of the others stands below: keep it when you have looked." if waits else ""
        raise Stale(
            f"Somebody was quicker than you, so nothing was kept. {' '.join(told)} Look in 4-2 which is right; a record"
            f" number is corrected on the page of {batch}.{rest}"
        )


def _is_kept(result: Result) -> bool:
    """Whether what was typed is what stands."""
    export = result.export
    if export.status != InvoiceExport.Status.POSTED or result.message:
        return False
    if export.only_releases:
        return not result.record_number
    return number_key(result.record_number) == number_key(export.sage_record_number)


def _what_stands(export: InvoiceExport, batch: ExportBatch, live: Collection[int]) -> str:
    if export.pk not in live:
        return f"it left {batch}"
    if export.status != InvoiceExport.Status.POSTED:
        return f"it is {export.get_status_display()} now"
    if export.sage_record_number:
        return f"{export.posted_by.name} confirmed it as record {export.sage_record_number}"
    how = "it as released" if export.only_releases else "that Sage’s list has it"
    return f"{export.posted_by.name} confirmed {how}"


@transaction.atomic
def record(results: Collection[Result], *, by) -> int:
    """All of them, or none; how many. Whoever accepts may say it."""
    if not results:
        raise Refused("Enter a record number or a message for at least one invoice.")
    InvoiceExport.objects.locked([result.export.pk for result in results])  # first, in the one order (R45)
    for result in results:
        try:
            _record(result, by)
        except Refused as refusal:
            raise ResultRefused(result.export.pk, refusal.message, refusal.field or "record_number") from refusal
    return len(results)


def _record(result: Result, by) -> None:
    if result.record_number and result.message:
        raise Refused("Sage either took it or it did not: keep the record number or the message.", field="message")
    if result.record_number or result.is_released:
        confirm(result.export, by=by, record_number=result.record_number)
    else:
        report_refusal(result.export, by=by, message=result.message)


@transaction.atomic
def report_refusal(export: InvoiceExport, *, by, message: str) -> SageRefusal:
    """Sage did not take the row. The invoice stays exported until it is voided: only that lets it be sent again."""
    export = InvoiceExport.objects.locked([export.pk])[0]
    require(export, InvoiceExport.confirm, read_access(by, export.company, export.project))
    said = " ".join(message.split())[:500]
    if wrong := unseen_in(said):
        raise Refused(f"The message holds {wrong}. Type it again.", field="message")
    if not said:
        raise Refused("Copy the message that Sage's import shows for it.", field="message")
    refusal = SageRefusal.objects.create(item=export.live_item, message=said, by=by)
    Event.objects.record("reported that Sage refused it", export, by=by, reason=said)
    return refusal
