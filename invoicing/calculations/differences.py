"""What is otherwise in another version of a claim, figure by figure (I-8, I-10): the one comparison of lines.

A line is a mapping as submissions and records keep it: dollars as text or Decimal, and for each retainage whether it
was typed. Submissions of before 29 November 2026 lack retainage; what one of two lines lacks counts as the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.money import ZERO

TOTAL = "total_completed_and_stored"
BILLED = ("work_this_period", "stored_moved", "stored_new", "retainage_released")
COLUMNS = (*BILLED[:-1], "work_retainage", "stored_retainage", BILLED[-1])
# What moves retainage by its rate: the cause is told, and not what follows from it.
FOLLOWS = {
    "work_retainage": ("work_this_period", "stored_moved"),
    "stored_retainage": ("stored_moved", "stored_new", TOTAL),
}


def is_typed(held: str) -> str:
    """The name under which a line says that this retainage was typed."""
    return f"{held}_is_typed"


def apart(old: Mapping, new: Mapping) -> dict[str, tuple[Decimal, Decimal]]:
    """{column: (old, new)} of each figure that is another.

    The total is one of them where no other accounts for it: an Admin typed what is left of stored materials (PM).
    """
    found = {}
    for name in COLUMNS:
        if name in old and name in new:
            pair = Decimal(old[name]), Decimal(new[name])
            if pair[0] != pair[1]:
                found[name] = pair
    then, now = Decimal(old[TOTAL]), Decimal(new[TOTAL])
    accounted = sum(found[name][1] - found[name][0] for name in {"work_this_period", "stored_new"} & found.keys())
    if now - then != accounted:
        found[TOTAL] = then, now
    for held, causes in FOLLOWS.items():
        was_typed = old.get(is_typed(held)) or new.get(is_typed(held))
        if not was_typed and not found.keys().isdisjoint(causes):
            found.pop(held, None)
    return found


@dataclass(frozen=True)
class LineDifference:
    """One line in dollars; None where a version does not have the line.

    `columns`: as `apart` finds them, of what was claimed otherwise; `running`: the sum of `difference` down to here.
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
    """Of a line that one version lacks, whatever the other bills on it."""
    if key in old and key in new:
        yield from apart(old[key], new[key]).items()
        return
    for name in BILLED:
        pair = _figure(old, key, name), _figure(new, key, name)
        if any(pair):
            yield name, pair


def _figure(version: Mapping[int, Mapping], key: int, name: str) -> Decimal | None:
    return Decimal(version[key][name]) if key in version else None
