"""Which invoice numbers are one, which only look like one, and which do neither (I-6, R19)."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.number_looks import bare_number, look_alike, number_key

ALIKE = (
    # case, spaces, punctuation
    ("INV-12", "INV 12"),
    ("INV-12", "INV12"),
    ("INV-12", "inv 12"),
    ("INV-12", "INV#12"),
    ("INV-12", "INV.12"),
    ("INV-12", "INV/12"),
    ("INV-12", "INV_12"),
    ("INV-12", "INV--12"),
    ("INV-12", "INV-12."),
    ("INV-12", "(INV-12)"),
    ("INV-12", "I N V 12"),
    ("12", "#12"),
    ("PA 7 / June", "pa7-june"),
    ("2219-07-A", "2219-07A"),
    # leading zeros
    ("00123", "123"),
    ("INV-0012", "INV-12"),
    ("INV012", "INV0012"),
    ("2026-01", "2026-1"),
    ("2026/001", "2026/1"),
    ("A01B02", "A1B2"),
    ("SC-014-03", "SC-14-3"),
    ("0", "00"),
    # both at once
    ("INV-0012", "INV 12"),
    ("INV-0012", "inv0012"),
    ("INV 12", "inv0012"),
    ("2026-01", "2026/1"),
    ("INV-0012-03", "INV12-3"),
    ("No. 007", "NO7"),
    # what stood between digits was left out
    ("2026-01", "202601"),
    ("1-01", "101"),
    ("2219-07-A", "221907A"),
    ("2026-01-03", "202601-03"),
    ("INV-0012-03", "INV-1203"),
    # letters of another width
    ("INV-12", "ＩＮＶ-12"),
)
DIFFERENT = (
    ("10", "100"),
    ("INV-1", "INV-10"),
    ("INV-10", "INV-100"),
    ("1001", "101"),
    ("2026-01", "2026-10"),
    ("2026-1", "2026-11"),
    ("12", "21"),
    ("INV-12", "INV-21"),
    ("INV-12", "BILL-12"),
    ("INV-12", "12"),
    ("INV-12", "INV-12A"),
    ("12-1", "1-21"),
    ("10-1", "1-01"),
    ("12-03", "123"),
    ("1-01", "11"),
    ("2026-1", "202601"),
    ("1-2-3", "12-03"),
    ("O12", "012"),
    ("IO1", "101"),
    ("A1B2", "A12B"),
)
THE_SAME = (("INV-12", "inv-12"), (" INV-12", "INV-12 "), ("7", "7"))
TEXTS = st.text("aB019 -/.", min_size=1, max_size=8)


@pytest.mark.parametrize(("one", "other"), [pair for each in ALIKE for pair in permutations(each)])
def test_what_two_hands_may_have_written_looks_alike(one, other):
    assert look_alike(one, other) and number_key(one) != number_key(other)
    assert bare_number(one) == bare_number(other), "or the one is never found by the other"


@pytest.mark.parametrize(("one", "other"), [pair for each in DIFFERENT for pair in permutations(each)])
def test_what_is_another_number_does_not(one, other):
    assert not look_alike(one, other)


@pytest.mark.parametrize(("one", "other"), THE_SAME)
def test_the_same_number_is_the_same_and_no_look_alike(one, other):
    """I-6: that is refused."""
    assert number_key(one) == number_key(other) and not look_alike(one, other)


@given(TEXTS, TEXTS)
def test_whatever_looks_alike_shares_its_bare_number(one, other):
    assert look_alike(one, other) == look_alike(other, one)
    assert not look_alike(one, other) or bare_number(one) == bare_number(other)
    assert 0 < len(bare_number(one)) <= len(one)
