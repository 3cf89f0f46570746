"""Dollars in forms."""

from decimal import Decimal

from django import forms

from invoicing.calculations.money import parse_amount


class AmountField(forms.CharField):
    """Dollars as people type them (U5)."""

    def __init__(self, **rest):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "n w-amount", "autocomplete": "off"})
        super().__init__(widget=widget, max_length=60, **rest)

    def clean(self, value) -> Decimal | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_amount(text)
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from None
