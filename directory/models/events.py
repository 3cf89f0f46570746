"""What happened, who did it and why: rows that are written once and never changed."""

import structlog
from django.conf import settings
from django.db import models

from directory.models.companies import Company
from directory.models.projects import Project


def subject_name(subject: models.Model) -> str:
    """How an event names the row it is about: `invoicing.invoice:12`."""
    return f"{subject._meta.label_lower}:{subject.pk}"


class EventQuerySet(models.QuerySet):
    def about(self, *subjects):
        """The timeline of these rows, newest first."""
        return self.filter(subject__in=[subject_name(s) for s in subjects]).order_by("-pk")

    def record(self, verb, subject, *, by, from_state="", to_state="", reason="", changes=None):
        """Write one event in the caller's transaction. `by` None: the program. `changes`: {field: [old, new]}."""
        return self.create(
            verb=verb,
            subject=subject_name(subject),
            subject_text=str(subject)[:200],
            company=subject.company,
            project=getattr(subject, "project", None),
            by=by,
            by_name=by.name if by else "Plumbline",
            from_state=from_state,
            to_state=to_state,
            reason=reason,
            changes=changes or {},
            request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        )


class Event(models.Model):
    """Triggers in the database refuse to change or delete a row."""

    at = models.DateTimeField(auto_now_add=True)
    company = models.ForeignKey(Company, models.PROTECT, related_name="events")
    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="events")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events")
    by_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    subject_text = models.CharField(max_length=200)
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    changes = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="timeline"),
            models.Index(fields=["company", "-id"], name="company_events"),
        ]

    def __str__(self):
        return f"{self.by_name} {self.verb} {self.subject_text}"


class EventSeal(models.Model):
    """One link of the chain over all events: its digest covers the event and the digest before it (R120).

    Written right after the commit that wrote the event, by one writer at a time, and never changed.
    """

    position = models.PositiveBigIntegerField(primary_key=True, help_text="1, 2, 3 … without a gap.")
    event = models.OneToOneField(Event, models.PROTECT, related_name="seal")
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["position"]

    def __str__(self):
        return f"{self.position}:{self.digest}"
