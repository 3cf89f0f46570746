"""Invoices in accounting's queue, as many as asked, of a company with lists as long as a large contractor's (F13–F16).

Made by bulk inserts in a transaction that leaves nothing; the statuses go their allowed ways, as triggers see to it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import uuid4

from django.db import transaction
from django.utils import timezone

from directory.actions import grants, privileges
from directory.models import Company, Membership, Person, Project, Vendor
from directory.number_looks import bare_number
from directory.permissions import Level, Tool
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    ErpSettings,
    InvoiceExport,
    LineLink,
    ListKind,
    ProjectLink,
    SageListVersion,
    VendorLink,
)
from erp_integrations.sage100 import lists
from invoicing.models import BillingPeriod, Commitment, CostCode, CostType, Invoice, InvoiceLine, ScheduleLine

VENDORS, JOBS, CODES = 5_000, 2_000, 5_000
LINES = 4  # of an invoice
FIRST, LAST, DAY = date(2189, 12, 1), date(2189, 12, 31), date(2189, 12, 20)
AMOUNT, TENTH = Decimal("1250.50"), Decimal("125.05")
ACCOUNT = "5040"


@dataclass(frozen=True)
class Waiting:
    company: Company
    approver: Person
    exports: list[InvoiceExport]  # in the order of their invoices


@contextmanager
def sent_invoices(count: int) -> Iterator[Waiting]:
    """`count` invoices of one line each on `LINES` … each of a commitment of its own, over ten vendors and projects."""
    with transaction.atomic():
        yield make(count)
        transaction.set_rollback(True)


def make(count: int) -> Waiting:
    key = uuid4().hex[:8]
    company = Company.objects.create(name=f"Bench {key}", slug=f"bench-{key}")
    owner = Person.objects.create_superuser(f"pat-{key}@bench.invalid", name="Pat")
    sender, approver = (
        Person.objects.create_user(f"{name}-{key}@bench.invalid", name=name) for name in ("Dana", "Sam")
    )
    for person in (sender, approver):
        Membership.objects.create(company=company, person=person)
    grants.set_level(approver, Tool.ERP_INTEGRATIONS, company, Level.STANDARD, by=owner)
    privileges.grant(approver, company, by=owner, reason="Benchmark")
    settings = ErpSettings.made_for(company)
    settings.subcontract_account = ACCOUNT
    settings.save()
    invoices = _approved(_under_review(company, key, owner, sender, count), sender)
    _lists(company, invoices)
    return Waiting(company, approver, _sent(invoices, sender))


def under_review(count: int) -> tuple[Person, list[Invoice]]:
    """An invoice administrator of ten projects, and what waits for a decision there."""
    key = uuid4().hex[:8]
    company = Company.objects.create(name=f"Bench {key}", slug=f"bench-{key}")
    owner = Person.objects.create_superuser(f"pat-{key}@bench.invalid", name="Pat")
    admin = Person.objects.create_user(f"dana-{key}@bench.invalid", name="Dana")
    Membership.objects.create(company=company, person=admin)
    invoices = _under_review(company, key, owner, owner, count)
    for project in company.projects.all():
        grants.set_level(admin, Tool.COMMITMENTS, project, Level.ADMIN, by=owner)
    return admin, invoices


def _under_review(company: Company, key: str, owner: Person, sender: Person, count: int) -> list[Invoice]:
    vendors = Vendor.objects.bulk_create(Vendor(company=company, name=f"Vendor {n}") for n in range(10))
    projects = Project.objects.bulk_create(
        Project(company=company, name=f"Job {n}", number=f"{key}-{n}", slug=f"{key}-{n}") for n in range(10)
    )
    codes = CostCode.objects.bulk_create(
        CostCode(company=company, code=f"16-{n:03}", name=f"Code {n}") for n in range(LINES)
    )
    periods = BillingPeriod.objects.bulk_create(
        BillingPeriod(project=project, start_date=FIRST, end_date=LAST, due_date=DAY) for project in projects
    )
    commitments = Commitment.objects.bulk_create(
        Commitment(company=company, project=projects[n % 10], vendor=vendors[n % 10], number=f"{key}-{n}",
                   title="Drywall", retainage_rate=Decimal(10), created_by=sender)
        for n in range(count)
    )  # fmt: skip
    Commitment.objects.filter(company=company).update(status="approved")
    schedule = ScheduleLine.objects.bulk_create(
        ScheduleLine(commitment=each, position=n + 1, cost_code=codes[n], cost_type=CostType.SUBCONTRACT,
                     description=f"Level {n}: branch wiring, devices and what belongs to them", amount=4 * AMOUNT)
        for each in commitments
        for n in range(LINES)
    )  # fmt: skip
    _link(company, vendors, projects, codes, commitments, schedule)
    invoices = Invoice.objects.bulk_create(_invoice(n, each, periods, sender) for n, each in enumerate(commitments))
    InvoiceLine.objects.bulk_create(
        InvoiceLine(invoice=invoices[n // LINES], schedule_line=line, scheduled_value=line.amount,
                    work_this_period=AMOUNT, work_retainage=TENTH, work_retainage_rate=Decimal(10))
        for n, line in enumerate(schedule)
    )  # fmt: skip
    found = Invoice.objects.filter(commitment__company=company)
    found.update(status="under_review", submitted_by=owner, submitted_at=timezone.now())
    return invoices


def _approved(invoices: list[Invoice], by: Person) -> list[Invoice]:
    found = Invoice.objects.filter(pk__in=[invoice.pk for invoice in invoices])
    found.update(status="approved", approved_by=by, approved_at=timezone.now(), is_locked=True)
    return invoices


def _invoice(n: int, commitment: Commitment, periods: list[BillingPeriod], sender: Person) -> Invoice:
    return Invoice(
        commitment=commitment, vendor=commitment.vendor, listed_in=commitment.project, billing_period=periods[n % 10],
        position=1, number=f"B-{n}", number_key=f"b-{n}", bare_number=bare_number(f"B-{n}"), billing_date=DAY,
        period_start_date=FIRST, period_end_date=LAST, due_date=DAY, original_contract_sum=LINES * 4 * AMOUNT,
        gross_this_period=LINES * AMOUNT, total_completed_and_stored=LINES * AMOUNT, work_retainage=LINES * TENTH,
        retainage_newly_held=LINES * TENTH, created_by=sender,
    )  # fmt: skip


def _link(company, vendors, projects, codes, commitments, schedule) -> None:
    VendorLink.objects.bulk_create(
        VendorLink(company=company, vendor=each, number=str(20_000 + n)) for n, each in enumerate(vendors)
    )
    ProjectLink.objects.bulk_create(
        ProjectLink(company=company, project=each, job_number=str(40_000 + n)) for n, each in enumerate(projects)
    )
    CostCodeLink.objects.bulk_create(
        CostCodeLink(company=company, cost_code=each, code=f"{1000 + n}.000") for n, each in enumerate(codes)
    )
    CostTypeLink.objects.create(company=company, cost_type=CostType.SUBCONTRACT, number=4)
    CommitmentLink.objects.bulk_create(
        CommitmentLink(company=company, commitment=each, kind=each.kind, number=f"S-{n}")
        for n, each in enumerate(commitments)
    )
    LineLink.objects.bulk_create(
        LineLink(schedule_line=each, commitment=each.commitment, line_reference=str(each.position)) for each in schedule
    )


def _lists(company: Company, invoices: list[Invoice]) -> None:
    """As Sage would export them: all that is linked, among thousands of others."""
    lines = tuple(
        lists.CommitmentLine(line_reference=str(n + 1), cost_code=f"{1000 + n}.000", cost_type=4, remaining=4 * AMOUNT)
        for n in range(LINES)
    )
    period = lists.FiscalPeriod(year=2189, period=12, first_date=FIRST, last_date=LAST)
    records = {
        ListKind.VENDORS: [lists.Vendor(number=str(20_000 + n), name=f"Vendor {n}") for n in range(VENDORS)],
        ListKind.JOBS: [lists.Job(number=str(40_000 + n), name=f"Job {n}") for n in range(JOBS)],
        ListKind.COST_CODES: [lists.CostCode(code=f"{1000 + n}.000", name=f"Code {n}") for n in range(CODES)],
        ListKind.LEDGER_ACCOUNTS: [lists.LedgerAccount(number=ACCOUNT, name="Subcontracts", type=13)],
        ListKind.SUBCONTRACTS: [
            lists.SageCommitment(number=f"S-{n}", vendor_number=str(20_000 + n % 10), job_number=str(40_000 + n % 10),
                                 retention_rate=Decimal(10), lines=lines)
            for n in range(len(invoices))
        ],
        ListKind.FISCAL_PERIODS: [period],
        ListKind.PAYABLE_INVOICES: [],
    }  # fmt: skip
    for kind, some in records.items():
        version = SageListVersion(company=company, kind=kind, as_of_date=company.today)
        version.hold(tuple(some))
        version.save()


def _sent(invoices: list[Invoice], sender: Person) -> list[InvoiceExport]:
    made = InvoiceExport.objects.bulk_create(InvoiceExport(invoice=invoice) for invoice in invoices)
    found = InvoiceExport.objects.filter(pk__in=[each.pk for each in made])
    found.update(status="ready_to_export", sent_by=sender, sent_at=timezone.now())
    return list(found.order_by("pk"))
