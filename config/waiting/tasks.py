"""The rows of the first page, and the lists they stand in."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import QuerySet

MOST = 8  # of one kind; the rest is counted


@dataclass(frozen=True)
class Task:
    """One row: what it is about, and the one thing to do. `state` is a word `status_badge` knows, of `machine`.

    `posted`: what its button sends to `verb_url`, where that is a form; else the button is a link.
    """

    state: str
    title: str
    url: str
    words: str
    verb: str = ""
    verb_url: str = ""
    amount: Decimal | None = None
    machine: str = "status"
    posted: dict[str, str] = field(default_factory=dict)


@dataclass
class Waiting:
    """`mine` needs this person, `others` somebody else; `lately` is only told. Both counts count behind the rows."""

    mine: list[Task] = field(default_factory=list)
    others: list[Task] = field(default_factory=list)
    lately: list[Task] = field(default_factory=list)
    count: int = 0
    count_of_others: int = 0

    def need(self, tasks: list[Task], count: int | None = None) -> None:
        self.mine += tasks
        self.count += len(tasks) if count is None else count

    def leave(self, tasks: list[Task], count: int | None = None) -> None:
        """To others."""
        self.others += tasks
        self.count_of_others += len(tasks) if count is None else count


def first_of(found: QuerySet) -> tuple[list, int]:
    """As many rows as are shown, and how many there are: counted only where there are more."""
    rows = list(found[: MOST + 1])
    return rows[:MOST], len(rows) if len(rows) <= MOST else found.count()
