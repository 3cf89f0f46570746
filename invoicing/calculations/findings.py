"""How an identity is reported: a record with expected, found and difference, and the few ways to make one."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True)
class Identity:
    """One identity, whether it holds or not. `severity` says what a breach means: error blocks, warning needs a tick.

    `expected`, `found` and `difference` (found − expected) are in `unit`: dollars ("money"), "percent" or "days".
    `line_key` is empty when it is about the whole invoice; `number` is a name where it is a remark and no identity.
    `about` tells breaches of one number apart where no line does.
    """

    number: str
    severity: str
    holds: bool
    sentence: str
    line_key: str
    expected: Decimal
    found: Decimal
    difference: Decimal
    unit: str = "money"
    about: str = ""

    @property
    def name(self) -> str:
        """Its own name, where somebody ticks it: its number, and its line or what it is about."""
        return f"{self.number}{'-' if self.line_key else ''}{self.line_key}{' ' if self.about else ''}{self.about}"


def compare(
    number: str, when_equal: str, when_not: str, expected: Decimal, found: Decimal, severity: str = ERROR
) -> Identity:
    """An identity of the whole invoice that holds when both amounts are equal."""
    holds = expected == found
    return Identity(number, severity, holds, when_equal if holds else when_not, "", expected, found, found - expected)


def found_on(
    line: Line,
    number: str,
    sentence: str,
    expected: Decimal,
    found: Decimal,
    severity: str = ERROR,
) -> Iterator[Identity]:
    """The breach on a line, in dollars, or nothing when both amounts are equal."""
    if expected != found:
        yield Identity(number, severity, False, sentence, line.key, expected, found, found - expected)


def total_of(
    breaches: list[Identity], number: str, when_kept: str, total: Decimal, unit: str = "money"
) -> Iterator[Identity]:
    """The breaches, or else one entry saying that the identity holds over the whole invoice."""
    if breaches:
        yield from breaches
        return
    severity = WARNING if number in WARNINGS else ERROR
    yield Identity(number, severity, True, when_kept, "", total, total, ZERO, unit)


WARNINGS = ("N-10", "N-13")
