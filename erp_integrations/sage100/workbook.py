"""The workbook and its CSV twin: the same rows as bytes, and the same bytes every time (S9, M19).

Written row by row into an open file and never held whole, so a long batch takes time but no memory (F2).
"""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO

from lxml import etree
from openpyxl import Workbook
from openpyxl.writer.excel import ExcelWriter

from erp_integrations.sage100 import sheets
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.layout import LINE_TYPES, Layout
from erp_integrations.sage100.sheets import IMPORT, RELEASE
from erp_integrations.sage100.text import readable_text, safe_text, starts_like_a_formula
from erp_integrations.sage100.totals import ControlTotals, require_equal, totals_of_facts, totals_of_rows

PROGRAM = "Plumbline"
FIXED_MOMENT = datetime(2000, 1, 1)
FIXED_ZIP_MOMENT = (2000, 1, 1, 0, 0, 0)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PLACE = re.compile(r"([A-Z]+)[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Files:
    """One batch as bytes. `name` has no ending: add `.xlsx` and `.csv`. `rows_sha256` is of the rows' texts."""

    name: str
    xlsx: bytes
    csv: bytes
    rows_sha256: str


def render(rows: Rows, batch: BatchFacts) -> Files:
    """Both files as bytes; raises what `write_xlsx` raises."""
    xlsx, text = io.BytesIO(), io.BytesIO()
    write_xlsx(rows, batch, xlsx)
    write_csv(rows, text)
    return Files(name=rows.name, xlsx=xlsx.getvalue(), csv=text.getvalue(), rows_sha256=rows.sha256)


def write_xlsx(rows: Rows, batch: BatchFacts, to: BinaryIO, written: Callable[[], None] = lambda: None) -> None:
    """The workbook, into a file open for writing and reading, checked (E-7): the rows' totals equal the invoices', and
    so does what is read again from the file.

    `written` is called after each row. Raises ControlTotalMismatch when a total differs by a cent, UnsafeText when a
    text can't be held unchanged.
    """
    expected = totals_of_facts(batch)
    require_equal(expected, rows.totals)
    book = _book(rows.name)
    try:
        _pack(sheets.fill(book, rows, batch, written), to)
    except BaseException:
        clear(book)
        raise
    to.seek(0)
    require_equal(expected, read_back(to, rows.layout))


def write_csv(rows: Rows, to: BinaryIO) -> None:
    """UTF-8, CRLF. Text that a spreadsheet would calculate gets a `'` before it (S58 refuses it for keys)."""
    text = io.TextIOWrapper(to, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    if rows.layout.column_names:
        writer.writerow([_guarded(readable_text(column.title)) for column in rows.layout.header])
    for row in rows.rows:
        writer.writerow([_csv_text(cell) for cell in row.cells])
    text.detach()


def _csv_text(cell):
    text = safe_text(cell.text)
    return _guarded(text) if isinstance(cell.value, str) else text


def _guarded(text):
    """Texts were cut with room for it (`room_for`), so nothing is lost here."""
    return f"'{text}" if starts_like_a_formula(text) else text


# Writing


def _book(name: str) -> Workbook:
    book = Workbook(write_only=True)
    book.properties.creator = book.properties.lastModifiedBy = PROGRAM
    book.properties.title = name
    book.properties.created = book.properties.modified = FIXED_MOMENT
    return book


class _Archive(zipfile.ZipFile):
    """A ZIP whose members carry one fixed moment: the same rows give the same bytes."""

    def writestr(self, zinfo_or_arcname, data, compress_type=None, compresslevel=None):
        super().writestr(_member(zinfo_or_arcname), data)

    def write(self, filename, arcname=None, compress_type=None, compresslevel=None):
        with open(filename, "rb") as source, self.open(_member(arcname), "w", force_zip64=True) as member:
            while chunk := source.read(1 << 20):
                member.write(chunk)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, FIXED_ZIP_MOMENT)
    member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 0
    return member


def _pack(book: Workbook, to: BinaryIO) -> None:
    with _Archive(to, "w", zipfile.ZIP_DEFLATED) as archive:
        ExcelWriter(book, archive).write_data()


def clear(book: Workbook) -> None:
    """Away with what an unfinished workbook left in the system's temporary folder: rows of invoices (R112)."""
    for sheet in book.worksheets:
        with suppress(Exception):  # it may have stopped within a row, where its stream can't be ended
            sheet.close()
        with suppress(FileNotFoundError):
            sheet._writer.cleanup()


# Reading again


def read_back(xlsx: bytes | BinaryIO, layout: Layout) -> ControlTotals:
    """The control totals of a written workbook, re-read by column from the file and nothing else (E-7, R14)."""
    file = io.BytesIO(xlsx) if isinstance(xlsx, bytes) else xlsx
    with zipfile.ZipFile(file) as archive:
        parts = _sheet_parts(archive)
        at = layout.line_type_place
        read = _read(archive, parts[IMPORT])
        rows = (_read_row(values[at], values, layout) for values in read if values.get(at) in LINE_TYPES)
        released = (
            [Decimal(values[6]) for values in list(_read(archive, parts[RELEASE]))[1:]] if RELEASE in parts else []
        )
        return totals_of_rows(rows, [_Released(each) for each in released])


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """{title of a sheet: its member of the archive}; a workbook of ours numbers them in order."""
    book = etree.fromstring(archive.read("xl/workbook.xml"), _parser())
    titles = [sheet.get("name") for sheet in book.iter(f"{MAIN}sheet")]
    return {title: f"xl/worksheets/sheet{place}.xml" for place, title in enumerate(titles, 1)}


def _read(archive: zipfile.ZipFile, part: str):
    """Of each row {place of a column, 0 for A: text}, one row in memory at a time."""
    with archive.open(part) as file:
        for _, row in etree.iterparse(file, tag=f"{MAIN}row", resolve_entities=False, no_network=True):
            yield {_place(cell.get("r")): "".join(cell.itertext()) for cell in row}
            row.clear()
            while row.getprevious() is not None:
                del row.getparent()[0]


def _parser():
    return etree.XMLParser(resolve_entities=False, no_network=True)


def _place(coordinate: str) -> int:
    place = 0
    for letter in PLACE.match(coordinate)[1]:
        place = place * 26 + ord(letter) - 64
    return place - 1


@dataclass(frozen=True)
class _ReadRow:
    line_type: str
    texts: dict[str, str]

    def text(self, source: str) -> str:
        return self.texts.get(source, "")


@dataclass(frozen=True)
class _Released:
    released: Decimal


def _read_row(line_type: str, values: dict[int, str], layout: Layout) -> _ReadRow:
    columns = layout.header if line_type == "H" else layout.detail
    return _ReadRow(line_type, {c.source: values.get(place, "") for place, c in enumerate(columns) if c.source})
