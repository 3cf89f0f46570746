"""A bill's workbook as it comes back: the cells that somebody changed, as if typed into the entry sheet (9.4, I-5).

Only what differs from what is stored counts, so a download that nobody touched changes nothing, and a percentage that
was shown keeps its amount (R58). Lines that are not in the file stay as they are.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from directory.plain_text import tidy
from directory.sheets import Table, read_table, refused, unhidden
from invoicing.calculations.money import HUNDRED, format_amount, format_percent, is_plain_number
from invoicing.claim_sheets import BOOK, HIDDEN, MOST_SHARE, TOTAL, BookColumn
from invoicing.forms.columns import COLUMNS
from invoicing.forms.entry import Sheet
from invoicing.forms.entry_rows import Cell, Row

HEADINGS = {name: [column.heading] for name, column in BOOK.items()}
# In workbooks that were downloaded before these were called as on the sheet.
HEADINGS["release"].append("Release")
HEADINGS["percent"].append("Done %")


@dataclass(frozen=True)
class Problem:
    """`place` as the spreadsheet names it, `label` of its column, `words` with the remedy; `key` of its line."""

    place: str
    label: str
    words: str
    key: str = ""

    @property
    def in_reading_order(self) -> tuple[int, int, str]:
        letters = self.place.rstrip("0123456789")
        return int(self.place[len(letters) :]), len(letters), letters


@dataclass(frozen=True)
class Version:
    """A cell since its download: as it was shown there, as stored now, as it stands in the file; and who changed it."""

    row: Row
    label: str
    shown: str
    now: str
    text: str
    by_them: bool
    by_you: bool


@dataclass
class ClaimFile:
    """`typed`: {input of the entry sheet: text}, of changed cells only; `places`: {input: its cell in the file}."""

    sheet: Sheet
    table: Table
    typed: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    found: set[str] = field(default_factory=set)

    @property
    def is_stale(self) -> bool:
        """Somebody changed one of its lines after it was downloaded."""
        return any(version.by_them for version in self.versions)

    @property
    def missing(self) -> int:
        return len(self.sheet.rows) - len(self.found)

    def place(self, name: str, cells: dict) -> str:
        return f"{self.table.columns[name]}{cells['row']}"

    def refuse(self, name: str, cells: dict, words: str) -> None:
        self.problems.append(Problem(self.place(name, cells), BOOK[name].heading, words, cells["line"]))


def read_claim(name: str, content: bytes, sheet: Sheet) -> ClaimFile:
    """The file against `sheet`, which shows what is stored.

    Raises Refused, field "file", when it can't be read at all or was downloaded from another bill.
    """
    file = ClaimFile(sheet, read_table(name, content, HEADINGS, HIDDEN))
    rows = {row.key: row for row in sheet.rows}
    for cells in file.table.rows:
        if cells["line"] != TOTAL:
            _read_row(file, cells, rows.get(cells["line"]))
    return file


def _read_row(file: ClaimFile, cells: dict, row: Row | None) -> None:
    made = unhidden(cells["made"])
    if made.get("bill", "") not in ("", str(file.sheet.invoice.pk)):
        raise refused("This workbook was downloaded from another bill. Upload it there, or download this bill’s own.")
    if row is None:
        file.refuse("line", cells, "This row is no line of the bill. Take it out; lines come from the commitment.")
    elif row.key in file.found:
        file.refuse("line", cells, f"Line {_position(row)} stands in the file twice. Keep one of the rows.")
    elif "bill" not in made:
        file.refuse("made", cells, "This hidden cell was changed. Download the workbook again and start from that.")
    else:
        file.found.add(row.key)
        file.versions += _versions(cells, row, made)
        is_older = made.get("version") != str(file.sheet.invoice.version) and not file.is_stale
        for name in [name for name in file.table.columns if name not in HIDDEN]:
            _read_cell(file, cells, row, name, is_older=is_older)


def _position(row: Row) -> int:
    return row.line.schedule_line.position


def _versions(cells: dict, row: Row, made: dict[str, str]) -> list[Version]:
    """Of every cell that was changed by anybody since."""
    found = []
    for stem, cell in row.cells.items():
        if stem in made:
            shown, text = made[stem], _text(BOOK[stem], cells.get(stem, made[stem]))
            theirs, yours = (not cell.column.is_same(shown, other) for other in (cell.now, text))
            if theirs or yours:
                found.append(Version(row, BOOK[stem].heading, shown, cell.now, text, theirs, yours))
    return found


def _read_cell(file: ClaimFile, cells: dict, row: Row, name: str, *, is_older: bool) -> None:
    column, text = BOOK[name], _text(BOOK[name], cells[name])
    cell = row.cells.get(column.stem)
    if cell is None:
        _check_given(file, cells, row, name, text, is_older=is_older)
    elif not cell.column.is_same(text, cell.now):
        if name == "percent" and _is_past_sense(text, cells[name]):
            words = (
                f"“{cells[name]}” is {Decimal(text):,} % in a cell of percentages. Type it with its sign, such as 50%."
            )
            file.refuse(name, cells, words)
            return
        file.typed[cell.name] = text
        file.places[cell.name] = file.place(name, cells)


def _text(column: BookColumn, text: str) -> str:
    """A percentage as the entry sheet takes it: a spreadsheet keeps 56.25 % as the number 0.5625."""
    if column.stem == "percent" and is_plain_number(text):
        return format_percent(Decimal(text) * HUNDRED)
    return text


def _is_past_sense(text: str, typed: str) -> bool:
    return text != typed and abs(Decimal(text)) > MOST_SHARE * HUNDRED


def _check_given(file: ClaimFile, cells: dict, row: Row, name: str, text: str, *, is_older: bool) -> None:
    """A cell that this person doesn't type on this line: left empty or as it was."""
    column = BOOK[name]
    shown = _shown(column, row)
    if not text or shown is None or _is_same(column, text, shown):
        return
    if is_older and not column.stem:
        file.versions.append(Version(row, column.heading, text, shown, text, by_them=True, by_you=False))
    else:
        back = f"Put back {shown}." if shown else "Clear the cell."
        file.refuse(name, cells, f"{_why_not_typed(row, column.stem)} {back}")


def _shown(column: BookColumn, row: Row) -> str | None:
    """What the cell holds, as text; None where it only names the line."""
    if column.stem:
        return COLUMNS[column.stem].show(row) if column.value(row) is not None else ""
    if column.read is None:
        return None
    value = column.value(row)
    if isinstance(value, Decimal):
        return format_amount(value) if column.total else format_percent(value)
    return tidy(value or "")


def _is_same(column: BookColumn, text: str, shown: str) -> bool:
    if column.stem:
        return COLUMNS[column.stem].is_same(text, shown)
    try:
        return column.read(text) == column.read(shown)
    except ValueError:
        return False


def _why_not_typed(row: Row, stem: str) -> str:
    if stem in ("held-work", "held-stored"):
        return "Only the project team types retainage."
    if stem == "release":
        return "This bill takes no release of retainage."
    if stem in ("work", "percent") and row.line.schedule_line.is_unit_priced:
        return "This line is billed by its quantity."
    if stem == "quantity" and not row.line.schedule_line.is_unit_priced:
        return "This line is billed by its amount."
    return "This bill takes nothing in this column." if stem else "This column is not typed here."


def words_of(cell: Cell, text: str) -> str:
    """A cell's text as a page shows it."""
    if not text.strip():
        return "by its rate" if cell.column.marks_typed else "empty"
    value = cell.column.read(text)
    if not isinstance(value, Decimal):
        return str(value)
    if cell.column.stem == "percent":
        return f"{format_percent(value)} %"
    return format_percent(value) if cell.column.stem == "quantity" else format_amount(value)
