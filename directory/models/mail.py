"""Every mail the program sends, recorded on what it is about: to whom, when, with what result."""

from django.conf import settings
from django.db import models

from directory.models.companies import Company
from directory.models.events import subject_name


class MailQuerySet(models.QuerySet):
    def about(self, *subjects):
        return self.filter(subject__in=[subject_name(s) for s in subjects]).order_by("-pk")

    def waiting(self):
        return self.filter(state=Mail.State.WAITING)


class Mail(models.Model):
    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    company = models.ForeignKey(Company, models.PROTECT, related_name="mails")
    subject = models.CharField(max_length=80)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mails")
    reply_to = models.EmailField(blank=True)
    headline = models.CharField("subject line", max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="mail_about"),
            models.Index(fields=["state"], condition=models.Q(state="waiting"), name="mail_waiting"),
        ]

    def __str__(self):
        return f"{self.headline} to {self.to}"
