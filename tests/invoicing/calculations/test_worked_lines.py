"""The worked payment applications about single lines, rounding and entry, on every value they expect."""

from dataclasses import replace
from decimal import Decimal as D

from invoicing.calculations.identities import errors
from invoicing.calculations.lines import (
    Line,
    next_line,
    percent_of,
    work_for_percent,
    work_for_quantity,
)
from invoicing.calculations.money import ZERO, allocate
from invoicing.calculations.retainage import held
from invoicing.calculations.summary import column_total, summarize
from tests.invoicing.calculations.cases import (
    LINE_COLUMNS,
    SUMMARY_LINES,
    assert_columns,
    case,
    findings_of,
    line_of,
)


@case("PA-05")
def test_unit_priced_line(given, expected):
    price = D(given["unit_price"])
    line = line_of(
        {
            "scheduled_value": str(work_for_quantity(D(given["scheduled_quantity"]), price)),
            "work_previous": str(work_for_quantity(D(given["quantity_previous"]), price)),
            "work_this_period": str(work_for_quantity(D(given["quantity_this_period"]), price)),
            "retainage_pct": given["retainage_pct"],
        }
    )
    assert_columns(line, expected, {**LINE_COLUMNS, "percent_complete_2dp": "percent_complete"})


@case("PA-06")
def test_typed_retainage_on_two_lines(given, expected):
    lines = [
        Line(
            scheduled_value=D(each["scheduled_value"]),
            work_this_period=D(each["amount"]),
            work_retainage_typed=D(each["retainage_this_period"]),
        )
        for each in given["lines"]
    ]
    summary = summarize(lines, D("2000.00"), ZERO, ZERO)
    assert summary.gross_this_period == D(expected["gross"])
    assert summary.total_retainage == summary.retainage_newly_held == D(expected["retainage"])
    assert summary.current_payment_due == D(expected["net_due"])


@case("PA-20")
def test_retainage_half_up_net_by_subtraction(given, expected):
    for row, wanted in zip(given["rows"], expected["rows"], strict=True):
        assert (row["billed"], row["pct"]) == (wanted["billed"], wanted["pct"])
        line = line_of({"work_this_period": row["billed"], "retainage_pct": row["pct"]})
        assert line.total_retainage == D(wanted["retainage"])
        assert line.net_this_period == D(wanted["net"])


@case("PA-23")
def test_sharing_without_losing_a_cent(given, expected):
    work = [D(each["work_this_period"]) for each in given["lines"]]
    shares = allocate(D(given["retainage_total"]), work)
    lines = [
        Line(scheduled_value=base, work_this_period=base, work_retainage_typed=share)
        for base, share in zip(work, shares, strict=True)
    ]
    assert list(shares) == [D(each) for each in expected["retainage_lines"]]
    assert [line.net_this_period for line in lines] == [D(each) for each in expected["net_lines"]]
    assert column_total(lines, "net_this_period") == D(expected["total_net"])
    for words, wanted in expected["also"].items():
        _, total, _, weights = words.split()
        assert allocate(D(total), [D(each) for each in weights.split(":")]) == tuple(D(each) for each in wanted)


@case("PA-24")
def test_amount_entry_and_percent_entry(given, expected):
    inputs, wanted = given["cases"], expected["cases"]
    names = {"G": "total_completed_and_stored", "H": "balance_to_finish", "percent": "percent_complete"}
    names |= {"E": "work_this_period", "retainage": "total_retainage"}
    assert_columns(letters(inputs[0]), wanted[0], names)
    assert_columns(letters(inputs[1]), wanted[1], names)
    summary = summarize([letters(inputs[2])], D(inputs[2]["original"]), D(inputs[2]["co"]), D(inputs[2]["prev"]))
    assert_columns(summary, wanted[2], SUMMARY_LINES)
    assert_columns(summarize([letters(inputs[3])], ZERO, ZERO, D(inputs[3]["prev"])), wanted[3], SUMMARY_LINES)
    assert_columns(by_percent(letters(inputs[4]), inputs[4]["enter_percent"]), wanted[4], names)
    clamped_percent_still_over_bills(inputs[5], wanted[5])
    prior = inputs[6]["prior"]
    for key, amount in inputs[6]["sov"]:
        line = letters({"C": amount, **({"D": prior["D"], "E": prior["E"]} if key == prior["line"] else {})})
        assert next_line(line).work_previous == D(wanted[6]["next_D"][key])
        assert line.percent_complete == D(wanted[6]["percent"].get(key, "0"))


def letters(given):
    """A line from the case's column letters; retainage is an amount when the case gives one."""
    typed = D(given["retainage"]) if "retainage" in given else None
    return Line(
        scheduled_value=D(given.get("C", "0")),
        work_previous=D(given.get("D", "0")),
        work_this_period=D(given.get("E", "0")),
        stored_new=D(given.get("F", "0")),
        work_retainage_previous=held(D(given.get("D", "0")), D(given.get("pct", "0"))),
        work_retainage_rate=D(given.get("pct", "0")),
        stored_retainage_rate=D(given.get("pct", "0")),
        work_retainage_typed=typed,
    )


def by_percent(line, percent):
    return replace(line, work_this_period=work_for_percent(line, D(percent)))


def clamped_percent_still_over_bills(given, wanted):
    """The source clamps 150 % to 100 % of work and then adds stored material; we clamp nothing and refuse both."""
    line = letters(given)
    clamped = replace(line, work_this_period=held(line.scheduled_value, min(D(given["enter_percent"]), D(100))))
    assert clamped.work_this_period == D(wanted["E"])
    assert clamped.total_completed_and_stored == D("1200.00")
    typed = by_percent(line, given["enter_percent"])
    assert typed.total_completed_and_stored == D("1500.00")
    for each, over in ((clamped, "200.00"), (typed, "500.00")):
        findings = findings_of([each], summarize([each], line.scheduled_value, ZERO, ZERO), "N-4")
        assert [breach.difference for breach in errors(findings)] == [D(over)]


@case("PA-29")
def test_slices_keep_their_rate(given, expected):
    slices = [(D(each["amount"]), D(each["pct"])) for each in given["slices"]]
    billed = sum(amount for amount, _ in slices)
    assert billed == D(expected["total_billed"])
    assert sum(held(amount, rate) for amount, rate in slices) == D(expected["total_retainage"])
    first = Line(scheduled_value=billed, work_this_period=slices[0][0], work_retainage_rate=slices[0][1])
    second = Line.of(replace(next_line(first), work_this_period=slices[1][0], work_retainage_rate=slices[1][1]))
    assert second.total_retainage == D(expected["total_retainage"])
    assert summarize([second], billed, ZERO, ZERO).earned_less_retainage == D(expected["line6"])


@case("PA-31")
def test_smallest_with_stored_material(given, expected):
    line = line_of(
        {
            "work_this_period": given["work_completed"],
            "stored_presently": given["material_stored"],
            "retainage_pct": given["retention_pct_implied"],
        }
    )
    assert line.total_retainage == D(expected["retention_held"])
    assert line.net_this_period == D(expected["net"])


@case("PA-32")
def test_accounting_gets_the_gross(given, expected):
    line = line_of({"work_this_period": given["subtotal"], "retainage_pct": given["retainage_pct"]})
    assert line.retainage_held_this_period == D(expected["retainage"])
    assert line.net_this_period == D(expected["net"])
    assert line.gross_this_period == D(expected["gross_to_erp"])


@case("PA-33")
def test_measured_quantity_over_the_estimate(given, expected):
    price = D(given["unit_price"])
    line = Line(
        scheduled_value=work_for_quantity(D(given["estimated_quantity"]), price),
        work_this_period=work_for_quantity(D(given["actual_quantity"]), price),
    )
    names = {"scheduled_value": "scheduled_value", "earned": "work_this_period"}
    names |= {"over_scheduled": "over_billed_by", "percent_2dp": "percent_complete"}
    assert_columns(line, expected, names)
    assert percent_of(line.work_this_period, line.scheduled_value) == D(expected["percent_2dp"])


@case("PA-35")
def test_columns_are_gross_of_retainage(given, expected):
    line = Line(scheduled_value=D(given["C"]), work_retainage_rate=D(given["pct"]))
    line = by_percent(line, given["percent_this_period"])
    names = {"E": "work_this_period", "G": "total_completed_and_stored", "H": "balance_to_finish"}
    names |= {"I": "total_retainage", "percent": "percent_complete"}
    line6 = expected.pop("line6")
    assert_columns(line, expected, names)
    assert summarize([line], D(given["C"]), ZERO, ZERO).earned_less_retainage == D(line6)
