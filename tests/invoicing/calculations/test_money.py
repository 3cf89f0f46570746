"""Reading, rounding, sharing and writing amounts (U5, R56, 5.4)."""

from decimal import Decimal as D

import pytest

from invoicing.calculations.money import (
    allocate,
    format_amount,
    format_percent,
    parse_amount,
    parse_filed_rate,
    parse_percent,
    parse_quantity,
    parse_rate,
    parse_unit_price,
    to_cents,
)


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.0049999999", "0.00"),
        ("2.675", "2.68"),
        ("2.665", "2.67"),
        ("-0.005", "-0.01"),
        ("-2.665", "-2.67"),
        ("999999999999.994", "999999999999.99"),
    ],
)
def test_half_a_cent_rounds_away_from_zero(exact, rounded):
    assert str(to_cents(D(exact))) == rounded


def test_there_is_no_minus_zero():
    assert [str(to_cents(D(text))) for text in ("-0", "-0.004", "-0.00")] == ["0.00"] * 3


@pytest.mark.parametrize("number", [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D("1e400")])
def test_a_number_that_is_no_amount_is_never_rounded(number):
    with pytest.raises(ValueError):
        to_cents(number)


@pytest.mark.parametrize("number", [1.5, 1, True, "1.50", None])
def test_only_a_decimal_is_money(number):
    with pytest.raises(TypeError):
        to_cents(number)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1250", "1250.00"),
        ("1,250.00", "1250.00"),
        ("$1,250", "1250.00"),
        ("$ 1,250.5", "1250.50"),
        ("(1,250)", "-1250.00"),
        ("( 1,250.00 )", "-1250.00"),
        ("($1,250)", "-1250.00"),
        ("$(1,250)", "-1250.00"),
        ("-1250", "-1250.00"),
        ("- 1250", "-1250.00"),
        ("1250-", "-1250.00"),
        ("1,250.00 -", "-1250.00"),
        ("-$1,250", "-1250.00"),
        ("$-1,250", "-1250.00"),
        ("−1,250.00", "-1250.00"),
        ("  1250\t", "1250.00"),
        ("\u00a01250", "1250.00"),
        (".5", "0.50"),
        ("12.", "12.00"),
        ("007", "7.00"),
        ("-0", "0.00"),
        ("(0.00)", "0.00"),
        ("999,999,999,999.99", "999999999999.99"),
        ("-999999999999.99", "-999999999999.99"),
    ],
)
def test_a_person_may_type_an_amount_in_many_ways(typed, amount):
    """U5: forgiving in."""
    assert str(parse_amount(typed)) == amount


NOT_AMOUNTS = [
    ("12O0", "digits only"),
    ("1e400", "digits only"),
    ("1e-9", "digits only"),
    ("NaN", "digits only"),
    ("sNaN", "digits only"),
    ("Infinity", "digits only"),
    ("-inf", "digits only"),
    ("٣", "digits only"),
    ("１２", "digits only"),
    ("²", "digits only"),
    ("1_000", "digits only"),
    ("0x10", "digits only"),
    ("1 250", "digits only"),
    ("1.2.3", "digits only"),
    ("--5", "digits only"),
    ("-5-", "digits only"),
    ("(-5)", "digits only"),
    ("(5", "digits only"),
    ("$$5", "digits only"),
    ("$5$", "digits only"),
    ("€5", "digits only"),
    ("5%", "digits only"),
    ("=1+1", "digits only"),
    ("1\n2", "digits only"),
    ("1\x00", "digits only"),
    (".", "digits only"),
    ("1" * 5000, "digits only"),
    ("", "Type an amount"),
    ("   ", "Type an amount"),
    ("$", "Type an amount"),
    ("-", "Type an amount"),
    ("()", "Type an amount"),
    ("12.345", "at most 2"),
    ("1.000", "at most 2"),
    ("12,50", "comma in the wrong place"),
    ("1,2500", "comma in the wrong place"),
    (",100", "comma in the wrong place"),
    ("1,,000", "comma in the wrong place"),
    ("1000,000", "comma in the wrong place"),
    ("1.250,00", "digits only"),
    ("1,000,000,000,000", "at most 999,999,999,999.99"),
    ("1000000000000.00", "at most 999,999,999,999.99"),
]


@pytest.mark.parametrize(("typed", "remedy"), NOT_AMOUNTS)
def test_anything_else_is_refused_with_the_remedy(typed, remedy):
    """U5, R56: strict out, in words, and never longer than a message can be."""
    with pytest.raises(ValueError, match=remedy) as refusal:
        parse_amount(typed)
    message = str(refusal.value)
    assert message.endswith(".") and len(message) < 150


def test_a_percentage_may_pass_100_but_a_rate_may_not():
    assert parse_percent("103") == parse_percent("103 %") == D(103)
    assert parse_percent("(2.5%)") == D("-2.5")
    assert parse_rate("0") == 0, "0 is a rate"
    assert parse_rate("100") == 100
    for typed in ("100.0001", "-1"):
        with pytest.raises(ValueError, match="from 0 to 100"):
            parse_rate(typed)


def test_a_rate_that_a_spreadsheet_may_have_made_of_10_percent_is_asked_for_again():
    """5.4: a cell that shows 10 % hands over 0.1."""
    for typed in ("0.1", ".1", "0.10", " 0.1 "):
        with pytest.raises(ValueError, match=r"is 0\.1 %, .* keeps 10 % .* Type 10, or 0\.1% as text"):
            parse_filed_rate(typed)
    assert [parse_filed_rate(typed) for typed in ("0", "1", "10", "7.5", "10 %", "0.1%")] == [
        *(0, 1, 10, D("7.5"), 10, D("0.1"))
    ]
    with pytest.raises(ValueError, match="from 0 to 100"):
        parse_filed_rate("110")


@pytest.mark.parametrize("parse", [parse_percent, parse_quantity, parse_unit_price])
def test_rates_and_quantities_have_four_decimals(parse):
    assert parse("1.2345") == D("1.2345")
    for typed in ("1.23456", "1e4", "NaN", "", "٣", "1,0"):
        with pytest.raises(ValueError):
            parse(typed)


def test_a_dollar_sign_is_no_percentage_and_no_quantity():
    for parse in (parse_percent, parse_quantity):
        with pytest.raises(ValueError):
            parse("$5")


def test_a_quantity_is_bounded():
    assert parse_quantity("999,999,999.9999") == D("999999999.9999")
    with pytest.raises(ValueError, match="too large"):
        parse_quantity("1,000,000,000")


def test_an_amount_is_written_with_commas_and_two_decimals():
    assert [format_amount(D(x)) for x in ("0", "1234567.8", "-1250")] == ["0.00", "1,234,567.80", "-1,250.00"]


def test_a_percentage_is_written_without_needless_zeros():
    assert [format_percent(D(x)) for x in ("10.0000", "7.5", "0", "100", "66.67")] == ["10", "7.5", "0", "100", "66.67"]


def test_the_odd_cent_goes_to_the_largest_remainder_then_to_the_first():
    """PA-23."""
    assert allocate(D("100.00"), [D(1), D(1), D(1)]) == (D("33.34"), D("33.33"), D("33.33"))
    assert allocate(D("0.01"), [D(1), D(2)]) == (D("0.00"), D("0.01"))
    assert allocate(D("-0.02"), [D(1), D(1), D(1)]) == (D("-0.01"), D("-0.01"), D("0.00"))
    assert allocate(D("5.00"), [D(0), D(1)]) == (D("0.00"), D("5.00")), "nothing to a weight of zero"


@pytest.mark.parametrize("weights", [[], [D(0), D(0)], [D(2), D(-1)]])
def test_sharing_needs_something_to_share_by(weights):
    with pytest.raises(ValueError, match="weights"):
        allocate(D("1.00"), weights)


def test_only_whole_cents_are_shared():
    with pytest.raises(ValueError, match="whole cents"):
        allocate(D("1.005"), [D(1)])
