"""What a list of commitments is narrowed to, how it is sorted and where its page begins: the address is the view."""

from dataclasses import dataclass

from django import forms
from django.db.models import F, Q

from invoicing.models import Commitment

SORTS = {"number": "number", "title": "title", "vendor": "vendor__name", "status": "status"}
PAGE_SIZE = 50


class CommitmentFilter(forms.Form):
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *Commitment.Status.choices])
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *Commitment.Kind.choices])
    vendor = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any company", label="Company")
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=60,
        widget=forms.TextInput(
            attrs={"type": "search", "data-search": True, "placeholder": "Number, title or company"}
        ),
    )
    sort = forms.ChoiceField(
        required=False,
        choices=[(f"{sign}{name}", name) for name in SORTS for sign in ("", "-")],
        widget=forms.HiddenInput,
    )
    after = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)
    before = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput)

    def __init__(self, data, *, company, visible):
        super().__init__(data)
        self.fields["vendor"].queryset = company.vendors.filter(pk__in=visible.order_by().values("vendor"))
        self.is_valid()  # what makes no sense in an address is left out

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("status", "kind", "vendor", "q"))

    def narrowed(self, commitments):
        asked = self.cleaned_data
        exact = {name: asked[name] for name in ("status", "kind", "vendor") if asked.get(name)}
        commitments = commitments.filter(**exact)
        for word in asked.get("q", "").split():
            commitments = commitments.filter(
                Q(number__icontains=word) | Q(title__icontains=word) | Q(vendor__name__icontains=word)
            )
        return commitments

    # Sorting

    @property
    def sorted_by(self) -> str:
        return (self.cleaned_data.get("sort") or "number").removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return (self.cleaned_data.get("sort") or "").startswith("-")

    def in_order(self, commitments, *, reverse: bool = False):
        """By the column, then by id: no two rows are in the same place."""
        field = F(SORTS[self.sorted_by])
        if self.is_descending != reverse:
            return commitments.order_by(field.desc(), "-pk")
        return commitments.order_by(field.asc(), "pk")

    def headings(self) -> dict[str, dict]:
        """{column: what its link asks for, and what `aria-sort` says of it now}."""
        shown = {}
        for name in SORTS:
            is_here = name == self.sorted_by
            now = ("descending" if self.is_descending else "ascending") if is_here else None
            shown[name] = {"asks": f"-{name}" if now == "ascending" else name, "now": now}
        return shown

    # Paging by key: no page is slower than the first, and nothing shifts while somebody reads

    def page(self, found) -> "Page":
        """The rows after, or before, the one the address names; from the beginning where it names none of these."""
        backwards = not self.cleaned_data.get("after") and bool(self.cleaned_data.get("before"))
        mark = self.cleaned_data.get("before" if backwards else "after")
        place = found.filter(pk=mark).values_list(SORTS[self.sorted_by], "pk").first() if mark else None
        if place is None:
            backwards = False
        rows = self.in_order(found, reverse=backwards)
        if place:
            rows = rows.filter(self._beyond(place, backwards))
        listed = list(rows[: PAGE_SIZE + 1])
        is_more, listed = len(listed) > PAGE_SIZE, listed[:PAGE_SIZE]
        if backwards:
            listed.reverse()
        is_earlier, is_later = (is_more, True) if backwards else (place is not None, is_more)
        return Page(
            listed,
            listed[0].pk if listed and is_earlier else None,
            listed[-1].pk if listed and is_later else None,
        )

    def _beyond(self, place: tuple, backwards: bool) -> Q:
        field, (value, pk) = SORTS[self.sorted_by], place
        side = "lt" if self.is_descending != backwards else "gt"
        return Q(**{f"{field}__{side}": value}) | Q(**{field: value, f"pk__{side}": pk})


@dataclass(frozen=True)
class Page:
    """`before`, `after`: the row from which the neighbouring page is asked for; None where there is none."""

    rows: list[Commitment]
    before: int | None
    after: int | None
