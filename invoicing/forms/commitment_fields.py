"""What is typed about a commitment, and what to show when somebody else saved it meanwhile (I-5)."""

from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef, Q

from directory.models import Event, VendorChange
from directory.typed import DAYS, DayInput, PlainField
from invoicing.actions.commitment_edits import FIELDS
from invoicing.models import Commitment

NUMBER = Commitment._meta.get_field("number")
PERCENT = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))]


class RateField(forms.DecimalField):
    """A percentage, with its sign or without."""

    def __init__(self, **rest):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "amount"})
        super().__init__(max_digits=7, decimal_places=4, validators=PERCENT, widget=widget, **rest)

    def to_python(self, value):
        return super().to_python(value.replace("%", "").strip() if isinstance(value, str) else value)

    def prepare_value(self, value):
        return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=DayInput, validators=DAYS)


class CommitmentForm(forms.Form):
    """Each field carries along what its page showed, so that a later save knows what its author changed."""

    number = PlainField(
        max_length=20,
        validators=NUMBER.validators[:1],
        help_text="Up to 20 letters, digits, dots, dashes and underscores.",
    )
    title = PlainField(max_length=120)
    vendor = forms.ModelChoiceField(queryset=None, empty_label="Choose a vendor")
    is_private = forms.BooleanField(
        label="Private", required=False, help_text="Only Admins and the people on its access list see it."
    )
    executed_date = _day("Executed on")
    start_date = _day("Starts")
    completion_date = _day("To be complete by")
    retainage_rate = RateField(label="Retainage on work, %", help_text="A line may have a rate of its own.")
    accounting_method = forms.ChoiceField(label="Billed by", choices=Commitment.Accounting)
    bills_stored_materials = forms.BooleanField(label="Stored materials are billed separately", required=False)
    holds_stored_retainage = forms.BooleanField(label="Retainage is held on stored materials", required=False)
    stored_retainage_rate = RateField(
        label="Retainage on stored materials, %", required=False, help_text="Counts only while it is held."
    )
    allows_over_billing = forms.BooleanField(
        label="Over-billing is allowed", required=False, help_text="A line may be billed above its scheduled value."
    )
    payment_terms = PlainField(max_length=40, required=False, help_text="For example: net 30.")
    description = PlainField(max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4}))
    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, company, commitment: Commitment | None = None):
        start = commitment or Commitment()
        super().__init__(data, initial={name: getattr(start, name) for name in FIELDS if name != "vendor"})
        self.initial |= {"vendor": start.vendor_id, "version": start.version}
        vendors = company.vendors.filter(Q(is_active=True) | Q(pk=start.vendor_id))
        waiting = VendorChange.objects.waiting().filter(vendor=OuterRef("pk"))
        self.fields["vendor"].queryset = vendors.annotate(has_change=Exists(waiting))
        self.fields["vendor"].label_from_instance = _vendor_in_words
        if commitment:
            for name in FIELDS:
                self.fields[name].show_hidden_initial = True

    def clean_stored_retainage_rate(self) -> Decimal:
        rate = self.cleaned_data["stored_retainage_rate"]
        if rate is None and self.cleaned_data.get("holds_stored_retainage"):
            raise ValidationError("Give the rate, or untick that retainage is held on stored materials.")
        return Decimal(0) if rate is None else rate

    @property
    def values(self) -> dict:
        return {name: self.cleaned_data[name] for name in FIELDS}

    def rebased(self, company, commitment: Commitment) -> "CommitmentForm":
        """The same form on what is stored now: whatever its author changed stays typed, all else is as stored."""
        data, mine = self.data.copy(), self.changed_data
        data["version"] = str(commitment.version)
        for name in FIELDS:
            stored = getattr(commitment, f"{name}_id" if name == "vendor" else name)
            shown = self.fields[name].prepare_value(stored)
            text = "" if shown is None else str(shown)
            data[self.add_initial_prefix(name)] = text
            if name in mine:
                continue
            if shown is False:
                data.pop(name, None)
            else:
                data[name] = text
        return CommitmentForm(data, company=company, commitment=commitment)


def _vendor_in_words(vendor) -> str:
    if not vendor.is_active:
        return f"{vendor.name} (deactivated)"
    return f"{vendor.name} (a change of its details waits for a call-back)" if vendor.has_change else vendor.name


@dataclass(frozen=True)
class Difference:
    """One field that two people left different. `mine` empty and `is_mine` False: only the other changed it."""

    label: str
    theirs: str
    mine: str
    is_mine: bool
    event: Event | None  # by whom and when it became `theirs`


def differences(form: CommitmentForm, commitment: Commitment) -> list[Difference]:
    """Field by field, what is stored now beside what `form`, made on an older version, would store."""
    events = list(Event.objects.about(commitment)[:50])
    found = []
    for name in FIELDS:
        theirs, mine = getattr(commitment, name), form.cleaned_data[name]
        if theirs == mine:
            continue
        event = next((event for event in events if name in event.changes), None)
        is_mine = name in form.changed_data
        label = str(form.fields[name].label or form[name].label)
        found.append(Difference(label, _words(theirs, name), _words(mine, name) if is_mine else "", is_mine, event))
    return found


def _words(value, name: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "accounting_method":
        return Commitment.Accounting(value).label
    return f"{value.normalize():f} %" if isinstance(value, Decimal) else str(value or "nothing")
