"""Where one person can go and as what: of every company and project at once, read once per request.

For pages and bars that lead on from here. A door asks `permissions.read_access`, of the one place that it opens.
"""

from functools import cached_property

from directory.models import Company, Person, Project
from directory.permissions import Level, Tool, levels_anywhere, memberships_of


class Reach:
    """The person's memberships, as they were read with the login where it was; the levels, and the running projects."""

    def __init__(self, person: Person):
        self.person = person
        at_hand = getattr(person, "memberships_at_hand", None)
        self.memberships = memberships_of(person.pk) if at_hand is None else at_hand
        active = [place for place in self.memberships if place.is_active and person.is_active]
        self._companies = {place.company_id: place.company for place in active}
        self._vendors = {place.company_id: place.vendor_id for place in active}
        self.employers = sorted((p.company for p in active if p.vendor_id is None), key=lambda each: each.name)
        self.pushing = {place.company_id for place in active if place.vendor_id is None and place.may_push}

    @classmethod
    def of(cls, person: Person) -> "Reach":
        """One for each person that a request has loaded."""
        if not hasattr(person, "reach_at_hand"):
            person.reach_at_hand = cls(person)
        return person.reach_at_hand

    @property
    def is_contact(self) -> bool:
        return any(self._vendors.values())

    @property
    def is_employed(self) -> bool:
        return bool(self.employers)

    @property
    def is_asked(self) -> bool:
        """Whether a company would like this person to join."""
        return any(place.asked_at for place in self.memberships)

    @cached_property
    def _levels(self) -> dict[tuple[Tool, int], Level]:
        return levels_anywhere(self.person) if self._companies else {}

    def companies_with(self, tool: Tool, level: Level = Level.READ_ONLY) -> list[Company]:
        """Those of its employers where this person holds at least `level`, by name."""
        return [company for company in self.employers if self._levels.get((tool, company.pk), 0) >= level]

    def projects_with(self, tool: Tool, level: Level = Level.READ_ONLY) -> list[Project]:
        """The running projects where this person holds at least `level`, by name; their company comes along."""
        return [project for project in self._projects if self._level_in(project, tool) >= level]

    def _level_in(self, project: Project, tool: Tool) -> Level:
        is_kept_from = self._vendors[project.company_id] is not None and not tool.is_for_vendors
        return Level.NONE if is_kept_from else self._levels.get((tool, project.pk), Level.NONE)

    @cached_property
    def _projects(self) -> list[Project]:
        """Those with any level, in one query; the companies are at hand."""
        held = [place for (tool, place), level in self._levels.items() if tool.scope == "project" and level]
        if not held:
            return []
        found = list(Project.objects.filter(pk__in=held, company__in=self._companies, is_active=True))
        for project in found:
            project.company = self._companies[project.company_id]
        return found
