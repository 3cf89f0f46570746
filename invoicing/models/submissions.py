"""What a vendor claimed, each time it was sent: numbered snapshots that never change; and the files that came along."""

from django.conf import settings
from django.db import models

from invoicing.models.invoices import Invoice


class Submission(models.Model):
    """`lines`: one dict a line, amounts as text with two decimals, keyed by the schedule line (`line`)."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField()
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    header = models.JSONField()
    lines = models.JSONField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint("invoice", "number", name="a_submission_number_is_used_once")]

    def __str__(self):
        return f"{self.invoice} submission {self.number}"

    def figures(self) -> dict[int, dict]:
        """{schedule line id: what was claimed on it}."""
        return {line["line"]: line for line in self.lines}


def attachment_path(attachment, name: str) -> str:
    """Under the private root by content, never by the name somebody gave."""
    return f"attachments/{attachment.sha256[:2]}/{attachment.sha256}"


class Attachment(models.Model):
    """A file on an invoice. Served only through a view that checks who asks, always as a download."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="attachments")
    name = models.CharField(max_length=150)
    is_lien_waiver = models.BooleanField(default=False)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=attachment_path, max_length=200)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self.invoice.company

    @property
    def project(self):
        return self.invoice.project
