"""Sage's payables as careful people keep them: each file once, its sheet after it, and gone what they say is gone."""

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from io import BytesIO

from openpyxl import load_workbook

from erp_integrations.actions import batches
from erp_integrations.models import Download, ExportBatch, InvoiceExport, RetainageRelease
from erp_integrations.sage100.sheets import FIRST_RELEASE_ROW, RELEASE, RELEASE_TITLES
from invoicing.calculations.money import to_cents
from tests.erp_integrations.world import JOB, VENDOR

D = Decimal
RELEASED = RELEASE_TITLES.index("Release")
H_NUMBER, H_RETAINAGE, D_QUANTITY, D_PRICE = 2, 19, 9, 10  # sage100.md, sections 1 and 2


def as_cents(amount: Decimal) -> Decimal:
    assert to_cents(amount) == amount, f"{amount} is no whole number of cents"
    return to_cents(amount)


@dataclass
class Record:
    """One invoice in window 4-2, in dollars."""

    number: str
    gross: Decimal
    retention: Decimal
    key: str
    record_number: str


@dataclass
class Books:
    """`records` by invoice number; `done`: the batches that were imported, and the exports whose sheet was done."""

    records: dict[str, Record] = field(default_factory=dict)
    files: set[int] = field(default_factory=set)
    sheets: set[int] = field(default_factory=set)
    last_record: int = 70_000

    def without_a_place(self, batch: ExportBatch) -> set[int]:
        """The exports of it that lower or reduce what Sage does not have: it refused that invoice meanwhile."""
        on_it = RetainageRelease.objects.filter(item__batch=batch, item__is_live=True)
        items = batch.items.filter(is_live=True).select_related("invoice_export__invoice")
        coming = {item.invoice_export.invoice.number for item in items}
        there = self.records.keys() | coming
        told = on_it.values_list("item__invoice_export", "on_invoice__number")
        reduces = {int(each.invoice_id): each.reference_no for each in batch.facts.invoices if each.reference_no}
        credits = [(item.invoice_export_id, reduces.get(item.invoice_export.invoice_id)) for item in items]
        return {export for export, number in [*told, *credits] if number and number not in there}

    def take(self, batch: ExportBatch, refused: set[int] = frozenset(), *, by) -> None:
        """Import its file and do its sheet, without what left it since, and without the exports that Sage refuses."""
        items = batch.items.select_related("invoice_export__invoice")
        left = {
            item.invoice_export.invoice.number
            for item in items
            if not item.is_live or item.invoice_export_id in refused
        }
        rows = batches.download(batch, Download.Which.CSV, by=by, reason="As the steps say").content.decode()
        current = None
        for row in csv.reader(rows.splitlines()):
            if row[1] == "H":
                current = self._entered(row, batch.key) if row[H_NUMBER] not in left else None
            elif current:
                current.gross += as_cents(D(row[D_QUANTITY]) * D(row[D_PRICE]))
        self.files.add(batch.pk)
        for item in items:
            if item.is_live and item.invoice_export_id not in refused:
                self._do_sheet(item)
        self._the_sheet_in_the_file_says_the_same(batch, by)

    def _entered(self, row: list[str], key: str) -> Record:
        number = row[H_NUMBER]
        assert number not in self.records, f"{number} is imported twice: with {key} and {self.records[number].key}"
        self.last_record += 1
        self.records[number] = Record(number, D("0.00"), D(row[H_RETAINAGE]), key, str(self.last_record))
        return self.records[number]

    def _do_sheet(self, item) -> None:
        for release in RetainageRelease.objects.filter(item=item).select_related("on_invoice"):
            record = self.records[release.on_invoice.number]
            record.retention -= release.released
            assert record.retention >= 0, f"{item.batch.key} releases more on {record.number} than Sage holds"
            self.sheets.add(item.invoice_export_id)

    def _the_sheet_in_the_file_says_the_same(self, batch: ExportBatch, by) -> None:
        content = batches.download(batch, Download.Which.XLSX, by=by, reason="As the steps say").content
        book = load_workbook(BytesIO(content), read_only=True)
        rows = (
            book[RELEASE].iter_rows(min_row=FIRST_RELEASE_ROW, values_only=True) if RELEASE in book.sheetnames else ()
        )
        told = sorted(D(str(row[RELEASED])) for row in rows)
        assert told == sorted(each.released for each in RetainageRelease.objects.filter(item__batch=batch))

    def remove(self, export: InvoiceExport) -> None:
        """What somebody voids: the record goes, and the retention that its sheet lowered is raised again."""
        self.records.pop(export.invoice.number, None)
        if export.pk in self.sheets:
            for release in RetainageRelease.objects.standing_of([export]).select_related("on_invoice"):
                self.records[release.on_invoice.number].retention += release.released
            self.sheets.remove(export.pk)

    def listed(self) -> list[dict]:
        """As an export of 4-2 lists them, beside what is none of ours."""
        return [
            {"vendor_number": "30001", "invoice_number": "FUEL-1", "gross": "81.20", "record_number": "60001"},
            *(
                {
                    "vendor_number": VENDOR,
                    "job_number": JOB,
                    "invoice_number": record.number,
                    "gross": record.gross,
                    "retention": record.retention,
                    "balance": record.gross,
                    "status": 1,
                    "user_def_1": record.key,
                    "record_number": record.record_number,
                }
                for record in self.records.values()
            ),
        ]
