"""F1, F2: import files of up to 100,000 rows, with all their sheets and all checks, written to disk."""

import gc
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import chain, repeat
from math import log
from pathlib import Path
from statistics import median

from openpyxl import Workbook

from benchmarks.measuring import Figure, by_turns, count
from erp_integrations.sage100 import sheets, workbook
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import AccountChoice, BatchFacts, ExportSettings, InvoiceFacts, LineFacts
from erp_integrations.sage100.lists import SageList, SageLists, Vendor
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.totals import totals_of_facts

GOALS = ("F1", "F2")
ROWS_AN_INVOICE = 20
SIZES = (1_000, 10_000, 100_000)
DAY = date(2026, 6, 30)


def measure() -> Iterator[Figure]:
    works = {size: _works(size) for size in SIZES}
    rounds = {size: [] for size in SIZES}
    for times in by_turns(works.values()):
        for size, both in zip(SIZES, times, strict=True):
            rounds[size].append(both)
    for size in SIZES[1:]:
        times = map(list, zip(*rounds[size], strict=True))
        yield Figure("F1", f"import file of {size:,} rows", "openpyxl, write only", Decimal("1.3"), *times)
    small, large = ([ours for ours, _ in rounds[size]] for size in (SIZES[0], SIZES[-1]))
    exponents = [_exponent(*pair) for pair in zip(small, large, strict=True)]
    growth = f"{median(exponents):.3f}"
    yield Figure("F2", "its growth from 1,000 to 100,000 rows", "exponent", Decimal("1.05"), [growth], [], True)
    yield count("F2", "memory at the most, 100,000 rows, in MB", 5, _megabytes(SIZES[-1]))


def _exponent(small: float, large: float) -> float:
    return log(large / small) / log(SIZES[-1] / SIZES[0])


def _works(size: int) -> tuple[Callable, Callable]:
    """Our writing of so many rows, and openpyxl's."""
    rows, batch = batch_of(size)

    def ours():
        with tempfile.TemporaryFile() as to:
            workbook.write_xlsx(rows, batch, to)

    def theirs():
        with tempfile.TemporaryFile() as to:
            plain(rows, to)

    return ours, theirs


def _megabytes(size: int) -> int:
    """By how much the process grows at the most while it writes rows that come one by one (Linux tells)."""
    one, batch = batch_of(ROWS_AN_INVOICE)
    often = size // ROWS_AN_INVOICE
    batch = replace(batch, invoices=batch.invoices * often)
    rows = replace(one, rows=_Again(one.rows, often), totals=totals_of_facts(batch))
    with tempfile.TemporaryFile() as to:
        workbook.write_xlsx(*batch_of(SIZES[0]), to)  # what it loads once
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _most_kilobytes()
    with tempfile.TemporaryFile() as to:
        workbook.write_xlsx(rows, batch, to)
    return (_most_kilobytes() - before) // 1024


def _most_kilobytes() -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])


@dataclass(frozen=True)
class _Again:
    """The rows of one invoice, `often` times, none of them kept."""

    rows: tuple
    often: int

    def __iter__(self):
        return chain.from_iterable(repeat(self.rows, self.often))


def plain(rows: Rows, to) -> None:
    """The same sheets and the same values, with no formats, no checks, no fixed bytes and nothing read again."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheets.IMPORT)
    for row in rows.rows:
        sheet.append([cell.value for cell in row.cells])
    sheet = book.create_sheet(sheets.COMPUTED)
    for row in rows.rows:
        for line in sheets.computed_lines(row):
            sheet.append(line)
    book.save(to)


def batch_of(size: int) -> tuple[Rows, BatchFacts]:
    """Invoices of twenty rows, `size` rows in all."""
    lines = tuple(_line(place) for place in range(1, ROWS_AN_INVOICE))
    gross = sum(line.amount for line in lines)
    held = sum(line.retainage_held for line in lines)
    invoices = tuple(
        InvoiceFacts(
            invoice_id=str(each), version=1, number=f"INV-{each:05}", application_number=3,
            company_name="Benchmark Builders", vendor_name="Acme Drywall", vendor_number="20145",
            commitment_kind="subcontract", commitment_number="SC-014", sage_commitment_number="SC-2026014-03",
            commitment_title="drywall", project_name="Riverside Tower", job_number="2026014",
            period_start=date(2026, 6, 1), period_end=DAY, invoice_date=DAY, status="approved", lines=lines,
            releases=(), gross=gross, retainage_held=held, retainage_released=Decimal("0.00"), net=gross - held,
        )
        for each in range(size // ROWS_AN_INVOICE)
    )  # fmt: skip
    batch = BatchFacts(
        batch_key="EXP-000001", company_name="Benchmark Builders", accounting_date=DAY, accepted_by="Sam Ruiz",
        accepted_date=DAY, accepted_with_right=True, invoices=invoices,
        settings=ExportSettings(subcontract_account=AccountChoice(number="5040")),
    )  # fmt: skip
    return build_rows(batch, _lists()), batch


def _lists() -> SageLists:
    return SageLists(
        company_name="Benchmark Builders",
        vendors=SageList("Vendors 4-4", DAY, (Vendor(number="20145", name="Acme Drywall"),)),
    )


def _line(place: int) -> LineFacts:
    amount = Decimal(f"{1000 + place * 7}.{place:02}")
    return LineFacts(
        key=f"SOV-{place:03}", description=f"Level {place} partitions", our_cost_code="09-250", cost_code="9250.000",
        our_cost_type="Subcontract", cost_type=4, amount=amount, retainage_held=round(amount / 10, 2),
        line_reference=str(place), how=f"B + M + F − previous F = {amount} + 0.00 + 0.00 − 0.00 = {amount}",
    )  # fmt: skip
