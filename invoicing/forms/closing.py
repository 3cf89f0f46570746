"""Closing a billing period: what becomes of each bill that is not sent."""

from collections.abc import Sequence

from django import forms

from invoicing.actions.closing import Fate
from invoicing.forms.billing_periods import DayField, KeepsTimeField, keep_or_drop
from invoicing.models import BillingPeriod, Invoice
from invoicing.periods import PeriodDates

BILL = "bill-"


class ClosingForm(forms.Form):
    """A choice for each of `bills`. `target`: the open period after this one; `following`: the days of one to open;
    `closing`: the open one that closes.
    """

    opens_next = forms.BooleanField(required=False)
    keeps_time = KeepsTimeField()
    late_until = DayField(
        label="Those who may come late have until", required=False, help_text="The end of this day. They get a mail."
    )

    def __init__(
        self,
        bills: Sequence[Invoice],
        data=None,
        *,
        target: BillingPeriod | None = None,
        following: PeriodDates | None = None,
        closing: BillingPeriod | None = None,
    ):
        super().__init__(data, initial={"keeps_time": True})
        keep_or_drop(self, closing)
        self.bills = bills
        choices = [(Fate.LEAVE, Fate.LEAVE.label), (Fate.LATE, Fate.LATE.label)]
        if target or following:
            choices.append((Fate.MOVE, f"Move it to {target or 'the next period'}"))
        for bill in bills:
            label = f"{bill.commitment.number}, bill {bill.position}"
            self.fields[field_of(bill)] = forms.ChoiceField(label=label, choices=choices, required=False)
        if following is None:
            del self.fields["opens_next"]
        else:
            start, end, due = (f"{day:%a} {day.day} {day:%b %Y}" for day in following.as_dict().values())
            self.fields["opens_next"].label = f"Open the next period now: {start} to {end}"
            self.fields["opens_next"].help_text = f"Its bills are due {due}."

    @property
    def rows(self) -> list[tuple[Invoice, forms.BoundField]]:
        return [(bill, self[field_of(bill)]) for bill in self.bills]

    @property
    def fates(self) -> dict[int, Fate]:
        """Nothing chosen means: left as it is."""
        return {bill.pk: Fate(self.cleaned_data[field_of(bill)] or Fate.LEAVE) for bill in self.bills}


def field_of(bill: Invoice) -> str:
    return f"{BILL}{bill.pk}"


def ids_named(data) -> set[int]:
    """Of the bills that a page offered, whatever became of them since."""
    numbers = (name.removeprefix(BILL) for name in data if name.startswith(BILL))
    return {int(number) for number in numbers if number.isdecimal() and len(number) <= 18}


class BillMoveForm(forms.Form):
    """`version`: the one that was looked at (I-5)."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)
