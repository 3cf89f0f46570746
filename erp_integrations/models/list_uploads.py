"""A file of one of Sage's lists between its reading and its confirmation."""

from django.conf import settings
from django.db import models

from directory.models import Company
from erp_integrations.models.lists import ListKind, SageListVersion


class SageListUploadQuerySet(models.QuerySet):
    def told_of(self, company, kind: str):
        """The uploads of one list, newest first: the first says how columns were read the last time."""
        return self.filter(company=company, kind=kind).order_by("-pk")


class SageListUpload(models.Model):
    """What a file said, cell by cell. Nothing of it is in force until it is confirmed; then its cells are let go."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="sage_list_uploads")
    kind = models.CharField(max_length=20, choices=ListKind)
    file_name = models.CharField(max_length=150)
    as_of_date = models.DateField(help_text="The day the list was made in Sage.")
    titles = models.JSONField(help_text="The headings of the file, column by column.")
    columns = models.JSONField(help_text="{field: the index of its column, null for none}.")
    rows = models.JSONField(default=list, help_text="[[number in the file, [cells]]].")
    is_open = models.BooleanField(default=True)
    version = models.OneToOneField(SageListVersion, models.PROTECT, null=True, related_name="upload")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = SageListUploadQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["company", "kind", "-id"], name="uploads_of_a_list")]

    def __str__(self):
        return f"{self.get_kind_display()} from {self.file_name}"
