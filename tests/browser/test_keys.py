"""The keys that act everywhere, in a real browser (screens 9.11, U8)."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from directory.actions.grants import set_level
from directory.models import Project
from directory.permissions import Level, Tool
from tests.factories import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def there(transactional_db):
    made = world()
    set_level(made.admin, Tool.ERP_INTEGRATIONS, made.company, Level.READ_ONLY, by=made.owner)
    return made


def second_project(there) -> None:
    other = Project.objects.create(company=there.company, name="Second", number="X-2", slug="second")
    set_level(there.admin, Tool.COMMITMENTS, other, Level.ADMIN, by=there.owner)


def press(page: Page, *some: str) -> None:
    for key in some:
        page.keyboard.press(key)


def test_g_and_a_letter_go_to_home_to_invoices_and_to_erp(enter, there):
    page, slug = enter(there.admin), there.project.slug
    page.goto(reverse("profile"))
    press(page, "g", "h")
    page.wait_for_url("**/")
    press(page, "g", "i")
    page.wait_for_url(f"**{reverse('invoices', args=[slug])}")
    press(page, "g", "e")
    page.wait_for_url(f"**{reverse('erp-queue', args=[there.company.slug])}")


def test_with_several_projects_g_i_leads_to_their_list_and_within_one_to_its_invoices(enter, there):
    second_project(there)
    page = enter(there.admin)
    page.goto("/")
    press(page, "g", "i")
    page.wait_for_url(f"**{reverse('projects')}")
    page.goto(reverse("periods", args=["second"]))
    press(page, "g", "i")
    page.wait_for_url(f"**{reverse('invoices', args=['second'])}")


def test_slash_goes_to_the_search_of_the_page_else_to_the_projects_else_nowhere(enter, there):
    """A page without either leaves the key to the browser."""
    page = enter(there.admin)
    page.goto(reverse("invoices", args=[there.project.slug]))
    press(page, "/")
    expect(page.locator("[data-search]")).to_be_focused()
    expect(page.locator("[data-search]")).to_have_value("")
    page.goto("/")
    menu = page.locator("details.switch")
    press(page, "/")
    expect(menu).to_have_attribute("open", "")
    expect(menu.get_by_role("link", name="All projects")).to_be_focused()
    press(page, "Escape")
    expect(menu).not_to_have_attribute("open", "")
    press(page, "/", "Enter")
    page.wait_for_url(f"**{reverse('projects')}")
    press(page, "/")
    expect(page.locator("[data-search]")).to_be_focused()

    other = enter(there.staff)
    other.goto(reverse("profile"))
    assert other.locator("[data-search], details.switch").count() == 0
    other.evaluate("addEventListener('keydown', (event) => { window.taken = event.defaultPrevented; })")
    press(other, "/")
    assert other.evaluate("window.taken") is False


def test_the_question_mark_shows_the_keys_and_none_acts_while_one_types(enter, there):
    page = enter(there.admin)
    page.goto(reverse("invoices", args=[there.project.slug]))
    press(page, "?")
    keys = page.get_by_role("dialog", name="Keyboard keys")
    expect(keys).to_be_visible()
    press(page, "g", "h")
    press(page, "Escape")
    expect(keys).to_be_hidden()
    page.locator("[data-search]").focus()
    page.keyboard.type("g/h?")
    expect(page.locator("[data-search]")).to_have_value("g/h?")
    expect(keys).to_be_hidden()
