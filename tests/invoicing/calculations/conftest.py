"""How many cases the properties try: 500 each by default, at least 50,000 in all under HYPOTHESIS_PROFILE=ci (R51)."""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", max_examples=500, deadline=None)
settings.register_profile(
    "ci", max_examples=4_000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

pytest.register_assert_rewrite("tests.invoicing.calculations.cases")
