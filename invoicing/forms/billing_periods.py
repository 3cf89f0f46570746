"""Opening a billing period, and choosing whom to invite in it."""

from django import forms

from directory.moments import day_in_words
from directory.typed import DayInput, PlainField
from invoicing.models import BillingPeriod, InvoiceType


class DayField(forms.DateField):
    widget = DayInput


class KeepsTimeField(forms.BooleanField):
    """Whether a period that closes before its bills are due takes them until then (B-5)."""

    def __init__(self):
        super().__init__(required=False, help_text="Untick it to end their time now.")


def keep_or_drop(form: forms.Form, closing: BillingPeriod | None) -> None:
    """Say until when in the label of `keeps_time`; without the field where nobody has time that could be kept."""
    if closing is None or closing.project.has_passed(closing.due_date):
        del form.fields["keeps_time"]
    else:
        until = day_in_words(closing.due_date)
        form.fields["keeps_time"].label = f"Whoever may still bill {closing} keeps the time until {until}"


class DaysForm(forms.Form):
    start_date = DayField(label="First day of work")
    end_date = DayField(label="Last day of work")
    due_date = DayField(label="Bills are due", help_text="Contacts can send until the end of this day.")


class PeriodForm(DaysForm):
    """A new one; `closing`: the open one, which closes."""

    keeps_time = KeepsTimeField()

    def __init__(self, data=None, *, closing: BillingPeriod | None, initial=None):
        super().__init__(data, initial=(initial or {}) | {"keeps_time": True})
        keep_or_drop(self, closing)


class ReopenPeriodForm(forms.Form):
    """`closing`: the open one, which closes."""

    keeps_time = KeepsTimeField()

    def __init__(self, data=None, *, closing: BillingPeriod | None):
        super().__init__(data, initial={"keeps_time": True})
        keep_or_drop(self, closing)


class DatesForm(DaysForm):
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


class TickedField(forms.ModelMultipleChoiceField):
    """Rows of a list; what no list can have sent is refused in words before the database is asked."""

    GONE = "One of what was ticked is no commitment of this board any more. Tick again."

    def __init__(self, **rest):
        wrong = dict.fromkeys(("invalid_choice", "invalid_pk_value", "invalid_list"), self.GONE)
        super().__init__(None, error_messages=wrong | rest.pop("error_messages"), **rest)

    def clean(self, value):
        if any(not (each.isascii() and each.isdecimal() and len(each) < 19) for each in value or ()):
            raise forms.ValidationError(self.GONE)
        return super().clean(value)


class AskForm(forms.Form):
    """Whom to ask. `visible`: what this person may tick; whether each can be asked is the action's to say.

    `matching`: all that the board's filters find, on every page, where these may be asked at once.
    """

    commitment = TickedField(required=False, error_messages={"required": "Tick at least one commitment."})
    all = forms.BooleanField(required=False)

    def __init__(self, visible, data=None, matching=None):
        super().__init__(data)
        self.matching = matching
        self.fields["commitment"].queryset = visible
        self.fields["commitment"].required = not self.asks_all

    @property
    def asks_all(self) -> bool:
        return self.matching is not None and bool(self.data.get("all"))

    @property
    def chosen(self):
        return self.matching if self.asks_all else self.cleaned_data["commitment"]


class InviteForm(AskForm):
    invoice_type = forms.ChoiceField(
        label="They may bill", choices=InvoiceType, initial=InvoiceType.WORK_AND_RELEASE, required=True
    )
