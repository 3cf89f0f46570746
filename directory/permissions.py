"""Who may touch which tool: the tools, the levels, and what one person holds. The only module that asks guardian.

Levels are guardian permissions on the company or the project itself, kept in direct-foreign-key tables. Granting a
level writes the rungs below it too, so guardian's own list queries are right. A superuser holds nothing by being one,
and permissions given for a whole model count for nothing.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from guardian.shortcuts import assign_perm, remove_perm
from guardian.utils import get_group_obj_perms_model, get_user_obj_perms_model

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

    @property
    def is_for_vendors(self) -> bool:
        """Whether a vendor's people may hold a level on it; the other tools show what is not theirs (P-1)."""
        return self is Tool.COMMITMENTS

    def codename(self, level: Level) -> str:
        return f"{self.stem}_{level.name.lower()}"

    def codenames(self) -> list[tuple[str, str]]:
        """(codename, name) of each rung, lowest first: what the model's Meta.permissions holds."""
        return [(self.codename(level), f"{self.label}: {level.label}") for level in RUNGS]


def right_named(tool: Tool, level: Level) -> str:
    return f"{level.label} on {tool.label}"


def is_site_owner(person) -> bool:
    """Keeps people, levels and privileges in the admin (P-4); nobody while the login is closed, or not signed in."""
    return person.is_active and person.is_superuser


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
        """Raises NotAllowed, naming the right and who holds it, unless the person holds `level` on `tool`."""
        if not self.allows(tool, level):
            raise NotAllowed(right_named(tool, level), helpers=self._helpers(tool, level))

    def _helpers(self, tool: Tool, level: Level) -> list[str]:
        on = self.company if tool.scope == "company" else self.project
        return names_with_level(on, tool, level) if on is not None else []

    @property
    def is_directory_admin(self) -> bool:
        """Of the company: who may read all of its record."""
        return self.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)

    @property
    def is_external(self) -> bool:
        """Employed by a vendor, not by the company (P-1)."""
        return self.membership is not None and self.membership.vendor_id is not None

    @property
    def vendor_id(self) -> int | None:
        return self.membership.vendor_id if self.membership else None


# What one person holds in one place


def read_access(person, company, project=None, *, memberships: Sequence | None = None) -> Access:
    """What `person` holds there now, in two queries. Inactive people and memberships hold nothing.

    `memberships`: all of the person's, where a door has them at hand from this very request. Actions give none: what
    is asked inside a lock is read inside it (R66).
    """
    if memberships is None:
        memberships = _membership_in(person, company)
    here = (each for each in memberships if each.company_id == company.pk and each.is_active)
    membership = next(here, None) if person.is_active else None
    if membership is None:
        return Access(person, company, project)
    is_external = membership.vendor_id is not None
    levels = _levels(person, [company] if project is None else [company, project], is_external)
    may_push = not is_external and bool(membership.may_push)
    return Access(person, company, project, membership, levels, may_push)


def memberships_of(person: int, now: datetime | None = None) -> QuerySet:
    """All there are, in whatever company and state: few, and the bar on top of a page asks for them too."""
    privileges = apps.get_model("directory", "accountingprivilege").objects.filter(live_privilege(now=now))
    may_push = Exists(privileges.filter(person=person, company=OuterRef("company")))
    found = apps.get_model("directory", "membership").objects.filter(person=person)
    return found.select_related("vendor", "company").annotate(may_push=may_push)


# Written out, because every act asks it: Django takes ten times as long to put it into words as it takes to answer.
MEMBERSHIP_IN = """
SELECT place.*, EXISTS (
    SELECT 1 FROM directory_accountingprivilege given
    WHERE given.person_id = place.person_id AND given.company_id = place.company_id
    AND given.withdrawn_at IS NULL AND (given.ends_at IS NULL OR given.ends_at > %s)
) AS may_push
FROM directory_membership place WHERE place.person_id = %s AND place.company_id = %s"""


def _membership_in(person, company) -> Sequence:
    """The person's in that company, in whatever state, as `memberships_of` reads them all; none or one."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return apps.get_model("directory", "membership").objects.raw(MEMBERSHIP_IN, [now, person.pk, company.pk])


MOST_OF_VENDORS = Level.STANDARD  # 1.2: more that was given to an outsider counts as this


def _levels(person, places: Sequence, is_external: bool) -> dict[Tool, Level]:
    scopes = {place._meta.model_name: place for place in places}
    tools = [tool for tool in Tool if tool.scope in scopes and (tool.is_for_vendors or not is_external)]
    held = _rungs_of(person, [scopes[scope] for scope in sorted({tool.scope for tool in tools})])
    most = MOST_OF_VENDORS if is_external else max(RUNGS)
    return {tool: min(_highest(tool, held[tool.scope]), most) for tool in tools}


# Written out as well.
RUNGS_ON = """
SELECT '{scope}', named.codename FROM directory_{scope}userpermission given
JOIN auth_permission named ON named.id = given.permission_id
WHERE given.user_id = %s AND given.content_object_id = %s
UNION SELECT '{scope}', named.codename FROM directory_{scope}grouppermission given
JOIN auth_permission named ON named.id = given.permission_id
JOIN directory_person_groups member ON member.group_id = given.group_id
WHERE member.person_id = %s AND given.content_object_id = %s"""


def _rungs_of(person, places: Sequence) -> dict[str, set[str]]:
    """{company or project: every codename held on that row, by oneself or through a group}, in one query."""
    held = defaultdict(set)
    if places:
        asked = " UNION ".join(RUNGS_ON.format(scope=on._meta.model_name) for on in places)
        with connection.cursor() as cursor:
            cursor.execute(asked, [pk for on in places for pk in (person.pk, on.pk) * 2])
            for scope, codename in cursor.fetchall():
                held[scope].add(codename)
    return held


# And once more, of every place.
RUNGS_ANYWHERE = """
SELECT '{scope}', given.user_id, given.content_object_id, named.codename FROM directory_{scope}userpermission given
JOIN auth_permission named ON named.id = given.permission_id
WHERE given.user_id = %s
UNION SELECT '{scope}', member.person_id, given.content_object_id, named.codename
FROM directory_{scope}grouppermission given
JOIN auth_permission named ON named.id = given.permission_id
JOIN directory_person_groups member ON member.group_id = given.group_id
WHERE member.person_id = %s"""


def levels_anywhere(person) -> dict[tuple[Tool, int], Level]:
    """{(tool, company or project id): what `person` was given there, by oneself or through a group}, in one query.

    Whether they still belong to that company is not asked here.
    """
    scopes = ("company", "project")
    asked = " UNION ".join(RUNGS_ANYWHERE.format(scope=scope) for scope in scopes)
    with connection.cursor() as cursor:
        cursor.execute(asked, [person.pk] * 2 * len(scopes))
        return {(tool, place): level for (_, tool, place), level in _ladders(cursor.fetchall()).items()}


def _highest(tool: Tool, held: set[str]) -> Level:
    return max((level for level in RUNGS if tool.codename(level) in held), default=Level.NONE)


# Lists: the twins of the above


def objects_with_level(person, tool: Tool, level: Level) -> QuerySet:
    """The companies or projects where `person` holds at least `level`: the list twin of `Access.allows` (R64)."""
    model = apps.get_model("directory", tool.scope)
    if not person.is_active:
        return model.objects.none()
    memberships = person.memberships.filter(is_active=True)
    if not tool.is_for_vendors or level > MOST_OF_VENDORS:
        memberships = memberships.filter(vendor=None)
    company = "pk" if tool.scope == "company" else "company"
    rungs = {"permission__codename__in": _codenames_from(tool, level)}
    own = get_user_obj_perms_model(model).objects.filter(user=person, **rungs).values("content_object")
    of_groups = get_group_obj_perms_model(model).objects.filter(group__user=person, **rungs).values("content_object")
    held = Q(pk__in=own) | Q(pk__in=of_groups)
    return model.objects.filter(held, **{f"{company}__in": memberships.values("company")})


# With one of these a person moves money: approves or accepts it, says where it goes, or says who may (R93, R94).
MOVES_MONEY = (
    (Tool.ERP_INTEGRATIONS, Level.READ_ONLY),
    (Tool.COMPANY_DIRECTORY, Level.ADMIN),
    (Tool.PROJECT_DIRECTORY, Level.ADMIN),
    (Tool.COMMITMENTS, Level.ADMIN),
)


def companies_where_money_moves(person) -> QuerySet:
    """The companies in which `person` holds one of MOVES_MONEY."""
    places = Q()
    for tool, level in MOVES_MONEY:
        path = "pk__in" if tool.scope == "company" else "projects__in"
        places |= Q(**{path: objects_with_level(person, tool, level).values("pk")})
    return apps.get_model("directory", "company").objects.filter(places).distinct()


def _codenames_from(tool: Tool, level: Level) -> list[str]:
    return [tool.codename(rung) for rung in RUNGS if rung >= level]


def visible_projects(person, tool: Tool, level: Level = Level.READ_ONLY) -> QuerySet:
    """The running projects where `person` holds at least `level` on `tool`; their company comes along."""
    return objects_with_level(person, tool, level).filter(is_active=True).select_related("company")


def projects_visible_to(person) -> QuerySet:
    """The projects whose pages open for `person`: any level on Commitments, which invoicing goes by."""
    return visible_projects(person, Tool.COMMITMENTS)


def people_with_level(on, tool: Tool, level: Level, *, own: bool = False) -> QuerySet:
    """Active people who hold at least `level` on `tool` of the company or project `on`, by themselves or a group.

    `own`: only those whom the company itself employs.
    """
    members = Q(memberships__company=on.company, memberships__is_active=True)
    if own or not tool.is_for_vendors or level > MOST_OF_VENDORS:
        members &= Q(memberships__vendor=None)
    rungs = {"content_object": on, "permission__codename__in": _codenames_from(tool, level)}
    own = get_user_obj_perms_model(on).objects.filter(**rungs).values("user")
    of_groups = get_group_obj_perms_model(on).objects.filter(**rungs, group__user__isnull=False).values("group__user")
    return get_user_model().objects.filter(members, Q(pk__in=own) | Q(pk__in=of_groups), is_active=True)


def names_with_level(on, tool: Tool, level: Level) -> list[str]:
    """Whom to ask: five names at most of the company's own people who hold at least `level`."""
    return list(people_with_level(on, tool, level, own=True).values_list("name", flat=True)[:5])


def accounting_approvers(company) -> QuerySet:
    """Standard or Admin on ERP Integrations together with a live grant of *Can Push to Accounting* (domain 1)."""
    return people_with_level(company, Tool.ERP_INTEGRATIONS, Level.STANDARD).filter(
        live_privilege("privileges__"), privileges__company=company
    )


def approver_names(company) -> QuerySet:
    """Whom to ask, as in `names_with_level`; the database is asked where they are read."""
    return accounting_approvers(company).values_list("name", flat=True)[:5]


def live_privilege(prefix: str = "", now: datetime | None = None) -> Q:
    """A grant of *Can Push to Accounting* that is neither withdrawn nor past its end; `prefix` leads to it."""
    not_over = Q(**{f"{prefix}ends_at__isnull": True}) | Q(**{f"{prefix}ends_at__gt": now or timezone.now()})
    return Q(**{f"{prefix}withdrawn_at__isnull": True}) & not_over


def people_without_a_level() -> QuerySet:
    """The companies' own active people who hold no level on any tool, by themselves or through a group."""
    holders = Q()
    for model in (apps.get_model("directory", scope) for scope in ("company", "project")):
        holders |= Q(pk__in=get_user_obj_perms_model(model).objects.values("user"))
        of_groups = get_group_obj_perms_model(model).objects.filter(group__user__isnull=False)
        holders |= Q(pk__in=of_groups.values("group__user"))
    own = apps.get_model("directory", "membership").objects.filter(is_active=True, vendor=None)
    return get_user_model().objects.filter(~holders, pk__in=own.values("person"), is_active=True)


def levels_held_on(places: Sequence, people: Sequence | None = None) -> dict[tuple[int, Tool, int], Level]:
    """What everybody, or these people, hold on these companies and projects: {(person id, tool, place id): level}.

    One query, as in its two siblings.
    """
    return _ladders(_at_once(_own_rows(places, people) + _group_rows(places, "group__user", people)))


def own_levels_on(places: Sequence, people: Collection[int] | None = None) -> dict[tuple[int, Tool, int], Level]:
    """What `people`, or all, were given by themselves, without groups: {(person id, tool, place id): level}."""
    return _ladders(_at_once(_own_rows(places, people)))


def group_levels_on(places: Sequence) -> dict[tuple[int, Tool, int], Level]:
    """What groups were given: {(group id, tool, place id): level}."""
    return _ladders(_at_once(_group_rows(places, "group")))


def _own_rows(places: Sequence, people: Collection | None = None) -> list[QuerySet]:
    whose = {} if people is None else {"user__in": people}
    return [
        _rungs(get_user_obj_perms_model(kind).objects.filter(content_object__in=on, **whose), kind, "user")
        for kind, on in _by_kind(places).items()
    ]


def _group_rows(places: Sequence, holder: str, holders: Collection | None = None) -> list[QuerySet]:
    wanted = {f"{holder}__isnull": False} if holders is None else {f"{holder}__in": holders}  # one join, one filter
    return [
        _rungs(get_group_obj_perms_model(kind).objects.filter(content_object__in=on, **wanted), kind, holder)
        for kind, on in _by_kind(places).items()
    ]


def _rungs(given: QuerySet, kind, holder: str) -> QuerySet:
    scope = Value(kind._meta.model_name, output_field=CharField())
    return given.annotate(scope=scope).values_list("scope", holder, "content_object", "permission__codename")


def _by_kind(places: Sequence) -> dict[type, list]:
    found = defaultdict(list)
    for place in places:
        found[type(place)].append(place)
    return found


def _at_once(rows: list[QuerySet]) -> Iterable:
    return rows[0].union(*rows[1:]) if rows else ()


def _ladders(rows: Iterable) -> dict[tuple[int, Tool, int], Level]:
    """(scope, holder id, place id, codename) of each rung, put together to levels; holders of nothing are left out."""
    held = defaultdict(set)
    for scope, holder, place, codename in rows:
        held[scope, holder, place].add(codename)
    return {
        (holder, tool, place): _highest(tool, codenames)
        for (scope, holder, place), codenames in held.items()
        for tool in Tool
        if tool.scope == scope
    }


# Writing


def write_level(holder, tool: Tool, on, level: Level) -> None:
    """Give a person or a group exactly `level`: every rung up to it, none above. Only `actions` call this."""
    for rung in RUNGS:
        change = assign_perm if rung <= level else remove_perm
        change(f"directory.{tool.codename(rung)}", holder, on)


def drop_levels(person, places: Sequence) -> None:
    """Take every level the person was given by themselves on these companies and projects. Only `actions` call this."""
    for model in {get_user_obj_perms_model(place) for place in places}:
        kind = model._meta.get_field("content_object").related_model
        on = [place for place in places if isinstance(place, kind)]
        rungs = [tool.codename(rung) for tool in Tool for rung in RUNGS]
        model.objects.filter(user=person, content_object__in=on, permission__codename__in=rungs).delete()


def level_held(holder, tool: Tool, on) -> Level:
    """The level given to this person or group directly; what a person has through groups is left out."""
    if isinstance(holder, get_user_model()):
        rows = get_user_obj_perms_model(on).objects.filter(user=holder)
    else:
        rows = get_group_obj_perms_model(on).objects.filter(group=holder)
    return _highest(tool, set(rows.filter(content_object=on).values_list("permission__codename", flat=True)))
