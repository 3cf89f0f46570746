"""What a whole bill holds and releases at once, so that accounting can book its sums (S46, S47, S51)."""

from dataclasses import replace
from decimal import Decimal
from decimal import Decimal as D

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st

from invoicing.calculations.at_once import lines_of_bill
from invoicing.calculations.explain import explain
from invoicing.calculations.identities import _retainage_bounds
from invoicing.calculations.lines import Line, LineInput
from invoicing.calculations.money import ZERO
from invoicing.calculations.retainage import held
from invoicing.calculations.summary import column_total, summarize


def line(work: str, released: str = "0", *, held_before: str = "0", worth: str = "5000", rate: int = 10) -> LineInput:
    before = D(held_before)
    return LineInput(
        scheduled_value=D(worth),
        work_previous=before * 10,
        work_this_period=D(work),
        work_retainage_previous=before,
        work_retainage_rate=D(rate),
        retainage_released=D(released),
    )


def of_bill(*lines: LineInput) -> list[tuple[Decimal, Decimal]]:
    """(newly held, released) of each line, then of the whole as its header says."""
    told = [(each.retainage_held_this_period, each.retainage_released_this_period) for each in lines_of_bill(lines)]
    summary = summarize(lines, ZERO, ZERO, ZERO)
    assert [sum(amounts) for amounts in zip(*told, strict=True)] == [
        summary.retainage_newly_held,
        summary.retainage_released,
    ]
    return [*told, (summary.retainage_newly_held, summary.retainage_released)]


FINAL = line("500", "150", held_before="100")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([FINAL], [("0", "100"), ("0", "100")]),
        # S47: what a credit gives back is not below zero on a bill that is not.
        ([FINAL, line("-200", "80", held_before="100")], [("20", "120"), ("-20", "80"), ("0", "200")]),
        # A deduction first billed on the final bill is released there: by itself, not on an earlier invoice.
        ([FINAL, line("-200", "-20", worth="-2000")], [("0", "100"), ("0", "0"), ("0", "100")]),
        ([line("-200", "-20", worth="-2000")], [("0", "0"), ("0", "0")]),
        # S51: the release of a deduction is not below zero on a bill whose own lines can be released on instead.
        (
            [line("500", "50"), line("0", "100", held_before="100"), line("0", "-120", held_before="-120")],
            [("20", "20"), ("0", "100"), ("0", "-120"), ("20", "0")],
        ),
        # S51: of 40 that earlier invoices hold, 60 can't be released; the rest is of what the line holds itself.
        (
            [line("1000", "60", held_before="60"), line("-200", held_before="-20", worth="-2000")],
            [("80", "40"), ("-20", "0"), ("60", "40")],
        ),
        # Where nothing is short, each line is as it would be alone.
        (
            [line("1000", "20", held_before="100"), line("-200", "-20", worth="-2000")],
            [("100", "20"), ("-20", "-20"), ("80", "0")],
        ),
    ],
)
def test_newly_held_and_released_are_settled_for_the_whole_bill(lines, told):
    assert of_bill(*lines) == [(D(newly), D(released)) for newly, released in told]


def test_what_the_bill_makes_of_a_line_is_explained():
    """E-6: 50.00 held on it, of which 20.00 stay because the credit beside it gives 20.00 back."""
    first, _ = lines_of_bill([FINAL, line("-200", "80", held_before="100")])
    assert explain(first)["retainage_held_this_period"] == (
        "50.00 on work + change of stored retainage from 0.00 to 0.00, releases left out − 30.00 of it released at"
        " once (50.00 if it were alone on its bill) = 20.00"
    )


# What must hold for any bill

cents = st.integers(0, 10**7)
rates = st.sampled_from([D(0), D(5), D("7.5"), D(10), D(100)])


def part_of(whole: Decimal, drawn: int) -> Decimal:
    """Some of it, from nothing to all; below zero of what is below zero."""
    size = drawn % (int(abs(whole) * 100) + 1)
    return D(size if whole >= 0 else -size).scaleb(-2)


@st.composite
def lines_that_keep_n5(draw, never_below_zero_before=False):
    """A line in the middle of its life: of a deduction or not, some credits, material, cut rates and releases."""
    sign = draw(st.sampled_from([1, 1, -1]))
    before, work = (D(sign * draw(cents)).scaleb(-2) for _ in range(2))
    if sign < 0 and never_below_zero_before:
        before = ZERO
    if draw(st.integers(0, 3)) == 0:
        work = -part_of(before, draw(cents))
    stored = D(draw(cents)).scaleb(-2) if sign > 0 and draw(st.booleans()) else ZERO
    made = Line(
        scheduled_value=before + work + stored,
        work_previous=before,
        work_this_period=work,
        stored_previous=stored,
        stored_moved=part_of(stored, draw(cents)),
        work_retainage_previous=held(before, draw(rates)),
        stored_retainage_previous=held(stored, draw(rates)),
        work_retainage_rate=draw(rates),
        stored_retainage_rate=draw(rates),
    )
    if draw(st.booleans()):
        made = replace(made, stored_retainage_typed=part_of(made.stored_presently, draw(cents)))
    share = draw(st.sampled_from([0, 0, 50, 100]))
    released = made.retainage_releasable if share == 100 else part_of(made.retainage_releasable, draw(cents))
    made = replace(made, retainage_released=released if share else ZERO)
    assume(not list(_retainage_bounds(made)))
    return made


def figures_of(lines):
    names = ("gross_this_period", "retainage_held_before", "total_retainage")
    return [column_total(lines, name) for name in names]


@given(st.lists(lines_that_keep_n5(never_below_zero_before=True), min_size=1, max_size=4))
def test_a_bill_can_be_booked_where_no_line_held_below_zero_before(bill):
    """S47, S51: what its lines hold before any release lies between zero and gross, and so does what stays held."""
    gross, before, after = figures_of(bill)
    at_first = column_total(bill, "retainage_held_at_first")
    assume(gross >= 0 and ZERO <= at_first <= gross and after >= ZERO and after - before <= gross)
    settled = lines_of_bill(bill)
    event(f"the bill changes a line: {any(each.at_once_for_bill for each in settled)}")
    assert ZERO <= column_total(settled, "retainage_held_this_period") <= gross
    assert ZERO <= column_total(settled, "retainage_released_this_period") <= before


@given(st.lists(lines_that_keep_n5(), min_size=1, max_size=4))
def test_a_bill_can_be_booked_wherever_its_lines_can_make_it_so(bill):
    """For each line from the least to the most that it can release at once; as near to the lines alone as that goes."""
    gross, before, after = figures_of(bill)
    at_first, change = column_total(bill, "retainage_held_at_first"), after - before
    lowest = at_first - sum(each.at_once_limits[1] for each in bill)
    highest = at_first - sum(each.at_once_limits[0] for each in bill)
    least = max(min(ZERO, gross), change, lowest)
    most = min(max(ZERO, gross), change + max(ZERO, before), highest)
    settled = lines_of_bill(bill)
    newly_held = column_total(settled, "retainage_held_this_period")
    event(f"can be booked: {least <= most}; changes a line: {any(each.at_once_for_bill for each in settled)}")
    if least <= most:
        alone = at_first - sum(each.at_once_alone for each in bill)
        assert newly_held == max(least, min(alone, most))
    for each in settled:
        assert each.at_once_limits[0] <= each.released_at_once <= each.at_once_limits[1]
        assert min(ZERO, each.retainage_released) <= each.released_at_once <= max(ZERO, each.retainage_released)
        net = each.gross_this_period - each.retainage_held_this_period + each.retainage_released_this_period
        assert net == each.net_this_period


@given(st.lists(lines_that_keep_n5(), min_size=2, max_size=4))
def test_settling_a_bill_again_changes_nothing_and_its_sums_know_no_order(bill):
    settled = lines_of_bill(bill)
    assert lines_of_bill(settled) == settled
    assert summarize(settled, ZERO, ZERO, ZERO) == summarize(reversed(bill), ZERO, ZERO, ZERO)
