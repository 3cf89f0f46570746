"""The published sample of an import file, made by people at the site: the seventh bill of a subcontract.

Its six earlier bills are made by the same acts the pages call; everything that the sample shows goes through pages.
"""

import calendar
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings

from directory.models import Event
from erp_integrations.actions import links
from erp_integrations.models import CommitmentLink, CostCodeLink, ErpSettings, ExportBatch, LineLink, ListKind
from invoicing.actions import billing_periods
from tests.erp_integrations.sage100.samples import WORKED_SAMPLE
from tests.erp_integrations.world import JOB, VENDOR, SageWorld, sage_world
from tests.journeys import steps
from tests.journeys.steps import ImportFile

D = Decimal
NUMBER = "SC-2026014-03"
MONTHS = [date(2025, 12, 1), *(date(2026, month, 1) for month in range(1, 6))]
TIMES = ZoneInfo("America/Chicago")
NOTES = 22  # the header's notes, counted from 0


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=TIMES)


@pytest.fixture
def sage(db) -> SageWorld:
    """A company that Sage knows as the sample does, with six bills of the subcontract approved."""
    with time_machine.travel(noon(2025, 12, 1)):
        made = sage_world("Harbor Builders")
    base = made.base
    base.vendor.name = "Delta Concrete"
    base.vendor.save()
    lines = [
        base.line("Footings and grade beams", "80000.00"),
        base.line("Slab on grade", "40000.00", code="03-200"),
    ]
    commitment = base.commitment(lines, number=NUMBER, title="concrete")
    know(made, commitment)
    for place, month in enumerate(MONTHS, start=1):
        with time_machine.travel(noon(month.year, month.month, 20)):
            end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
            billing_periods.open_period(base.project, month, end, end, by=base.admin)
            base.approved(base.draft(commitment), {"work_this_period": D("1000.00")}, number=f"2219-{place:02d}")
    return made


def know(sage: SageWorld, commitment) -> None:
    """Sage's lists of 1 June 2026, the links, and 411 batches made before."""
    company, day = sage.company, date(2026, 6, 1)
    codes = {"03-100": "2310.000", "03-200": "2320.000"}
    CostCodeLink.objects.filter(company=company).update(code=codes["03-100"])
    links.make(CostCodeLink(company=company, cost_code=sage.base.cost_code("03-200"), code=codes["03-200"]))
    company.sage_lists.update(as_of_date=day)  # the year of the sample, not of the tests' company
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Delta Concrete", "due_terms": "30DY"}, as_of_date=day)
    sage.load(ListKind.COST_CODES, *({"code": code, "name": code} for code in codes.values()), as_of_date=day)
    june = {"year": 2026, "period": 6, "first_date": "2026-06-01", "last_date": "2026-06-30"}
    sage.load(ListKind.FISCAL_PERIODS, june, as_of_date=day)
    known = {"number": NUMBER, "vendor_number": VENDOR, "job_number": JOB, "status": 4, "retention_rate": 10}
    in_sage = [
        known | {"line_reference": place, "cost_code": code, "cost_type": 4, "contract": line.amount}
        for place, (line, code) in enumerate(zip(commitment.lines.all(), codes.values(), strict=True), start=1)
    ]
    sage.load(ListKind.SUBCONTRACTS, *in_sage, as_of_date=day)
    links.make(CommitmentLink(company=company, commitment=commitment, kind=commitment.kind, number=NUMBER))
    for line in commitment.lines.all():
        links.make(LineLink(schedule_line=line, commitment=commitment, line_reference=str(line.position)))
    settings_of_company = ErpSettings.made_for(company)
    settings_of_company.next_batch_number = 412
    settings_of_company.save()


def test_the_sample_comes_out_of_the_pages_line_by_line(sage, visitor, worker):
    base, commitment = sage.base, sage.base.project.commitments.get(number=NUMBER)
    with time_machine.travel(noon(2026, 6, 1)):
        admin = visitor(base.admin)
        admin.visit(f"/p/{base.project.slug}/periods/")
        for name, day in {"First": "2026-06-01", "Last": "2026-06-30", "Bills are due": "2026-06-30"}.items():
            admin.fill(name, day)
        admin.press("Open")
    with time_machine.travel(noon(2026, 6, 29)):
        contact = visitor(base.contact)
        steps.start_bill(contact, commitment, "2219-07")
        contact.sees("Bill 7")
        steps.type_lines(contact, {1: {"This period": "18,400.00"}, 2: {"This period": "7250.5"}})
        steps.send_bill(contact)
        seventh = steps.newest(commitment)
        steps.approve(visitor(base.admin), seventh)
        steps.send_to_erp(visitor(base.admin), seventh)
    with time_machine.travel(noon(2026, 7, 2)):
        approver = visitor(base.approver)
        approver.visit(f"/c/{sage.company.slug}/erp/queue/").click("2219-07")
        approver.sees("All rules of the import agree.")
        steps.accept(approver, sage.company, "2219-07", "2026-06-30")
        worker.work()
        approver.visit(approver.url)
        taken = steps.download(approver, "Download as CSV")
        workbook = steps.download(approver, "Download file")
    check_csv(taken, seventh, base)
    check_workbook(workbook, taken)
    batch = ExportBatch.objects.get(company=sage.company)
    assert batch.file_name == "DRAFT-EXP-000412_APINV_20260702.xlsx"
    assert Event.objects.about(batch).filter(verb="downloaded").count() == 2


def check_csv(taken: bytes, seventh, base) -> None:
    """Byte for byte. The notes carry link and approver too (section 1, column 23), which the sample leaves out."""
    written = taken.decode("utf-8").split("\r\n")
    header = written[0].split(",")
    link = settings.SITE_URL + steps.page_of(seventh)
    assert header[NOTES] == f"{link}; Approved by {base.admin.name}; Accepted 2026-07-02"
    header[NOTES] = "Accepted 2026-07-02"
    assert [",".join(header), *written[1:]] == [*WORKED_SAMPLE, ""]


def check_workbook(workbook: bytes, taken: bytes) -> None:
    """Another program reads the same amounts from it as from the CSV."""
    for file in (ImportFile.of_workbook(workbook), ImportFile.of_csv(taken)):
        assert file.lines == {"Footings and grade beams": D("18400.00"), "Slab on grade": D("7250.50")}
        assert (file.gross, file.retainage, file.net) == (D("25650.50"), D("2565.05"), D("23085.45"))
