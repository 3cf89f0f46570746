"""What has no address of its own: a page that answers a form, a file or what somebody typed, a box or a dialog opened.

Each way leads a signed-in browser there, and can be gone again: axe looks at a page once in light and once in dark.
"""

import itertools
from collections.abc import Callable

from playwright.sync_api import Page, expect

from invoicing.actions import amounts
from invoicing.actions.commitments import NewLine
from invoicing.models import Invoice
from tests.browser.scene import STORED, WORK, Scene, page_of
from tests.factories import D, date
from tests.invoicing.pages import signed_in
from tests.invoicing.test_claim_files import Book

Way = Callable[[Page], None]
_amounts = itertools.count(100)


def full_sheet(scene: Scene) -> Invoice:
    """A bill with every column that an Admin can have: stored before, held amounts, a waiver."""
    base = scene.sage.base
    unit = NewLine(base.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("18.75"))
    made = scene.sage.commitment(lines=[base.line("Footings", "73600.00"), unit], is_private=False)
    first = base.approved(base.draft(made, by=base.contact), WORK | STORED)
    return base.draft(made, first.billing_period, by=base.admin)


def ways_of_the_sheet(scene: Scene) -> dict[str, Way]:
    """An Admin's entry sheet: as it opens, refused with what is wrong, and beside what somebody else saved."""
    bill = full_sheet(scene)
    line = bill.lines.order_by("schedule_line__position").first()

    def opened(page: Page) -> None:
        page.goto(page_of(bill, "enter/"))
        for name in ("held-work", "left", "waived"):
            expect(page.locator(f"[data-cell={name}], [name^={name}-]").first).to_be_attached()

    def typed(page: Page, amount: str) -> None:
        opened(page)
        page.locator("[data-cell=work]").first.fill(amount)

    def refused(page: Page) -> None:
        typed(page, "12O0")
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page.locator(".error-summary")).to_be_focused()

    def stale(page: Page) -> None:
        typed(page, "77.00")
        newest, figures = Invoice.objects.get(pk=bill.pk), {"work_this_period": D(next(_amounts))}
        amounts.save_lines(newest, {line.pk: figures}, by=scene.sage.base.second_admin, version=newest.version)
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page.locator(".error-summary")).to_be_focused()
        expect(page.locator("main")).to_contain_text("Both versions are below")

    return {"sheet-of-an-admin": opened, "sheet-refused": refused, "sheet-both-versions": stale}


def ways_of_the_review(scene: Scene) -> dict[str, Way]:
    def desk(page: Page) -> None:
        page.goto(page_of(scene.reviewed, "review/"))

    def reason(page: Page) -> None:
        desk(page)
        page.get_by_role("button", name="Reject line 3").click()
        expect(page.get_by_label("Why reject line 3?")).to_be_focused()

    def amount(page: Page) -> None:
        desk(page)
        for key in ("j", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("[data-box] .n")).to_be_focused()

    def finish(page: Page) -> None:
        desk(page)
        page.get_by_role("link", name="Finish review").click()
        expect(page.get_by_role("dialog")).to_be_visible()

    return {"review-reason-box": reason, "review-amount-box": amount, "finish-dialog": finish}


def ways_of_many(scene: Scene) -> dict[str, Way]:
    """From the list of invoices: what is asked, what became of each, and of each reminder."""

    def chosen(page: Page, button: str) -> None:
        page.goto(scene.at("invoices"))
        page.get_by_label("Tick all of this page").check()
        page.get_by_role("button", name=button).click()

    def asked(page: Page) -> None:
        chosen(page, "Change status…")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Decide about")

    def decided(page: Page) -> None:
        asked(page)
        page.get_by_label("Hold for owner").check()
        page.get_by_role("button", name="Decide", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Hold for owner:")

    def reminded(page: Page) -> None:
        chosen(page, "Send reminder")
        expect(page.get_by_role("heading", level=1)).to_contain_text("Reminders:")

    def moved(page: Page) -> None:
        page.goto(page_of(scene.draft, "period/"))
        expect(page.get_by_role("heading", level=1)).to_contain_text("Move")

    scene.sage.base.period(date(2030, 7, 1))
    return {"bulk-decide": asked, "bulk-decided": decided, "reminded": reminded, "invoice-period": moved}


def ways_of_a_file(scene: Scene) -> dict[str, Way]:
    """A contact's workbook: what it would change, what is wrong with it, and what was saved since."""
    client = signed_in(scene.sage.base.contact)

    def filled_in(value) -> Book:
        book = Book(client, scene.draft)
        book.cell("This period").value = value
        return book

    def sent(page: Page, book: Book) -> None:
        page.goto(page_of(scene.draft, "enter/upload/"))
        file = {"name": "bill.xlsx", "mimeType": "application/octet-stream", "buffer": book.saved()}
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="Read file").click()

    def changes(page: Page) -> None:
        sent(page, filled_in(99999))
        expect(page.locator("main")).to_contain_text("Beyond the scheduled value")

    def problems(page: Page) -> None:
        sent(page, filled_in("12O0"))
        expect(page.locator(".error-summary")).to_contain_text("nothing of the file is applied")

    def stale(page: Page) -> None:
        book, newest = filled_in(55), Invoice.objects.get(pk=scene.draft.pk)
        figures = {newest.lines.first().pk: {"work_this_period": D(next(_amounts))}}
        amounts.save_lines(newest, figures, by=scene.sage.base.admin, version=newest.version)
        sent(page, book)
        expect(page.locator("main")).to_contain_text("Somebody saved this after the workbook was downloaded")

    return {"sheet-upload-changes": changes, "sheet-upload-problems": problems, "sheet-upload-stale": stale}
