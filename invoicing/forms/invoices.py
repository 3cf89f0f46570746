"""What a list of invoices is narrowed to: the address is the view."""

from django import forms
from django.db.models import Q

from directory.vendor_forms import PlainField
from invoicing.models import Invoice, InvoiceStatus


class FilterForm(forms.Form):
    status = forms.ChoiceField(required=False, choices=InvoiceStatus)
    period = forms.ModelChoiceField(queryset=None, required=False, empty_label="Any period")
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "placeholder": "Number or company"}),
    )

    def __init__(self, data, *, periods):
        super().__init__(data)
        self.fields["period"].queryset = periods
        self.is_valid()  # what makes no sense in an address is left out

    def in_period(self, invoices):
        """Narrowed by period and words, not yet by status."""
        period, words = self.cleaned_data.get("period"), self.cleaned_data.get("q", "")
        if period:
            invoices = invoices.filter(billing_period=period)
        for word in words.split():
            invoices = invoices.filter(
                Q(number__icontains=word) | Q(vendor__name__icontains=word) | Q(commitment__number__icontains=word)
            )
        return invoices

    @property
    def chosen(self) -> str:
        return self.cleaned_data.get("status", "")

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.values())

    def with_status(self, invoices):
        return invoices.filter(status=self.chosen) if self.chosen else invoices

    def tabs(self, counts: dict[str, int]) -> list[dict]:
        """(status, words, how many), statuses that hold none left out unless it is the one shown."""
        tabs = [{"status": "", "label": "All", "count": sum(counts.values())}]
        for status in Invoice.Status:
            if counts.get(status) or status == self.chosen:
                tabs.append({"status": status.value, "label": status.label, "count": counts.get(status, 0)})
        return tabs


class DeleteForm(forms.Form):
    """Why the newest invoice is deleted; an Admin has to say, a contact may (I-3)."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    reason = PlainField(
        label="Why is it deleted?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why it is deleted: the contacts are told."},
    )

    def __init__(self, data=None, *, as_admin: bool, initial=None):
        super().__init__(data, initial=initial)
        self.fields["reason"].required = as_admin
        self.fields["reason"].help_text = "The invoice contacts are told." if as_admin else "If you want to say it."
