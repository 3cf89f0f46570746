"""How far an invoice is paid, from line 8 and what was paid."""

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.calculations.payments import PaymentStatus as S
from invoicing.calculations.payments import left_to_pay, over_payment, payment_status

CENTS = st.integers(-(10**9), 10**9).map(lambda cents: D(cents).scaleb(-2))
PAID = st.integers(0, 10**9).map(lambda cents: D(cents).scaleb(-2))


@pytest.mark.parametrize(
    ("due", "paid", "status", "left", "over"),
    [
        ("100.00", "0.00", S.NOT_PAID, "100.00", "0.00"),
        ("100.00", "0.01", S.PARTLY_PAID, "99.99", "0.00"),
        ("100.00", "99.99", S.PARTLY_PAID, "0.01", "0.00"),
        ("100.00", "100.00", S.PAID, "0.00", "0.00"),
        ("100.00", "100.01", S.OVERPAID, "0.00", "0.01"),
        ("0.00", "0.00", S.NOTHING_DUE, "0.00", "0.00"),
        ("-50.00", "0.00", S.NOTHING_DUE, "0.00", "0.00"),
        ("0.00", "0.01", S.OVERPAID, "0.00", "0.01"),
        ("-50.00", "10.00", S.OVERPAID, "0.00", "10.00"),
    ],
)
def test_the_status_follows_from_what_is_due_and_what_was_paid(due, paid, status, left, over):
    due, paid = D(due), D(paid)
    assert (payment_status(due, paid), left_to_pay(due, paid), over_payment(due, paid)) == (status, D(left), D(over))


@given(CENTS, PAID)
def test_what_is_left_and_what_is_too_much_are_never_both_there_and_add_up(due, paid):
    left, over = left_to_pay(due, paid), over_payment(due, paid)
    assert left >= 0 and over >= 0 and not (left and over)
    assert paid + left - over == max(due, D(0))
    assert (payment_status(due, paid) is S.OVERPAID) == bool(over)
