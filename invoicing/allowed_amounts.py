"""What reviewers allow beside what was claimed, figure by figure, with the reason: a claim is never lost (I-4, I-8)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.labels import LINE_COLUMNS
from invoicing.models import InvoiceLine, Submission

COMPARED = ("work_this_period", "stored_moved", "stored_new", "retainage_released")
TOTAL = "total_completed_and_stored"
HEADINGS = {column.name: column.heading for column in LINE_COLUMNS}


@dataclass(frozen=True)
class Difference:
    """Dollars. `by` is whoever allowed the amount or rejected the line."""

    line: InvoiceLine
    label: str
    claimed: Decimal
    allowed: Decimal
    reason: str
    by: str


def differences_of(lines: Sequence[InvoiceLine], claim: Submission | None) -> Iterator[Difference]:
    """Every figure that is not the claimed one, and every rejected line, against the newest submission."""
    figures = claim.figures() if claim else {}
    for line in lines:
        if line.schedule_line_id in figures:
            yield from _of_line(line, figures[line.schedule_line_id])


def _of_line(line: InvoiceLine, claimed: dict) -> Iterator[Difference]:
    reason = " ".join(filter(None, (line.allowed_reason, line.verdict_reason)))
    someone = line.allowed_by or line.verdict_by
    by = someone.name if someone and reason else ""
    found = [
        Difference(line, HEADINGS[name], Decimal(claimed[name]), getattr(line, name), reason, by)
        for name in COMPARED
        if Decimal(claimed[name]) != getattr(line, name)
    ]
    if not found and line.verdict_reason:  # rejected as a whole, or for what no single figure shows
        total = line.as_line().total_completed_and_stored
        found = [Difference(line, HEADINGS[TOTAL], Decimal(claimed[TOTAL]), total, reason, by)]
    yield from found
