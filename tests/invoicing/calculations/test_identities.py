"""Each identity N-1 … N-13 holds on a sound invoice and says what is wrong on one that is not (5.5)."""

from dataclasses import replace
from datetime import date
from decimal import Decimal as D

import pytest

from invoicing.calculations.facts import InvoiceFacts, LineFacts, PeriodFacts, PreviousCertificate, PreviousLine
from invoicing.calculations.identities import check, errors, warnings
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO
from invoicing.calculations.summary import summarize

CONTRACT = D("10000.00")
BEFORE = (
    Line(
        key="SOV-001",
        label="1 Footings",
        scheduled_value=D("6000.00"),
        work_this_period=D("1000.00"),
        stored_new=D("500.00"),
        work_retainage_rate=D(10),
        stored_retainage_rate=D(10),
    ),
    Line(key="SOV-002", label="2 Slab", scheduled_value=D("4000.00"), work_retainage_rate=D(10)),
)
CERTIFIED = summarize(BEFORE, CONTRACT, ZERO, ZERO)


def facts_of(lines, **known):
    """The second invoice of a commitment of 10,000.00; its header is stored as the lines add up."""
    given = {
        "lines": tuple(LineFacts(line=line) for line in lines),
        "header": summarize(lines, CONTRACT, ZERO, CERTIFIED.earned_less_retainage),
        "original_contract_sum": CONTRACT,
        "approved_change_orders": ZERO,
        "period": PeriodFacts(
            start_date=date(2026, 6, 1),
            end_date=date(2026, 6, 30),
            due_date=date(2026, 6, 25),
            submitted_date=date(2026, 6, 25),
        ),
        "previous_lines": tuple(PreviousLine.of(line) for line in BEFORE),
        "previous_certificate": PreviousCertificate(
            earned_less_retainage=CERTIFIED.earned_less_retainage, total_retainage=CERTIFIED.total_retainage
        ),
        "has_attachments": True,
    }
    return InvoiceFacts(**{**given, **known})


FIRST = Line(
    key="SOV-001",
    label="1 Footings",
    scheduled_value=D("6000.00"),
    work_previous=D("1000.00"),
    work_this_period=D("2000.00"),
    stored_previous=D("500.00"),
    stored_moved=D("200.00"),
    work_retainage_previous=D("100.00"),
    stored_retainage_previous=D("50.00"),
    work_retainage_rate=D(10),
    stored_retainage_rate=D(10),
)
SECOND = Line(
    key="SOV-002",
    label="2 Slab",
    scheduled_value=D("4000.00"),
    work_this_period=D("400.00"),
    work_retainage_rate=D(10),
)
SOUND = facts_of((FIRST, SECOND))


def with_first(**columns):
    return facts_of((replace(FIRST, **columns), SECOND))


def with_header(**amounts):
    return replace(SOUND, header=replace(SOUND.header, **amounts))


def with_facts(facts, **known):
    return replace(facts, lines=(replace(facts.lines[0], **known), *facts.lines[1:]))


def with_period(**known):
    return replace(SOUND, period=replace(SOUND.period, **known))


def breaches(facts):
    return [finding for finding in check(facts) if not finding.holds]


CREDIT = with_first(work_this_period=D("-100.00"))
OVER = with_first(work_this_period=D("4500.01"))
WAIVED = with_facts(OVER, is_unit_priced=True, is_over_billing_waived=True)
ALL_RELEASED = with_first(retainage_released=D("320.00"))  # 100.00 were held before, 200.00 of this bill at once
HALF_AS_IN_AN_OLD_FILE = replace(ALL_RELEASED, header=replace(ALL_RELEASED.header, retainage_newly_held=D("240.00")))
AS_IN_AN_OLD_FILE = replace(
    ALL_RELEASED,
    header=replace(
        HALF_AS_IN_AN_OLD_FILE.header, retainage_released=ALL_RELEASED.header.retainage_released + D("200.00")
    ),
)
UNSCHEDULED = facts_of((FIRST, replace(SECOND, scheduled_value=D("3999.99"))))

BROKEN = [
    ("N-1", with_first(work_previous=D("999.99")), "SOV-001", "1000.00", "999.99"),
    ("N-1", with_first(stored_previous=D("600.00")), "SOV-001", "500.00", "600.00"),
    ("N-1", with_first(work_retainage_previous=D("90.00")), "SOV-001", "100.00", "90.00"),
    ("N-1", with_first(stored_retainage_previous=D("0.00")), "SOV-001", "50.00", "0.00"),
    ("N-1", with_first(stored_balance_override=D("310.00")), "SOV-001", "300.00", "310.00"),
    ("N-1", replace(SOUND, lines=SOUND.lines[1:]), "SOV-001", "1500.00", "0.00"),
    ("N-2", UNSCHEDULED, "", "10000.00", "9999.99"),
    ("N-2", replace(SOUND, approved_change_orders=D("75.00")), "", "10075.00", "10000.00"),
    ("N-3", with_facts(SOUND, total_as_stored=D("3500.01")), "SOV-001", "3500.00", "3500.01"),
    ("N-3", with_first(stored_moved=D("500.01")), "SOV-001", "500.00", "500.01"),
    ("N-3", with_first(stored_moved=D("-0.01")), "SOV-001", "0.00", "-0.01"),
    ("N-3", with_first(stored_new=D("-300.01")), "SOV-001", "0.00", "-0.01"),
    ("N-4", OVER, "SOV-001", "6000.00", "6000.01"),
    ("N-4", with_first(work_this_period=D("-1500.01")), "SOV-001", "0.00", "-0.01"),
    ("N-5", with_facts(SOUND, work_retainage_as_stored=D("219.99")), "SOV-001", "220.00", "219.99"),
    ("N-5", with_facts(SOUND, stored_retainage_as_stored=D("30.01")), "SOV-001", "30.00", "30.01"),
    ("N-5", with_first(retainage_released=D("320.01")), "SOV-001", "320.00", "320.01"),
    ("N-5", with_first(retainage_released=D("-0.01")), "SOV-001", "0.00", "-0.01"),
    ("N-5", with_first(stored_retainage_typed=D("300.01")), "SOV-001", "300.00", "300.01"),
    ("N-5", with_first(work_retainage_typed=D("-100.01")), "SOV-001", "0.00", "-0.01"),
    ("N-6", with_header(previous_certificates=D("1350.01")), "", "2160.00", "2159.99"),
    ("N-7", with_header(work_retainage=D("359.99"), previous_certificates=D("1350.01")), "", "2400.00", "2399.99"),
    ("N-8", with_header(total_completed_and_stored=D("3900.01")), "", "3900.00", "3900.01"),
    ("N-8", with_header(work_retainage=D("360.01")), "", "360.00", "360.01"),
    ("N-8", with_header(stored_retainage=D("0.00")), "", "30.00", "0.00"),
    ("N-8", with_header(gross_this_period=D("2400.01")), "", "2400.00", "2400.01"),
    ("N-8", with_header(retainage_newly_held=D("240.01")), "", "240.00", "240.01"),
    ("N-8", with_header(retainage_released=D("0.01")), "", "0.00", "0.01"),
    ("N-8", HALF_AS_IN_AN_OLD_FILE, "", "40.00", "240.00"),
    ("N-9", CREDIT, "SOV-001", "0.00", "-100.00"),
    ("N-10", replace(SOUND, has_attachments=False), "", "0.00", "300.00"),
    ("N-11", with_facts(SOUND, is_change_order_approved=False), "SOV-001", "0.00", "3500.00"),
    ("N-12", with_period(submitted_date=date(2026, 6, 26)), "", "0", "1"),
    ("N-12", with_period(accepts_bills=False), "", "0", "0"),
    ("N-12", with_period(end_date=date(2026, 5, 30)), "", "0", "2"),
    ("N-13", with_first(work_retainage_rate=D(5)), "", "10", "5"),
    ("N-13", with_first(stored_retainage_rate=D(0)), "", "10", "0"),
]
KEPT = [
    ("N-1", with_facts(with_first(stored_balance_override=D("300.00")), reason="")),
    ("N-2", replace(SOUND, original_contract_sum=D("9900.00"), approved_change_orders=D("100.00"))),
    ("N-3", with_facts(with_first(stored_moved=D("500.00")), total_as_stored=D("3500.00"))),
    ("N-4", with_first(work_this_period=D("4500.00"))),
    ("N-4", with_first(work_this_period=D("-1500.00"), work_retainage_typed=ZERO)),
    ("N-4", replace(OVER, allows_over_billing=True)),
    ("N-4", WAIVED),
    ("N-5", with_first(work_retainage_typed=D("1.00"))),
    ("N-5", with_first(retainage_released=D("320.00"))),
    ("N-6", SOUND),
    ("N-7", with_first(retainage_released=D("320.00"), stored_retainage_typed=ZERO)),
    ("N-8", SOUND),
    ("N-8", AS_IN_AN_OLD_FILE),
    ("N-9", with_facts(CREDIT, reason="Taken back: cracked")),
    ("N-10", replace(SOUND, has_attachments=True)),
    ("N-10", replace(with_first(stored_moved=D("500.00")), has_attachments=False)),
    ("N-11", SOUND),
    ("N-12", with_period(submitted_date=date(2026, 6, 26), accepts_bills=False, may_finish_late=True)),
    ("N-12", with_period(due_date=date(2026, 6, 1), submitted_date=date(2026, 6, 1))),
    ("N-13", SOUND),
]


def test_on_a_sound_invoice_every_identity_holds_and_is_shown_once():
    findings = check(SOUND)
    assert [finding.number for finding in findings] == [f"N-{number}" for number in range(1, 14)]
    assert all(finding.holds and finding.difference == 0 for finding in findings)
    assert all(finding.expected == finding.found and finding.sentence.endswith(".") for finding in findings)
    of_nothing = [finding.found for finding in findings if finding.number in ("N-4", "N-9", "N-11", "N-12", "N-13")]
    assert of_nothing == [0] * 5


@pytest.mark.parametrize(("number", "facts", "key", "expected", "found"), BROKEN)
def test_a_breach_names_the_line_and_what_was_expected_and_found(number, facts, key, expected, found):
    breach = next(finding for finding in breaches(facts) if finding.number == number)
    assert (breach.line_key, breach.expected, breach.found) == (key, D(expected), D(found))
    assert breach.difference == breach.found - breach.expected
    assert breach.sentence.endswith(".") and breach.sentence.count(". ") >= 1, "the remedy follows what is wrong"


@pytest.mark.parametrize(("number", "facts"), KEPT)
def test_what_the_rule_allows_is_no_breach(number, facts):
    mine = [finding for finding in check(facts) if finding.number == number]
    assert len(mine) == 1 and mine[0].holds


def test_every_identity_is_tried_both_ways():
    numbers = {f"N-{number}" for number in range(1, 14)}
    assert {number for number, *_ in BROKEN} == {number for number, *_ in KEPT} == numbers


def test_only_stored_material_and_changed_rates_are_warnings():
    for number, facts, *_ in BROKEN:
        severity = {finding.severity for finding in breaches(facts) if finding.number == number}
        assert severity == ({"warning"} if number in ("N-10", "N-13") else {"error"}), number


def test_errors_block_and_warnings_need_a_tick():
    facts = replace(OVER, has_attachments=False)
    findings = check(facts)
    assert [finding.number for finding in errors(findings)] == ["N-4"]
    assert [finding.number for finding in warnings(findings)] == ["N-10"]


def test_a_typed_stored_balance_with_a_reason_only_needs_a_tick():
    facts = with_facts(with_first(stored_balance_override=D("310.00")), reason="Counted on site")
    assert [finding.number for finding in warnings(check(facts))] == ["N-1"]
    assert errors(check(facts)) == ()


def test_over_billing_is_never_waived_on_a_line_with_a_fixed_amount():
    facts = with_facts(OVER, is_over_billing_waived=True)
    assert [finding.number for finding in errors(check(facts))] == ["N-4"]


@pytest.mark.parametrize(
    ("total", "is_kept"), [("-500.00", True), ("-500.01", False), ("0.00", True), ("0.01", False), ("-250.00", True)]
)
def test_a_deduction_is_billed_down_to_its_value_and_not_past_it(total, is_kept):
    deduction = Line(key="SOV-003", label="3 Credit", scheduled_value=D("-500.00"), work_this_period=D(total))
    facts = replace(facts_of((FIRST, SECOND, deduction)), approved_change_orders=D("-500.00"))
    assert [finding.number for finding in breaches(facts) if finding.number == "N-4"] == ([] if is_kept else ["N-4"])


@pytest.mark.parametrize(
    ("before", "now", "by"),
    [("120.00", "0.00", "0.00"), ("120.00", "-5.00", "0.00"), ("120.00", "0.01", "20.01"), ("99.99", "0.02", "0.01")],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_what_an_earlier_bill_was_allowed_to_pass_stops_no_later_one(before, now, by, sign):
    """N-4: 120.00 of 100.00 was waived then; only what goes further has to be waived anew."""
    line = Line(
        key="SOV-003", label="3 Rock", scheduled_value=sign * D("100.00"), work_previous=sign * D(before),
        work_this_period=sign * D(now),
    )  # fmt: skip
    assert line.passes_by == D(by)
    found = [each for each in breaches(facts_of((FIRST, SECOND, line))) if each.number == "N-4"]
    assert [f"{by} over" in each.sentence for each in found] == ([True] if D(by) else [])


def test_a_line_without_a_value_is_not_billed_below_zero_even_where_over_billing_is_allowed():
    """N-4."""
    line = Line(key="SOV-003", label="3 Allowance", scheduled_value=ZERO, work_this_period=D("-0.01"))
    facts = facts_of((FIRST, SECOND, line), allows_over_billing=True)
    found = [each for each in breaches(facts) if each.number == "N-4"]
    assert [(each.line_key, each.expected, each.found) for each in found] == [("SOV-003", ZERO, D("-0.01"))]
    assert "below zero" in found[0].sentence


def test_more_newly_held_than_billed_is_pointed_out():
    """S47: a higher work rate on material that only moves."""
    facts = facts_of(
        (
            replace(FIRST, work_this_period=ZERO, stored_moved=D("500.00"), work_retainage_rate=D(20)),
            replace(SECOND, work_this_period=ZERO),
        )
    )
    found = [finding for finding in warnings(check(facts)) if finding.number == "N-5"]
    assert [(finding.expected, finding.found) for finding in found] == [(ZERO, D("50.00"))]


WORK, DEDUCTION = (
    Line(
        key=f"SOV-{place:03d}",
        label=f"{place} {label}",
        scheduled_value=D(before) * 2,
        work_previous=D(before),
        work_retainage_previous=D(before) / 10,
        work_retainage_rate=D(10),
    )
    for place, label, before in ((1, "Footings", "1000.00"), (2, "Left out", "-200.00"))
)


@pytest.mark.parametrize(
    ("lines", "found", "sentence"),
    [
        ([WORK, DEDUCTION], [], ""),
        ([replace(WORK, retainage_released=D("80.00")), DEDUCTION], [], ""),
        ([replace(WORK, retainage_released=D("100.00")), replace(DEDUCTION, retainage_released=D("-20.00"))], [], ""),
        (
            [WORK, replace(DEDUCTION, retainage_released=D("-20.00"))],
            [(ZERO, D("-20.00"))],
            "Retainage released comes to -20.00 in all, which accounting can't book (S51). Release nothing on 2 Left"
            " out, or at least 20.00 more on 1 Footings.",
        ),
        (
            [replace(WORK, retainage_released=D("100.00")), DEDUCTION],
            [(D("80.00"), D("100.00"))],
            "Retainage released comes to 100.00 in all, and the bills before hold 80.00 (S51). Release what is held"
            " below zero on 2 Left out with it, or 20.00 less.",
        ),
    ],
)
def test_what_is_released_in_all_lies_between_zero_and_what_the_bills_before_hold(lines, found, sentence):
    """N-5, S51: line by line each is within what it holds."""
    facts = facts_of(lines, previous_certificate=PreviousCertificate(total_retainage=D("80.00")))
    told = [each for each in errors(check(facts)) if each.number == "N-5"]
    assert [(each.expected, each.found) for each in told] == found
    assert [each.sentence for each in told] == [sentence] * len(found)


def test_what_is_certified_is_asked_no_more_what_it_releases_in_all():
    """N-5: certified before this was asked, it would be a difference of the ledgers for good; S51 keeps it here."""
    lines = [WORK, replace(DEDUCTION, retainage_released=D("-20.00"))]
    facts = facts_of(lines, previous_certificate=PreviousCertificate(total_retainage=D("80.00")), is_certified=True)
    assert all(each.holds for each in check(facts) if each.number == "N-5")


def test_where_no_line_releases_what_falls_by_itself_needs_a_tick_and_a_remedy_that_its_type_allows():
    """N-5: a bill of work alone has no release to lower."""
    falls = replace(WORK, stored_previous=D("1000.00"), stored_retainage_previous=D("100.00"))
    facts = facts_of([falls, DEDUCTION], previous_certificate=PreviousCertificate(total_retainage=D("80.00")))
    assert not [each for each in errors(check(facts)) if each.number == "N-5"]
    [found] = [each for each in warnings(check(facts)) if each.number == "N-5"]
    assert found.sentence == (
        "Retainage released comes to 100.00 in all, and the bills before hold 80.00 (S51). A project Admin can type"
        " 20.00 more as held on 1 Footings."
    )


def test_what_is_held_below_zero_in_all_can_be_given_back_with_a_tick():
    """N-5: else nothing could bring it to zero; accounting can't book it all the same (S51)."""
    for held, among in (("-20.00", warnings), ("-19.99", errors)):
        facts = facts_of(
            [replace(WORK, work_retainage_previous=ZERO), replace(DEDUCTION, retainage_released=D("-20.00"))],
            previous_certificate=PreviousCertificate(total_retainage=D(held)),
        )
        assert [(each.expected, each.found) for each in among(check(facts)) if each.number == "N-5"] == [
            (ZERO, D("-20.00"))
        ]


def test_a_typed_balance_that_stays_while_material_moves_is_pointed_out():
    """5.2: nothing is held twice."""
    facts = with_first(stored_moved=D("300.00"), stored_retainage_typed=D("50.00"))
    found = [finding for finding in warnings(check(facts)) if finding.number == "N-5"]
    assert [(finding.expected, finding.found) for finding in found] == [(D("20.00"), D("50.00"))]
    assert found[0].sentence.endswith("stays. A project Admin can type 20.00 instead."), "two fifths are left of it"


def test_a_typed_balance_that_stays_while_material_is_added_is_pointed_out_too():
    """9.4, 5.2: half was released once, and what is stored since is held by no rule."""
    facts = with_first(stored_new=D("800.00"), stored_moved=ZERO, stored_retainage_typed=D("50.00"))
    [found] = [finding for finding in warnings(check(facts)) if finding.number == "N-5"]
    assert (found.line_key, found.expected, found.found) == (FIRST.key, D("130.00"), D("50.00"))
    assert "adds material, but its typed stored retainage stays. A project Admin can type 130.00" in found.sentence
    for typed in ("49.99", "130.00"):
        anew = with_first(stored_new=D("800.00"), stored_moved=ZERO, stored_retainage_typed=D(typed))
        assert not [finding for finding in warnings(check(anew)) if finding.number == "N-5"], "it was typed anew"


@pytest.mark.parametrize(
    ("carried", "moved", "instead"),
    [
        ("50.00", "0.00", "100.00"),  # half was released: it stays released
        ("150.00", "0.00", "200.00"),  # half as much again was held: what is added is held on as well
        ("100.00", "0.00", "150.00"),
        ("50.00", "400.00", "80.00"),  # what moved took its share along
        ("150.00", "400.00", "140.00"),
    ],
)
def test_what_is_added_beside_a_typed_balance_is_to_be_held_on_and_no_release_taken_back(carried, moved, instead):
    """5.6: 500.00 come to 1,000.00 stored at 10 %."""
    line = replace(
        FIRST,
        stored_previous=D("1000.00"),
        stored_moved=D(moved),
        stored_new=D("500.00"),
        stored_retainage_previous=D(carried),
        stored_retainage_typed=D(carried),
    )
    [found] = [each for each in warnings(check(facts_of((line, SECOND)))) if each.number == "N-5"]
    assert (found.expected, found.found) == (D(instead), D(carried))
    assert f"A project Admin can type {instead} instead." in found.sentence
    followed = facts_of((replace(line, stored_retainage_typed=D(instead)), SECOND))
    assert not [each for each in warnings(check(followed)) if each.number == "N-5"]


def test_line_3_as_stored_is_the_contract_sum():
    found = [each for each in breaches(with_header(net_change_orders=D("1.00"))) if each.number == "N-2"]
    assert [each.difference for each in found] == [D("1.00")]


def test_several_breaches_are_listed_together():
    facts = with_first(work_previous=D("999.00"), work_retainage_rate=D(5), stored_moved=D("500.01"))
    assert {finding.number for finding in breaches(facts)} >= {"N-1", "N-3", "N-13"}


def test_lines_whose_rates_differ_alike_are_pointed_out_together_each_kind_under_a_name_of_its_own():
    """N-13: what is ticked is told apart; one line is called by its name."""
    one = [each for each in breaches(with_first(work_retainage_rate=D(5))) if each.number == "N-13"]
    assert [each.sentence.partition(" holds ")[0] for each in one] == [FIRST.label]
    both = facts_of((replace(FIRST, work_retainage_rate=D(5)), replace(SECOND, work_retainage_rate=D(5))))
    [found] = [each for each in breaches(both) if each.number == "N-13"]
    assert found.sentence.startswith("2 lines hold work retainage at 5 % instead of 10 % last time: ")
    assert found.sentence.endswith(f": {FIRST.label}, {SECOND.label}. Tick if that is meant.")
    apart = facts_of(
        (
            replace(FIRST, work_retainage_rate=D(5), stored_retainage_rate=D(0)),
            replace(SECOND, work_retainage_rate=D(4)),
        )
    )
    names = [each.name for each in breaches(apart) if each.number == "N-13"]
    assert len(names) == len(set(names)) == 3 and names[0] == "N-13 work at 5 % instead of 10 % on SOV-001"
