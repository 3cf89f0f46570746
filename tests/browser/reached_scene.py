"""What has no address of its own: a page that answers a form, a file or what somebody typed, a box or a dialog opened.

Each way leads a signed-in browser there, and can be gone again: axe looks at a page once in light and once in dark.
"""

import itertools
from collections.abc import Callable

from playwright.sync_api import Page, expect

from invoicing.actions import amounts, reviews
from invoicing.actions.commitments import NewLine
from invoicing.models import Invoice, InvoiceLine, Verdict
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
        changed_by(scene.sage.base.second_admin, bill, line)
        page.get_by_role("button", name="Save", exact=True).first.click()
        expect(page.locator(".error-summary")).to_be_focused()
        expect(page.locator("main")).to_contain_text("Both versions are below")

    return {"sheet-of-an-admin": opened, "sheet-refused": refused, "sheet-both-versions": stale}


def ways_of_the_review(scene: Scene) -> dict[str, Way]:
    third, other = scene.reviewed.lines.all()[2], scene.sage.base.second_admin

    def desk(page: Page) -> None:
        """Its third line is not decided, whatever was done before."""
        reviews.decide(InvoiceLine.objects.get(pk=third.pk), Verdict.NONE, by=other)
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

    def theirs_or_mine(page: Page) -> None:
        desk(page)
        reviews.decide(InvoiceLine.objects.get(pk=third.pk), Verdict.REJECTED, "Not poured yet", by=other)
        page.get_by_role("button", name="Approve line 3", exact=True).click()
        expect(page.get_by_role("button", name="Keep theirs")).to_be_focused()

    def amount_stale(page: Page) -> None:
        page.goto(page_of(scene.reviewed, f"review/{third.pk}/amount/"))
        page.locator("[name^=work-]").fill(f"{next(_amounts)}.00")
        page.get_by_label("Why?").fill("Half is poured")
        changed_by(other, scene.reviewed, third)
        said(page, "Allow this amount", "Somebody")

    def finish_refused(page: Page) -> None:
        page.goto(page_of(scene.reviewed, "review/finish/"))
        page.locator("[name=decision]").evaluate_all("all => all.forEach(each => each.checked = false)")
        said(page, "Finish review", "Not done")

    def finish_stale(page: Page) -> None:
        page.goto(page_of(scene.reviewed, "review/finish/"))
        changed_by(other, scene.reviewed, third)
        page.get_by_role("radio", name="Send back").check()
        said(page, "Finish review", "after you opened this page")

    return {
        "review-reason-box": reason,
        "review-amount-box": amount,
        "review-theirs-or-mine": theirs_or_mine,
        "review-amount-stale": amount_stale,
        "finish-dialog": finish,
        "finish-refused": finish_refused,
        "finish-stale": finish_stale,
    }


def ways_that_are_refused(scene: Scene) -> dict[str, Way]:
    """An Admin's other forms, sent with something missing or beyond what is owed."""

    def pay(page: Page) -> None:
        page.goto(page_of(scene.approved, "payments/"))
        page.get_by_label("Amount").fill("12O0")
        said(page, "Record the payment", "is not an amount")

    def delete(page: Page) -> None:
        page.goto(page_of(scene.draft, "delete/"))
        said(page, "Delete the invoice", "Say why")

    def decide_about_many(page: Page) -> None:
        page.goto(scene.at("invoices"))
        page.get_by_label("Tick all of this page").check()
        page.get_by_role("button", name="Change status…").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Decide about")
        said(page, "Decide", "Choose what to do.")

    return {"pay-refused": pay, "delete-refused": delete, "bulk-decide-refused": decide_about_many}


def ways_of_sending(scene: Scene) -> dict[str, Way]:
    """A contact's bill, sent after an Admin changed an amount on it."""

    def refused(page: Page) -> None:
        page.goto(page_of(scene.draft, "send/"))
        changed_by(scene.sage.base.admin, scene.draft, scene.draft.lines.first())
        said(page, "Send bill", "Not sent")

    return {"send-refused": refused}


def changed_by(person, invoice: Invoice, line: InvoiceLine) -> None:
    """Another amount than any before, saved while somebody looks at the page."""
    newest, figures = Invoice.objects.get(pk=invoice.pk), {"work_this_period": D(next(_amounts))}
    amounts.save_lines(newest, {line.pk: figures}, by=person, version=newest.version)


def said(page: Page, button: str, words: str) -> None:
    """Pressed past the browser's own checks; what is wrong is told, and has the focus."""
    page.evaluate("for (const form of document.forms) form.noValidate = true")
    page.get_by_role("button", name=button, exact=True).last.click()
    expect(page.locator(".error-summary")).to_be_focused()
    expect(page.locator("main")).to_contain_text(words)


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
        book = filled_in(55)
        changed_by(scene.sage.base.admin, scene.draft, scene.draft.lines.first())
        sent(page, book)
        expect(page.locator("main")).to_contain_text("Somebody saved this after the workbook was downloaded")

    return {"sheet-upload-changes": changes, "sheet-upload-problems": problems, "sheet-upload-stale": stale}
