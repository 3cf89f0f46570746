"""A schedule of values as a workbook and back (C-2): downloaded, changed in a spreadsheet, read cell by cell."""

import io
from collections.abc import Mapping, Sequence

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill, Protection
from openpyxl.worksheet.datavalidation import DataValidation

from directory.sheets import Table, read_table
from invoicing.calculations.schedules import ScheduleRow
from invoicing.forms.schedule_rows import CELLS, TYPES, Row, texts_of
from invoicing.models import CostType

HEADINGS = {
    "line": ["Line id"],
    "code": ["Cost code", "Code"],
    "type": ["Cost type", "Type"],
    "description": ["Description"],
    "quantity": ["Quantity", "Qty"],
    "unit": ["Unit", "UoM"],
    "price": ["Unit price", "Unit cost"],
    "amount": ["Scheduled value", "Amount"],
    "rate": ["Own retainage %", "Retainage %"],
}
REQUIRED = ("code", "description")
WIDTHS = {"line": 10, "code": 14, "type": 16, "description": 60, "quantity": 12, "unit": 10, "price": 14, "rate": 16}
NUMBERS = {"quantity": "#,##0.####", "price": "#,##0.00##", "amount": "#,##0.00", "rate": "0.####"}
FIELD_OF = {"quantity": "quantity", "price": "unit_price", "amount": "amount", "rate": "retainage_rate"}
OPEN = Protection(locked=False)
HEAD = PatternFill("solid", fgColor="FFE8E6E0")


def as_workbook(rows: Sequence[ScheduleRow], title: str, names: Mapping[int, str] = TYPES) -> bytes:
    """One sheet: a line a row, ids in a hidden first column, text as text (R100), amounts and quantities as numbers.

    `names`: what the company calls its cost types.
    """
    book = Workbook(write_only=True)
    book.properties.creator = "Plumbline"
    sheet = book.create_sheet("Schedule of values")
    sheet.freeze_panes = "A2"
    for letter, column in zip("ABCDEFGHI", HEADINGS, strict=True):
        sheet.column_dimensions[letter].width = WIDTHS.get(column, 16)
        sheet.column_dimensions[letter].protection = OPEN  # below the last line, too
        sheet.column_dimensions[letter].number_format = NUMBERS.get(column, "@")  # 01-100 is no day (R108)
    sheet.column_dimensions["A"].hidden = True
    _protect_headings(sheet)
    types = DataValidation(type="list", formula1=f'"{",".join(names.values())}"', allow_blank=False)
    types.add(f"C2:C{len(rows) + 500}")
    sheet.data_validations.append(types)
    sheet.append([_head(sheet, names[0]) for names in HEADINGS.values()])
    for row in rows:
        texts = texts_of(row, names)
        sheet.append([_cell(sheet, row, column, texts) for column in HEADINGS])
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
    if column in FIELD_OF:
        cell = WriteOnlyCell(sheet, getattr(row, FIELD_OF[column]))
        cell.number_format, cell.protection = NUMBERS[column], OPEN
        return cell
    cell = WriteOnlyCell(sheet, str(row.key) if column == "line" else texts[column])
    cell.data_type, cell.number_format, cell.protection = "s", "@", OPEN
    return cell


def read_rows(
    name: str, content: bytes, stored: Sequence[ScheduleRow], names: Mapping[int, str] = TYPES
) -> tuple[Table, list[Row]]:
    """The file's rows as if they had been typed. Raises Refused, field "file", when it can't be read at all.

    A row is about the line with its id; without an id, about the first line with its cost code and description; else it
    is new. A column that the file lacks leaves what the line holds.
    """
    table = read_table(name, content, HEADINGS, REQUIRED)
    by_key = {str(line.key): line for line in stored}
    unclaimed = {}
    for line in stored:
        unclaimed.setdefault((line.cost_code, line.description), []).append(line)
    named = {row.get("line", "") for row in table.rows}
    found = []
    for cells in table.rows:
        line = by_key.get(cells.get("line", "")) or _alike(cells, unclaimed, named)
        found.append(_row(table, cells, line, names))
    return table, found


def _alike(cells: dict, unclaimed: dict, named: set[str]) -> ScheduleRow | None:
    """The first line with its cost code and description that no other row is about."""
    alike = unclaimed.get((cells["code"], cells["description"]), [])
    line = next((each for each in alike if str(each.key) not in named), None)
    if line:
        alike.remove(line)
    return line


def _row(table: Table, cells: dict, line: ScheduleRow | None, names: Mapping[int, str]) -> Row:
    before = texts_of(line, names) if line else dict.fromkeys(CELLS, "") | {"type": names[CostType.SUBCONTRACT]}
    texts = {name: cells[name] if name in table.columns else before[name] for name in CELLS}
    return Row(str(line.key) if line else "", texts | {"type": texts["type"] or before["type"]}, before)
