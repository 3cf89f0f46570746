"""Who takes part in the main job, and who stands around it with too little: the same company for the whole journey."""

import calendar
import re
from dataclasses import dataclass, field
from decimal import Decimal

from django.core import mail

from directory.actions.grants import set_level
from directory.models import Person, Vendor
from directory.permissions import Level, Tool
from erp_integrations.actions import links
from erp_integrations.models import InvoiceExport, LineLink, ListKind
from invoicing.actions import commitments, invoices, reviews
from invoicing.models import Commitment, Invoice
from tests.erp_integrations.world import ACCOUNTING_DATE, CODE, JOB, VENDOR, SageWorld, sage_world
from tests.factories import person
from tests.journeys.visitor import Visitor

D = Decimal


@dataclass
class Cast:
    """The world before the journey: a subcontract with a change order and one bill that Sage holds already."""

    sage: SageWorld
    commitment: Commitment
    second: Commitment  # billed on behalf of its vendor
    approver: Person  # Standard on ERP Integrations; the privilege comes during the journey
    clerk: Person  # the same, and never gets it
    outsiders: dict[str, Visitor] = field(default_factory=dict)

    @property
    def base(self):
        return self.sage.base

    def invite_outsiders(self, visitor) -> None:
        """Sign in everybody who may do little or nothing here; one does not even sign in."""
        found = {
            "passer-by": None,
            "nobody": person("No Level", self.sage.company),
            "reader": self.base.reader,
            "rival": rival(self.sage),
            "stranger": sage_world("Other Builders").all_rights(),
            "clerk": self.clerk,
            "staff": self.base.staff,
        }
        self.outsiders = {name: visitor(someone) for name, someone in found.items()}

    def closed(self, url: str, *, through=(), told=(), post: bool = False) -> None:
        """What each outsider meets: the page, a 403 that names the missing right, or a 404 as if it did not exist."""
        for name, outsider in self.outsiders.items():
            answer = outsider.forge(url) if post else outsider.try_address(url)
            expected = 200 if name in through else 403 if name in told else 302 if name == "passer-by" else 404
            assert answer.status_code == expected, f"{name} gets {answer.status_code} at {url}, not {expected}"
            if expected == 403:
                assert "Missing right" in answer.content.decode()
            if expected == 302:
                assert answer.headers["Location"].startswith("/accounts/login/")


def cast() -> Cast:
    sage = sage_world()
    base = sage.base
    months = [{"year": 2030, "period": m, "first_date": f"2030-{m:02d}-01", "last_date": last(m)} for m in range(1, 13)]
    sage.load(ListKind.FISCAL_PERIODS, *months)
    lines = [
        base.line("Footings and grade beams", "73600.00"),
        base.line("Slab on grade", "29002.00"),
        base.line("Steel embeds", "20000.00"),
    ]
    commitment = sage.commitment(lines=lines, contact=False, is_private=False)
    base.change_order(commitment, [base.line("Added canopy", "7500.00")])
    billed_before(sage, commitment)
    second = sage.commitment(lines=[base.line("Curbs", "12000.00")], contact=False, is_private=False, title="Curbs")
    tell_sage(sage, commitment, second)
    approver, clerk = (person(name, sage.company) for name in ("Pat Okafor", "Cy Clerk"))
    for someone in (approver, clerk):
        set_level(someone, Tool.ERP_INTEGRATIONS, sage.company, Level.STANDARD, by=base.owner)
    return Cast(sage, commitment, second, approver, clerk)


def tell_sage(sage: SageWorld, *some: Commitment) -> None:
    """The subcontracts as Sage has them, with the change order; our lines are linked but for the last, a warning."""
    rows = [
        {"number": line.commitment.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4}
        | {"line_reference": line.position, "cost_code": CODE, "cost_type": 4}
        | {"change" if line.change_order else "contract": line.amount}
        for commitment in some
        for line in commitment.lines.select_related("commitment", "change_order")
    ]
    sage.load(ListKind.SUBCONTRACTS, *rows)
    for line in some[0].lines.filter(change_order=None):
        links.make(LineLink(schedule_line=line, commitment=some[0], line_reference=str(line.position)))


def last(month: int) -> str:
    return f"2030-{month:02d}-{calendar.monthrange(2030, month)[1]}"


def billed_before(sage: SageWorld, commitment: Commitment) -> Invoice:
    """Application 1: work on the first line and stored material on the third, exported."""
    base = sage.base
    figures = ({"work_this_period": D("10000.00")}, {}, {"stored_new": D("5000.00")})
    invoice = base.submitted(base.draft(commitment, by=base.admin), *figures, by=base.admin, number="B-1")
    reviews.approve_the_rest(invoice, by=base.second_admin)
    return sage.exported(invoices.approve(invoice, by=base.second_admin)).invoice


def rival(sage: SageWorld) -> Person:
    """An invoice contact of another subcontractor on the same project."""
    vendor = Vendor.objects.create(company=sage.company, name="Bolt Electric")
    someone = person("Rita Rival", sage.company, vendor)
    theirs = sage.base.commitment(contact=False, vendor=vendor, title="Wiring")
    commitments.add_contact(theirs, someone, by=sage.base.admin)
    return someone


def letter_to(someone: Person, about: str) -> str:
    """The newest mail to this person whose subject says `about`: its subject and its plain text."""
    letters = [each for each in mail.outbox if each.to == [someone.email] and about in each.subject]
    assert letters, [(each.to, each.subject) for each in mail.outbox]
    return f"{letters[-1].subject}\n{letters[-1].body}"


def link_in(letter: str) -> str:
    """The address of a letter's one button."""
    return re.search(r"^.+: (https?://\S+)$", letter, re.MULTILINE)[1]


def export_of(invoice: Invoice) -> InvoiceExport:
    return InvoiceExport.objects.get(invoice=invoice)


DAY = ACCOUNTING_DATE.isoformat()
