"""What is asked of the pages that link: which of ours, by which words, and which entry of Sage's for one."""

from django import forms

from directory.typed import SearchField
from erp_integrations.pairing import COST_TYPES, Pair
from erp_integrations.sage100.accounts import why_not
from erp_integrations.sage100.lists import SageLists
from erp_integrations.setting_forms import AccountField
from invoicing.forms.keyset import Page, Sort, SortedForm

SHOWS = {"": "Needed", "gaps": "Without a link", "all": "All"}


class PairFilter(SortedForm):
    """The address of a pair's page; gaps come first."""

    show = forms.ChoiceField(required=False, choices=list(SHOWS.items()))
    q = SearchField()

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

    @property
    def kept(self) -> dict[str, str]:
        """What of the address makes sense, for the addresses of what is opened from the list."""
        return {name: typed for name in ("show", "q", "after", "before") if (typed := self.cleaned_data.get(name))}

    def rows(self, company, access) -> Page:
        found = self.pair.found(company, self.show_now, self.words)
        return Page(found) if self.pair is COST_TYPES else self.page(found.filter(self.pair.seen_by(access)))


class ChooseForm(forms.Form):
    """One entry of Sage's for one of ours; `was` is what the page showed as linked."""

    key = forms.CharField(max_length=20)
    phase = forms.CharField(max_length=10, required=False)
    was = forms.CharField(max_length=20, required=False)


class AccountForm(forms.Form):
    """The ledger account of one job, cost type or line; `was` is what the page showed."""

    account = AccountField("Ledger account", "Empty: Sage’s own answer counts, then the company’s (S30).")
    sub_account = AccountField("Sub-account")
    was = forms.CharField(max_length=30, required=False, widget=forms.HiddenInput)

    def __init__(self, link, was: str, lists: SageLists, data=None):
        initial = {"account": link.account, "sub_account": link.sub_account} if link else {}
        super().__init__(data, initial=initial | {"was": was})
        self.lists = lists

    def clean(self):
        number, sub_account = self.cleaned_data.get("account", ""), self.cleaned_data.get("sub_account", "")
        field, words = why_not(self.lists, number, sub_account)
        if words:
            self.add_error(field, words)
        return self.cleaned_data
