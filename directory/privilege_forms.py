"""What is asked about *Can Push to Accounting*: for whom, and why."""

from django import forms

from directory.models import AccountingPrivilege, Person, PrivilegeRequest
from directory.typed import PlainField


class AskForm(forms.Form):
    """A Directory Admin names one of the company's own people who does not hold it."""

    person = forms.ModelChoiceField(
        Person.objects.none(), label="For whom", empty_label="Choose a person", help_text="Not for yourself."
    )
    reason = PlainField(
        max_length=300,
        label="Why this person needs it",
        help_text="The site owner decides by it, and it stays on record.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, company, by, data=None):
        super().__init__(data)
        holders = AccountingPrivilege.objects.live().filter(company=company)
        asked = PrivilegeRequest.objects.waiting().filter(company=company)
        self.fields["person"].queryset = (
            Person.objects.employed_by(company)
            .exclude(pk__in=holders.values("person"))
            .exclude(pk__in=asked.values("person"))
            .exclude(pk=by.pk)
        )
