"""Why a person may do what they may: tool by tool the level, every grant that gives it, since when and by whom."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from directory.actions.grants import SET_LEVEL, whom
from directory.actions.permission_templates import ADDED
from directory.matrix import Cell, Matrix, columns_of
from directory.meanings import allowed, notes
from directory.models import Company, Event, Membership, PermissionTemplate, Project
from directory.models.events import subject_name
from directory.permissions import RUNGS, Level


@dataclass(frozen=True)
class Grant:
    """One thing that gives a level: the person's own, or a group's. The events are None where none is on record."""

    name: str
    level: Level
    template: PermissionTemplate | None
    is_own: bool
    set_by: Event | None
    joined_by: Event | None = None


@dataclass(frozen=True)
class Explained:
    """One tool of one place."""

    cell: Cell
    grants: list[Grant]
    is_external: bool

    @property
    def rungs(self) -> list[dict]:
        """The ladder from the top: each rung, whether it is reached, and what reaches exactly so far."""
        return [
            {
                "level": rung,
                "is_lit": rung <= self.cell.level,
                "stands": rung is self.cell.level,
                "grants": [grant for grant in self.grants if grant.level is rung],
            }
            for rung in reversed(RUNGS)
        ]

    @property
    def allowed(self) -> list[str]:
        return allowed(self.cell.column.tool, self.cell.level, is_external=self.is_external)

    @property
    def notes(self) -> list[str]:
        return notes(self.cell.column.tool, self.cell.level, is_external=self.is_external)


def explain(membership: Membership) -> dict[Company | Project, list[Explained]]:
    """{place: its tools}, the company first; projects where the person holds something. Ten queries, however many."""
    company, person = membership.company, membership.person
    projects = Project.objects.filter(company=company, is_active=True)
    matrix = Matrix(company, columns_of(company, *projects), person, only=[person.pk])
    cells = [cell for cell in matrix.row_of_person(membership).cells if cell.is_open]
    record = Record(membership, matrix)
    by_place = {}
    for cell in cells:
        explained = Explained(cell, record.grants_of(cell), membership.vendor_id is not None)
        by_place.setdefault(cell.column.place, []).append(explained)
    return {
        place: tools
        for place, tools in by_place.items()
        if place == company or any(each.cell.level or each.grants for each in tools)
    }


class Record:
    """What the events tell of how this person came by their levels."""

    def __init__(self, membership: Membership, matrix: Matrix):
        self.person = membership.person
        groups = [each.group for each in matrix.templates]
        self.holders = {None: whom(self.person)} | {group.pk: whom(group) for group in groups}
        places = dict.fromkeys(column.place for column in matrix.columns)
        self.set = _newest(
            (event.subject, str(event.changes["holder"]), name.rpartition(": ")[2], event.changes[name][1], event)
            for event in self._events_of_levels(places)
            for name in event.changes
            if name != "holder"
        )
        self.joined = _newest(
            (event.subject, event) for event in self._events(map(subject_name, matrix.templates), ADDED, [None])
        )

    def _events_of_levels(self, places) -> Iterable[Event]:
        return self._events(map(subject_name, places), SET_LEVEL, self.holders)

    def _events(self, subjects, verb: str, holders) -> Iterable[Event]:
        of_holders = Q()
        for key in holders:
            of_holders |= Q(changes__holder=self.holders[key]["holder"])
        return Event.objects.filter(of_holders, subject__in=list(subjects), verb=verb).order_by("-pk")

    def grants_of(self, cell: Cell) -> list[Grant]:
        """The person's own first, then the highest."""
        own = [Grant("Own level", cell.own, None, True, self._set(cell, None, cell.own))] if cell.own else []
        return own + [self._of_group(cell, given) for given in cell.given]

    def _of_group(self, cell: Cell, given) -> Grant:
        if given.template is None:
            return Grant(given.name, given.level, None, False, None)
        set_by = self._set(cell, given.template.group_id, given.level)
        return Grant(
            given.name, given.level, given.template, False, set_by, self.joined.get((subject_name(given.template),))
        )

    def _set(self, cell: Cell, group_id: int | None, level: Level) -> Event | None:
        column, holder = cell.column, str(self.holders[group_id]["holder"])
        return self.set.get((subject_name(column.place), holder, column.tool.label, level.label))


def _newest(found: Iterable[tuple]) -> dict[tuple, Event]:
    """{all but the last of each tuple: the last}, the first of its kind kept: rows come newest first."""
    kept = {}
    for *key, event in found:
        kept.setdefault(tuple(key), event)
    return kept
