"""The main job by pages only: from an invite to a file in accounting's hands, with everybody else kept out.

Every page is the one that the page before led to. At each, people with too little meet what P-1 and P-8 say.
"""

from decimal import Decimal
from urllib.parse import urlsplit

import pytest

from directory.models import AccountingPrivilege, Event
from erp_integrations.models import Download, ExportBatch
from tests.journeys import steps
from tests.journeys.cast import DAY, Cast, cast, export_of, letter_to, link_in
from tests.journeys.visitor import Visitor

D = Decimal
PROJECT_PEOPLE = ("reader", "rival")  # hold a level on the project's Commitments
ERP_PEOPLE = ("clerk", "staff")  # hold a level on ERP Integrations
CANOPY = "Added canopy"


@pytest.fixture
def there(db, visitor, worker) -> Cast:
    made = cast()
    made.invite_outsiders(visitor)
    worker.messages.clear()
    return made


def test_from_an_invite_to_the_file_in_accountings_hands(there, visitor, worker):
    dana, ola = visitor(there.base.admin), visitor(there.base.second_admin)
    invite(there, dana)
    worker.work()
    lee = answer(there, visitor())
    enter(there, lee)
    review_and_send_back(there, dana)
    worker.work()
    correct(there, lee)
    steps.approve(dana, steps.newest(there.commitment))
    bill_on_behalf(there, dana, ola)
    send_and_change(there, dana)
    pat = visitor(there.approver)
    grant(there, visitor(there.base.owner), pat)
    reject(there, pat)
    worker.work()
    hear_of_rejection(there, ola)
    accept(there, pat, worker)
    take_the_file(there, visitor(there.base.staff))
    tell_the_contact(there, lee)


def project_url(there: Cast, rest: str = "") -> str:
    return f"/p/{there.base.project.slug}/{rest}"


def erp_url(there: Cast, rest: str = "queue/") -> str:
    return f"/c/{there.sage.company.slug}/erp/{rest}"


# 1. The invoice administrator invites


def invite(there: Cast, dana: Visitor) -> None:
    dana.visit("/").click(there.base.project.name)
    there.closed(dana.url, through=PROJECT_PEOPLE)
    dana.click("Commitments")
    there.closed(dana.url, through=PROJECT_PEOPLE)
    assert not there.outsiders["rival"].visit(dana.url).offers(there.commitment.number)  # P-1
    dana.click(there.commitment.number)
    there.closed(dana.url, through=["reader"])
    lines = {row["Line"]: row["C Scheduled value"] for row in dana.rows("Schedule of values")}
    assert [amount for line, amount in lines.items() if CANOPY in line] == ["7,500.00"]
    dana.sees("Extra work Approved")
    assert dana.facts()["3 Contract sum to date"] == "130,102.00"
    name_a_contact(there, dana)
    dana.click("Billing periods")
    there.closed(dana.url, through=PROJECT_PEOPLE)
    there.closed(dana.url, told=PROJECT_PEOPLE, post=True)
    dana.sees("Opening it closes June 2030").press("Open period").sees("July 2030 is open")
    there.closed(dana.url, through=PROJECT_PEOPLE)
    there.closed(dana.url + "invite/", told=PROJECT_PEOPLE, post=True)
    dana.fill(f"Tick {there.commitment.number}", True).press("Invite to bill").sees("Invites: 1 sent")
    dana.click("Back to the board")
    assert "Invited" in row_of(dana, there.commitment.number)["State"]


def name_a_contact(there: Cast, dana: Visitor) -> None:
    lee, here = there.base.contact, dana.url
    there.closed(here + "contacts/", told=PROJECT_PEOPLE, post=True)
    dana.fill("Person at", f"{lee.name}, {lee.email}").press("Add invoice contact")
    dana.sees(f"{lee.name} was given Standard on Commitments of {there.base.project.name}")  # P-3


def row_of(person: Visitor, number: str) -> dict[str, str]:
    return next(row for row in person.rows("Where each commitment stands") if number in row["Commitment"])


# 2. The invoice contact bills


def answer(there: Cast, lee: Visitor) -> Visitor:
    """From the mail: the link shows what is asked, asks for the password, and opens the new bill."""
    lee.person = there.base.contact
    address = link_in(letter_to(lee.person, "send your July 2030 bill"))
    lee.visit(address).sees("invites you to bill").click("Use a password or passkey").sign_in()
    there.closed(urlsplit(address).path, through=["passer-by"])  # who may read it, and answers only once signed in
    lee.press("We will bill").sees("Bill 2")
    return lee


def enter(there: Cast, lee: Visitor) -> None:
    there.closed(lee.url, told=["reader"])
    before = {row["Line"].split(" ", 1)[1]: row for row in lee.rows("Lines of bill")}
    assert before["Footings and grade beams"]["A Work before"] == "10,000.00"
    assert before["Steel embeds"]["PF Stored before"] == "5,000.00"
    assert lee.facts()["7 Less previous certificates"] == "13,500.00"
    lee.fill("Invoice number", "B-2")
    figures = {
        1: {"This period": "8000", "Released": "300"},
        2: {"Done": "25"},
        3: {"Moved to work": "2,000.00", "New stored": "1000"},
        4: {"This period": "1500.00"},
    }
    steps.type_lines(lee, figures).press("Save")
    shown = lee.facts()
    assert shown["4 Total completed and stored"] == "32,750.50"
    assert shown["5 Retainage held"] == "2,975.05"
    assert shown["8 Current payment due"] == "16,275.45"
    assert lee.value("This period, line 2") == "7,250.50"
    attach(there, lee)
    lee.click("Go on entering")
    assert {row["Result"] for row in lee.rows("What must hold")} == {"Holds"}
    lee.press("Check and send")
    there.closed(lee.url, told=["reader"])
    lee.sees("You ask for 16,275.45").press("Send bill").sees("under review")
    there.closed(lee.url, through=["reader"])
    lee.visit(steps.page_of(steps.newest(there.commitment), "review/"), status=403).sees("Admin on Commitments")


def attach(there: Cast, lee: Visitor) -> None:
    lee.click("Attachments")
    there.closed(lee.url.partition("?")[0] + "attachments/", told=["reader"], post=True)
    lee.fill("File", ("delivery note.pdf", b"%PDF-1.4 12 embeds", "application/pdf")).press("Attach file")
    here = lee.url
    assert lee.click("Download delivery note.pdf").content() == b"%PDF-1.4 12 embeds"
    there.closed(lee.url, through=["reader"])
    lee.visit(here)


# 3. Review, back, again; and a whole invoice on behalf


def review_and_send_back(there: Cast, dana: Visitor) -> None:
    dana.visit("/").click("Review: Acme Concrete, invoice B-2")
    there.closed(dana.url, told=PROJECT_PEOPLE)
    dana.press("Approve line 1").press("Reject line 2").sees("Reject line 2?")
    there.closed(dana.url, told=PROJECT_PEOPLE, post=True)
    dana.fill("Why?", "Half of the slab is not poured yet").press("Reject")
    dana.sees("Half of the slab is not poured yet").press("Approve the other 2").click("Finish review")
    there.closed(dana.url, told=PROJECT_PEOPLE)
    there.closed(dana.url, told=PROJECT_PEOPLE, post=True)
    dana.sees("1 line of bill 2 needs you", there.base.contact.email)
    assert not any("checked" in each.attrs for each in dana.page.elements if each.attrs.get("value") == "approve")
    dana.press("Finish review").sees("Revise & Resubmit")


def correct(there: Cast, lee: Visitor) -> None:
    letter = letter_to(lee.person, "1 line of bill 2 need")
    assert "Half of the slab is not poured yet" in letter and "claimed 7,250.50" in letter
    lee.visit(link_in(letter)).sees("Rejected by Dana Cole: “Half of the slab is not poured yet”")
    lee.visit("/bills/").click("Fix this line")
    lee.fill("This period, line 2", "3625.25").press("Check and send")
    assert lee.facts()["8 Current payment due"] == "13,012.72"
    lee.press("Send bill").sees("under review")
    lee.click("Submissions").sees("16,275.45", "13,012.72")


def bill_on_behalf(there: Cast, dana: Visitor, ola: Visitor) -> None:
    dana.visit(project_url(there, f"commitments/{there.second.number}/")).press("Start invoice on behalf")
    dana.sees("You are entering this on behalf of Acme Concrete")
    dana.fill("Invoice number", "CURB-1").fill("This period, line 1", "4000")
    steps.send_bill(dana, "invoice")
    invoice = steps.newest(there.second)
    dana.visit(steps.page_of(invoice, "review/")).press("Approve all 1").click("Finish review")
    dana.sees(
        "You submitted this invoice, so someone else approves it (separation of duties). Who can: Ola Berg"
    )  # P-7
    assert not dana.offers("Approve")
    forged = {"decision": "approve", "version": invoice.version}
    assert dana.forge(dana.url, forged).status_code in (409, 422)
    assert steps.newest(there.second).status == "under_review"
    steps.approve(ola, invoice)
    steps.send_to_erp(ola, invoice)


# 4. To accounting, back, changed, and to accounting again


def send_and_change(there: Cast, dana: Visitor) -> None:
    invoice = steps.newest(there.commitment)
    steps.send_to_erp(dana, invoice).sees("Locked")
    for place in ("erp/send/", "reopen/"):
        there.closed(steps.page_of(invoice, place), told=PROJECT_PEOPLE)
    there.closed(steps.page_of(invoice, "erp/retrieve/"), told=PROJECT_PEOPLE, post=True)
    dana.visit(steps.page_of(invoice)).press("Take back").sees("Taken back by Dana Cole").misses("Locked")
    dana.click("Reopen the review").fill("Why is it reopened?", "Footings were measured again")
    dana.press("Reopen the review").sees("Review invoice 2")
    dana.press("Allow another amount on line 1")
    there.closed(dana.url, told=PROJECT_PEOPLE)
    dana.fill("This period", "7,500.00").fill("Why?", "Measured on site: 7,500").press("Allow this amount")
    dana.sees("claimed 8,000.00")
    steps.approve(dana, invoice)
    there.closed(project_url(there, "invoices/"), through=PROJECT_PEOPLE)
    there.outsiders["rival"].visit(project_url(there, "invoices/")).misses("B-2")
    assert dana.facts()["8 Current payment due"] == "12,562.72"
    steps.send_to_erp(dana, invoice)


# 5. The privilege, and the answer


def grant(there: Cast, owner: Visitor, pat: Visitor) -> None:
    """Before it the queue can be looked at; only the site owner gives it, in the admin, with a reason (P-4)."""
    one = export_of(steps.newest(there.commitment))
    pat.visit("/").click("ERP").sees("B-2", "CURB-1")
    assert not pat.offers("Accept ticked")
    pat.visit(erp_url(there, f"queue/{one.pk}/reject/"), status=403).sees("Can Push to Accounting")
    assert pat.forge(erp_url(there, "queue/accept/"), {"export": one.pk, "confirmed": 1}).status_code == 403
    owner.visit("/").click("Site administration").click("Can Push to Accounting")
    for outsider in there.outsiders.values():
        assert outsider.try_address(owner.url).status_code == 302
    owner.click("Add Can Push to Accounting")
    owner.fill("person", there.approver.name).fill("company", there.sage.company.name)
    owner.fill("reason", "New controller").press("Save").sees("Pat Okafor", "New controller")
    privilege = AccountingPrivilege.objects.live().get(person=there.approver)
    assert privilege.granted_by == there.base.owner
    assert Event.objects.about(privilege).exists()


def reject(there: Cast, pat: Visitor) -> None:
    pat.visit(erp_url(there))
    there.closed(pat.url, through=ERP_PEOPLE)
    pat.click("CURB-1")
    there.closed(pat.url, through=ERP_PEOPLE)
    header, *_ = pat.rows("Header (H)")
    assert (header["Invoice no"], header["Vendor no"], header["Retainage"]) == ("CURB-1", "20145", "400.00")
    pat.click("Reject…")
    there.closed(pat.url, told=ERP_PEOPLE)
    there.closed(pat.url, told=ERP_PEOPLE, post=True)
    pat.fill("Why is it rejected?", "Curbs belong to job 2026015").press("Reject invoice").sees("is rejected")


def hear_of_rejection(there: Cast, ola: Visitor) -> None:
    """Sender and maker are mailed; the invoice says who rejected it and why, and can be changed again."""
    for someone in (there.base.second_admin, there.base.admin):
        assert "Curbs belong to job 2026015" in letter_to(someone, "Accounting rejected")
    ola.visit(link_in(letter_to(there.base.second_admin, "Accounting rejected")))
    ola.sees("Rejected by Pat Okafor", "Curbs belong to job 2026015").misses("Locked")


def accept(there: Cast, pat: Visitor, worker) -> None:
    pat.visit(erp_url(there)).misses("CURB-1").click("B-2")
    pat.sees("SOV-004 isn't linked to a line", "S39")
    rows = {row["Description"]: row["Price"] for row in pat.rows("Details (D)")}
    assert rows == {
        "Footings and grade beams": "7500.00",
        "Slab on grade": "3625.25",
        "Steel embeds": "1000.00",
        CANOPY: "1500.00",
    }
    there.closed(erp_url(there, "queue/accept/"), told=ERP_PEOPLE)
    there.closed(erp_url(there, "queue/accept/"), told=ERP_PEOPLE, post=True)
    steps.accept(pat, there.sage.company, "B-2", DAY).sees("Waiting for a worker")
    there.closed(pat.url, through=ERP_PEOPLE)
    assert not pat.offers("Download")
    assert "erp_integrations.tasks.build_export" in worker.work()
    pat.visit(pat.url).sees("13,625.25", "1,362.53")
    assert pat.offers("Download file")
    assert "is ready to import" in letter_to(there.approver, "ready")


# 6. Accounting's staff


def take_the_file(there: Cast, kim: Visitor) -> None:
    batch = ExportBatch.objects.get(accepted_by=there.approver)
    kim.visit("/").click(f"Get the file: Import file {batch.key}")
    first, again = steps.download(kim, "Download file"), steps.download(kim, "Download file")
    assert first == again
    kim.sees("Taken 2 times")
    there.closed(kim.url, through=ERP_PEOPLE)
    there.closed(erp_url(there, "batches/"), through=ERP_PEOPLE)
    there.closed(kim.url + "retry/", told=ERP_PEOPLE, post=True)
    assert list(Download.objects.filter(batch=batch).values_list("by", "which")) == [(there.base.staff.pk, "xlsx")] * 2
    for which in ("xlsx", "csv"):
        there.closed(f"{kim.url}{which}/", through=ERP_PEOPLE)
    sheet = steps.ImportFile.of_workbook(first)
    assert (sheet.gross, sheet.retainage) == (D("13625.25"), D("1362.53"))


def tell_the_contact(there: Cast, lee: Visitor) -> None:
    """One honest sentence, and nothing of accounting's pages."""
    lee.visit(steps.page_of(steps.newest(there.commitment))).sees("In accounting’s file")
    lee.visit(erp_url(there), status=404)
