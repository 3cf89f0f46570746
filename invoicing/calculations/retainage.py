"""Retainage: what a rate holds of an amount, what may be released, and rates that step down as more is held (5.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from invoicing.calculations.money import HUNDRED, ZERO, format_amount, format_percent, to_cents

MOST_STEPS = 5


def held(base: Decimal, rate: Decimal) -> Decimal:
    """What `rate` percent holds of `base` dollars, half-up to the cent. 0 is a rate and holds nothing."""
    return to_cents(base * rate / HUNDRED)


def release_by_amount(held_before: Decimal, amount: Decimal) -> Decimal:
    """A release of `amount` dollars. ValueError when it passes what is held or has the other sign (R54)."""
    if not is_between(amount, ZERO, held_before):
        raise ValueError(
            f"{format_amount(amount)} can't be released: {format_amount(held_before)} is held. Type at most that."
        )
    return to_cents(amount)


def release_by_percent(held_before: Decimal, percent: Decimal) -> Decimal:
    """A release of `percent` of what is held; 100 releases exactly all of it. ValueError outside 0 to 100."""
    if not 0 <= percent <= HUNDRED:
        raise ValueError("Type a percentage of the retainage held, from 0 to 100.")
    return held(held_before, percent)


def is_between(amount: Decimal, one_end: Decimal, other_end: Decimal) -> bool:
    """Whether an amount lies between two others, whichever is larger: lines of deductions hold negative amounts."""
    return min(one_end, other_end) <= amount <= max(one_end, other_end)


class StepBasis(Enum):
    """What the percentage of a step is taken of."""

    ORIGINAL = "original contract sum"
    REVISED = "revised contract sum"


@dataclass(frozen=True, kw_only=True)
class RetainageStep:
    """Hold `rate` percent until `until_percent` of the contract sum, or `until_amount` dollars, is held.

    Neither limit: the step lasts to the end.
    """

    rate: Decimal
    until_percent: Decimal | None = None
    basis: StepBasis = StepBasis.ORIGINAL
    until_amount: Decimal | None = None

    def __post_init__(self):
        if self.until_percent is not None and self.until_amount is not None:
            raise ValueError("A step ends at a percentage or at an amount. Type one of the two.")

    def __str__(self):
        """`10 % until 5 % of the original contract sum is held`."""
        rate = f"{format_percent(self.rate)} %"
        if self.until_percent is not None:
            return f"{rate} until {format_percent(self.until_percent)} % of the {self.basis.value} is held"
        if self.until_amount is not None:
            return f"{rate} until {format_amount(self.until_amount)} is held"
        return f"{rate} to the end"

    def limit(self, original_contract_sum: Decimal, contract_sum_to_date: Decimal) -> Decimal | None:
        """Dollars held at which the step ends; None when it does not end."""
        if self.until_percent is None:
            return self.until_amount
        is_original = self.basis is StepBasis.ORIGINAL
        return held(original_contract_sum if is_original else contract_sum_to_date, self.until_percent)


def rate_now(
    steps: Sequence[RetainageStep],
    held_so_far: Decimal,
    original_contract_sum: Decimal,
    contract_sum_to_date: Decimal,
) -> Decimal:
    """The percentage a sliding scale asks for now: that of the step it stands on; 0 once all are full."""
    return rate_of(steps, step_now(steps, held_so_far, original_contract_sum, contract_sum_to_date))


def rate_of(steps: Sequence[RetainageStep], number: int | None) -> Decimal:
    """The percentage of the step that `step_now` names; 0 for none."""
    return steps[number - 1].rate if number else Decimal(0)


def step_now(
    steps: Sequence[RetainageStep],
    held_so_far: Decimal,
    original_contract_sum: Decimal,
    contract_sum_to_date: Decimal,
) -> int | None:
    """Which step a sliding scale stands on, from 1: the first that is not yet full; None once all are full.

    `held_so_far` counts everything ever held, before releases, so that a release does not start a step again.
    """
    if len(steps) > MOST_STEPS:
        raise ValueError(f"A sliding scale has at most {MOST_STEPS} steps. Remove some.")
    for number, step in enumerate(steps, 1):
        limit = step.limit(original_contract_sum, contract_sum_to_date)
        if limit is None or held_so_far < limit:
            return number
    return None


@dataclass(frozen=True)
class OutOfReach:
    """A step whose limit is never held: `number` counts from 1, `limit` and the `most` that will be held in dollars."""

    number: int
    step: RetainageStep
    limit: Decimal
    most: Decimal


def out_of_reach(
    steps: Sequence[RetainageStep], original_contract_sum: Decimal, contract_sum_to_date: Decimal
) -> OutOfReach | None:
    """The first step that would still not be full once the whole contract sum to date was billed; None if all get full.

    Each step takes as much of the contract as its rate needs to reach its limit. It leaves aside lines with a rate of
    their own and stored materials, so it is a reason to ask and none to refuse. Without a contract sum nothing is told.
    """
    left, reached = contract_sum_to_date, ZERO
    for number, step in enumerate(steps, 1):
        limit = step.limit(original_contract_sum, contract_sum_to_date)
        if limit is None or not step.rate or contract_sum_to_date <= 0:
            return None
        most = reached + held(left, step.rate)
        if limit > most:
            return OutOfReach(number, step, limit, most)
        left -= max(limit - reached, ZERO) * HUNDRED / step.rate
        reached = limit
    return None
