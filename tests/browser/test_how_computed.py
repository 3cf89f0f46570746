"""Any money cell leads to how it was computed, by mouse and by keys, and back to where one was."""

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.journeys.steps import D, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db):
    return factories.world()


def told(page: Page, heading: str, column: str) -> None:
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("heading", name=heading)).to_be_visible()
    expect(dialog.locator("[aria-current=true]")).to_contain_text(column)
    expect(dialog.locator("[aria-current=true]")).to_be_focused()


def test_a_reviewer_opens_a_cell_and_the_line_by_key_and_comes_back_to_it(enter, world):
    invoice = world.submitted(None, *[{"work_this_period": D("1000.00")}] * 2)
    page = enter(world.admin)
    page.goto(page_of(invoice, "review/"))
    page.locator("[data-line]").nth(1).locator("td").nth(5).click()
    told(page, "How line 2 was computed", "A + B + M + F")
    page.keyboard.press("Escape")
    expect(page.locator("[data-line]").nth(1).get_by_role("button", name="2", exact=True)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("w")
    expect(page.locator("dialog[open]").get_by_role("heading", name="How line 1 was computed")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("tfoot td.n").nth(2).click()
    told(page, "How the totals were computed", "The sum of 2 lines")


def test_a_contact_asks_from_the_cell_they_type_in_and_loses_nothing(enter, world):
    invoice = world.entered(None, {"work_this_period": D("1000.00")})
    page = enter(world.contact)
    page.goto(page_of(invoice, "enter/"))
    work = page.locator("input[data-cell=work]").nth(1)
    work.fill("77")
    page.keyboard.press("Alt+w")
    told(page, "How line 2 was computed", "This period")
    page.keyboard.press("Escape")
    expect(work).to_be_focused()
    expect(work).to_have_value("77.00")
