"""Changes of a commitment: lines added by agreement, positive or negative."""

from django.db import models

from invoicing.models.commitments import Commitment


class ChangeOrder(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"
        NO_CHARGE = "no_charge", "No Charge"
        VOID = "void", "Void"

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="change_orders")
    number = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    approved_date = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint("commitment", "number", name="a_change_order_number_is_used_once_in_a_commitment")
        ]

    def __str__(self):
        return f"{self.number} {self.title}"

    @property
    def company(self):
        return self.commitment.company

    @property
    def project(self):
        return self.commitment.project
