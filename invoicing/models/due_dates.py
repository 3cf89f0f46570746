"""More time for one commitment in one billing period (B-5)."""

from django.conf import settings
from django.db import models

from invoicing.models.billing_periods import BillingPeriod
from invoicing.models.commitments import Commitment


class DueDateExtension(models.Model):
    """Until its day the period takes this commitment's bill, also when it has closed for all others."""

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="due_date_extensions")
    billing_period = models.ForeignKey(BillingPeriod, models.PROTECT, related_name="due_date_extensions")
    due_date = models.DateField()
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["billing_period", "commitment__number"]
        constraints = [
            models.UniqueConstraint(
                "commitment", "billing_period", name="a_commitment_has_one_due_date_of_its_own_in_a_period"
            )
        ]

    def __str__(self):
        return f"{self.commitment.number}, {self.billing_period}: due {self.due_date}"

    @property
    def company(self):
        return self.commitment.company

    @property
    def project(self):
        return self.commitment.project
