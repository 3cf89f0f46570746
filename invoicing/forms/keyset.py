"""Long lists page by page, by key: no page is slower than the first, and nothing shifts while somebody reads.

An address carries the key of the row that a page begins after, not its number, so that the place is found again when
that row has left the list: its state may have changed meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache

from django import forms
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from directory.kept import kept

Told = Callable[[QuerySet], QuerySet]  # a method of a query set: the same one each time, since its question is kept
PAGE_SIZE = 50
LARGEST_KEY = 2**63 - 1
APART = "~"  # after the row's id, which holds none


@dataclass(frozen=True)
class Sort:
    """What rows are sorted by, and how its values are read back from an address; never NULL."""

    expression: object
    read: Callable[[str], object] = str


@dataclass(frozen=True)
class Page:
    """`before`, `after`: what the address of the neighbouring page says; "" where there is none."""

    rows: list
    before: str = ""
    after: str = ""


class SortedForm(forms.Form):
    """The part of a list's address that says how it is sorted and where its page begins.

    `sorts`: {column: what it sorts by}. `usual`: what an address without a column means; else the first one.
    """

    sorts: dict[str, Sort]
    usual = ""
    sort = forms.ChoiceField(required=False)
    after = forms.CharField(required=False, max_length=300)
    before = forms.CharField(required=False, max_length=300)

    def __init__(self, data):
        super().__init__(data)
        self.fields["sort"].choices = [(f"{sign}{name}", name) for name in self.sorts for sign in ("", "-")]

    @property
    def sorted_by(self) -> str:
        return self._asked.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self._asked.startswith("-")

    @property
    def _asked(self) -> str:
        return self.cleaned_data.get("sort") or self.usual or next(iter(self.sorts))

    def in_order(self, found: QuerySet) -> QuerySet:
        return in_order(found, self.sorts[self.sorted_by], descending=self.is_descending)

    def page(self, found: QuerySet, told: Told | None = None, size: int | None = None) -> Page:
        """The page of `found`; `told` brings along what its rows tell. `size`: rows of a page, else the usual."""
        places = {name: self.cleaned_data.get(name) or "" for name in ("after", "before")}
        sort = self.sorts[self.sorted_by]
        return page_of(found, sort, descending=self.is_descending, told=told, size=size or PAGE_SIZE, **places)

    def headings(self) -> dict[str, dict]:
        """{column: what its link asks for, and what `aria-sort` says of it now}."""
        shown = {}
        for name in self.sorts:
            now = ("descending" if self.is_descending else "ascending") if name == self.sorted_by else None
            shown[name] = {"asks": f"-{name}" if now == "ascending" else name, "now": now}
        return shown


def read_number(text: str) -> int:
    value = int(text)
    if abs(value) > LARGEST_KEY:
        raise ValueError(text)
    return value


def read_moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found is None or found.tzinfo is None:
        raise ValueError(text)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def read_dollars(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value) > LARGEST_KEY // 100 or value != round(value, 2):
        raise ValueError(text)
    return value


def in_order(found: QuerySet, sort: Sort, *, descending: bool) -> QuerySet:
    """By the column, then by id: no two rows are in the same place. Each row says its `sort_key`."""
    sign = "-" if descending else ""
    return found.annotate(sort_key=sort.expression).order_by(f"{sign}sort_key", f"{sign}pk")


def page_of(
    found: QuerySet,
    sort: Sort,
    *,
    descending: bool,
    after: str = "",
    before: str = "",
    told: Told | None = None,
    size: int,
) -> Page:
    """The rows after, or before, the place that the address names; from the beginning where it names none.

    `told` is asked for these rows alone, in a question that is kept: what it reads along costs nothing for the others,
    and putting it into SQL nothing at all (F4).
    """
    backwards = not after and bool(before)
    place = _place(before if backwards else after, sort)
    backwards = backwards and place is not None
    downwards = descending != backwards
    rows = in_order(found, sort, descending=downwards)
    if place:
        value, pk = place
        side = "lt" if downwards else "gt"
        rows = rows.filter(Q(**{f"sort_key__{side}": value}) | Q(sort_key=value, **{f"pk__{side}": pk}))
    ids = rows.values("pk")[: size + 1]
    if told:
        listed = _told(found.model, told, sort, downwards)(ids=ids)
    else:
        listed = list(in_order(found.filter(pk__in=ids), sort, descending=downwards))
    is_more, listed = len(listed) > size, listed[:size]
    if backwards:
        listed.reverse()
    is_earlier, is_later = (is_more, True) if backwards else (place is not None, is_more)
    return Page(
        listed,
        _mark(listed[0]) if listed and is_earlier else "",
        _mark(listed[-1]) if listed and is_later else "",
    )


@cache
def _told(model, told: Told, sort: Sort, descending: bool) -> kept:
    return kept(lambda ids: in_order(told(model.objects.filter(pk__in=ids)), sort, descending=descending))


def _mark(row) -> str:
    key = row.sort_key.isoformat() if isinstance(row.sort_key, datetime) else row.sort_key
    return f"{row.pk}{APART}{key}"


def _place(mark: str, sort: Sort) -> tuple | None:
    """(value, id) out of an address; None where it makes no sense."""
    pk, _, text = mark.partition(APART)
    try:
        return sort.read(text), read_number(pk)
    except (ValueError, InvalidOperation):
        return None
