"""Where a commitment stood when it came here in the middle of its job: what the first invoice goes on from."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from directory.fields import MoneyField
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO, round_half_up
from invoicing.calculations.summary import Earned
from invoicing.models.commitments import Commitment, ScheduleLine


class StartingCertificate(Earned, models.Model):
    """Billed, stored and retained to date, as certified elsewhere. It never changes, and it is never exported.

    It answers like an invoice where the first one asks for its previous: `lines`, lines 5 and 6.
    """

    commitment = models.OneToOneField(Commitment, models.PROTECT, related_name="starting_certificate")
    as_of_date = models.DateField(help_text="The last day of work that it counts.")
    total_completed_and_stored = MoneyField("4 total completed and stored", default=ZERO)
    work_retainage = MoneyField("5a work retainage", default=ZERO)
    stored_retainage = MoneyField("5b stored retainage", default=ZERO)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return f"Starting certificate of {self.commitment.number}"

    @property
    def company(self):
        return self.commitment.company

    @property
    def project(self):
        return self.commitment.project


class StartingLine(models.Model):
    certificate = models.ForeignKey(StartingCertificate, models.PROTECT, related_name="lines")
    schedule_line = models.OneToOneField(ScheduleLine, models.PROTECT, related_name="starting_line")
    work_completed = MoneyField(default=ZERO)
    stored = MoneyField("materials presently stored", default=ZERO)
    work_retainage = MoneyField(default=ZERO)
    stored_retainage = MoneyField(default=ZERO)

    class Meta:
        ordering = ["schedule_line__position"]
        constraints = [
            models.CheckConstraint(
                condition=Q(stored_retainage__gte=0, stored_retainage__lte=F("stored")),
                name="no_more_is_held_of_stored_material_than_is_stored",
            )
        ]

    def __str__(self):
        return f"Line {self.schedule_line.position} at the start"

    @property
    def quantity_previous(self) -> Decimal:
        price = self.schedule_line.unit_price
        return round_half_up(self.work_completed / price, 4) if price else ZERO

    quantity_this_period = None

    def as_line(self) -> Line:
        """As the next invoice's line goes on from it; rates are those in force, not those it was held at."""
        line, commitment = self.schedule_line, self.schedule_line.commitment
        return Line(
            key=line.key,
            label=f"{line.position} {line.description}",
            scheduled_value=line.amount,
            work_previous=self.work_completed,
            stored_previous=self.stored,
            work_retainage_previous=self.work_retainage,
            stored_retainage_previous=self.stored_retainage,
            work_retainage_rate=commitment.retainage_rate if line.retainage_rate is None else line.retainage_rate,
            stored_retainage_rate=commitment.stored_retainage_in_force,
            stored_retainage_typed=self.stored_retainage,
        )
