"""The properties try as many cases as was promised (R51)."""

from hypothesis import settings

from tests.invoicing.calculations import test_properties


def test_the_ci_profile_tries_at_least_50_000_cases():
    properties = [each for name, each in vars(test_properties).items() if name.startswith("test_")]
    assert len(properties) * settings.get_profile("ci").max_examples >= 50_000
