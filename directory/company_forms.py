"""What is asked about a company's projects and about how strictly it works."""

import zoneinfo

from django import forms

from directory.fields import label_of
from directory.models import Company, Policy, Project
from directory.typed import PlainField

ZONES = sorted(
    zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix"))
)
ZONE_CHOICES = [(zone, zone.replace("_", " ")) for zone in ZONES]


class ZoneField(forms.ChoiceField):
    def __init__(self, help_text: str):
        super().__init__(choices=ZONE_CHOICES, label="Time zone", help_text=help_text)

    def choices_with(self, current: str) -> list:
        """A zone set before is offered although its name is old-fashioned."""
        return ZONE_CHOICES if current in ZONES else [(current, current), *ZONE_CHOICES]


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=120)
    number = forms.CharField(max_length=20, help_text="As accounting knows the job. Used once in the company.")
    time_zone = ZoneField("Where its days begin and end: bills are due by this clock.")

    def __init__(self, company: Company, data=None, project: Project | None = None):
        known = {"name": project.name, "number": project.number, "time_zone": project.time_zone} if project else {}
        super().__init__(data, initial={"time_zone": company.time_zone} | known)
        zone = self.fields["time_zone"]
        zone.choices = zone.choices_with(self.initial["time_zone"])


class NewProjectForm(ProjectForm):
    slug = forms.SlugField(
        max_length=50,
        required=False,
        label="Address",
        help_text="Small letters, digits and hyphens, for example riverside. Empty: made from the name. It stays.",
    )
    like = forms.ModelChoiceField(
        None,
        required=False,
        label="Who may do what",
        empty_label="Nobody yet: set levels later",
        help_text="Own people and permission templates get the levels they have on the other project.",
    )

    field_order = ("name", "number", "slug", "time_zone", "like")

    def __init__(self, company: Company, data=None):
        super().__init__(company, data)
        self.fields["like"].queryset = Project.objects.filter(company=company)
        self.fields["like"].label_from_instance = lambda project: f"As on {project.name}"


class SettingsForm(forms.Form):
    """Each field says what it does; which of them protects less is the action's to say."""

    name = forms.CharField(max_length=120, help_text="As it stands on pages, in mail and on files for accounting.")
    time_zone = ZoneField("Accounting's: the day of an acceptance, of a file's name, of the age of a list.")
    separate_submitter_and_approver = forms.BooleanField(
        required=False,
        label=label_of(Company, "separate_submitter_and_approver"),
        help_text="Whoever sends an invoice in, also on behalf of a subcontractor, can't approve it.",
    )
    separate_sender_and_accepter = forms.BooleanField(
        required=False,
        label=label_of(Company, "separate_sender_and_accepter"),
        help_text="Whoever had a hand in an invoice before accounting got it can't accept it there.",
    )
    separate_raiser_and_approver = forms.BooleanField(
        required=False,
        label=label_of(Company, "separate_raiser_and_approver"),
        help_text="A reviewer who raises an amount needs somebody else to approve the invoice.",
    )
    second_approval_above = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=18,
        decimal_places=2,
        localize=True,
        label=label_of(Company, "second_approval_above"),
        help_text="US dollars due to one vendor in a period. Above it two people approve. Empty: one is enough.",
    )
    needs_second_factor = forms.BooleanField(
        required=False,
        label=label_of(Company, "needs_second_factor"),
        help_text="Accounting, Admins of Directory or Commitments, and site owners sign in with a second factor.",
    )
    insurance_policy = forms.ChoiceField(
        choices=Policy,
        label=label_of(Company, "insurance_policy"),
        help_text="When the vendor's insurance ran out before an approval.",
    )
    workers_comp_policy = forms.ChoiceField(
        choices=Policy,
        label=label_of(Company, "workers_comp_policy"),
        help_text="When the vendor's proof is marked as missing.",
    )
    lien_waiver_policy = forms.ChoiceField(
        choices=Policy,
        label=label_of(Company, "lien_waiver_policy"),
        help_text="When no lien waiver is attached to the invoice.",
    )
    reason = PlainField(
        max_length=300,
        required=False,
        label="Why",
        help_text="Needed when something protects less than before. It is recorded and mailed.",
    )

    def __init__(self, company: Company, data=None):
        names = [name for name in self.base_fields if name != "reason"]
        super().__init__(data, initial={name: getattr(company, name) for name in names})
        zone = self.fields["time_zone"]
        zone.choices = zone.choices_with(company.time_zone)
