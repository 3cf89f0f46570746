"""What a line is spent on: the company's cost codes, and the nine cost types that Sage knows."""

from django.db import models

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

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint("company", "code", name="a_cost_code_is_used_once_in_a_company")]

    def __str__(self):
        return f"{self.code} {self.name}"
