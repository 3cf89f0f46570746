"""Every rule of the import: silent on the worked sample, and speaking up when its own thing is wrong."""

import difflib
import re
from dataclasses import replace
from datetime import date

import pytest

from erp_integrations.sage100 import alike, rules
from erp_integrations.sage100.accounts import why_not
from erp_integrations.sage100.layout import APINV_R1, APINV_R2
from erp_integrations.sage100.lists import (
    CommitmentLine,
    CostCode,
    Job,
    LedgerAccount,
    SageCommitment,
    SageList,
    SageLists,
    Vendor,
)
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import RULES, admission, changed_since, check
from tests.erp_integrations.sage100.rule_cases import (
    CALM,
    CASES,
    LATER,
    LISTS,
    NONE_LISTED,
    SUBCONTRACT,
    ZERO,
    ZERO_LINE,
    Case,
    cell_says,
    choice,
    first_line,
    job,
    one,
    only_lines,
    subcontract,
    vendor,
)
from tests.erp_integrations.sage100.samples import TODAY, batch, invoice, line, money, release, settings, with_record


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_rule_speaks_up(case):
    found = [finding for finding in case.findings() if finding.rule == case.rule]
    assert [finding.severity for finding in found][:1] == [case.severity]
    assert all(finding.message.endswith((".", "”.")) and finding.remedy.endswith(".") for finding in found)
    assert not any(finding.message.endswith("..") for finding in found)


# A finding without a value reads as "… is empty": so it is of what is not linked, has no date or was left out.
EMPTY = {
    *(("S5", each) for each in ("Due date", "Discount date")),
    ("S10", "Invoice no"),
    ("S12", "Vendor no"),
    ("S13", "Description"),
    *((rule, f"{kind} no") for rule in ("S16", "S55") for kind in ("Subcontract", "PO")),
    ("S30", "Ledger account"),
    ("S32", "Sub-account"),
    ("S33", "Cost code"),
    ("S34", "Cost type"),
    *(("S39", f"{kind} line") for kind in ("Subcontract", "PO")),
    ("S45", "Reference no"),
    ("S55", "Job no"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_said_to_be_empty_that_is_not(case):
    """E-5: the value is the one that was found; in the file's row that the finding names, that field has none."""
    rows = build_rows(case.facts, case.lists)
    rows = (case.tamper(rows) if case.tamper else rows).rows
    for finding in case.findings():
        if finding.field and not finding.value:
            assert (finding.rule, finding.field) in EMPTY
            cells = rows[finding.row - 1].cells if finding.row else ()
            assert not any(cell.text for cell in cells if cell.title == finding.field)


def test_what_is_not_empty_is_told_with_its_value():
    """E-5, one of each rule that had none."""
    told = {(f.rule, f.field): f.value for case in CASES for f in case.findings() if f.rule == case.rule}
    assert told["S59", "Workers' compensation"] == "flagged"
    assert told["S44", "User defined"] == "SOV-001"
    assert told["S9", "Rows"] == "1 of 3"
    assert told["S38", "Lines"] == "0.00"
    assert told["S52", "Rows"] == "0" and told["S52", "Release sheet"] == "0.00"
    assert told["S7", "Control totals"].startswith(("found ", "difference "))


@pytest.mark.parametrize("case", [case for case in CASES if case.rule == "S38"], ids=str)
def test_what_bills_nothing_is_not_to_be_taken_back_from_where_it_never_came(case):
    """S38: it keeps the invoice from being sent, so what can be done is done where the invoice is."""
    assert not any("etrieve" in finding.remedy for finding in case.findings())


@pytest.mark.parametrize("case", CALM, ids=str)
def test_the_rule_stays_silent_at_its_edge(case):
    assert [finding for finding in case.findings() if finding.rule == case.rule] == []


@pytest.mark.parametrize("layout", [APINV_R1, APINV_R2], ids=lambda layout: layout.name)
def test_the_worked_sample_has_no_finding_at_all(layout):
    assert Case("", "", "", batch(layout=layout)).findings() == ()


def test_a_mixed_invoice_and_a_release_only_one_have_no_finding():
    """S50, S52."""
    mixed = invoice(releases=(release(),))
    only = invoice(invoice_id="2", number="2219-08", lines=(ZERO_LINE,), releases=(release(),))
    assert Case("", "", "", batch(mixed, only)).findings() == ()


def test_every_rule_is_tried_and_every_number_is_accounted_for():
    tried = {case.rule for case in CASES} | {"S60"}
    assert {rule.number for rule in RULES} == tried
    assert tried == {f"S{number}" for number in range(1, 61)}
    assert all(rule.sentence.endswith(".") for rule in RULES)


@pytest.mark.parametrize("gone", RULES, ids=lambda rule: rule.number)
def test_every_rule_has_a_case_that_fails_without_it(gone, monkeypatch):
    """Each of S1 to S60 taken out of the register in turn: its own cases, and only silence about it, tell."""
    monkeypatch.setattr(rules, "RULES", tuple(rule for rule in RULES if rule is not gone))
    monkeypatch.setattr(admission, "registered_rules", lambda: (replace(gone, run=lambda pair: iter(())),))
    own = [case for case in CASES if case.rule == gone.number]
    if gone.number == "S60":
        assert changed_since(batch(), one(version=4), TODAY) == ()
        return
    assert own
    for case in own:
        with pytest.raises(AssertionError):
            test_the_rule_speaks_up(case)


@pytest.mark.parametrize(("rule", "text"), [("S36", "x" * 51), ("S57", "Łazienki")])
def test_a_text_that_is_written_otherwise_is_told_of_its_own_invoice_alone(rule, text):
    """Two invoices in one file: the other one's texts are as they were."""
    mine = invoice(invoice_id="2", number="2219-08", lines=(line(1, description=text), line(2)))
    facts = batch(invoice(), mine)
    found = [each for each in check(facts, LISTS, build_rows(facts, LISTS), TODAY) if each.rule == rule]
    assert found and {(each.invoice_id, each.row) for each in found} == {("2", 5)}


def test_a_finding_names_the_row_the_value_the_list_its_age_and_the_nearest_entry():
    """E-5."""
    facts = batch(invoice(lines=(line(1), line(2, cost_code="2321.000"))))
    found = next(f for f in check(facts, LISTS, build_rows(facts, LISTS), TODAY) if f.rule == "S33")
    assert (found.invoice_id, found.row, found.field, found.value) == ("1", 3, "Cost code", "2321.000")
    assert found.checked_against == "Cost codes 6-5 as of 2026-07-01, 1 day old"
    assert found.nearest == "2320.000"


def test_an_unlinked_vendor_is_offered_the_one_with_the_nearest_name():
    facts = one(vendor_number=None, vendor_name="Delta Concrete Inc")
    found = next(f for f in check(facts, LISTS, build_rows(facts, LISTS), TODAY) if f.rule == "S12")
    assert found.nearest == "20145 Delta Concrete"


def found_by(rule, facts, lists=LISTS):
    return next(f for f in check(facts, lists, build_rows(facts, lists), TODAY) if f.rule == rule)


def near_5990(lists):
    """With an account of either kind that looks like 5990."""
    lists = with_record(lists, "ledger_accounts", LedgerAccount(number="5090", name="Other cost", type=13))
    return with_record(lists, "ledger_accounts", LedgerAccount(number="5980", name="Other work", type=3))


ON_WIP = job(posts_to_wip=True)
REFUSED_AND_ANOTHER = replace(
    LISTS,
    subcontracts=SageList(
        "Subcontracts 6-7", TODAY, (replace(SUBCONTRACT, status=2), replace(SUBCONTRACT, number="SC-9"))
    ),
)
OF_RIDGE = with_record(LISTS, "subcontracts", replace(SUBCONTRACT, number="SC-9", vendor_number="20146"))


@pytest.mark.parametrize(
    ("rule", "facts", "lists", "nearest"),
    [
        ("S33", first_line(cost_code="2330.000"), LISTS, "2320.000"),
        ("S12", batch(), vendor(is_active=False, name="Ridge Stell"), "20146 Ridge Steel"),
        ("S27", batch(accounting_date=date(2026, 5, 31)), LISTS, "2026-06, 2026-06-01 to 2026-06-30"),
        ("S32", first_line(line_account=choice("5050")), LISTS, "7"),
        ("S39", first_line(line_reference="9"), LISTS, "1"),
        ("S55", one(sage_commitment_number=None), LISTS, "SC-2026014-03"),
        ("S16", one(sage_commitment_number=None), LISTS, "SC-2026014-03"),
        ("S17", one(vendor_number="20146"), LISTS, None),
        ("S17", one(vendor_number="20146"), OF_RIDGE, "SC-9"),
        ("S31", first_line(line_account=choice("5990")), near_5990(LISTS), "5090"),
        ("S31", first_line(line_account=choice("5990")), near_5990(ON_WIP), "5980"),
        ("S31", first_line(line_account=choice("5099")), ON_WIP, "1310"),
        ("S18", batch(), REFUSED_AND_ANOTHER, "SC-9"),
        ("S18", batch(), subcontract(status=5), None),
        ("S20", batch(), job(status=6, name="Pier 1"), "2026015 Pier 10"),
        ("S20", batch(), job(status=5), None),
        ("S34", first_line(cost_type=None), LISTS, "4 Subcontract"),
        ("S34", first_line(cost_type=0, our_cost_type="labor"), LISTS, "2 Labor"),
        ("S34", first_line(cost_type=None, our_cost_type="User-defined 6"), LISTS, None),
        ("S35", first_line(cost_type=3), only_lines(*SUBCONTRACT.lines), "2310.000 type 4"),
        ("S35", first_line(cost_code="2330.000"), only_lines(*SUBCONTRACT.lines), None),
    ],
)
def test_what_is_offered_instead_can_be_used_and_is_not_the_thing_itself(rule, facts, lists, nearest):
    """E-5."""
    assert found_by(rule, facts, lists).nearest == nearest


@pytest.mark.parametrize(
    ("sub", "lists", "fault"),
    [
        (None, LISTS, "needs a sub-account; Sage lists 7"),
        (None, NONE_LISTED, "needs a sub-account; Sage lists none"),
        ("8", LISTS, "has no sub-account 8; Sage lists 7"),
        ("8", NONE_LISTED, "has no sub-account 8; Sage lists none"),
    ],
)
def test_a_sub_account_that_does_not_fit_is_told_with_those_that_do(sub, lists, fault):
    """S32, E-5: said alike where an account is set."""
    assert found_by("S32", first_line(line_account=choice("5050", sub)), lists).message == f"Account 5050 {fault}."
    assert why_not(lists, "5050", sub or "") == ("sub_account", f"5050 {fault}.")


@pytest.mark.parametrize(
    ("taken", "refused"),
    [
        (Job(number="2026015", name="North"), {"status": 6}),  # S20
        (SageCommitment(number="SC-15", vendor_number="20145", job_number="2026014"), {"status": 1}),  # S18
        (LedgerAccount(number="5041", name="Subcontracts", type=13), {"type": 2}),  # S31
    ],
    ids=["job", "subcontract", "account"],
)
def test_what_sage_would_not_take_either_is_not_offered(taken, refused):
    """E-5."""
    key = taken.number[:-1] + "9"
    assert SageList("A list", records=(taken,)).nearest(key) == taken.number
    assert SageList("A list", records=(replace(taken, **refused),)).nearest(key) is None


def test_what_the_list_leaves_blank_is_offered_as_it_may_be_linked():
    """E-5, S12: the rule asks for a tick, so a list without the column "Active" still helps."""
    blank = SageList("Vendors 4-4", records=(Vendor(number="20145", name="Delta", is_active=None),))
    assert blank.nearest("20149") == "20145" and blank.nearest_name("Delt") == "20145 Delta"


def test_a_date_that_could_not_be_worked_out_says_why_and_one_that_is_wrong_shows_itself():
    """E-5, S5."""
    unread = found_by("S5", batch(), vendor(due_terms="NET30"))
    assert unread.message == "Due date is no date: The terms “NET30” are not of the form 30DY, 02MO or 25TH."
    assert (unread.value, unread.checked_against) == ("NET30", "Vendors 4-4 as of 2026-07-01, 1 day old")
    discount = found_by("S5", one(due_date=TODAY), vendor(discount_terms="5%"))
    assert (discount.field, discount.value) == ("Discount date", "5%") and discount.checked_against
    rows = cell_says(0, "due_date", "2026-02-30")(build_rows(batch(), LISTS))
    wrong = next(each for each in check(batch(), LISTS, rows, TODAY) if each.rule == "S5")
    assert (wrong.message, wrong.value, wrong.checked_against) == ("Due date is no real date.", "2026-02-30", "")


def test_a_vendor_on_hold_is_named_as_the_vendor_by_the_list_of_vendors():
    """E-5, S19."""
    found = found_by("S19", batch(), vendor(hold_payment=True))
    assert (found.field, found.value) == ("Vendor no", "20145")
    assert found.checked_against.startswith("Vendors 4-4")


@pytest.mark.parametrize("rule", ["S16", "S55"])
@pytest.mark.parametrize(("kind", "column"), [("purchase_order", "PO no"), ("subcontract", "Subcontract no")])
def test_a_missing_commitment_is_named_by_the_column_of_its_own_kind(rule, kind, column):
    """E-5: the marked workbook colours the cell that the finding names."""
    assert found_by(rule, one(commitment_kind=kind, sage_commitment_number=None)).field == column


def test_the_nearest_of_five_thousand_is_found_without_comparing_them_all(monkeypatch):
    """E-5 in requests over hundreds of invoices: few candidates are compared in full, and a value once."""
    compared = []
    real = difflib.get_close_matches
    monkeypatch.setattr(
        alike.difflib,
        "get_close_matches",
        lambda value, some, **k: compared.append(len(some)) or real(value, some, **k),
    )
    codes = SageList("Cost codes 6-5", None, tuple(CostCode(code=f"{n}.000", name="") for n in range(1000, 6000)))
    assert [codes.nearest("2331") for _ in range(3)] == ["2331.000"] * 3
    assert len(compared) == 1 and compared[0] <= 40


def test_a_list_never_uploaded_says_so():
    lists = SageLists(company_name="Harbor Builders")
    found = next(f for f in check(batch(), lists, build_rows(batch(), lists), TODAY) if f.rule == "S12")
    assert found.checked_against == "Vendors 4-4, never uploaded"


def test_a_change_order_without_a_link_is_told_what_linked_ones_take_of_sages_changes():
    """S41, E-5: else it reads as if Sage had it."""
    [case] = [each for each in CASES if each.name == "one of two is in Sage, and only that is linked"]
    [told] = [finding for finding in case.findings() if finding.rule == "S41"]
    assert told.message.endswith("shows 0.00 of changes in Sage, beside 500.00 of linked ones, where ours add 300.00.")


def test_findings_come_batch_first_then_by_invoice_row_and_rule():
    facts = batch(invoice(number=""), invoice(invoice_id="2", lines=(line(1, cost_type=None, cost_code=None),)),
                  accounting_date=LATER)  # fmt: skip
    found = check(facts, LISTS, build_rows(facts, LISTS), TODAY)
    assert found[0].rule == "S27"
    assert [f.invoice_id for f in found] == sorted(f.invoice_id for f in found)
    assert [f.rule for f in found if f.row == 5][:2] == ["S33", "S34"]


def test_nothing_changed_between_acceptance_and_build():
    assert changed_since(batch(), batch(), TODAY) == ()


@pytest.mark.parametrize(
    ("current", "says"),
    [
        (first_line(amount=money("18400.01")), "gross was 25,650.50, is 25,650.51; net was 23,085.45, is 23,085.46;"),
        (first_line(amount=money("18400.01")), "line 1 amount was 18,400.00, is 18,400.01."),
        (first_line(retainage_held=ZERO), "line 1 retainage held was 1,840.00, is 0.00."),
        (one(due_date=date(2026, 8, 15)), "due date was none, is 2026-08-15."),
        (one(vendor_number="20146"), "vendor number was 20145, is 20146."),
        (one(is_canadian=True), "is canadian was no, is yes."),
        (
            one(status="under_review", commitment_title="concrete work"),
            "commitment title was concrete, is “concrete work”; status was approved, is “under review”.",
        ),
        (first_line(line_account=choice("5050", "7")), "line 1 line account was none, is “5050 sub-account 7”."),
        (one(lines=(line(1),)), "number of lines was 2, is 1"),
        (
            batch(settings=settings(sendable_statuses=("approved",))),
            "sendable statuses was “approved, approved_as_noted”, is approved.",
        ),
        (one(version=4), "version was 3, is 4."),
        (one(version=4, number="2219-7"), "accepted: number was 2219-07, is 2219-7."),
        (batch(invoice(invoice_id="3")), "no longer in the batch"),
        (batch(invoice(), invoice(invoice_id="3")), "it was added"),
        (batch(accounting_date=LATER), "accounting date was 2026-06-30, is 2026-09-01."),
        (batch(layout=APINV_R2), "layout name was apinv-r1, is apinv-r2"),
    ],
)
def test_whatever_changed_after_acceptance_stops_the_build(current, says):
    """S60."""
    found = changed_since(batch(), current, TODAY)
    assert {finding.rule for finding in found} == {"S60"}
    assert {finding.severity for finding in found} == {"error"}
    assert any(says in finding.message for finding in found)


def test_other_words_for_the_same_amounts_are_no_change_of_an_invoice():
    """S60: how a release came to be is told with the numbers of other batches, which come and go."""

    def told(words: str):
        return invoice(releases=(release(how_held=words),))

    assert changed_since(batch(told("newly held")), batch(told("newly held − 0.00")), TODAY) == ()
    other = invoice(invoice_id="3", number="2219-08")
    was, now = batch(told("newly held"), other), batch(told("in other words"), replace(other, version=9))
    [found] = changed_since(was, now, TODAY)
    assert found.invoice_id == "3" and "2219-08" in found.message


def test_a_long_list_of_changes_is_cut_after_what_the_whole_invoice_has():
    """S60: one message stays short; totals come before lines, and what only follows the rest is left out."""
    before, after = (
        invoice(version=n, lines=tuple(line(key=f"L{i}", amount=money(f"{i}.0{n}"), how=f"how {n}") for i in range(14)))
        for n in (0, 1)
    )
    [found] = changed_since(batch(before), batch(after), TODAY)
    told = found.message.partition("accepted: ")[2]
    assert told.startswith("gross was 91.00, is 91.14; net was ")
    assert (
        re.search(r"; line 3 amount was 2.00, is 2.01; and 11 more \([0-9a-f]{6}\)\.$", told) and "version" not in told
    )
    otherwise = replace(after, lines=(*after.lines[:-1], replace(after.lines[-1], amount=money("99.00"))))
    [other] = changed_since(batch(before), batch(otherwise), TODAY)
    assert other.message != found.message, "a tick is for these very changes, told or not (E-5)"


def test_of_two_long_texts_the_place_where_they_differ_is_shown():
    """S60."""
    text = "Footings and grade beams of the northern pier, east of axis "
    [found] = changed_since(first_line(description=f"{text}7, all"), first_line(description=f"{text}8, all"), TODAY)
    was, now = found.message.partition(" was “")[2].removesuffix("”.").split("”, is “")
    assert "axis 7" in was and "axis 8" in now and max(len(was), len(now)) <= 42


def test_sage_is_asked_for_codes_and_lines_by_their_numbers_only():
    """Exact numbers are used, names never: two codes with one name stay two."""
    lists = with_record(LISTS, "cost_codes", CostCode(code="2310.500", name="Footings"))
    assert lists.cost_codes.get("2310.000").name == lists.cost_codes.get("2310.500").name
    other = SageCommitment(number="SC-9", vendor_number="1", job_number="1", lines=(
        CommitmentLine(line_reference="1", cost_code="1.000", cost_type=1),))  # fmt: skip
    assert other.line("1").cost_code == "1.000"
    assert other.line("01") is None
