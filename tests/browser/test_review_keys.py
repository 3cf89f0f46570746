"""Reviewing by keys in a real browser: Enter never approves, nothing jumps, and no key acts while somebody types."""

import pytest
from playwright.sync_api import Page, expect

from invoicing.actions import amounts, invoices, reviews
from invoicing.models import Invoice, Verdict
from tests import factories
from tests.journeys.steps import D, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OPEN, APPROVED, REJECTED = Verdict.NONE, Verdict.APPROVED, Verdict.REJECTED


@pytest.fixture
def invoice(transactional_db) -> Invoice:
    """Four lines with work on each, sent for review."""
    world = factories.world()
    lines = [world.line(f"Pour {name}", "10000.00") for name in ("footings", "slab", "walls", "stairs")]
    figures = [{"work_this_period": D("1000.00")}] * len(lines)
    made = world.submitted(world.draft(world.commitment(lines=lines)), *figures)
    made.world = world
    return made


@pytest.fixture
def dana(enter, invoice) -> Page:
    page = enter(invoice.world.admin)
    page.goto(page_of(invoice, "review/"))
    return page


def verdicts(invoice: Invoice) -> list[str]:
    """As the database has them, in the order of the lines."""
    return list(invoice.lines.order_by("schedule_line__position").values_list("verdict", flat=True))


def line(page: Page, number: int):
    return page.locator("[data-line]").nth(number - 1)


def row(page: Page, number: int):
    return line(page, number).locator("tr").first


def keys(page: Page, *some: str) -> None:
    for key in some:
        page.keyboard.press(key)


def counts(page: Page, words: str) -> None:
    expect(page.locator("#review-progress")).to_contain_text(words)


def test_enter_in_the_reason_box_rejects_and_never_approves(dana, invoice):
    """U1."""
    keys(dana, "j", "r")
    box = dana.get_by_label("Why reject line 1?")
    expect(box).to_be_focused()
    dana.keyboard.type("Not poured")
    dana.keyboard.press("Enter")
    counts(dana, "0 approved · 1 rejected · 3 to do")
    assert verdicts(invoice) == [REJECTED, OPEN, OPEN, OPEN]
    assert invoice.lines.get(verdict=REJECTED).verdict_reason == "Not poured"
    expect(row(dana, 2)).to_be_focused()


def test_enter_in_an_empty_reason_box_decides_nothing(dana, invoice):
    """U1: the browser asks for the reason; nothing is approved meanwhile."""
    keys(dana, "j", "r")
    expect(dana.get_by_label("Why reject line 1?")).to_be_focused()
    dana.keyboard.press("Enter")
    expect(dana.get_by_label("Why reject line 1?")).to_be_focused()
    counts(dana, "4 to do")
    assert verdicts(invoice) == [OPEN] * 4


def test_opening_the_reason_box_moves_no_verdict_button(dana):
    """U2: same places, same widths, and the lines above stay where they are."""

    def places():
        cells = dana.locator("th.verdict-cell, td.verdict-cell").all()
        boxes = [cell.bounding_box() for cell in cells]
        return [(box["x"], box["width"]) for box in boxes], [box["y"] for box in boxes[:2]]

    before = places()
    keys(dana, "j", "r")
    expect(dana.get_by_label("Why reject line 1?")).to_be_focused()
    assert places() == before


def test_finish_with_open_lines_says_so_and_leads_to_the_first(dana):
    """U3: the button is never greyed without a word."""
    keys(dana, "j", "a")
    counts(dana, "1 approved")
    finish = dana.get_by_role("link", name="Finish review")
    finish.click()
    dialog = dana.locator("dialog[open]")
    expect(dialog).to_contain_text("3 lines have no verdict")
    dialog.get_by_role("link", name="Go to the first").click()
    expect(line(dana, 1)).to_be_hidden()
    expect(line(dana, 2)).to_be_in_viewport()


def test_letters_move_approve_reject_and_take_back(dana, invoice):
    keys(dana, "j")
    expect(row(dana, 1)).to_be_focused()
    keys(dana, "j", "j", "k")
    expect(row(dana, 2)).to_be_focused()
    cross = dana.get_by_role("button", name="Reject line 2")
    before = cross.bounding_box()
    keys(dana, "a")
    expect(row(dana, 3)).to_be_focused()
    assert cross.bounding_box() == before, "the initials have their room (U2)"
    counts(dana, "1 approved · 0 rejected · 3 to do")
    assert verdicts(invoice) == [OPEN, APPROVED, OPEN, OPEN]
    keys(dana, "k", "u")
    counts(dana, "0 approved · 0 rejected · 4 to do")
    assert verdicts(invoice) == [OPEN] * 4
    keys(dana, "r")
    expect(dana.get_by_label("Why reject line 2?")).to_be_focused()
    keys(dana, "Escape")
    expect(dana.get_by_label("Why reject line 2?")).to_have_count(0)
    expect(row(dana, 2)).to_be_focused()
    assert verdicts(invoice) == [OPEN] * 4


def test_n_goes_to_the_next_to_do_c_and_its_link_show_what_changed_and_words_find_a_line(enter, invoice):
    w = invoice.world
    back = invoices.send_back(Invoice.objects.with_context().get(pk=invoice.pk), by=w.admin, comment="Look again")
    again = w.submitted(back, {}, {"work_this_period": D("700.00")}, number="A-2")
    reviews.decide(again.lines.order_by("schedule_line__position")[2], Verdict.APPROVED, by=w.second_admin)
    dana = enter(w.admin)
    dana.goto(page_of(again, "review/"))
    keys(dana, "j", "j", "n")
    expect(row(dana, 4)).to_be_focused()
    keys(dana, "n")
    expect(row(dana, 1)).to_be_focused()
    shown = dana.locator("[data-line]:visible")
    keys(dana, "c")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Pour slab")
    keys(dana, "c")
    expect(shown).to_have_count(4)
    link = dana.locator("a[data-show=changed]")
    link.click()
    expect(shown).to_have_count(1)
    expect(link).to_have_attribute("aria-current", "true")
    assert dana.url.endswith("?show=changed")
    dana.locator("a[data-show=all]").click()
    dana.get_by_label("Find line").fill("STAIRS")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text("Pour stairs")


def test_keys_quicker_than_the_answers_meet_the_lines_they_are_meant_for(dana, invoice):
    keys(dana, "j", "a", "a", "a", "a")
    counts(dana, "4 approved · 0 rejected · 0 to do")
    assert verdicts(invoice) == [APPROVED] * 4


def test_after_keys_the_rest_is_approved_by_one_button(dana, invoice):
    """The button comes back with each verdict and still works."""
    keys(dana, "j", "a")
    counts(dana, "1 approved")
    dana.get_by_role("button", name="Approve the other 3").click()
    expect(dana.locator("main")).to_contain_text("Approved 3 lines")
    assert verdicts(invoice) == [APPROVED] * 4


def test_the_filter_that_was_chosen_stays_when_the_page_comes_again(dana):
    """9.3: after another amount, and after all others are approved."""
    dana.locator("a[data-show=todo]").click()
    keys(dana, "j", "Enter")
    dana.locator("[data-box] .n").fill("900")
    dana.get_by_label("Why?").fill("Counted")
    dana.keyboard.press("Enter")
    expect(dana.locator("main")).to_contain_text("the allowed amount is saved")
    expect(dana.locator("a[data-show=todo]")).to_have_attribute("aria-current", "true")
    dana.get_by_role("button", name="Approve all 4").click()
    expect(dana.locator("main")).to_contain_text("Approved 4 lines")
    expect(dana.locator("a[data-show=todo]")).to_have_attribute("aria-current", "true")


def test_whoever_comes_second_stays_at_the_line_and_answers_by_key(dana, invoice, console):
    """9.3: the focus is on "Keep theirs"; Tab and Enter put mine there."""
    console.expect(409)
    reviews.decide(invoice.lines.first(), REJECTED, "Not poured", by=invoice.world.second_admin)
    keys(dana, "j", "a")
    expect(dana.get_by_role("button", name="Keep theirs")).to_be_focused()
    assert verdicts(invoice)[0] == REJECTED
    keys(dana, "Tab", "Enter")
    counts(dana, "1 approved · 0 rejected · 3 to do")
    assert verdicts(invoice)[0] == APPROVED


def test_a_verdict_after_the_review_was_finished_leaves_the_lines_as_they_are_and_says_so(dana, invoice, console):
    """9.10: that refusal is a page, which takes no line's place."""
    console.expect(409)
    dana.wait_for_load_state("networkidle")
    invoices.hold_for_owner(Invoice.objects.with_context().get(pk=invoice.pk), by=invoice.world.second_admin)
    keys(dana, "j", "a")
    expect(dana.locator("#announce")).to_have_text("Not saved: somebody else changed this. Load the page again.")
    expect(row(dana, 1)).to_contain_text("Pour footings")
    expect(dana.locator("main main, main h1")).to_have_count(1)
    keys(dana, "j", "a")
    expect(row(dana, 2)).to_contain_text("Pour slab")


def test_the_page_itself_says_that_it_was_looked_at(dana, invoice):
    """I-10, and 5.1: its review has begun."""
    dana.wait_for_load_state("networkidle")
    assert invoice.looks.get().person == invoice.world.admin
    invoice.refresh_from_db()
    assert invoice.review_opened_at


def test_letters_are_letters_while_somebody_types(dana, invoice):
    """U8, WCAG 2.1.4."""
    dana.get_by_label("Find line").focus()
    dana.keyboard.type("jarku")
    expect(dana.get_by_label("Find line")).to_have_value("jarku")
    dana.get_by_label("Find line").fill("")
    keys(dana, "Tab")
    line(dana, 1).get_by_role("button", name="Reject line 1").click()
    expect(dana.get_by_label("Why reject line 1?")).to_be_focused()
    dana.keyboard.type("a rank jar")
    expect(dana.get_by_label("Why reject line 1?")).to_have_value("a rank jar")
    assert verdicts(invoice) == [OPEN] * 4


def test_somebody_who_switched_the_keys_off_presses_letters_for_nothing(dana, invoice):
    """U8: in the list of keys at once, or in the profile for every browser."""
    keys(dana, "?")
    box = dana.get_by_label("Single-letter keys are on")
    box.uncheck()
    keys(dana, "Escape", "j", "a", "r", "?")
    expect(dana.locator("dialog[open]")).to_have_count(0)
    dana.reload()
    keys(dana, "j", "a", "r")
    dana.get_by_role("button", name="Approve line 1").click()
    counts(dana, "1 approved · 0 rejected · 3 to do")
    assert verdicts(invoice) == [APPROVED, OPEN, OPEN, OPEN]


def test_the_profile_switches_the_keys_off_too(enter, invoice):
    """U8."""
    admin = invoice.world.admin
    dana = enter(admin)
    dana.goto("/me/")
    box = dana.locator("main").get_by_label("Single-letter keys")
    box.uncheck()
    dana.get_by_role("button", name="Save profile").click()
    expect(dana.locator("main")).to_contain_text("Your profile is saved")
    dana.goto(page_of(invoice, "review/"))
    keys(dana, "j", "a")
    dana.get_by_role("button", name="Approve line 2").click()
    counts(dana, "1 approved")
    assert verdicts(invoice) == [OPEN, APPROVED, OPEN, OPEN]


@pytest.mark.parametrize("by", ["Enter", "double click"])
def test_another_amount_is_typed_in_place_with_its_reason_and_the_line_has_the_focus_after(dana, invoice, by):
    """9.3: Enter on the line or a double click on “This period”; no column gives way to it, Escape puts it away."""
    name = line(dana, 2).locator("th").first
    before = name.bounding_box()
    if by == "Enter":
        keys(dana, "j", "j", "Enter")
    else:
        line(dana, 2).locator("td").nth(3).dblclick()
    box = dana.get_by_label("This period, line 2")
    expect(box).to_be_focused()
    assert name.bounding_box() == before
    assert box.bounding_box()["width"] < 200
    keys(dana, "Escape")
    expect(box).to_have_count(0)
    expect(row(dana, 2)).to_be_focused()
    keys(dana, "Enter")
    box.fill("750")
    dana.get_by_label("Why?").fill("A quarter is missing")
    dana.keyboard.press("Enter")
    expect(line(dana, 2)).to_contain_text("claimed 1,000.00")
    expect(row(dana, 2)).to_be_focused()
    assert invoice.lines.get(allowed_reason="A quarter is missing").work_this_period == D("750.00")
    assert verdicts(invoice) == [OPEN] * 4


@pytest.mark.parametrize("width", [1440, 1280, 1024, 720, 390])
def test_verdicts_stay_in_sight_and_on_a_phone_the_claimed_amount_beside_them(enter, width):
    """9.3: with stored material and a release there are more columns than fit."""
    world = factories.world()
    commitment = world.commitment(bills_stored_materials=True)
    figures = {"work_this_period": D("1000.00"), "stored_new": D("500.00"), "retainage_released": D("50.00")}
    page = enter(world.admin, width=width)
    page.goto(page_of(world.submitted(world.draft(commitment), figures), "review/"))
    page.wait_for_load_state()
    region = page.locator(".grid-scroll").bounding_box()
    right = region["x"] + region["width"]
    for cell in ("thead .verdict-cell", "tbody .verdict-cell", "tfoot td:last-child"):
        box = page.locator(cell).first.bounding_box()
        assert right - 3 <= box["x"] + box["width"] <= right, cell
    claimed = page.locator("tbody tr").first.locator("td", has_text="1,000.00").first.bounding_box()
    name = page.locator("tbody th[scope=row]").first.bounding_box()
    assert name["width"] >= 100 and name["height"] < 120
    assert name["x"] + name["width"] <= claimed["x"] + 1
    assert claimed["x"] + claimed["width"] <= page.locator("tbody .verdict-cell").first.bounding_box()["x"] + 3


@pytest.mark.parametrize("width", [1366, 1024, 720])
def test_the_line_can_be_read_and_columns_that_go_on_are_hinted_at(enter, width):
    """9.3, with the columns of a bill for work alone; 720 is a screen of 1440 at twice the size (bar 7.4)."""
    world = factories.world()
    page = enter(world.admin, width=width)
    page.goto(page_of(world.submitted(world.draft(), {"work_this_period": D("1000.00")}), "review/"))
    page.wait_for_load_state()
    name = page.locator("tbody th[scope=row]").first.bounding_box()
    assert name["width"] >= 160 and name["height"] < 60
    region = page.locator(".grid-scroll")
    if region.evaluate("it => it.scrollWidth > it.clientWidth + 2"):
        expect(region).to_contain_class("has-more")
        region.evaluate("it => it.scrollLeft = it.scrollWidth")
    expect(region).not_to_contain_class("has-more")


def test_finish_asks_for_the_amounts_that_the_desk_shows_also_after_a_line_came_back(dana, invoice):
    """I-5: Ola allows less on line 4 after Dana opened her desk; the counters that line 1 brings are newer than it."""
    keys(dana, "j", "a")
    counts(dana, "1 approved")
    now, last = Invoice.objects.get(pk=invoice.pk), invoice.lines.last()
    typed = {last.pk: {"work_this_period": D("600.00"), "allowed_reason": "Measured"}}
    amounts.save_lines(now, typed, by=invoice.world.second_admin, version=now.version)
    keys(dana, "j", "a")
    counts(dana, "2 approved")
    keys(dana, "f")
    dialog = dana.locator("dialog[open]")
    expect(dialog).to_contain_text("Ola Berg entered amounts on")
    expect(dialog.locator("[name=decision]:checked")).to_have_count(0)
