"""Is this the file that we built? By its bytes, else by its rows, read in a process of their own (E-8, R103)."""

import hashlib
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from itertools import islice

from directory.models import Company
from directory.refusals import Refused
from directory.sheets import read_rows
from erp_integrations.exporting import storing
from erp_integrations.models import BatchState, ExportBatch, ExportItem, ImportLayout
from erp_integrations.sage100 import verifying
from erp_integrations.sage100.batch_keys import batch_number
from erp_integrations.sage100.verifying import COMPUTED, COMPUTED_LONGEST, AlteredCell, FileRow

MOST_SHOWN = 200


class Answer(Enum):
    ORIGINAL = "Original"
    ALTERED = "Altered"
    SUPERSEDED = "Superseded"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Verified:
    """`batch` None: no file of ours. `is_same_bytes`: not only its rows. `sha256` is of the file that was shown.

    `unread`: why its cells can't be read, such as a formula in one, which no file of ours holds; "" where they can.
    `unread_computed`: the same of how they were computed alone; all else was compared.
    `left_out`: why that sheet of our own file could not be read, so that it was not compared. A CSV has none.
    """

    name: str
    sha256: str
    batch: ExportBatch | None = None
    is_same_bytes: bool = False
    altered: tuple[AlteredCell, ...] = ()
    unread: str = ""
    unread_computed: str = ""
    left_out: str = ""
    is_csv: bool = False

    @property
    def answer(self) -> Answer:
        if self.batch is None:
            return Answer.UNKNOWN
        if self.altered or self.unread or self.unread_computed:
            return Answer.ALTERED
        return Answer.SUPERSEDED if self.left or self.is_void else Answer.ORIGINAL

    @property
    def is_void(self) -> bool:
        return self.batch is not None and self.batch.state == BatchState.VOID

    @cached_property
    def left(self) -> list[ExportItem]:
        """What left the batch after it was built; each with the place that took it over, where there is one."""
        ended = self.batch.items.filter(is_live=False) if self.batch else ExportItem.objects.none()
        return list(ended.select_related("invoice_export__invoice", "replaced_by__batch").order_by("position"))

    @property
    def superseded_by(self) -> list[ExportBatch]:
        """The files that took over what left it, oldest first."""
        found = {item.replaced_by.batch.number: item.replaced_by.batch for item in self.left if item.replaced_by}
        return [found[number] for number in sorted(found)]

    @property
    def shown(self) -> tuple[AlteredCell, ...]:
        return self.altered[:MOST_SHOWN]


def verify(company: Company, name: str, content: bytes) -> Verified:
    """Whatever is shown gets an answer. Raises Refused, field "file", where our own file can't be read any more."""
    sha256 = hashlib.sha256(content).hexdigest()
    built = ExportBatch.objects.of(company).exclude(file_key="").select_related("company", "layout")
    built = built.defer("snapshot", "findings")
    for batch in built.filter(file_sha256=sha256)[:1] or built.filter(csv_sha256=sha256)[:1]:
        return Verified(name, sha256, batch, is_same_bytes=True)
    is_csv = not content.startswith(b"PK")
    try:
        rows = read_rows(name, content)
        sheets = {} if is_csv else {sheet: read_rows(name, content, sheet) for sheet in verifying.SHEETS}
    except Refused as refusal:
        return Verified(name, sha256, _named(built, [], name), unread=refusal.message)
    batch = _named(built, rows, name) or _holding(built, rows)
    if batch is None:
        return Verified(name, sha256)
    altered = list(verifying.altered(_rows_of(batch, is_csv=is_csv), rows, batch.layout.as_layout()))
    for sheet, theirs in sheets.items():
        altered += verifying.SHEETS[sheet](_rows_of(batch, is_csv=False, sheet=sheet), theirs)
    found = Verified(name, sha256, batch, altered=tuple(altered), is_csv=is_csv)
    return found if is_csv else _with_computed(found, content)


def _with_computed(found: Verified, content: bytes) -> Verified:
    """The same with what differs in how its cells were computed (E-6).

    A line for each cell of the rows, so ours may be more than the reader takes (R103).
    """
    try:
        ours = _rows_of(found.batch, is_csv=False, sheet=COMPUTED, longest=COMPUTED_LONGEST)
    except Refused as refusal:
        return replace(found, left_out=refusal.message)
    try:
        theirs = read_rows(found.name, content, COMPUTED, longest=COMPUTED_LONGEST)
    except Refused as refusal:
        return replace(found, unread_computed=refusal.message)
    return replace(found, altered=(*found.altered, *verifying.altered_computed(ours, theirs)))


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


def _rows_of(batch: ExportBatch, *, is_csv: bool, sheet: str = "", **limits: int) -> list[FileRow]:
    """Our own file through the same reader, so that both sides are told alike."""
    key, sha256 = (batch.csv_key, batch.csv_sha256) if is_csv else (batch.file_key, batch.file_sha256)
    try:
        content = storing.read(storing.StoredFile(key, sha256))
    except storing.FileDamaged as damage:
        raise Refused(f"{damage} Call the site owner: the file of a batch never changes.", field="file") from damage
    return read_rows(batch.csv_name if is_csv else batch.file_name, content, sheet, **limits)
