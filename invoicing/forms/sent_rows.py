"""The cells of a sheet by their lines. A page of 500 lines says in one field which lines it shows (screens 11).

Each cell is then called by its column alone, and the first `work` is that of the first line that has one. Scripts call
a cell by its line, `work-12`, since they send one row, or leave a cell out.
"""

import re
from collections.abc import Iterable, Sequence

from django.utils.datastructures import MultiValueDict

from invoicing.forms.columns import Column
from invoicing.models import InvoiceLine

LINES = "lines"  # the field: `3-502`, or `3-90 95 96`
SHOWN = "shown"  # before a line's key, or for all lines in their order: what the page showed there
RANGES = re.compile(r"[0-9]{1,15}(-[0-9]{1,15})?( [0-9]{1,15}(-[0-9]{1,15})?)*")
MOST = 10_000  # lines; more than any page shows


class Torn(Exception):
    """Not every cell of the page arrived, so none can be told from another."""


def ranges_of(keys: Iterable[int]) -> str:
    """`3-90 95` for 3, 4 … 90, 95: in their order, runs of keys as two of them."""
    runs: list[list[int]] = []
    for key in keys:
        if runs and key == runs[-1][-1] + 1:
            runs[-1][1:] = [key]
        else:
            runs.append([key])
    return " ".join("-".join(map(str, run)) for run in runs)


def keys_in(text: str) -> list[int]:
    if not RANGES.fullmatch(text):
        raise Torn
    found: list[int] = []
    for run in text.split(" "):
        first, _, last = run.partition("-")
        keys = range(int(first), int(last or first) + 1)
        if len(found) + len(keys) > MOST:
            raise Torn
        found += keys
    return found


def by_line(data: MultiValueDict, lines: Iterable[InvoiceLine], columns: Sequence[Column]) -> dict[str, str]:
    """{name: text}, each cell called by its line. Raises Torn."""
    named = {name: values[-1] for name, values in data.lists() if values}  # asked thousands of times
    if LINES not in named:
        return named
    at_hand = {line.pk: line for line in lines}
    keys = keys_in(named[LINES])
    if not at_hand.keys() >= set(keys):
        raise Torn
    _name(named, SHOWN, data.getlist(SHOWN), keys)
    for column in columns:
        if not column.is_tick:  # a box that is not ticked is not sent, so it has its line's name
            _name(named, column.stem, data.getlist(column.stem), [key for key in keys if column.fits(at_hand[key])])
    return named


def _name(named: dict[str, str], stem: str, texts: list[str], keys: list[int]) -> None:
    """A column that was not on the page sends nothing."""
    if not texts:
        return
    if len(texts) != len(keys):
        raise Torn
    named.update(zip([f"{stem}-{key}" for key in keys], texts, strict=True))
