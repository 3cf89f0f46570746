"""What a site owner is asked when granting, declining and withdrawing *Can Push to Accounting*."""

from datetime import datetime

from django import forms

from directory.actions import privileges
from directory.models import AccountingPrivilege, Company
from directory.refusals import Refused
from directory.typed import DayInput, PlainField
from directory.views.answers import show_at_its_field


class LastDayField(forms.DateField):
    """In the browser's own calendar; empty: until it is withdrawn."""

    def __init__(self):
        super().__init__(
            required=False,
            label="Last day",
            help_text="The last day on which it holds, in the company's zone. Empty: until it is withdrawn.",
            widget=DayInput,
        )


class ReasonField(PlainField):
    def __init__(self, label: str, help_text: str = ""):
        super().__init__(
            max_length=300, label=label, help_text=help_text, widget=forms.TextInput(attrs={"class": "vTextField"})
        )


class GrantForm(forms.ModelForm):
    """Asks the action first, so that a refusal stands beside its field."""

    by = None  # the site owner who fills it in
    last_day = LastDayField()

    class Meta:
        model = AccountingPrivilege
        fields = ("person", "company", "reason")
        field_classes = {"reason": PlainField}

    def clean(self):
        values = super().clean()
        if {"person", "company", "reason"} <= values.keys():
            ends_at = end_of(values["company"], values.get("last_day"))
            try:
                privileges.check_grant(
                    values["person"], values["company"], by=self.by, reason=values["reason"], ends_at=ends_at
                )
            except Refused as refusal:
                show_at_its_field(self, refusal)
            self.instance.ends_at = ends_at
        self.instance.granted_by = self.by
        return values


class GrantRequestForm(forms.Form):
    reason = ReasonField("Why it is granted", "Stays on record; the person and whoever asked read it.")
    last_day = LastDayField()


class DeclineForm(forms.Form):
    reason = ReasonField("Why not", "Whoever asked and the person read it.")


class WithdrawForm(forms.Form):
    reason = ReasonField("Why it is withdrawn", "Stays on record; the person reads it.")


def end_of(company: Company, day) -> datetime | None:
    return company.end_of(day) if day else None
