"""Who may touch which tool: the tools, the levels, and what one person holds. The only module that asks guardian.

Levels are guardian permissions on the company or the project itself, kept in direct-foreign-key tables. Granting a
level writes the rungs below it too, so guardian's own list queries are right. A superuser holds nothing by being one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum

from guardian.shortcuts import assign_perm, get_group_perms, get_objects_for_user, get_user_perms, remove_perm

from directory.refusals import NotAllowed


class Level(IntEnum):
    NONE = 0
    READ_ONLY = 1
    STANDARD = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").title()


RUNGS = (Level.READ_ONLY, Level.STANDARD, Level.ADMIN)


class Tool(Enum):
    """(what it sits on, the stem of its permissions, its name)."""

    COMPANY_DIRECTORY = ("company", "directory", "Directory")
    ERP_INTEGRATIONS = ("company", "erp_integrations", "ERP Integrations")
    PROJECT_DIRECTORY = ("project", "directory", "Project directory")
    COMMITMENTS = ("project", "commitments", "Commitments")

    @property
    def scope(self) -> str:
        return self.value[0]

    @property
    def stem(self) -> str:
        return self.value[1]

    @property
    def label(self) -> str:
        return self.value[2]

    def codename(self, level: Level) -> str:
        return f"{self.stem}_{level.name.lower()}"

    def codenames(self) -> list[tuple[str, str]]:
        """(codename, name) of each rung, lowest first: what the model's Meta.permissions holds."""
        return [(self.codename(level), f"{self.label}: {level.label}") for level in RUNGS]


def right_named(tool: Tool, level: Level) -> str:
    return f"{level.label} on {tool.label}"


PUSH_RIGHT = "the privilege Can Push to Accounting"


@dataclass(frozen=True)
class Access:
    """What one person holds in one company, and in one of its projects when that is asked. Read once per request."""

    person: object
    company: object
    project: object | None = None
    membership: object | None = None
    levels: Mapping[Tool, Level] = field(default_factory=dict)
    can_push_to_accounting: bool = False

    def level(self, tool: Tool) -> Level:
        return self.levels.get(tool, Level.NONE)

    def allows(self, tool: Tool, level: Level) -> bool:
        return self.level(tool) >= level

    def require(self, tool: Tool, level: Level) -> None:
        """Raises NotAllowed, naming the right, unless the person holds `level` on `tool`."""
        if not self.allows(tool, level):
            raise NotAllowed(right_named(tool, level))

    @property
    def is_external(self) -> bool:
        """Employed by a vendor, not by the company (P-1)."""
        return self.membership is not None and self.membership.vendor_id is not None

    @property
    def vendor_id(self) -> int | None:
        return self.membership.vendor_id if self.membership else None


def read_access(person, company, project=None) -> Access:
    """What `person` holds there now, from the database. Inactive people and memberships hold nothing."""
    membership = person.membership_in(company) if person.is_active else None
    if membership is None:
        return Access(person, company, project)
    levels = _levels(person, company, "company")
    if project is not None:
        levels |= _levels(person, project, "project")
    return Access(person, company, project, membership, levels, person.holds_push_privilege(company))


def _levels(person, on, scope: str) -> dict[Tool, Level]:
    held = {*get_user_perms(person, on), *get_group_perms(person, on)}
    return {
        tool: max((level for level in RUNGS if tool.codename(level) in held), default=Level.NONE)
        for tool in Tool
        if tool.scope == scope
    }


def objects_with_level(person, tool: Tool, level: Level, model):
    """The companies or projects where `person` holds at least `level`: the list twin of `Access.allows`."""
    if not person.is_active:
        return model.objects.none()
    return get_objects_for_user(
        person,
        f"directory.{tool.codename(level)}",
        model.objects.filter(**{model.MEMBERS: person, model.MEMBERS_ACTIVE: True}),
        with_superuser=False,
        accept_global_perms=False,
    )


def write_level(holder, tool: Tool, on, level: Level) -> None:
    """Give a person or a group exactly `level`: every rung up to it, none above. Only `actions.grants` calls this."""
    for rung in RUNGS:
        change = assign_perm if rung <= level else remove_perm
        change(f"directory.{tool.codename(rung)}", holder, on)


def level_held(holder, tool: Tool, on) -> Level:
    """The level given to this person directly, without their groups."""
    held = set(get_user_perms(holder, on))
    return max((level for level in RUNGS if tool.codename(level) in held), default=Level.NONE)
