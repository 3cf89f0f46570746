"""Is this the file that we built? By its bytes, else by its rows, read in a process of their own (E-8, R103).

Reading may cost a gigabyte and a minute, and whoever may look at the queue may ask for it: one file is compared at a
time, and all that is read for it has the time of one file.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import islice
from pathlib import Path
from time import monotonic

import structlog
from django.conf import settings

from directory.models import Company
from directory.refusals import NotNow, Refused
from directory.sheets import MEGABYTE, OF_A_LIST, Sheet, TooLarge, read_sheet
from erp_integrations.exporting import storing
from erp_integrations.models import BatchState, ExportBatch, ExportItem, ImportLayout
from erp_integrations.sage100 import verifying
from erp_integrations.sage100.batch_keys import batch_number
from erp_integrations.sage100.facts import AsAccepted
from erp_integrations.sage100.verifying import COMPUTED, COMPUTED_LONGEST, AlteredCell, FileRow

MOST_SHOWN = 200
# Four times a batch of 1,000 invoices of 20 rows, which comes to 10 MB and unpacks to 130; how its cells were computed
# is 365,000 lines of 30 million characters, and is left out where a batch has more (R103).
OF_A_FILE = OF_A_LIST._replace(
    size=50 * MEGABYTE,
    unpacked=600 * MEGABYTE,
    memory=1024 * MEGABYTE,
    seconds=60,
    rows=400_000,
    all_text=40_000_000,
)
logger = structlog.get_logger(__name__)
TOO_LARGE = "it is larger than what is compared here."
LOCK = "comparing.lock"
BUSY = "Another file is being compared. Try again in a minute."


class Answer(Enum):
    ORIGINAL = "Original"
    ALTERED = "Altered"
    SUPERSEDED = "Superseded"
    UNKNOWN = "Unknown"
    NOT_COMPARED = "Not compared"


class OursUnread(Exception):
    """Our own file, which nobody altered, is more than the reader takes, or what it takes no more; says why."""

    def __init__(self, refusal: Refused):
        super().__init__(_why(refusal))


@dataclass(frozen=True)
class Verified:
    """`batch` None: no file of ours. `is_same_bytes`: not only its rows. `sha256` is of the file that was shown.

    `unread`: why its cells can't be read, such as a formula in one, which no file of ours holds; "" where they can.
    `unread_computed`: the same of how they were computed alone; all else was compared.
    `is_too_large`: to be read at all, which says nothing of its cells. `ours_unread`: why our own file can't be read.
    `left_out`: why how they were computed was not compared. A CSV has none of it.
    `added`: the sheets that it has and ours has not.
    """

    name: str
    sha256: str
    batch: ExportBatch | None = None
    is_same_bytes: bool = False
    altered: tuple[AlteredCell, ...] = ()
    unread: str = ""
    unread_computed: str = ""
    is_too_large: bool = False
    ours_unread: str = ""
    added: tuple[str, ...] = ()
    left_out: str = ""
    is_csv: bool = False

    @property
    def answer(self) -> Answer:
        if self.is_too_large or self.ours_unread:
            return Answer.NOT_COMPARED
        if self.batch is None:
            return Answer.UNKNOWN
        if self.altered or self.added or self.unread or self.unread_computed:
            return Answer.ALTERED
        return Answer.SUPERSEDED if self.left or self.is_void else Answer.ORIGINAL

    @property
    def is_void(self) -> bool:
        return self.batch is not None and self.batch.state == BatchState.VOID

    @cached_property
    def left(self) -> list[ExportItem]:
        """What left the file after it was built; each with the place that took it over, where there is one."""
        ended = self.batch.items.filter(is_live=False) if self.batch else ExportItem.objects.none()
        found = ended.select_related("invoice_export__invoice", "replaced_by__batch").order_by("position")
        return [item for item in found if item.invoice_export.invoice_id in self._in_file]

    @cached_property
    def _in_file(self) -> dict[int, AsAccepted]:
        """What was rejected out of a failed batch is in no file of it."""
        return self.batch.as_accepted

    @property
    def left_numbers(self) -> list[tuple[str, ExportItem]]:
        """The same, each under the number that the file has it under: it may have another since."""
        return [(self._in_file[item.invoice_export.invoice_id].number, item) for item in self.left]

    @property
    def superseded_by(self) -> list[ExportBatch]:
        """The files that took over what left it, oldest first."""
        found = {item.replaced_by.batch.number: item.replaced_by.batch for item in self.left if item.replaced_by}
        return [found[number] for number in sorted(found)]

    @property
    def shown(self) -> tuple[AlteredCell, ...]:
        return self.altered[:MOST_SHOWN]


class Reading:
    """Reads one sheet after another, all within the time of one file (R103)."""

    def __init__(self):
        self.until = monotonic() + OF_A_FILE.seconds

    def sheet(self, name: str, content: bytes, sheet: str = "", limits=OF_A_FILE) -> Sheet:
        """As `read_sheet`. Raises TooLarge when the time is over, too."""
        left = int(self.until - monotonic())
        if left < 1:
            raise TooLarge(TOO_LARGE, "")
        return read_sheet(name, content, sheet, limits._replace(seconds=left))


@contextmanager
def _alone() -> Iterator[None]:
    """Raises NotNow, field "file", while another file is compared, by any process that shares the folder.

    Told by a file beside the exports, not among them: they are backed up. The lock ends with its process.
    """
    with _opened() as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow(BUSY, field="file") from None
        except OSError as error:
            raise _no_lock(error) from error
        yield


@contextmanager
def _opened() -> Iterator[int]:
    try:
        handle = os.open(Path(settings.EXPORTS_ROOT).parent / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _no_lock(error) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _no_lock(error: OSError) -> NotNow:
    """Another user's file, or a network disk without locks: whoever runs the site mends it."""
    logger.error("comparing_not_locked", problem=str(error))
    return NotNow("Files can’t be compared now: this site’s folder can’t be locked. Tell its owner.", field="file")


def verify(company: Company, name: str, content: bytes) -> Verified:
    """Whatever is shown gets an answer; by its bytes at once, and by its rows while no other file is compared.

    Raises Refused, field "file", where our own file can't be read any more, and NotNow while another is compared.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    built = ExportBatch.objects.of(company).exclude(file_key="").select_related("company", "layout")
    built = built.defer("snapshot", "findings")
    for batch in built.filter(file_sha256=sha256)[:1] or built.filter(csv_sha256=sha256)[:1]:
        return Verified(name, sha256, batch, is_same_bytes=True)
    with _alone():
        return _by_rows(built, Verified(name, sha256, is_csv=not content.startswith(b"PK")), content)


def _by_rows(built, shown: Verified, content: bytes) -> Verified:
    """Sheets beside the first are read where it tells of which batch they are."""
    name, reading = shown.name, Reading()
    try:
        first = reading.sheet(name, content)
        batch = _named(built, first.rows, name) or _holding(built, first.rows)
        others = () if shown.is_csv or batch is None else verifying.SHEETS
        sheets = {title: reading.sheet(name, content, title).rows for title in others}
    except TooLarge:
        return replace(shown, batch=_named(built, [], name), is_too_large=True)
    except Refused as refusal:
        return replace(shown, batch=_named(built, [], name), unread=refusal.message)
    found = replace(shown, batch=batch)
    try:
        return _compared(found, first, sheets, content, reading) if batch else found
    except OursUnread as why:
        return replace(found, ours_unread=str(why))


def _compared(
    found: Verified, first: Sheet, sheets: dict[str, list[FileRow]], content: bytes, reading: Reading
) -> Verified:
    """`first`: their rows to import; `sheets`: those that stand beside. Raises OursUnread."""
    ours = _ours(found, reading)
    altered = list(verifying.altered(ours.rows, first.rows, found.batch.layout.as_layout()))
    for title, theirs in sheets.items():
        altered += verifying.SHEETS[title](_ours(found, reading, title).rows, theirs)
    added = tuple(title for title in first.names if title not in ours.names)
    found = replace(found, altered=tuple(altered), added=added)
    return found if found.is_csv else _with_computed(found, content, reading)


def _with_computed(found: Verified, content: bytes, reading: Reading) -> Verified:
    """The same with what differs in how its cells were computed (E-6).

    A line for each cell of the rows, so ours may be more than the reader takes (R103).
    """
    limits = OF_A_FILE._replace(longest=COMPUTED_LONGEST)
    try:
        ours = _ours(found, reading, COMPUTED, limits)
    except OursUnread as why:
        return replace(found, left_out=f"that sheet of our own file could not be read: {why}")
    try:
        theirs = reading.sheet(found.name, content, COMPUTED, limits)
    except TooLarge as refusal:
        return replace(found, left_out=f"that sheet of the file could not be read: {_why(refusal)}")
    except Refused as refusal:
        return replace(found, unread_computed=refusal.message)
    return replace(found, altered=(*found.altered, *verifying.altered_computed(ours.rows, theirs.rows)))


def _why(refusal: Refused) -> str:
    """The reader's own words, but of a size: its remedy is for lists, which can be split."""
    return TOO_LARGE if isinstance(refusal, TooLarge) else refusal.message


def _named(built, rows: list[FileRow], name: str) -> ExportBatch | None:
    """The batch whose key stands in the cells, else in the file's name."""
    numbers = (batch_number(key) for key in islice(verifying.keys_in(rows, name), 20))
    return next((batch for number in numbers for batch in built.filter(number=number)), None)


def _holding(built, rows: list[FileRow]) -> ExportBatch | None:
    """The newest batch with an invoice that the file holds, where somebody took its key out."""
    layouts = ImportLayout.objects.filter(pk__in=built.values("layout"))
    wanted = set().union(*(verifying.numbers_in(rows, layout.as_layout()) for layout in layouts))
    items = ExportItem.objects.filter(batch__in=built, number_key__in=list({number for _, number in wanted})[:500])
    found = [item for item in items.order_by("-pk") if (item.vendor_number, item.number_key) in wanted]
    return built.get(pk=found[0].batch_id) if found else None


def _ours(found: Verified, reading: Reading, sheet: str = "", limits=OF_A_FILE) -> Sheet:
    """Our own file through the same reader, so that both sides are told alike. Raises OursUnread."""
    batch = found.batch
    key, sha256 = (batch.csv_key, batch.csv_sha256) if found.is_csv else (batch.file_key, batch.file_sha256)
    try:
        content = storing.read(storing.StoredFile(key, sha256))
    except storing.FileDamaged as damage:
        raise Refused(f"{damage} Call the site owner: the file of a batch never changes.", field="file") from damage
    try:
        return reading.sheet(batch.csv_name if found.is_csv else batch.file_name, content, sheet, limits)
    except Refused as refusal:
        raise OursUnread(refusal) from refusal
