"""The worked payment applications of tests/invoicing/cases/payapps.json, and how one of their lines is built."""

import copy
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal as D
from pathlib import Path

from invoicing.calculations.facts import InvoiceFacts, LineFacts, PeriodFacts
from invoicing.calculations.identities import check
from invoicing.calculations.lines import Line, with_release_of_percent
from invoicing.calculations.money import ZERO
from invoicing.calculations.retainage import held
from invoicing.calculations.summary import column_total, summarize

FILE = Path(__file__).parent.parent / "cases" / "payapps.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["examples"]}
TESTED: set[str] = set()
LINE_COLUMNS = {
    "total_completed_stored": "total_completed_and_stored",
    "percent_complete": "percent_complete",
    "balance_to_finish": "balance_to_finish",
    "retainage": "total_retainage",
    "retainage_work": "work_retainage_to_date",
    "retainage_stored": "stored_retainage",
    "overbilled_by": "over_billed_by",
    "scheduled_value": "scheduled_value",
    "work_previous": "work_previous",
    "work_this_period": "work_this_period",
    "stored_presently": "stored_presently",
}
SUMMARY_LINES = {
    "line1_original_contract_sum": "original_contract_sum",
    "line2_net_change_orders": "net_change_orders",
    "line3_contract_sum_to_date": "contract_sum_to_date",
    "line3": "contract_sum_to_date",
    "line4_total_completed_stored": "total_completed_and_stored",
    "line4": "total_completed_and_stored",
    "line5a_retainage_work": "work_retainage",
    "line5b_retainage_stored": "stored_retainage",
    "line5_total_retainage": "total_retainage",
    "line5": "total_retainage",
    "line6_total_earned_less_retainage": "earned_less_retainage",
    "line6": "earned_less_retainage",
    "line7_less_previous_certificates": "previous_certificates",
    "line7": "previous_certificates",
    "line8_current_payment_due": "current_payment_due",
    "line8": "current_payment_due",
    "line9_balance_to_finish_incl_retainage": "balance_to_finish_including_retainage",
    "line9": "balance_to_finish_including_retainage",
    "percent_complete_2dp": "percent_complete",
    "total_retainage": "total_retainage",
}


def case(case_id: str) -> Callable:
    """Make a test of one case: it gets a copy of the case's inputs and of its expected values."""

    def decorate(check_case):
        def test():
            found = copy.deepcopy(CASES[case_id])
            check_case(found["inputs"], found["expected"])

        test.__name__, test.__doc__, test.__module__ = check_case.__name__, check_case.__doc__, check_case.__module__
        TESTED.add(case_id)
        return test

    return decorate


def line_of(given: dict) -> Line:
    """A case's line. Work retainage of earlier invoices was held at the same rate; stored material arrived now."""
    both = given.get("retainage_pct", "0")
    rate, stored_rate = D(given.get("retainage_pct_work", both)), D(given.get("retainage_pct_stored", both))
    return Line(
        key=given.get("item", ""),
        label=given.get("description", ""),
        scheduled_value=D(given.get("scheduled_value", "0.00")),
        work_previous=D(given.get("work_previous", "0.00")),
        work_this_period=D(given.get("work_this_period", "0.00")),
        stored_new=D(given.get("stored_presently", "0.00")),
        work_retainage_previous=held(D(given.get("work_previous", "0.00")), rate),
        work_retainage_rate=rate,
        stored_retainage_rate=stored_rate,
    )


def assert_columns(line, expected, names=LINE_COLUMNS):
    for name, amount in expected.items():
        if name not in ("item", "description"):
            assert getattr(line, names[name]) == D(amount), name


def assert_totals(lines, expected):
    for name, amount in expected.items():
        assert column_total(lines, LINE_COLUMNS[name]) == D(amount), name


def assert_exported(lines, previous_certificates, expected):
    """What accounting books: gross, the change in retainage, and the net, which is line 8 (N-7)."""
    change = column_total(lines, "retainage_held_this_period") - column_total(lines, "retainage_released_this_period")
    gross = column_total(lines, "gross_this_period")
    assert (gross, change) == (D(expected["gross_this_period"]), D(expected["retainage_this_period"]))
    summary = summarize(lines, ZERO, ZERO, previous_certificates)
    assert gross - change == summary.current_payment_due == D(expected["net_due"])


def lines_and_summary(given, previous_certificates):
    lines = [line_of(each) for each in given["lines"]]
    summary = summarize(lines, D(given["original_contract_sum"]), D(given["net_change_orders"]), previous_certificates)
    return lines, summary


def released_in_full(lines):
    return [Line.of(with_release_of_percent(line, D(100))) for line in lines]


def findings_of(lines, header, number):
    """The findings of one identity, as for a first invoice in an open period."""
    day = date(2026, 6, 30)
    facts = InvoiceFacts(
        lines=tuple(LineFacts(line=line) for line in lines),
        header=header,
        original_contract_sum=header.contract_sum_to_date,
        approved_change_orders=ZERO,
        period=PeriodFacts(start_date=day, end_date=day, due_date=day, submitted_date=day),
    )
    return [each for each in check(facts) if each.number == number]
