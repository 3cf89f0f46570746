"""Names for what a project's billing board or its invoices are narrowed to: one's own, or everybody's."""

from functools import cache

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from directory.kept import kept
from directory.models import Project


class SavedViewQuerySet(models.QuerySet):
    def shown_to(self, access, page: str) -> "SavedViewQuerySet":
        """One's own and, for the company's own people, what is shared: its names may say what vendors must not read."""
        return self.of(access.person, access.project, page, is_external=access.is_external)

    def of(self, person, project, page: str, *, is_external: bool) -> "SavedViewQuerySet":
        mine = Q(person=person, is_shared=False)
        reads = mine if is_external else mine | Q(is_shared=True)
        return self.filter(reads, project=project, page=page)


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


def views_shown_to(access, page: str) -> list[SavedView]:
    """`shown_to`, in a question that is kept."""
    return _shown(access.is_external)(person=access.person.pk, project=access.project.pk, page=page)


@cache
def _shown(is_external: bool) -> kept:
    return kept(lambda person, project, page: SavedView.objects.of(person, project, page, is_external=is_external))
