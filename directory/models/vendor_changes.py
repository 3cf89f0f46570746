"""Changes of a vendor's name, contact or remit-to that wait until somebody else has called the vendor (R81)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from directory.models.companies import Vendor


class VendorChangeQuerySet(models.QuerySet):
    def waiting(self):
        return self.filter(state=VendorChange.State.WAITING)


class VendorChange(models.Model):
    """Nothing of it has taken effect while it waits. `changes`: {field of Vendor: [old, new]}."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a call-back"
        VERIFIED = "verified", "Verified"
        DECLINED = "declined", "Declined"

    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="changes")
    changes = models.JSONField()
    reason = models.CharField(max_length=300)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    called_number = models.CharField(max_length=30, blank=True, help_text="A number known before the change.")
    called_at = models.DateTimeField(null=True)
    spoke_with = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=300, blank=True)

    objects = VendorChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint("vendor", condition=Q(state="waiting"), name="a_vendor_has_one_change_waiting"),
            models.CheckConstraint(
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("asked_by")),
                name="a_vendor_change_is_verified_by_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", answered_by__isnull=True, answered_at__isnull=True)
                | (~Q(state="waiting") & Q(answered_by__isnull=False, answered_at__isnull=False)),
                name="an_answered_vendor_change_has_a_moment_and_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="verified")
                | (~Q(called_number="") & ~Q(spoke_with="") & Q(called_at__isnull=False)),
                name="a_verified_vendor_change_names_its_call",
            ),
        ]

    def __str__(self):
        return f"change of {self.vendor}"

    @property
    def company(self):
        return self.vendor.company
