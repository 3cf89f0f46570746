"""Permission templates: levels that a company gives to a group of its people at once (domain 1.1)."""

from django.contrib.auth.models import Group
from django.db import models
from django.db.models.functions import Lower

from directory.models.companies import Company


class PermissionTemplate(models.Model):
    """A group under a name of the company's own. Its levels are the group's, its people the group's users.

    A template holds levels on tools and nothing else: *Can Push to Accounting* is never part of one (P-4).
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="permission_templates")
    name = models.CharField(max_length=80)
    group = models.OneToOneField(Group, models.PROTECT, related_name="template")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("company", Lower("name"), name="a_template_name_is_used_once_in_a_company")
        ]

    def __str__(self):
        return self.name
