"""Two states of a schedule of values compared, line by line and cell by cell (C-2). No Django, no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from invoicing.calculations.money import ZERO, format_amount, format_percent

NAMES = {
    "cost_code": "cost code",
    "cost_type": "cost type",
    "description": "description",
    "quantity": "quantity",
    "unit": "unit",
    "unit_price": "unit price",
    "amount": "scheduled value",
    "retainage_rate": "own retainage",
}


@dataclass(frozen=True, kw_only=True)
class ScheduleRow:
    """One line: `key` is the stored line's id, None for a new one; `cost_code` the code itself; amounts in dollars."""

    key: int | None = None
    cost_code: str
    cost_type: int
    description: str
    amount: Decimal
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None
    retainage_rate: Decimal | None = None


class Outcome(Enum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


@dataclass(frozen=True)
class CellChange:
    """What a cell held and holds, as it is read."""

    name: str
    old: str
    new: str

    @property
    def texts(self) -> tuple[str, str]:
        return self.old, self.new


@dataclass(frozen=True)
class RowChange:
    """What became of one line. `position` is where it stands now, for a removed one where it stood; from 1."""

    outcome: Outcome
    position: int
    row: ScheduleRow
    cells: tuple[CellChange, ...] = ()
    came_from: int | None = None  # where it stood, when it moved

    @property
    def words(self) -> str:
        """`03-100 Footings, 29,002.00`."""
        return f"{self.row.cost_code} {self.row.description}, {format_amount(self.row.amount)}"


def compare(before: Sequence[ScheduleRow], after: Sequence[ScheduleRow]) -> tuple[RowChange, ...]:
    """What leads from one schedule to the other, in the order of the new one; removed lines come last."""
    places = {row.key: place for place, row in enumerate(before, 1)}
    stood = {row.key: row for row in before}
    changes = [_change(position, row, stood.get(row.key), places.get(row.key)) for position, row in enumerate(after, 1)]
    kept = {row.key for row in after}
    gone = [RowChange(Outcome.REMOVED, places[row.key], row) for row in before if row.key not in kept]
    return (*_without_shifts(changes), *gone)


def _change(position: int, row: ScheduleRow, old: ScheduleRow | None, place: int | None) -> RowChange:
    if old is None:
        return RowChange(Outcome.NEW, position, row)
    cells = tuple(
        CellChange(name, shown(field, getattr(old, field)), shown(field, getattr(row, field)))
        for field, name in NAMES.items()
        if getattr(old, field) != getattr(row, field)
    )
    return RowChange(Outcome.CHANGED if cells else Outcome.SAME, position, row, cells, place)


def _without_shifts(changes: Iterable[RowChange]) -> list[RowChange]:
    """A line that only made room for others did not move: what counts is the order among those that stayed."""
    changes = list(changes)
    kept = [change for change in changes if change.came_from is not None]
    still = {id(each) for each in _longest_rising(kept)}
    return [
        RowChange(each.outcome, each.position, each.row, each.cells, None if id(each) in still else each.came_from)
        for each in changes
    ]


def _longest_rising(changes: list[RowChange]) -> list[RowChange]:
    """The longest run, not necessarily side by side, whose lines keep their old order."""
    if all(one.came_from < other.came_from for one, other in zip(changes, changes[1:], strict=False)):
        return changes
    tails: list[int] = []  # index into `changes` of the smallest end of a run of each length
    before: list[int | None] = []
    for index, change in enumerate(changes):
        low, high = 0, len(tails)
        while low < high:
            middle = (low + high) // 2
            if changes[tails[middle]].came_from < change.came_from:
                low = middle + 1
            else:
                high = middle
        before.append(tails[low - 1] if low else None)
        tails[low : low + 1] = [index]
    run, index = [], tails[-1] if tails else None
    while index is not None:
        run.append(changes[index])
        index = before[index]
    return run


def shown(field: str, value) -> str:
    """A cell as it is read and typed: amounts in dollars, rates and quantities without needless zeros."""
    if value is None:
        return ""
    if field == "amount":
        return format_amount(value)
    return format_percent(value) if isinstance(value, Decimal) else str(value)


def total(rows: Iterable[ScheduleRow]) -> Decimal:
    """The schedule's sum in dollars."""
    return sum((row.amount for row in rows), ZERO)
