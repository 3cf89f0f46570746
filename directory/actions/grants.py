"""Giving a person or a group a level on a tool, one at a time or many at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from directory.models import Company, Event, Person
from directory.models.events import subject_name
from directory.permissions import Level, Tool, is_site_owner, level_held, people_with_level, read_access, write_level
from directory.refusals import Refused, Stale

SET_LEVEL = "set level"  # the verb of its event
NOT_ONESELF = (
    "Nobody changes their own levels. Ask another person with Admin on the company's Directory, or the site owner."
)


@transaction.atomic
def set_level(holder, tool: Tool, on, level: Level, *, by) -> None:
    """Make `level` what `holder`, a person or a group, has on `tool` of the company or project `on`.

    One event; none if it was so. Whether `by` may do this is the caller's question: an action that names an invoice
    contact gives levels too (P-3). People who choose levels on a page go through `change_levels`, which asks it.
    Raises Refused where the level could have no effect.
    """
    type(holder).objects.select_for_update(no_key=True).get(pk=holder.pk)  # two changes at once: one after the other
    before = level_held(holder, tool, on)
    if before == level:
        return
    if level > Level.NONE and not isinstance(holder, Group):
        _check_holder(holder, tool, on.company)
    write_level(holder, tool, on, level)
    changes = {f"{name_of(holder)}: {tool.label}": [before.label, level.label]} | whom(holder)
    Event.objects.record(SET_LEVEL, on, by=by, changes=changes)


def name_of(holder) -> str:
    """A person's name; a group's is what its company calls the template."""
    return str(getattr(holder, "template", holder))


def whom(holder) -> dict[str, list[str]]:
    """What an event keeps beside the name, which two people may share, so that it can be found again."""
    return {"holder": ["", subject_name(holder)]}


def _check_holder(person, tool: Tool, company) -> None:
    membership = person.membership_in(company)
    if membership is None:
        raise Refused(f"{person.name} is not in the directory of {company.name}. Add them there first.")
    if membership.vendor_id and not tool.is_for_vendors:
        raise Refused(
            f"{person.name} works for {membership.vendor.name}; {tool.label} is for the company's own people."
        )


@dataclass(frozen=True)
class LevelChange:
    """One cell as somebody left it: whom, which tool of which place, the level wanted, and the one they saw there."""

    holder: Person | Group
    tool: Tool
    on: object
    level: Level
    seen: Level

    def __str__(self):
        return f"{name_of(self.holder)}, {self.tool.label} of {self.on}"


@transaction.atomic
def change_levels(company, wanted: Sequence[LevelChange], *, by) -> int:
    """Set several levels in one company, all or none; returns how many changed.

    An Admin on the company's Directory sets every tool, for people and for templates; an Admin on a project's
    directory sets that project's tools for people; neither sets their own. The site owner, who gives the first level
    of all, is asked for nothing. Raises NotAllowed, Stale where another level stands there than was seen, and Refused
    where nobody would be left to administer the directory.
    """
    lock_holders([change.holder for change in wanted], by)
    for change in wanted:
        _check_place(company, change)
    if not is_site_owner(by):
        _require_authority(wanted, by)
    _check_seen(wanted)
    changed = [change for change in wanted if change.level != change.seen]
    for change in changed:
        set_level(change.holder, change.tool, change.on, change.level, by=by)
    if any(change.tool is Tool.COMPANY_DIRECTORY and change.seen is Level.ADMIN for change in changed):
        check_somebody_administers(company)
    return len(changed)


def lock_holders(holders: Sequence, by) -> None:
    """Hold these people and groups, and whoever acts, until the end: a right that goes meanwhile goes before or after.

    Always people first and in order of their numbers, before any company or vendor, so that two acts at once wait for
    each other and not for ever. Whether `by` is a site owner is read anew.
    """
    people = {by.pk} | {holder.pk for holder in holders if not isinstance(holder, Group)}
    groups = {holder.pk for holder in holders if isinstance(holder, Group)}
    held = {
        each.pk: each for each in Person.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk")
    }
    list(Group.objects.select_for_update(no_key=True).filter(pk__in=groups).order_by("pk"))
    by.is_active, by.is_superuser = held[by.pk].is_active, held[by.pk].is_superuser


def _check_place(company, change: LevelChange) -> None:
    belongs = change.on.company == company and change.tool.scope == change.on._meta.model_name
    if isinstance(change.holder, Group):
        template = getattr(change.holder, "template", None)
        belongs = belongs and template is not None and template.company_id == company.pk
    if not belongs:
        raise Refused(f"{change} is not in the directory of {company.name}.")


def _require_authority(wanted: Sequence[LevelChange], by) -> None:
    places = {change.on: change.on if change.tool.scope == "project" else None for change in wanted}
    accesses = {on: read_access(by, on.company, project) for on, project in places.items()}
    for change in wanted:
        access = accesses[change.on]
        if not access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN):
            access.require(_needed_for(change), Level.ADMIN)
        check_not_oneself(change.holder, by)


def _needed_for(change: LevelChange) -> Tool:
    is_own_affair = change.tool.scope == "project" and not isinstance(change.holder, Group)
    return Tool.PROJECT_DIRECTORY if is_own_affair else Tool.COMPANY_DIRECTORY


def check_not_oneself(holder, by) -> None:
    """A template one is in gives levels to oneself as well."""
    if not is_site_owner(by) and (by == holder or (isinstance(holder, Group) and holder.user_set.contains(by))):
        raise Refused(NOT_ONESELF)


def _check_seen(wanted: Sequence[LevelChange]) -> None:
    found = [(change, level_held(change.holder, change.tool, change.on)) for change in wanted]
    others = [f"{change} is {level.label} now" for change, level in found if level != change.seen]
    if others:
        raise Stale(f"Somebody else changed this while you had it open: {'; '.join(others)}. Nothing was saved.")


def hold_directory_admin(by, company, *holders) -> None:
    """Hold `by` and `holders` as `lock_holders` does, then ask: a right taken in this moment is missed (R66).

    Raises NotAllowed unless `by` is a site owner or Admin on the company's Directory.
    """
    lock_holders(holders, by)
    if not is_site_owner(by):
        read_access(by, company).require(Tool.COMPANY_DIRECTORY, Level.ADMIN)


def check_somebody_administers(company) -> None:
    """Asked at the end of what takes levels away; the company is held, so that the last two do not go at once."""
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    if not people_with_level(company, Tool.COMPANY_DIRECTORY, Level.ADMIN).exists():
        raise Refused(
            f"Nobody would be left with Admin on the Directory of {company.name}. Give it to somebody else first."
        )
