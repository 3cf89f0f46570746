"""The key of a batch, as it stands in Sage's User def 1, in the names of files and on pages: EXP-000412."""

import re

FIELD = "User def 1"  # where Sage keeps it
PREFIX = "EXP-"
KEY = re.compile(PREFIX + r"[0-9]{6,9}")


def batch_key(number: int) -> str:
    return f"{PREFIX}{number:06d}"


def batch_number(key: str) -> int:
    """Raises ValueError for what is no key."""
    if not KEY.fullmatch(key):
        raise ValueError(f"{key} is no key of a batch.")
    return int(key.removeprefix(PREFIX))
