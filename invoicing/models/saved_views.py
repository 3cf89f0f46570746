"""A person's own names for what they narrow a project's billing board to."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from directory.models import Project


class SavedView(models.Model):
    """Of every period of the project alike; nobody else sees it. `query` is what the address of the board says."""

    MOST = 20  # of one person in one project

    project = models.ForeignKey(Project, models.CASCADE, related_name="saved_views")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("project", "person", Lower("name"), name="a_view_has_one_name_for_its_person")
        ]

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self.project.company
