"""A vendor's own invoice number (I-6): what it may look like, and when two are the same."""

from directory.refusals import Refused

FORBIDDEN = set(",\"'\t\r\n")


def number_key(number: str) -> str:
    """How two numbers are compared: without case and outer spaces."""
    return number.strip().casefold()


def check_number(number: str) -> None:
    """Raises Refused naming the field unless it is 1–20 printable characters without comma or quote (S10)."""
    text = number.strip()
    if not text:
        raise Refused("Enter the invoice number your own books use.", field="number")
    if len(text) > 20:
        raise Refused(f"“{text}” has {len(text)} characters. Sage takes 20 at most.", field="number")
    bad = sorted({c for c in text if c in FORBIDDEN or not c.isprintable() or ord(c) > 126})
    if bad:
        raise Refused(f"An invoice number can't contain {' '.join(map(repr, bad))}. Leave it out.", field="number")
