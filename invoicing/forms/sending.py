"""What is asked before a bill leaves the building: each warning seen, and the figures still the ones shown."""

from collections.abc import Iterable

from django import forms

from invoicing.calculations.findings import Identity


class SendForm(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput)
    seen = forms.MultipleChoiceField(required=False)

    def __init__(self, warnings: Iterable[Identity], data=None, *, version: int):
        super().__init__(data, initial={"version": version})
        self.names = [warning.name for warning in warnings]
        self.fields["seen"].choices = [(name, name) for name in self.names]

    def clean_seen(self):
        """Every warning has its tick (5.5)."""
        seen = self.cleaned_data["seen"]
        if missing := [name for name in self.names if name not in seen]:
            raise forms.ValidationError(f"Tick each check below that you have seen: {', '.join(missing)}.")
        return seen
