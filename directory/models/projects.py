"""A job that a company runs."""

import zoneinfo

from django.core.exceptions import ValidationError
from django.db import models

from directory.models.companies import Company
from directory.permissions import Tool


def check_time_zone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as America/Chicago.")


class Project(models.Model):
    company = models.ForeignKey(Company, models.PROTECT, related_name="projects")
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=20)
    slug = models.SlugField(unique=True, help_text="Names the project in addresses.")
    time_zone = models.CharField(max_length=50, default="America/Chicago", validators=[check_time_zone])
    is_active = models.BooleanField(default=True)

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

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)
