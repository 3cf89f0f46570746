"""What became of each row in Sage's import, said for a whole file at once: posted, or not taken and why (9.7, E-3)."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from directory.models import Event
from directory.permissions import read_access
from directory.plain_text import unseen_in
from directory.refusals import Refused
from erp_integrations.actions.exports import confirm
from erp_integrations.exporting.moving import require
from erp_integrations.models import InvoiceExport, SageRefusal


@dataclass(frozen=True)
class Result:
    """Either the record number that Sage gave, or the message it refused the row with; a release is done, or not."""

    export: InvoiceExport
    record_number: str = ""
    message: str = ""
    is_released: bool = False


class ResultRefused(Refused):
    """One of the results can't be; `export_id` says which, and none of them is kept."""

    def __init__(self, export_id: int, message: str, field: str):
        super().__init__(message, field=field)
        self.export_id = export_id


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
