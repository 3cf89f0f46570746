"""The file's rows and cells as frozen data: exactly the text of the import file, and how each cell came to be."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from erp_integrations.sage100.layout import NUMBER, Layout
from erp_integrations.sage100.totals import ControlTotals

WRITTEN_NUMBER = re.compile(r"(?!-[0.]+$)-?(0|[1-9][0-9]*)(\.[0-9]+)?")  # as it is shown, so never -0.00
EXACT_DIGITS = 15
_AS_JSON = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True)
class Value:
    """What a source answers for one cell: the text, the formula in words with numbers, and where it comes from.

    `never_cut`: a person's own words, which S13 asks to shorten instead.
    """

    text: str
    how: str = ""
    sources: tuple[str, ...] = ()
    never_cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell. `text` stands in the import file as it is here."""

    title: str
    source: str
    text: str
    kind: str
    format: str = ""
    how: str = ""
    sources: tuple[str, ...] = ()

    @property
    def is_constant(self) -> bool:
        return not self.source

    @property
    def value(self) -> str | int | Decimal:
        """What Excel holds: a number only where the number shows exactly this text again; else the text (R108)."""
        if self.kind != NUMBER or not WRITTEN_NUMBER.fullmatch(self.text):
            return self.text
        if sum(character.isdigit() for character in self.text) > EXACT_DIGITS:
            return self.text
        decimals, shown = (len(text.partition(".")[2]) for text in (self.text, self.format))
        if decimals != shown:
            return self.text
        return Decimal(self.text) if decimals else int(self.text)


@dataclass(frozen=True, kw_only=True)
class Row:
    """`number` is the row of the file, 1 for the first; `line_key` names the line of a D row."""

    number: int
    line_type: str
    invoice_id: str
    line_key: str = ""
    cells: tuple[Cell, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(cell.text for cell in self.cells)

    def cell(self, source: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.source == source), None)

    def text(self, source: str) -> str:
        """The text of a source's cell; empty when the layout has no such column."""
        found = self.cell(source)
        return found.text if found else ""


@dataclass(frozen=True, kw_only=True)
class ReleaseRow:
    """One row of the release sheet: what staff do by hand in Sage, oldest invoice first (S51).

    `released_by` is the number of the invoice that releases; the last three say how the amounts came to be (E-6).
    """

    invoice_id: str
    vendor_number: str
    vendor_name: str
    commitment_number: str
    invoice_number: str
    invoice_date: date
    held: Decimal
    released: Decimal
    new_retention: Decimal
    released_by: str
    how_held: str
    how_released: str
    how_left: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """Text that stands otherwise in the file than in the invoice: cut (S36) or with characters replaced (S57)."""

    invoice_id: str
    row: int
    field: str
    original: str
    written: str
    replaced: tuple[str, ...] = ()

    @property
    def is_cut(self) -> bool:
        return not self.replaced


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Everything the file holds, before it becomes bytes."""

    layout: Layout
    name: str
    rows: tuple[Row, ...]
    releases: tuple[ReleaseRow, ...]
    totals: ControlTotals
    changes: tuple[Change, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """Of the rows' texts alone, so that it survives any change in how a workbook is packed (M19)."""
        digest, comma = hashlib.sha256(b"["), b""
        for row in self.rows:
            digest.update(comma + _AS_JSON(row.texts).encode("ascii"))
            comma = b","
        digest.update(b"]")
        return digest.hexdigest()

    def of(self, invoice_id: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.invoice_id == invoice_id)
