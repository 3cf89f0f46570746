"""When a project takes bills: its billing periods, and what new ones start from."""

from datetime import date
from functools import lru_cache

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from directory.models import Project


class Rhythm(models.TextChoices):
    """B-4: how often the program opens the next period by itself."""

    NEVER = "never", "Never: we open each one"
    MONTHLY = "monthly", "Every month"
    WEEKLY = "weekly", "Every week"


class DueMonth(models.TextChoices):
    """In which month of a monthly period the due day lies."""

    FIRST = "first", "The first such day from the first day of work on"
    END = "end", "In the month of the last day of work"
    AFTER = "after", "In the month after the last day of work"


class Weekday(models.IntegerChoices):
    """As `date.weekday()` counts."""

    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class Reminders(models.IntegerChoices):
    """V-3: how many days lie between two reminders."""

    OFF = 0, "Off"
    DAILY = 1, "Every day"
    EVERY_2_DAYS = 2, "Every 2 days"
    EVERY_3_DAYS = 3, "Every 3 days"


DAYS_OF_A_MONTH = (MinValueValidator(1), MaxValueValidator(31))
SHORT = 20  # days: two of them may begin in one month
MOST_DAYS_TO_BILL = 27  # of a weekly period: from its first day to its due date


class BillingSettings(models.Model):
    """How a project bills (B-3, B-4, V-2, V-3, section 7)."""

    project = models.OneToOneField(Project, models.CASCADE, related_name="billing_settings")
    version = models.PositiveIntegerField(default=1, help_text="A form built on an older version is refused.")
    start_day = models.PositiveSmallIntegerField("first day of work", default=1, validators=DAYS_OF_A_MONTH)
    end_day = models.PositiveSmallIntegerField("last day of work", default=31, validators=DAYS_OF_A_MONTH)
    due_day = models.PositiveSmallIntegerField("bills are due", default=25, validators=DAYS_OF_A_MONTH)
    due_month = models.CharField("the due day lies", max_length=10, choices=DueMonth, default=DueMonth.FIRST)
    rhythm = models.CharField("the next period opens by itself", max_length=10, choices=Rhythm, default=Rhythm.NEVER)
    week_starts_on = models.PositiveSmallIntegerField(
        "a week of work begins on", choices=Weekday, default=Weekday.MONDAY
    )
    week_due_after = models.PositiveSmallIntegerField(
        "a week's bills are due after", default=4, validators=[MaxValueValidator(MOST_DAYS_TO_BILL)]
    )
    by_invitation_only = models.BooleanField("bills by invitation only", default=False)
    invitation_text = models.TextField("words in every invite", blank=True, max_length=2000)
    reminder_days = models.PositiveSmallIntegerField(
        "remind of unanswered invites", choices=Reminders, default=Reminders.OFF
    )
    mails_approval = models.BooleanField("mail contacts when an invoice is approved", default=True)
    mails_payments = models.BooleanField("mail contacts when a payment is recorded or taken back", default=True)
    distribution_list = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        related_name="+",
        blank=True,
        verbose_name="who gets a mail for each bill that is sent in",
    )

    class Meta:
        verbose_name_plural = "billing settings"
        constraints = [
            models.CheckConstraint(
                condition=Q(start_day__range=(1, 31), end_day__range=(1, 31), due_day__range=(1, 31)),
                name="billing_days_are_days_of_a_month",
            ),
            models.CheckConstraint(
                condition=Q(week_starts_on__range=(0, 6), week_due_after__range=(0, MOST_DAYS_TO_BILL)),
                name="a_billing_week_begins_on_a_weekday",
            ),
            models.CheckConstraint(condition=Q(reminder_days__range=(0, 3)), name="reminders_are_off_or_days_apart"),
        ]

    def __str__(self):
        return f"Billing of {self.project}"

    @classmethod
    def of(cls, project: Project) -> "BillingSettings":
        """The project's, or what counts while nobody has set any; read once for this `project`."""
        return getattr(project, "billing_settings", None) or cls(project=project)

    @property
    def company(self):
        return self.project.company


class BillingPeriodQuerySet(models.QuerySet):
    def open_one(self) -> "BillingPeriod | None":
        """Of one project: at most one is open (B-1)."""
        return self.filter(status=BillingPeriod.Status.OPEN).first()


@lru_cache(maxsize=1000)  # as days are
def period_in_words(start: date, end: date) -> str:
    """The month it begins in; of something as short as a week, its days."""
    if (end - start).days >= SHORT:
        return f"{start:%B %Y}"
    begin = f"{start.day}" if start.month == end.month else f"{start.day} {start:%b}"
    return f"{begin} to {end.day} {end:%b %Y}"


class BillingPeriod(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "Open"
        CLOSED = "closed", "Closed"

    project = models.ForeignKey(Project, models.PROTECT, related_name="billing_periods")
    start_date = models.DateField()
    end_date = models.DateField()
    due_date = models.DateField()
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    takes_bills_until_due = models.BooleanField(
        default=False, help_text="It closed before its bills were due: until then it takes them all the same (B-5)."
    )
    version = models.PositiveIntegerField(default=1, help_text="A form built on an older version is refused.")

    objects = BillingPeriodQuerySet.as_manager()

    class Meta:
        ordering = ["-start_date"]
        constraints = [
            models.UniqueConstraint("project", condition=Q(status="open"), name="one_period_is_open_in_a_project"),
            # Overlapping ones are refused by `periods.check_dates` (B-2).
            models.UniqueConstraint("project", "start_date", "end_date", name="a_period_is_made_once_in_a_project"),
            models.CheckConstraint(condition=Q(end_date__gte=F("start_date")), name="a_period_ends_after_it_starts"),
        ]

    def __str__(self):
        return period_in_words(self.start_date, self.end_date)

    @property
    def company(self):
        return self.project.company

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def still_takes_bills(self) -> bool:
        """Closed, and its bills are not due yet: who may bill it keeps the time until then, on the project's clock."""
        return not self.is_open and self.takes_bills_until_due and not self.project.has_passed(self.due_date)
