"""Opening a billing period, and choosing whom to invite in it."""

from django import forms

from directory.vendor_forms import PlainField
from invoicing.models import InvoiceType


class DayField(forms.DateField):
    def __init__(self, **rest):
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **rest)


class PeriodForm(forms.Form):
    start_date = DayField(label="First day of work")
    end_date = DayField(label="Last day of work")
    due_date = DayField(label="Bills are due", help_text="Contacts can send until the end of this day.")


class DatesForm(PeriodForm):
    """Other days for a period that exists; `version` is that of the page they were asked from."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)


class ExtensionForm(forms.Form):
    """`seen`: the due date that the page shows; another one meanwhile is a conflict."""

    due_date = DayField(label="New due date", help_text="They can send until the end of this day.")
    reason = PlainField(
        label="Why?",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="It is recorded, and told in the mail.",
    )
    seen = forms.DateField(widget=forms.HiddenInput, required=False)


class InviteForm(forms.Form):
    """`rows`: the commitments this person may choose from; whether each can be invited is the action's to say."""

    invoice_type = forms.ChoiceField(
        label="They may bill", choices=InvoiceType, initial=InvoiceType.WORK_AND_RELEASE, required=True
    )
    commitment = forms.ModelMultipleChoiceField(
        queryset=None, error_messages={"required": "Tick at least one commitment to invite."}
    )

    def __init__(self, commitments, data=None):
        super().__init__(data)
        self.fields["commitment"].queryset = commitments
