"""Files made for a person in the background: what was asked for, how far it is, where it lies and until when."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone

from directory.models import Company, Project
from directory.models.leases import Leased, LeasedQuerySet
from directory.server_clock import server_now

RESEND = timedelta(seconds=10)
CHOOSE_AGAIN = "Choose again."  # how a refusal ends that the same choice would meet again
CHUNK = 20_000  # ids that one query asks about; SQLite takes 32,766


class MadeKind(models.TextChoices):
    PAPERS = "papers", "Certificate with all attachments"
    CERTIFICATES = "certificates", "Certificates"
    CSV = "csv", "List as CSV"
    XLSX = "xlsx", "List as Excel"
    DRY_RUN = "dry_run", "Dry run"
    QUEUE = "queue", "Dry run of the queue"


class MadeState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    MAKING = "making", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Removed"


UNDER_WAY = (MadeState.WAITING, MadeState.MAKING)


def field_of(place: Project | Company) -> dict:
    """The field that says where a file was asked for, with it: of a project, or of a company's accounting."""
    return {"project" if isinstance(place, Project) else "of_company": place}


class MadeFileQuerySet(LeasedQuerySet):
    def of(self, person, place):
        """What somebody asked for in a project or in a company's accounting, newest first; nobody else finds it."""
        return self.filter(person=person, **field_of(place)).defer("invoices").order_by("-pk")

    def claimable(self, now):
        """One at a time, so that a worker stays free for what accounting waits for."""
        at_work = self.model.objects.filter(state=MadeState.MAKING, lease_until__gte=now)
        return super().claimable(now).filter(~Exists(at_work))

    def next_to_wake(self) -> int | None:
        """The oldest that no fresh message stands for (lost messages, killed workers, restored backups), from now on
        with one; None when a worker is at one."""
        now = server_now()
        silent = self.claimable(now).exclude(woken_at__range=(now - RESEND, now + RESEND))  # by what clock ever
        due = silent.order_by("pk").values_list("pk", flat=True).first()
        return due if due and self.filter(pk=due).update(woken_at=now) else None

    def past_their_time(self, now):
        """Ready for longer than promised, or failed and left alone as long."""
        return self.filter(state__in=(MadeState.READY, MadeState.FAILED), expires_at__lt=now)


class MadeFile(Leased):
    """The row is the queue (decision 3). `invoices`: the ids of what it is to hold and, once made, of what it holds."""

    Kind, State = MadeKind, MadeState
    WAITING, AT_WORK, MAX_ATTEMPTS = *UNDER_WAY, 3

    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="+")
    of_company = models.ForeignKey(Company, models.CASCADE, null=True, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=12, choices=MadeKind)
    title = models.CharField(max_length=120, help_text="What it is, in words.")
    name = models.CharField(max_length=120, help_text="What the browser keeps it as.")
    asked_on = models.CharField(max_length=1000, help_text="The path of the page where it can be asked for again.")
    invoices = models.JSONField(default=list)
    day = models.DateField(null=True, help_text="The accounting date that was chosen for a dry run.")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=8, choices=MadeState, default=MadeState.WAITING)
    woken_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=500, blank=True)

    key = models.CharField(max_length=100, blank=True, help_text="Its path under the private folder.")
    size = models.PositiveBigIntegerField(default=0, help_text="bytes")
    left_out = models.PositiveIntegerField(default=0, help_text="How many invoices could not be printed.")
    made_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    objects = MadeFileQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["state", "lease_until"], condition=Q(state__in=UNDER_WAY), name="files_to_make"),
            models.Index(fields=["person", "-id"], name="files_of_a_person"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(project__isnull=False, of_company=None) | Q(project=None, of_company__isnull=False),
                name="a_file_is_of_a_project_or_of_a_company",
            ),
            models.CheckConstraint(
                condition=~Q(state="making") | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="a_file_being_made_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(state="ready") | (~Q(key="") & Q(expires_at__isnull=False)),
                name="a_ready_file_lies_somewhere_for_a_time",
            ),
            models.CheckConstraint(condition=Q(state="ready") | Q(key=""), name="only_a_ready_file_lies_somewhere"),
            models.CheckConstraint(condition=~Q(state="failed") | ~Q(error=""), name="a_failed_file_says_why"),
        ]

    def __str__(self):
        return self.title

    @property
    def place(self) -> Project | Company:
        return self.project or self.of_company

    @property
    def company(self) -> Company:
        return self.project.company if self.project else self.of_company

    @property
    def is_ready(self) -> bool:
        """Until its time is over, also where nobody has cleared it away yet."""
        return self.state == MadeState.READY and timezone.now() < self.expires_at

    @property
    def is_to_be_chosen_again(self) -> bool:
        """What it was to hold is gone: trying again would fail again."""
        return self.error.endswith(CHOOSE_AGAIN)

    def is_within(self, seen: models.QuerySet) -> bool:
        """Whether every invoice in it is among those that somebody may see (R102)."""
        parts = (self.invoices[start : start + CHUNK] for start in range(0, len(self.invoices), CHUNK))
        return all(seen.filter(pk__in=part).count() == len(part) for part in parts)
