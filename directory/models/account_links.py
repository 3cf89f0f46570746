"""One-time links that reach a person by mail: to set a first password, and to confirm a new e-mail address (R88, R90).

Only a digest of the secret is kept: whoever reads the database can't use the link.
"""

import hashlib

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from directory.models.companies import Company


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class AccountInvitationQuerySet(models.QuerySet):
    def usable(self):
        return self.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())

    def with_token(self, token: str):
        return self.filter(token_sha256=digest_of(token))


class AccountInvitation(models.Model):
    """A link to set a first password, for one person at one address, once. `company` None: the first site owner."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_invitations")
    company = models.ForeignKey(Company, models.PROTECT, null=True, related_name="+")
    email = models.EmailField(help_text="The address it was sent to; of no use once the login has another.")
    token_sha256 = models.CharField(max_length=64, unique=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = AccountInvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "person",
                condition=Q(used_at__isnull=True, revoked_at__isnull=True),
                name="a_person_has_one_open_account_invitation",
            )
        ]

    def __str__(self):
        return f"account invitation of {self.person}"


class EmailChangeQuerySet(models.QuerySet):
    def open(self):
        return self.filter(closed_at=None, expires_at__gt=timezone.now())


class EmailChange(models.Model):
    """A new address for a login; it takes effect once it was confirmed from the old one and from the new one."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="email_changes")
    old_email = models.EmailField()
    new_email = models.EmailField()
    old_token_sha256 = models.CharField(max_length=64, unique=True)
    new_token_sha256 = models.CharField(max_length=64, unique=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    old_confirmed_at = models.DateTimeField(null=True)
    new_confirmed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True, help_text="Done, taken back, or replaced by another.")

    objects = EmailChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "person", condition=Q(closed_at__isnull=True), name="a_login_has_one_open_change_of_address"
            )
        ]

    def __str__(self):
        return f"new address of {self.person}"
