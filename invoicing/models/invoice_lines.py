"""A line of an invoice: what one line of the schedule of values bills, and what the review said of it."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum

from directory.fields import MoneyField, QuantityField, RateField
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO
from invoicing.models.commitments import ScheduleLine
from invoicing.models.invoices import Invoice


class Verdict(models.TextChoices):
    NONE = "", "No action"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class InvoiceLineQuerySet(models.QuerySet):
    def gross_by_schedule_line(self) -> dict[int, Decimal]:
        """{schedule line: what these lines bill on it in all, in dollars}, in one query.

        The formula of `Line.gross_this_period` once more, as the database adds it up: who changes one changes both.
        """
        is_typed = Q(stored_balance_typed__isnull=False)  # else what was stored before, less what moved, stays
        sums = (
            self.order_by()
            .values("schedule_line")
            .annotate(
                work=Sum("work_this_period"),
                new=Sum("stored_new"),
                moved=Sum("stored_moved", filter=is_typed, default=ZERO),
                typed=Sum("stored_balance_typed", default=ZERO),
                before=Sum("stored_previous", filter=is_typed, default=ZERO),
            )
        )
        return {
            row["schedule_line"]: row["work"] + row["new"] + row["moved"] + row["typed"] - row["before"] for row in sums
        }


class InvoiceLine(models.Model):
    """One line's columns (5.2): what is typed, what came from the previous invoice, and the retainage as settled."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    schedule_line = models.ForeignKey(ScheduleLine, models.PROTECT, related_name="invoice_lines")
    scheduled_value = MoneyField("C")
    work_previous = MoneyField("A", default=ZERO)
    work_this_period = MoneyField("B", default=ZERO)
    stored_previous = MoneyField("F of the previous invoice", default=ZERO)
    stored_moved = MoneyField("M", default=ZERO)
    stored_new = MoneyField("NM", default=ZERO)
    stored_balance_typed = MoneyField("PM, when an Admin typed it", null=True)
    quantity_previous = QuantityField(default=ZERO)
    quantity_this_period = QuantityField(null=True)
    work_retainage_previous = MoneyField(default=ZERO)
    work_retainage_rate = RateField(default=ZERO)
    work_retainage = MoneyField("WR", default=ZERO)
    work_retainage_is_typed = models.BooleanField(default=False)
    stored_retainage_previous = MoneyField(default=ZERO)
    stored_retainage_rate = RateField(default=ZERO)
    stored_retainage = MoneyField("MR", default=ZERO)
    stored_retainage_is_typed = models.BooleanField(default=False)
    stored_retainage_set_aside = MoneyField("MR as typed, while nothing is stored", null=True)
    retainage_released = MoneyField("RR", default=ZERO)
    over_billing_is_waived = models.BooleanField(
        default=False, help_text="N-4: an Admin lets a unit-priced line pass its scheduled value."
    )
    note = models.CharField(max_length=300, blank=True, help_text="N-9: why the line is negative; or any remark.")
    allowed_reason = models.CharField(max_length=300, blank=True, help_text="Why a reviewer allows another amount.")
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.NONE, blank=True)
    verdict_reason = models.CharField(max_length=300, blank=True)
    verdict_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verdict_at = models.DateTimeField(null=True)

    objects = InvoiceLineQuerySet.as_manager()

    class Meta:
        ordering = ["schedule_line__position"]
        constraints = [
            models.UniqueConstraint("invoice", "schedule_line", name="a_schedule_line_is_billed_once_in_an_invoice"),
            models.CheckConstraint(
                condition=~Q(verdict="rejected") | ~Q(verdict_reason=""), name="a_rejected_line_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"line {self.schedule_line.position}"

    @property
    def may_pass_its_value(self) -> bool:
        """A waiver counts where measured quantities are billed (N-4, PA-33); `LineFacts` of the arithmetic says so too.

        Whether the commitment allows it anyway is for the caller to ask.
        """
        return self.over_billing_is_waived and self.schedule_line.is_unit_priced

    @property
    def stored_retainage_typed(self) -> Decimal | None:
        """MR as it was typed, in dollars, also while nothing is stored and it is 0.00; None where its rate decides.

        An older program beside this one knows nothing of what is set aside: what it stored above zero stands.
        """
        if not self.stored_retainage_is_typed:
            return None
        is_aside = self.stored_retainage_set_aside is not None and self.stored_retainage == ZERO
        return self.stored_retainage_set_aside if is_aside else self.stored_retainage

    def as_line(self) -> Line:
        """The line with every column worked out by the arithmetic."""
        return Line(
            key=self.schedule_line.key,
            label=f"{self.schedule_line.position} {self.schedule_line.description}",
            scheduled_value=self.scheduled_value,
            work_previous=self.work_previous,
            work_this_period=self.work_this_period,
            stored_previous=self.stored_previous,
            stored_moved=self.stored_moved,
            stored_new=self.stored_new,
            stored_balance_override=self.stored_balance_typed,
            work_retainage_previous=self.work_retainage_previous,
            stored_retainage_previous=self.stored_retainage_previous,
            work_retainage_rate=self.work_retainage_rate,
            stored_retainage_rate=self.stored_retainage_rate,
            work_retainage_typed=self.work_retainage if self.work_retainage_is_typed else None,
            stored_retainage_typed=self.stored_retainage_typed,
            retainage_released=self.retainage_released,
        )
