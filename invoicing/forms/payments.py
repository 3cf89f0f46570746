"""A payment as it is typed, and why one is taken back."""

from django import forms

from directory.typed import PlainField
from invoicing.actions.payments import NewPayment
from invoicing.forms.amounts import AmountField
from invoicing.forms.billing_periods import DayField
from invoicing.models import PaymentMethod


class PaymentForm(forms.Form):
    """`offers_tick`: more than line 8 would be paid, which has to be ticked."""

    method = forms.ChoiceField(label="How it was paid", choices=PaymentMethod)
    number = PlainField(label="Number", max_length=40, help_text="Of the check, or the bank’s reference.")
    paid_date = DayField(label="Paid on")
    amount = AmountField(label="Amount")
    accepts_too_much = forms.BooleanField(label="It was paid all the same", required=False)

    offers_tick = False

    @property
    def new(self) -> NewPayment:
        given = self.cleaned_data
        return NewPayment(PaymentMethod(given["method"]), given["number"], given["paid_date"], given["amount"])


class TakeBackForm(forms.Form):
    reason = PlainField(
        label="Why is it taken back?",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Everybody who sees the invoice sees it, the subcontractor too.",
        error_messages={"required": "Say why it is taken back: it stays to be seen."},
    )
