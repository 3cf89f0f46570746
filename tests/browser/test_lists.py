"""Keys of a list, and a form that holds too much, in a real browser (screens 9.11, U8, F12)."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from invoicing.models import Commitment, Invoice
from tests.factories import world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_board_and_the_invoices_are_walked_ticked_and_opened_by_keys_unless_they_are_off(enter):
    there = world()
    period = there.period()
    for number in ("LK-001", "LK-002", "LK-003"):
        there.commitment(number=number)
    page = enter(there.admin)
    page.goto(reverse("period", args=[there.project.slug, period.pk]))
    rows = page.locator("[data-list] tbody tr")
    for key in ("j", "j", "k", "j", "x"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    expect(rows.nth(0).get_by_role("checkbox")).not_to_be_checked()
    page.keyboard.press("Enter")
    page.wait_for_url("**/LK-002/")

    page.go_back()
    page.evaluate("document.documentElement.dataset.keys = 'off'")
    page.keyboard.press("j")
    expect(page.locator("[data-list] tr:focus")).to_have_count(0)

    for commitment in Commitment.objects.all()[:2]:
        there.submitted(there.draft(commitment))
    page.goto(reverse("invoices", args=[there.project.slug]))
    for key in ("j", "j", "k", "j", "x"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1).get_by_role("checkbox")).to_be_checked()
    expect(rows.nth(0).get_by_role("checkbox")).not_to_be_checked()
    leads = rows.nth(1).get_by_role("link").first.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{leads}")


@pytest.mark.parametrize(("who", "name"), [("admin", "home"), ("contact", "bills")])
def test_the_list_that_somebody_starts_from_is_walked_and_opened_by_keys(enter, who, name):
    """9.11."""
    there = world()
    for _ in range(2):
        bill = there.draft(there.commitment())
        if who == "admin":
            there.submitted(bill)
    page = enter(getattr(there, who))
    page.goto(reverse(name))
    rows = page.locator("[data-list] > li")
    for key in ("j", "j", "k", "j"):
        page.keyboard.press(key)
    expect(rows.nth(1)).to_be_focused()
    leads = rows.nth(1).get_by_role("link").first.get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{leads}")


def test_all_that_match_are_counted_and_added_up_in_the_bar(enter, monkeypatch):
    """U6: the bar says what a press would take, also when the whole is ticked and not its rows."""
    monkeypatch.setattr("invoicing.forms.keyset.PAGE_SIZE", 1)
    there = world()
    for _ in range(3):
        there.submitted(there.draft(there.commitment()))
    due = sum(each.current_payment_due for each in Invoice.objects.all())
    page = enter(there.admin)
    page.goto(reverse("invoices", args=[there.project.slug]))
    everything = page.get_by_label("Select all 3 that match")
    expect(everything).to_be_hidden()
    page.get_by_label("Tick all of this page").check()
    everything.check()
    expect(page.locator("[data-selected=invoice]")).to_have_text("3")
    expect(page.locator("[data-selected-sum=invoice]")).to_have_text(f"{due:,.2f}")
    page.get_by_role("button", name="Clear selection").click()
    expect(page.locator("[data-selected=invoice]")).to_have_text("0")
    page.get_by_label("Tick all of this page").check()
    everything.check()
    page.get_by_role("button", name="Send to ERP…").click()
    expect(page.get_by_role("heading", name="None of these can be sent")).to_be_visible()


def test_a_form_that_holds_too_much_is_not_sent_and_keeps_what_was_typed(enter, settings):
    """F12: no lost input, also in rows that scripts made."""
    there = world()
    commitment = there.commitment(lines=[there.line("First", "1.00")], moves=(), contact=False)
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 60
    page = enter(there.admin)
    page.goto(reverse("schedule", args=[there.project.slug, commitment.number]))
    for at in range(2, 5):
        page.locator(f"#description-{at}").fill(f"Typed {at}")
    page.locator("#amount-4").focus()
    for _ in range(6):
        page.keyboard.type("12")
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Save", exact=True).last.click()
    told = page.locator("[data-too-much]")
    expect(told).to_be_focused()
    expect(told).to_contain_text("60 and 12 MB are the most")
    expect(page.locator("#description-2")).to_have_value("Typed 2")
    assert commitment.lines.count() == 1
