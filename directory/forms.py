"""What people type about themselves, and what they ask of a list."""

from django import forms

from directory.models import Membership, Person
from directory.permissions import Level
from directory.typed import SearchField


class ProfileForm(forms.Form):
    name = forms.CharField(max_length=120, label="Your name", help_text="As it stands beside what you do here.")
    uses_keys = forms.BooleanField(
        required=False,
        label="Single-letter keys",
        help_text="For example j and k to move through lines. They never act while you type.",
    )


class LevelFilterForm(forms.Form):
    """Whose levels to show, and of which project; lives in the address."""

    project = forms.ChoiceField(required=False, label="Project")
    q = SearchField("Name, e-mail, vendor or title")
    employer = forms.ChoiceField(required=False, label="Employed by")
    level = forms.ChoiceField(required=False, label="Has somewhere here")

    def __init__(self, data, company, projects=()):
        super().__init__(data)
        self.company = company
        self.fields["level"].choices = [("", "Any level")] + [(level.value, level.label) for level in Level]
        vendors = company.vendors.filter(memberships__is_active=True).distinct()
        self.fields["employer"].choices = [("", "Anybody"), ("own", company.name), *vendors.values_list("pk", "name")]
        self.fields["project"].choices = [(project.slug, project.name) for project in projects]
        if not projects:
            del self.fields["project"]

    def chosen(self, name: str) -> str:
        """What was asked for, or "" where it was nonsense."""
        self.is_valid()
        return self.cleaned_data.get(name, "")

    @property
    def is_narrowed(self) -> bool:
        return any(self.chosen(name) for name in ("q", "employer", "level"))

    def memberships(self):
        found = Membership.objects.in_order_of_employer(self.company).matching(self.chosen("q"))
        employer = self.chosen("employer")
        if employer:
            found = found.filter(vendor=None if employer == "own" else employer)
        return found

    @property
    def wanted_level(self) -> Level | None:
        return Level(int(self.chosen("level"))) if self.chosen("level") else None


class TemplateNameForm(forms.Form):
    name = forms.CharField(max_length=80, label="Name", help_text="For example Site team, or Accounting, reading only.")


class TemplatePersonForm(forms.Form):
    """Somebody of the directory who is not in the template yet; not oneself."""

    person = forms.ModelChoiceField(Person.objects.none(), label="Add a person", empty_label="Choose a person")

    def __init__(self, template, viewer, data=None):
        super().__init__(data)
        members = Membership.objects.in_order_of_employer(template.company).exclude(person=viewer)
        self.employers = {each.person_id: str(each.vendor or template.company) for each in members}
        outside = Person.objects.filter(pk__in=self.employers).exclude(groups=template.group_id)
        self.fields["person"].queryset = outside
        self.fields["person"].label_from_instance = lambda person: f"{person.name}, {self.employers[person.pk]}"
