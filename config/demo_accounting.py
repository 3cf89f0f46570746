"""The demo company's books: Sage's lists, what is linked to what, and invoices on their way to accounting."""

import calendar
from datetime import date
from decimal import Decimal

from directory.models import Company, Person
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, links, lists, reconciliations
from erp_integrations.exporting.checking import finding_key
from erp_integrations.models import (
    CostCodeLink,
    Download,
    ErpSettings,
    ExportBatch,
    ExportItem,
    InvoiceExport,
    LineLink,
    ListKind,
)
from invoicing.models import Commitment, CostCode, Invoice, ScheduleLine

VENDORS = {
    "Acme Concrete": "20145",
    "Bolt Electric": "20210",
    "Kerr Plumbing": "20222",
    "Hill Roofing": "20230",
    "Glass & Co": "20118",
    "Northwest Steel Supply": "20301",
}
SAGE_CODES = {
    "02-310": "2310.000",
    "02-320": "2320.000",
    "03-300": "3300.000",
    "05-120": "5120.000",
    "07-500": "7500.000",
    "08-440": "8440.000",
    "15-400": "15400.000",
    "16-050": "16050.000",
    "16-500": "16500.000",
}
ELSEWHERE = {"vendor_number": "20118", "invoice_number": "GC-S-12", "gross": "640.00", "record_number": "7003"}
TYPED_WRONG = Decimal("900.00")
ACCOUNTS = {"5010": "Job cost: material", "5040": "Job cost: subcontract"}


class DemoAccounting:
    def __init__(self, company: Company, dana: Person, sam: Person, today: date):
        self.company, self.dana, self.sam, self.today = company, dana, sam, today

    def build(self, earlier: list[Invoice], sent: list[Invoice]) -> None:
        """Load lists, link, send these invoices, and accept the `earlier` ones for one file.

        Of those `sent` the first is accepted, and the last one's vendor then goes inactive.
        """
        self.take_in_lists()
        self.link([invoice.commitment for invoice in sent])
        self.first_file = self.accept(self.sent(earlier))
        self.accept(self.sent(sent)[:1])
        self.take_in(ListKind.VENDORS, self.vendors(inactive=sent[-1].vendor.name))

    def sent(self, some: list[Invoice]) -> list[InvoiceExport]:
        exports.send(some, by=self.dana)
        return list(InvoiceExport.objects.filter(invoice__in=some).order_by("pk"))

    def compare(self) -> None:
        """Build and take the first file, then hold Sage's list against it: one found, one amount differs, one missing.

        And one row of Sage's that came from elsewhere. After the commit, as a worker builds: the file is noted outside
        the database too (R127).
        """
        exporting.build(self.first_file.pk)
        self.first_file.refresh_from_db()
        batches.download(self.first_file, Download.Which.XLSX, by=self.sam)
        found, differs, _ = self.first_file.items.select_related("invoice_export__invoice").order_by("position")
        typed_wrong = differs.invoice_export.invoice.gross_this_period + TYPED_WRONG
        rows = [self.payable(found, "7001"), self.payable(differs, "7002", gross=str(typed_wrong)), ELSEWHERE]
        self.take_in(ListKind.PAYABLE_INVOICES, rows)
        reconciliations.reconcile(self.company, by=self.sam)

    def payable(self, item: ExportItem, record: str, **other: str) -> dict:
        """The row that Sage's list would hold of it."""
        invoice = item.invoice_export.invoice
        return {
            "vendor_number": item.vendor_number,
            "invoice_number": invoice.number,
            "job_number": invoice.project.number,
            "invoice_date": invoice.billing_date.isoformat(),
            "gross": str(invoice.gross_this_period),
            "retention": str(invoice.retainage_newly_held),
            "status": "1",
            "user_def_1": self.first_file.key,
            "record_number": record,
        } | other

    def take_in(self, kind: ListKind, rows: list[dict]) -> None:
        lists.take_in(self.company, kind, rows, as_of_date=self.today, by=self.sam, file_name=f"{kind.value}.csv")

    def take_in_lists(self) -> None:
        self.take_in(ListKind.VENDORS, self.vendors())
        self.take_in(
            ListKind.JOBS,
            [{"number": job.number, "name": job.name, "status": "4"} for job in self.company.projects.all()],
        )
        codes = CostCode.objects.filter(company=self.company)
        self.take_in(ListKind.COST_CODES, [{"code": SAGE_CODES[code.code], "name": code.name} for code in codes])
        self.take_in(
            ListKind.LEDGER_ACCOUNTS,
            [{"number": number, "name": name, "type": "13"} for number, name in ACCOUNTS.items()],
        )
        for kind, of in (
            (ListKind.SUBCONTRACTS, Commitment.Kind.SUBCONTRACT),
            (ListKind.PURCHASE_ORDERS, Commitment.Kind.PURCHASE_ORDER),
        ):
            self.take_in(kind, [row for commitment in self.commitments(of) for row in self.commitment_rows(commitment)])
        self.take_in(ListKind.FISCAL_PERIODS, [row for year in (-1, 0, 1) for row in self.periods(year)])
        self.take_in(ListKind.PAYABLE_INVOICES, [])

    def vendors(self, inactive: str = "") -> list[dict]:
        return [
            {
                "number": number,
                "name": name,
                "is_active": "no" if name == inactive else "yes",
                "ledger_account": "5010" if name == "Northwest Steel Supply" else "5040",
                "due_terms": "30DY",
            }
            for name, number in VENDORS.items()
        ]

    def commitments(self, kind: str):
        return Commitment.objects.filter(company=self.company, kind=kind).select_related("vendor", "project")

    def commitment_rows(self, commitment: Commitment) -> list[dict]:
        return [
            {
                "number": commitment.number,
                "vendor_number": VENDORS[commitment.vendor.name],
                "job_number": commitment.project.number,
                "status": "4",
                "retention_rate": str(commitment.retainage_rate),
                "line_reference": str(place),
                "cost_code": SAGE_CODES[line.cost_code.code],
                "cost_type": str(line.cost_type),
                "contract": str(line.amount),
                "remaining": str(line.amount),
            }
            for place, line in enumerate(commitment.lines.select_related("cost_code"), 1)
        ]

    def periods(self, years_on: int) -> list[dict]:
        year = self.today.year + years_on
        return [
            {
                "year": str(year),
                "period": str(month),
                "first_date": date(year, month, 1).isoformat(),
                "last_date": date(year, month, calendar.monthrange(year, month)[1]).isoformat(),
            }
            for month in range(1, 13)
        ]

    def link(self, sent: list[Commitment]) -> None:
        """Exact names and numbers by the program's own proposals; cost codes and lines, which differ, one by one."""
        for code in CostCode.objects.filter(company=self.company):
            links.make(CostCodeLink(company=self.company, cost_code=code, code=SAGE_CODES[code.code]), by=self.sam)
        for link in links.exact_matches(self.company):
            links.make(link, by=self.sam)
        for line in ScheduleLine.objects.filter(commitment__in=sent).select_related("commitment"):
            reference = str(line.position)  # as `commitment_rows` numbers them
            links.make(LineLink(schedule_line=line, commitment=line.commitment, line_reference=reference), by=self.sam)
        settings = ErpSettings.made_for(self.company)
        settings.subcontract_account, settings.purchase_order_account = "5040", "5010"
        settings.save()

    def accept(self, some: list[InvoiceExport]) -> ExportBatch:
        day = some[0].invoice.period_end_date
        proposal = exports.preview(some, accounting_date=day, by=self.sam)
        return batches.accept(
            some,
            by=self.sam,
            accounting_date=day,
            ticked=[finding_key(warning) for warning in proposal.warnings],
        )
