"""What stands on each sheet of an import workbook, cell by cell, in the order they are written."""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Self

from openpyxl import Workbook
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.cell.cell import Cell as AnyCell
from openpyxl.styles import Font, PatternFill

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.cells import ReleaseRow, Row, Rows
from erp_integrations.sage100.facts import BatchFacts
from erp_integrations.sage100.layout import PLAIN
from erp_integrations.sage100.text import readable_text, safe_text

TEXT_FORMAT, MONEY_FORMAT, COUNT_FORMAT = "@", "0.00", "0"
BOLD = Font(bold=True)
IMPORT, CONTROL, RELEASE, COMPUTED = "Import", "Control", "Retainage release", "How computed"
MOST_ROWS = 1_048_576  # of a sheet of Excel; what is left of "How computed" stands on a further sheet
RELEASE_TITLES = (
    "Vendor no", "Vendor", "Subcontract or PO", "Sage invoice no", "Invoice date", "Held", "Release", "New retention",
)  # fmt: skip
FIRST_RELEASE_ROW = 2  # below the titles
COMPUTED_TITLES = ("Cell", "Column", "Value", "How computed", "Sources")
HOW_TO_VERIFY = (
    "Not verified: compare this layout with the template the maker of the import tool offers for download,"
    " correct its columns, then mark it verified."
)


# How wide columns are, in characters, so that no amount shows as ###.
IMPORT_WIDTH = 15
CONTROL_WIDTHS = (40, 24, 8, 16, 16, 16)
RELEASE_WIDTHS = (12, 28, 20, 20, 14, 16, 16, 16)
COMPUTED_WIDTHS = (24, 22, 40, 64, 52)


def fill(book: Workbook, rows: Rows, batch: BatchFacts, written: Callable[[], None]) -> Workbook:
    """All sheets of a write-only workbook; `written` is called after each row of the long ones."""
    columns = max(len(rows.layout.header), len(rows.layout.detail))
    _import_sheet(Sheet(book, IMPORT, widths=(IMPORT_WIDTH,) * columns), rows, written)
    _control_sheet(book, rows, batch)
    if rows.releases:
        _release_sheet(Sheet(book, RELEASE, freeze="A2", widths=RELEASE_WIDTHS), rows)
    _computed_sheets(book, rows, written)
    return book


class Cell(AnyCell):
    """A cell of one format, used again for every row. Text stays text whatever it looks like (M18).

    A number is written as its own digits: by way of a float, -0.07 would stand there as -0.07000000000000001.
    """

    __slots__ = ("format_id",)
    has_style = True

    def __init__(self, sheet, number_format: str, font: Font | None = None, fill: PatternFill | None = None):
        super().__init__(sheet, row=1, column=1)
        self.number_format = number_format
        if font:
            self.font = font
        if fill:
            self.fill = fill
        self.format_id = super().style_id

    def __repr__(self):
        return self.data_type

    @property
    def style_id(self):
        return self.format_id

    def saying(self, value) -> Self:
        self.value = str(value)
        self.data_type = "s" if isinstance(value, str) else "n"
        return self


class Sheet:
    """One sheet, written row by row."""

    def __init__(self, book: Workbook, title: str, *, freeze: str = "", widths: tuple[int, ...] = ()):
        self.sheet = book.create_sheet(title)
        self.sheet.freeze_panes = freeze or None
        for place, width in enumerate(widths):
            self.sheet.column_dimensions[column_letter(place)].width = width
        self.cells: dict[tuple, Cell] = {}

    def write(self, cells: Iterable) -> None:
        """The next row: text that can't be taken for anything else, cells of `cell`, or None for nothing."""
        self.sheet.append(list(cells))

    def cell(self, place: int, value, number_format: str, font: Font | None = None) -> Cell | None:
        """What stands at `place` of the next row, 0 for A; None for nothing."""
        if value == "":
            return None
        key = place, number_format, font is not None
        cell = self.cells.get(key) or self.cells.setdefault(key, Cell(self.sheet, number_format, font))
        return cell.saying(value)


def _import_sheet(sheet: Sheet, rows: Rows, written: Callable[[], None]) -> None:
    if rows.layout.column_names:
        titles = enumerate(column.title for column in rows.layout.header)
        sheet.write(sheet.cell(place, readable_text(title), TEXT_FORMAT) for place, title in titles)
    for row in rows.rows:
        sheet.write([_import_cell(sheet, place, cell) for place, cell in enumerate(row.cells)])
        written()


def _import_cell(sheet: Sheet, place: int, cell) -> Cell | None:
    value = cell.value
    if isinstance(value, str):
        return sheet.cell(place, safe_text(value), TEXT_FORMAT)
    return sheet.cell(place, value, cell.format or PLAIN)


def _said(sheet: Sheet, place: int, value):
    """A cell of the sheets that people read; one of ours holds text that openpyxl would take for more than text."""
    if isinstance(value, str):
        text = readable_text(value)
        return sheet.cell(place, text, TEXT_FORMAT) if text.startswith("=") or text in ERROR_CODES else text or None
    if isinstance(value, Decimal):
        return sheet.cell(place, Decimal(money_text(value)), MONEY_FORMAT)
    return sheet.cell(place, value, COUNT_FORMAT)


def _lines(sheet: Sheet, lines: Iterable[tuple], written: Callable[[], None] = lambda: None) -> None:
    for line in lines:
        sheet.write([_said(sheet, place, value) for place, value in enumerate(line)])
        written()


def _titles(sheet: Sheet, titles: tuple[str, ...]) -> None:
    sheet.write([sheet.cell(place, title, TEXT_FORMAT, BOLD) for place, title in enumerate(titles)])


def _control_sheet(book: Workbook, rows: Rows, batch: BatchFacts) -> None:
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
    _lines(Sheet(book, CONTROL, widths=CONTROL_WIDTHS), lines)


def _release_sheet(sheet: Sheet, rows: Rows) -> None:
    _titles(sheet, RELEASE_TITLES)
    lines = [
        (r.vendor_number, r.vendor_name, r.commitment_number, r.invoice_number, r.invoice_date.isoformat(), r.held,
         r.released, r.new_retention)
        for r in rows.releases
    ]  # fmt: skip
    _lines(sheet, lines)


def _computed_sheets(book: Workbook, rows: Rows, written) -> None:
    lines = chain((line for row in rows.rows for line in computed_lines(row)), computed_release_lines(rows.releases))
    title, first = COMPUTED, next(lines, None)
    while first is not None or title == COMPUTED:
        sheet = Sheet(book, title, freeze="A2", widths=COMPUTED_WIDTHS)
        _titles(sheet, COMPUTED_TITLES)
        _lines(sheet, _some(first, lines), written)
        first, title = next(lines, None), f"{COMPUTED} {len(book.sheetnames)}"


def _some(first: tuple | None, lines: Iterator[tuple]) -> Iterator[tuple]:
    """As many as one sheet holds below its titles."""
    if first is not None:
        yield first
        yield from islice(lines, MOST_ROWS - 2)


def computed_lines(row: Row) -> Iterator[tuple]:
    """One line per non-constant cell of a row: cell, column, value, formula with numbers, sources (E-6)."""
    for place, cell in enumerate(row.cells):
        if not cell.is_constant:
            yield f"{column_letter(place)}{row.number}", cell.title, cell.text, cell.how, "; ".join(cell.sources)


def computed_release_lines(releases: Iterable[ReleaseRow]) -> Iterator[tuple]:
    """The same of each amount of the release sheet, whose name stands before the cell."""
    for number, row in enumerate(releases, start=FIRST_RELEASE_ROW):
        amounts = (
            ("Held", row.held, row.how_held, f"invoice {row.invoice_number}"),
            ("Release", row.released, row.how_released, f"invoice {row.released_by}"),
            ("New retention", row.new_retention, row.how_left, "this row"),
        )
        for title, amount, how, source in amounts:
            cell = f"{RELEASE}!{column_letter(RELEASE_TITLES.index(title))}{number}"
            yield cell, title, money_text(amount), how, source


def column_letter(place: int) -> str:
    """A for 0, Z for 25, AA for 26."""
    first, last = divmod(place, 26)
    return (column_letter(first - 1) if first else "") + chr(ord("A") + last)
