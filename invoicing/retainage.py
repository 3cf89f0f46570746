"""A commitment's retainage rules as the arithmetic takes them, and what they ask for or would have held (5.6)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from directory.counts import counted
from invoicing.calculations.money import ZERO, printed_rate
from invoicing.calculations.replay import Billed, Held, HeldBefore, RetainageRules, would_have_held
from invoicing.calculations.retainage import rate_of, step_now
from invoicing.labels import LABEL_OF
from invoicing.models import Commitment, Invoice, InvoiceLine, StartingCertificate


def rules_of(commitment: Commitment) -> RetainageRules:
    """The rules that the commitment's next invoice starts under."""
    return RetainageRules(
        work_rate=commitment.retainage_rate,
        stored_rate=commitment.stored_retainage_in_force,
        steps=tuple(step.as_step() for step in commitment.scale_steps.all()),
        own_rates={line.key: line.retainage_rate for line in commitment.lines.exclude(retainage_rate=None)},
    )


@dataclass(frozen=True)
class Rule:
    """What an invoice was started under: rates in percent of the lines that have none of their own (5.6).

    `steps`: those of a sliding scale, in words; `step`: which of them it stands on, from 1, None once all are full;
    `held_so_far`: what the scale went by, in dollars; `own`: positions of the lines whose own rate was the same number.
    `is_kept`: not what the commitment says today.
    """

    rate: Decimal
    stored_rate: Decimal
    steps: tuple[str, ...] = ()
    step: int | None = None
    held_so_far: Decimal = ZERO
    own: tuple[int, ...] = ()
    is_kept: bool = False

    def to_keep(self, own: Sequence[int]) -> dict:
        """As the invoice keeps it, numbers as text; `rule_of` reads it."""
        kept = {"rate": str(self.rate), "stored_rate": str(self.stored_rate)} | ({"own": own} if own else {})
        scale = {"steps": self.steps, "step": self.step, "held_so_far": str(self.held_so_far)}
        return kept | scale if self.steps else kept


def rule_of(invoice: Invoice) -> Rule:
    """The rule that it keeps. One that starts now, or did before rules were kept, has the commitment's of today.

    A scale goes by all that earlier invoices newly held and what was held at the start; a release starts no step again.
    What a line held and released in one bill was never held, so no step counts it.
    """
    if kept := invoice.retainage_rule:
        amounts = {name: Decimal(kept[name]) for name in ("rate", "stored_rate", "held_so_far") if name in kept}
        words = {name: tuple(kept.get(name, ())) for name in ("steps", "own")}
        return Rule(**amounts, **words, step=kept.get("step"), is_kept=True)
    commitment = invoice.commitment
    if not commitment.is_on_a_scale:
        return Rule(commitment.retainage_rate, commitment.stored_retainage_in_force)
    steps = [step.as_step() for step in commitment.scale_steps.all()]
    so_far, sums = _held_before(invoice), invoice if invoice.pk else commitment
    number = step_now(steps, so_far, sums.original_contract_sum, sums.contract_sum_to_date)
    return Rule(rate_of(steps, number), commitment.stored_retainage_in_force, tuple(map(str, steps)), number, so_far)


def _held_before(invoice: Invoice) -> Decimal:
    earlier = invoice.commitment.invoices.live().filter(position__lt=invoice.position)
    so_far = earlier.aggregate(sum=Sum("retainage_newly_held"))["sum"] or ZERO
    start = getattr(invoice.commitment, "starting_certificate", None)
    return so_far + start.total_retainage if start else so_far


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


def rule_in_words(invoice: Invoice, lines: Sequence[InvoiceLine]) -> list[tuple[str, str]]:
    """What this invoice holds and why, (about what, in words): the rates on its lines, typed amounts, the scale (5.6).

    New rules touch new invoices only, so the lines speak, and the rule that the invoice keeps where it gave their rate.
    """
    rule, rates = rule_of(invoice), [line.work_retainage_rate for line in lines]
    work = _rates_in_words(rates, "of work and materials moved to work")
    if typed := sum(line.work_retainage_is_typed for line in lines):
        work += f"; typed on {counted(typed, 'line')}"
    if rule.steps and rule.rate in rates:
        work += f". Sliding scale: {', then '.join(rule.steps)}"
    stored = _rates_in_words([line.stored_retainage_rate for line in lines], "of materials presently stored")
    if typed := sum(line.stored_retainage_is_typed for line in lines):
        stored += f"; typed on {counted(typed, 'line')}"
    return [(LABEL_OF["work_retainage"], work), (LABEL_OF["stored_retainage"], stored)]


def _rates_in_words(rates: Sequence[Decimal], base: str) -> str:
    """10 % of work, or 10 % of work on 12 lines, 5 % on 3 lines; zero is a rate."""
    (first, number), *others = Counter(rates).most_common() or [(ZERO, 0)]
    if not others:
        return f"{printed_rate(first)} {base}"
    rest = [f"{printed_rate(rate)} on {counted(count, 'line')}" for rate, count in others]
    return f"{printed_rate(first)} {base} on {counted(number, 'line')}, {', '.join(rest)}"
