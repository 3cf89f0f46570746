"""A commitment's retainage rules as the arithmetic takes them, and what they ask for or would have held (5.6)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from directory.counts import counted
from invoicing.calculations.money import ZERO, printed_rate
from invoicing.calculations.replay import Billed, Held, HeldBefore, RetainageRules, would_have_held
from invoicing.calculations.retainage import RetainageStep, step_now
from invoicing.models import Commitment, Invoice, InvoiceLine, StartingCertificate


def rules_of(commitment: Commitment) -> RetainageRules:
    """The rules that the commitment's next invoice starts under."""
    return RetainageRules(
        work_rate=commitment.retainage_rate,
        stored_rate=commitment.stored_retainage_in_force,
        steps=tuple(step.as_step() for step in commitment.scale_steps.all()),
        own_rates={line.key: line.retainage_rate for line in commitment.lines.exclude(retainage_rate=None)},
    )


def work_rate_of(invoice: Invoice) -> Decimal:
    """What the invoice's lines without a rate of their own hold, in percent: by the scale, or the commitment's rate."""
    scale = scale_under(invoice)
    return scale.rate if scale else invoice.commitment.retainage_rate


@dataclass(frozen=True)
class Scale:
    """A sliding scale as an invoice meets it: the step it stands on, from 1, None once all are full (5.6)."""

    steps: tuple[RetainageStep, ...]
    held_so_far: Decimal
    number: int | None

    @property
    def rate(self) -> Decimal:
        return self.steps[self.number - 1].rate if self.number else ZERO


def scale_under(invoice: Invoice) -> Scale | None:
    """The commitment's sliding scale where this invoice starts; None without one.

    It goes by all that earlier invoices newly held and what was held at the start; a release starts no step again.
    """
    commitment = invoice.commitment
    if not commitment.is_on_a_scale:
        return None
    steps = tuple(step.as_step() for step in commitment.scale_steps.all())
    earlier = commitment.invoices.live().filter(position__lt=invoice.position)
    so_far = earlier.aggregate(sum=Sum("retainage_newly_held"))["sum"] or ZERO
    if start := getattr(commitment, "starting_certificate", None):
        so_far += start.total_retainage
    original = commitment.original_contract_sum
    return Scale(steps, so_far, step_now(steps, so_far, original, original + commitment.net_change_orders))


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


def had_been_on(
    rules: RetainageRules, invoices: Sequence[Invoice], start: StartingCertificate | None = None
) -> list[Comparison]:
    """For each invoice of one commitment, first to last with their lines loaded: what these rules would have held.

    `start`: where the commitment came here in the middle of its job, what the first invoice went on from.
    """
    billed = [
        Billed(
            lines=tuple(line.as_line() for line in invoice.lines.all()),
            original_contract_sum=invoice.original_contract_sum,
            contract_sum_to_date=invoice.contract_sum_to_date,
        )
        for invoice in invoices
    ]
    held = would_have_held(rules, billed, _held_at(start) if start else HeldBefore())
    return [Comparison(*pair) for pair in zip(invoices, held, strict=True)]


def _held_at(start: StartingCertificate) -> HeldBefore:
    lines = start.lines.select_related("schedule_line")
    return HeldBefore(
        total=start.total_retainage, stored={line.schedule_line.key: line.stored_retainage for line in lines}
    )


def rule_in_words(commitment: Commitment, lines: Sequence[InvoiceLine]) -> list[tuple[str, str]]:
    """What this invoice holds and why, (about what, in words): the rates on its lines, typed amounts, the scale (5.6).

    New rules touch new invoices only, so the lines speak and not what the commitment says today.
    """
    work = _rates_in_words([line.work_retainage_rate for line in lines], "of work and material moved to work")
    if typed := sum(line.work_retainage_is_typed for line in lines):
        work += f"; typed on {counted(typed, 'line')}"
    if steps := [str(step.as_step()) for step in commitment.scale_steps.all()]:
        work += f". Sliding scale: {', then '.join(steps)}"
    stored = _rates_in_words([line.stored_retainage_rate for line in lines], "of material presently stored")
    if typed := sum(line.stored_retainage_is_typed for line in lines):
        stored += f"; typed on {counted(typed, 'line')}"
    return [("Retainage on work", work), ("Retainage on stored material", stored)]


def _rates_in_words(rates: Sequence[Decimal], base: str) -> str:
    """10 % of work, or 10 % of work on 12 lines, 5 % on 3 lines; zero is a rate."""
    (first, number), *others = Counter(rates).most_common() or [(ZERO, 0)]
    if not others:
        return f"{printed_rate(first)} {base}"
    rest = [f"{printed_rate(rate)} on {counted(count, 'line')}" for rate, count in others]
    return f"{printed_rate(first)} {base} on {counted(number, 'line')}, {', '.join(rest)}"
