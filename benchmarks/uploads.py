"""F3: reading an uploaded schedule of values of 10,000 lines, with every check, in the reader's own process."""

import io
from collections.abc import Iterator
from decimal import Decimal

from openpyxl import load_workbook

from benchmarks.measuring import Figure, compare
from directory.sheets import read_table
from invoicing.calculations.schedules import ScheduleRow
from invoicing.sheets import HEADINGS, REQUIRED, as_workbook

GOALS = ("F3",)
LINES = 10_000


def measure() -> Iterator[Figure]:
    content = as_workbook([_row(key) for key in range(LINES)], "Benchmark")

    def ours():
        assert len(read_table("sov.xlsx", content, HEADINGS, REQUIRED).rows) == LINES

    def theirs():
        book = load_workbook(io.BytesIO(content), read_only=True)
        assert len(list(book.active.iter_rows(values_only=True))) == LINES + 1

    yield compare("F3", "read an uploaded schedule of 10,000 lines", "0.2", ours, "openpyxl, read only", theirs)


def _row(key: int) -> ScheduleRow:
    words = f"Level {key % 20} room {key}: branch wiring and devices"
    return ScheduleRow(key=key, cost_code="16-050", cost_type=4, description=words, amount=Decimal(key))
