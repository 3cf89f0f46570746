"""What a list of commitments is narrowed to, how it is sorted and where its page begins: the address is the view."""

from django import forms
from django.db.models import F

from directory.typed import SearchField
from invoicing.forms.keyset import Sort, SortedForm
from invoicing.models import Commitment


class CommitmentFilter(SortedForm):
    sorts = {
        "number": Sort(F("number")),
        "title": Sort(F("title")),
        "vendor": Sort(F("vendor__name")),
        "status": Sort(F("status")),
    }
    status = forms.ChoiceField(required=False, choices=[("", "Any status"), *Commitment.Status.choices])
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *Commitment.Kind.choices])
    vendor = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any company", label="Company")
    q = SearchField("Number, title or company")

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
        return commitments.filter(**exact).matching(asked.get("q", ""))
