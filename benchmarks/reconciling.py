"""F17: 10,000 exports against 10,000 rows of Sage's list, with every kind of outcome among them."""

from collections.abc import Iterator
from decimal import Decimal
from math import log
from statistics import median
from time import perf_counter

from benchmarks import measuring
from benchmarks.measuring import Figure
from erp_integrations.sage100.lists import PayableInvoice
from erp_integrations.sage100.reconciling import InFile, compare

GOALS = ("F17",)
SIZES = (2_500, 10_000, 40_000)
A_FILE = 40  # invoices


def measure() -> Iterator[Figure]:
    """All sizes by turns, so that a busy machine slows them all; the middle one is the goal's own."""
    sides = {size: both_sides(size) for size in SIZES}
    times = {size: [] for size in SIZES}
    for _ in range(measuring.RUNS):
        for size, (exports, ended, keys, rows) in sides.items():
            start = perf_counter()
            compare(exports, ended, keys, rows)
            times[size].append(perf_counter() - start)
    small, middle, large = SIZES
    most = Decimal(f"{(middle / small) ** 1.1:.2f}")
    said = f"{middle:,} exports against as many rows"
    yield Figure("F17", said, f"{small:,} of them", most, times[middle], times[small])
    exponent = log(median(times[large]) / median(times[small])) / log(large / small)
    said = f"its growth from {small:,} to {large:,}"
    yield Figure("F17", said, "exponent", Decimal("1.1"), [f"{exponent:.3f}"], [], True)


def both_sides(size: int) -> tuple[list[InFile], list[InFile], set[str], list[PayableInvoice]]:
    """Of eight exports one is missing, one voided, and one each differs in amount or retainage; one stands twice."""
    exports, ended, rows = [], [], []
    for each in range(size):
        vendor, number, key = str(20_000 + each % 500), f"INV-{each:06}", f"EXP-{each // A_FILE + 1:06}"
        ours = InFile(
            item_id=each, vendor_number=vendor, number=number, batch_key=key, gross=Decimal("1000.00"),
            retainage=Decimal("100.00"), releases=(Decimal("40.00"), Decimal("60.00")),
        )  # fmt: skip
        (ended if each % 8 == 1 else exports).append(ours)
        rows += _rows_of(ours, each % 8)
    return exports, ended, {each.batch_key for each in exports}, rows


def _rows_of(ours: InFile, kind: int) -> list[PayableInvoice]:
    """As Sage holds it; `kind` 0 misses it and a stranger's bill stands there."""
    row = PayableInvoice(
        vendor_number="1" if kind == 0 else ours.vendor_number,
        invoice_number=f" {ours.number.lower()}",
        gross=ours.gross + (1 if kind == 2 else 0),
        retention=Decimal("99.00") if kind == 3 else Decimal("60.00"),
        user_def_1=ours.batch_key if kind else "",
        record_number=str(70_000 + ours.item_id),
    )
    return [row, row] if kind == 4 else [row]
