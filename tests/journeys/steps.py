"""What people do at the site in every month, each from the page they land on to the page that says it is done."""

import csv
import io
from decimal import Decimal

from python_calamine import CalamineWorkbook

from invoicing.models import Commitment, Invoice
from tests.journeys.visitor import Visitor, Worker

D = Decimal


def page_of(invoice: Invoice, rest: str = "") -> str:
    """The address of an invoice's page, or of one below it."""
    commitment = invoice.commitment
    return f"/p/{commitment.project.slug}/invoices/{commitment.number}/{invoice.position}/{rest}"


def newest(commitment: Commitment) -> Invoice:
    return commitment.invoices.order_by("-position").first()


def start_bill(contact: Visitor, commitment: Commitment, number: str) -> Visitor:
    contact.visit("/bills/").press("Start bill", near=f"{commitment.number} {commitment.title}")
    return contact.fill("Invoice number", number)


def type_lines(person: Visitor, lines: dict[int, dict[str, str]]) -> Visitor:
    """{position: {column: what is typed}}."""
    for position, cells in lines.items():
        for column, typed in cells.items():
            person.fill(f"{column}, line {position}", typed)
    return person


def send_bill(person: Visitor, noun: str = "bill") -> Visitor:
    """From the sheet: check, tick each warning as seen, send."""
    person.press("Check and send")
    person.tick_all("seen")
    return person.press(f"Send {noun}").sees("is now under review")


def approve(admin: Visitor, invoice: Invoice) -> Visitor:
    """Every line nobody objects to in one step, then the whole."""
    admin.visit(page_of(invoice, "review/"))
    if admin.offers("Approve all") or admin.offers("Approve the other"):
        admin.press("Approve all" if admin.offers("Approve all") else "Approve the other")
    return finish(admin, "Approve").sees("is Approved now")


def finish(admin: Visitor, decision: str, comment: str = "") -> Visitor:
    """From the review: what was proposed stays unless `decision` is another."""
    admin.click("Finish review")
    admin.tick_all("seen")
    if comment:
        admin.fill("comment", comment)
    if admin.offers(decision):  # nothing else is possible, so the button says it
        return admin.press(decision)
    return admin.fill(decision, True).press("Finish review")


def send_to_erp(admin: Visitor, invoice: Invoice) -> Visitor:
    admin.visit(page_of(invoice)).click("Send to ERP…" if admin.offers("Send to ERP…") else "Send again…")
    return admin.press("Send to ERP").sees("was sent to accounting")


def accept(approver: Visitor, company, number: str, accounting_date: str) -> Visitor:
    """From the queue: open it, choose the day, tick each warning, accept. Ends on the page of the batch."""
    approver.visit(f"/c/{company.slug}/erp/queue/").click(number)
    approver.fill("Accounting date", accounting_date)
    approver.tick_all("ticked")
    approver.press("Accept…")
    approver.tick_all("ticked")
    return approver.press("Accept and build file")


def download(person: Visitor, link: str) -> bytes:
    """The file behind a link of the batch's page, and back on that page."""
    here = person.url
    person.click(link)
    if "Content-Disposition" not in person.response.headers:  # R15: whoever takes it again says why
        person.fill("Why is it taken again?", "To hold the two against each other").press("Download")
    content = person.content()
    person.visit(here)
    return content


def travel(contact: Visitor, admin: Visitor, approver: Visitor, worker: Worker, invoice: Invoice, day: str) -> dict:
    """From approved to the two files, by three people and a worker: {"xlsx": bytes, "csv": bytes}."""
    approve(admin, invoice)
    send_to_erp(admin, invoice)
    accept(approver, invoice.company, invoice.number, day)
    assert "erp_integrations.tasks.build_export" in worker.work()
    approver.visit(approver.url).sees("Control totals")
    return {"xlsx": download(approver, "Download file"), "csv": download(approver, "Download as CSV")}


class ImportFile:
    """One built file as another program reads it: the header and detail rows of its one invoice, and their sums."""

    def __init__(self, rows: list[list]):
        [self.header] = [row for row in rows if row[1] == "H"]
        self.details = [row for row in rows if row[1] == "D"]

    @classmethod
    def of_csv(cls, content: bytes) -> "ImportFile":
        return cls(list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""))))

    @classmethod
    def of_workbook(cls, content: bytes) -> "ImportFile":
        return cls(CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Import").to_python())

    @property
    def lines(self) -> dict[str, Decimal]:
        """{description: quantity × price}, to the cent."""
        return {row[6]: cents(row[9]) * cents(row[10]) for row in self.details}

    @property
    def gross(self) -> Decimal:
        return sum(self.lines.values(), D("0.00")).quantize(D("0.01"))

    @property
    def retainage(self) -> Decimal:
        return cents(self.header[19])

    @property
    def net(self) -> Decimal:
        return self.gross - self.retainage


def cents(cell) -> Decimal:
    """A cell as a spreadsheet program gives it, back to money."""
    return D(str(cell)).quantize(D("0.01"))
