"""Every other worked payment application of the case file, typed into the pages and read from the bill's own."""

import re

import pytest

from invoicing.actions.commitments import NewLine
from tests.invoicing.calculations.cases import CASES
from tests.journeys import steps, test_cases_travel
from tests.journeys.claims import NOTHING_TYPED, Claim, D


@pytest.fixture
def claim(visitor):
    return lambda case: Claim(case, visitor)


def goes_to_accounting(file, expected: dict[str, str]) -> None:
    """The file's rows and header are what the case exports."""
    assert file.gross == D(expected["gross_this_period"])
    assert file.retainage == D(expected["retainage_this_period"])
    assert file.net == D(expected["net_due"])


def test_pa_02_three_lines_and_a_change_order(claim):
    """The source's third line holds 15,000.00 of change orders; here they have a line of their own."""
    there = claim("PA-02")
    mobilization, rough, finish = there.given["lines"]
    added = D(there.given["net_change_orders"])
    line = there.base.line
    lines = [line(each["description"], each["scheduled_value"]) for each in (mobilization, rough)]
    there.contract(*lines, line("Finish Carpentry", str(D(finish["scheduled_value"]) - added)))
    there.base.change_order(there.commitment, [line("Finish Carpentry, added", str(added))])
    there.work(*(each["work_previous"] for each in there.given["lines"]))
    there.certify()
    there.work(*(each["work_this_period"] for each in there.given["lines"]))
    there.shows(there.expected["summary"])
    shown = there.columns()
    shown[2:] = [{name: shown[2][name] + shown[3][name] for name in ("C", "A", "B", "T", "H", "TR")}]
    for columns, wanted in zip(shown, there.expected["lines"], strict=True):
        assert columns["T"] == D(wanted["total_completed_stored"])
        assert columns["H"] == D(wanted["balance_to_finish"])
        assert columns["TR"] == D(wanted["retainage"])
    totals = there.expected["totals"]
    for name, letter in {"scheduled_value": "C", "work_previous": "A", "work_this_period": "B"}.items():
        assert sum(columns[letter] for columns in shown) == D(totals[name])


def test_pa_04_an_over_billed_line_is_stopped_until_the_admin_allows_it(claim):
    """By line it is over its value, by the contract it is not; the first rule speaks, the second does not."""
    there = claim("PA-04")
    given, expected, sample = there.given, there.expected, there.expected["line"]
    line, work, stored = given["line"], D(given["total_work_completed"]), D(given["total_stored_presently"])
    there.contract(there.base.line(line["description"], line["scheduled_value"]))
    there.base.change_order(there.commitment, [there.base.line("Added drain", given["net_change_orders"])])
    rest = {
        "This period": str(work - D(line["work_previous"])),
        "New stored": str(stored - D(line["stored_presently"])),
    }
    there.enter({1: {"This period": line["work_previous"], "New stored": line["stored_presently"]}, 2: rest})
    there.contact.press("Check and send")
    there.contact.sees("1 Foundation work is billed 1,500.00 over its scheduled value", "1 thing above blocks sending")
    there.admin.visit(f"/p/{there.base.project.slug}/commitments/{there.commitment.number}/").click("Edit commitment")
    there.admin.fill("Over-billing is allowed", True).press("Save")
    there.contact.visit(there.contact.url)
    there.contact.tick_all("seen")
    there.contact.press("Send bill").sees("is now under review")
    steps.approve(there.admin.visit(steps.page_of(there.invoice, "review/")).press("Approve line 1"), there.invoice)
    there.sage.next_month()
    there.bill(NOTHING_TYPED)
    there.shows(expected)
    assert there.summary()["%"] == D(expected["percent_complete_2dp"])
    [foundation, _] = there.columns()
    assert foundation["T"] == D(sample["total_completed_stored"])
    assert foundation["%"] == D(sample["percent_complete"])
    assert foundation["TR"] == D(sample["retainage_work"]) + D(sample["retainage_stored"])


def test_pa_05_a_unit_priced_change_order_line_takes_a_quantity(claim):
    there = claim("PA-05")
    given, expected = there.given, there.expected
    there.contract(there.base.line("Sitework", "1000.00"), retainage_rate=D(given["retainage_pct"]))
    quantity, price = D(given["scheduled_quantity"]), D(given["unit_price"])
    unit = {"quantity": quantity, "unit_price": price, "unit": "ea"}
    there.base.change_order(there.commitment, [NewLine(there.base.cost_code(), "Bollards", **unit)])
    there.bill({2: {"Quantity": given["quantity_this_period"]}})
    [_, bollards] = there.columns()
    wanted = {"C": "scheduled_value", "B": "work_this_period", "T": "total_completed_stored", "TR": "retainage"}
    assert {letter: bollards[letter] for letter in wanted} == {letter: D(expected[n]) for letter, n in wanted.items()}
    assert bollards["%"] == D(expected["percent_complete_2dp"]).quantize(D("0.1"))


def test_pa_07_all_that_was_held_is_released_a_month_later(claim, worker):
    there = claim("PA-07")
    given, (first, second) = there.given, there.expected["erp_export"]
    lines = given["app1"]["lines"]
    there.contract(there.base.line("Forms", "500.00"), there.base.line("Rebar", "5000.00"))
    there.work(*(each["work_this_period"] for each in lines))
    wanted = there.expected["app1"]
    assert [columns["TR"] for columns in there.columns()] == [D(amount) for amount in wanted["retainage_lines"]]
    assert there.summary()["5"] == D(wanted["total_retainage"])
    there.shows(wanted)
    goes_to_accounting(there.file(worker), first)
    there.sage.next_month()
    there.bill(NOTHING_TYPED, release_percent=given["app2"]["release_pct"])
    found, wanted = there.summary(), there.expected["app2"]
    assert found["released"] == D(wanted["retainage_released"]) and found["5"] == D(wanted["total_retainage"])
    assert found["8"] == D(wanted["line8_current_payment_due"]) == D(second["net_due"])
    assert found["gross"] == D(second["gross_this_period"])
    assert found["held"] - found["released"] == D(second["retainage_this_period"])


def test_pa_18_each_line_holds_its_own_rate(claim, worker):
    there = claim("PA-18")
    given, expected = there.given, there.expected
    there.of_case()
    there.work(*(each["work_previous"] for each in given["lines"]))
    there.certify()
    there.work(*(each["work_this_period"] for each in given["lines"]))
    there.shows(expected["summary"])
    for columns, wanted in zip(there.columns(), expected["lines"], strict=True):
        assert columns["T"] == D(wanted["total_completed_stored"])
        assert (columns["H"], columns["TR"]) == (D(wanted["balance_to_finish"]), D(wanted["retainage"]))
    goes_to_accounting(there.file(worker), expected["erp_export"][0])
    there.sage.next_month()
    there.bill(NOTHING_TYPED)
    assert there.summary()["8"] == D(expected["zero_work_period_line8"])
    there.certify()
    there.bill(NOTHING_TYPED, release_percent="100")
    assert there.summary()["8"] == D(expected["final_release_extra"])


def test_pa_19_a_rate_changed_afterwards_does_not_touch_line_7(claim):
    there = claim("PA-19")
    [line] = there.given["lines"]
    there.contract(there.base.line("Steel", line["scheduled_value"]), retainage_rate=D(line["retainage_pct"]))
    there.work(line["work_previous"])
    there.certify()
    page = f"/p/{there.base.project.slug}/commitments/{there.commitment.number}/retainage/"
    there.admin.visit(page).fill("Retainage on work", there.given["wrong_default_pct"]).press("Save")
    there.bill(NOTHING_TYPED)
    there.shows(there.expected)


def test_pa_20_retainage_is_rounded_half_up_and_the_net_is_what_is_left(claim):
    there = claim("PA-20")
    rows = there.expected["rows"]
    lines = [there.base.line(f"Row {n}", each["billed"], rate=each["pct"]) for n, each in enumerate(rows, start=1)]
    there.contract(*lines)
    there.work(*(each["billed"] for each in there.given["rows"]))
    shown = there.columns()
    assert [columns["TR"] for columns in shown] == [D(each["retainage"]) for each in rows]
    assert [columns["T"] - columns["TR"] for columns in shown] == [D(each["net"]) for each in rows]
    assert there.summary()["8"] == sum(D(each["net"]) for each in rows)


def test_pa_23_an_awkward_retainage_is_typed_line_by_line_and_no_cent_is_lost(claim):
    there = claim("PA-23")
    there.contract(*(there.base.line(f"Bay {n}", "100.00") for n in "ABC"), retainage_rate=D("0"))
    there.work(*(each["work_this_period"] for each in there.given["lines"]))
    for bay, amount in zip("ABC", there.expected["retainage_lines"], strict=True):
        there.on_review(f"Bay {bay}").fill("Held on work", amount).fill("Why?", "10.00 over three bays")
        there.admin.press("Allow this amount")
    shown = there.columns()
    assert [columns["TR"] for columns in shown] == [D(amount) for amount in there.expected["retainage_lines"]]
    assert [columns["T"] - columns["TR"] for columns in shown] == [D(net) for net in there.expected["net_lines"]]
    found = there.summary()
    assert (found["5"], found["8"]) == (D(there.given["retainage_total"]), D(there.expected["total_net"]))


def test_pa_24_amount_and_percent_entry_on_one_bill(claim):
    """Its first, second, fifth and sixth example, each a line; the seventh is the roll into the next month.

    The sixth clamps a typed 150 % to 100 % of work and lets stored material pass. Here the line is stopped: 150 % of
    work is 700.00 over with the material, 150 % done 500.00, for that counts it in, and 100 % of work 200.00.
    """
    there = claim("PA-24")
    mixed, held, _, _, percent, clamped, rolled = there.given["cases"]
    wanted = there.expected["cases"]
    line = there.base.line
    there.contract(
        line("Mixed", mixed["C"], rate="0"),
        line("Held", held["C"], rate=held["pct"]),
        line("By percent", percent["C"], rate=percent["pct"]),
        line("Clamped", clamped["C"], rate=clamped["pct"]),
        *(line(f"Rolled {key}", amount, rate="0") for key, amount in rolled["sov"]),
        stored_retainage_rate=D(held["pct"]),
    )
    there.work(mixed["D"], "0", percent["D"], "0", rolled["prior"]["D"])
    there.certify()
    typed = {
        1: {"This period": mixed["E"], "New stored": mixed["F"]},
        2: {"This period": held["E"], "New stored": held["F"]},
        3: {"Done": percent["enter_percent"]},
        4: {"New stored": clamped["F"]},
        5: {"This period": rolled["prior"]["E"]},
    }
    there.enter(typed).press("Save")
    percent_typed = f"{clamped['enter_percent']} %"
    for column, entry, over in (
        ("This period", percent_typed, "700.00"),
        ("Done", percent_typed, "500.00"),
        ("This period", clamped["C"], "200.00"),
    ):
        there.contact.visit(steps.page_of(there.invoice, "enter/"))
        steps.type_lines(there.contact, {4: {column: entry}}).press("Check and send")
        there.contact.sees(f"4 Clamped is billed {over} over its scheduled value")
    there.contact.visit(steps.page_of(there.invoice, "enter/")).fill("New stored, line 4", "0")
    steps.send_bill(there.contact)
    first, second, third, fourth, *rest = there.columns()
    assert (first["T"], first["H"], first["%"]) == (D(wanted[0]["G"]), D(wanted[0]["H"]), D(wanted[0]["percent"]))
    assert second["TR"] == D(wanted[1]["retainage"])
    assert (third["B"], third["TR"]) == (D(wanted[4]["E"]), D(wanted[4]["retainage"]))
    assert fourth["B"] == D(wanted[5]["E"])
    assert rest[0]["%"] == D(wanted[6]["percent"]["1"])
    there.certify()
    there.bill(NOTHING_TYPED)
    assert [columns["A"] for columns in there.columns()[4:]] == [D(each) for each in wanted[6]["next_D"].values()]


def test_pa_24_typed_retainage_and_certificates(claim):
    """Its third and fourth example: retainage as a sum, typed by the admin, with and without an earlier bill."""
    there = claim("PA-24")
    _, _, alone, after, *_ = there.given["cases"]
    there.contract(there.base.line("All of it", alone["original"]), retainage_rate=D("0"))
    there.base.change_order(there.commitment, [there.base.line("Added", alone["co"])])
    there.work(alone["E"])
    there.on_review("All of it").fill("Held on work", alone["retainage"]).fill("Why?", "As agreed")
    there.admin.press("Allow this amount")
    there.shows(there.expected["cases"][2])
    there.certify()
    there.work(after["E"])
    more = str(D(after["retainage"]) - D(alone["retainage"]))
    there.on_review("All of it").fill("Held on work", more).fill("Why?", "As agreed")
    there.admin.press("Allow this amount")
    assert there.summary()["7"] == D(after["prev"])
    there.shows(there.expected["cases"][3])


def test_pa_25_line_9_counts_the_retainage(claim, worker):
    there = claim("PA-25")
    given, expected = there.given, there.expected
    before = D("100000.00")  # what a certificate of 90,000.00 at 10 % was drawn on
    there.contract(there.base.line("Framing", given["original_contract_sum"]))
    there.work(str(before))
    there.certify()
    there.work(str(D(given["total_completed"]) - before))
    wanted = {name: amount for name, amount in expected.items() if name != "line3_with_10000_co"}
    there.shows(wanted)
    assert there.summary()["7"] == D(given["previous_certificates"])
    goes_to_accounting(there.file(worker), expected["erp_export"][0])
    there.base.change_order(there.commitment, [there.base.line("Added", "10000.00")])
    there.sage.next_month()
    there.bill(NOTHING_TYPED)
    assert there.summary()["3"] == D(expected["line3_with_10000_co"])


@pytest.mark.parametrize(("name", "rate"), [("no_retainage", "0"), ("ten_percent", "10")])
def test_pa_26_the_second_of_four_draws(claim, worker, name, rate):
    there = claim("PA-26")
    there.contract(there.base.line("House", there.given["contract"]), retainage_rate=D(rate))
    first, second, *_ = there.given["draws"]
    there.work(first)
    there.certify()
    there.work(second)
    there.shows(there.expected[name])
    if rate == "10":
        goes_to_accounting(there.file(worker), there.expected["erp_export"][0])


def test_pa_27_the_third_application_of_a_tower(claim):
    there = claim("PA-27")
    given = there.given
    there.contract(there.base.line("Tower", given["original_contract_sum"]), retainage_rate=D(given["retainage_pct"]))
    for amount in ("1000000.00", "263157.89"):  # 5 % less, they come to the 1,200,000.00 certified before
        there.work(amount)
        there.certify()
    there.work(str(D(given["line4"]) - D("1263157.89")))
    assert there.invoice.position == given["application_no"]
    found = there.summary()
    assert (found["4"], found["7"]) == (D(given["line4"]), D(given["previous_certificates_derived"]))
    there.shows(there.expected)


def test_pa_29_a_sliding_scale_steps_down_and_what_was_held_stays(claim):
    there = claim("PA-29")
    first, second = there.given["slices"]
    there.contract(there.base.line("All of it", "1000000.00"))
    full = D(first["amount"]) * D(first["pct"]) / 100
    there.admin.visit(f"/p/{there.base.project.slug}/commitments/{there.commitment.number}/retainage/")
    there.admin.fill("step_1_rate", first["pct"]).fill("step_1_until", str(full)).fill("step_1_end", "amount")
    there.admin.fill("step_2_rate", second["pct"]).fill("step_2_end", "end").press("Save")
    there.work(first["amount"])
    there.certify()
    there.work(second["amount"])
    found = there.summary()
    assert found["4"] == D(there.expected["total_billed"])
    assert found["5"] == D(there.expected["total_retainage"])
    there.shows(there.expected)


def test_pa_31_work_and_stored_material_in_one(claim):
    there = claim("PA-31")
    rate = D(there.given["retention_pct_implied"])
    there.contract(there.base.line("Piping", "9000.00"), retainage_rate=rate, stored_retainage_rate=rate)
    there.bill({1: {"This period": there.given["work_completed"], "New stored": there.given["material_stored"]}})
    found = there.summary()
    assert found["5"] == D(there.expected["retention_held"])
    assert found["8"] == D(there.expected["net"])


def test_pa_32_accounting_gets_the_gross_and_the_retainage_apart(claim, worker):
    there = claim("PA-32")
    there.contract(there.base.line("Paving", there.given["subtotal"]), retainage_rate=D(there.given["retainage_pct"]))
    there.work(there.given["subtotal"])
    file = there.file(worker)
    assert file.gross == D(there.expected["gross_to_erp"])
    assert (file.retainage, file.net) == (D(there.expected["retainage"]), D(there.expected["net"]))


def test_pa_33_a_measured_quantity_may_pass_the_estimate_once_the_admin_waives_it(claim):
    there = claim("PA-33")
    given, expected = there.given, there.expected
    unit = {"quantity": D(given["estimated_quantity"]), "unit_price": D(given["unit_price"]), "unit": "cy"}
    there.contract(NewLine(there.base.cost_code(), "Excavation", **unit), retainage_rate=D("0"))
    there.enter({1: {"Quantity": given["actual_quantity"]}}).press("Check and send")
    there.contact.sees("1 Excavation is billed 21,250.00 over its scheduled value", "ask an Admin to waive it")
    there.admin.visit(steps.page_of(there.invoice, "enter/")).fill("May pass scheduled value, line 1", True).press(
        "Save"
    )
    steps.send_bill(there.contact.visit(steps.page_of(there.invoice, "enter/")))
    [excavation] = there.columns()
    assert (excavation["C"], excavation["T"]) == (D(expected["scheduled_value"]), D(expected["earned"]))
    assert excavation["H"] == -D(expected["over_scheduled"])
    assert there.summary()["%"] == D(expected["percent_2dp"])
    steps.approve(there.admin.visit(steps.page_of(there.invoice, "review/")).press("Approve line 1"), there.invoice)


def test_pa_35_eighty_percent_is_typed_and_all_columns_but_the_retainage_are_gross(claim):
    there = claim("PA-35")
    given, expected = there.given, there.expected
    there.contract(there.base.line("Mobilization", given["C"]), retainage_rate=D(given["pct"]))
    there.bill({1: {"Done": given["percent_this_period"]}})
    [line] = there.columns()
    wanted = {"B": "E", "T": "G", "H": "H", "TR": "I", "%": "percent"}
    assert {letter: line[letter] for letter in wanted} == {ours: D(expected[name]) for ours, name in wanted.items()}
    there.shows(expected)


def test_pa_36_an_application_for_retainage_alone(claim):
    """Its values are rules in words: line 6 is line 3, line 8 is all that was held, line 9 is nothing."""
    there = claim("PA-36")
    amounts = ("12345.67", "0.05", "99999.99")
    there.contract(*(there.base.line(f"Part {n}", amount) for n, amount in enumerate(amounts, start=1)))
    there.work(*amounts)
    held = there.summary()["5"]
    there.certify()
    there.bill(NOTHING_TYPED, release_percent="100")
    found = there.summary()
    assert found["5"] == D(there.expected["line5"]) and found["9"] == D(there.expected["line9"])
    assert there.expected["line6"] == "line 3" and found["6"] == found["3"]
    assert there.expected["line8"].startswith("R,") and found["8"] == held > 0
    assert (found["gross"], found["held"]) == (0, 0)


def test_no_case_of_the_file_is_forgotten():
    names = " ".join([*globals(), *vars(test_cases_travel)])
    assert {f"PA-{number}" for number in re.findall(r"test_pa_(\d\d)_", names)} == set(CASES)
