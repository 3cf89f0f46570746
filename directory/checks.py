"""What must never be in the tables of rights: levels for all rows of a model at once, and levels that nobody ended; and
a site that works as the owner of its own record.

guardian's own lists show everything to whoever holds a permission for a whole model (M15, R64), and a row left behind
opens its place again to whoever comes back (R65). Neither has any effect through `directory.permissions`; they are
looked for all the same, so that they are found before somebody asks another way.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.conf import settings
from django.contrib.auth.models import Group
from django.core import checks
from django.db import connections
from django.db.models import Exists, OuterRef

from directory.models import (
    CompanyGroupPermission,
    CompanyUserPermission,
    Event,
    Membership,
    Person,
    ProjectGroupPermission,
    ProjectUserPermission,
)
from directory.permissions import RUNGS, Tool

OWN = ((CompanyUserPermission, "content_object"), (ProjectUserPermission, "content_object__company"))
OF_GROUPS = (CompanyGroupPermission, ProjectGroupPermission)
CODENAMES = [tool.codename(rung) for tool in Tool for rung in RUNGS]
FOR_VENDORS = [tool.codename(rung) for tool in Tool if tool.is_for_vendors for rung in RUNGS]


@checks.register(checks.Tags.database)
def check_levels(app_configs, databases=None, **kwargs):  # Django's signature
    """Errors for a tool of every row at once, warnings for what was left behind; silent before the first migrate."""
    if not databases or "default" not in databases or not _has_tables():
        return []
    errors = [checks.Error(words, id="directory.E001") for words in for_whole_models()]
    return errors + [checks.Warning(words, id="directory.W001") for words in left_behind()]


@checks.register(checks.Tags.database, "role", deploy=True)
def check_role(app_configs, databases=None, **kwargs):  # Django's signature
    """R120: whoever owns the record may switch off what guards it, and so may a superuser. SQLite has no roles.

    Among the checks of a deployment, which `migrate` leaves out: it has to be the owner.
    """
    is_ours = databases and "default" in databases and not settings.EMBEDDED and not settings.DEMO
    if not is_ours or connections["default"].vendor != "postgresql" or not _may_switch_off():
        return []
    words = "The role in DATABASE_URL owns the record of what happened, and may switch off what guards it."
    hint = (
        "Right for migrate, backup and restore. The site itself runs as another role: "
        "`database_roles --apply` makes plumbline_app, and DATABASE_URL of web, worker and scheduler names that."
    )
    return [checks.Warning(words, hint=hint, id="directory.W002")]


def _may_switch_off() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_class WHERE oid = to_regclass(%s) AND pg_has_role(relowner, 'USAGE')",
            [Event._meta.db_table],
        )
        return cursor.fetchone() is not None


def _has_tables() -> bool:
    needed = {model._meta.db_table for model in (Person, Membership, *OF_GROUPS, *(model for model, _ in OWN))}
    return needed <= set(connections["default"].introspection.table_names())


def for_whole_models() -> list[str]:
    """Grants of a tool's permission that name no company and no project."""
    asked = {"permission__codename__in": CODENAMES, "permission__content_type__app_label": "directory"}
    people = Person.user_permissions.through.objects.filter(**asked)
    groups = Group.permissions.through.objects.filter(**asked)
    held = [*people.values_list("person__email", "permission__codename")]
    held += groups.values_list("group__name", "permission__codename")
    return [
        f"{holder} holds {codename} for every row at once. Take it away: levels are given on one place."
        for holder, codename in held
    ]


def left_behind() -> list[str]:
    """Grants that nobody could use now and that would count again some day, and ladders with a rung missing."""
    return [*_of_people_who_left(), *_of_vendors_people(), *_in_templates(), *_of_unnamed_groups(), *_gaps()]


def _of_people_who_left() -> Iterator[str]:
    for model, company in OWN:
        rows = model.objects.exclude(_member("user", company)).distinct()
        for email, place in rows.values_list("user__email", "content_object__name").distinct():
            yield f"{email} is not in the directory and still has levels on {place}."


def _of_vendors_people() -> Iterator[str]:
    for model, company in OWN:
        rows = model.objects.filter(_member("user", company, vendor__isnull=False))
        rows = rows.exclude(permission__codename__in=FOR_VENDORS)
        for email, place in rows.values_list("user__email", "content_object__name").distinct():
            yield f"{email} works for a vendor and still has levels on {place} that are for its own people."


def _in_templates() -> Iterator[str]:
    rows = Person.groups.through.objects.filter(group__template__isnull=False)
    rows = rows.exclude(_member("person", "group__template__company"))
    for email, name in rows.values_list("person__email", "group__template__name"):
        yield f"{email} is not in the directory and still in the permission template {name}."


def _member(person: str, company: str, **also) -> Exists:
    return Exists(
        Membership.objects.filter(
            person=OuterRef(person), company=OuterRef(company), is_active=True, person__is_active=True, **also
        )
    )


def _of_unnamed_groups() -> Iterator[str]:
    for model in OF_GROUPS:
        for name in model.objects.filter(group__template=None).values_list("group__name", flat=True).distinct():
            yield f"The group {name} has levels and is no company's permission template."


def _gaps() -> Iterator[str]:
    for model, holder in [(model, "user__email") for model, _ in OWN] + [(model, "group__name") for model in OF_GROUPS]:
        held = defaultdict(set)
        for name, place, codename in model.objects.values_list(holder, "content_object__name", "permission__codename"):
            held[name, place].add(codename)
        scope = model._meta.get_field("content_object").related_model._meta.model_name
        for (name, place), codenames in held.items():
            if any(_has_gap(tool, codenames) for tool in Tool if tool.scope == scope):
                yield f"{name} holds a level on {place} without the rungs below it."


def _has_gap(tool: Tool, codenames: set[str]) -> bool:
    steps = [tool.codename(rung) in codenames for rung in RUNGS]
    return steps != sorted(steps, reverse=True)
