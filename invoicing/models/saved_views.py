"""Names for what a project's board or invoices, or accounting's queue, are narrowed to: one's own, or shared."""

from functools import cache

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from directory.kept import kept
from directory.models import Company, Project


class SavedViewQuerySet(models.QuerySet):
    def shown_to(self, access, page: str) -> "SavedViewQuerySet":
        """One's own and, for the company's own people, what is shared: its names may say what vendors must not read."""
        where = {"of_company": access.company} if page == SavedView.Page.QUEUE else {"project": access.project}
        return self.of(access.person, page, is_external=access.is_external, **where)

    def of(self, person, page: str, *, is_external: bool, **where) -> "SavedViewQuerySet":
        """`where`: the project, or the company, as the row names it."""
        mine = Q(person=person, is_shared=False)
        reads = mine if is_external else mine | Q(is_shared=True)
        return self.filter(reads, page=page, **where)


class SavedView(models.Model):
    """`query` is what the address of the page says. A view of the board is of every period of the project alike.

    Nobody else sees one's own. What is shared belongs to the project, or of accounting's queue to the company: any
    Admin there changes or deletes it.
    """

    class Page(models.TextChoices):
        BOARD = "board", "the board"
        INVOICES = "invoices", "the invoices"
        QUEUE = "queue", "the queue"

    MOST = 20  # of one person, and shared, on one page of one project, or company

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="saved_views")
    of_company = models.ForeignKey(Company, models.CASCADE, null=True, related_name="saved_views")
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
            models.UniqueConstraint(
                "of_company",
                "person",
                "page",
                Lower("name"),
                condition=Q(is_shared=False),
                name="a_view_of_a_company_has_one_name_for_its_person",
            ),
            models.UniqueConstraint(
                "of_company",
                "page",
                Lower("name"),
                condition=Q(is_shared=True),
                name="a_shared_view_of_a_company_has_one_name",
            ),
            models.CheckConstraint(
                condition=Q(project__isnull=True, of_company__isnull=False)
                | Q(project__isnull=False, of_company__isnull=True),
                name="a_view_is_of_a_project_or_of_a_company",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def where(self) -> Project | Company:
        return self.project or self.of_company

    @property
    def company(self) -> Company:
        return self.of_company or self.project.company


def views_shown_to(access, page: str) -> list[SavedView]:
    """`shown_to`, in a question that is kept."""
    return _shown(access.is_external)(person=access.person.pk, project=access.project.pk, page=page)


@cache
def _shown(is_external: bool) -> kept:
    of = SavedView.objects.of
    return kept(lambda person, project, page: of(person, page, is_external=is_external, project=project))
