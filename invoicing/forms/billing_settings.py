"""How a project bills: the days of its periods, what opens by itself, who is told."""

from django import forms

from directory.fields import label_of
from directory.models import Person, Project
from directory.typed import PlainField
from invoicing.models import BillingSettings, Reminders, Rhythm, Weekday
from invoicing.models.billing_periods import MOST_DAYS_TO_BILL, DueMonth
from invoicing.notifications import may_be_told


class DayOfMonth(forms.IntegerField):
    """1 to 31; 31 is the month's last day."""

    def __init__(self, name: str, help_text: str = ""):
        super().__init__(label=label_of(BillingSettings, name), min_value=1, max_value=31, help_text=help_text)


class BillingSettingsForm(forms.Form):
    """Everything is sent each time, also what belongs to the other rhythm: switching there and back loses nothing."""

    version = forms.IntegerField(min_value=0, max_value=2**31 - 1, widget=forms.HiddenInput)
    start_day = DayOfMonth("start_day", "Day of the month.")
    end_day = DayOfMonth("end_day", "31 is the month’s last day. Before the first day: of the month after.")
    due_day = DayOfMonth("due_day", "May come before the last day.")
    due_month = forms.ChoiceField(
        label=label_of(BillingSettings, "due_month"),
        choices=DueMonth,
        help_text="Bills may come when the work is over: on 5 December for November.",
    )
    rhythm = forms.ChoiceField(
        label=label_of(BillingSettings, "rhythm"),
        choices=Rhythm,
        help_text="On its own first day, on the project’s clock. It closes the one before. You open the first.",
    )
    week_starts_on = forms.TypedChoiceField(
        label=label_of(BillingSettings, "week_starts_on"), choices=Weekday, coerce=int
    )
    week_due_after = forms.IntegerField(
        label=label_of(BillingSettings, "week_due_after"),
        min_value=0,
        max_value=MOST_DAYS_TO_BILL,
        help_text="Days after the first: 4 is Friday for a week from Monday, 8 is Tuesday of the week after.",
    )
    by_invitation_only = forms.BooleanField(
        label=label_of(BillingSettings, "by_invitation_only"),
        required=False,
        help_text="Off: whoever is named as invoice contact may bill an open period without being asked.",
    )
    invitation_text = PlainField(
        label="Words in every invite",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="They stand in the mail and on the page it leads to.",
    )
    reminder_days = forms.TypedChoiceField(
        label=label_of(BillingSettings, "reminder_days"),
        choices=Reminders,
        coerce=int,
        help_text="Until bills are due; only who has neither answered nor sent a bill.",
    )
    mails_approval = forms.BooleanField(label=label_of(BillingSettings, "mails_approval"), required=False)
    mails_payments = forms.BooleanField(label=label_of(BillingSettings, "mails_payments"), required=False)
    distribution_list = forms.ModelMultipleChoiceField(
        label=label_of(BillingSettings, "distribution_list"),
        queryset=Person.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The company’s own people who can see this project. With nobody ticked its Admins get it.",
    )

    def __init__(self, project: Project, settings: BillingSettings, data=None):
        super().__init__(data, initial=stored(settings))
        self.fields["distribution_list"].queryset = may_be_told(project).order_by("name")


def stored(settings: BillingSettings) -> dict:
    """What is set now, by the names of the form."""
    names = [name for name in BillingSettingsForm.base_fields if name != "distribution_list"]
    people = list(settings.distribution_list.order_by("name")) if settings.pk else []
    return {name: getattr(settings, name) for name in names} | {"distribution_list": people}
