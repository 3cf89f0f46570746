"""When a project takes bills: its billing periods, and what new ones start from."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from directory.models import Project


class BillingSettings(models.Model):
    """How a project bills (B-3, V-2, section 7)."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="billing_settings")
    start_day = models.PositiveSmallIntegerField(default=1)
    end_day = models.PositiveSmallIntegerField(default=31, help_text="31 means the month's last day.")
    due_day = models.PositiveSmallIntegerField(default=25)
    by_invitation_only = models.BooleanField(default=False)
    invitation_text = models.TextField(blank=True)
    mails_approval = models.BooleanField("mail contacts when an invoice is approved", default=True)
    distribution_list = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)

    class Meta:
        verbose_name_plural = "billing settings"

    def __str__(self):
        return f"Billing of {self.project}"


class BillingPeriod(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, models.PROTECT, related_name="billing_periods")
    start_date = models.DateField()
    end_date = models.DateField()
    due_date = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)

    class Meta:
        ordering = ["-start_date"]
        constraints = [
            models.UniqueConstraint("project", condition=Q(status="open"), name="one_period_is_open_in_a_project"),
            models.UniqueConstraint("project", "start_date", "end_date", name="a_period_is_made_once_in_a_project"),
            models.CheckConstraint(condition=Q(end_date__gte=F("start_date")), name="a_period_ends_after_it_starts"),
        ]

    def __str__(self):
        return f"{self.start_date:%B %Y}"

    @property
    def company(self):
        return self.project.company

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN
