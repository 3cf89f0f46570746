"""What a vendor claimed, each time it was sent: numbered snapshots that never change."""

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
