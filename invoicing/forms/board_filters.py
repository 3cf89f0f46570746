"""What a billing board is narrowed to, how it is sorted and where its page begins: the address is the view."""

from datetime import UTC, datetime
from urllib.parse import urlencode

from django import forms
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from directory.fields import MoneyField
from directory.typed import SearchField
from invoicing.board import STATES, WORDS, Group
from invoicing.calculations.money import ZERO
from invoicing.forms.keyset import Sort, SortedForm, read_dollars, read_moment, read_number
from invoicing.turns import Turn

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
SORTS = {
    "number": Sort(Coalesce("number", Value(""))),
    "vendor": Sort(Coalesce("vendor__name", Value(""))),
    "state": Sort(Coalesce("place", Value(0)), read_number),
    "since": Sort(Coalesce("since", Value(NEVER)), read_moment),
    "net": Sort(Coalesce("net", Value(ZERO, output_field=MoneyField())), read_dollars),
}
NARROWING = ("state", "turn", "vendor", "q")
KEPT = (*NARROWING, "sort")  # what a saved view remembers


class BoardFilter(SortedForm):
    sorts = SORTS
    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *((each, WORDS[each]) for each in STATES)])
    turn = forms.ChoiceField(label="Who must act", required=False, choices=[("", "Anybody or nobody"), *Turn.choices])
    vendor = forms.TypedChoiceField(label="Company", required=False, coerce=int, empty_value=None)
    q = SearchField("Number, title or company")

    def __init__(self, data, *, vendors: QuerySet):
        super().__init__(data)
        self.fields["vendor"].choices = [("", "Any company"), *vendors.values_list("pk", "name")]
        self.is_valid()  # what makes no sense in an address is left out

    @property
    def asked(self) -> dict:
        return {name: self.cleaned_data[name] for name in KEPT if self.cleaned_data.get(name)}

    @property
    def is_narrow(self) -> bool:
        return any(name in self.asked for name in NARROWING)

    @property
    def among_some(self) -> bool:
        """Whether states are counted among some only."""
        return bool(self.asked.get("vendor") or self.asked.get("q"))

    @property
    def query(self) -> str:
        """What the address of this view says, without the place in it; always in the same order."""
        return urlencode(self.asked)

    # Which rows

    def among(self, standing: QuerySet) -> QuerySet:
        """By company and words: what states are counted in."""
        if vendor := self.asked.get("vendor"):
            standing = standing.filter(vendor=vendor)
        return standing.matching(self.asked.get("q", ""))

    def narrowed(self, standing: QuerySet) -> QuerySet:
        found = self.among(standing)
        if state := self.asked.get("state"):
            found = found.filter(place=STATES.index(state))
        if turn := self.asked.get("turn"):
            found = found.filter(turn=turn)
        return found

    def includes(self, group: Group) -> bool:
        """`narrowed` for groups of what is `among`."""
        return self.asked.get("state", group.state) == group.state and self.has_turn(group)

    def has_turn(self, group: Group) -> bool:
        return self.asked.get("turn", group.turn) == group.turn
