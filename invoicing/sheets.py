"""A schedule of values as a workbook (C-2): to change in a spreadsheet. `schedule_files` reads what comes back.

Two hidden columns hold each line's id, and of which version of which schedule it is and what it held there (I-5). The
hidden heading of a third says the same of the workbook as a whole: it is there without a line, too.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill, Protection
from openpyxl.worksheet.datavalidation import DataValidation

from directory.sheets import hidden, literal
from invoicing.calculations.schedules import ScheduleRow
from invoicing.forms.schedule_rows import CELLS, FIELDS, TYPES, texts_of

IN_ORDER = ("code", "type", "description", "quantity", "unit", "price", "amount", "rate")
ALSO_READ = {
    "code": ["Code"],
    "type": ["Type"],
    "quantity": ["Qty"],
    "unit": ["UoM"],
    "price": ["Unit cost"],
    "amount": ["Amount"],
    "rate": ["Retainage %"],
}
HEADINGS = {
    "line": ["Line id"],
    **{name: [CELLS[name], *ALSO_READ.get(name, ())] for name in IN_ORDER},
    "made": ["As downloaded"],
}
HIDDEN = ("line", "made", "whole")
REQUIRED = ("code", "description")
WIDTHS = {"line": 10, "code": 14, "type": 16, "description": 60, "quantity": 12, "unit": 10, "price": 14, "rate": 16}
NUMBERS = {"quantity": "#,##0.####", "price": "#,##0.00##", "amount": "#,##0.00", "rate": "0.####"}
OPEN = Protection(locked=False)
HEAD = PatternFill("solid", fgColor="FFE8E6E0")


@dataclass(frozen=True)
class Origin:
    """Which commitment's schedule a row was downloaded from, and on which version of the commitment."""

    commitment: int
    version: int


def as_workbook(
    rows: Sequence[ScheduleRow], title: str, origin: Origin | None = None, names: Mapping[int, str] = TYPES
) -> bytes:
    """One sheet: a line a row, text as text (R100), amounts and quantities as numbers.

    `names`: what the company calls its cost types. Without an `origin` it reads like a file made by hand.
    """
    book = Workbook(write_only=True)
    book.properties.creator = "Plumbline"
    sheet = book.create_sheet("Schedule of values")
    sheet.freeze_panes = "A2"
    columns = [column for column in HEADINGS if origin or column != "made"]
    newest = max((row.key or 0 for row in rows), default=0)
    headings = [HEADINGS[column][0] for column in columns]
    if origin:
        columns, headings = [*columns, "whole"], [*headings, hidden(_about(origin, newest))]
    for letter, column in zip("ABCDEFGHIJK", columns, strict=False):
        sheet.column_dimensions[letter].width = WIDTHS.get(column, 16)
        sheet.column_dimensions[letter].hidden = column in HIDDEN
        sheet.column_dimensions[letter].protection = OPEN  # below the last line, too
        sheet.column_dimensions[letter].number_format = NUMBERS.get(column, "@")  # 01-100 is no day (R108)
    _protect_headings(sheet)
    types = DataValidation(type="list", formula1=f'"{",".join(names.values())}"', allow_blank=False)
    types.add(f"C2:C{len(rows) + 500}")
    sheet.data_validations.append(types)
    sheet.append([_head(sheet, words) for words in headings])
    for place, row in enumerate(rows, 1):
        texts = texts_of(row, names)
        made = _made(origin, newest, place, texts) if origin else ""
        texts |= {"line": str(row.key), "made": made}
        sheet.append([_cell(sheet, row, column, texts) for column in columns if column in HEADINGS])
    book.properties.title = title
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _protect_headings(sheet) -> None:
    """Without a password: it guards against slips. Rows can be added, deleted, sorted and filtered."""
    sheet.protection.enable()
    for allowed in ("formatCells", "formatColumns", "formatRows", "insertRows", "deleteRows", "sort", "autoFilter"):
        setattr(sheet.protection, allowed, False)  # False: not forbidden


def _head(sheet, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, words)
    cell.font, cell.fill = Font(bold=True), HEAD
    return cell


def _cell(sheet, row: ScheduleRow, column: str, texts: dict[str, str]) -> WriteOnlyCell:
    if column in NUMBERS:
        cell = WriteOnlyCell(sheet, getattr(row, FIELDS[column]))
        cell.number_format, cell.protection = NUMBERS[column], OPEN
        return cell
    cell = WriteOnlyCell(sheet, literal(texts[column]))
    cell.data_type, cell.number_format, cell.protection = "s", "@", OPEN
    return cell


def _about(origin: Origin, newest: int) -> dict[str, str]:
    """`newest`: the highest id of the schedule's lines, so that one which came later is told from one taken out."""
    return {"of": str(origin.commitment), "version": str(origin.version), "newest": str(newest)}


def _made(origin: Origin, newest: int, place: int, texts: dict[str, str]) -> str:
    return hidden(_about(origin, newest) | {"place": str(place)} | texts)
