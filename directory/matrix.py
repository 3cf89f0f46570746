"""People and permission templates × tools: who holds which level and where it comes from, read at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.contrib.auth.models import Group

from directory.models import Company, Membership, PermissionTemplate, Person, Project
from directory.permissions import Level, Tool, accounting_approvers, group_levels_on, own_levels_on


@dataclass(frozen=True)
class Column:
    """A tool of the company, or of one of its projects."""

    tool: Tool
    place: Company | Project

    @property
    def key(self) -> str:
        return f"{self.tool.name.lower()}-{self.place.pk}"


def columns_of(*places: Company | Project | None) -> list[Column]:
    return [
        Column(tool, place)
        for place in places
        if place is not None
        for tool in Tool
        if tool.scope == place._meta.model_name
    ]


class Given(NamedTuple):
    """A level that comes from a group; `template` is None for a group that no company calls its own."""

    name: str
    level: Level
    template: PermissionTemplate | None


class Typed(NamedTuple):
    """What somebody chose in a cell that could not be saved, and what they had seen there."""

    level: Level
    seen: Level


@dataclass(frozen=True)
class Cell:
    """`own` is what the holder was given directly; `given` what groups add to it. The highest counts."""

    column: Column
    key: str
    own: Level
    given: Sequence[Given] = ()
    is_open: bool = True  # False: a vendor's person has no way to this tool (P-1)
    typed: Typed | None = None

    @property
    def level(self) -> Level:
        return max([self.own, *(each.level for each in self.given)]) if self.is_open else Level.NONE

    @property
    def chosen(self) -> Level:
        return self.typed.level if self.typed else self.own

    @property
    def is_stale(self) -> bool:
        return self.typed is not None and self.typed.seen != self.own


@dataclass(frozen=True)
class Row:
    """A person of the directory, or a template; `concerns_viewer`: whose levels the viewer may not change."""

    cells: list[Cell]
    concerns_viewer: bool
    membership: Membership | None = None
    template: PermissionTemplate | None = None
    is_accounting_approver: bool = False
    people: int = 0

    @property
    def name(self) -> str:
        return self.template.name if self.template else self.membership.person.name

    @property
    def person(self) -> Person:
        return self.membership.person

    @property
    def gives_nothing(self) -> bool:
        return not any(cell.level for cell in self.cells)

    def holds(self, level: Level) -> bool:
        """Exactly this level on one of the tools shown; nothing at all, where it is None."""
        return self.gives_nothing if level is Level.NONE else any(cell.level is level for cell in self.cells)


@dataclass
class Matrix:
    """All that was read of one company; rows are put together for those who are shown."""

    company: Company
    columns: list[Column]
    viewer: Person
    typed: Mapping[str, Typed] = field(default_factory=dict)
    only: Collection[int] | None = None  # whose own levels are of interest, by the numbers of the people; None: all

    def __post_init__(self):
        places = list(dict.fromkeys(column.place for column in self.columns))
        self.own, self.of_groups = own_levels_on(places, self.only), group_levels_on(places)
        self.templates = list(PermissionTemplate.objects.filter(company=self.company).select_related("group"))
        self.groups_of = self._groups_of_people()
        self.groups = self._groups()

    def _groups_of_people(self) -> dict[int, list[int]]:
        found = defaultdict(list)
        members = Membership.objects.filter(company=self.company, is_active=True).values("person")
        pairs = Person.groups.through.objects.filter(person__in=members)
        for person_id, group_id in pairs.order_by("group").values_list("person", "group"):
            found[person_id].append(group_id)
        return found

    def _groups(self) -> dict[int, Given]:
        """What to call each group that gives something; its level is filled in cell by cell."""
        giving = {group_id for group_id, _, _ in self.of_groups}
        named = {each.group_id: Given(each.name, Level.NONE, each) for each in self.templates}
        foreign = Group.objects.filter(pk__in=giving - named.keys()) if giving - named.keys() else ()
        return named | {group.pk: Given(group.name, Level.NONE, None) for group in foreign}

    def rows_of_people(self, memberships: Iterable[Membership]) -> list[Row]:
        approvers = set(accounting_approvers(self.company).values_list("pk", flat=True))
        return [self.row_of_person(membership, membership.person_id in approvers) for membership in memberships]

    def row_of_person(self, membership: Membership, is_approver: bool = False) -> Row:
        person_id = membership.person_id
        cells = [self._cell_of_person(membership, column) for column in self.columns]
        return Row(cells, person_id == self.viewer.pk, membership=membership, is_accounting_approver=is_approver)

    def _cell_of_person(self, membership: Membership, column: Column) -> Cell:
        person_id, key = membership.person_id, f"person-{membership.person_id}-{column.key}"
        if membership.vendor_id and not column.tool.is_for_vendors:
            return Cell(column, key, Level.NONE, is_open=False)
        own = self.own.get((person_id, column.tool, column.place.pk), Level.NONE)
        return Cell(column, key, own, self._given(person_id, column), typed=self.typed.get(key))

    def _given(self, person_id: int, column: Column) -> list[Given]:
        """Highest first."""
        found = [
            self.groups[group_id]._replace(level=level)
            for group_id in self.groups_of[person_id]
            if (level := self.of_groups.get((group_id, column.tool, column.place.pk)))
        ]
        return sorted(found, key=lambda each: (-each.level, each.name))

    def template_rows(self) -> list[Row]:
        return [self.row_of_template(template) for template in self.templates]

    def row_of_template(self, template: PermissionTemplate) -> Row:
        people = sum(template.group_id in groups for groups in self.groups_of.values())
        concerns = template.group_id in self.groups_of[self.viewer.pk]
        cells = [self._cell_of_template(template, column) for column in self.columns]
        return Row(cells, concerns, template=template, people=people)

    def _cell_of_template(self, template: PermissionTemplate, column: Column) -> Cell:
        key = f"template-{template.pk}-{column.key}"
        held = self.of_groups.get((template.group_id, column.tool, column.place.pk), Level.NONE)
        return Cell(column, key, held, typed=self.typed.get(key))
