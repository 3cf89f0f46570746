"""Naming who bills a commitment."""

from django import forms

from directory.models import Person
from directory.vendor_forms import PlainField
from invoicing.models import Commitment


class ContactForm(forms.Form):
    person = forms.ModelChoiceField(queryset=Person.objects.none(), empty_label="Choose a person")

    def __init__(self, commitment: Commitment, data=None):
        super().__init__(data)
        self.fields["person"].queryset = candidates(commitment)
        self.fields["person"].label = f"Person at {commitment.vendor.name}"
        self.fields["person"].label_from_instance = lambda person: f"{person.name}, {person.email}"


def candidates(commitment: Commitment):
    """The vendor's active people who are not invoice contacts of it yet."""
    return (
        Person.objects.filter(
            memberships__company=commitment.company_id,
            memberships__vendor=commitment.vendor_id,
            memberships__is_active=True,
            is_active=True,
        )
        .exclude(invoice_contacts__commitment=commitment)
        .order_by("name")
    )


class MoveForm(forms.Form):
    """Another status: `version` is that of the page it was asked from."""

    reason = PlainField(
        label="Why?",
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stays in the commitment’s history.",
    )
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, version: int):
        super().__init__(data, initial={"version": version})
