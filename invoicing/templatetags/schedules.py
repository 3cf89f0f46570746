"""The inputs of a schedule of values, row by row: put together as text, because a page of 500 lines has 4,000 (F10)."""

from collections.abc import Mapping, Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from invoicing.calculations.schedules import NAMES
from invoicing.forms.schedule_rows import CELLS, Row

register = template.Library()
LISTS = {"code": ' list="codes"', "type": ' list="types"'}
NUMBERS = ("quantity", "price", "amount", "rate")


@register.simple_tag
def schedule_cells(row: Row, place: int, names: Sequence[str]) -> SafeString:
    """The table cells of one row; `names`: which of `CELLS`. Scripts number the labels; a wrong cell has its id."""
    first = (
        f'<td class="c"><input class="cell c" name="place" value="{place}" inputmode="numeric" aria-label="Place">'
        f'<input type="hidden" name="line" value="{row.key}">'
        f'<input type="hidden" name="shown" value="{escape(row.shown_text)}"></td>'
    )
    last = f'<td class="c"><input type="checkbox" name="remove" value="{place - 1}" aria-label="Remove"></td>'
    return mark_safe(first + "".join(_cell(row, place, name) for name in names) + last)


def _cell(row: Row, place: int, name: str) -> str:
    kind = ' class="cell n" inputmode="decimal"' if name in NUMBERS else f' class="cell text"{LISTS.get(name, "")}'
    marks = ""
    if name in row.problems or name in row.theirs:
        marks = f' id="{name}-{place}" aria-invalid="true" aria-describedby="problem-{place}"'
    return f'<td><input name="{name}"{kind} value="{escape(row.texts[name])}" aria-label="{CELLS[name]}"{marks}></td>'


@register.simple_tag
def cell_words(text: str, name: str, types: Mapping[int, str]) -> str:
    """A compared cell as people read it: a cost type by its name, nothing as a dash."""
    return (types[int(text)] if name == NAMES["cost_type"] and text else text) or "–"
