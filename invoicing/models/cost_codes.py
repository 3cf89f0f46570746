"""What a line is spent on: the company's cost codes, and the nine cost types that Sage knows."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from directory.models import Company


class CostType(models.IntegerChoices):
    MATERIAL = 1, "Material"
    LABOR = 2, "Labor"
    EQUIPMENT = 3, "Equipment"
    SUBCONTRACT = 4, "Subcontract"
    OTHER = 5, "Other"
    USER_6 = 6, "User-defined 6"
    USER_7 = 7, "User-defined 7"
    USER_8 = 8, "User-defined 8"
    USER_9 = 9, "User-defined 9"


class CostCode(models.Model):
    """Sage keeps one list for all jobs, so a code belongs to the company."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="cost_codes")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1, help_text="A form built on an older version is refused.")

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint("company", Lower("code"), name="a_cost_code_is_used_once_in_a_company")]

    def __str__(self):
        return f"{self.code} {self.name}"


USER_DEFINED = (CostType.USER_6, CostType.USER_7, CostType.USER_8, CostType.USER_9)


class CostTypeName(models.Model):
    """What a company calls one of the cost types that Sage leaves to its users, 6 to 9."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="cost_type_names")
    cost_type = models.PositiveSmallIntegerField(choices=CostType)
    name = models.CharField(max_length=30)

    class Meta:
        ordering = ["cost_type"]
        constraints = [
            models.UniqueConstraint("company", "cost_type", name="a_cost_type_has_one_name_in_a_company"),
            models.UniqueConstraint("company", Lower("name"), name="a_name_means_one_cost_type_in_a_company"),
            models.CheckConstraint(
                condition=Q(cost_type__gte=6, cost_type__lte=9), name="a_company_names_the_user_defined_cost_types"
            ),
        ]

    def __str__(self):
        return f"{self.cost_type} {self.name}"


def cost_types_of(company) -> dict[int, str]:
    """{number: what the company calls it}, all nine, in one query. `company`: it or its id."""
    named = CostTypeName.objects.filter(company=company).values_list("cost_type", "name")
    return dict(CostType.choices) | dict(named)
