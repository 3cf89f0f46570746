"""Names for what a project's billing board or its invoices are narrowed to: one's own, or everybody's."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from directory.models import Project


class SavedViewQuerySet(models.QuerySet):
    def shown_to(self, access, page: str) -> "SavedViewQuerySet":
        """One's own and, for the company's own people, what is shared: its names may say what vendors must not read."""
        mine = Q(person=access.person, is_shared=False)
        reads = mine | Q(is_shared=True) if not access.is_external else mine
        return self.filter(reads, project=access.project, page=page)


class SavedView(models.Model):
    """`query` is what the address of the page says. A view of the board is of every period of the project alike.

    Nobody else sees one's own. What is shared belongs to the project: any Admin changes or deletes it.
    """

    class Page(models.TextChoices):
        BOARD = "board", "the board"
        INVOICES = "invoices", "the invoices"

    MOST = 20  # of one person, and shared, on one page of one project

    project = models.ForeignKey(Project, models.CASCADE, related_name="saved_views")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=10, choices=Page, default=Page.BOARD)
    is_shared = models.BooleanField("shared with the project", default=False)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["-is_shared", "name"]
        constraints = [
            models.UniqueConstraint(
                "project",
                "person",
                "page",
                Lower("name"),
                condition=Q(is_shared=False),
                name="a_view_has_one_name_for_its_person",
            ),
            models.UniqueConstraint(
                "project", "page", Lower("name"), condition=Q(is_shared=True), name="a_shared_view_has_one_name"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self.project.company
