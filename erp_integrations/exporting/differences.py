"""One thing in which two of our own ledgers do not agree, in words (R17)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Difference:
    """`check`: which ledgers were held against each other; `about`: what of; then what was expected, and found."""

    check: str
    about: str
    expected: str
    found: str


def differing(check: str, about: str, expected, found) -> Iterator[Difference]:
    """The difference, or nothing when they are equal."""
    if expected != found:
        yield Difference(check, about, _words(expected), _words(found))


def _words(value) -> str:
    return f"{value:,.2f}" if isinstance(value, Decimal) else str(value)
