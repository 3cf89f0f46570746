"""The main job in a real browser: from an invite to a file in accounting's hands, every point of it in order.

Who is kept out of which page, and each figure on the way, is the business of the journey without scripts; here the
scripts run: keys, dialogs, rows that are swapped, the progress that asks by itself, files that land on the disk.
"""

import io

import pytest
from playwright.sync_api import Page, expect
from python_calamine import CalamineWorkbook

from erp_integrations.models import Download, ExportBatch
from invoicing.models import Verdict
from tests.journeys.cast import DAY, Cast, cast, letter_to, link_in
from tests.journeys.steps import D, ImportFile, newest, page_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
REASON = "Half of the slab is not poured yet"


def test_from_an_invite_to_the_file_in_accountings_hands(enter, worker, console):
    there = cast()
    worker.messages.clear()
    dana, ola = enter(there.base.admin), enter(there.base.second_admin)
    invite(there, dana)
    worker.work()
    lee = enter()
    answer(there, lee)
    bill(there, lee)
    review_and_send_back(there, dana)
    worker.work()
    correct(there, lee)
    approve(there, dana)
    bill_on_behalf(there, dana, ola)
    send_and_change(there, dana)
    grant(there, enter(there.base.owner))
    pat = enter(there.approver)
    reject(there, pat)
    worker.work()
    accept(there, pat, worker)
    take_the_file(there, enter(there.base.staff))
    keep_out(there, enter(there.clerk), enter(there.base.reader), console)


def says(page: Page, *texts: str) -> None:
    for text in texts:
        expect(page.locator("main")).to_contain_text(text)


def press(page: Page, name: str, *, exact: bool = False) -> None:
    page.get_by_role("button", name=name, exact=exact).first.click()


def follow(page: Page, name: str, *, exact: bool = False) -> None:
    page.get_by_role("link", name=name, exact=exact).first.click()


def write(page: Page, label: str, text: str) -> None:
    page.get_by_label(label, exact=True).first.fill(text)


def figure(page: Page, name: str) -> str:
    """The figure of the summary that stands under this name."""
    return page.locator(".stat", has_text=name).locator("dd").first


# 1. The invoice administrator invites


def invite(there: Cast, dana: Page) -> None:
    dana.goto("/")
    follow(dana, there.base.project.name)
    follow(dana, "Commitments")
    follow(dana, there.commitment.number)
    says(dana, "Footings and grade beams", "Added canopy", "7,500.00", "130,102.00")
    lee = there.base.contact
    dana.get_by_label("Person at").select_option(label=f"{lee.name}, {lee.email}")
    press(dana, "Add invoice contact")
    says(dana, f"{lee.name} was given Standard on Commitments")
    follow(dana, "Billing periods")
    press(dana, "Open period")
    says(dana, "July 2030 is open")
    box = dana.get_by_label(f"Tick {there.commitment.number}")
    box.focus()
    dana.keyboard.press("Space")
    expect(dana.locator("[data-selected=commitment]")).to_have_text("1")
    press(dana, "Invite to bill")
    says(dana, "Invites: 1 sent")


# 2. The invoice contact bills


def answer(there: Cast, lee: Page) -> None:
    """From the mail, through the real sign-in page, by keys."""
    lee.goto(link_in(letter_to(there.base.contact, "send your July 2030 bill")))
    follow(lee, "Use a password or passkey")
    lee.get_by_label("Email").focus()
    lee.keyboard.type(there.base.contact.email)
    lee.keyboard.press("Tab")
    lee.keyboard.type("pw")
    lee.keyboard.press("Enter")
    press(lee, "We will bill")
    expect(lee.get_by_role("heading", level=1)).to_contain_text("Bill 2")


def bill(there: Cast, lee: Page) -> None:
    expect(figure(lee, "Less previous certificates")).to_have_text("13,500.00")
    lee.wait_for_load_state()  # so that the sheet's script hears the keys
    write(lee, "Invoice number", "B-2")
    lee.get_by_label("This period, line 1", exact=True).focus()
    lee.keyboard.type("8000")
    lee.keyboard.press("Enter")
    expect(lee.get_by_label("This period, line 2", exact=True)).to_be_focused()
    lee.keyboard.type("7,250.50")
    lee.keyboard.press("ArrowDown")
    lee.keyboard.press("ArrowDown")
    lee.keyboard.type("$1,500")
    for label, typed in {
        "Moved to work, line 3": "2,000.00",
        "New stored, line 3": "1000",
        "Released, line 1": "300",
    }.items():
        write(lee, label, typed)
    lee.keyboard.press("Tab")
    expect(figure(lee, "Current payment due")).to_have_text("16,275.45")  # as typed, before anything is saved
    press(lee, "Save", exact=True)
    says(lee, "Saved")
    expect(figure(lee, "Current payment due")).to_have_text("16,275.45")
    expect(figure(lee, "Retainage held")).to_have_text("2,975.05")
    lee.goto(page_of(newest(there.commitment), "?show=files"))
    lee.locator("input[type=file]").set_input_files(
        {"name": "delivery note.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4 12 embeds"}
    )
    press(lee, "Attach file")
    says(lee, "delivery note.pdf")
    follow(lee, "Go on entering")
    press(lee, "Check and send")
    says(lee, "You ask for 16,275.45")
    press(lee, "Send bill")
    says(lee, "under review")


# 3. Review, back, again; and a whole invoice on behalf


def review_and_send_back(there: Cast, dana: Page) -> None:
    """Verdicts by single keys; the reason in a box that opens in place (U1)."""
    dana.goto("/")
    follow(dana, "Review: Acme Concrete, invoice B-2")
    dana.wait_for_load_state()
    dana.keyboard.press("j")
    dana.keyboard.press("a")
    dana.keyboard.press("r")  # at once: it is meant for the line that comes next
    expect(dana.get_by_label("Why reject line 2?")).to_be_focused()
    dana.keyboard.type(REASON)
    dana.keyboard.press("Enter")
    says(dana, f"Rejected by Dana Cole: “{REASON}”", "1 rejected")
    press(dana, "Approve the other 2")
    says(dana, "Approved 2 lines")
    verdicts = list(newest(there.commitment).lines.values_list("verdict", flat=True))
    assert verdicts == [Verdict.APPROVED, Verdict.REJECTED, Verdict.APPROVED, Verdict.APPROVED]
    follow(dana, "Finish review")
    dialog = dana.locator("dialog[open]")
    expect(dialog).to_contain_text(there.base.contact.email)
    expect(dialog.get_by_role("radio", name="Send back")).to_be_checked()
    dialog.get_by_role("button", name="Finish review").click()
    says(dana, "Revise & Resubmit")


def correct(there: Cast, lee: Page) -> None:
    letter = letter_to(there.base.contact, "1 line of bill 2 need")
    assert REASON in letter
    lee.goto(link_in(letter))
    says(lee, f"Rejected by Dana Cole: “{REASON}”")
    lee.goto("/bills/")
    follow(lee, "Fix this line")
    write(lee, "This period, line 2", "3625.25")
    press(lee, "Check and send")
    expect(figure(lee, "Current payment due")).to_have_text("13,012.72")
    press(lee, "Send bill")
    says(lee, "under review")


def approve(there: Cast, admin: Page, commitment=None) -> None:
    """Every line nobody objects to in one step, then the whole."""
    admin.goto(page_of(newest(commitment or there.commitment), "review/"))
    rest = admin.locator("#review-buttons").get_by_role("button")  # none where the only line needs a look of its own
    rest.click() if rest.count() else press(admin, "Approve ")
    says(admin, " 0 to do")  # else Finish shows older verdicts
    admin.get_by_role("link", name="Finish review").click()
    dialog = admin.locator("dialog[open]")
    choice = dialog.get_by_role("radio", name="Approve", exact=True)
    if choice.count():
        choice.check()
    for warning in dialog.locator("input[name=seen]").all():
        warning.check()
    dialog.locator("button.primary").click()
    says(admin, "Approved")
    expect(admin.locator("h1 + .badge, .page-head .badge").first).to_contain_text("Approved")


def bill_on_behalf(there: Cast, dana: Page, ola: Page) -> None:
    dana.goto(f"/p/{there.base.project.slug}/commitments/{there.second.number}/")
    press(dana, "Start invoice on behalf")
    says(dana, "You are entering this on behalf of Acme Concrete")
    write(dana, "Invoice number", "CURB-1")
    write(dana, "This period, line 1", "4000")
    press(dana, "Check and send")
    for box in dana.locator("input[name=seen]").all():
        box.check()
    press(dana, "Send invoice")
    says(dana, "under review")
    approve(there, ola, there.second)
    send(ola, there.second)


def send(admin: Page, commitment, name: str = "Send to ERP…") -> None:
    admin.goto(page_of(newest(commitment)))
    follow(admin, name)
    admin.get_by_role("button", name="Send to ERP").last.click()
    says(admin, "was sent to accounting", "Locked")


# 4. To accounting, back, changed, and to accounting again


def send_and_change(there: Cast, dana: Page) -> None:
    send(dana, there.commitment)
    press(dana, "Take back")
    says(dana, "Taken back by Dana Cole")
    dana.locator(".page-head details.menu summary").last.click()
    follow(dana, "Reopen the review")
    write(dana, "Why is it reopened?", "Footings were measured again")
    dana.locator("dialog[open]").get_by_role("button", name="Reopen the review").click()
    expect(dana.get_by_role("heading", level=1).first).to_contain_text("Review invoice 2")
    dana.get_by_role("button", name="Allow another amount on line 1").first.click()
    write(dana, "This period, line 1", "7,500.00")
    write(dana, "Why?", "Measured on site: 7,500")
    press(dana, "Allow this amount")
    says(dana, "claimed 8,000.00")
    approve(there, dana)
    expect(figure(dana, "Current payment due")).to_have_text("12,562.72")
    send(dana, there.commitment, "Send again…")


# 5. The privilege, and the answer


def grant(there: Cast, owner: Page) -> None:
    """Only the site owner, in the admin, with a reason (P-4)."""
    owner.goto("/admin/")
    owner.get_by_role("link", name="Can Push to Accounting").first.click()
    owner.locator(".object-tools a").click()
    for field, name in (("person", there.approver.name), ("company", there.sage.company.name)):
        owner.locator(f".field-{field} .select2-selection").click()
        owner.locator(".select2-search__field").fill(name)
        owner.locator(".select2-results__option", has_text=name).first.click()
    owner.locator("[name=reason]").fill("New controller")
    owner.get_by_role("button", name="Save", exact=True).click()
    expect(owner.locator("body")).to_contain_text("New controller")


def erp(there: Cast, rest: str = "queue/") -> str:
    return f"/c/{there.sage.company.slug}/erp/{rest}"


def reject(there: Cast, pat: Page) -> None:
    pat.goto("/")
    follow(pat, "ERP", exact=True)
    follow(pat, "CURB-1")
    says(pat, "CURB-1", "20145", "400.00")
    follow(pat, "Reject…")
    dialog = pat.locator("dialog[open]")
    dialog.get_by_label("Why is it rejected?").fill("Curbs belong to job 2026015")
    dialog.get_by_role("button", name="Reject invoice").click()
    says(pat, "is rejected")


def accept(there: Cast, pat: Page, worker) -> None:
    """The findings, the exact rows, the confirmation; then the page itself asks until the worker is done."""
    assert "Curbs belong to job 2026015" in letter_to(there.base.second_admin, "Accounting rejected")
    pat.goto(erp(there))
    follow(pat, "B-2")
    says(pat, "SOV-004 isn't linked to a line", "7500.00", "3625.25", "1000.00", "1500.00")
    tick_all(pat)
    pat.get_by_label("Accounting date").fill(DAY)
    press(pat, "Accept…")
    tick_all(pat)
    press(pat, "Accept and build file")
    says(pat, "Waiting for a worker")
    expect(pat.get_by_role("link", name="Download file")).to_have_count(0)
    with pat.expect_response(lambda response: "hx-request" in response.request.headers) as asked:
        pass
    assert "Waiting for a worker" in asked.value.text()
    assert "erp_integrations.tasks.build_export" in worker.work()
    expect(pat.get_by_role("link", name="Download file")).to_be_visible()
    expect(pat.locator("#announce")).to_have_text("The file is ready.")
    says(pat, "13,625.25", "1,362.53")


def tick_all(page: Page) -> None:
    for box in page.locator("input[name=ticked]").all():
        box.check()


# 6. Accounting's staff


def take_the_file(there: Cast, kim: Page) -> None:
    batch = ExportBatch.objects.get(accepted_by=there.approver)
    kim.goto("/")
    follow(kim, f"Get the file: Import file {batch.key}")
    first = download(kim)
    kim.reload()
    follow(kim, "Download file")  # R15: whoever takes it again says why
    kim.get_by_label("Why is it taken again?").fill("The first one was deleted")
    with kim.expect_download() as taken:
        kim.get_by_role("button", name="Download file").click()
    with open(taken.value.path(), "rb") as file:
        assert file.read() == first
    kim.get_by_role("link", name="Back").click()
    says(kim, "Taken 2 times")
    assert list(Download.objects.filter(batch=batch).values_list("by", "which")) == [(there.base.staff.pk, "xlsx")] * 2
    sheet = ImportFile.of_workbook(first)
    assert (sheet.gross, sheet.retainage) == (D("13625.25"), D("1362.53"))
    assert {"Import", "Control"} <= set(CalamineWorkbook.from_filelike(io.BytesIO(first)).sheet_names)


def download(page: Page) -> bytes:
    with page.expect_download() as taken:
        follow(page, "Download file")
    with open(taken.value.path(), "rb") as file:
        return file.read()


# 7. Everybody else


def keep_out(there: Cast, clerk: Page, reader: Page, console) -> None:
    """403 with the missing right where somebody holds some level, 404 where none (P-1, P-4)."""
    console.expect(403, 404)
    clerk.goto(erp(there))
    expect(clerk.get_by_role("button", name="Accept")).to_have_count(0)
    assert clerk.goto(erp(there, "queue/accept/")).status == 403
    expect(clerk.locator("body")).to_contain_text("Can Push to Accounting")
    review = page_of(newest(there.commitment), "review/")
    assert reader.goto(review).status == 403
    expect(reader.locator("body")).to_contain_text("Missing right")
    assert reader.goto(erp(there)).status == 404
    assert clerk.goto(review).status == 404
