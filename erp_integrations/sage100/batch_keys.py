"""The key of a batch, as it stands in Sage's User def 1, in the names of files and on pages: EXP-000412."""

import re

FIELD = "User def 1"  # where Sage keeps it
PREFIX = "EXP-"
KEY = re.compile(PREFIX + r"[0-9]{6,9}")
TYPED = re.compile(r"(EXP[- ]?)?([0-9]{1,9})", re.IGNORECASE)


def batch_key(number: int) -> str:
    return f"{PREFIX}{number:06d}"


def batch_number(key: str) -> int:
    """Raises ValueError for what is no key."""
    if not KEY.fullmatch(key):
        raise ValueError(f"{key} is no key of a batch.")
    return int(key.removeprefix(PREFIX))


def typed_number(typed: str, *, bare: bool = False) -> int | None:
    """Of a key as people type it, in any case, without its zeros; None for all else. `bare`: without EXP too."""
    found = TYPED.fullmatch(typed.strip())
    return int(found[2]) if found and (found[1] or bare) else None
