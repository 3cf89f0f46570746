"""The workbook and its CSV twin: the same rows as bytes, and the same bytes every time (S9, M19)."""

import csv
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from openpyxl import DEFUSEDXML, Workbook, load_workbook
from openpyxl.styles import Font

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.cells import Row, Rows
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.layout import Layout
from erp_integrations.sage100.text import readable_text, safe_text, starts_like_a_formula
from erp_integrations.sage100.totals import (
    ControlTotals,
    require_equal,
    totals_of_facts,
    totals_of_rows,
)

TEXT_FORMAT, MONEY_FORMAT = "@", "0.00"
IMPORT, CONTROL, RELEASE, COMPUTED = "Import", "Control", "Retainage release", "How computed"
PROGRAM = "Plumbline"
FIXED_MOMENT = datetime(2000, 1, 1)
FIXED_ZIP_MOMENT = (2000, 1, 1, 0, 0, 0)
MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
RELEASE_TITLES = (
    "Vendor no", "Vendor", "Subcontract or PO", "Sage invoice no", "Invoice date", "Held", "Release", "New retention",
)  # fmt: skip
COMPUTED_TITLES = ("Cell", "Column", "Value", "How computed", "Sources")
HOW_TO_VERIFY = (
    "Not verified: compare this layout with the template the maker of the import tool offers for download,"
    " correct its columns, then mark it verified."
)


@dataclass(frozen=True, kw_only=True)
class Files:
    """One batch as bytes. `name` has no ending: add `.xlsx` and `.csv`. `rows_sha256` is of the rows' texts."""

    name: str
    xlsx: bytes
    csv: bytes
    rows_sha256: str


def render(rows: Rows, batch: BatchFacts) -> Files:
    """Both files, after checking them (E-7): the rows' totals equal the invoices', and so does the written workbook.

    Raises ControlTotalMismatch when a total differs by a cent, UnsafeText when a text can't be held unchanged.
    """
    expected = totals_of_facts(batch)
    require_equal(expected, rows.totals)
    xlsx = _packed(_workbook(rows, batch))
    require_equal(expected, read_back(xlsx, rows.layout))
    return Files(name=rows.name, xlsx=xlsx, csv=csv_bytes(rows), rows_sha256=rows.sha256)


def csv_bytes(rows: Rows) -> bytes:
    """UTF-8, CRLF. Text that a spreadsheet would calculate gets a `'` before it (S58 refuses it for keys)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    if rows.layout.column_names:
        writer.writerow([column.title for column in rows.layout.header])
    writer.writerows([[_csv_text(cell) for cell in row.cells] for row in rows.rows])
    return out.getvalue().encode("utf-8")


def read_back(xlsx: bytes, layout: Layout) -> ControlTotals:
    """The control totals of a written workbook, re-read by column from the file and nothing else (E-7, R14)."""
    book = _opened(xlsx)
    read = [row for row in book[IMPORT].iter_rows(values_only=True) if len(row) > 1 and row[1] in ("H", "D")]
    rows = [_read_row(values, layout) for values in read]
    releases = ()
    if RELEASE in book.sheetnames:
        sheet = book[RELEASE].iter_rows(min_row=2, values_only=True)
        releases = [_Released(Decimal(str(values[6]))) for values in sheet]
    return totals_of_rows(rows, releases)


def import_texts(xlsx: bytes) -> tuple[tuple[str, ...], ...]:
    """The Import sheet as texts, each number written as its cell's format shows it: to verify a file (E-8)."""
    return tuple(tuple(_shown(cell) for cell in row) for row in _opened(xlsx)[IMPORT].iter_rows())


@dataclass(frozen=True)
class _ReadRow:
    line_type: str
    texts: dict[str, str]

    def text(self, source: str) -> str:
        return self.texts.get(source, "")


@dataclass(frozen=True)
class _Released:
    released: Decimal


def _opened(xlsx):
    if not DEFUSEDXML:
        raise RuntimeError("defusedxml is missing: without it a workbook could expand entities. Install it.")
    return load_workbook(io.BytesIO(xlsx), read_only=True, data_only=False)


def _read_row(values, layout):
    columns = layout.header if values[1] == "H" else layout.detail
    pairs = zip(columns, values, strict=False)
    texts = {column.source: "" if value is None else str(value) for column, value in pairs if column.source}
    return _ReadRow(values[1], texts)


def _shown(cell):
    if cell.value is None:
        return ""
    if isinstance(cell.value, str):
        return cell.value
    decimals = len(cell.number_format.partition(".")[2])
    return f"{Decimal(str(cell.value)):.{decimals}f}"


def _csv_text(cell):
    text = safe_text(cell.text)
    return f"'{text}" if isinstance(cell.value, str) and starts_like_a_formula(text) else text


def _workbook(rows, batch):
    book = Workbook()
    _import_sheet(book.active, rows)
    _control_sheet(book.create_sheet(CONTROL), rows, batch)
    if rows.releases:
        _release_sheet(book.create_sheet(RELEASE), rows.releases)
    _computed_sheet(book.create_sheet(COMPUTED), rows.rows)
    book.properties.creator = book.properties.lastModifiedBy = PROGRAM
    book.properties.title = rows.name
    book.properties.created = FIXED_MOMENT
    return book


def _import_sheet(sheet, rows):
    sheet.title = IMPORT
    if rows.layout.column_names:
        for place, column in enumerate(rows.layout.header, 1):
            _put(sheet, 1, place, readable_text(column.title))
    for row in rows.rows:
        for place, cell in enumerate(row.cells, 1):
            value = cell.value
            if isinstance(value, str):
                _put(sheet, row.number, place, safe_text(value))
            else:
                _put(sheet, row.number, place, value, cell.format)


def _put(sheet, row, place, value, number_format=TEXT_FORMAT):
    """Text stays text whatever it looks like: openpyxl would read `=1+1` as a formula and `#N/A` as an error (M18)."""
    cell = sheet.cell(row=row, column=place, value=None if value == "" else value)
    cell.number_format = number_format
    if isinstance(value, str) and value:
        cell.data_type = "s"


def _line(sheet, row, values):
    for place, value in enumerate(values, 1):
        if isinstance(value, Decimal):
            _put(sheet, row, place, Decimal(money_text(value)), MONEY_FORMAT)
        elif isinstance(value, int):
            _put(sheet, row, place, value, "0")
        else:
            _put(sheet, row, place, readable_text(value))


def _table(sheet, titles, lines):
    _line(sheet, 1, titles)
    for place in range(1, len(titles) + 1):
        sheet.cell(row=1, column=place).font = Font(bold=True)
    for row, values in enumerate(lines, 2):
        _line(sheet, row, values)
    sheet.freeze_panes = "A2"


def _control_sheet(sheet, rows, batch):
    layout, totals = rows.layout, rows.totals
    lines = [
        ("Batch key", batch.batch_key),
        ("Company", batch.company_name),
        ("Layout", layout.label),
        ("Layout verified", "yes" if layout.verified else HOW_TO_VERIFY),
        ("Accepted by", batch.accepted_by),
        ("Accepted on", batch.accepted_date.isoformat()),
        ("Accounting date", batch.accounting_date.isoformat()),
        ("Invoices", totals.invoices),
        ("Rows", totals.rows),
        ("Gross", totals.gross),
        ("Retainage held", totals.retainage),
        ("Net", totals.net),
        ("Retainage release rows", totals.release_rows),
        ("Retainage released, in no row of the import", totals.released),
        ("SHA-256 of the rows", rows.sha256),
        ("",),
        ("Job", "Invoices", "Rows", "Gross", "Retainage held", "Net"),
    ]
    lines += [(job.job_number, job.invoices, job.rows, job.gross, job.retainage, job.net) for job in totals.per_job]
    for row, values in enumerate(lines, 1):
        _line(sheet, row, values)
    sheet.column_dimensions["A"].width = 40
    sheet.column_dimensions["B"].width = 24


def _release_sheet(sheet, releases):
    lines = [
        (r.vendor_number, r.vendor_name, r.commitment_number, r.invoice_number, r.invoice_date.isoformat(), r.held,
         r.released, r.new_retention)
        for r in releases
    ]  # fmt: skip
    _table(sheet, RELEASE_TITLES, lines)


def _computed_sheet(sheet, rows: tuple[Row, ...]):
    _table(sheet, COMPUTED_TITLES, [line for row in rows for line in computed_lines(row)])


def computed_lines(row: Row):
    """One line per non-constant cell of a row: cell, column, value, formula with numbers, sources (E-6)."""
    for place, cell in enumerate(row.cells):
        if not cell.is_constant:
            yield f"{column_letter(place)}{row.number}", cell.title, cell.text, cell.how, "; ".join(cell.sources)


def column_letter(place: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    first, last = divmod(place, 26)
    return (column_letter(first - 1) if first else "") + chr(ord("A") + last)


def _packed(book) -> bytes:
    """Saved, then packed again in a fixed order with fixed moments: the same rows give the same bytes."""
    saved, out = io.BytesIO(), io.BytesIO()
    book.save(saved)
    moment = FIXED_MOMENT.strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii")
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as new:
        for name in sorted(old.namelist()):
            member = zipfile.ZipInfo(name, FIXED_ZIP_MOMENT)
            member.compress_type, member.create_system = zipfile.ZIP_DEFLATED, 0
            content = old.read(name)
            new.writestr(member, MODIFIED.sub(rb"\g<1>" + moment + rb"\g<2>", content) if "core" in name else content)
    return out.getvalue()
