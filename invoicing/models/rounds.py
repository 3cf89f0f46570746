"""What became of each commitment when several were invited or reminded with one click."""

from django.conf import settings
from django.db import models

from invoicing.models.billing_periods import BillingPeriod


class RoundKind(models.TextChoices):
    INVITE = "invite", "Invite to bill"
    REMIND = "remind", "Reminder"


class Outcome(models.TextChoices):
    INVITED = "invited", "Invited"
    ASKED_AGAIN = "asked_again", "Asked again"
    REMINDED = "reminded", "Reminded"
    REFUSED = "refused", "Not sent"


class InviteRound(models.Model):
    """Written once. `outcomes`: [{commitment: its id, outcome, reason}], in the order of the list it came from."""

    billing_period = models.ForeignKey(BillingPeriod, models.PROTECT, related_name="rounds")
    kind = models.CharField(max_length=10, choices=RoundKind)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcomes = models.JSONField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.get_kind_display()} of {self.billing_period}"

    @property
    def project(self):
        return self.billing_period.project

    @property
    def company(self):
        return self.project.company
