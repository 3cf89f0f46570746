"""Every mail the program sends, recorded on what it is about: to whom, when, with what result."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from directory.models.companies import Company
from directory.models.events import subject_name


class MailQuerySet(models.QuerySet):
    def about(self, *subjects):
        return self.filter(subject__in=[subject_name(s) for s in subjects]).order_by("-pk")

    def telling_of(self, *subjects):
        """Those about one of these rows, and those about another that tell of one of these among others."""
        names = [subject_name(s) for s in subjects]
        about = Mail.objects.filter(subject__in=names).order_by().values("pk")
        among_others = MailMention.objects.filter(subject__in=names).values("mail")
        return self.filter(pk__in=about.union(among_others)).order_by("-pk")

    def for_list(self):
        """With whom each went to, without its words."""
        return self.select_related("to").defer("text", "html")

    def due(self):
        """Waiting for a try whose time has come, or claimed by a worker that has not been heard of since."""
        return self.filter(state__in=Mail.UNDERWAY, due_at__lte=timezone.now()).order_by("due_at")

    def held_back(self):
        """By a restore, until it is released."""
        return self.filter(held_at__isnull=False).order_by("pk")


class Mail(models.Model):
    """One mail to one person; the row is the queue it waits in."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        WITHHELD = "withheld", "Not sent"
        FAILED = "failed", "Failed"

    UNDERWAY = (State.WAITING, State.SENDING)

    company = models.ForeignKey(
        Company, models.PROTECT, null=True, related_name="mails", help_text="Empty: about a login, not a company."
    )
    subject = models.CharField(max_length=80)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mails")
    address = models.EmailField(blank=True, help_text="Where it goes, if not to the address of the login.")
    dedupe_key = models.CharField(
        max_length=100, blank=True, help_text="Names what must be said once, such as one day's digest (R36)."
    )
    audience = models.CharField(
        max_length=60,
        blank=True,
        help_text="What its reader must still be when it is sent (R97).",
    )
    reply_to = models.EmailField(blank=True)
    headline = models.CharField("subject line", max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now, help_text="When a worker may take it, or take it over.")
    result = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True, help_text="Since when a restore holds it back (R36).")

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "mail"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "dedupe_key", condition=~models.Q(dedupe_key=""), name="what_must_be_said_once_is_said_once"
            )
        ]
        indexes = [
            models.Index(fields=["subject", "-id"], name="mail_about"),
            models.Index(fields=["due_at"], condition=models.Q(state__in=["waiting", "sending"]), name="mail_underway"),
        ]

    def __str__(self):
        return f"{self.headline} to {self.to}"

    @property
    def trouble(self) -> str:
        """Why it did not go out; "" while nothing is wrong with it."""
        return self.result if self.state in (self.State.WITHHELD, self.State.FAILED) else ""


class MailMention(models.Model):
    """A row that a mail tells of beside the one it is about: one mail tells of all that was sent with one click."""

    mail = models.ForeignKey(Mail, models.CASCADE, related_name="mentions")
    subject = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint("subject", "mail", name="a_mail_mentions_a_row_once")]

    def __str__(self):
        return f"{self.subject} in {self.mail}"
