"""The steps of a commitment's sliding scale: rates that fall as more is held (5.6)."""

from django.db import models
from django.db.models import Q

from directory.fields import MoneyField, RateField
from invoicing.calculations.retainage import RetainageStep, StepBasis
from invoicing.models.commitments import Commitment


class ScaleStep(models.Model):
    """Hold `rate` percent until a part of the contract sum, or an amount, is held; with neither, to the end."""

    class Basis(models.TextChoices):
        ORIGINAL = "original", "of the original contract sum"
        REVISED = "revised", "of the revised contract sum"

    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="scale_steps")
    position = models.PositiveSmallIntegerField()
    rate = RateField("retainage %")
    until_percent = RateField(null=True, blank=True)
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.ORIGINAL)
    until_amount = MoneyField(null=True, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("commitment", "position", name="a_step_of_a_scale_is_written_once"),
            models.CheckConstraint(
                condition=Q(position__gte=1, position__lte=5), name="a_scale_has_five_steps_at_most"
            ),
            models.CheckConstraint(condition=Q(rate__gte=0, rate__lte=100), name="a_step_holds_between_0_and_100"),
            models.CheckConstraint(
                condition=Q(until_percent__isnull=True) | Q(until_amount__isnull=True),
                name="a_step_ends_at_a_part_or_at_an_amount",
            ),
        ]

    def __str__(self):
        return f"Step {self.position}: {self.as_step()}"

    def as_step(self) -> RetainageStep:
        return RetainageStep(
            rate=self.rate,
            until_percent=self.until_percent,
            basis=StepBasis.ORIGINAL if self.basis == self.Basis.ORIGINAL else StepBasis.REVISED,
            until_amount=self.until_amount,
        )
