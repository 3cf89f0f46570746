"""Dollars and cents: the one rounding, sharing without losing a cent, and reading and writing what people type."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

ZERO = Decimal("0.00")
CENT = Decimal("0.01")
HUNDRED = Decimal(100)
AMOUNT_LIMIT = Decimal("999999999999.99")
QUANTITY_LIMIT = Decimal("999999999.9999")
PERCENT_LIMIT = Decimal("99999.9999")

NUMBER = re.compile(r"([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?")
PLAIN_NUMBER = re.compile(r"-?([0-9]{1,12}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE]-[0-9]{1,2})?")
LONGEST = 40  # characters; the largest amount with every comma and sign needs 22
MINUS = "−"  # what pages print; people paste it back


def to_cents(amount: Decimal) -> Decimal:
    """Round dollars half-up (away from zero) to whole cents: the only rounding of money there is (5.4).

    Refuses a float or an int (TypeError), and NaN, Infinity or a number too long to be exact (ValueError).
    """
    return round_half_up(amount, 2)


def round_half_up(number: Decimal, places: int) -> Decimal:
    """Round half-up to `places` decimals; for money call `to_cents`. Never gives minus zero."""
    if not isinstance(number, Decimal):
        raise TypeError(f"{number!r} is not a Decimal.")
    if not number.is_finite():
        raise ValueError(f"{number} is not a number that can be rounded.")
    try:
        return number.quantize(_unit(places), ROUND_HALF_UP) + 0  # + 0 turns -0.00 into 0.00
    except InvalidOperation:
        raise ValueError(f"{number:.3E} is too large to be exact.") from None


def is_whole(number: Decimal, places: int) -> bool:
    """Whether rounding to `places` decimals would leave it as it is. Refuses what can't be rounded, as that does."""
    if isinstance(number, Decimal) and number.is_finite() and number.adjusted() < 20:
        return number == number.quantize(_unit(places))
    return number == round_half_up(number, places)


@cache
def _unit(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def allocate(total: Decimal, weights: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Share dollars by weight so that the parts add up to the total; largest remainder, ties to the first (PA-23).

    Weights are zero or more and not all zero, else ValueError; so is a total that is not in whole cents.
    """
    if not weights or min(weights) < 0 or not sum(weights):
        raise ValueError("Sharing an amount needs weights of zero or more, at least one of them above zero.")
    cents = _whole_cents(total)
    whole = sum(weights)
    shares = [divmod(abs(cents) * Decimal(weight), whole) for weight in weights]
    odd = int(abs(cents) - sum(share for share, _ in shares))
    first = sorted(range(len(shares)), key=lambda place: -shares[place][1])[:odd]
    parts = [share + (place in first) for place, (share, _) in enumerate(shares)]
    return tuple((part if cents >= 0 else -part).scaleb(-2) + 0 for part in parts)


def _whole_cents(amount: Decimal) -> Decimal:
    if amount != to_cents(amount):
        raise ValueError(f"{amount} is not in whole cents.")
    return to_cents(amount).scaleb(2)


def parse_amount(text: str) -> Decimal:
    """Read dollars as people type them (U5): `1250`, `1,250.00`, `$1,250`, `(1,250)`, `1,250-`.

    Raises ValueError with a sentence for the person when it is anything else.
    """
    return to_cents(_parse(text, "an amount", "1,250.00", 2, AMOUNT_LIMIT, mark="$"))


def parse_percent(text: str) -> Decimal:
    """Read a percentage, `10`, `7.5 %`, to four decimals; it may pass 100 or be negative. ValueError as above."""
    return _parse(text, "a percentage", "7.5", 4, PERCENT_LIMIT, mark="%")


def parse_rate(text: str) -> Decimal:
    """Read a retainage rate: a percentage from 0 to 100, where 0 is a rate. ValueError as above."""
    rate = parse_percent(text)
    if not 0 <= rate <= HUNDRED:
        raise ValueError(f"“{_shown(text)}” is not a rate. Type a percentage from 0 to 100.")
    return rate


def parse_filed_rate(text: str) -> Decimal:
    """Read a retainage rate out of a file. ValueError as above, also for a plain number between 0 and 1.

    A spreadsheet keeps 10 % as the number 0.1 and hands over nothing else: what could mean either is asked for again.
    """
    rate = parse_rate(text)
    if 0 < rate < 1 and is_plain_number(text.strip()):
        small, large = format_percent(rate), format_percent(rate * HUNDRED)
        raise ValueError(
            f"“{_shown(text)}” is {small} %, and a spreadsheet keeps {large} % as that number, too. "
            f"Type {large}, or {small}% as text if it is so little."
        )
    return rate


def is_plain_number(text: str) -> bool:
    """Whether it is a number as a spreadsheet keeps it, without any sign of what it counts: of 10 % it keeps 0.1."""
    return bool(PLAIN_NUMBER.fullmatch(text))


def parse_quantity(text: str) -> Decimal:
    """Read a measured quantity, to four decimals; negative takes back. ValueError as above."""
    return _parse(text, "a quantity", "12.5", 4, QUANTITY_LIMIT)


def parse_unit_price(text: str) -> Decimal:
    """Read the price of one unit in dollars, to four decimals. ValueError as above."""
    return _parse(text, "a unit price", "4.25", 4, AMOUNT_LIMIT, mark="$")


def _parse(text: str, what: str, example: str, places: int, limit: Decimal, mark: str = "") -> Decimal:
    body, is_negative = _without_sign(text, mark)
    if not body:
        raise ValueError(f"Type {what}, such as {example}.")
    if len(body) > LONGEST or not NUMBER.fullmatch(body) or not any(map(str.isdigit, body)):
        raise ValueError(_why_not_a_number(text, body, what, example))
    if len(body.partition(".")[2]) > places:
        raise ValueError(f"“{_shown(text)}” has more than {places} decimals. Type at most {places}, such as {example}.")
    number = Decimal(body.replace(",", ""))
    if number > limit:
        raise ValueError(f"“{_shown(text)}” is too large. Type {what} of at most {limit:,}.")
    return -number if is_negative and number else number


def _without_sign(text: str, mark: str) -> tuple[str, bool]:
    """The bare digits and whether they were marked negative; whatever is left over fails as not a number."""
    typed = text.strip().replace(MINUS, "-")
    body = _without_mark(typed, mark)  # $(5) as well as ($5)
    was_marked = body != typed
    is_negative = True
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1]
    elif body.startswith("-"):
        body = body[1:]
    elif body.endswith("-"):
        body = body[:-1]
    else:
        is_negative = False
    return (body.strip() if was_marked else _without_mark(body.strip(), mark)), is_negative


def _without_mark(body: str, mark: str) -> str:
    """Drop one $ in front or one % behind; a second one stays and is refused."""
    if mark == "$":
        return body.removeprefix("$").strip()
    return body.removesuffix("%").strip() if mark == "%" else body


def _why_not_a_number(text: str, body: str, what: str, example: str) -> str:
    if re.fullmatch(r"[0-9,]+(\.[0-9]*)?", body) and len(body) <= LONGEST:
        return f"“{_shown(text)}” has a comma in the wrong place. Put one before each three digits, such as 1,250."
    return f"“{_shown(text)}” is not {what}. Type digits only, such as {example}."


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def format_amount(amount: Decimal) -> str:
    """Dollars as an input shows them, `-1,250.00`; `parse_amount` reads it back unchanged."""
    return f"{to_cents(amount):,}"


def format_percent(percent: Decimal) -> str:
    """A percentage without needless zeros: `7.5`, `10`, `66.67`."""
    digits = f"{round_half_up(percent, 4):f}"
    return digits.rstrip("0").rstrip(".")


def printed_amount(amount: Decimal) -> str:
    """Dollars as pages and paper show them: `1,234.50`, a true minus sign before a negative amount."""
    return format_amount(amount).replace("-", MINUS)


def printed_percent(percent: Decimal, places: int = 1) -> str:
    """Percent points as pages and paper show them: `55.0 %`."""
    return f"{round_half_up(percent, places):,f} %".replace("-", MINUS)


def printed_rate(rate: Decimal) -> str:
    """A retainage rate without idle zeros: `10 %`, `7.5 %`."""
    return f"{rate.normalize():f} %"
