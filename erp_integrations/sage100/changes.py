"""What changed since an acceptance, in words with both values, so that a person can decide on it (S60)."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import is_dataclass
from decimal import Decimal
from hashlib import sha256
from os.path import commonprefix

from erp_integrations.sage100.canonical import money_text
from erp_integrations.sage100.cells import Rows
from erp_integrations.sage100.facts import FactChange
from erp_integrations.sage100.list_words import in_words

PLACE = re.compile(r"s?\[(\d+)\]")
CHOICE = re.compile(r"[a-z]+(?:_[a-z]+)+")
FOLLOWS = ("version", "how")  # they change with whatever else does
MOST, LONGEST, BEFORE_IT = 5, 40, 10  # changes told; characters of a value; of those, before the first that differs


def changes_in_words(changes: Iterable[FactChange]) -> str:
    """As "due date was 2026-07-30, is 2026-08-15; …; and 12 more": what the whole has first, then what lines have."""
    every = list(changes)
    told = [change for change in every if change.path.rpartition(".")[2] not in FOLLOWS] or every
    told.sort(key=lambda change: "[" in change.path)
    said, rest = [_said(change) for change in told[:MOST]], told[MOST:]
    return "; ".join(said + ([f"and {len(rest)} more ({_mark(rest)})"] if rest else []))


def _mark(changes: Iterable[FactChange]) -> str:
    """Six letters that are others when any of them is: a tick is for these very changes, told or not."""
    return sha256(repr([(each.path, each.before, each.after) for each in changes]).encode()).hexdigest()[:6]


def changed_cells(before: Rows, now: Rows) -> dict[str, list[FactChange]]:
    """{invoice id: the cells that say something else}, one by its title, of a detail with its row of the file."""
    found = defaultdict(list)
    for old, new in zip(before.rows, now.rows, strict=False):
        where = "" if new.line_type == "H" else f"row {new.number} "
        for was, cell in zip(old.cells, new.cells, strict=False):
            if was.text != cell.text:
                found[new.invoice_id].append(FactChange(f"{where}{cell.title}", was.text, cell.text))
    return found


def _said(change: FactChange) -> str:
    before, after = change.before, change.after
    name = PLACE.sub(lambda found: f" {int(found[1]) + 1}", change.path).replace(".", " ").replace("_", " ")
    if any(is_dataclass(each) for some in (before, after) if isinstance(some, tuple) for each in some):
        name, before, after = f"number of {name}", len(before), len(after)
    was, now = _read(before), _read(after)
    differ_at = len(commonprefix((was, now)))
    return f"{name} was {_cut(was, differ_at)}, is {_cut(now, differ_at)}"


def _read(value) -> str:
    if isinstance(value, Decimal):
        return f"{Decimal(money_text(value)):,}"
    if isinstance(value, str) and CHOICE.fullmatch(value):
        return value.replace("_", " ")
    return in_words(value) or "none"


def _cut(text: str, differ_at: int) -> str:
    """A long text from a little before the place where the two differ, so that it shows."""
    start = max(0, min(differ_at - BEFORE_IT, len(text) - LONGEST))
    part = f"{'…' if start else ''}{text[start : start + LONGEST]}{'…' if text[start + LONGEST :] else ''}"
    return f"“{part}”" if " " in part else part
