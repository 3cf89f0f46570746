"""A small Sage company and the worked batch, reusable by every test that needs lists or facts."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

from openpyxl import load_workbook

from erp_integrations.sage100.facts import (
    AccountChoice,
    BatchFacts,
    ExportSettings,
    InvoiceFacts,
    LineFacts,
    ReleaseFacts,
)
from erp_integrations.sage100.lists import (
    CommitmentLine,
    CostCode,
    FiscalPeriod,
    Job,
    LedgerAccount,
    PayableInvoice,
    SageCommitment,
    SageList,
    SageLists,
    Vendor,
)

TODAY = date(2026, 7, 2)
AS_OF = date(2026, 7, 1)
WORKED_SAMPLE = (
    "APINV,H,2219-07,20145,Pay app 7 concrete thru 2026-06-30,2026-06-30,2026-07-30,2026-07-30,1,1,,SC-2026014-03,"
    "2026014,,,,EXP-000412,PA-7 2026-06,0.00,2565.05,0.00,0,Accepted 2026-07-02,0,2026-06-30",
    "APINV,D,2219-07,20145,5040,,Footings and grade beams,,,1.0000,18400.00,SOV-001,,2026014,,"
    "Footings and grade beams,2310.000,4,,1",
    "APINV,D,2219-07,20145,5040,,Slab on grade,,,1.0000,7250.50,SOV-002,,2026014,,Slab on grade,2320.000,4,,2",
)


def money(text: str) -> Decimal:
    return Decimal(text)


def sage_lists(**changed) -> SageLists:
    """One vendor with a subcontract and a purchase order on one open job; every list of 1 July 2026."""
    lines = (
        CommitmentLine(line_reference="1", cost_code="2310.000", cost_type=4, contract=money("80000.00"),
                       remaining=money("60000.00")),
        CommitmentLine(line_reference="2", cost_code="2320.000", cost_type=4, contract=money("40000.00"),
                       remaining=money("30000.00")),
    )  # fmt: skip
    commitment = SageCommitment(
        number="SC-2026014-03", vendor_number="20145", job_number="2026014", retention_rate=money("10"), lines=lines
    )
    lists = SageLists(
        company_name="Harbor Builders",
        vendors=SageList("Vendors 4-4", AS_OF, (
            Vendor(number="20145", name="Delta Concrete"), Vendor(number="20146", name="Ridge Steel"),
        )),
        jobs=SageList("Jobs 3-5", AS_OF, (
            Job(number="2026014", name="Pier 9", phases=("1", "2")), Job(number="2026015", name="Pier 10"),
        )),
        cost_codes=SageList("Cost codes 6-5", AS_OF, (
            CostCode(code="2310.000", name="Footings"), CostCode(code="2320.000", name="Slabs"),
            CostCode(code="2330.000", name="Walls, retired", is_active=False),
        )),
        ledger_accounts=SageList("Ledger accounts 1-7", AS_OF, (
            LedgerAccount(number="5040", name="Subcontract cost", type=13, cost_type=4),
            LedgerAccount(number="5050", name="Purchases", type=13, needs_sub_account=True, sub_accounts=("7",)),
            LedgerAccount(number="1310", name="Work in progress", type=3),
            LedgerAccount(number="6000", name="Office", type=14),
        )),
        subcontracts=SageList("Subcontracts 6-7", AS_OF, (commitment,)),
        purchase_orders=SageList("Purchase orders 6-6", AS_OF, (replace(commitment, number="PO-77"),)),
        fiscal_periods=SageList("Fiscal periods 1-6", AS_OF, (
            FiscalPeriod(year=2026, period=5, first_date=date(2026, 5, 1), last_date=date(2026, 5, 31), is_locked=True),
            FiscalPeriod(year=2026, period=6, first_date=date(2026, 6, 1), last_date=date(2026, 6, 30)),
            FiscalPeriod(year=2026, period=7, first_date=date(2026, 7, 1), last_date=date(2026, 7, 31)),
        )),
        payable_invoices=SageList("Payable invoices 4-2", AS_OF, (
            PayableInvoice(vendor_number="20145", invoice_number="2219-06", gross=money("9000.00")),
        )),
    )  # fmt: skip
    return replace(lists, **changed)


def with_record(lists: SageLists, name: str, record) -> SageLists:
    """The lists with one record of the list `name` put first, so that it hides an equal key."""
    old = getattr(lists, name)
    return replace(lists, **{name: SageList(old.name, old.as_of, (record, *old.records))})


def line(place=1, **changed) -> LineFacts:
    """Line 1 or 2 of the worked sample."""
    first = LineFacts(
        key="SOV-001", description="Footings and grade beams", our_cost_code="03-100", cost_code="2310.000",
        our_cost_type="Subcontract", cost_type=4, amount=money("18400.00"), retainage_held=money("1840.00"),
        line_reference="1",
        how="B + M + F − previous F = 18,400.00 + 0.00 + 0.00 − 0.00 = 18,400.00",
    )  # fmt: skip
    second = replace(
        first, key="SOV-002", description="Slab on grade", our_cost_code="03-200", cost_code="2320.000",
        amount=money("7250.50"), retainage_held=money("725.05"), line_reference="2", how="",
    )  # fmt: skip
    return replace(first if place == 1 else second, **changed)


def release(number="2219-03", released="500.00", held="500.00", day=date(2026, 3, 31), **how) -> ReleaseFacts:
    return ReleaseFacts(invoice_number=number, invoice_date=day, held=money(held), released=money(released), **how)


def invoice(**changed) -> InvoiceFacts:
    """The worked sample; its totals follow the lines and releases unless they are given."""
    lines = changed.get("lines", (line(1), line(2)))
    releases = changed.get("releases", ())
    gross = changed.get("gross", sum((item.amount for item in lines), money("0.00")))
    held = changed.get("retainage_held", sum((item.retainage_held for item in lines), money("0.00")))
    released = changed.get("retainage_released", sum((item.released for item in releases), money("0.00")))
    facts = {
        "invoice_id": "1", "version": 3, "number": "2219-07", "application_number": 7,
        "company_name": "Harbor Builders", "vendor_name": "Delta Concrete", "vendor_number": "20145",
        "commitment_kind": "subcontract", "commitment_number": "SC-0003", "sage_commitment_number": "SC-2026014-03",
        "commitment_title": "concrete", "project_name": "Pier 9", "job_number": "2026014",
        "period_start": date(2026, 6, 1), "period_end": date(2026, 6, 30), "invoice_date": date(2026, 6, 30),
        "status": "approved", "lines": lines, "releases": releases, "gross": gross, "retainage_held": held,
        "retainage_released": released, "net": gross - held + released,
    }  # fmt: skip
    return InvoiceFacts(**facts | changed)


def settings(**changed) -> ExportSettings:
    return replace(ExportSettings(subcontract_account=AccountChoice(number="5040")), **changed)


def batch(*invoices, **changed) -> BatchFacts:
    facts = {
        "batch_key": "EXP-000412", "company_name": "Harbor Builders", "accounting_date": date(2026, 6, 30),
        "accepted_by": "Ana Ortiz", "accepted_date": TODAY, "accepted_with_right": True,
        "invoices": invoices or (invoice(),), "settings": settings(),
    }  # fmt: skip
    return BatchFacts(**facts | changed)


def import_texts(xlsx: bytes) -> list[tuple[str, ...]]:
    """The Import sheet as texts, each number written as its cell's format shows it (E-8)."""
    sheet = load_workbook(io.BytesIO(xlsx), read_only=True)["Import"]
    return [tuple(_shown(cell) for cell in row) for row in sheet.iter_rows()]


def _shown(cell) -> str:
    if cell.value is None or isinstance(cell.value, str):
        return cell.value or ""
    decimals = len(cell.number_format.partition(".")[2])
    return f"{Decimal(str(cell.value)):.{decimals}f}"
