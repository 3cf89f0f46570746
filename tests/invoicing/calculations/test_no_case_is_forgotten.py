"""The case file is tested whole."""

from tests.invoicing.calculations import test_worked_certificates, test_worked_lines
from tests.invoicing.calculations.cases import CASES, TESTED


def test_every_worked_case_of_the_file_has_a_test():
    """Acceptance, regression and negative cases; a case of another use would need a test of its own."""
    assert test_worked_certificates and test_worked_lines, "importing them registers their cases"
    assert set(CASES) == TESTED
    assert len(CASES) == 21
