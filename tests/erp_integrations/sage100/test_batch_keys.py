"""The key of a batch is one that we make, and nothing like it."""

import pytest

from erp_integrations.sage100.batch_keys import batch_key, batch_number


@pytest.mark.parametrize("number", [1, 412, 999_999, 1_000_000])
def test_a_key_leads_back_to_its_number(number):
    assert batch_number(batch_key(number)) == number


@pytest.mark.parametrize("text", ["", "412", "EXP-412", "EXP-000412 ", "EXP-0004x2", "EXP-EXP-000412", "EXP-٠٠٠٤١٢"])
def test_what_is_no_key_has_no_number(text):
    with pytest.raises(ValueError):
        batch_number(text)
