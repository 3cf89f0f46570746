"""What reviewers allow beside what was claimed, figure by figure, with the reason: a claim is never lost (I-4, I-8)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.differences import BILLED, COLUMNS, FOLLOWS, TOTAL, apart, is_typed
from invoicing.labels import COLUMN_OF
from invoicing.models import Invoice, InvoiceLine, Submission, Verdict

REDUCIBLE = (TOTAL, "stored_moved", "retainage_released")


@dataclass(frozen=True)
class Figure:
    """One figure of a line as it was claimed and as it is allowed, in dollars."""

    name: str
    claimed: Decimal
    allowed: Decimal

    @property
    def label(self) -> str:
        return COLUMN_OF[self.name].label

    @property
    def differs(self) -> bool:
        return self.claimed != self.allowed


KEPT = (*COLUMNS, *map(is_typed, FOLLOWS))


def as_it_stands(line: InvoiceLine) -> dict[str, Decimal | bool]:
    """A line's figures of now, named as a submission keeps them."""
    return {name: getattr(line, name) for name in KEPT} | {TOTAL: line.as_line().total_completed_and_stored}


def figures_apart(claim: Mapping | None, allowed: Mapping | None) -> list[Figure]:
    """Every figure that is not the claimed one. Lines as submissions keep them, None where there is none."""
    if claim is None or allowed is None:
        return []
    return [Figure(name, *pair) for name, pair in apart(claim, allowed).items()]


def figures_said(claim: Mapping | None, allowed: Mapping | None) -> list[Figure]:
    """What a rejection is about: the figures apart, or else all that was billed on the line."""
    if claim is None or allowed is None:
        return []
    whole = [Figure(name, Decimal(claim[name]), Decimal(allowed[name])) for name in BILLED]
    return figures_apart(claim, allowed) or [figure for figure in whole if figure.claimed] or whole[:1]


def is_reduced(claim: Mapping | None, allowed: Mapping) -> bool:
    """Less is allowed than was claimed, of the whole or of a release, and nowhere more: then a rejected line may be
    approved as noted (5.1)."""
    if claim is None:
        return False
    cuts = [Decimal(claim[name]) - Decimal(allowed[name]) for name in REDUCIBLE]
    return max(cuts) > 0 and min(cuts) >= 0


def pays_more(claim: Mapping, allowed: Mapping) -> bool:
    """Whether the line pays more than was claimed: in total, by a release, or because less is held (R80)."""
    if any(Decimal(allowed[name]) > Decimal(claim[name]) for name in (TOTAL, "retainage_released")):
        return True
    return _net(allowed) > _net({**allowed, **claim})  # what an old claim lacks counts as the same


def _net(figures: Mapping) -> Decimal:
    """What the line pays, but for what the certificates before it hold."""
    total, on_work, on_stored, released = (Decimal(figures[name]) for name in (TOTAL, *FOLLOWS, "retainage_released"))
    return total - on_work - on_stored + released


def figures_by_line(invoice: Invoice, lines: Sequence[InvoiceLine]) -> dict[int, list[Figure]]:
    """{schedule line id: its figures apart}; of a bill that came back as the review left it, whatever was typed since.

    Asks nothing where nobody allowed another amount.
    """
    if not any(line.allowed_by_id or line.allowed_reason for line in lines):
        return {}
    last = invoice.submissions.with_decided().latest_one()
    claims = last.figures() if last else {}
    left = last.settled() if last and invoice.status in Invoice.ENTERABLE else {}
    keys = [(line.schedule_line_id, line) for line in lines]
    return {key: figures_apart(claims.get(key), left.get(key) or as_it_stands(line)) for key, line in keys}


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
    rejected = line.verdict_reason if line.verdict == Verdict.REJECTED else ""  # an answered rejection says no more
    reason = " ".join(filter(None, (line.allowed_reason, rejected)))
    someone = line.allowed_by or line.verdict_by
    by = someone.name if someone and reason else ""
    now = as_it_stands(line)
    found = figures_apart(claimed, now)
    if not found and rejected:  # rejected as a whole, or for what no single figure shows
        found = [Figure(TOTAL, Decimal(claimed[TOTAL]), now[TOTAL])]
    for figure in found:
        yield Difference(line, COLUMN_OF[figure.name].heading, figure.claimed, figure.allowed, reason, by)
