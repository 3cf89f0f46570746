"""When two numbers that people write by hand are one, and when they only look like one; knows no database.

A vendor's own invoice number is written in its books, on our page and in Sage by different hands (I-6, R19).
"""

import re
import unicodedata

LONGEST_NUMBER = 20  # characters (I-6)
FORBIDDEN_IN_NUMBERS = {",": "comma", '"': "quote", "'": "quote", "\t": "tab", "\n": "line break", "\r": "line break"}
DROPPED = re.compile(r"[\W_]+")  # spaces and punctuation
LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
PARTS = re.compile(r"\d+|[^\W\d_]+")
PARTED_DIGITS = re.compile(r"(?<=\d)[\W_]+(?=\d)")


def number_key(number: str) -> str:
    """By which two are the same: without case and outer spaces (I-6)."""
    return number.strip().casefold()


def number_skeleton(number: str) -> str:
    """V-0012, v12 and V 12 are one number."""
    return LEADING_ZEROS.sub("", DROPPED.sub("", _plain(number)))


def bare_number(number: str) -> str:
    """What all that look alike have in common, to find them by: letters and digits, without zeros; never empty.

    Others have it in common too, such as 10 and 100: whoever finds some asks `look_alike`.
    """
    return DROPPED.sub("", _plain(number)).replace("0", "") or "0"


def look_alike(number: str, other: str) -> bool:
    """Whether they may be one number, written by two hands; not where they are the same (R19).

    Case, spaces, punctuation and leading zeros are a matter of the hand: INV-0012, INV 12 and inv0012; 2026-01, 2026-1
    and, without its dash, 202601. A dash that stands elsewhere between digits is another number: 12-1 and 1-21.
    """
    if number_key(number) == number_key(other):
        return False
    if _parts(number) == _parts(other):
        return True
    ours, theirs = _cuts(number), _cuts(other)
    return number_skeleton(number) == number_skeleton(other) and (ours <= theirs or theirs <= ours)


def _plain(number: str) -> str:
    return unicodedata.normalize("NFKC", number).casefold()


def _parts(number: str) -> list[str]:
    """Its words and its whole numbers, in their order, without leading zeros."""
    return [LEADING_ZEROS.sub("", part) for part in PARTS.findall(_plain(number))]


def _cuts(number: str) -> set[int]:
    """Where something stands between two digits, by how many letters and digits follow."""
    plain = _plain(number)
    return {len(DROPPED.sub("", plain[cut.end() :])) for cut in PARTED_DIGITS.finditer(plain)}
