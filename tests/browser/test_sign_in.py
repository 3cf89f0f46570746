"""Signing in as a person does it: by keyboard, at the real page."""

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_somebody_signs_in_with_nothing_but_the_keyboard(enter):
    dana = factories.world().admin
    page = enter()
    page.goto("/accounts/login/")
    field = page.get_by_label("Email")
    for _ in range(12):
        if field.evaluate("it => it === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(field).to_be_focused()
    page.keyboard.type(dana.email)
    page.keyboard.press("Tab")
    page.keyboard.type("pw")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Dana")


def test_the_first_tab_stop_of_every_page_leads_past_its_menus(enter):
    page = enter(factories.world().admin)
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
