"""The first of two approvals, where a company wants two people to approve a large payment (R84)."""

from django.conf import settings
from django.db import models

from invoicing.models.invoices import Invoice


class Endorsement(models.Model):
    """It counts for the version of the invoice it was given for; an amount changed since voids it."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="endorsements")
    version = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    comment = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("invoice", "version", name="a_version_of_an_invoice_is_endorsed_once"),
        ]

    def __str__(self):
        return f"first approval of {self.invoice} by {self.by}"
