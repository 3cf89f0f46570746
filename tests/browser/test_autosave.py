"""The entry sheet saves each row when it is left, and says honestly what is saved and what is not (9.4, 9.10)."""

from datetime import date

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import Page, expect

from directory.models import Event
from invoicing.actions.amounts import save_lines
from invoicing.models import Invoice
from tests import factories
from tests.browser.test_sheet import cell, save, work
from tests.journeys.steps import D, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def bill(transactional_db) -> Invoice:
    world = factories.world()
    amounts = {"Footings": "7333.33", "Slab": "2900.02", "Walls": "999.99"}
    made = world.draft(world.commitment(lines=[world.line(name, amount) for name, amount in amounts.items()]))
    made.world = world
    return made


@pytest.fixture
def lee(enter, bill) -> Page:
    page = enter(bill.world.contact)
    page.goto(page_of(bill, "enter/"))
    return page


def state(page: Page):
    return page.locator("[data-save-state]")


def typed(page: Page, line: int, text: str) -> None:
    cell(page, "This period", line).focus()
    page.keyboard.type(text)


def test_a_row_is_saved_when_it_is_left_and_the_next_one_after_it(lee, bill):
    lee.get_by_label("Invoice number").fill("B-1")
    typed(lee, 1, "500")
    expect(state(lee)).to_have_text("Not saved yet")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("All saved")
    lee.keyboard.type("250")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("All saved")
    assert work(bill) == [D("500.00"), D("250.00"), D("0.00")]
    bill.refresh_from_db()
    assert bill.number == "B-1"
    expect(cell(lee, "This period", 3)).to_be_focused()
    lee.reload()
    expect(cell(lee, "This period", 2)).to_have_value("250.00")


def test_what_must_hold_is_said_of_what_was_saved_a_moment_ago(lee):
    """5.5: more is released than is held (N-5); and less than nothing is billed, which wants a note (N-4, N-9)."""
    checks, first, second = lee.locator("#checks"), lee.locator("tbody.line").nth(0), lee.locator("tbody.line").nth(1)
    expect(checks.locator("summary")).to_have_text("Checks of what is saved now")
    cell(lee, "Released", 1).fill("12.34")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("All saved")
    expect(checks.locator("summary")).to_have_text("Checks 2 problems of what is saved now")
    expect(first).to_contain_text("Retainage released on")
    expect(lee.locator("[data-problems]")).to_have_text("1 problem: go to line 1")
    typed(lee, 2, "(5)")
    lee.keyboard.press("Enter")
    expect(checks.locator("summary")).to_have_text("Checks 4 problems of what is saved now")
    expect(second).to_contain_text("below zero in all")
    cell(lee, "Released", 1).fill("0")
    cell(lee, "Note", 2).fill("Taken back")
    cell(lee, "Note", 3).focus()  # both are left, and neither is what is being typed in
    expect(state(lee)).to_have_text("All saved")
    expect(first).not_to_contain_class("has-problem")
    expect(second).not_to_contain_text("Say why in its note")
    lee.reload()
    expect(second).to_contain_text("below zero in all")
    typed(lee, 2, "0")
    lee.keyboard.press("Enter")
    expect(lee.locator("[data-problems]")).to_be_hidden()
    expect(checks.locator("summary")).to_have_text("Checks of what is saved now")


def test_saved_row_by_row_and_then_by_the_button(lee, bill):
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    lee.keyboard.type("250")
    save(lee)
    assert work(bill) == [D("500.00"), D("250.00"), D("0.00")]


def test_offline_it_stays_on_the_page_and_goes_when_the_line_is_back(lee, bill, console):
    console.errors.clear()
    lee.context.set_offline(True)
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("Not saved: you are offline, it stays on this page")
    expect(cell(lee, "This period", 1)).to_have_value("500.00")
    for button in ("Save", "Check and send"):
        lee.get_by_role("button", name=button, exact=True).first.click()
        expect(state(lee)).to_have_text("Not saved: you are offline, it stays on this page")
        expect(cell(lee, "This period", 1)).to_have_value("500.00")
    assert work(bill)[0] == D("0.00")
    lee.context.set_offline(False)
    expect(state(lee)).to_have_text("All saved")
    assert work(bill)[0] == D("500.00")
    console.errors[:] = [each for each in console.errors if "INTERNET_DISCONNECTED" not in each]


def test_save_pressed_while_the_site_does_not_answer_waits_on_the_page_until_it_does(lee, bill, console):
    """9.4, 9.10: what is not saved stays, and the press that comes through saves it."""
    address, down = page_of(bill, "enter/"), {"status": 502, "body": "Bad gateway"}
    lee.route(f"**{address}", lambda route: route.fulfill(**down))
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("Not saved: the site did not take it, it stays on this page")
    lee.get_by_role("button", name="Save", exact=True).first.click()
    expect(state(lee)).to_have_text("Not saved: the site did not take it, it stays on this page")
    expect(cell(lee, "This period", 1)).to_have_value("500.00")
    lee.unroute(f"**{address}")
    console.errors.clear()
    save(lee)
    assert work(bill)[0] == D("500.00")


def test_save_pressed_signed_out_leads_over_the_sign_in_page_back_to_what_was_typed(lee, bill):
    """9.10: nothing was saved by itself, and leaving did not ask."""
    asked = []
    lee.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    Session.objects.all().delete()
    typed(lee, 1, "500")
    pressed = lee.get_by_role("button", name="Save", exact=True).first
    pressed.click()
    expect(lee.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(lee.locator("body")).to_contain_text("What you typed is not saved yet")
    lee.get_by_label("Email").fill(bill.world.contact.email)
    lee.get_by_label("Password").fill("pw")
    lee.get_by_role("button", name="Sign in", exact=True).click()
    expect(lee.locator("main")).to_contain_text("what you typed before you were signed out")
    expect(cell(lee, "This period", 1)).to_have_value("500.00")
    expect(cell(lee, "Done", 1)).to_have_value("6.82")
    assert work(bill)[0] == D("0.00") and asked == []
    save(lee)
    assert work(bill)[0] == D("500.00")
    expect(lee.locator("main")).not_to_contain_text("before you were signed out")


def test_two_tabs_nothing_is_overwritten_and_nothing_typed_is_lost(lee, bill, console):
    """I-5."""
    console.expect(409)
    other = lee.context.new_page()
    other.goto(page_of(bill, "enter/"))
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("All saved")
    typed(other, 1, "700")
    other.keyboard.press("Enter")
    expect(state(other)).to_contain_text("Press Save to see both versions")
    other.keyboard.type("300")
    other.get_by_role("button", name="Save", exact=True).first.click()
    expect(other.locator("main")).to_contain_text("Both changed it")
    expect(cell(other, "This period", 1)).to_have_value("700.00")
    expect(cell(other, "This period", 2)).to_have_value("300.00")
    assert work(bill) == [D("500.00"), D("0.00"), D("0.00")]
    other.get_by_role("button", name="Save", exact=True).first.click()
    expect(other.locator("main")).to_contain_text("Saved.")
    assert work(bill) == [D("700.00"), D("300.00"), D("0.00")]


def test_leaving_with_unsaved_amounts_or_an_unsaved_number_asks_first(lee, bill):
    asked = []
    lee.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    typed(lee, 1, "99999999")  # over its value: it is not saved by itself
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("Not saved: look at line 1")
    lee.goto(page_of(bill))
    assert asked == ["beforeunload"]
    lee.goto(page_of(bill, "enter/"))
    lee.get_by_label("Invoice number").fill("B-1")
    lee.goto(page_of(bill))
    assert asked == ["beforeunload"] * 2
    lee.goto(page_of(bill, "enter/"))
    typed(lee, 1, "5")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text("All saved")
    lee.goto(page_of(bill))
    assert asked == ["beforeunload"] * 2


def test_an_admin_types_what_is_held_and_gives_it_back_to_its_rule(enter, bill):
    dana = enter(bill.world.admin)
    dana.goto(page_of(bill, "enter/"))
    typed(dana, 1, "1000")
    held = cell(dana, "Held on work", 1)
    held.fill("77")
    dana.keyboard.press("Enter")
    expect(state(dana)).to_have_text("All saved")
    line = bill.lines.first()
    assert line.work_retainage_is_typed and line.work_retainage == D("77.00")
    held.fill("")
    dana.keyboard.press("Enter")
    expect(held).to_have_value("100.00")
    expect(state(dana)).to_have_text("All saved")
    line.refresh_from_db()
    assert not line.work_retainage_is_typed and line.work_retainage == D("100.00")
    assert Event.objects.about(bill).filter(verb="entered amounts").count() == 2


@pytest.mark.parametrize("name", ["contact", "admin"])
def test_material_moved_and_taken_back_is_held_on_as_it_was_typed_once(enter, bill, name):
    """1.2, I-2: the page says at once what is saved, to a contact and to an Admin, and after it was opened again."""
    world, move = bill.world, "Moved to work"
    first = save_lines(
        bill, {bill.lines.first().pk: {"stored_new": D("400.00")}}, by=world.contact, version=bill.version
    )
    typed_once = {"stored_retainage": D("90.00"), "stored_retainage_is_typed": True}
    first = save_lines(first, {first.lines.first().pk: typed_once}, by=world.admin, version=first.version)
    world.approved(first, {})
    world.period(date(2030, 7, 1))
    second = world.draft(bill.commitment)
    page = enter(getattr(world, name))
    net = page.locator(".action-bar [data-sum=net]")
    for moved, due in (("400", "50.00"), ("0", "0.00"), ("400", "50.00")):
        page.goto(page_of(second, "enter/"))
        cell(page, move, 1).fill(moved)
        if name == "contact":
            expect(net).to_have_text(due)
        page.keyboard.press("Enter")
        expect(state(page)).to_have_text("All saved")
        expect(net).to_have_text(due)
    cell(page, move, 1).fill("100")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("All saved")
    expect(net).to_have_text("−10.00")
    cell(page, "This period", 1).fill("10")
    page.keyboard.press("Enter")
    expect(state(page)).to_have_text("All saved")
    second.refresh_from_db()
    assert (second.stored_retainage, second.lines.first().stored_retainage_typed) == (D("90.00"), D("90.00"))


def test_what_an_admin_types_while_the_row_is_being_saved_is_kept(enter, bill):
    """9.4, I-5: the answer to the save before says that nothing was typed there."""
    dana = enter(bill.world.admin)
    dana.goto(page_of(bill, "enter/"))
    on_the_way = []
    dana.route("**/enter/", lambda route: on_the_way.append(route), times=1)
    typed(dana, 1, "1000")
    dana.keyboard.press("Enter")
    expect(state(dana)).to_have_text("Saving…")
    held = cell(dana, "Held on work", 1)
    held.fill("77")
    on_the_way[0].continue_()
    expect(held).to_have_value("77")
    dana.keyboard.press("Enter")
    expect(state(dana)).to_have_text("All saved")
    line = bill.lines.first()
    assert (line.work_retainage, line.work_retainage_is_typed) == (D("77.00"), True)
    held.fill("")
    dana.keyboard.press("Enter")
    expect(state(dana)).to_have_text("All saved")
    expect(held).to_have_value("100.00")
    line.refresh_from_db()
    assert not line.work_retainage_is_typed


def test_a_refused_number_holds_nothing_else_back_and_is_named(lee, bill, console):
    """9.4: a number that the books can't take is refused; the lines typed with it and after it are saved."""
    console.expect(422)
    lee.get_by_label("Invoice number").fill("K,1")
    lee.keyboard.press("Tab")
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_contain_text("number")
    typed(lee, 3, "250")
    lee.keyboard.press("Enter")
    lee.get_by_label("Billing date").focus()
    expect(state(lee)).to_contain_text("Not saved")
    lee.wait_for_function("!document.querySelector('[data-save-state]').textContent.includes('Saving')")
    assert work(bill) == [D("500.00"), D("0.00"), D("250.00")]
    lee.get_by_label("Invoice number").fill("K-1")
    cell(lee, "This period", 1).focus()
    expect(state(lee)).to_have_text("All saved")
    bill.refresh_from_db()
    assert bill.number == "K-1"


def test_of_many_rows_sent_together_only_the_refused_one_stays_unsaved(lee, bill, console):
    """9.4: pasted lines go in one request; what is wrong among them is looked for, and said with its line."""
    console.expect(422)
    lee.evaluate("""() => {
        for (const [row, text] of [["1", "500"], ["2", "five"], ["3", "250"]]) {
            document.querySelector(`[data-row="${row}"] [data-cell=work]`).value = text;
        }
        dispatchEvent(new Event("online"));
    }""")
    expect(state(lee)).to_contain_text("Not saved: line 2: ")
    assert work(bill) == [D("500.00"), D("0.00"), D("250.00")]


def test_signed_out_while_typing_says_so_and_saves_after_signing_in_elsewhere(lee, bill, console):
    """9.10: the session is over; what was typed stays, and goes with the new session's token."""
    console.expect(403)
    Session.objects.all().delete()
    typed(lee, 1, "500")
    lee.keyboard.press("Enter")
    expect(state(lee)).to_have_text(
        "Not saved: you are signed out. Sign in again in another tab; what you typed stays on this page"
    )
    expect(cell(lee, "This period", 1)).to_have_value("500.00")
    assert work(bill)[0] == D("0.00")
    elsewhere = Client()
    elsewhere.force_login(bill.world.contact)
    lee.context.clear_cookies()  # whoever signs in gets a new token: the one of this page is worth nothing then
    session = {"name": "sessionid", "value": elsewhere.cookies["sessionid"].value, "url": lee.url}
    lee.context.add_cookies([session])
    lee.evaluate("dispatchEvent(new Event('focus'))")
    expect(state(lee)).to_have_text("All saved")
    assert work(bill)[0] == D("500.00")
    typed(lee, 2, "250")
    save(lee)
    assert work(bill)[1] == D("250.00")
