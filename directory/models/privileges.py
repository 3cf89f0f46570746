"""*Can Push to Accounting*: who holds it, where, since when, given by whom and why (P-4)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from directory.models.companies import Company


class PrivilegeQuerySet(models.QuerySet):
    def live(self):
        return self.filter(withdrawn_at__isnull=True)


class AccountingPrivilege(models.Model):
    """One grant to one person in one company. Withdrawing closes the row; it is never deleted."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="privileges")
    company = models.ForeignKey(Company, models.PROTECT, related_name="privileges")
    reason = models.CharField(max_length=300)
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
