"""What other retainage rules would have held on invoices that exist: nothing here changes one (5.6)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from invoicing.calculations.lines import Line, LineInput
from invoicing.calculations.money import ZERO
from invoicing.calculations.retainage import RetainageStep, rate_now


@dataclass(frozen=True, kw_only=True)
class RetainageRules:
    """How a commitment holds retainage: rates in percent, `own_rates` by the line's key. Steps replace `work_rate`."""

    work_rate: Decimal = Decimal(0)
    stored_rate: Decimal = Decimal(0)
    steps: tuple[RetainageStep, ...] = ()
    own_rates: Mapping[str, Decimal] = field(default_factory=dict)

    def work_rate_now(self, held_so_far: Decimal, original: Decimal, to_date: Decimal) -> Decimal:
        """What lines without a rate of their own hold on an invoice that starts now; contract sums in dollars."""
        return rate_now(self.steps, held_so_far, original, to_date) if self.steps else self.work_rate


@dataclass(frozen=True, kw_only=True)
class Billed:
    """An invoice as it was made, with its contract sums in dollars."""

    lines: tuple[LineInput, ...]
    original_contract_sum: Decimal
    contract_sum_to_date: Decimal


@dataclass(frozen=True, kw_only=True)
class HeldBefore:
    """What was held before the first of the invoices, in dollars: in all, and of stored materials by the line's key."""

    total: Decimal = ZERO
    stored: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Held:
    """What an invoice would have held newly, in dollars, and the rate of lines without one of their own."""

    work_rate: Decimal
    newly_held: Decimal
    held_so_far: Decimal


def would_have_held(
    rules: RetainageRules, invoices: Iterable[Billed], before: HeldBefore = HeldBefore()
) -> Iterator[Held]:
    """Bill the same invoices, first to last, under these rules: nothing typed and nothing released.

    What was held `before` was certified elsewhere: no rule changes it, and a scale goes on from it.
    """
    so_far, stored = before.total, before.stored
    for invoice in invoices:
        rate = rules.work_rate_now(so_far, invoice.original_contract_sum, invoice.contract_sum_to_date)
        lines = [_under(rules, line, rate, stored.get(line.key, ZERO)) for line in invoice.lines]
        stored = {line.key: line.stored_retainage for line in lines}
        newly_held = sum((line.retainage_held_this_period for line in lines), ZERO)
        so_far += newly_held
        yield Held(work_rate=rate, newly_held=newly_held, held_so_far=so_far)


def _under(rules: RetainageRules, line: LineInput, rate: Decimal, stored_before: Decimal) -> Line:
    return Line.of(
        replace(
            line,
            work_retainage_rate=rules.own_rates.get(line.key, rate),
            stored_retainage_rate=rules.stored_rate,
            stored_retainage_previous=stored_before,
            work_retainage_typed=None,
            stored_retainage_typed=None,
            retainage_released=ZERO,
        )
    )
