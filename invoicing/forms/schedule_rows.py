"""The rows of a schedule of values as texts: what its cells are called, and how a form brings them back.

The inputs of a row are the next value of each list (`code`, `description`, `amount` …), so a row is where it stands in
the form. `shown` holds what the page showed in a row, so that a page that went stale tells the reader's changes from
somebody else's (I-5).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from directory.plain_text import tidy
from invoicing.calculations.schedules import ScheduleRow, shown
from invoicing.models import CostCode, CostType

SEPARATOR = "\t"  # no text of a line holds one
CELLS = {
    "code": "Cost code",
    "type": "Cost type",
    "quantity": "Quantity",
    "unit": "Unit",
    "price": "Unit price",
    "amount": "Scheduled value",
    "rate": "Own retainage %",
    "description": "Description",
}
UNIT_CELLS = ("quantity", "unit", "price")
FIELDS = {
    "code": "cost_code",
    "type": "cost_type",
    "quantity": "quantity",
    "unit": "unit",
    "price": "unit_price",
    "amount": "amount",
    "rate": "retainage_rate",
    "description": "description",
}
TYPES = dict(CostType.choices)  # as they are called in a company that named none of its own


@dataclass
class Row:
    """One row: `key` the stored line's id or ""; `texts` what is typed, `shown` what the page showed there."""

    key: str
    texts: dict[str, str]
    shown: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)  # {cell: why, and what to do}
    theirs: dict[str, str] = field(default_factory=dict)  # {cell: what somebody else saved there meanwhile}
    note: str = ""
    value: ScheduleRow | None = None

    @property
    def is_blank(self) -> bool:
        return not self.key and not any(text for name, text in self.texts.items() if name != "type")

    @property
    def shown_text(self) -> str:
        return SEPARATOR.join(self.shown.get(name, "") for name in CELLS)

    @property
    def contested(self) -> list[tuple[str, str, str]]:
        """(cell, what it is called, what somebody else saved there)."""
        return [(name, CELLS[name], text) for name, text in self.theirs.items()]


@dataclass(frozen=True)
class Choices:
    """What a line of the company may be spent on. `codes`: {code: cost code}; `types`: {number: its name}."""

    codes: Mapping[str, CostCode]
    types: Mapping[int, str] = field(default_factory=lambda: TYPES)

    @property
    def codes_in_use(self) -> list[CostCode]:
        return [code for code in self.codes.values() if code.is_active]

    def code(self, text: str) -> str | None:
        """The code that is meant, whatever its case; None when there is none."""
        return text if text in self.codes else self._folded.get(text.casefold())

    def type(self, text: str) -> int | None:
        """By its number, by the company's name for it, or by its plain one."""
        return self._named.get(text.casefold())

    @cached_property
    def _folded(self) -> dict[str, str]:
        return {code.casefold(): code for code in self.codes}

    @cached_property
    def _named(self) -> dict[str, int]:
        known = {str(number): number for number in TYPES}
        for names in (TYPES, self.types):
            known |= {name.casefold(): number for number, name in names.items()}
        return known


def texts_of(row: ScheduleRow, types: Mapping[int, str] = TYPES) -> dict[str, str]:
    texts = {name: shown(field_name, getattr(row, field_name)) for name, field_name in FIELDS.items()}
    return texts | {"type": types[row.cost_type]}


def row_of(stored: ScheduleRow, types: Mapping[int, str] = TYPES) -> Row:
    texts = texts_of(stored, types)
    return Row(str(stored.key), dict(texts), dict(texts))


def sent_rows(data) -> list[Row]:
    """The rows as they came: lists of one length; a cell that the form does not have keeps what it showed."""
    keys, places, sent = data.getlist("line"), data.getlist("place"), data.getlist("shown")
    lists = {name: data.getlist(name) for name in CELLS}
    removed, given_way = set(data.getlist("remove")), set(data.getlist("theirs"))
    rows = []
    for at, key in enumerate(keys):
        if str(at) in removed:
            continue
        before = _shown(sent[at]) if at < len(sent) else {}
        texts = {
            name: " ".join(tidy(values[at]).split("\n")) if len(values) == len(keys) else before.get(name, "")
            for name, values in lists.items()
        }
        texts |= {name: before[name] for name in before if f"{at}:{name}" in given_way}  # what was shown is theirs
        row = Row(key if key.isdecimal() and len(key) < 19 else "", texts, before)
        rows.append((_order(places[at] if at < len(places) else "", at + 1), row))
    return [row for _, row in sorted(rows, key=lambda each: each[0])]


def removed_rows(data) -> dict[str, dict[str, str]]:
    """{line: what the page showed of it} of the lines ticked to go."""
    lines = list(zip(data.getlist("line"), data.getlist("shown"), strict=False))
    gone = [int(at) for at in data.getlist("remove") if at.isdecimal() and len(at) < 7]
    return {lines[at][0]: _shown(lines[at][1]) for at in gone if at < len(lines) and lines[at][0]}


def _order(typed: str, stands: int) -> tuple[int, int]:
    """Where a row is wanted: a number typed before it puts it there, ahead of what stands there when it moves up."""
    number = int(typed) if typed.isdecimal() and len(typed) < 7 else stands
    return number, (number > stands) - (number < stands)


def _shown(sent: str) -> dict[str, str]:
    parts = sent.split(SEPARATOR, len(CELLS) - 1)
    return dict(zip(CELLS, parts, strict=True)) if len(parts) == len(CELLS) else {}
