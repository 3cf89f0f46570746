"""A company whose approved invoices can go to accounting: its Sage lists, its links, and the people who do it."""

import itertools
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from directory.actions import grants
from directory.models import Person
from directory.permissions import Level, Tool
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, links
from erp_integrations.actions.lists import take_in
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    ErpSettings,
    ExportBatch,
    InvoiceExport,
    ListKind,
    ProjectLink,
    VendorLink,
    sage_lists,
)
from erp_integrations.sage100.findings import Finding
from invoicing.actions import commitments
from invoicing.models import Commitment, CostType, Invoice
from tests import factories
from tests.invoicing.test_starting_certificates import load, loaded
from tests.remembered import remembered, remembered_step

D = Decimal
LISTS_DATE = date(2030, 6, 1)
ACCOUNTING_DATE = date(2030, 6, 28)
VENDOR, JOB, ACCOUNT, CODE = "20145", "2026014", "5040", "2310.000"
_records = itertools.count(70001)


@dataclass
class SageWorld:
    """`base` is the company with its project, vendor and people; everything else hangs on it."""

    base: factories.World
    sender: Person

    @property
    def company(self):
        return self.base.company

    @property
    def approver(self) -> Person:
        return self.base.approver

    def load(self, kind: ListKind, *rows: dict, as_of_date: date = LISTS_DATE):
        return take_in(self.company, kind, [{k: str(v) for k, v in row.items()} for row in rows], as_of_date=as_of_date)

    @remembered_step
    def commitment(self, **fields) -> Commitment:
        """A subcontract that Sage knows under the same number."""
        commitment = self.base.commitment(**fields)
        links.make(
            CommitmentLink(company=self.company, commitment=commitment, kind=commitment.kind, number=commitment.number)
        )
        self.load_subcontracts()
        return commitment

    def mid_job(self, number: str = "SC-90") -> Commitment:
        """A subcontract that came here in the middle of its job: the books hold 4,500.00 and 400.00 of it."""
        [certificate] = load(self.base, loaded(self.base, number))
        commitment = certificate.commitment
        commitments.add_contact(commitment, self.base.contact, by=self.base.admin)
        links.make(
            CommitmentLink(company=self.company, commitment=commitment, kind=commitment.kind, number=commitment.number)
        )
        self.load_subcontracts()
        return commitment

    def load_subcontracts(self) -> None:
        rows = [
            {"number": link.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4}
            for link in CommitmentLink.objects.filter(company=self.company)
        ]
        self.load(ListKind.SUBCONTRACTS, *rows)

    @remembered_step
    def approved(self, commitment: Commitment | None = None, *figures: dict, number: str | None = None) -> Invoice:
        return self.base.approved(self.base.draft(commitment or self.commitment()), *figures, number=number)

    def next_month(self) -> None:
        """Close the open period and open the next month's."""
        last = self.base.project.billing_periods.order_by("start_date").last().start_date
        self.base.period(last.replace(year=last.year + last.month // 12, month=last.month % 12 + 1))

    @remembered_step
    def sent(self, invoice: Invoice | None = None) -> InvoiceExport:
        return exports.send_one(invoice or self.approved(), by=self.sender)

    def warnings(self, *some: InvoiceExport, on: date = ACCOUNTING_DATE) -> list[str]:
        """Every warning ticked, as the approver's page does it."""
        proposal = exports.preview(fresh(*some), accounting_date=on, by=self.approver)
        return [exporting.finding_key(warning) for warning in proposal.warnings]

    @remembered_step
    def accepted(self, *some: InvoiceExport, by: Person | None = None, on: date = ACCOUNTING_DATE) -> ExportBatch:
        some = some or (self.sent(),)
        return batches.accept(some, by=by or self.approver, accounting_date=on, ticked=self.warnings(*some, on=on))

    def built(self, *some: InvoiceExport) -> ExportBatch:
        batch = self.accepted(*some)
        exporting.build(batch.pk)
        batch.refresh_from_db()
        return batch

    def exported(self, invoice: Invoice | None = None) -> InvoiceExport:
        export = self.sent(invoice)
        self.built(export)
        return fresh(export)[0]

    def rules_of(self, export: InvoiceExport) -> set[str]:
        """The numbers of the rules that speak up about it now."""
        return {finding.rule for finding in self.findings(export)}

    def findings(self, *some: InvoiceExport) -> tuple[Finding, ...]:
        return exports.preview(fresh(*some), accounting_date=ACCOUNTING_DATE, by=self.approver).findings

    def new_approver(self, name: str = "Pat Okafor") -> Person:
        person = factories.person(name, self.company)
        grants.set_level(person, Tool.ERP_INTEGRATIONS, self.company, Level.STANDARD, by=self.base.owner)
        factories.privileges.grant(person, self.company, by=self.base.owner, reason="Second controller")
        return person

    def all_rights(self) -> Person:
        """Somebody who is project admin and accounting approver at once."""
        person = self.new_approver("Max Power")
        grants.set_level(person, Tool.COMMITMENTS, self.base.project, Level.ADMIN, by=self.base.owner)
        return person

    def lists(self):
        return sage_lists(self.company)


def fresh(*some: InvoiceExport) -> list[InvoiceExport]:
    """The same exports as the database has them now, in file order."""
    return list(InvoiceExport.objects.with_context().filter(pk__in=[e.pk for e in some]).in_file_order())


@remembered
def sage_world(name: str = "Cascade Builders") -> SageWorld:
    base = factories.world(name)
    world = SageWorld(base, sender=base.admin)
    company = base.company
    settings = ErpSettings.made_for(company)
    settings.subcontract_account = ACCOUNT
    settings.save()
    world.load(ListKind.VENDORS, {"number": VENDOR, "name": base.vendor.name, "due_terms": "30DY"})
    world.load(ListKind.JOBS, {"number": JOB, "name": base.project.name, "status": 4})
    world.load(ListKind.COST_CODES, {"code": CODE, "name": "Concrete"})
    world.load(ListKind.LEDGER_ACCOUNTS, {"number": ACCOUNT, "name": "Subcontracts", "type": 13})
    world.load(
        ListKind.FISCAL_PERIODS,
        *(
            {"year": 2030, "period": m, "first_date": f"2030-{m:02d}-01", "last_date": f"2030-{m:02d}-28"}
            for m in range(1, 13)
        ),
    )
    world.load(ListKind.PAYABLE_INVOICES)
    links.make(VendorLink(company=company, vendor=base.vendor, number=VENDOR))
    links.make(ProjectLink(company=company, project=base.project, job_number=JOB))
    links.make(CostCodeLink(company=company, cost_code=base.cost_code(), code=CODE))
    links.make(CostTypeLink(company=company, cost_type=CostType.SUBCONTRACT, number=4))
    base.period()
    return world


def record_number() -> str:
    return str(next(_records))
