"""Whole lives: from the first invoice to the final release, everything earned is paid and nothing stays held (5.6)."""

import os
from dataclasses import replace
from datetime import date
from random import Random

import pytest

from invoicing.actions import amounts, invoices, retainage, reviews
from invoicing.actions.commitments import NewLine
from invoicing.calculations import identities
from invoicing.calculations.money import ZERO, to_cents
from invoicing.calculations.retainage import RetainageStep
from invoicing.models import Commitment, Invoice
from invoicing.proof import identities_of
from invoicing.retainage import rules_of
from tests.factories import D, World, world

pytestmark = pytest.mark.django_db
LIVES = int(os.environ.get("LIVES", "48"))  # docs/operations.md: 1,000 before a release
PARTS = 4
RATES = (D(0), D(5), D("7.5"), D(10), D("12.34"))
PARTS_OF_WHAT_IS_LEFT = (D(0), D("0.1"), D("0.3333"), D("0.5"), D(1))


class Life:
    """One commitment with random lines, rates, change orders, progress, stored material and releases."""

    def __init__(self, there: World, random: Random):
        self.there, self.random = there, random
        lines = [self.new_line(n) for n in range(random.randint(1, 4))]
        self.commitment = there.commitment(
            lines,
            contact=False,
            retainage_rate=random.choice(RATES),
            holds_stored_retainage=random.random() < 0.6,
            stored_retainage_rate=random.choice(RATES),
        )
        if random.random() < 0.3:
            self.commitment = self.on_a_scale()
        self.certified: list[Invoice] = []

    def amount(self, low: int = 1, high: int = 5_000_000):
        return D(self.random.randint(low, high)) / 100

    def new_line(self, n: int) -> NewLine:
        if self.random.random() < 0.2:
            quantity, price = D(self.random.randint(1, 900)), self.amount(1, 9_999)
            return NewLine(self.there.cost_code(), f"Unit {n}", quantity=quantity, unit_price=price, unit="ea")
        rate = self.random.choice([None, None, *RATES])
        return NewLine(self.there.cost_code(), f"Line {n}", amount=self.amount(), retainage_rate=rate)

    def on_a_scale(self) -> Commitment:
        steps = (RetainageStep(rate=D(10), until_percent=D(4)), RetainageStep(rate=D(5)))
        rules = replace(rules_of(self.commitment), steps=steps)
        version = self.commitment.version
        return retainage.set_rules(self.commitment, rules, holds_stored=True, version=version, by=self.there.admin)

    @property
    def holds_something(self) -> bool:
        """Whether a line of the contract, all of whose work is billed, holds a cent of it at its rate."""
        at_first = D(10) if self.commitment.is_on_a_scale else self.commitment.retainage_rate
        rates = [
            (line.amount, at_first if line.retainage_rate is None else line.retainage_rate)
            for line in self.commitment.lines.original()
        ]
        return any(to_cents(amount * rate / 100) > ZERO for amount, rate in rates)

    def live(self, period) -> None:
        """Some invoices of progress, one that finishes all work, one that releases all that is held."""
        for _ in range(self.random.randint(1, 2)):
            self.bill(period, self.progress)
            if self.random.random() < 0.3:
                sign = self.random.choice([1, 1, -1])
                extra = self.there.line("Extra work", str(sign * self.amount(1, 100)), rate=self.random.choice("05"))
                self.there.change_order(self.commitment, [extra])
        self.bill(period, self.all_that_is_left)
        self.bill(period, self.release_all)

    def bill(self, period, figures) -> None:
        admin = self.there.admin
        invoice = invoices.create(self.commitment, period, by=admin)
        typed = {line.pk: figures(line) | {"note": "As agreed"} for line in invoice.lines.all()}
        number = f"{self.commitment.number}-{invoice.position}"
        header = amounts.HeaderEntry(number=number, billing_date=invoice.billing_date)
        invoice = amounts.save_lines(invoice, typed, by=admin, version=invoice.version, header=header)
        invoice = invoices.submit(invoice, by=admin)
        reviews.approve_the_rest(invoice, by=self.there.second_admin)
        invoice = invoices.approve(invoice, by=self.there.second_admin)
        assert not identities.errors(identities_of(invoice))
        self.certified.append(invoice)

    def progress(self, line) -> dict:
        left = line.scheduled_value - line.work_previous - line.stored_previous
        moved = to_cents(line.stored_previous * self.random.choice(PARTS_OF_WHAT_IS_LEFT))
        work = to_cents(left * self.random.choice(PARTS_OF_WHAT_IS_LEFT))
        stored = to_cents((left - work) * self.random.choice(PARTS_OF_WHAT_IS_LEFT)) if left > 0 else ZERO
        held = line.work_retainage_previous
        released = to_cents(held * self.random.choice(PARTS_OF_WHAT_IS_LEFT))
        return {"work_this_period": work, "stored_new": stored, "stored_moved": moved, "retainage_released": released}

    def all_that_is_left(self, line) -> dict:
        left = line.scheduled_value - line.work_previous - line.stored_previous
        return {"work_this_period": left, "stored_moved": line.stored_previous}

    def release_all(self, line) -> dict:
        return {"retainage_released": line.work_retainage_previous}


@pytest.mark.parametrize("part", range(PARTS))
def test_every_life_ends_with_all_of_it_paid_and_nothing_held(part):
    there = world()
    period, held_in_all = there.period(date(2030, 1, 1)), ZERO
    for number in range(part, LIVES, PARTS):
        life = Life(there, Random(number))
        life.live(period)
        last, contract_sum = life.certified[-1], life.commitment.original_contract_sum
        contract_sum += life.commitment.net_change_orders
        assert last.total_retainage == ZERO, number
        assert last.total_completed_and_stored == last.earned_less_retainage == contract_sum, number
        assert sum((each.current_payment_due for each in life.certified), ZERO) == contract_sum, number
        held = max(each.total_retainage for each in life.certified)
        assert held > ZERO or not life.holds_something, number
        held_in_all += held
    assert held_in_all > ZERO
