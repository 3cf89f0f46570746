"""A share typed where an amount goes (`50 %`), what is left of a line, and one release spread over lines (5.2, 5.6)."""

from collections.abc import Sequence
from decimal import Decimal

from invoicing.calculations.lines import Line, LineInput, percent_of, work_for_total
from invoicing.calculations.money import ZERO, allocate
from invoicing.calculations.retainage import held, release_by_amount, release_by_percent


def work_for_share(line: LineInput, percent: Decimal) -> Decimal:
    """The B that is `percent` of C, half-up; the percentage that B already is of C keeps it (R58).

    ValueError when C is zero.
    """
    if not line.scheduled_value:
        raise ValueError("The scheduled value is zero, so a percentage says nothing. Type an amount.")
    is_same = percent == percent_of(line.work_this_period, line.scheduled_value)
    return line.work_this_period if is_same else held(line.scheduled_value, percent)


def moved_for_share(line: LineInput, percent: Decimal) -> Decimal:
    """The M that is `percent` of what was stored before, in dollars."""
    return held(line.stored_previous, percent)


def work_retainage_for_share(line: LineInput, percent: Decimal) -> Decimal | None:
    """The WR that is `percent` of B + M; None at the line's own rate, which then goes on deciding (5.2)."""
    line = Line.of(line)
    if percent == line.work_retainage_rate:
        return None
    base = line.work_this_period + line.stored_moved
    return line.work_retainage if percent == percent_of(line.work_retainage, base) else held(base, percent)


def stored_retainage_for_share(line: LineInput, percent: Decimal) -> Decimal | None:
    """The MR that is `percent` of F; None at the line's own rate."""
    line = Line.of(line)
    if percent == line.stored_retainage_rate:
        return None
    is_same = percent == percent_of(line.stored_retainage, line.stored_presently)
    return line.stored_retainage if is_same else held(line.stored_presently, percent)


def release_for_share(line: LineInput, percent: Decimal) -> Decimal:
    """The RR that is `percent` of the work retainage held before it. ValueError outside 0 to 100."""
    return release_by_percent(Line.of(line).retainage_releasable, percent)


def work_left(line: LineInput) -> Decimal:
    """The B that completes the line: T = C."""
    return work_for_total(line, line.scheduled_value)


def stored_left(line: LineInput) -> Decimal:
    """The NM that fills the line: T = C."""
    return line.stored_new + Line.of(line).balance_to_finish


def moved_left(line: LineInput) -> Decimal:
    """All that was stored before."""
    return line.stored_previous


def release_left(line: LineInput) -> Decimal:
    """All that is held on work."""
    return Line.of(line).retainage_releasable


def releases_of_amount(lines: Sequence[LineInput], amount: Decimal) -> tuple[Decimal, ...]:
    """`amount` dollars spread over the work retainage that lines hold, exact to the cent (largest remainder).

    A line gets no more than it holds, and nothing where it holds nothing. ValueError when all hold less together.
    """
    holdings = [max(ZERO, Line.of(line).retainage_releasable) for line in lines]
    release_by_amount(sum(holdings, ZERO), amount)
    return allocate(amount, holdings) if amount else tuple(ZERO for _ in holdings)
