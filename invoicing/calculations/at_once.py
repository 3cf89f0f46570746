"""What a bill releases at once of what it holds itself, settled for the whole of it (5.2, S46, S47, S51)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from invoicing.calculations.lines import Line, LineInput
from invoicing.calculations.money import ZERO


def lines_of_bill(lines: Iterable[LineInput]) -> list[Line]:
    """All lines of one bill, worked out so that accounting can book their sums; whoever adds up these asks here.

    Newly held lies between zero and gross (S47), and released between zero and what was held before (S51), as far as
    the lines release anything to move between the two: what one takes at once of its own is never held. The lines
    change in the order given, those of deductions first; each stays within its `at_once_limits`. In dollars.
    """
    lines = [Line.of(line) for line in lines]
    changes = _changes(lines)
    return [
        line if line.at_once_for_bill == change else replace(line, at_once_for_bill=change)
        for line, change in zip(lines, changes, strict=True)
    ]


def _changes(lines: Sequence[Line]) -> list[Decimal]:
    """By how much each releases more at once than it would alone."""
    changes = [ZERO] * len(lines)
    if not any(line.retainage_released for line in lines):
        return changes
    alone = [line.at_once_alone for line in lines]
    newly_held = sum((line.retainage_held_at_first for line in lines), ZERO) - sum(alone, ZERO)
    left = newly_held - _held_by_bill(lines, newly_held)
    for place in sorted(range(len(lines)), key=lambda place: lines[place].retainage_released > 0):
        least, most = lines[place].at_once_limits
        changes[place] = _between(left, least - alone[place], most - alone[place])
        left -= changes[place]
    return changes


def _held_by_bill(lines: Sequence[Line], newly_held: Decimal) -> Decimal:
    """The amount nearest to `newly_held` that can be booked.

    S47 goes before S51: where both can't be kept, more is released than is held, which N-5 says.
    """
    gross = sum((line.gross_this_period for line in lines), ZERO)
    before = sum((line.retainage_held_before for line in lines), ZERO)
    change = sum((line.total_retainage for line in lines), ZERO) - before
    least, most = min(ZERO, gross), max(ZERO, gross)
    return _between(newly_held, _between(change, least, most), _between(change + max(ZERO, before), least, most))


def _between(amount: Decimal, least: Decimal, most: Decimal) -> Decimal:
    return max(least, min(amount, most))
