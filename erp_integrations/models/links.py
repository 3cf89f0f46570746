"""Which of ours is which of Sage's: one to one, set by a click and never guessed."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from directory.models import Company, Project, Vendor
from erp_integrations.sage100 import entries
from erp_integrations.sage100.facts import AccountChoice
from invoicing.models import Commitment, CostCode, CostType, ScheduleLine

digits = RegexValidator(entries.NUMBER, "Sage's record numbers are digits.")
DIGITS = {"max_length": entries.NUMBER_LENGTH, "validators": [digits]}


class AccountMixin(models.Model):
    """A ledger account of Sage that goes before the usual order of resolving; empty: no override.

    It outlives the link: one that is unlinked keeps its row, `UNLINKED`, and the account counts once it is linked anew.
    """

    UNLINKED: ClassVar[dict[str, str | int]]

    account = models.CharField("ledger account", blank=True, **DIGITS)
    sub_account = models.CharField(blank=True, **DIGITS)

    class Meta:
        abstract = True

    def as_account(self) -> AccountChoice | None:
        return account_choice(self.account, self.sub_account)


def account_choice(number: str, sub_account: str) -> AccountChoice | None:
    return AccountChoice(number=number, sub_account=sub_account or None) if number else None


class VendorLink(models.Model):
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    vendor = models.OneToOneField(Vendor, models.PROTECT, related_name="sage_link")
    number = models.CharField("Sage vendor number", **DIGITS)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint("company", "number", name="a_sage_vendor_is_one_vendor")]

    def __str__(self):
        return f"{self.vendor} is Sage vendor {self.number}"


class ProjectLink(AccountMixin):
    """`account` goes before the vendor's default on this job (rule S30's job override)."""

    UNLINKED = {"job_number": "", "phase_number": ""}

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.OneToOneField(Project, models.PROTECT, related_name="sage_link")
    job_number = models.CharField("Sage job number", blank=True, **DIGITS)
    phase_number = models.CharField("Sage phase number", blank=True, **DIGITS)

    class Meta:
        ordering = ["job_number"]
        constraints = [
            models.UniqueConstraint(
                "company", "job_number", "phase_number", condition=~Q(job_number=""), name="a_sage_job_is_one_project"
            ),
        ]

    def __str__(self):
        return f"{self.project} is {f'Sage job {self.job_number}' if self.job_number else 'linked to no Sage job'}"


class CostCodeLink(models.Model):
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    cost_code = models.OneToOneField(CostCode, models.PROTECT, related_name="sage_link")
    code = models.CharField(
        "Sage cost code",
        max_length=entries.COST_CODE_LENGTH,
        validators=[RegexValidator(entries.COST_CODE, "Write 2310.000.")],
    )

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint("company", "code", name="a_sage_cost_code_is_one_cost_code")]

    def __str__(self):
        return f"{self.cost_code.code} is Sage code {self.code}"


class CostTypeLink(AccountMixin):
    """Our cost type and Sage's 1–9, 0 while linked to none; `account` is used for that cost type when the only one."""

    UNLINKED = {"number": 0}

    company = models.ForeignKey(Company, models.PROTECT, related_name="cost_type_links")
    cost_type = models.PositiveSmallIntegerField(choices=CostType)
    number = models.PositiveSmallIntegerField("Sage cost type")

    class Meta:
        ordering = ["cost_type"]
        constraints = [
            models.UniqueConstraint("company", "cost_type", name="a_cost_type_is_linked_once"),
            models.UniqueConstraint(
                "company", "number", condition=Q(number__gt=0), name="a_sage_cost_type_is_one_cost_type"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=0, number__lte=entries.COST_TYPE_NUMBERS[-1]), name="sage_has_nine_cost_types"
            ),
        ]

    def __str__(self):
        theirs = f"Sage cost type {self.number}" if self.number else "linked to no Sage cost type"
        return f"{self.get_cost_type_display()} is {theirs}"


class CommitmentLink(models.Model):
    """The subcontract or purchase order in Sage; its kind is the commitment's. Numbers are unique across all jobs."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    commitment = models.OneToOneField(Commitment, models.PROTECT, related_name="sage_link")
    kind = models.CharField(max_length=20, choices=Commitment.Kind)
    number = models.CharField("Sage number", max_length=20)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint("company", "kind", "number", name="a_sage_commitment_is_one_commitment")]

    def __str__(self):
        return f"{self.commitment.number} is Sage {self.get_kind_display().lower()} {self.number}"


class LineLink(AccountMixin):
    """A line of the schedule of values and its line in Sage; `account` is the line's own, before all others."""

    UNLINKED = {"line_reference": ""}

    schedule_line = models.OneToOneField(ScheduleLine, models.PROTECT, related_name="sage_link")
    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="+")
    line_reference = models.CharField("Sage line", max_length=10, blank=True)

    class Meta:
        ordering = ["schedule_line__position"]
        constraints = [
            models.UniqueConstraint(
                "commitment", "line_reference", condition=~Q(line_reference=""), name="a_sage_line_is_one_schedule_line"
            ),
        ]

    def __str__(self):
        theirs = f"Sage line {self.line_reference}" if self.line_reference else "linked to no Sage line"
        return f"{self.commitment.number}, line {self.schedule_line} is {theirs}"

    @property
    def company(self):
        return self.commitment.company
