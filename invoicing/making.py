"""One file for one person, from asked for to ready, however often and by however many workers it is tried.

A worker claims the row with a token and a lease; everything it writes afterwards asks for that token, so one that was
slow, stopped or given up for dead changes nothing (decision 3). What goes in is what the person may see at that moment.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError
from django.db.models import QuerySet, Sum
from django.utils import timezone

from directory.csv_files import csv_lines
from directory.models.leases import LeaseLost
from directory.permissions import Access, Level, Tool, read_access
from directory.refusals import Refused
from directory.server_clock import server_now
from directory.sheets import as_typed_xlsx
from invoicing import made_storage
from invoicing.file_limits import has_room
from invoicing.invoice_rows import HEADINGS, rows_of
from invoicing.models import Attachment, Invoice, MadeFile, MadeKind, MadeState
from invoicing.models.made_files import CHOOSE_AGAIN
from invoicing.packages import pack_certificates, pack_papers
from invoicing.printing import SECONDS as PRINTING_SECONDS
from invoicing.printing import NotPrinted

LEASE = timedelta(seconds=3 * PRINTING_SECONDS)  # renewed with each step, none of which takes longer
KEPT_FOR = timedelta(days=7)
OF_OUR_OWN = 50 * 1024 * 1024  # bytes; more than certificates and tables ever come to
ROWS_A_STEP = 500
TRANSIENT = (OSError, DatabaseError, SoftTimeLimitExceeded, NotPrinted)

logger = structlog.get_logger(__name__)


def make(file_id: int) -> None:
    """Make the file if it waits for a worker; otherwise do nothing. Never raises for a reason it can write down."""
    made = claim(file_id)
    if made is None:
        return
    try:
        finish(made, *write(made))
    except LeaseLost:
        logger.warning("lease_lost", made_file=made.pk)
    except TRANSIENT as error:
        logger.warning("making_interrupted", made_file=made.pk, exc_info=True)
        try_later(made, error)
    except Refused as reason:
        give_up(made, reason.message)
    except Exception:
        logger.exception("making_failed", made_file=made.pk)
        give_up(made, "It could not be made, and the site’s owner finds why in the log.")


def claim(file_id: int) -> MadeFile | None:
    """The file for one lease; None when there is nothing to take."""
    return MadeFile.objects.select_related("person", "project__company", "of_company").claim(file_id, LEASE)


def report(made: MadeFile, done: int) -> None:
    """Show how far it is and renew the lease; raises LeaseLost when somebody else has the file."""
    made.write_held(done=done, lease_until=server_now() + LEASE)


def write(made: MadeFile) -> tuple[str, int, list[int], int]:
    """(key, bytes, ids of the invoices in it, how many could not be printed), with the file in its place."""
    ids = _seen(made)
    if not ids:
        raise Refused(f"Nothing of what you chose is there for you any more. {CHOOSE_AGAIN}")
    if not has_room(_size_beforehand(made, ids)):
        raise Refused("This site’s disk is nearly full. Tell its owner, and try again later.")
    steps = Steps(made)
    with made_storage.written(made) as (key, out):
        left_out = content_of(made).write(out, ids, steps) or 0
        size = out.tell()
    return key, size, ids, left_out


def _seen(made: MadeFile) -> list[int]:
    """Of what was asked for, what the person may see now, in its order."""
    seen = set(content_of(made).seen_by(access_of(made)).values_list("pk", flat=True))
    return [pk for pk in made.invoices if pk in seen]


def access_of(made: MadeFile) -> Access:
    """What whoever asked for it holds there now."""
    return read_access(made.person, made.company, made.project)


def _size_beforehand(made: MadeFile, ids: list[int]) -> int:
    """In bytes, about."""
    attached = Attachment.objects.filter(invoice__in=ids) if made.kind == MadeKind.PAPERS else Attachment.objects.none()
    return OF_OUR_OWN + attached.aggregate(size=Sum("size", default=0))["size"]


class Steps:
    """Counts what is done; each step renews the lease."""

    def __init__(self, made: MadeFile):
        self.made, self.done = made, 0

    def __call__(self, count: int = 1) -> None:
        self.done += count
        report(self.made, self.done)

    def expect(self, total: int) -> None:
        """So many are to come, which is known now."""
        self.made.total = total
        self.made.write_held(total=total)


# What goes in


def _papers(out: BinaryIO, ids: list[int], step: Steps) -> None:
    invoice = Invoice.objects.for_page().get(pk=ids[0])
    pack_papers(out, invoice, list(invoice.attachments.order_by("pk")), access_of(step.made), step)


def _certificates(out: BinaryIO, ids: list[int], step: Steps) -> int:
    invoices = (Invoice.objects.for_page().get(pk=pk) for pk in ids)
    return pack_certificates(out, invoices, access_of(step.made), step)


def _csv(out: BinaryIO, ids: list[int], step: Steps) -> None:
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    text.writelines(csv_lines(HEADINGS, _told(ids, step)))
    text.detach()


def _xlsx(out: BinaryIO, ids: list[int], step: Steps) -> None:
    out.write(as_typed_xlsx("Invoices", HEADINGS, _told(ids, step)))


def _told(ids: list[int], step: Steps) -> Iterator[list]:
    for count, row in enumerate(rows_of(ids, access_of(step.made)), start=1):
        yield row
        if count % ROWS_A_STEP == 0:
            step(ROWS_A_STEP)


def _counted(done: int, total: int) -> str:
    return f"{done:,} of {total:,} done."


@dataclass(frozen=True)
class Content:
    """A kind of file: what writes it, what a person needs for it, of which invoices, and what the record says.

    `told`: how far it is, in words.
    """

    write: Callable[[BinaryIO, list[int], Steps], int | None]
    taken_as: str
    needs: tuple[Tool, Level] = (Tool.COMMITMENTS, Level.READ_ONLY)
    among: Callable[[Access], QuerySet] = Invoice.objects.visible_to
    told: Callable[[int, int], str] = _counted

    def seen_by(self, access: Access) -> QuerySet:
        """The invoices that may be in one of this person's."""
        return self.among(access) if access.allows(*self.needs) else Invoice.objects.none()


CONTENTS: dict[MadeKind, Content] = {  # the apps above add theirs
    MadeKind.PAPERS: Content(_papers, "downloaded all files"),
    MadeKind.CERTIFICATES: Content(_certificates, "downloaded certificates"),
    MadeKind.CSV: Content(_csv, "downloaded a list of invoices"),
    MadeKind.XLSX: Content(_xlsx, "downloaded a list of invoices"),
}


def content_of(made: MadeFile) -> Content:
    return CONTENTS[MadeKind(made.kind)]


# How it ends

_NO_LEASE = {"lease_token": None, "lease_until": None, "error": ""}


def finish(made: MadeFile, key: str, size: int, ids: list[int], left_out: int) -> None:
    """The fenced last write of a worker; a late one is refused here, and its file removed."""
    now = timezone.now()
    ready = {
        "state": MadeState.READY,
        "title": made.title,
        "name": made.name,
        "key": key,
        "size": size,
        "invoices": ids,
        "left_out": left_out,
        "made_at": now,
        "expires_at": now + KEPT_FOR,
        "done": made.total,
    }
    try:
        made.write_held(**ready, **_NO_LEASE)
    except LeaseLost:
        made_storage.remove(key)
        raise


def give_up(made: MadeFile, message: str) -> None:
    """It says *failed* and why, for as long as a file would have been kept."""
    failed = _NO_LEASE | {"state": MadeState.FAILED, "error": message[:500], "expires_at": timezone.now() + KEPT_FOR}
    MadeFile.objects.held(made).update(**failed)


def try_later(made: MadeFile, error: Exception) -> None:
    """Hand it back for the next sweep; after the last attempt give it up."""
    if made.attempts >= made.MAX_ATTEMPTS:
        give_up(made, error.message if isinstance(error, Refused) else "It could not be made now.")
        return
    MadeFile.objects.held(made).update(**_NO_LEASE, state=MadeState.WAITING)


def give_up_exhausted() -> None:
    """Those whose every attempt was killed."""
    for made in MadeFile.objects.exhausted(server_now()):
        give_up(made, f"Making it was interrupted {made.attempts} times.")


def expire(files: QuerySet) -> int:
    """Remove these files, whatever for; how many. The rows stay and say so; doing it again changes nothing."""
    found = list(files.defer("invoices"))
    for made in found:
        gone = {"state": MadeState.EXPIRED, "key": "", "error": "", "invoices": [], "expires_at": timezone.now()}
        if MadeFile.objects.filter(pk=made.pk, state=made.state, key=made.key).update(**gone):
            made_storage.remove(made.key)
    return len(found)


def clear_away() -> int:
    """What is past its time, and what lies there without a row; how many."""
    return expire(MadeFile.objects.past_their_time(timezone.now())) + made_storage.remove_orphans()
