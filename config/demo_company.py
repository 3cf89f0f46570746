"""A believable company for `manage.py demo`, made by the program's own acts: every step of the work is in it."""

import calendar
from datetime import date, timedelta
from decimal import Decimal

from config.demo_accounting import DemoAccounting
from directory.actions import grants, permission_templates, privileges
from directory.demo import PASSWORD
from directory.models import Company, Membership, Person, Project, Vendor
from directory.permissions import Level, Tool
from invoicing.actions import (
    access_lists,
    amounts,
    attachments,
    billing_periods,
    change_orders,
    commitment_moves,
    commitments,
    invitations,
    invoices,
    payments,
    reviews,
)
from invoicing.actions.commitments import NewLine
from invoicing.actions.payments import NewPayment
from invoicing.models import (
    BillingPeriod,
    BillingSettings,
    Commitment,
    CostCode,
    CostType,
    Invoice,
    InvoiceType,
    PaymentMethod,
    Verdict,
)

COMPANY = "cascade"
PEOPLE = {
    # key: (name, e-mail, title, the vendor that employs them)
    "owner": ("Pat Owens", "pat@plumbline.example", "Site owner", None),
    "admin": ("Dana Cole", "dana@cascade.example", "Invoice administrator", None),
    "second": ("Ola Berg", "ola@cascade.example", "Project executive", None),
    "approver": ("Sam Ruiz", "sam@cascade.example", "Controller, accounting approver", None),
    "staff": ("Kim Chu", "kim@cascade.example", "Accounting staff", None),
    "acme": ("Lee Park", "lee@acme.example", "Invoice contact", "Acme Concrete"),
    "bolt": ("Mia Hart", "mia@bolt.example", "Invoice contact", "Bolt Electric"),
    "kerr": ("Joe Kerr", "joe@kerr.example", "Invoice contact", "Kerr Plumbing"),
    "hill": ("Ana Hill", "ana@hill.example", "Invoice contact", "Hill Roofing"),
    "glass": ("Tom Weiss", "tom@glass.example", "Invoice contact", "Glass & Co"),
    "steel": ("Ivy Stone", "ivy@steel.example", "Invoice contact", "Northwest Steel Supply"),
}
# Who the demo's sign-in page offers, in the order of the work.
SIGN_INS = ("admin", "acme", "second", "approver", "staff", "owner")
CODES = {
    "02-310": "Footings and grade beams",
    "02-320": "Slab on grade",
    "03-300": "Cast-in-place concrete",
    "05-120": "Structural steel",
    "07-500": "Roofing",
    "08-440": "Curtain wall",
    "15-400": "Plumbing",
    "16-050": "Electrical, rough-in",
    "16-500": "Lighting",
}
ROOMS = ["lobby", "corridor", "office", "meeting room", "stair", "riser", "plant room", "kitchen", "store", "restroom"]
BLANK_PAGE = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
WORK = ["conduit and boxes", "branch wiring", "devices", "light fixtures", "fire alarm"]


def money(text: str) -> Decimal:
    return Decimal(text.replace(",", ""))


class DemoCompany:
    """Builds the company once; `people` names who is who."""

    def __init__(self):
        self.people: dict[str, Person] = {}
        self.vendors: dict[str, Vendor] = {}
        self.codes: dict[str, CostCode] = {}

    @property
    def dana(self) -> Person:
        return self.people["admin"]

    @property
    def ola(self) -> Person:
        return self.people["second"]

    def build(self) -> None:
        self.company = Company.objects.create(name="Cascade Builders", slug=COMPANY)
        self.today = self.company.today
        self.enter_people()
        self.codes = {
            code: CostCode.objects.create(company=self.company, code=code, name=name) for code, name in CODES.items()
        }
        self.tower = self.project("Riverside Tower", "2026014", "riverside")
        self.school = self.project("Harbor School", "2026021", "harbor")
        self.clinic = self.project("Mill Street Clinic", "2026030", "millstreet")
        self.make_template()
        self.enter_commitments()
        self.enter_unfinished()
        self.bill_earlier()
        self.bill_last_month()
        self.bill_this_month()
        concrete, plumbing, glazing, school = self.history
        self.accounting = DemoAccounting(self.company, self.dana, self.people["approver"], self.today)
        self.accounting.build(self.earlier, [concrete, glazing, school, plumbing])
        self.pay(school, PaymentMethod.ACH, "0118-4471", school.current_payment_due)
        self.pay(concrete, PaymentMethod.CHECK, "10482", money("15,000.00"))

    def enter_people(self) -> None:
        for key, (name, email, title, vendor) in PEOPLE.items():
            make = Person.objects.create_superuser if key == "owner" else Person.objects.create_user
            person = self.people[key] = make(email, PASSWORD, name=name)
            if key == "owner":
                continue
            if vendor:
                self.vendors[key] = Vendor.objects.create(
                    company=self.company, name=vendor, insurance_expires_date=self.today + timedelta(days=200)
                )
            Membership.objects.create(company=self.company, person=person, vendor=self.vendors.get(key), title=title)
        owner = self.people["owner"]
        for key, tool, level in (
            ("admin", Tool.COMPANY_DIRECTORY, Level.READ_ONLY),
            ("second", Tool.COMPANY_DIRECTORY, Level.ADMIN),
            ("approver", Tool.ERP_INTEGRATIONS, Level.ADMIN),
            ("staff", Tool.ERP_INTEGRATIONS, Level.READ_ONLY),
        ):
            grants.set_level(self.people[key], tool, self.company, level, by=owner)
        privileges.grant(self.people["approver"], self.company, by=owner, reason="Controller of the company")
        privileges.ask(self.people["staff"], self.company, by=self.ola, reason="Covers for Sam at the end of the month")

    def make_template(self) -> None:
        """Accounting staff may read the invoices of every job."""
        template = permission_templates.create(self.company, "Accounting, reading", by=self.ola)
        for project in (self.tower, self.school, self.clinic):
            grants.set_level(template.group, Tool.COMMITMENTS, project, Level.READ_ONLY, by=self.ola)
        for key in ("approver", "staff"):
            permission_templates.add_person(template, self.people[key], by=self.ola)

    def project(self, name: str, number: str, slug: str) -> Project:
        project = Project.objects.create(company=self.company, name=name, number=number, slug=slug)
        for person in (self.dana, self.ola):
            grants.set_level(person, Tool.COMMITMENTS, project, Level.ADMIN, by=self.people["owner"])
        grants.set_level(self.people["approver"], Tool.COMMITMENTS, project, Level.READ_ONLY, by=self.people["owner"])
        settings = BillingSettings.objects.create(
            project=project, invitation_text="Please bill gross amounts; we take the retainage off."
        )
        settings.distribution_list.add(self.dana)
        return project

    # Commitments

    def line(self, code: str, description: str, amount: str, cost_type: int = CostType.SUBCONTRACT) -> NewLine:
        return NewLine(cost_code=self.codes[code], description=description, amount=money(amount), cost_type=cost_type)

    def enter(
        self, project, vendor: str, number: str, title: str, lines, *, contact=True, moves=("approve",), **fields
    ) -> Commitment:
        values = {
            "retainage_rate": money("10"),
            "holds_stored_retainage": True,
            "stored_retainage_rate": money("10"),
            "is_private": False,
            "executed_date": self.today - timedelta(days=150),
        } | fields
        commitment = Commitment(
            project=project,
            vendor=self.vendors[vendor],
            number=number,
            title=title,
            **values,
        )
        commitments.enter(commitment, lines, by=self.dana)
        for name in moves:
            commitment = commitment_moves.move(commitment, name, by=self.dana)
        if contact:
            commitments.add_contact(commitment, self.people[vendor], by=self.dana)
        return commitment

    def enter_commitments(self) -> None:
        tower = self.tower
        self.concrete = self.enter(
            tower,
            "acme",
            "SC-2026014-03",
            "Concrete",
            [
                self.line("02-310", "Footings and grade beams", "73,600.00"),
                self.line("02-320", "Slab on grade", "29,002.00"),
                self.line("03-300", "Elevated decks, levels 2 to 6", "412,500.00"),
                self.line("03-300", "Shear walls and cores", "186,240.00"),
            ],
        )
        order = change_orders.enter(
            self.concrete,
            "CO-01",
            "Deeper footings at grid C",
            [self.line("02-310", "Deeper footings at grid C", "18,450.00")],
            by=self.dana,
        )
        change_orders.move(order, "approve", by=self.dana)
        pending = change_orders.enter(
            self.concrete,
            "CO-02",
            "Topping slab at the loading dock, curbs by others",
            [
                self.line("02-320", "Topping slab at the loading dock", "12,900.00"),
                self.line("02-310", "Curbs by others", "-4,260.00"),
            ],
            by=self.dana,
        )
        change_orders.move(pending, "send_for_approval", by=self.dana)
        self.electrical = self.enter(tower, "bolt", "SC-014", "Electrical", self.five_hundred_lines())
        self.plumbing = self.enter(tower, "kerr", "SC-015", "Plumbing", [
            self.line("15-400", "Underground and sleeves", "64,000.00"),
            self.line("15-400", "Risers", "118,500.00"),
            self.line("15-400", "Fixtures", "92,300.00"),
        ])  # fmt: skip
        self.roofing = self.enter(tower, "hill", "SC-016", "Roofing", [
            self.line("07-500", "Insulation and membrane", "141,000.00"),
            self.line("07-500", "Flashing and copings", "38,750.00"),
        ])  # fmt: skip
        self.glazing = self.enter(tower, "glass", "SC-017", "Curtain wall", [
            self.line("08-440", "Shop drawings and mock-up", "35,000.00"),
            self.line("08-440", "Units, fabricated", "540,000.00"),
            self.line("08-440", "Units, installed", "260,000.00"),
        ])  # fmt: skip
        self.steel = self.enter(
            tower,
            "steel",
            "PO-003",
            "Structural steel",
            [self.line("05-120", "Steel, delivered", "320,000.00", CostType.MATERIAL)],
            kind=Commitment.Kind.PURCHASE_ORDER,
            retainage_rate=money("0"),
            holds_stored_retainage=False,
            stored_retainage_rate=money("0"),
        )
        self.school_concrete = self.enter(
            self.school, "acme", "SC-101", "Concrete", [self.line("03-300", "Foundations", "96,400.00")]
        )
        self.enter(
            self.clinic, "kerr", "SC-201", "Plumbing", [self.line("15-400", "All plumbing", "78,900.00")], contact=False
        )

    def enter_unfinished(self) -> None:
        """What is not billed yet: an order on its way, a private draft, and the contract that somebody signed."""
        doors = self.enter(
            self.tower,
            "steel",
            "PO-004",
            "Doors, frames and hardware",
            [
                self.line("05-120", "Hollow metal frames", "38,400.00", CostType.MATERIAL),
                self.line("05-120", "Doors and hardware", "71,250.00", CostType.MATERIAL),
            ],
            moves=("submit", "receive_part"),
            kind=Commitment.Kind.PURCHASE_ORDER,
            holds_stored_retainage=False,
            payment_terms="net 30",
        )
        draft = self.enter(
            self.tower,
            "hill",
            "SC-018",
            "Waterproofing",
            [self.line("07-500", "Below grade, north and east", "54,600.00")],
            contact=False,
            moves=(),
            is_private=True,
            executed_date=None,
            start_date=self.today + timedelta(days=30),
            completion_date=self.today + timedelta(days=120),
            description="Price is agreed; the schedule of values is still being split by elevation.",
        )
        access_lists.add_person(draft, self.people["approver"], by=self.dana)
        for commitment, name in ((self.concrete, "Subcontract SC-2026014-03.pdf"), (doors, "Quote 4471.pdf")):
            attachments.attach_to_commitment(commitment, name, BLANK_PAGE, by=self.dana)

    def five_hundred_lines(self) -> list[NewLine]:
        places = [(level, room) for level in range(1, 11) for room in ROOMS]
        return [
            self.line(
                "16-500" if "light" in work else "16-050",
                f"L{level} {room}: {work}",
                f"{900 + 37 * index % 2400}.00",
            )
            for index, ((level, room), work) in enumerate((place, work) for place in places for work in WORK)
        ]

    # Billing

    def open_period(self, project: Project, month: date, due: date) -> BillingPeriod:
        end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
        return billing_periods.open_period(project, month, end, due, by=self.dana)

    def bill(self, commitment, period, number: str, *figures: dict, by: Person, send: bool = True) -> Invoice:
        """An invoice with these figures typed line by line; sent unless told otherwise."""
        invoice = invoices.create(commitment, period, by=by)
        entries = dict(zip(invoice.lines.values_list("pk", flat=True), figures, strict=False))
        header = amounts.HeaderEntry(number=number, billing_date=invoice.billing_date)
        invoice = amounts.save_lines(invoice, entries, by=by, version=invoice.version, header=header)
        return invoices.submit(invoice, by=by) if send else invoice

    def approved(self, invoice: Invoice) -> Invoice:
        reviews.approve_the_rest(invoice, by=self.ola)
        return invoices.approve(invoice, by=self.ola)

    def bill_earlier(self) -> None:
        """Two months ago: what accounting has sent to Sage by now."""
        period, school = self.passed_periods(_month_before(_month_before(self.today)))
        self.earlier = self.billed(
            (self.concrete, period, "2219-04", [_work("11,040.00")]),
            (self.glazing, period, "GC-70", [{}, _stored("54,000.00")]),
            (self.school_concrete, school, "2219-03", [_work("9,640.00")]),
        )

    def passed_periods(self, month: date) -> tuple[BillingPeriod, BillingPeriod]:
        """Of tower and school, their due dates passed."""
        due = month.replace(day=25)
        return self.open_period(self.tower, month, due), self.open_period(self.school, month, due)

    def billed(self, *bills: tuple[Commitment, BillingPeriod, str, list[dict]]) -> list[Invoice]:
        """Entered by Dana on behalf, and approved."""
        return [
            self.approved(self.bill(commitment, period, number, *figures, by=self.dana))
            for commitment, period, number, figures in bills
        ]

    def bill_last_month(self) -> None:
        period, school = self.passed_periods(_month_before(self.today))
        self.history = self.billed(
            (self.concrete, period, "2219-06", [_work("18,400.00"), _work("7,250.50")]),
            (self.plumbing, period, "K-1180", [_work("48,000.00")]),
            (self.glazing, period, "GC-77", [_work("35,000.00"), _stored("86,000.00")]),
            (self.school_concrete, school, "2219-05", [_work("24,100.00")]),
        )

    def pay(self, invoice: Invoice, method: PaymentMethod, number: str, amount: Decimal) -> None:
        payments.record_payment(invoice, NewPayment(method, number, self.today, amount), by=self.dana)

    def bill_this_month(self) -> None:
        month = self.today.replace(day=1)
        due = max(month.replace(day=25), self.today + timedelta(days=4))
        period, school = self.open_period(self.tower, month, due), self.open_period(self.school, month, due)
        self.open_period(self.clinic, month, due)
        tower = [self.concrete, self.electrical, self.plumbing, self.roofing, self.glazing, self.steel]
        invitations.invite(period, tower, InvoiceType.WORK_AND_RELEASE, by=self.dana)
        invitations.invite(school, [self.school_concrete], InvoiceType.WORK_AND_RELEASE, by=self.dana)

        lines = [_work(f"{300 + 11 * index % 400}.00") for index in range(0, 500)]
        self.bill(self.electrical, period, "BE-4410", *lines, by=self.people["bolt"])
        self.bill(self.plumbing, period, "K-1193", _work("9,000.00"), by=self.people["kerr"], send=False)
        roofing = self.bill(
            self.roofing, period, "HR-0091", _work("52,000.00"), _work("12,400.00"), by=self.people["hill"]
        )
        flashing = roofing.lines.get(schedule_line__description__startswith="Flashing")
        reviews.decide(flashing, Verdict.REJECTED, "The north parapet is not flashed yet", by=self.dana)
        invoices.send_back(roofing, by=self.dana)
        glazing = self.bill(
            self.glazing, period, "GC-81", {}, _stored("120,000.00", moved="40,000.00"), by=self.people["glass"]
        )
        invoices.hold_for_owner(glazing, by=self.dana)
        self.approved(self.bill(self.steel, period, "NS-20931", _work("84,500.00"), by=self.people["steel"]))
        foundations = self.bill(self.school_concrete, school, "2219-08", _work("31,000.00"), by=self.people["acme"])
        invoices.approve_as_noted(
            foundations, by=self.ola, comment="Approved; send the test reports with the next bill."
        )


def _month_before(day: date) -> date:
    """Its first day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _work(amount: str) -> dict:
    return {"work_this_period": money(amount)}


def _stored(amount: str, moved: str = "0") -> dict:
    return {"stored_new": money(amount), "stored_moved": money(moved)}
