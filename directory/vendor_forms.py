"""What is typed about vendors: details, the search of their list, the call that verifies a change, a file to read."""

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from directory.actions.vendors import Details
from directory.models import Vendor
from directory.models.companies import INSURANCE_ENDS_SOON, insurance_is
from directory.sheets import SPLIT, why_too_large
from directory.typed import DAYS, DayInput, PlainField, SearchField


class VendorForm(forms.Form):
    """`seen` holds the ids of look-alikes that somebody has ticked; its boxes are drawn once there are any."""

    name = PlainField(max_length=120)
    number = PlainField(max_length=20, required=False, help_text="Your own number for this vendor.")
    email = forms.EmailField(label="E-mail", required=False, help_text="Where the vendor hears of changes.")
    phone = PlainField(max_length=30, required=False)
    remit_to = PlainField(
        max_length=300, required=False, label="Remit-to address", widget=forms.Textarea(attrs={"rows": 3})
    )
    insurance_expires_date = forms.DateField(
        required=False, label="Insurance expires", widget=DayInput, validators=DAYS
    )
    needs_workers_comp = forms.BooleanField(required=False, label="Workers’ compensation proof is missing")
    seen = forms.TypedMultipleChoiceField(required=False, coerce=int)

    def __init__(self, data=None, *, company, vendor: Vendor | None = None):
        super().__init__(data, initial={name: getattr(vendor, name) for name in DETAILS} if vendor else None)
        self.fields["seen"].choices = [(pk, pk) for pk in company.vendors.values_list("pk", flat=True)] if data else []

    @property
    def details(self) -> Details:
        return Details(**{name: self.cleaned_data[name] for name in DETAILS})


DETAILS = tuple(Details.__dataclass_fields__)


class VendorEditForm(VendorForm):
    reason = PlainField(
        max_length=300,
        required=False,
        label="Where does the change come from?",
        help_text="Asked for when name, e-mail, phone or remit-to address change: whoever calls the vendor reads it.",
    )


class VendorFilter(forms.Form):
    """What the list is narrowed to: the address is the view."""

    STANDINGS = (("", "Active"), ("deactivated", "Deactivated"), ("all", "All"))
    ENDS_SOON = f"ends within {INSURANCE_ENDS_SOON.days} days"
    INSURANCES = (("", "Any"), ("expired", "Expired"), ("soon", ENDS_SOON.capitalize()), ("unknown", "Not known"))

    q = SearchField("Name, number or e-mail")
    standing = forms.ChoiceField(required=False, choices=STANDINGS)
    insurance = forms.ChoiceField(required=False, choices=INSURANCES)
    workers_comp = forms.ChoiceField(
        required=False,
        label="Workers’ comp",
        choices=(("", "Any"), ("missing", "Proof missing"), ("there", "In order")),
    )
    change = forms.ChoiceField(required=False, choices=(("", "Any"), ("waiting", "Waiting for a call")))

    def __init__(self, data):
        super().__init__(data)
        self.is_valid()  # what makes no sense in an address is left out

    @property
    def is_narrow(self) -> bool:
        return any(self.cleaned_data.values())

    def narrowed(self, vendors, today):
        asked = self.cleaned_data
        vendors = vendors.matching(asked.get("q", ""))
        if asked.get("standing") != "all":
            vendors = vendors.filter(is_active=asked.get("standing") != "deactivated")
        if asked.get("insurance"):
            vendors = vendors.filter(insurance_is(asked["insurance"], today))
        if asked.get("workers_comp"):
            vendors = vendors.filter(Q(needs_workers_comp=asked["workers_comp"] == "missing"))
        return vendors.with_change_waiting() if asked.get("change") else vendors


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self):
        super().__init__(format="%Y-%m-%dT%H:%M")


class CallForm(forms.Form):
    """The call-back that verifies a change, in the company's time."""

    called_number = PlainField(
        max_length=30, label="Number you called", help_text="One you knew before, from a contract or an old invoice."
    )
    spoke_with = PlainField(max_length=120, label="Whom you spoke with")
    called_at = forms.DateTimeField(label="When you called", widget=MomentInput)

    def __init__(self, data=None, *, company):
        super().__init__(data)
        self.company = company
        self.fields["called_at"].help_text = f"In the time of {company.time_zone.replace('_', ' ')}."

    def clean_called_at(self) -> datetime:
        """Typed in the company's zone; Django took it for the site's."""
        return self.cleaned_data["called_at"].replace(tzinfo=self.company.zone)


class UploadForm(forms.Form):
    """`remedy`: what to do with a file that is too large."""

    remedy = SPLIT
    file = forms.FileField(
        label="Workbook or CSV",
        help_text="An .xlsx without macros and formulas, or a .csv; up to 10 MB.",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt,.tsv"}),
        max_length=200,
    )

    def clean_file(self):
        if what := why_too_large(self.cleaned_data["file"].size):
            raise ValidationError(f"{what} {self.remedy}")
        return self.cleaned_data["file"]


class DeclineForm(forms.Form):
    note = PlainField(max_length=300, label="Why is it declined?", widget=forms.Textarea(attrs={"rows": 3}))


class DeactivateForm(forms.Form):
    reason = PlainField(max_length=300, label="Why is it deactivated?", widget=forms.Textarea(attrs={"rows": 3}))
