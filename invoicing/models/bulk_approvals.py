"""Approving all the other lines in one step, so that it can be undone as one step (U6)."""

from django.conf import settings
from django.db import models

from invoicing.models.invoices import Invoice


class BulkApproval(models.Model):
    """`before`: {line id as text: [reason, id of whose it was, moment] as each line had them, null where it had none}.

    The lines that still stand as the step left them carry its person and its moment; any other was decided since.
    """

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="bulk_approvals")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    before = models.JSONField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{len(self.before)} lines of {self.invoice} at once"
