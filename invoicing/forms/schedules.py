"""A schedule of values as it is typed, read as a whole: forgiving in, strict out (U5)."""

from collections.abc import Sequence
from decimal import Decimal

from directory.plain_text import unseen_in
from invoicing.calculations.lines import work_for_quantity
from invoicing.calculations.money import (
    AMOUNT_LIMIT,
    ZERO,
    format_amount,
    parse_amount,
    parse_filed_rate,
    parse_quantity,
    parse_rate,
    parse_unit_price,
)
from invoicing.calculations.schedules import ScheduleRow
from invoicing.forms.schedule_rows import CELLS, FIELDS, Choices, Row, removed_rows, row_of, sent_rows, texts_of
from invoicing.models import CostType

CHANGED_BY_OTHERS = "You took it out; somebody else changed it meanwhile. Tick Remove again if it shall go."
LONGEST = {"description": 200, "unit": 20}


class ScheduleSheet:
    """`stored`: the lines as they are; `choices`: what they may be spent on; `data`: what was sent, if it was."""

    def __init__(self, stored: Sequence[ScheduleRow], choices: Choices, data=None):
        self.stored = {str(row.key): row for row in stored}
        self.choices = choices
        self.data = data
        self.rows = [row_of(row, choices.types) for row in stored] if data is None else sent_rows(data)
        self.removed = {} if data is None else removed_rows(data)
        self.is_filed = False
        self.is_cut = data is not None and not data.get("end")  # the last input of the form did not come through

    def take_filed(self, rows: Sequence[Row]) -> None:
        """The rows of a file instead, which are read as a spreadsheet writes them."""
        self.rows, self.is_filed = list(rows), True

    @property
    def version(self) -> int:
        typed = self.data.get("version", "")
        return int(typed) if typed.isdecimal() and len(typed) < 10 else 0

    def is_valid(self) -> bool:
        self.rows = [row for row in self.rows if not row.is_blank]
        for row in self.rows:
            self._read(row)
        return not self.problems

    @property
    def wanted(self) -> list[ScheduleRow]:
        return [row.value for row in self.rows]

    @property
    def problems(self) -> list[tuple[int, Row, str, str]]:
        """(place, row, cell, what is wrong), in reading order."""
        return [
            (place, row, name, problem)
            for place, row in enumerate(self.rows, 1)
            for name, problem in row.problems.items()
        ]

    def blame(self, place: str, message: str) -> bool:
        """Put an action's refusal at its cell: `rows[3].amount`. False when it names none."""
        number, _, name = place.removeprefix("rows[").partition("].")
        cell = next((cell for cell, field_name in FIELDS.items() if field_name == name), None)
        if not place.startswith("rows[") or cell is None:
            return False
        self.rows[int(number)].problems[cell] = message
        return True

    @property
    def total(self) -> Decimal:
        """What can be read of it, in dollars."""
        return sum((_amount_of(row) for row in self.rows), ZERO)

    def add_blank(self, count: int) -> None:
        last = next((row.texts["type"] for row in reversed(self.rows)), self.choices.types[CostType.SUBCONTRACT])
        self.rows += [Row("", dict.fromkeys(CELLS, "") | {"type": last}) for _ in range(count)]

    # Reading

    def _read(self, row: Row) -> None:
        row.problems = {}
        values = {name: self._cell(row, name) for name in CELLS}
        if not row.problems:
            self._solve(row, values)
        if not row.problems:
            key = int(row.key) if row.key else None
            row.value = ScheduleRow(key=key, **{FIELDS[name]: value for name, value in values.items()})

    def _cell(self, row: Row, name: str):
        try:
            return getattr(self, f"_read_{name}", lambda text, _: plain_text(name, text))(row.texts[name], row)
        except ValueError as problem:
            row.problems[name] = str(problem)
            return None

    def _read_code(self, text: str, row: Row) -> str:
        if not text:
            raise ValueError("Choose a cost code.")
        before, code = self.stored.get(row.key), self.choices.code(text)
        if code is None:
            raise ValueError(f"“{text}” is no cost code of the company. Choose one of its list.")
        if not self.choices.codes[code].is_active and not (before and before.cost_code == code):
            raise ValueError(f"Cost code {code} is not used any more. Choose another.")
        return code

    def _read_type(self, text: str, row: Row) -> int:
        number = self.choices.type(text)
        if number is None:
            raise ValueError(f"“{text}” is no cost type. Choose one from 1 to 9.")
        return number

    def _read_description(self, text: str, row: Row) -> str:
        if not text:
            raise ValueError("Say what the line is for.")
        return plain_text("description", text)

    def _read_quantity(self, text: str, row: Row) -> Decimal | None:
        return parse_quantity(text) if text else None

    def _read_price(self, text: str, row: Row) -> Decimal | None:
        return parse_unit_price(text) if text else None

    def _read_amount(self, text: str, row: Row) -> Decimal | None:
        return parse_amount(text) if text else None

    def _read_rate(self, text: str, row: Row) -> Decimal | None:
        if not text:
            return None
        is_typed = text != row.shown.get("rate", "")
        return parse_filed_rate(text) if self.is_filed and is_typed else parse_rate(text)

    def _solve(self, row: Row, values: dict) -> None:
        """Quantity × unit price gives the amount; without them it is typed."""
        is_typed = row.texts["amount"] != row.shown.get("amount", "")
        typed = values["amount"] if is_typed else None
        if values["quantity"] is None and values["price"] is None:
            if values["amount"] is None:
                row.problems["amount"] = "Type the scheduled value, 0.00 if it is nothing."
        elif problem := why_not_worth(values["quantity"], values["price"], typed):
            wrong, row.problems[wrong] = problem
        else:
            values["amount"] = worth_of(values["quantity"], values["price"])

    # Somebody else saved meanwhile (I-5)

    def merge(self, stored: Sequence[ScheduleRow]) -> int:
        """Bring in what somebody else saved since the page was opened; how many cells both changed to other things.

        A cell changed here keeps what was typed, with theirs beside it; a cell not changed here takes theirs. Lines
        they added come at the end; a line they removed stays here as a new one, and says so.
        """
        now = {str(row.key): texts_of(row, self.choices.types) for row in stored}
        contested = 0
        for row in self.rows:
            if row.key and row.key not in now:
                row.key, row.note = "", "Removed by somebody else meanwhile. Clear the row if that is right."
            elif row.key:
                contested += _merge_row(row, now[row.key])
        for key, was in self.removed.items():
            if now.get(key, was) != was:
                self.rows.append(Row(key, dict(now[key]), now[key], note=CHANGED_BY_OTHERS))
        here = {row.key for row in self.rows}
        for added in stored:
            if str(added.key) not in here and str(added.key) not in _keys(self.data):
                self.rows.append(row_of(added, self.choices.types))
                self.rows[-1].note = "Added by somebody else meanwhile."
        self.stored = {str(row.key): row for row in stored}
        return contested


def _merge_row(row: Row, now: dict[str, str]) -> int:
    contested = 0
    for name in CELLS:
        was, mine, theirs = row.shown.get(name, ""), row.texts[name], now[name]
        if mine == was:
            row.texts[name] = theirs
        elif theirs not in (was, mine):
            row.theirs[name] = theirs
            contested += 1
    row.shown = dict(now)
    return contested


def _keys(data) -> set[str]:
    """Every line the page knew, also those that were taken out of the form."""
    return set(data.get("known", "").split()) if data else set()


def plain_text(name: str, text: str) -> str:
    """The description or the unit of a line; ValueError says why it can't be (R107)."""
    if wrong := unseen_in(text):
        raise ValueError(f"It holds {wrong}. Type it again.")
    if len(text) > LONGEST[name]:
        raise ValueError(f"It has {len(text)} characters. Use {LONGEST[name]} at most.")
    return text


def why_not_worth(quantity: Decimal | None, price: Decimal | None, typed: Decimal | None) -> tuple[str, str] | None:
    """(quantity, price or amount; why quantity × unit price gives no amount); None where it gives one.

    An amount that somebody `typed` against the two is never dropped in silence.
    """
    if quantity is None:
        return "quantity", "It goes with the unit price. Give both, or neither."
    if price is None:
        return "price", "It goes with the quantity. Give both, or neither."
    worth = worth_of(quantity, price)
    if worth is None:
        return "price", "Quantity times unit price is more than a line can hold. Give less."
    if typed in (None, worth):
        return None
    return "amount", f"Quantity times unit price is {format_amount(worth)}. Change one of them, or leave this blank."


def worth_of(quantity: Decimal, price: Decimal) -> Decimal | None:
    """In dollars; None when a line can't hold that much."""
    try:
        worth = work_for_quantity(quantity, price)
    except ValueError:
        return None
    return worth if abs(worth) <= AMOUNT_LIMIT else None


def _amount_of(row: Row) -> Decimal:
    try:
        if row.texts["quantity"] and row.texts["price"]:
            return worth_of(parse_quantity(row.texts["quantity"]), parse_unit_price(row.texts["price"])) or ZERO
        return parse_amount(row.texts["amount"]) if row.texts["amount"] else ZERO
    except ValueError:
        return ZERO
