"""The worked payment applications that are whole certificates, on every value they expect."""

from dataclasses import replace
from decimal import Decimal as D

from invoicing.calculations.identities import errors
from invoicing.calculations.lines import (
    Line,
    next_line,
    with_release_of_percent,
)
from invoicing.calculations.money import ZERO, round_half_up
from invoicing.calculations.retainage import held
from invoicing.calculations.summary import Summary, column_total, summarize
from tests.invoicing.calculations.cases import (
    SUMMARY_LINES,
    assert_columns,
    assert_exported,
    assert_totals,
    case,
    findings_of,
    line_of,
    lines_and_summary,
    released_in_full,
)


@case("PA-01")
def test_levelset_schedule(given, expected):
    lines = [line_of(each) for each in given["lines"]]
    for line, columns in zip(lines, expected["lines"], strict=True):
        assert (line.key, line.label) == (columns["item"], columns["description"])
        assert_columns(line, columns)
    assert_totals(lines, expected["totals"])
    summary = summarize(lines, D("47000.00"), ZERO, ZERO)
    assert_columns(summary, expected["derived"], SUMMARY_LINES)
    shown = {line.key: int(round_half_up(line.percent_complete, 0)) for line in lines}
    shown["totals"] = int(round_half_up(summary.percent_complete, 0))
    assert shown == expected["display_percent_whole"]


@case("PA-02")
def test_three_lines_with_change_orders(given, expected):
    lines, summary = lines_and_summary(given, D(given["previous_certificates_if_derived"]))
    for line, columns in zip(lines, expected["lines"], strict=True):
        assert (line.key, line.label) == (columns["item"], columns["description"])
        assert_columns(line, columns)
    assert_totals(lines, expected["totals"])
    assert_columns(summary, expected["summary"], SUMMARY_LINES)


@case("PA-04")
def test_over_billed_line_in_a_contract_that_is_not(given, expected):
    sample = line_of(given["line"])
    rest = line_of(
        {
            "scheduled_value": str(D(given["original_contract_sum"]) + D(given["net_change_orders"]) - 50000),
            "work_previous": str(D(given["total_work_completed"]) - sample.work_to_date),
            "stored_presently": str(D(given["total_stored_presently"]) - sample.stored_presently),
            "retainage_pct_work": given["retainage_pct_work"],
            "retainage_pct_stored": given["retainage_pct_stored"],
        }
    )
    assert_columns(sample, expected["line"])
    sums = D(given["original_contract_sum"]), D(given["net_change_orders"]), D(given["previous_certificates"])
    summary = summarize([sample, rest], *sums)
    assert_columns(summary, {k: v for k, v in expected.items() if k != "line"}, SUMMARY_LINES)
    breaches = errors(findings_of([sample, rest], summary, "N-4"))
    assert [(each.line_key, each.difference) for each in breaches] == [(sample.key, D("1500.00"))]


@case("PA-07")
def test_hold_then_release(given, expected):
    first = [line_of(each) for each in given["app1"]["lines"]]
    certified = summarize(first, ZERO, ZERO, ZERO)
    app1, app2 = expected["app1"], expected["app2"]
    assert [line.total_retainage for line in first] == [D(each) for each in app1.pop("retainage_lines")]
    assert_columns(certified, app1, SUMMARY_LINES)
    assert_exported(first, ZERO, expected["erp_export"][0])
    work = D(given["app2"]["work_this_period"])
    started = [Line.of(next_line(line)) for line in first]
    assert column_total(started, "work_this_period") == work
    second = [Line.of(with_release_of_percent(line, D(given["app2"]["release_pct"]))) for line in started]
    summary = summarize(second, ZERO, ZERO, certified.earned_less_retainage)
    assert summary.retainage_released == D(app2.pop("retainage_released"))
    assert_columns(summary, {"line5_total_retainage": app2.pop("total_retainage"), **app2}, SUMMARY_LINES)
    assert_exported(second, certified.earned_less_retainage, expected["erp_export"][1])
    assert summary.gross_this_period == summary.retainage_newly_held == ZERO


@case("PA-18")
def test_a_rate_of_its_own_on_each_line(given, expected):
    line7 = D(given["previous_certificates"])
    lines, summary = lines_and_summary(given, line7)
    for line, columns in zip(lines, expected["lines"], strict=True):
        assert (line.key, line.label) == (columns["item"], columns["description"])
        assert_columns(line, columns)
    assert_totals(lines, expected["totals"])
    assert_columns(summary, expected["summary"], SUMMARY_LINES)
    assert_exported(lines, line7, expected["erp_export"][0])
    idle = [Line.of(next_line(line)) for line in lines]
    unchanged = summarize(idle, ZERO, ZERO, summary.earned_less_retainage)
    assert unchanged.current_payment_due == D(expected["zero_work_period_line8"])
    final = summarize(released_in_full(idle), ZERO, ZERO, summary.earned_less_retainage)
    assert final.current_payment_due == D(expected["final_release_extra"])


@case("PA-19")
def test_line_7_is_stored_and_never_recomputed(given, expected):
    lines = [line_of(each) for each in given["lines"]]
    certified = D(expected["line7_less_previous_certificates"])
    assert_columns(summarize(lines, D("100000.00"), ZERO, certified), expected, SUMMARY_LINES)
    wrong = D("50000.00") - held(D("50000.00"), D(given["wrong_default_pct"]))
    assert summarize(lines, ZERO, ZERO, wrong).current_payment_due == D("-2500.00"), "the source's error"


@case("PA-21")
def test_roll_forward_and_final_release(given, expected):
    line7 = D(given["previous_certificates"].split()[0])
    lines, summary = lines_and_summary(given, line7)
    for line, columns in zip(lines, expected["lines"], strict=True):
        assert (line.key, line.label) == (columns["item"], columns["description"])
        assert_columns(line, columns)
    assert_totals(lines, expected["totals"])
    assert_columns(summary, expected["summary"], SUMMARY_LINES)
    assert_exported(lines, line7, expected["erp_export"][0])
    final = summarize(released_in_full(lines), ZERO, ZERO, line7)
    assert (final.total_retainage, final.current_payment_due) == (ZERO, D(expected["final_release_line8"]))
    rolled, wanted = [next_line(line) for line in lines], expected["roll_forward_next_period"]
    assert column_total(rolled, "work_previous") == D(wanted["sum_work_previous"])
    assert column_total(rolled, "work_this_period") == D(wanted["sum_work_this_period"])
    assert column_total(rolled, "stored_presently") == D(wanted["stored_stays_in_F"])
    unscheduled = findings_of(lines, summary, "N-2")
    assert [each.difference for each in errors(unscheduled)] == [D("-75000.00")]


@case("PA-25")
def test_line_9_counts_retainage(given, expected):
    certified, rate = D(given["previous_certificates"]), D(given["retainage_pct"])
    before = D("100000.00")  # what a certificate of 90,000.00 at 10 % had been drawn on
    assert before - held(before, rate) == certified
    line = line_of(
        {
            "scheduled_value": given["original_contract_sum"],
            "work_previous": str(before),
            "work_this_period": str(D(given["total_completed"]) - before),
            "retainage_pct": given["retainage_pct"],
        }
    )
    with_order = summarize([line], D(given["original_contract_sum"]), D("10000.00"), certified)
    assert with_order.contract_sum_to_date == D(expected.pop("line3_with_10000_co"))
    assert_exported([line], certified, expected.pop("erp_export")[0])
    summary = summarize([line], D(given["original_contract_sum"]), D(given["net_change_orders"]), certified)
    assert_columns(summary, expected, SUMMARY_LINES)


@case("PA-26")
def test_second_of_four_draws(given, expected):
    for name, rate in (("no_retainage", "0"), ("ten_percent", "10")):
        line, certified = None, ZERO
        for number, draw in enumerate(given["draws"][: given["current"]], start=1):
            base = next_line(line) if line else Line(scheduled_value=D(given["contract"]), work_retainage_rate=D(rate))
            line = replace(base, work_this_period=D(draw))
            summary = summarize([line], D(given["contract"]), D(given["change_orders"]), certified)
            if number < given["current"]:
                certified = summary.earned_less_retainage
        assert_columns(summary, expected[name], SUMMARY_LINES)
    assert_exported([line], certified, expected["erp_export"][0])


@case("PA-27")
def test_summary_of_a_certificate(given, expected):
    line = line_of({"work_previous": given["line4"], "retainage_pct": given["retainage_pct"]})
    summary = summarize([line], D(given["original_contract_sum"]), ZERO, D(given["previous_certificates_derived"]))
    assert_columns(summary, expected, SUMMARY_LINES)


@case("PA-36")
def test_retainage_only_application(given, expected):
    """Its expected values are rules in words, so any fully billed contract shows them."""
    assert given["state"] == "previous application at 100% of every line with retainage R held"
    lines = [
        line_of({"scheduled_value": amount, "work_previous": amount, "retainage_pct": "10"})
        for amount in ("12345.67", "0.05", "99999.99")
    ]
    contract = column_total(lines, "scheduled_value")
    before: Summary = summarize(lines, contract, ZERO, ZERO)
    after = summarize(released_in_full(lines), contract, ZERO, before.earned_less_retainage)
    assert after.total_retainage == D(expected["line5"])
    assert expected["line6"] == "line 3" and after.earned_less_retainage == after.contract_sum_to_date
    assert expected["line8"].startswith("R,") and after.current_payment_due == before.total_retainage
    assert after.balance_to_finish_including_retainage == D(expected["line9"])
    assert (after.gross_this_period, after.retainage_newly_held) == (ZERO, ZERO), "no row for accounting (S50)"
    assert after.retainage_released == before.total_retainage
