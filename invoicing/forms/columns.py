"""The cells that can be typed on a line (5.2): how each is shown, read, compared and stored, and whom it is for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol
from unicodedata import category

from invoicing.calculations import shares
from invoicing.calculations.lines import Line
from invoicing.calculations.money import (
    ZERO,
    format_amount,
    format_percent,
    parse_amount,
    parse_percent,
    parse_quantity,
)
from invoicing.labels import COLUMN_OF, MAY_PASS
from invoicing.models import Invoice, InvoiceLine

LONGEST_NOTE = 300
REST, AGAIN = "rest", "="


@dataclass(frozen=True)
class Share:
    """A percentage typed where an amount goes."""

    percent: Decimal

    def __str__(self):
        return f"{format_percent(self.percent)} %"


class Shorthand(Enum):
    """What a line alone knows the amount of."""

    REST = REST
    AGAIN = AGAIN

    def __str__(self):
        return {REST: "the rest of the line", AGAIN: "last time's amount"}[self.value]


def amount_or_zero(text: str) -> Decimal:
    return parse_amount(text) if text.strip() else ZERO


def amount_or_rule(text: str) -> Decimal | None:
    """Typed retainage; left empty, the rate decides again."""
    return parse_amount(text) if text.strip() else None


def quantity_or_zero(text: str) -> Decimal:
    return parse_quantity(text) if text.strip() else ZERO


def note(text: str) -> str:
    """One line of printable text: control and direction characters are dropped."""
    text = " ".join("".join(c for c in text if category(c)[0] != "C" or c in "\n\t").split())
    if len(text) > LONGEST_NOTE:
        raise ValueError(f"The note has {len(text)} characters. Use {LONGEST_NOTE} at most.")
    return text


def ticked(text: str) -> bool:
    return text == "1"


class Shown(Protocol):
    """What a cell is shown of. `worked` costs something, so only what is worked out asks for it."""

    line: InvoiceLine
    worked: Line


@dataclass(frozen=True)
class Column:
    """`stem` starts the input's name (`work-12`), `field` is the model's, `on_line` the arithmetic's."""

    stem: str
    label: str
    read: Callable[[str], object]
    show: Callable[[Shown], str]
    field: str = ""
    on_line: str = ""
    marks_typed: str = ""  # the model's field that says the amount was typed and does not follow its rate
    empty_follows: bool = False  # emptied, the field holds nothing and the amount follows from others
    share: Callable[[Line, Decimal], Decimal | None] | None = None  # what `50 %` comes to
    rest: Callable[[Line], Decimal] | None = None  # what `rest` comes to
    only_unit_priced: bool | None = None  # None: on every line
    is_tick: bool = False

    def fits(self, line: InvoiceLine) -> bool:
        return self.only_unit_priced in (None, line.schedule_line.is_unit_priced)

    @property
    def has_rule(self) -> bool:
        """Its amount follows from others until somebody types it, and again once it is emptied."""
        return bool(self.marks_typed) or self.empty_follows

    def is_typed(self, line: InvoiceLine) -> bool:
        """Whether the stored amount was typed and follows no rule."""
        return getattr(line, self.marks_typed) if self.marks_typed else getattr(line, self.field) is not None

    def typed(self, data, name: str, shown: dict[str, str]) -> str:
        """What came back; an input that was not on the page keeps what was shown."""
        if data is None:
            return shown[self.stem]
        if self.is_tick and f"shown-{name.rpartition('-')[2]}" in data:
            return data.get(name, "0")
        return data.get(name, shown[self.stem])

    def read_typed(self, text: str) -> object:
        """The value, or the shorthand that the line makes one of: `50 %`, `rest`, `=`. ValueError as `read`."""
        bare = text.strip()
        if self.share and bare.endswith("%"):
            return Share(parse_percent(bare))
        if self.rest and bare.lower() == REST:
            return Shorthand.REST
        return Shorthand.AGAIN if self.repeats and bare == AGAIN else self.read(text)

    def show_value(self, value: Decimal) -> str:
        return format_percent(value) if self.stem == "quantity" else format_amount(value)

    @property
    def repeats(self) -> bool:
        """Whether `=` fetches last time's value: of what was typed for one period, not of balances."""
        return self.stem in ("work", "quantity", "moved", "stored", "release")

    def is_same(self, one: str, other: str) -> bool:
        """Whether two texts mean the same: 1250 and 1,250.00 do."""
        if one == other:
            return True
        try:
            return self.read_typed(one) == self.read_typed(other)
        except ValueError:
            return one.strip() == other.strip()

    def to_fields(self, value) -> dict[str, object]:
        """{model field: value}. Emptied typed retainage goes back to its rule."""
        if not self.marks_typed:
            return {self.field: value}
        return {self.marks_typed: False} if value is None else {self.marks_typed: True, self.field: value}


def _amount(name: str) -> Callable[[Shown], str]:
    return lambda row: format_amount(getattr(row.line, name))


def _worked_out(name: str) -> Callable[[Shown], str]:
    return lambda row: format_amount(getattr(row.worked, name))


def _percent(row: Shown) -> str:
    percent = row.worked.percent_complete
    return "" if percent is None else format_percent(percent)


def _quantity(row: Shown) -> str:
    return format_percent(row.line.quantity_this_period or ZERO)


COLUMNS = {
    column.stem: column
    for column in (
        Column(
            "work",
            COLUMN_OF["work_this_period"].label,
            amount_or_zero,
            _amount("work_this_period"),
            "work_this_period",
            "work_this_period",
            share=shares.work_for_share,
            rest=shares.work_left,
            only_unit_priced=False,
        ),
        Column("percent", COLUMN_OF["percent_complete"].label, parse_percent, _percent, only_unit_priced=False),
        Column("quantity", "Quantity", quantity_or_zero, _quantity, "quantity_this_period", only_unit_priced=True),
        Column(
            "moved",
            COLUMN_OF["stored_moved"].label,
            amount_or_zero,
            _amount("stored_moved"),
            "stored_moved",
            "stored_moved",
            share=shares.moved_for_share,
            rest=shares.moved_left,
        ),
        Column(
            "left",
            COLUMN_OF["stored_balance_previous"].label,
            amount_or_rule,
            _worked_out("stored_balance_previous"),
            "stored_balance_typed",
            "stored_balance_override",
            empty_follows=True,
        ),
        Column(
            "stored",
            COLUMN_OF["stored_new"].label,
            amount_or_zero,
            _amount("stored_new"),
            "stored_new",
            "stored_new",
            rest=shares.stored_left,
        ),
        Column(
            "held-work",
            COLUMN_OF["work_retainage"].label,
            amount_or_rule,
            _worked_out("work_retainage"),
            "work_retainage",
            "work_retainage_typed",
            marks_typed="work_retainage_is_typed",
            share=shares.work_retainage_for_share,
        ),
        Column(
            "held-stored",
            COLUMN_OF["stored_retainage"].label,
            amount_or_rule,
            _worked_out("stored_retainage"),
            "stored_retainage",
            "stored_retainage_typed",
            marks_typed="stored_retainage_is_typed",
            share=shares.stored_retainage_for_share,
        ),
        Column(
            "release",
            COLUMN_OF["retainage_released"].label,
            amount_or_zero,
            _amount("retainage_released"),
            "retainage_released",
            "retainage_released",
            share=shares.release_for_share,
            rest=shares.release_left,
        ),
        Column(
            "waived",
            MAY_PASS,
            ticked,
            lambda row: str(int(row.line.over_billing_is_waived)),
            "over_billing_is_waived",
            only_unit_priced=True,
            is_tick=True,
        ),
        Column("note", "Note", note, lambda row: row.line.note, "note"),  # last: it may hold the separator
    )
}


def _has_stored_before(line: InvoiceLine) -> bool:
    return bool(line.stored_previous) or line.stored_balance_typed is not None


def columns_of(invoice: Invoice, lines: Iterable[InvoiceLine], *, as_admin: bool) -> tuple[Column, ...]:
    """What this person types on this invoice: its type decides (I-2), and only an Admin types retainage."""
    kind = invoice.type
    lines = list(lines)
    bills_stored = invoice.commitment.bills_stored_materials
    stored = bills_stored or any(line.stored_previous for line in lines)
    wanted = {
        "work": kind.allows_work,
        "percent": kind.allows_work,
        "quantity": kind.allows_work,
        "moved": kind.allows_work and stored,
        "left": as_admin and kind.allows_work and any(_has_stored_before(line) for line in lines),
        "stored": kind.allows_work and (bills_stored or any(line.stored_new for line in lines)),  # or to take it out
        "held-work": as_admin and kind.allows_work,
        "held-stored": as_admin and stored,
        "release": kind.allows_release,
        "waived": as_admin and kind.allows_work,
        "note": True,
    }
    kept = [column for column in COLUMNS.values() if wanted[column.stem]]
    return tuple(column for column in kept if any(column.fits(line) for line in lines))
