"""A company to test with, built by the same acts that people use: what a test sees is what the program made."""

import itertools
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from directory.actions import grants, privileges
from directory.models import Company, Mail, Membership, Person, Project, Vendor
from directory.permissions import Level, Tool
from invoicing.actions import (
    amounts,
    billing_periods,
    change_orders,
    commitment_moves,
    commitments,
    invoices,
    payments,
    reviews,
)
from invoicing.actions.commitments import NewLine
from invoicing.models import BillingPeriod, Commitment, CostCode, Invoice, PaymentMethod, Verdict
from tests.remembered import remembered, remembered_step

D = Decimal
_counter = itertools.count(1)


def person(name: str, company: Company | None = None, vendor: Vendor | None = None) -> Person:
    someone = Person.objects.create_user(
        f"{name.lower().replace(' ', '.')}.{next(_counter)}@example.com", "pw", name=name
    )
    if company:
        Membership.objects.create(company=company, person=someone, vendor=vendor)
    return someone


def owner() -> Person:
    return Person.objects.create_superuser(f"owner.{next(_counter)}@example.com", "pw", name="Site Owner")


def payment_of(amount: str, number: str | None = None, method=PaymentMethod.CHECK) -> payments.NewPayment:
    """A check of some days ago, whatever the clock says in the project's zone."""
    day = date(2026, 1, 15)
    return payments.NewPayment(method, number or f"{next(_counter)}", day, D(amount))


@dataclass
class World:
    """A company with one project, one vendor and the people who act in most tests."""

    company: Company
    project: Project
    vendor: Vendor
    owner: Person
    admin: Person  # invoice administrator
    second_admin: Person  # because whoever submits may not approve
    reader: Person  # Read Only on Commitments
    contact: Person  # works for the vendor
    approver: Person  # Standard on ERP Integrations and the privilege
    staff: Person  # Read Only on ERP Integrations
    cost_codes: dict[str, CostCode] = field(default_factory=dict)

    def cost_code(self, code: str = "03-100") -> CostCode:
        if code not in self.cost_codes:
            self.cost_codes[code] = CostCode.objects.create(company=self.company, code=code, name=f"Code {code}")
        return self.cost_codes[code]

    def line(self, description: str, amount: str, code: str = "03-100", rate: str | None = None) -> NewLine:
        return NewLine(
            cost_code=self.cost_code(code),
            description=description,
            amount=D(amount),
            retainage_rate=None if rate is None else D(rate),
        )

    @remembered_step
    def commitment(
        self,
        lines: list[NewLine] | None = None,
        *,
        contact: bool = True,
        moves: tuple[str, ...] = ("approve",),
        **fields,
    ) -> Commitment:
        """An approved one; `moves` lead it elsewhere from its draft, none leave it there."""
        values = {
            "project": self.project,
            "vendor": self.vendor,
            "number": f"SC-{next(_counter):06d}",
            "title": "Concrete",
            "retainage_rate": D("10"),
            "holds_stored_retainage": True,
            "stored_retainage_rate": D("10"),
        } | fields
        lines = lines or [self.line("Footings and grade beams", "73600.00"), self.line("Slab on grade", "29002.00")]
        commitment = commitments.enter(Commitment(**values), lines, by=self.admin)
        for name in moves:
            commitment = commitment_moves.move(commitment, name, by=self.admin, reason="As agreed")
        if contact:
            commitments.add_contact(commitment, self.contact, by=self.admin)
        return commitment

    def change_order(self, commitment: Commitment, lines: list[NewLine]):
        order = change_orders.enter(commitment, f"CO-{next(_counter):06d}", "Extra work", lines, by=self.admin)
        return change_orders.move(order, "approve", by=self.admin)

    def period(self, month: date = date(2030, 6, 1)) -> BillingPeriod:
        """An open period; far enough ahead that its due date has not passed."""
        start, end, due = month, month.replace(day=28), month.replace(day=25)
        return billing_periods.open_period(self.project, start, end, due, by=self.admin)

    @remembered_step
    def draft(self, commitment: Commitment | None = None, period: BillingPeriod | None = None, *, by=None) -> Invoice:
        period = period or self.project.billing_periods.filter(status="open").first() or self.period()
        return invoices.create(commitment or self.commitment(), period, by=by or self.contact)

    @remembered_step
    def entered(self, invoice: Invoice | None = None, *figures: dict, by=None, number: str | None = None) -> Invoice:
        """With amounts typed line by line, in order; the first line gets 1,000.00 of work when none are given."""
        invoice = invoice or self.draft()
        figures = figures or ({"work_this_period": D("1000.00")},)
        entries = {line.pk: dict(typed) for line, typed in zip(invoice.lines.all(), figures, strict=False)}
        number = number or invoice.number or f"INV-{next(_counter):06d}"
        header = amounts.HeaderEntry(number=number, billing_date=invoice.billing_date)
        return amounts.save_lines(invoice, entries, by=by or self.contact, version=invoice.version, header=header)

    @remembered_step
    def submitted(self, invoice: Invoice | None = None, *figures: dict, by=None, number=None) -> Invoice:
        by = by or self.contact
        return invoices.submit(self.entered(invoice, *figures, by=by, number=number), by=by)

    @remembered_step
    def approved(self, invoice: Invoice | None = None, *figures: dict, number=None) -> Invoice:
        invoice = self.submitted(invoice, *figures, number=number)
        reviews.approve_the_rest(invoice, by=self.admin)
        return invoices.approve(invoice, by=self.admin)

    @remembered_step
    def sent_back(self, invoice: Invoice | None = None) -> Invoice:
        invoice = self.submitted(invoice)
        reviews.decide(invoice.lines.first(), Verdict.REJECTED, "Not poured yet", by=self.admin)
        return invoices.send_back(invoice, by=self.admin)


@remembered
def world(name: str = "Cascade Builders") -> World:
    number = next(_counter)
    company = Company.objects.create(name=name, slug=f"company-{number}")
    project = Project.objects.create(
        company=company, name=f"Riverside Tower {number}", number=f"P-{number}", slug=f"riverside-{number}"
    )
    vendor = Vendor.objects.create(company=company, name="Acme Concrete")
    made = World(
        company=company,
        project=project,
        vendor=vendor,
        owner=owner(),
        admin=person("Dana Cole", company),
        second_admin=person("Ola Berg", company),
        reader=person("Rae Reader", company),
        contact=person("Lee Park", company, vendor),
        approver=person("Sam Ruiz", company),
        staff=person("Kim Chu", company),
    )
    for who, tool, on, level in (
        (made.admin, Tool.COMMITMENTS, project, Level.ADMIN),
        (made.second_admin, Tool.COMMITMENTS, project, Level.ADMIN),
        (made.reader, Tool.COMMITMENTS, project, Level.READ_ONLY),
        (made.approver, Tool.ERP_INTEGRATIONS, company, Level.STANDARD),
        (made.staff, Tool.ERP_INTEGRATIONS, company, Level.READ_ONLY),
    ):
        grants.set_level(who, tool, on, level, by=made.owner)
    privileges.grant(made.approver, company, by=made.owner, reason="Controller")
    Mail.objects.filter(company=company).delete()  # about that grant; a test looks for the mail of its own acts
    return made
