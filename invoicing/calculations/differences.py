"""What changed between two versions of a claim, line by line (I-10)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.money import ZERO

TOTAL = "total_completed_and_stored"
COLUMNS = ("work_this_period", "stored_moved", "stored_new", "retainage_released")


@dataclass(frozen=True)
class LineDifference:
    """One line in dollars; None where a version does not have the line.

    `columns`: {column: (old, new)} of what was claimed otherwise; `running`: the sum of `difference` down to here.
    """

    key: int
    before: Decimal
    old: Decimal | None
    old_allowed: Decimal | None
    new: Decimal | None
    new_allowed: Decimal | None
    running: Decimal
    columns: Mapping[str, tuple[Decimal | None, Decimal | None]]

    @property
    def difference(self) -> Decimal:
        return (self.new or ZERO) - (self.old or ZERO)

    @property
    def is_changed(self) -> bool:
        return bool(self.columns) or (self.old is None) != (self.new is None)


@dataclass(frozen=True)
class Version:
    """One submission: {line: {column: dollars as text}} as claimed, and as reviewers left it; none yet is empty."""

    claimed: Mapping[int, Mapping]
    allowed: Mapping[int, Mapping]


def differences(keys: Sequence[int], before: Mapping[int, Decimal], old: Version, new: Version) -> list[LineDifference]:
    """Each line in the order of `keys`; `before`: what earlier certificates have on it."""
    found, running = [], ZERO
    for key in keys:
        then, now = _figure(old.claimed, key, TOTAL), _figure(new.claimed, key, TOTAL)
        running += (now or ZERO) - (then or ZERO)
        found.append(
            LineDifference(
                key,
                before.get(key, ZERO),
                then,
                _figure(old.allowed, key, TOTAL),
                now,
                _figure(new.allowed, key, TOTAL),
                running,
                dict(_changed(old.claimed, new.claimed, key)),
            )
        )
    return found


def _changed(old: Mapping[int, Mapping], new: Mapping[int, Mapping], key: int) -> Iterator[tuple[str, tuple]]:
    for name in COLUMNS:
        pair = _figure(old, key, name), _figure(new, key, name)
        if pair[0] != pair[1]:
            yield name, pair


def _figure(version: Mapping[int, Mapping], key: int, name: str) -> Decimal | None:
    return Decimal(version[key][name]) if key in version else None
