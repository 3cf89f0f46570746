"""An uploaded list of vendors or people between its preview and its confirmation."""

from django.conf import settings
from django.db import models

from directory.models.companies import Company


class DirectoryUpload(models.Model):
    """What a file said, row by row, as text. The preview is worked out anew each time it is looked at."""

    class Kind(models.TextChoices):
        VENDORS = "vendors", "Vendors"
        PEOPLE = "people", "People"

    company = models.ForeignKey(Company, models.PROTECT, related_name="directory_uploads")
    kind = models.CharField(max_length=10, choices=Kind)
    file_name = models.CharField(max_length=150)
    columns = models.JSONField(default=dict, help_text="{column: its letter in the file}.")
    skipped = models.JSONField(default=list, help_text="Headings of the file that mean nothing here.")
    rows = models.JSONField(help_text="[{column: text}], with the row's number in the file under “row”.")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.get_kind_display()} from {self.file_name}"
