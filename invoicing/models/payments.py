"""Payments made on an invoice: only ever added; one that was recorded by mistake is taken back and stays to be seen."""

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.db.models.functions import Lower
from django.utils import timezone

from directory.fields import MoneyField
from directory.moments import day_in_words
from invoicing.calculations.money import ZERO, printed_amount
from invoicing.models.invoices import Invoice


class PaymentMethod(models.TextChoices):
    CHECK = "check", "Check"
    ACH = "ach", "ACH"
    WIRE = "wire", "Wire"
    JOINT_CHECK = "joint_check", "Joint check"
    CARD = "card", "Card"
    OTHER = "other", "Other"


class PaymentQuerySet(models.QuerySet):
    def standing(self):
        return self.filter(taken_back_at__isnull=True)

    def total(self):
        """What was paid and stands, in dollars."""
        return self.standing().aggregate(total=Sum("amount", default=ZERO))["total"]


class Payment(models.Model):
    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="payments")
    method = models.CharField(max_length=20, choices=PaymentMethod, default=PaymentMethod.CHECK)
    number = models.CharField(max_length=40, help_text="Of the check, or the bank’s reference.")
    paid_date = models.DateField()
    amount = MoneyField()
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    taken_back_reason = models.CharField(max_length=300, blank=True)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["paid_date", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=ZERO), name="a_payment_is_above_zero"),
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True, taken_back_by__isnull=True, taken_back_reason="")
                | Q(taken_back_at__isnull=False, taken_back_by__isnull=False) & ~Q(taken_back_reason=""),
                name="a_payment_taken_back_has_a_person_a_moment_and_a_reason",
            ),
            models.UniqueConstraint(
                "invoice",
                "method",
                Lower("number"),
                condition=Q(taken_back_at__isnull=True),
                name="a_payment_is_recorded_once",
            ),
        ]

    def __str__(self):
        return f"{self.name}, {printed_amount(self.amount)}, paid {day_in_words(self.paid_date)}"

    @property
    def name(self) -> str:
        return f"{self.get_method_display()} {self.number}"

    @property
    def is_taken_back(self) -> bool:
        return self.taken_back_at is not None
