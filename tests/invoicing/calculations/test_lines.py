"""A line's columns, entry by percent, and the sentences that explain them (5.2, R58)."""

from dataclasses import fields, replace
from decimal import Decimal as D

import pytest

from invoicing import labels
from invoicing.calculations.explain import explain, explain_summary
from invoicing.calculations.lines import (
    Line,
    LineInput,
    next_line,
    percent_of,
    work_for_percent,
    work_for_quantity,
    work_for_total,
)
from invoicing.calculations.money import ZERO, format_amount, format_percent
from invoicing.calculations.shares import work_for_share
from invoicing.calculations.summary import ChangeOrderAmount, summarize

LINE = Line(
    key="SOV-001",
    scheduled_value=D("3000.00"),
    work_previous=D("1000.00"),
    work_this_period=D("234.56"),
    stored_previous=D("500.00"),
    stored_moved=D("200.00"),
    stored_new=D("50.00"),
    work_retainage_previous=D("100.00"),
    stored_retainage_previous=D("25.00"),
    work_retainage_rate=D("10"),
    stored_retainage_rate=D("5"),
    retainage_released=D("40.00"),
)


def test_every_column_follows_from_what_was_typed():
    assert LINE.stored_balance_previous == D("300.00")
    assert LINE.stored_presently == D("350.00")
    assert LINE.work_to_date == D("1434.56")
    assert LINE.total_completed_and_stored == D("1784.56")
    assert LINE.percent_complete == D("59.49")
    assert LINE.balance_to_finish == D("1215.44")
    assert LINE.gross_this_period == D("284.56")
    assert LINE.work_retainage == D("43.46")
    assert LINE.stored_retainage == D("17.50")
    assert LINE.work_retainage_to_date == D("103.46")
    assert LINE.total_retainage == D("120.96")
    assert LINE.retainage_held_before == D("125.00")
    assert LINE.net_this_period == D("288.60")
    assert LINE.retainage_held_this_period == D("35.96")
    assert LINE.retainage_released_this_period == D("40.00")


def test_an_admin_may_type_the_balance_of_stored_material():
    line = replace(LINE, stored_balance_override=D("100.00"))
    assert (line.stored_presently, line.gross_this_period) == (D("150.00"), D("84.56"))


def test_a_line_worth_nothing_shows_no_percent():
    """5.4."""
    line = LineInput(scheduled_value=ZERO)
    assert Line.of(line).percent_complete is None
    with pytest.raises(ValueError, match="Type an amount"):
        work_for_percent(line, D(50))


def test_a_total_or_a_percent_solves_for_the_work():
    assert work_for_total(LINE, D("2000.00")) == D("450.00")
    assert work_for_percent(LINE, D("50")) == D("-50.00"), "less than before: a credit"
    assert work_for_percent(LINE, D("100")) == D("1450.00")


def test_typing_the_percent_that_is_shown_keeps_the_amount():
    """R58: 7.82 % of 3,000.00 would be 234.60, four cents more."""
    assert percent_of(LINE.work_this_period, LINE.scheduled_value) == D("7.82")
    assert work_for_share(LINE, D("7.82")) == work_for_share(LINE, D("7.8200")) == D("234.56")
    assert work_for_share(LINE, D("7.83")) == D("234.90")


def test_quantity_times_unit_price_rounds_half_up():
    assert work_for_quantity(D("0.5"), D("0.01")) == D("0.01")
    assert work_for_quantity(D("12.3456"), D("7.8901")) == D("97.41")


def test_the_next_invoice_starts_where_this_one_ends():
    """I-7, PA-21: work moves into previous, stored materials stay stored, nothing is billed by itself."""
    following = Line.of(next_line(LINE))
    assert following.work_previous == LINE.work_to_date
    assert following.stored_presently == following.stored_previous == LINE.stored_presently
    assert following.total_completed_and_stored == LINE.total_completed_and_stored
    assert following.total_retainage == following.retainage_held_before == LINE.total_retainage
    assert following.gross_this_period == following.net_this_period == following.retainage_released == ZERO
    assert (following.key, following.work_retainage_rate) == ("SOV-001", D(10))


@pytest.mark.parametrize("amount", [D("0.001"), D("NaN"), D("Infinity")])
def test_a_line_takes_whole_cents_only(amount):
    with pytest.raises(ValueError):
        replace(LINE, work_this_period=amount)


def test_a_line_takes_no_float():
    with pytest.raises(TypeError):
        replace(LINE, work_this_period=1.5)


def test_every_money_cell_is_explained_with_its_result():
    sentences = explain(LINE)
    computed = {name for name, each in vars(Line).items() if isinstance(each, property)}
    inner = {"over_billed_by", "passes_by", "work_retainage_by_rule", "stored_retainage_by_rule"}
    inner |= {"stored_retainage_released", "retainage_releasable", "retainage_held_before"}
    inner |= {
        "released_at_once",
        "at_once_alone",
        "at_once_limits",
        "retainage_held_at_first",
        "_least_held",
        "_most_held",
    }
    assert set(sentences) == computed - inner
    for name, sentence in sentences.items():
        assert format_amount(getattr(LINE, name)) in sentence, name
    assert sentences["stored_retainage"] == "5 % of 350.00 stored materials = 17.50, rounded half-up"


def test_what_is_released_at_once_is_explained():
    """E-6: 10.00 held before, 43.46 held on the work of this bill, 40.00 released."""
    line = replace(LINE, work_retainage_previous=D("10.00"))
    assert explain(line)["retainage_held_this_period"] == (
        "43.46 on work + change of stored retainage from 25.00 to 17.50, releases left out − 30.00 of it released at"
        " once = 5.96"
    )


def test_a_typed_amount_is_explained_as_typed():
    assert explain(replace(LINE, work_retainage_typed=D("9.00")))["work_retainage"] == "9.00, typed"


def test_every_line_of_the_summary_is_explained_with_its_result():
    summary = summarize([LINE], D("3000.00"), D("250.00"), D("1375.00"))
    sentences = explain_summary(summary, "line 6 of invoice 1")
    assert sentences["percent_complete"].endswith(f" = {format_percent(summary.percent_complete)} %")
    named = (*labels.SUMMARY_IN_FULL, *labels.THIS_PERIOD, *labels.CHANGE_ORDERS)
    assert {name for *_, name in named} == sentences.keys()
    for name in sentences.keys() - {"percent_complete"}:
        assert format_amount(getattr(summary, name)) in sentences[name], name


def test_change_orders_are_shown_as_additions_and_deductions():
    """5.3."""
    orders = [
        ChangeOrderAmount(amount=D(amount), is_this_period=is_this_period)
        for amount, is_this_period in (
            ("100.00", False),
            ("-30.00", False),
            ("7.00", True),
            ("-2.00", True),
            ("1.00", True),
        )
    ]
    summary = summarize([], D("1000.00"), D("76.00"), ZERO, orders)
    assert summary.change_order_additions_previous == D("100.00")
    assert summary.change_order_deductions_previous == D("30.00")
    assert summary.change_order_additions_this_period == D("8.00")
    assert summary.change_order_deductions_this_period == D("2.00")
    assert summary.contract_sum_to_date == D("1076.00")


def test_nothing_in_a_line_can_be_changed():
    for field in fields(LINE):
        with pytest.raises(AttributeError):
            setattr(LINE, field.name, ZERO)
