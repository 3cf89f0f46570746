"""What is asked of the pages that link: which of ours, by which words, and which entry of Sage's for one."""

from django import forms

from erp_integrations.pairing import COST_TYPES, Pair
from invoicing.forms.keyset import Page, Sort, SortedForm

SHOWS = {"": "Needed", "gaps": "Without a link", "all": "All"}


class PairFilter(SortedForm):
    """The address of a pair's page; gaps come first."""

    show = forms.ChoiceField(required=False, choices=list(SHOWS.items()))
    q = forms.CharField(required=False, max_length=60)

    def __init__(self, data, *, pair: Pair):
        self.pair = pair
        self.sorts = {"gaps": Sort(pair.in_order_key() if pair is not COST_TYPES else None)}
        super().__init__(data)
        self.is_valid()  # what makes no sense in an address is left out

    @property
    def show_now(self) -> str:
        return self.cleaned_data.get("show") or ""

    @property
    def words(self) -> str:
        return self.cleaned_data.get("q") or ""

    def rows(self, company) -> Page:
        found = self.pair.found(company, self.show_now, self.words)
        return Page(found) if self.pair is COST_TYPES else self.page(found)


class ChooseForm(forms.Form):
    """One entry of Sage's for one of ours; `was` is what the page showed as linked."""

    key = forms.CharField(max_length=20)
    phase = forms.CharField(max_length=10, required=False)
    was = forms.CharField(max_length=20, required=False)
