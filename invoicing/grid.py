"""The lines of an invoice as a grid shows them: each with its worked-out columns, and the totals under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.allowed_amounts import Figure, figures_by_line
from invoicing.calculations.lines import Line, percent_of
from invoicing.calculations.summary import column_total
from invoicing.labels import LEFT_OUT_TO_READ, LINE_COLUMNS, LineColumn
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.permissions import may_see_verdicts

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


def lines_read_by(invoice: Invoice, access) -> list[InvoiceLine]:
    """Those, on whatever this person reads them: a page, print or a file. Verdicts not sent yet are left out (U6).

    The amounts are those of the review. Whether a line gives a reason (N-9) can't be told from these lines any more.
    """
    lines = lines_with_names(invoice)
    if not may_see_verdicts(invoice, access):
        for line in lines:
            _leave_out_verdict(line)
    return lines


def _leave_out_verdict(line: InvoiceLine) -> None:
    """In memory only: the verdict, and who allows another amount and why.

    What was said of an earlier submission stays: they have read it.
    """
    line.allowed_by, line.allowed_reason = None, ""
    if line.verdict:
        line.verdict, line.verdict_reason = Verdict.NONE, ""
        line.verdict_by = line.verdict_at = None


def lines_shown(invoice: Invoice, access) -> list[ShownLine]:
    lines = lines_read_by(invoice, access)
    apart = figures_by_line(invoice, lines)
    return [ShownLine(line, line.as_line(), apart.get(line.schedule_line_id, ())) for line in lines]


def read_columns(rows: Sequence[ShownLine]) -> list[LineColumn]:
    """Those that a bill is read by, on its page and in print: about stored materials only where any line has some."""
    some = any(row.worked.stored_previous or row.worked.stored_new or row.worked.stored_presently for row in rows)
    return [each for each in LINE_COLUMNS if each.letter not in LEFT_OUT_TO_READ and (some or not each.is_about_stored)]


def column_totals(rows) -> dict[str, Decimal]:
    """The foot of each column, by the name of the `Line` property; rows have `worked`."""
    worked = [row.worked for row in rows]
    return {name: column_total(worked, name) for name in TOTALED}


def asked_for(rows) -> dict[str, Decimal | None]:
    """What it bills by itself (9.4): gross − the change in retainage = net, and that change's share of the gross."""
    worked = [row.worked for row in rows]
    gross, net = column_total(worked, "gross_this_period"), column_total(worked, "net_this_period")
    return {"gross": gross, "retained": gross - net, "share": percent_of(gross - net, gross), "net": net}
