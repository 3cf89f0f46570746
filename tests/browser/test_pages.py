"""Every page, wide and narrow, light and dark: axe finds nothing, nothing hangs over the edge, the console is silent.

axe reads each page wide in light and narrow in dark. With SHOTS=a-folder it reads all four, and each is also kept as a
picture, to be looked at.
"""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser import directory_scene as directories
from tests.browser import lists_scene as lists
from tests.browser import reached_scene as ways
from tests.browser import scene as scenes

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": RULES}}
SHOTS = os.environ.get("SHOTS")
WIDTHS = (1440, 390)
READ = {("light", 1440), ("dark", 390)}
# Amounts in boxes that reach out of their box, which clips them.
CUT_OFF = """[...document.querySelectorAll('.stat dd')]
    .filter(dd => dd.getBoundingClientRect().right > dd.parentElement.getBoundingClientRect().right + 0.5)
    .map(dd => dd.textContent)"""
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
OTHERS = {"exclude": [".select2"]}  # Django's own choice of a person or company names itself only to some readers


@pytest.fixture
def there(transactional_db) -> scenes.Scene:
    return scenes.scene()


def wrong_on(page: Page, name: str, scheme: str) -> list[str]:
    """What is wrong with the page that is open, at each width."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(DRAWN)
        where = f"{name} at {width}, {scheme}"
        reach = page.evaluate("document.documentElement.scrollWidth")
        if reach > width:
            found.append(f"{where}: {reach} px wide")
        found += [f"{where}: {figure} is cut off" for figure in page.evaluate(CUT_OFF)]
        if SHOTS or (scheme, width) in READ:
            found += [f"{where}: {problem}" for problem in violations(page)]
        if SHOTS:
            page.screenshot(path=Path(SHOTS, f"{name}-{width}-{scheme}.png"), full_page=True)
    return found


def violations(page: Page) -> list[str]:
    found = Axe().run(page, context=OTHERS, options=OPTIONS).response["violations"]
    return [f"{each['id']}: {node['target']} {node['any'][:1]}"[:400] for each in found for node in each["nodes"]]


def looked_at(page: Page, pages: dict[str, str], status: int = 200) -> list[str]:
    """Each scheme gets a page of its own: a page that is open is painted anew bit by bit, and axe would not wait."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for name, address in pages.items():
            answer = page.goto(address)
            if answer.status != status:
                found.append(f"{name}: {answer.status} at {address}")
            found += wrong_on(page, name, scheme)
    return found


def test_pages_for_passers_by(enter, there):
    assert looked_at(enter(), scenes.pages_of_passers_by(there)) == []


def test_the_pages_of_ones_own_login(enter, there):
    assert looked_at(enter(there.sage.base.admin), scenes.pages_of_ones_login(there)) == []


def test_the_invoice_administrators_pages(enter, there):
    assert looked_at(enter(there.sage.base.admin), scenes.pages_of_the_admin(there)) == []


def test_the_invoice_contacts_pages(enter, there):
    assert looked_at(enter(there.sage.base.contact), scenes.pages_of_the_contact(there)) == []


def test_the_accounting_approvers_pages(enter, there):
    assert looked_at(enter(there.sage.approver), scenes.pages_of_accounting(there)) == []


def test_the_pages_of_sages_lists_and_links(enter, there):
    pages = lists.pages_of_lists_and_links(there)
    assert looked_at(enter(there.sage.approver), pages) == []


def test_accountings_staffs_and_the_site_owners_pages(enter, there):
    found = looked_at(enter(there.sage.base.staff), scenes.pages_of_the_staff(there))
    owner = enter(there.sage.base.owner, obeys_csp=False)  # axe styles what it measures there; the policy forbids it
    assert found + looked_at(owner, scenes.pages_of_the_owner(there)) == []


def test_the_directory_admins_pages(enter, there):
    desk = directories.desk(there)
    found = looked_at(enter(desk.admin), desk.pages | desk.project_pages)
    found += looked_at(enter(desk.erp_admin), directories.report(there))
    assert found + looked_at(enter(desk.asked), directories.JOINING) == []


def test_pages_that_say_no(enter, there, console):
    console.expect(403, 404)
    reader = enter(there.sage.base.reader)
    found = looked_at(reader, {"403": scenes.page_of(there.reviewed, "review/")}, status=403)
    found += looked_at(reader, {"404": there.erp("erp-queue")}, status=404)
    assert found + looked_at(reader, scenes.pages_of_dead_links(), status=404) == []
    there.sage.company.needs_second_factor = True
    there.sage.company.save()
    assert looked_at(enter(there.sage.approver), {"second-factor-owed": "/"}, status=403) == []


def refused(page: Page, forms: dict[str, tuple[str, str]]) -> list[str]:
    """Each form sent as it is, past the browser's own checks: the page that comes back with what is wrong."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for name, (address, button) in forms.items():
            page.goto(address)
            page.evaluate("for (const form of document.forms) form.noValidate = true")
            page.get_by_role("button", name=button, exact=True).last.click()
            expect(page.locator(".error-summary")).to_be_focused()
            found += wrong_on(page, f"{name}-refused", scheme)
    return found


def reached(page: Page, pages: dict[str, ways.Way]) -> list[str]:
    """As `looked_at`, of what stands at no address of its own."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for name, go in pages.items():
            page.set_viewport_size({"width": max(WIDTHS), "height": 900})
            go(page)
            found += wrong_on(page, name, scheme)
    return found


def test_what_the_invoice_administrator_reaches_by_typing_and_pressing(enter, there, console):
    console.expect(409, 422)
    dana = enter(there.sage.base.admin)
    found = reached(dana, ways.ways_of_the_sheet(there) | ways.ways_of_the_review(there))
    found += reached(dana, ways.ways_that_are_refused(there))
    assert found + reached(dana, ways.ways_of_many(there)) == []


def test_what_a_contacts_file_would_change_and_what_is_wrong_with_it_or_with_a_bill(enter, there, console):
    console.expect(409, 422)
    assert reached(enter(there.sage.base.contact), ways.ways_of_a_file(there) | ways.ways_of_sending(there)) == []


def test_forms_that_come_back_with_what_is_wrong(enter, there, console):
    console.expect(422)
    base, line = there.sage.base, there.reviewed.lines.last().pk
    found = refused(enter(), {"login": ("/accounts/login/", "Sign in")})
    admins = {
        "board": (there.at("period", there.draft.billing_period_id), "Invite to bill"),
        "reopen": (scenes.page_of(there.approved, "reopen/"), "Reopen the review"),
        "review-amount": (scenes.page_of(there.reviewed, f"review/{line}/amount/"), "Allow this amount"),
        "files": (scenes.page_of(there.draft, "?show=files"), "Attach file"),
        "password": ("/accounts/password/change/", "Save the new password"),
    }
    found += refused(enter(base.admin), admins)
    answer = {"reject": (there.erp("erp-reject", there.waiting.pk), "Reject invoice")}
    found += refused(enter(there.sage.approver), answer)
    assert found == []
