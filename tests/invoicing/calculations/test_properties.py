"""What must hold for any payment application, tried on many (R51, R54, R55, R58, G6).

Hypothesis looks for the case that breaks a property and shortens it, some milliseconds for each that it tries; the last
test takes 50,000 more from a plain generator through the same checks.
"""

import os
from dataclasses import replace
from decimal import Decimal as D
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from invoicing.calculations.lines import (
    Line,
    next_line,
    percent_of,
    with_release_of_percent,
    work_for_percent,
)
from invoicing.calculations.money import ZERO, allocate, format_amount, parse_amount, to_cents
from invoicing.calculations.retainage import held
from invoicing.calculations.shares import work_for_share
from invoicing.calculations.summary import column_total, summarize

CENTS = 10**9  # ten million dollars


def amounts(lowest=0, highest=CENTS):
    return st.integers(lowest, highest).map(lambda cents: D(cents).scaleb(-2))


# Each is made once: a strategy that is made while drawing is looked through anew for every case.
amount, signed, cents = amounts(), amounts(-CENTS), st.integers(0, CENTS)
typed = st.none() | amount
RATES = (D(0), D(5), D("7.5"), D(10), D(100))
rates = st.one_of(st.sampled_from(RATES), amounts(0, 10_000))


SEED = int(os.environ.get("PROPERTY_SEED", 51))
CASES = int(os.environ.get("PROPERTY_CASES", 50_000 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 5_000))


class Plain:
    """Draws what those strategies draw, without looking for anything: by size, from cents to millions, and the ends."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.ways = {
            amount: lambda: D(self.cents()).scaleb(-2),
            signed: lambda: D(self.random.choice((1, 1, -1)) * self.cents()).scaleb(-2),
            cents: self.cents,
            typed: lambda: self.random.choice((None, None, D(self.cents()).scaleb(-2))),
            rates: lambda: self.random.choice((*RATES, D(self.random.randint(0, 10_000)).scaleb(-2))),
        }

    def __call__(self, strategy):
        return self.ways[strategy]()

    def cents(self) -> int:
        return self.random.choice((0, 1, CENTS, *[self.random.randrange(10 ** self.random.randint(1, 9))] * 6))


def part_of(whole, drawn: int):
    """Some of it, from nothing to all."""
    return D(drawn % (int(whole * 100) + 1)).scaleb(-2)


def line_of(draw, key="SOV-001"):
    """A line in the middle of its life: work done, material stored, some of it moved, credits, typed retainage."""
    stored = draw(amount)
    work = draw(amount)
    work_rate, stored_rate = draw(rates), draw(rates)
    return Line(
        key=key,
        scheduled_value=draw(amount),
        work_previous=work,
        work_this_period=draw(signed),
        stored_previous=stored,
        stored_moved=part_of(stored, draw(cents)),
        stored_new=draw(amount),
        work_retainage_previous=held(work, work_rate),
        stored_retainage_previous=held(stored, stored_rate),
        work_retainage_rate=draw(rates),
        stored_retainage_rate=draw(rates),
        work_retainage_typed=draw(typed),
        stored_retainage_typed=draw(typed),
        retainage_released=part_of(held(work, work_rate), draw(cents)),
    )


line_in_its_life = st.composite(line_of)()
schedules = st.lists(line_in_its_life, min_size=1, max_size=4)


def moves_nothing_out_of_the_total(line, some):
    """R55: the total is what it was, whatever part moves, and so is gross this period."""
    moved = part_of(line.stored_previous, some)
    other = replace(line, stored_moved=moved)
    assert other.total_completed_and_stored == line.total_completed_and_stored
    assert other.gross_this_period == line.gross_this_period == line.work_this_period + line.stored_new
    assert other.balance_to_finish == line.balance_to_finish


@given(line_in_its_life, cents)
def test_moving_material_into_work_creates_and_destroys_nothing(line, some):
    moves_nothing_out_of_the_total(line, some)


def is_held_once(stored, rate, some):
    """5.2: what is held changes by the rounding of two parts at most, a cent."""
    line = Line(
        scheduled_value=stored,
        stored_previous=stored,
        stored_retainage_previous=held(stored, rate),
        stored_moved=part_of(stored, some),
        work_retainage_rate=rate,
        stored_retainage_rate=rate,
    )
    assert abs(line.total_retainage - line.retainage_held_before) <= D("0.01")


@given(amount, rates, cents)
def test_material_that_moves_at_one_rate_is_held_once(stored, rate, some):
    is_held_once(stored, rate, some)


def nets_by_subtraction(line):
    """5.4, S46: to the cent and by subtraction, on every line."""
    net = line.gross_this_period - line.retainage_held_this_period + line.retainage_released_this_period
    assert net == line.net_this_period
    assert line.retainage_held_this_period >= min(ZERO, line.gross_this_period), "S47"
    if line.retainage_released <= line.retainage_releasable and line.retainage_released >= 0 <= line.gross_this_period:
        on_work, on_stored = max(ZERO, line.work_retainage_previous), max(ZERO, line.stored_retainage_previous)
        assert line.retainage_released_this_period <= on_work + on_stored, "S51"


@given(line_in_its_life)
def test_net_is_gross_less_newly_held_plus_released(line):
    nets_by_subtraction(line)


def is_all_paid_or_held(billed, rate):
    line = Line(scheduled_value=billed, work_this_period=billed, work_retainage_rate=rate)
    assert line.net_this_period + line.total_retainage == billed
    assert abs(line.total_retainage - billed * rate / 100) <= D("0.005"), "half a cent at most"
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (line.total_retainage, ZERO)


@given(amounts(1), rates)
def test_what_is_held_and_what_is_paid_make_up_what_was_billed(billed, rate):
    is_all_paid_or_held(billed, rate)


def line_8_is_the_change(schedule, contract, earlier):
    """N-7, with whatever the earlier invoices had paid."""
    before = column_total(schedule, "work_previous") + column_total(schedule, "stored_previous")
    held_before = column_total(schedule, "retainage_held_before")
    summary = summarize(schedule, contract, earlier, before - held_before)
    change = summary.total_retainage - held_before
    assert summary.current_payment_due == summary.gross_this_period - change
    assert change == summary.retainage_newly_held - summary.retainage_released
    assert summary.balance_to_finish_including_retainage + summary.earned_less_retainage == contract + earlier


@given(schedules, amount, amount)
def test_line_8_is_gross_less_the_change_in_retainage(schedule, contract, earlier):
    line_8_is_the_change(schedule, contract, earlier)


def sums_up(schedule):
    """R51, N-8: in any order, and line by line."""
    whole = summarize(schedule, ZERO, ZERO, ZERO)
    assert whole == summarize(reversed(schedule), ZERO, ZERO, ZERO)
    each = [summarize([line], ZERO, ZERO, ZERO) for line in schedule]
    for name in ("total_completed_and_stored", "work_retainage", "stored_retainage", "gross_this_period"):
        assert getattr(whole, name) == sum(getattr(one, name) for one in each)
    assert whole.total_retainage == sum(line.total_retainage for line in schedule)
    assert whole.current_payment_due == sum(one.current_payment_due for one in each)


@given(schedules)
def test_every_total_is_the_sum_of_its_lines(schedule):
    sums_up(schedule)


months = st.tuples(
    cents, cents, cents, st.sampled_from([None, None, D(5), D(0)]), st.sampled_from([0, 0, 0, 0, 25, 100])
)


def billed_in(month, line):
    """One invoice of a line: work within what is left, material in and out, now and then a rate cut or a release."""
    out, done, bought, new_rate, released = month
    moved = part_of(line.stored_previous, out)
    left = max(ZERO, line.balance_to_finish)
    work = part_of(left, done)
    billed = replace(
        line,
        stored_moved=moved,
        work_this_period=work,
        stored_new=part_of(left - work, bought),
        work_retainage_rate=line.work_retainage_rate if new_rate is None else new_rate,
        stored_retainage_typed=None if moved else line.stored_retainage_typed,  # as N-5 asks
    )
    return with_release_of_percent(billed, D(released))


def ends_at_nothing(value, rate, stored_rate, life):
    """R54: over a whole life, everything earned has been paid and nothing is held."""
    line, paid, held_in_all, released_in_all = (
        Line(scheduled_value=value, work_retainage_rate=rate, stored_retainage_rate=stored_rate),
        ZERO,
        ZERO,
        ZERO,
    )
    for month in life:
        billed = Line.of(billed_in(month, line))
        assert ZERO <= billed.total_retainage <= billed.total_completed_and_stored <= value
        paid += billed.net_this_period
        held_in_all += billed.retainage_held_this_period
        released_in_all += billed.retainage_released_this_period
        line = Line.of(next_line(billed))
    assert paid == line.total_completed_and_stored - line.total_retainage
    assert held_in_all - released_in_all == line.total_retainage
    final = Line.of(
        with_release_of_percent(replace(line, stored_moved=line.stored_previous, stored_retainage_typed=None), D(100))
    )
    assert final.total_retainage == ZERO
    assert paid + final.net_this_period == final.total_completed_and_stored
    assert final.gross_this_period == ZERO


@given(amounts(100), rates, rates, st.lists(months, min_size=1, max_size=8))
def test_a_final_release_ends_at_exactly_nothing_held(value, rate, stored_rate, life):
    ends_at_nothing(value, rate, stored_rate, life)


def pays_nothing_next(line):
    """PA-18, PA-19: roll forward and line 8 is 0.00, also after a release."""
    following = Line.of(next_line(line))
    assert following.total_completed_and_stored == line.total_completed_and_stored
    assert following.gross_this_period == following.net_this_period == ZERO
    assert following.retainage_held_this_period == following.retainage_released_this_period == ZERO
    assert following.total_retainage == following.retainage_held_before == line.total_retainage


@given(line_in_its_life)
def test_an_invoice_on_which_nothing_happens_pays_nothing(line):
    pays_nothing_next(line)


def keeps_the_amount_of_its_percent(line):
    """R58."""
    if line.scheduled_value:
        shown = percent_of(line.work_this_period, line.scheduled_value)
        assert work_for_share(line, shown) == line.work_this_period


@given(line_in_its_life)
def test_typing_the_percent_shown_again_keeps_the_amount(line):
    keeps_the_amount_of_its_percent(line)


def shows_the_percent(line, percent):
    """5.2: T% solves for B, and the amount is what is stored."""
    if line.scheduled_value < D("100.00"):
        line = replace(line, scheduled_value=line.scheduled_value + D("100.00"))
    billed = replace(line, work_this_period=work_for_percent(line, percent))
    assert billed.total_completed_and_stored == held(line.scheduled_value, percent)
    assert abs(billed.percent_complete - percent) <= D("0.01")
    assert percent_of(billed.total_completed_and_stored, line.scheduled_value) == billed.percent_complete


@given(line_in_its_life, amounts(0, 15000))
def test_a_typed_percent_is_shown_as_typed_when_a_cent_can_show_it(line, percent):
    shows_the_percent(line, percent)


def reads_back(amount):
    """U5, R56: with commas, with a dollar sign, in parentheses."""
    shown = format_amount(amount)
    assert parse_amount(shown) == amount and format_amount(parse_amount(shown)) == shown
    assert parse_amount(f"$ {shown.removeprefix('-')}") == abs(amount)
    assert parse_amount(f"({shown.removeprefix('-')})") == -abs(amount)


@given(amounts(-(10**14) + 1, 10**14 - 1))
def test_an_amount_that_is_written_reads_back_the_same(amount):
    reads_back(amount)


@given(st.text(max_size=30) | st.text("0123456789.,-()$ eNa", max_size=12))
def test_whatever_is_typed_is_an_amount_or_is_refused_in_words(text):
    """R56: never another error, never something that is not whole cents within the limit."""
    try:
        amount = parse_amount(text)
    except ValueError as refusal:
        assert str(refusal).endswith(".")
    else:
        assert amount == to_cents(amount) and abs(amount) <= D("999999999999.99")
        assert text.strip().isascii() or "−" in text


@given(amounts(-CENTS), st.lists(st.integers(0, 10**6).map(D), min_size=1, max_size=12).filter(any))
def test_shares_add_up_to_what_was_shared(total, weights):
    """PA-23: no cent is lost, and none is a whole cent off its exact share."""
    shares = allocate(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share - total * weight / sum(weights)) < D("0.01")


def month(draw):
    """One of `months`."""
    part = draw.random.choice
    return draw.cents(), draw.cents(), draw.cents(), part((None, None, D(5), D(0))), part((0, 0, 0, 0, 25, 100))


def test_many_more_hold_too():
    """G6: a case goes through the checks of a line, the newest four through those of a schedule, some live a life."""
    draw, schedule = Plain(SEED), []
    for number in range(CASES):
        line = line_of(draw)
        schedule = [*schedule[-3:], line]
        moves_nothing_out_of_the_total(line, draw(cents))
        is_held_once(line.stored_previous, draw(rates), draw(cents))
        nets_by_subtraction(line)
        is_all_paid_or_held(max(line.work_this_period, D("0.01")), draw(rates))
        line_8_is_the_change(schedule, draw(amount), draw(amount))
        pays_nothing_next(line)
        keeps_the_amount_of_its_percent(line)
        shows_the_percent(line, D(draw.random.randint(0, 15_000)).scaleb(-2))
        reads_back(draw(signed))
        if number % 10 == 0:
            sums_up(schedule)
            life = [month(draw) for _ in range(draw.random.randint(1, 8))]
            ends_at_nothing(max(draw(amount), D(1)), draw(rates), draw(rates), life)
