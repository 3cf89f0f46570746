"""The lines of an invoice as a grid shows them: each with its worked-out columns, and the totals under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.allowed_amounts import Figure, figures_by_line
from invoicing.calculations.lines import Line
from invoicing.calculations.summary import column_total
from invoicing.labels import LINE_COLUMNS, LineColumn
from invoicing.models import Invoice, InvoiceLine

TOTALED = (
    "scheduled_value",
    "work_previous",
    "work_this_period",
    "stored_previous",
    "stored_moved",
    "stored_balance_previous",
    "stored_new",
    "stored_presently",
    "total_completed_and_stored",
    "balance_to_finish",
    "work_retainage",
    "stored_retainage",
    "retainage_released",
    "total_retainage",
)


@dataclass(frozen=True)
class ShownLine:
    """`apart`: what reviewers allow otherwise than it was claimed."""

    line: InvoiceLine
    worked: Line
    apart: Sequence[Figure] = ()


def lines_with_names(invoice: Invoice) -> list[InvoiceLine]:
    """Every line with what a grid names it by, in one query."""
    names = ("schedule_line__cost_code", "schedule_line__change_order", "verdict_by", "allowed_by")
    lines = list(invoice.lines.select_related(*names))
    for line in lines:
        line.invoice = invoice
    return lines


def lines_shown(invoice: Invoice) -> list[ShownLine]:
    lines = lines_with_names(invoice)
    apart = figures_by_line(invoice, lines)
    return [ShownLine(line, line.as_line(), apart.get(line.schedule_line_id, ())) for line in lines]


def read_columns(rows: Sequence[ShownLine]) -> list[LineColumn]:
    """Those that a bill is read by, on its page and in print: about stored material only where any line has some."""
    some = any(row.worked.stored_previous or row.worked.stored_new or row.worked.stored_presently for row in rows)
    return [each for each in LINE_COLUMNS if each.letter != "PM" and (some or not each.is_about_stored)]


def column_totals(rows) -> dict[str, Decimal]:
    """The foot of each column, by the name of the `Line` property; rows have `worked`."""
    worked = [row.worked for row in rows]
    return {name: column_total(worked, name) for name in TOTALED}
