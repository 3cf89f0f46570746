"""What is asked about a directory's people: who of them, who is new, who goes where, and why."""

from django import forms
from django.utils.functional import cached_property

from directory.models import Company, Membership, Vendor
from directory.permissions import accounting_approvers
from directory.typed import PlainField, SearchField

State = Membership.State
OWN, VENDORS, ALL = "own", "vendors", "all"


def active_vendors(company: Company):
    return Vendor.objects.filter(company=company, is_active=True)


class VendorField(forms.ModelChoiceField):
    """An active vendor of the company, or nobody's: the company itself."""

    def __init__(self, company: Company):
        super().__init__(
            active_vendors(company), required=False, label="Employed by", empty_label=f"{company.name} itself"
        )


class AddressIsChecked(forms.BooleanField):
    def __init__(self):
        super().__init__(
            required=False,
            label="I have checked this address",
            help_text="Needed when it is unlike the addresses of the vendor's other people.",
        )


class PeopleFilter(forms.Form):
    """Lives in the address. Whatever it holds that is nonsense narrows nothing."""

    q = SearchField("Name, e-mail, vendor or title")
    employer = forms.ChoiceField(required=False, label="Employed by")
    state = forms.ChoiceField(required=False, choices=[(ALL, "Everybody"), *State.choices], widget=forms.HiddenInput)
    approvers = forms.BooleanField(required=False, label="Accounting approvers")

    def __init__(self, company: Company, data):
        super().__init__(data)
        self.company = company
        vendors = [(str(pk), name) for pk, name in Vendor.objects.filter(company=company).values_list("pk", "name")]
        choices = [("", "Anybody"), (OWN, company.name), (VENDORS, "Any vendor"), *vendors]
        self.fields["employer"].choices = choices
        self.is_valid()

    def value(self, name: str):
        return self.cleaned_data.get(name) or ""

    @property
    def state_shown(self) -> str:
        """Active people unless the address says otherwise."""
        return self.value("state") or State.ACTIVE

    @property
    def is_narrow(self) -> bool:
        return any(self.value(name) for name in ("q", "employer", "approvers"))

    def shown(self):
        """The people of the list."""
        found = self.narrowed() if self.state_shown == ALL else self.narrowed().in_state(self.state_shown)
        return found.by_employer()

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many people each state would show now."""
        counts = self.narrowed().count_by_state()
        return counts | {ALL: sum(counts.values())}

    @property
    def chips(self) -> list[dict]:
        words = {state.value: state.label for state in State} | {ALL: "Everybody"}
        return [{"state": key, "label": label, "count": self.counts[key]} for key, label in words.items()]

    def narrowed(self):
        """Everybody the search and the filters let through, in whatever state."""
        found = Membership.objects.filter(company=self.company).matching(self.value("q"))
        if self.value("employer") == OWN:
            found = found.filter(vendor=None)
        elif self.value("employer") == VENDORS:
            found = found.filter(vendor__isnull=False)
        elif self.value("employer"):
            found = found.filter(vendor=self.value("employer"))
        if self.value("approvers"):
            found = found.filter(person__in=accounting_approvers(self.company))
        return found


class NewPersonForm(forms.Form):
    name = forms.CharField(max_length=120)
    email = forms.EmailField(label="E-mail", help_text="They sign in with it.")
    title = forms.CharField(max_length=80, required=False, help_text="For example Project manager.")
    address_is_checked = AddressIsChecked()

    field_order = ("name", "email", "vendor", "title", "address_is_checked")

    def __init__(self, company: Company, data=None, initial=None):
        super().__init__(data, initial=initial)
        self.fields["vendor"] = VendorField(company)
        self.order_fields(self.field_order)


class PersonForm(forms.Form):
    """Name only where this directory may change it."""

    name = forms.CharField(max_length=120)
    title = forms.CharField(max_length=80, required=False)

    def __init__(self, membership: Membership, data=None, *, names: bool):
        super().__init__(data, initial={"name": membership.person.name, "title": membership.title})
        if not names:
            del self.fields["name"]


class MoveForm(forms.Form):
    title = forms.CharField(max_length=80, required=False, label="Title there")
    reason = PlainField(max_length=300, label="Why they move")
    address_is_checked = AddressIsChecked()

    field_order = ("vendor", "title", "reason", "address_is_checked")

    def __init__(self, membership: Membership, data=None):
        super().__init__(data, initial={"title": membership.title})
        self.fields["vendor"] = VendorField(membership.company)
        self.fields["vendor"].label = "New employer"
        if membership.vendor_id:
            self.fields["vendor"].queryset = active_vendors(membership.company).exclude(pk=membership.vendor_id)
        else:
            self.fields["vendor"].required = True
            self.fields["vendor"].empty_label = "Choose a vendor"
        self.order_fields(self.field_order)


class ReasonForm(forms.Form):
    reason = PlainField(max_length=300, label="Why")
