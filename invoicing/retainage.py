"""A commitment's retainage rules as the arithmetic takes them, and what they ask for or would have held (5.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from invoicing.calculations.money import ZERO
from invoicing.calculations.replay import Billed, Held, RetainageRules, would_have_held
from invoicing.models import Commitment, Invoice


def rules_of(commitment: Commitment) -> RetainageRules:
    """The rules that the commitment's next invoice starts under."""
    return RetainageRules(
        work_rate=commitment.retainage_rate,
        stored_rate=commitment.stored_retainage_in_force,
        steps=tuple(step.as_step() for step in commitment.scale_steps.all()),
        own_rates={line.key: line.retainage_rate for line in commitment.lines.exclude(retainage_rate=None)},
    )


def work_rate_of(invoice: Invoice) -> Decimal:
    """What the invoice's lines without a rate of their own hold, in percent: by the scale, or the commitment's rate.

    A scale goes by all that earlier invoices newly held and what was held at the start; a release starts no step again.
    """
    commitment = invoice.commitment
    steps = tuple(step.as_step() for step in commitment.scale_steps.all())
    if not steps:
        return commitment.retainage_rate
    earlier = commitment.invoices.live().filter(position__lt=invoice.position)
    so_far = earlier.aggregate(sum=Sum("retainage_newly_held"))["sum"] or ZERO
    if start := getattr(commitment, "starting_certificate", None):
        so_far += start.total_retainage
    original = commitment.original_contract_sum
    return RetainageRules(steps=steps).work_rate_now(so_far, original, original + commitment.net_change_orders)


@dataclass(frozen=True)
class Comparison:
    """One invoice: what it newly held, in dollars, and what it would have under other rules."""

    invoice: Invoice
    would: Held

    @property
    def held(self) -> Decimal:
        return self.invoice.retainage_newly_held

    @property
    def difference(self) -> Decimal:
        return self.would.newly_held - self.held


def had_been_on(rules: RetainageRules, invoices: Sequence[Invoice]) -> list[Comparison]:
    """For each invoice of one commitment, first to last with their lines loaded: what these rules would have held."""
    billed = [
        Billed(
            lines=tuple(line.as_line() for line in invoice.lines.all()),
            original_contract_sum=invoice.original_contract_sum,
            contract_sum_to_date=invoice.contract_sum_to_date,
        )
        for invoice in invoices
    ]
    return [Comparison(*pair) for pair in zip(invoices, would_have_held(rules, billed), strict=True)]
