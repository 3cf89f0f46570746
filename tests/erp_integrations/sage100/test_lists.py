"""Uploaded rows of text to Sage's records: typed, all or nothing, every bad cell named."""

from datetime import date
from decimal import Decimal

import pytest

from erp_integrations.sage100.list_rows import KINDS, parse
from erp_integrations.sage100.lists import CommitmentLine, CostCode, SageList, Vendor


def only(kind, *rows):
    parsed = parse(kind, rows)
    assert parsed.problems == ()
    return parsed.records


def test_a_vendor_is_read_with_its_terms_and_flags():
    row = {"number": "20145.0", "name": " Delta Concrete ", "is_active": "Yes", "is_internal": "0",
           "due_terms": "30DY", "ledger_account": "0", "purchase_order_rule": "2",
           "default_status": "", "workers_comp_flag": "y"}  # fmt: skip
    assert only("vendors", row) == (
        Vendor(number="20145", name="Delta Concrete", due_terms="30DY", purchase_order_rule=2, workers_comp_flag=True),
    )


def test_a_jobs_phases_come_from_one_cell_or_several_rows():
    pier = {"number": "7", "name": "Pier", "status": "4"}
    assert only("jobs", pier | {"phases": "1; 2"}, pier | {"phases": "3"})[0].phases == ("1", "2", "3")
    assert only("jobs", pier | {"phases": "0"})[0].phases == ()


@pytest.mark.parametrize(
    ("needs", "listed", "expected"),
    [(None, "7; 8", True), (None, "", False), ("", "7", False), ("no", "7", False), ("yes", "", True)],
)
def test_an_account_with_sub_accounts_needs_one_where_the_list_does_not_say(needs, listed, expected):
    """S32: a list without the column whether one is needed still lists them."""
    row = {"number": "5050", "name": "Purchases", "type": "13", "sub_accounts": listed}
    [found] = only("ledger_accounts", row if needs is None else row | {"needs_sub_account": needs})
    assert found.needs_sub_account is expected
    [spread] = only("ledger_accounts", row | {"sub_accounts": ""}, row | {"sub_accounts": "9"})
    assert spread.needs_sub_account


def test_a_cost_code_always_has_three_decimals():
    assert only("cost_codes", {"code": "2310", "name": "Footings"}) == (CostCode(code="2310.000", name="Footings"),)


def test_a_subcontract_is_joined_from_the_rows_of_its_lines():
    head = {"number": "SC-1", "vendor_number": "1", "job_number": "2", "status": "4", "retention_rate": "10 %"}
    lines = [
        {"line_reference": str(n), "cost_code": "100.5", "cost_type": "4", "remaining": "1,250.00"} for n in (1, 2)
    ]
    found = only("subcontracts", head | lines[0], head | lines[1])
    assert len(found) == 1
    assert found[0].retention_rate == Decimal("10")
    assert found[0].lines[1] == CommitmentLine(
        line_reference="2", cost_code="100.500", cost_type=4, remaining=Decimal("1250.00")
    )


def test_sage_may_hold_an_invoice_twice_and_both_stay():
    row = {"vendor_number": "1", "invoice_number": "A-1", "gross": "(1,250.00)", "invoice_date": "06/30/2026"}
    found = only("payable_invoices", row, row)
    assert [item.gross for item in found] == [Decimal("-1250.00")] * 2
    assert found[0].invoice_date == date(2026, 6, 30)


def test_one_bad_row_in_a_thousand_refuses_the_whole_list_and_is_named():
    """R109."""
    rows = [{"number": str(n), "name": "V"} for n in range(1, 1000)] + [{"number": "12O0", "name": ""}]
    parsed = parse("vendors", rows)
    assert parsed.records == ()
    assert [(p.row, p.field, p.value) for p in parsed.problems] == [(1000, "number", "12O0"), (1000, "name", "")]
    assert parsed.problems[0].message == "Expected a number in digits."


def test_the_same_record_twice_is_fine_when_equal_and_refused_when_not():
    row = {"number": "1", "name": "V"}
    assert len(only("vendors", row, row)) == 1
    problems = parse("vendors", [row, row | {"name": "W"}]).problems
    assert [(p.row, p.value) for p in problems] == [(2, "1")]


@pytest.mark.parametrize(
    ("kind", "field", "cell"),
    [
        ("vendors", "number", "٣"),
        ("vendors", "is_active", "maybe"),
        ("cost_codes", "code", "03-100"),
        ("cost_codes", "code", "1.2345"),
        ("subcontracts", "retention_rate", "NaN"),
        ("subcontracts", "retention_rate", "101"),
        ("subcontracts", "cost_code", "x"),
        *[(kind, "status", cell) for kind in ("jobs", "subcontracts", "purchase_orders") for cell in ("", "0", "9")],
        ("fiscal_periods", "first_date", "2026-02-30"),
        ("fiscal_periods", "period", "13"),
        *[("vendors", "purchase_order_rule", cell) for cell in ("3", "4", "7")],
        *[("payable_invoices", "status", cell) for cell in ("0", "6")],
        ("payable_invoices", "gross", "12.345"),
        ("payable_invoices", "gross", "1e400"),
    ],
)
def test_a_cell_that_cannot_be_read_says_what_was_expected(kind, field, cell):
    good = {"number": "1", "name": "n", "code": "1", "vendor_number": "1", "job_number": "1", "year": "2026",
            "period": "1", "first_date": "2026-01-01", "last_date": "2026-01-31", "invoice_number": "1",
            "line_reference": "1", "cost_code": "1", "cost_type": "1", "type": "13", "status": "4"}  # fmt: skip
    problem = parse(kind, [good | {field: cell}]).problems[0]
    assert (problem.field, problem.value) == (field, cell)
    assert problem.message.startswith("Expected")


def test_a_period_does_not_end_before_it_begins():
    row = {"year": "2026", "period": "0", "first_date": "2026-02-01", "last_date": "2026-01-31"}
    [problem] = parse("fiscal_periods", [row]).problems
    assert (problem.field, problem.value) == ("last_date", "2026-01-31") and "2026-02-01" in problem.message
    assert only("fiscal_periods", row | {"last_date": "2026-02-01"})


@pytest.mark.parametrize(
    ("rates", "is_read"),
    [
        (("0.1", "0.05"), False),
        (("0", "", "0.1"), False),
        (("0.1", "10%"), False),
        (("0.5%", "0.5 %"), True),
        (("0.5", "10"), True),
        (("0", ""), True),
        (("1", "1"), True),
    ],
)
def test_rates_that_are_all_parts_of_one_are_refused(rates, is_read):
    """S48: a spreadsheet keeps what it shows as 10% as 0.1."""
    rows = [
        {"number": f"SC-{n}", "vendor_number": "1", "job_number": "2", "status": "4", "retention_rate": rate}
        for n, rate in enumerate(rates)
    ]
    problems = parse("subcontracts", rows).problems
    assert is_read != any("type 10 for ten percent" in problem.message for problem in problems)
    assert len(problems) == (not is_read)


def test_terms_that_lead_to_no_date_are_taken_in_and_warned_of():
    """S5: nothing is guessed of them."""
    terms = ({"due_terms": "NET 30"}, {"due_terms": "30DY", "discount_terms": "2/10"}, {"due_terms": "25TH"}, {})
    parsed = parse("vendors", [{"number": str(n), "name": "V"} | each for n, each in enumerate(terms, 1)])
    assert len(parsed.records) == 4
    assert [(w.row, w.field, w.value) for w in parsed.warnings] == [
        (1, "due_terms", "NET 30"),
        (2, "discount_terms", "2/10"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_list_is_a_list_and_every_kind_reads_what_it_requires(kind):
    assert parse(kind, []).records == ()
    assert set(KINDS[kind].required) <= set(KINDS[kind].readers)


def test_a_list_knows_its_age():
    today = date(2026, 7, 2)
    ages = [SageList("Vendors 4-4", day).described(today) for day in (None, today, date(2026, 7, 1), date(2026, 6, 2))]
    assert ages == [
        "Vendors 4-4, never uploaded",
        "Vendors 4-4 as of 2026-07-02, today",
        "Vendors 4-4 as of 2026-07-01, 1 day old",
        "Vendors 4-4 as of 2026-06-02, 30 days old",
    ]
