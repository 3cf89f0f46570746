"""Everybody in a company's directory with what they hold, read at once."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet

from directory.models import Company, Membership, Person, Project
from directory.permissions import Level, Tool, accounting_approvers, levels_held_on


@dataclass(frozen=True)
class Holding:
    """One level on one tool; `place` names the project, or is "" for a tool of the company."""

    tool: Tool
    level: Level
    place: str = ""


@dataclass(frozen=True)
class Entry:
    membership: Membership
    holdings: list[Holding]
    is_accounting_approver: bool

    @property
    def person(self) -> Person:
        return self.membership.person

    def best(self, tool: Tool) -> Level:
        return max((held.level for held in self.holdings if held.tool is tool), default=Level.NONE)

    @property
    def summary(self) -> list[dict[str, str]]:
        """One line a tool: where, and the level there; the highest where it differs from place to place."""
        return [
            self._line(tool, held)
            for tool in Tool
            if (held := [holding for holding in self.holdings if holding.tool is tool])
        ]

    def _line(self, tool: Tool, held: list[Holding]) -> dict[str, str]:
        place = held[0].place if len(held) == 1 else f"{len(held)} projects"
        best = self.best(tool)
        is_same = all(each.level is best for each in held)
        return {"tool": tool.label, "place": place, "level": best.label if is_same else f"up to {best.label}"}

    @property
    def role(self) -> str:
        """What this person mostly does here, in the words of domain 1."""
        if self.membership.vendor:
            return "Invoice contact"
        if self.is_accounting_approver:
            return "Accounting approver"
        if self.best(Tool.COMMITMENTS) is Level.ADMIN:
            return "Invoice administrator"
        if self.best(Tool.ERP_INTEGRATIONS):
            return "Accounting staff"
        return "Project team"


def roster(company: Company) -> list[Entry]:
    """Active people of the directory: the company's own by name, then vendor by vendor. Four queries, however many."""
    return entries_of(company, Membership.objects.in_order_of_employer(company))


def entries_of(company: Company, memberships: QuerySet) -> list[Entry]:
    """Some of a directory's people, in the order given, with what they hold."""
    approver = accounting_approvers(company).filter(pk=OuterRef("person"))
    memberships = list(memberships.annotate(is_accounting_approver=Exists(approver)))
    people = [membership.person_id for membership in memberships]
    projects = list(Project.objects.filter(company=company, is_active=True))
    held = levels_held_on([company, *projects], people)
    return [
        Entry(membership, _holdings(membership, company, projects, held), membership.is_accounting_approver)
        for membership in memberships
    ]


def _holdings(membership, company, projects, held) -> list[Holding]:
    places = {"company": [(company.pk, "")], "project": [(project.pk, project.name) for project in projects]}
    return [
        Holding(tool, level, name)
        for tool in Tool
        if tool.is_for_vendors or membership.vendor_id is None
        for place_id, name in places[tool.scope]
        if (level := held.get((membership.person_id, tool, place_id), Level.NONE))
    ]
