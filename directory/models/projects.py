"""A job that a company runs."""

from django.db import models

from directory.models.companies import Company
from directory.models.matching import holding
from directory.models.zones import InTimeZone
from directory.permissions import Tool


class ProjectQuerySet(models.QuerySet):
    def matching(self, words: str):
        """Each word somewhere in the name or the number."""
        return self.filter(holding(words, "name", "number"))


class Project(InTimeZone):
    company = models.ForeignKey(Company, models.PROTECT, related_name="projects")
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=20)
    slug = models.SlugField(unique=True, help_text="Names the project in addresses.")
    is_active = models.BooleanField(default=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        permissions = Tool.PROJECT_DIRECTORY.codenames() + Tool.COMMITMENTS.codenames()
        constraints = [
            models.UniqueConstraint("company", "number", name="a_project_number_is_used_once_in_a_company"),
        ]

    def __str__(self):
        return self.name

    @property
    def project(self):
        return self
