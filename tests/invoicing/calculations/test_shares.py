"""A release spread over lines, to the cent, never beyond what a line holds (5.6, PA-23)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.calculations.lines import LineInput
from invoicing.calculations.shares import releases_of_amount

CENTS = st.integers(-50_000, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))


def line(held: Decimal) -> LineInput:
    return LineInput(scheduled_value=Decimal("100.00"), work_retainage_previous=held)


@given(st.lists(CENTS, min_size=1, max_size=12), st.fractions(0, 1))
def test_the_parts_add_up_to_the_amount_and_no_line_gives_more_than_it_holds(holdings, part):
    whole = sum(max(0, int(held * 100)) for held in holdings)
    amount = Decimal(int(whole * part)).scaleb(-2)
    releases = releases_of_amount([line(held) for held in holdings], amount)
    assert sum(releases) == amount
    assert all(0 <= release <= max(Decimal(0), held) for release, held in zip(releases, holdings, strict=True))


def test_more_than_all_lines_hold_is_refused_in_words():
    with pytest.raises(ValueError, match="30.00 is held"):
        releases_of_amount([line(Decimal("10.00")), line(Decimal("20.00"))], Decimal("30.01"))
