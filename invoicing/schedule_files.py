"""A schedule's workbook as it comes back, read as if it had been typed into the editor (C-2, I-5).

A downloaded row says what it held then, so what somebody else saved since is told from what the file changed: theirs
stays, and a cell that both changed shows both. A file made by hand says nothing of that; it is read against what there
is now. Lines that are not in the file are removed, unless they came after the download: a heading of the workbook says
when that was, also of one that had no line or has lost all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from directory.sheets import Table, read_table, unhidden
from invoicing.calculations.money import parse_amount, parse_quantity, parse_rate, parse_unit_price
from invoicing.calculations.schedules import ScheduleRow
from invoicing.forms.schedule_rows import CELLS, Choices, Row, row_of, texts_of
from invoicing.models import CostType
from invoicing.sheets import HEADINGS, REQUIRED

PARSE = {"quantity": parse_quantity, "price": parse_unit_price, "amount": parse_amount, "rate": parse_rate}
WHOLE = ("version", "newest")
STAMP = (*WHOLE, "place")


@dataclass(frozen=True)
class Meanwhile:
    """A cell that somebody else changed after the download: as it was shown there, as it is now, as the file has it."""

    row: Row
    name: str
    shown: str
    now: str
    text: str
    is_contested: bool  # the file changed it, too, to something else

    @property
    def label(self) -> str:
        return CELLS[self.name]


@dataclass
class ScheduleFile:
    """`rows`: what the schedule would be. `remarks`, `problems`: (cell of the file, words). `numbers`: by `id(row)`."""

    commitment: int
    choices: Choices
    stored: Sequence[ScheduleRow]
    table: Table
    rows: list[Row] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    meanwhile: list[Meanwhile] = field(default_factory=list)
    stamps: list[dict[str, int]] = field(default_factory=list)  # of the workbook as a whole, then of its rows
    seen: dict[str, int] = field(default_factory=dict)  # {line: the row of the file that is about it}

    def is_older_than(self, version: int) -> bool:
        return any(stamp["version"] != version for stamp in self.stamps)

    def place(self, name: str, cells: dict) -> str:
        return f"{self.table.columns.get(name, '')}{cells['row']}"

    def is_same(self, name: str, one: str, other: str) -> bool:
        """Whether both texts mean the same: a spreadsheet writes 73,600.00 as 73600."""
        if one == other:
            return True
        if name == "type":
            return self.choices.type(one) is not None and self.choices.type(one) == self.choices.type(other)
        if name not in PARSE or not one or not other:
            return name == "code" and one.casefold() == other.casefold()
        try:
            return PARSE[name](one) == PARSE[name](other)
        except ValueError:
            return False


def read_schedule(
    name: str, content: bytes, commitment: int, stored: Sequence[ScheduleRow], choices: Choices
) -> ScheduleFile:
    """The file against what is `stored`. Raises Refused, field "file", when it can't be read at all.

    A row is about the line with its id, the first time it occurs; without an id, about the first line with its cost
    code and description; else it is new. A column that the file lacks leaves what the line holds.
    """
    file = ScheduleFile(commitment, choices, stored, read_table(name, content, HEADINGS, REQUIRED))
    _read_whole(file)
    by_key = {str(line.key): line for line in stored}
    unclaimed = {}
    for line in stored:
        unclaimed.setdefault((line.cost_code, line.description), []).append(line)
    named = {cells.get("line", "") for cells in file.table.rows}
    for cells in file.table.rows:
        _read_row(file, cells, by_key, unclaimed, named)
    _bring_in_added(file)
    return file


def _read_whole(file: ScheduleFile) -> None:
    """Headings that mean nothing to a person: what the workbook says of its download."""
    for title in [title for title in file.table.skipped if unhidden(title)]:
        file.table.skipped.remove(title)
        made = unhidden(title)
        if made.get("of") == str(file.commitment) and _are_ids(made, WHOLE):
            file.stamps.append({name: int(made[name]) for name in WHOLE})


def _are_ids(made: dict[str, str], names: Sequence[str]) -> bool:
    return all(made.get(name, "").isdecimal() for name in names)


def _read_row(file: ScheduleFile, cells: dict, by_key: dict, unclaimed: dict, named: set[str]) -> None:
    made, key = unhidden(cells.get("made", "")), cells.get("line", "")
    if made.get("of", str(file.commitment)) != str(file.commitment):
        made, key = {}, ""  # of another commitment: as good as made by hand
    if key in file.seen:
        _take(file, cells, Row("", _texts(file, cells, _blank(file)), {}))
        words = f"Copied from row {file.seen[key]}: it is read as a new line."
        file.remarks.append((f"Row {cells['row']}", words))
        return
    if key in by_key and "made" in file.table.columns and not _is_stamp(made):
        words = "This hidden cell was changed. Download the workbook again and start from that."
        file.problems.append((file.place("made", cells), words))
        made = {}
    line = by_key.get(key) or (None if made else _alike(cells, unclaimed, named))
    if line:
        file.seen[str(line.key)] = cells["row"]
        _take(file, cells, _row(file, cells, line, made))
    elif _is_stamp(made) and key:
        file.seen[key] = cells["row"]
        _take_removed(file, cells, made)
    else:
        _take(file, cells, Row("", _texts(file, cells, _blank(file)), {}))


def _is_stamp(made: dict[str, str]) -> bool:
    return made.keys() >= {"of", *STAMP, *CELLS} and _are_ids(made, STAMP)


def _take(file: ScheduleFile, cells: dict, row: Row) -> None:
    file.rows.append(row)
    file.numbers[id(row)] = cells["row"]


def _alike(cells: dict, unclaimed: dict, named: set[str]) -> ScheduleRow | None:
    """The first line with its cost code and description that no other row is about."""
    alike = unclaimed.get((cells["code"], cells["description"]), [])
    line = next((each for each in alike if str(each.key) not in named), None)
    if line:
        alike.remove(line)
    return line


def _blank(file: ScheduleFile) -> dict[str, str]:
    return dict.fromkeys(CELLS, "") | {"type": file.choices.types[CostType.SUBCONTRACT]}


def _texts(file: ScheduleFile, cells: dict, shown: dict[str, str]) -> dict[str, str]:
    """The row's cells; one that says the same as was `shown`, in other words, is written as it was shown."""
    texts = {name: cells[name] if name in file.table.columns else shown[name] for name in CELLS}
    texts["type"] = texts["type"] or shown["type"]
    return {name: shown[name] if file.is_same(name, text, shown[name]) else text for name, text in texts.items()}


def _row(file: ScheduleFile, cells: dict, line: ScheduleRow, made: dict[str, str]) -> Row:
    now = texts_of(line, file.choices.types)
    shown = {name: made[name] for name in CELLS} if made else now
    row = Row(str(line.key), _texts(file, cells, shown), now)
    if made:
        file.stamps.append({name: int(made[name]) for name in STAMP})
    for name in CELLS:
        text = row.texts[name]
        if file.is_same(name, shown[name], now[name]) and shown[name] == text:
            row.texts[name] = now[name]
        elif not file.is_same(name, shown[name], now[name]):
            _merge(file, row, name, shown[name])
    return row


def _merge(file: ScheduleFile, row: Row, name: str, shown: str) -> None:
    """A cell that somebody else changed: theirs stays unless the file changed it to something else."""
    now, text = row.shown[name], row.texts[name]
    is_contested = text != shown and not file.is_same(name, text, now)
    file.meanwhile.append(Meanwhile(row, name, shown, now, text, is_contested))
    if is_contested:
        row.theirs[name] = now
    else:
        row.texts[name] = now


def _take_removed(file: ScheduleFile, cells: dict, made: dict[str, str]) -> None:
    """A row about a line that somebody else removed since."""
    shown = {name: made.get(name, "") for name in CELLS}
    texts = _texts(file, cells, shown)
    place = f"Row {cells['row']}"
    if texts == shown:
        file.remarks.append((place, "Somebody removed this line after the download. It stays removed."))
        return
    _take(file, cells, Row("", texts, {}))
    words = "Somebody removed this line after the download, but the file changes it: it comes back as a new line."
    file.remarks.append((place, f"{words} Take the row out if that is wrong."))


def _bring_in_added(file: ScheduleFile) -> None:
    """Lines that came after the download stay; when the file leaves the order as it was, all stand in today's."""
    if not file.stamps:
        return
    newest = min(stamp["newest"] for stamp in file.stamps)
    for line in file.stored:
        if line.key > newest and str(line.key) not in file.seen:
            file.rows.append(row_of(line, file.choices.types))
            words = "Added by somebody else after the download. It stays."
            file.remarks.append((f"{line.cost_code} {line.description}", words))
    places = [stamp["place"] for stamp in file.stamps if "place" in stamp]
    if places == sorted(places):
        file.rows = _in_order(file.rows, [str(line.key) for line in file.stored])


def _in_order(rows: list[Row], keys: list[str]) -> list[Row]:
    """By the order of `keys`; a new row stays behind the row before it."""
    order = {key: place for place, key in enumerate(keys)}
    placed, place = [], -1
    for row in rows:
        place = order.get(row.key, place)
        placed.append((place, row))
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]
