"""A bill as a workbook (9.4): to fill in elsewhere and bring back, or to keep. `claim_files` reads what comes back.

Amounts are numbers and texts are texts, nothing is a formula (R100). What can be typed is tinted and unlocked; the rest
is locked without a password, against slips. Two hidden columns hold each line's id and what the download showed of it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from directory.plain_text import tidy
from directory.sheets import hidden, literal
from invoicing.calculations.money import AMOUNT_LIMIT, HUNDRED, QUANTITY_LIMIT, ZERO, parse_amount, parse_unit_price
from invoicing.calculations.summary import column_total
from invoicing.forms.columns import COLUMNS, LONGEST_NOTE
from invoicing.forms.entry import Sheet
from invoicing.forms.entry_rows import Row
from invoicing.labels import COLUMN_OF

TEXT, AMOUNT, NUMBER, SHARE = "@", "#,##0.00", "#,##0.00##", "0.00%"
TOTAL = "total"  # stands for an id in the last row
MOST_SHARE = 10  # times the scheduled value; whoever types 50 into a cell of percentages means 50 %


def _line(name: str) -> Callable[[Row], object]:
    return lambda row: getattr(row.line, name)


def _worked(name: str) -> Callable[[Row], object]:
    return lambda row: getattr(row.worked, name)


def _planned(name: str) -> Callable[[Row], object]:
    return lambda row: getattr(row.line.schedule_line, name)


def _share(row: Row) -> Decimal | None:
    percent = row.worked.percent_complete
    return None if percent is None else percent / HUNDRED


def _quantity(row: Row) -> Decimal | None:
    return (row.line.quantity_this_period or ZERO) if row.line.schedule_line.is_unit_priced else None


@dataclass(frozen=True)
class BookColumn:
    """`stem`: the cell of the entry sheet that is typed here. `read`: how the text of one that is not typed is compared
    with what it should be; None where it only names the line. `total`: the property of `Line` that is added up."""

    heading: str
    form: str
    value: Callable[[Row], object]
    stem: str = ""
    read: Callable[[str], object] | None = None
    total: str = ""
    width: int = 15


def _typed(stem: str, value: Callable[[Row], object], *, form: str = AMOUNT, total: str = "", width: int = 15):
    return BookColumn(COLUMNS[stem].label, form, value, stem=stem, total=total, width=width)


def _given(name: str, heading: str = "") -> BookColumn:
    """An amount that is worked out."""
    return BookColumn(heading or COLUMN_OF[name].label, AMOUNT, _worked(name), read=parse_amount, total=name)


BOOK = {
    "line": BookColumn("Line id", TEXT, lambda row: row.key),
    "made": BookColumn("As downloaded", TEXT, lambda row: ""),
    "position": BookColumn("No.", "0", _planned("position"), width=6),
    "code": BookColumn("Cost code", TEXT, lambda row: row.line.schedule_line.cost_code.code),
    "description": BookColumn("Description", TEXT, _planned("description"), read=tidy, width=50),
    "scheduled": _given("scheduled_value"),
    "before": _given("work_previous"),
    "quantity": _typed("quantity", _quantity, form="#,##0.####"),
    "unit": BookColumn("Unit", TEXT, _planned("unit"), width=8),
    "price": BookColumn("Unit price", NUMBER, _planned("unit_price"), read=parse_unit_price),
    "work": _typed("work", _line("work_this_period"), total="work_this_period"),
    "percent": _typed("percent", _share, form=SHARE),
    "stored-before": _given("stored_previous"),
    "moved": _typed("moved", _line("stored_moved"), total="stored_moved"),
    "left": _typed("left", _worked("stored_balance_previous"), total="stored_balance_previous"),
    "stored": _typed("stored", _line("stored_new"), total="stored_new"),
    "stored-now": _given("stored_presently"),
    "total": _given("total_completed_and_stored"),
    "balance": _given("balance_to_finish"),
    "held-work": _typed("held-work", _worked("work_retainage"), total="work_retainage"),
    "held-stored": _typed("held-stored", _worked("stored_retainage"), total="stored_retainage"),
    "release": _typed("release", _line("retainage_released"), total="retainage_released"),
    "note": _typed("note", _line("note"), form=TEXT, width=40),
}
HIDDEN = ("line", "made")
UNITS, STORED = ("quantity", "unit", "price"), ("stored-before", "moved", "stored", "stored-now")
OPEN, TINT = Protection(locked=False), PatternFill("solid", fgColor="FFFFF6D6")
BOLD, HEAD = Font(bold=True), PatternFill("solid", fgColor="FFE8E6E0")


def columns_in(sheet: Sheet, *, to_fill_in: bool) -> list[str]:
    """Which of `BOOK` this person gets of this bill: its type decides (I-2), as on the entry sheet."""
    works = bool(sheet.stems & {"work", "quantity"})
    wanted = dict.fromkeys(BOOK, True)
    wanted |= dict.fromkeys(HIDDEN, to_fill_in) | dict.fromkeys(("before", "work", "percent"), works)
    wanted |= dict.fromkeys(UNITS, "quantity" in sheet.stems) | dict.fromkeys(STORED, "stored" in sheet.stems)
    wanted |= {"left": "left" in sheet.stems, "held-stored": sheet.holds_on_stored, "release": "release" in sheet.stems}
    return [name for name in BOOK if wanted[name]]


def as_workbook(sheet: Sheet, title: str, *, to_fill_in: bool) -> bytes:
    """One sheet: a line a row, its total below. Unless it is `to_fill_in`, every cell is locked."""
    book = Workbook(write_only=True)
    book.properties.creator, book.properties.title = "Plumbline", title
    page, names = book.create_sheet("Bill"), columns_in(sheet, to_fill_in=to_fill_in)
    _lay_out(page, names, len(sheet.rows) if to_fill_in else 0, sheet.stems)
    page.append([_head(page, BOOK[name].heading) for name in names])
    for row in sheet.rows:
        page.append([_cell(page, sheet, row, name, to_fill_in=to_fill_in) for name in names])
    page.append([_foot(page, sheet, name) for name in names])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _lay_out(page, names: list[str], rows: int, stems: set[str]) -> None:
    """Widths, the frozen headings, the protection, and for `rows` lines what their cells take."""
    for place, name in enumerate(names, 1):
        letter = get_column_letter(place)
        page.column_dimensions[letter].width = BOOK[name].width
        page.column_dimensions[letter].hidden = name in HIDDEN
        if rows and BOOK[name].stem in stems:
            rule = _validation(BOOK[name])
            rule.add(f"{letter}2:{letter}{rows + 1}")
            page.data_validations.append(rule)
    page.freeze_panes = f"{get_column_letter(names.index('scheduled') + 1)}2"
    page.page_setup.orientation, page.page_setup.fitToHeight = "landscape", 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.protection.enable()
    for allowed in ("formatColumns", "formatRows"):
        setattr(page.protection, allowed, False)  # False: not forbidden


def _validation(column: BookColumn) -> DataValidation:
    if column.form == TEXT:
        words = f"Use {LONGEST_NOTE} characters at most."
        return DataValidation(
            type="textLength", operator="lessThanOrEqual", formula1=str(LONGEST_NOTE), error=words, allow_blank=True
        )
    most = {SHARE: MOST_SHARE, AMOUNT: AMOUNT_LIMIT}.get(column.form, QUANTITY_LIMIT)
    words = "Type a percentage, such as 50%." if column.form == SHARE else "Type a number, such as 1250.00."
    return DataValidation(
        type="decimal", operator="between", formula1=f"-{most}", formula2=str(most), error=words, allow_blank=True
    )


def _head(page, words: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, words)
    cell.font, cell.fill, cell.alignment = BOLD, HEAD, Alignment(wrap_text=True, vertical="top")
    return cell


def _cell(page, sheet: Sheet, row: Row, name: str, *, to_fill_in: bool) -> WriteOnlyCell:
    column = BOOK[name]
    cell = _plain(page, column, _made(sheet, row) if name == "made" else column.value(row))
    if to_fill_in and column.stem in row.cells:
        cell.protection, cell.fill = OPEN, TINT
    return cell


def _plain(page, column: BookColumn, value) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, literal(value) if isinstance(value, str) else value)
    if column.form == TEXT:
        cell.data_type = "s"  # never f, whatever it begins with
    cell.number_format = column.form
    return cell


def _foot(page, sheet: Sheet, name: str) -> WriteOnlyCell:
    column = BOOK[name]
    words = {"line": TOTAL, "description": "Total when downloaded"}
    worked = (row.worked for row in sheet.rows)
    cell = _plain(page, column, column_total(worked, column.total) if column.total else words.get(name))
    cell.font, cell.fill = BOLD, HEAD
    return cell


def _made(sheet: Sheet, row: Row) -> str:
    """Which bill and version a line was downloaded from, and what each cell that can be typed showed."""
    shown = {stem: cell.now for stem, cell in row.cells.items() if not cell.column.is_tick}
    return hidden({"bill": str(sheet.invoice.pk), "version": str(sheet.invoice.version)} | shown)
