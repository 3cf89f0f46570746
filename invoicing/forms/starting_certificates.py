"""The file of a mid-job start, and the totals of the books that it has to prove."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from directory.vendor_forms import UploadForm
from invoicing.actions.starting_proofs import Controls
from invoicing.calculations.money import parse_amount
from invoicing.forms.billing_periods import DayField


class AmountInput(forms.CharField):
    def __init__(self, label: str, help_text: str = ""):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "n w-amount", "autocomplete": "off"})
        super().__init__(label=label, help_text=help_text, max_length=40, widget=widget)

    def clean(self, value) -> Decimal:
        try:
            return parse_amount(super().clean(value))
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class ControlsForm(forms.Form):
    """What the books say in all, and until which day."""

    as_of = DayField(label="Billed until", help_text="The last day of work that the books count.")
    scheduled = AmountInput("Contract sums in all", "With approved change orders.")
    billed = AmountInput("Billed to date in all", "Work completed and materials stored.")
    retained = AmountInput("Retained to date in all")

    @property
    def controls(self) -> Controls:
        return Controls(**{name: self.cleaned_data[name] for name in ("scheduled", "billed", "retained")})


class StartForm(ControlsForm, UploadForm):
    pass
