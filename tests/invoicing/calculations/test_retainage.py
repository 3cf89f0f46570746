"""What is held and released, and rates that step down (5.6, R54)."""

from dataclasses import replace
from decimal import Decimal as D

import pytest

from invoicing.calculations.lines import Line, next_line, with_release_of_percent
from invoicing.calculations.money import ZERO
from invoicing.calculations.retainage import RetainageStep, StepBasis, held, out_of_reach, rate_now, release_by_amount


def stored_line(**columns):
    """1,000.00 stored last month with 100.00 held on it."""
    given = {"scheduled_value": D("5000.00"), "stored_previous": D("1000.00"), "stored_retainage_previous": D("100.00")}
    return Line(**{**given, "work_retainage_rate": D(10), "stored_retainage_rate": D(10), **columns})


def test_0_percent_is_a_rate_and_holds_nothing():
    assert held(D("1000.00"), D(0)) == ZERO


def test_a_release_above_what_is_held_is_refused():
    """R54."""
    assert release_by_amount(D("100.00"), D("100.00")) == D("100.00")
    for amount in ("100.01", "-0.01"):
        with pytest.raises(ValueError, match="can't be released"):
            release_by_amount(D("100.00"), D(amount))


def test_a_deduction_releases_with_its_own_sign():
    assert release_by_amount(D("-10.00"), D("-10.00")) == D("-10.00")
    with pytest.raises(ValueError):
        release_by_amount(D("-10.00"), D("1.00"))


def test_material_that_moves_into_work_takes_its_retainage_along():
    """5.2: nothing is held twice, and nothing is newly held or released when the rates agree."""
    line = stored_line(stored_moved=D("400.00"))
    assert (line.work_retainage, line.stored_retainage) == (D("40.00"), D("60.00"))
    assert line.total_retainage == D("100.00")
    assert line.gross_this_period == line.net_this_period == ZERO
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (ZERO, ZERO)


def test_a_lower_work_rate_releases_the_rest_when_material_moves():
    """S47: not a negative holding."""
    line = stored_line(stored_moved=D("1000.00"), work_retainage_rate=D(5))
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (ZERO, D("50.00"))
    assert line.net_this_period == D("50.00")


def test_a_lower_typed_balance_is_a_release_of_stored_retainage():
    line = stored_line(stored_moved=D("400.00"), stored_retainage_typed=D("20.00"))
    assert line.stored_retainage_released == D("40.00"), "60.00 were still held on what is still here"
    assert line.retainage_released_this_period == D("40.00")
    assert line.retainage_held_this_period == ZERO


def test_a_balance_typed_below_the_rate_on_new_material_releases_nothing():
    line = Line(scheduled_value=D("1000.00"), stored_new=D("500.00"), stored_retainage_typed=ZERO)
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (ZERO, ZERO)


def test_a_release_with_new_work_keeps_both_apart():
    """S49, S52: the work holds 20.00 and 100.00 come back."""
    line = stored_line(work_this_period=D("200.00"), stored_retainage_typed=ZERO)
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (D("20.00"), D("100.00"))
    assert line.net_this_period == D("200.00") - D("20.00") + D("100.00")


def test_what_a_bill_holds_and_releases_itself_was_never_held():
    """S51: no earlier invoice could release it; gross = net + newly held − released all the same (S49)."""
    line = Line(
        scheduled_value=D("5000.00"),
        work_previous=D("300.00"),
        work_retainage_previous=D("30.00"),
        work_this_period=D("1000.00"),
        work_retainage_rate=D(10),
        retainage_released=D("110.00"),
    )
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (D("20.00"), D("30.00"))
    assert line.net_this_period == D("1000.00") - D("20.00") + D("30.00")


def test_what_a_bill_releases_at_once_never_makes_it_hold_less_than_nothing():
    """S47: the rest came off what was held on material."""
    line = stored_line(stored_moved=D("1000.00"), work_retainage_rate=D(5), retainage_released=D("50.00"))
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (ZERO, D("100.00"))


def test_a_credit_gives_its_own_retainage_back_with_the_gross():
    line = stored_line(work_previous=D("900.00"), work_retainage_previous=D("90.00"), work_this_period=D("-100.00"))
    assert (line.retainage_held_this_period, line.retainage_released_this_period) == (D("-10.00"), ZERO)
    assert line.net_this_period == D("-90.00")


def test_a_release_on_stored_material_is_not_held_again_next_month():
    released = stored_line(stored_retainage_typed=D("30.00"))
    following = Line.of(next_line(released))
    assert following.stored_retainage == D("30.00")
    assert following.net_this_period == following.retainage_released_this_period == ZERO


def test_an_amount_typed_above_the_rate_is_not_paid_out_by_itself_next_month():
    following = Line.of(next_line(stored_line(stored_retainage_typed=D("130.00"))))
    assert following.stored_retainage_typed == D("130.00")
    assert following.net_this_period == ZERO


def test_an_amount_typed_as_the_rate_gives_it_follows_the_rate_again():
    assert next_line(stored_line(stored_retainage_typed=D("100.00"))).stored_retainage_typed is None


def test_nothing_is_held_on_nothing_stored():
    line = stored_line(stored_moved=D("1000.00"), stored_retainage_typed=D("30.00"))
    assert (line.stored_presently, line.stored_retainage) == (ZERO, ZERO)


def test_half_of_everything_is_released_by_percent_and_asking_twice_changes_nothing():
    line = stored_line(work_retainage_previous=D("33.33"), work_previous=D("333.33"))
    once = with_release_of_percent(line, D(50))
    assert (once.retainage_released, once.stored_retainage_typed) == (D("16.67"), D("50.00"))
    assert with_release_of_percent(once, D(50)) == once
    assert Line.of(once).retainage_released_this_period == D("66.67")


def test_a_release_by_amount_is_bounded_by_what_is_held():
    assert release_by_amount(D("33.33"), D("33.33")) == D("33.33")
    with pytest.raises(ValueError, match="33.33 is held"):
        release_by_amount(D("33.33"), D("33.34"))


def test_a_sliding_scale_steps_down_as_more_is_held():
    """Hold 10 % until 5 % of the original sum is held, 5 % until 8,000.00 is held, then nothing."""
    steps = [RetainageStep(rate=D(10), until_percent=D(5)), RetainageStep(rate=D(5), until_amount=D("8000.00"))]
    rates = [rate_now(steps, D(x), D("100000.00"), D("120000.00")) for x in ("0", "4999.99", "5000", "7999.99", "8000")]
    assert rates == [10, 10, 5, 5, 0]
    revised = [replace(steps[0], basis=StepBasis.REVISED), steps[1]]
    assert rate_now(revised, D("5999.99"), D("100000.00"), D("120000.00")) == 10


def test_a_step_without_a_limit_lasts_and_six_steps_are_too_many():
    steps = [RetainageStep(rate=D(5))]
    assert rate_now(steps, D("999999.00"), D("1.00"), D("1.00")) == 5
    assert rate_now(steps * 5, ZERO, ZERO, ZERO) == 5
    with pytest.raises(ValueError, match="at most 5"):
        rate_now(steps * 6, ZERO, ZERO, ZERO)
    with pytest.raises(ValueError, match="one of the two"):
        RetainageStep(rate=D(5), until_percent=D(5), until_amount=D("1.00"))


@pytest.mark.parametrize(
    ("steps", "number", "most"),
    [
        ([(10, 50), (5, None)], 1, "10000.00"),
        ([(10, 10), (5, None)], None, None),
        ([(10, "10.01")], 1, "10000.00"),
        ([(10, 5), (5, "7.5")], None, None),
        ([(10, 5), (5, "7.51")], 2, "7500.00"),
        ([(10, 5), (0, None)], None, None),
        ([], None, None),
    ],
)
def test_a_limit_that_the_whole_contract_does_not_reach_is_found(steps, number, most):
    """5.6: each step takes its part of the contract until it is full."""
    made = [RetainageStep(rate=D(rate), until_percent=None if until is None else D(until)) for rate, until in steps]
    found = out_of_reach(made, D("100000.00"), D("100000.00"))
    assert (found and found.number, found and found.most) == (number, most and D(most))
    assert out_of_reach(made, ZERO, ZERO) is None, "without a schedule nothing is known yet"


def test_a_limit_of_the_original_sum_is_reached_by_what_change_orders_add():
    step = RetainageStep(rate=D(10), until_percent=D(12))
    assert out_of_reach([step], D("100000.00"), D("110000.00")).limit == D("12000.00")
    assert out_of_reach([step], D("100000.00"), D("120000.00")) is None
