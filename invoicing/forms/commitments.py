"""Naming who bills a commitment."""

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.db.models import BigIntegerField, CharField, DateTimeField, F, Value
from django.db.models.functions import Cast

from directory.models import Membership, Person
from directory.permissions import Level, Tool, people_with_level
from directory.typed import PlainField
from invoicing.models import Commitment
from invoicing.permissions import is_project_admin


class ContactForm(forms.Form):
    person = forms.ModelChoiceField(queryset=Person.objects.none(), empty_label="Choose a person")

    def __init__(self, commitment: Commitment, data=None, *, people: Sequence[Person] | None = None):
        """`people`: the candidates, where they are at hand."""
        super().__init__(data)
        self.fields["person"].queryset = candidates(commitment)
        self.fields["person"].label = f"Person at {commitment.vendor.name}"
        self.fields["person"].label_from_instance = lambda person: f"{person.name}, {person.email}"
        _offer(self.fields["person"], people)


def _offer(field: forms.ModelChoiceField, people: Sequence[Person] | None) -> None:
    if people is not None:
        named = [(person.pk, field.label_from_instance(person)) for person in people]
        field.choices = [("", field.empty_label), *named]


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


def colleagues_on(commitment: Commitment):
    """The company's own people on its access list; its contacts stand there too, and are listed as such (P-2)."""
    own = Membership.objects.filter(company=commitment.company_id, vendor=None, is_active=True)
    return commitment.access_list.filter(pk__in=own.values("person"), is_active=True).order_by("name")


class AccessForm(forms.Form):
    """One of the company's own people who hold a level and do not see it anyway."""

    colleague = forms.ModelChoiceField(
        label="Let somebody see it", queryset=Person.objects.none(), empty_label="Choose a person"
    )

    def __init__(self, commitment: Commitment, data=None, *, people: Sequence[Person] | None = None):
        """`people`: those who are offered, where they are at hand."""
        super().__init__(data)
        self.fields["colleague"].queryset = others_with_a_level(commitment)
        _offer(self.fields["colleague"], people)

    @property
    def offers_somebody(self) -> bool:
        return any(value for value, _ in self.fields["colleague"].choices)


def others_with_a_level(commitment: Commitment):
    """The company's own people with a level who don't see it: not on its list, and no Admins."""
    admins = people_with_level(commitment.project, Tool.COMMITMENTS, Level.ADMIN)
    holders = people_with_level(commitment.project, Tool.COMMITMENTS, Level.READ_ONLY, own=True)
    hidden = holders.exclude(pk__in=admins.values("pk")).exclude(pk__in=commitment.access_list.values("pk"))
    return hidden.order_by("name")


NAMING = {
    "naming": ("pk", BigIntegerField()),
    "named_by": ("added_by__name", CharField()),
    "named_at": ("added_at", DateTimeField()),
}


@dataclass(frozen=True)
class PeopleAbout:
    """Its contacts and who of the company is on the access list; whom an Admin can make either.

    A contact brings along what NAMING tells of the naming.
    """

    contacts: Sequence[Person]
    on_list: Sequence[Person] = ()
    candidates: Sequence[Person] = ()
    others: Sequence[Person] = ()


def people_about(commitment: Commitment, access) -> PeopleAbout:
    """In one query, by name each; the company's own are not the vendor's to see, and the choices are an Admin's."""
    parts = {"contacts": Person.objects.filter(invoice_contacts__commitment=commitment)}
    if not access.is_external:
        parts["on_list"] = colleagues_on(commitment)
    if is_project_admin(access):
        parts |= {"candidates": candidates(commitment), "others": others_with_a_level(commitment)}
    first, *more = [
        people.order_by().annotate(
            part=Value(part, CharField()),
            **{
                name: F(f"invoice_contacts__{path}") if part == "contacts" else Cast(None, field)
                for name, (path, field) in NAMING.items()
            },
        )
        for part, people in parts.items()
    ]
    found = sorted(first.union(*more) if more else first, key=lambda person: person.name.casefold())
    return PeopleAbout(**{part: [person for person in found if person.part == part] for part in parts})


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

    def __init__(self, data=None, *, version: int, needs_reason: bool, reason: str = ""):
        """`reason`: what was typed before, on a page of an older version."""
        super().__init__(data, initial={"version": version, "reason": reason})
        self.fields["reason"].required = needs_reason
        self.fields["reason"].error_messages["required"] = "Say why: the reason stays with the commitment."
