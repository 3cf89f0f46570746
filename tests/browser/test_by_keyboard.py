"""Whole flows by keyboard alone: nobody touches the mouse from the open page to the bill that is sent (7.4, 11)."""

import os

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from invoicing.actions import invitations
from invoicing.models import Invoice, InvoiceType, Verdict
from tests import factories
from tests.erp_integrations.world import sage_world
from tests.journeys.steps import D, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TYPED = int(os.environ.get("TYPED_LINES", "30"))  # of 500; the rest is pasted, as from a spreadsheet
ARROWS = 10
HERE = """() => {
  const here = document.activeElement;
  return (here.ariaLabel || here.labels?.[0]?.innerText || here.innerText || "").trim();
}"""


def tab_to(page: Page, name: str, most: int = 60) -> None:
    """Press Tab until the focus stands on what is called so."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(HERE))
        if seen[-1] == name:
            return
    raise AssertionError(f"{name} is not among {seen}")


def tick_by_keys(page: Page, name: str) -> None:
    """Every box of that name, in order."""
    for _ in range(page.locator(f"input[name={name}]").count()):
        while page.evaluate("document.activeElement.name") != name or page.evaluate("document.activeElement.checked"):
            page.keyboard.press("Tab")
        page.keyboard.press("Space")


def send_by_keys(page: Page) -> None:
    """From the sheet: look at the checks, tick each, send."""
    tab_to(page, "Check and send")
    page.keyboard.press("Enter")
    page.wait_for_url("**/send/")
    page.wait_for_load_state()
    tick_by_keys(page, "seen")
    tab_to(page, "Send bill")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("is now under review")


@pytest.mark.timeout(1_200)  # each row is saved when it is left, and three tests run at once
def test_500_lines_are_entered_and_the_bill_is_sent(enter, transactional_db):
    world = factories.world()
    draft = world.draft(world.commitment(lines=[world.line(f"Room {number}", "100.00") for number in range(500)]))
    lee = enter(world.contact)
    lee.goto(page_of(draft, "enter/"))
    lee.wait_for_load_state()
    tab_to(lee, "Invoice number")
    lee.keyboard.type("B-500")
    tab_to(lee, "This period, line 1")
    amounts = [f"{number % 10 or '0.25'}" for number in range(500)]
    for amount in amounts[:TYPED]:
        lee.keyboard.type(amount)  # few keys: Chromium takes a tenth of a second for each here
        lee.keyboard.press("Enter")
    if amounts[TYPED:]:
        lee.context.grant_permissions(["clipboard-read", "clipboard-write"])
        lee.evaluate("text => navigator.clipboard.writeText(text)", "\n".join(amounts[TYPED:]))
        lee.keyboard.press("Control+V")
        lee.get_by_label(f"This period, line {len(amounts) - ARROWS}").focus()  # an arrow takes as long as a key
        for _ in range(ARROWS):
            lee.keyboard.press("ArrowDown")
    expect(lee.get_by_label("This period, line 500")).to_be_focused()
    expect(lee.locator("tfoot [data-sum=work]")).to_have_text("2,262.50")
    send_by_keys(lee)
    draft.refresh_from_db()
    assert (draft.status, draft.number) == (Invoice.Status.UNDER_REVIEW, "B-500")
    assert draft.lines.count() == 500 and draft.total_completed_and_stored == D("2262.50")


def test_lines_are_rejected_with_reasons_corrected_and_sent_again(enter, transactional_db):
    world = factories.world()
    lines = [world.line(f"Pour {name}", "10000.00") for name in ("footings", "slab", "walls")]
    bill = world.submitted(world.draft(world.commitment(lines=lines)), *[{"work_this_period": D("1000.00")}] * 3)
    dana = enter(world.admin)
    dana.goto(page_of(bill, "review/"))
    dana.wait_for_load_state()
    dana.keyboard.press("j")
    for number, reason in ((1, "Not poured yet"), (2, "Half of it is poured")):
        dana.keyboard.press("r")
        expect(dana.get_by_label(f"Why reject line {number}?")).to_be_focused()
        dana.keyboard.type(reason)
        dana.keyboard.press("Enter")
        expect(dana.locator("#review-progress")).to_contain_text(f"{number} rejected")
    dana.keyboard.press("a")
    expect(dana.locator("#review-progress")).to_contain_text("1 approved · 2 rejected · 0 to do")
    tab_to(dana, "Finish review")
    dana.keyboard.press("Enter")
    expect(dana.locator("dialog[open]")).to_contain_text("Half of it is poured")
    while dana.evaluate("document.activeElement.name") != "decision":
        dana.keyboard.press("Tab")
    dana.keyboard.press("Space")
    while dana.evaluate("document.activeElement.value") != "send_back":
        dana.keyboard.press("ArrowDown")
    tab_to(dana, "Finish review")
    dana.keyboard.press("Enter")
    expect(dana.locator("main")).to_contain_text("Revise")
    bill.refresh_from_db()
    assert bill.status == Invoice.Status.REVISE_AND_RESUBMIT

    lee = enter(world.contact)
    lee.goto(page_of(bill, "enter/"))
    lee.wait_for_load_state()
    expect(lee.locator("main")).to_contain_text("Not poured yet")
    tab_to(lee, "This period, line 1")
    lee.keyboard.type("0")
    lee.keyboard.press("Enter")
    lee.keyboard.type("500")
    lee.keyboard.press("Tab")
    send_by_keys(lee)
    bill.refresh_from_db()
    assert bill.status == Invoice.Status.UNDER_REVIEW
    works = list(bill.lines.order_by("schedule_line__position").values_list("work_this_period", "verdict"))
    assert works == [(D("0.00"), Verdict.NONE), (D("500.00"), Verdict.NONE), (D("1000.00"), Verdict.APPROVED)]


def test_500_lines_of_which_none_is_wrong_take_two_presses_and_one_confirmation(enter, transactional_db):
    """11: approve them all, finish; Enter confirms what the dialog proposes."""
    world = factories.world()
    lines = [world.line(f"Room {number}", "100.00") for number in range(500)]
    bill = world.submitted(world.draft(world.commitment(lines=lines)), *[{"work_this_period": D("10.00")}] * 500)
    dana = enter(world.admin)
    dana.goto(page_of(bill, "review/"))
    dana.wait_for_load_state()
    dana.keyboard.press("Shift+A")
    expect(dana.locator("#review-progress")).to_contain_text("0 to do", timeout=60_000)
    dana.wait_for_load_state()
    dana.keyboard.press("f")
    proposed = dana.locator("dialog[open]").get_by_role("radio", name="Approve", exact=True)
    expect(proposed).to_be_checked()
    expect(proposed).to_be_focused()
    dana.keyboard.press("Enter")
    expect(dana.locator("main")).to_contain_text("is Approved now")
    bill.refresh_from_db()
    assert bill.status == Invoice.Status.APPROVED


def test_an_invite_is_answered(enter, transactional_db):
    world = factories.world()
    [invited] = invitations.invite(world.period(), [world.commitment()], InvoiceType.WORK, by=world.admin)
    lee = enter(world.contact)
    lee.goto(f"/invitations/{invited.invitation.token_for(world.contact)}/")
    tab_to(lee, "We will bill")
    lee.keyboard.press("Enter")
    expect(lee.get_by_label("This period, line 1")).to_be_visible()
    assert Invoice.objects.get().created_by == world.contact


def test_a_bill_is_accepted_and_its_file_taken(enter, worker):
    sage = sage_world()
    export = sage.sent(sage.approved())
    pat = enter(sage.approver)
    pat.goto(reverse("erp-queue", args=[sage.company.slug]))
    tab_to(pat, export.invoice.number)
    pat.keyboard.press("Enter")
    expect(pat.get_by_role("button", name="Accept…").first).to_be_visible()
    pat.wait_for_load_state()
    tab_to(pat, "Accept…")
    pat.keyboard.press("Enter")
    expect(pat.get_by_role("button", name="Accept and build file")).to_be_visible()
    pat.wait_for_load_state()
    tick_by_keys(pat, "ticked")
    tab_to(pat, "Accept and build file")
    pat.keyboard.press("Enter")
    expect(pat.locator("main")).to_contain_text("Waiting for a worker")
    worker.work()
    expect(pat.get_by_role("link", name="Download file")).to_be_visible()
    tab_to(pat, "Download file")
    with pat.expect_download() as taken:
        pat.keyboard.press("Enter")
    assert taken.value.suggested_filename.endswith(".xlsx")
