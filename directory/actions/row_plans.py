"""What an uploaded list would do, row by row: the same plan is shown as a preview and carried out."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field

from directory.models import DirectoryUpload

NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"


@dataclass(frozen=True)
class PlannedChange:
    """`waits`: it takes effect once somebody has called the vendor (R81)."""

    name: str
    old: str
    new: str
    waits: bool = False


@dataclass(frozen=True)
class RowPlan:
    """`problems` name their cell and forbid the whole upload; `alike`: vendors that a new one looks like (R83)."""

    row: int
    title: str
    outcome: str
    changes: tuple[PlannedChange, ...] = ()
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    act: Callable | None = field(default=None, compare=False, repr=False)  # act(by=…)

    @property
    def told(self) -> list:
        changes = [[change.name, change.old, change.new, change.waits] for change in self.changes]
        return [self.row, self.title, self.outcome, changes, self.problems, self.notes, self.alike]


@dataclass(frozen=True)
class Plan:
    rows: tuple[RowPlan, ...]

    def of(self, outcome: str) -> list[RowPlan]:
        return [row for row in self.rows if row.outcome == outcome]

    @property
    def work(self) -> list[RowPlan]:
        return [row for row in self.rows if row.outcome in (NEW, CHANGED)]

    @property
    def alike(self) -> list[RowPlan]:
        return [row for row in self.rows if row.alike]

    @property
    def waiting(self) -> list[RowPlan]:
        return [row for row in self.rows if any(change.waits for change in row.changes)]

    @property
    def digest(self) -> str:
        """Names exactly this plan: whoever applies it has seen it."""
        told = json.dumps([row.told for row in self.rows])
        return hashlib.sha256(told.encode()).hexdigest()


def cell(upload: DirectoryUpload, row: dict, column: str) -> str:
    """C14: where the file says it."""
    return f"{upload.columns.get(column, '')}{row['row']}"
