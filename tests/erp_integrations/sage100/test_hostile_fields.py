"""Each field that reaches the file, with a hundred hostile texts in it: refused by a rule, or there as it was (R100).

What is written is read again by two other libraries: no formula, no error, no other value.
"""

from dataclasses import replace

import pytest

from erp_integrations.sage100.facts import AccountChoice
from erp_integrations.sage100.layout import APINV_R1
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import check
from erp_integrations.sage100.text import UnsafeText, is_safe, starts_like_a_formula
from erp_integrations.sage100.workbook import render
from tests.erp_integrations.sage100.samples import TODAY, batch, invoice, line, release, sage_lists
from tests.erp_integrations.sage100.test_workbook import (
    PAYLOADS,
    assert_csv_is_calm,
    assert_equal_after_reading,
    assert_no_live_cell,
)

KEYS = (
    "number", "vendor_number", "sage_commitment_number", "job_number", "phase_number", "reference_no",
    "line_reference", "key", "cost_code", "ledger_account", "sub_account",
)  # fmt: skip
# No list of Sage's has it: what such a text is refused by where it is no key of S58.
LISTED = {"cost_code": "S33", "ledger_account": "S31", "sub_account": "S32"}
EXPLAINED = ("commitment_number", "our_cost_code", "our_cost_type")
OF_A_LINE = ("line_reference", "key", "our_cost_code", "our_cost_type", *LISTED)
NEVER_CUT = [text for text in PAYLOADS if len(text) < 50]


def invoice_with(field: str, text: str, n: int = 1):
    """The `n`-th invoice of a file, with this text in that field of it or of its first line."""
    changed = {"invoice_id": str(n), "number": f"A-{n}", "releases": (release(),)}
    if field in OF_A_LINE:
        return invoice(lines=(line(1, **of_a_line(field, text)), line(2)), **changed)
    return invoice(**changed | {field: text})


def of_a_line(field: str, text: str) -> dict:
    if field == "ledger_account":
        return {"line_account": AccountChoice(number=text)}
    if field == "sub_account":
        return {"line_account": AccountChoice(number="5050", sub_account=text)}
    return {field: text}


def rules_against(facts) -> set[str]:
    lists = sage_lists()
    found = check(facts, lists, build_rows(facts, lists), TODAY)
    return {each.rule for each in found if each.severity == "error"}


def assert_calm_everywhere(facts):
    rows = build_rows(facts, sage_lists())
    files = render(rows, facts)
    assert_no_live_cell(files.xlsx)
    assert_equal_after_reading(files.xlsx, rows, facts)
    assert_csv_is_calm(files.csv)


def test_there_are_a_hundred_of_them():
    assert len(NEVER_CUT) >= 100


@pytest.mark.parametrize("field", KEYS)
def test_a_key_is_refused_by_a_rule_or_stands_there_as_it_was(field):
    """S10, S57, S58: whichever rule were skipped, the writer lets nothing through that a cell would change."""
    for text in filter(lambda text: not is_safe(text), NEVER_CUT):
        facts = batch(invoice_with(field, text))
        assert rules_against(facts) & {"S10", "S57"}
        with pytest.raises(UnsafeText):
            render(build_rows(facts, sage_lists()), facts)
    safe = [text for text in NEVER_CUT if is_safe(text)]
    assert len(safe) >= 50
    assert_calm_everywhere(batch(*(invoice_with(field, text, n) for n, text in enumerate(safe, 1))))


@pytest.mark.parametrize("field", [key for key in KEYS if key not in ("key", "line_reference", *LISTED)])
def test_a_key_that_a_spreadsheet_would_calculate_is_refused(field):
    """S58: nothing may be put before it, or Sage finds nothing under it."""
    for text in filter(starts_like_a_formula, NEVER_CUT):
        assert "S58" in rules_against(batch(invoice_with(field, text)))


@pytest.mark.parametrize(("field", "rule"), LISTED.items())
def test_a_number_that_no_list_of_sage_has_is_refused(field, rule):
    """S31 to S33: whatever it looks like."""
    for text in NEVER_CUT:
        assert rule in rules_against(batch(invoice_with(field, text)))


@pytest.mark.parametrize("field", EXPLAINED)
def test_what_only_explains_a_cell_stays_text(field):
    """E-6: on the sheet that people read."""
    assert_calm_everywhere(batch(*(invoice_with(field, text, n) for n, text in enumerate(PAYLOADS, 1))))


@pytest.mark.parametrize("place", ["the company", "a title", "the name of the layout"])
def test_what_stands_once_in_a_file_stays_text(place):
    for text in PAYLOADS:
        if place == "the company":
            facts = batch(invoice(company_name=text), company_name=text)
        elif place == "a title":
            columns = (replace(APINV_R1.header[0], title=text), *APINV_R1.header[1:])
            facts = batch(layout=replace(APINV_R1, header=columns, column_names=True))
        else:
            facts = batch(layout=replace(APINV_R1, name=text))
        assert_calm_everywhere(facts)


def test_a_constant_of_the_layout_is_refused_or_stays_text():
    """S57: a constant stands on every row."""
    for text in NEVER_CUT:
        columns = (replace(c, source="", constant=text) if c.source == "ship_number" else c for c in APINV_R1.header)
        facts = batch(layout=replace(APINV_R1, header=tuple(columns)))
        if is_safe(text):
            assert_calm_everywhere(facts)
        else:
            assert "S57" in rules_against(facts)
            with pytest.raises(UnsafeText):
                render(build_rows(facts, sage_lists()), facts)
