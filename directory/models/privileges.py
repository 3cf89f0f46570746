"""*Can Push to Accounting*: who holds it, where, since when, given by whom and why (P-4)."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from directory.models.companies import Company
from directory.permissions import live_privilege


class PrivilegeQuerySet(models.QuerySet):
    def live(self):
        """Granted, not withdrawn, and not past its end."""
        return self.filter(live_privilege())

    def ended(self):
        """Past its last day, and nobody withdrew it."""
        return self.filter(withdrawn_at__isnull=True, ends_at__lte=timezone.now())

    def of(self, company):
        return self.filter(company=company).select_related("person", "granted_by", "withdrawn_by")

    def held_at(self, moment: datetime, person, company) -> bool:
        """Whether this person held it there at that moment, whatever became of it since."""
        return self.that_held_at(moment, person, company).exists()

    def that_held_at(self, moment, person, company):
        """The grants behind `held_at`; each of the three may be an `OuterRef`."""
        not_withdrawn = Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=moment)
        not_over = Q(ends_at__isnull=True) | Q(ends_at__gt=moment)
        return self.filter(not_withdrawn, not_over, person=person, company=company, granted_at__lte=moment)


class AccountingPrivilege(models.Model):
    """One grant to one person in one company. Withdrawing closes the row; it is never deleted."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="privileges")
    company = models.ForeignKey(Company, models.PROTECT, related_name="privileges")
    reason = models.CharField(max_length=300)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until it is withdrawn.")
    granted_at = models.DateTimeField(auto_now_add=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, editable=False)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+"
    )
    withdrawal_reason = models.CharField(max_length=300, blank=True, editable=False)

    objects = PrivilegeQuerySet.as_manager()

    class Meta:
        verbose_name = "Can Push to Accounting"
        verbose_name_plural = "Can Push to Accounting"
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(
                "person",
                "company",
                condition=Q(withdrawn_at__isnull=True),
                name="a_person_holds_the_privilege_once_in_a_company",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_privilege_has_a_reason"),
            models.CheckConstraint(
                condition=~Q(granted_by=F("person")), name="nobody_grants_the_privilege_to_themselves"
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="a_withdrawal_has_a_moment_and_a_person",
            ),
        ]

    def __str__(self):
        return f"{self.person} may push to accounting for {self.company}"

    @property
    def is_live(self) -> bool:
        return self.withdrawn_at is None and (self.ends_at is None or self.ends_at > timezone.now())

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds, in the company's zone; None: until it is withdrawn."""
        return self.company.day_of(self.ends_at - timedelta(microseconds=1)) if self.ends_at else None

    @property
    def over_at(self) -> datetime | None:
        """When it stopped to hold, by itself or withdrawn; None while it holds."""
        if self.is_live:
            return None
        return min(at for at in (self.withdrawn_at, self.ends_at) if at)

    @property
    def state_in_words(self) -> str:
        if self.is_live:
            return "Live"
        return "Ended" if self.ends_at == self.over_at else "Withdrawn"


class PrivilegeRequestQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(state=PrivilegeRequest.State.WAITING)

    def of(self, company):
        return self.filter(company=company).select_related("person", "asked_by", "answered_by")


class PrivilegeRequest(models.Model):
    """A company's Directory Admin asks for the privilege for somebody; a site owner grants or declines it (P-5)."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        GRANTED = "granted", "Granted"
        DECLINED = "declined", "Declined"
        TAKEN_BACK = "taken_back", "Taken back"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="privilege_requests")
    company = models.ForeignKey(Company, models.PROTECT, related_name="privilege_requests")
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answer = models.CharField("what was answered", max_length=300, blank=True)
    privilege = models.OneToOneField(AccountingPrivilege, models.PROTECT, null=True, related_name="request")

    objects = PrivilegeRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "request for Can Push to Accounting"
        verbose_name_plural = "requests for Can Push to Accounting"
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "person", "company", condition=Q(state="waiting"), name="a_privilege_is_asked_for_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_request_has_a_reason"),
            models.CheckConstraint(
                condition=Q(state="waiting", answered_by__isnull=True, answered_at__isnull=True)
                | (~Q(state="waiting") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="an_answered_request_has_a_moment_and_a_person",
            ),
            models.CheckConstraint(
                condition=Q(state="granted", privilege__isnull=False)
                | (~Q(state="granted") & Q(privilege__isnull=True)),
                name="a_granted_request_names_its_privilege",
            ),
        ]

    def __str__(self):
        return f"request for {self.person} at {self.company}"
