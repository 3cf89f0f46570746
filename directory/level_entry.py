"""What somebody chose in a matrix of levels: the cells that differ from what they saw there."""

import re
from collections.abc import Mapping

from django.contrib.auth.models import Group

from directory.actions.grants import LevelChange
from directory.matrix import Typed
from directory.models import Person
from directory.permissions import Level, Tool
from directory.refusals import Refused

KEY = re.compile(r"(person|template)-(\d{1,18})-([a-z_]+)-(\d{1,18})")
TOOLS = {tool.name.lower(): tool for tool in Tool}
GONE = "Somebody or something you chose a level for is no longer in this directory. Load the page again."


def typed_in(posted: Mapping[str, str]) -> dict[str, Typed]:
    """{key of the cell: level wanted, level seen} of each cell that was changed. Raises Refused for no level at all."""
    typed = {
        name.removeprefix("level-"): Typed(_level(wanted), _level(posted.get(name.replace("level-", "seen-", 1), "")))
        for name, wanted in posted.items()
        if name.startswith("level-")
    }
    return {key: each for key, each in typed.items() if each.level != each.seen}


def _level(text: str) -> Level:
    try:
        return Level(int(text))
    except ValueError:
        raise Refused("Choose a level from the list: None, Read Only, Standard or Admin.") from None


def changes_in(company, typed: Mapping[str, Typed]) -> list[LevelChange]:
    """The same as changes of people and templates of this company. Raises Refused where a cell is none of its own."""
    found = {key: KEY.fullmatch(key) for key in typed}
    if not all(found.values()):
        raise Refused(GONE)
    cells = {key: (match[1], int(match[2]), TOOLS.get(match[3]), int(match[4])) for key, match in found.items()}
    holders = _holders(company, cells.values())
    places = _places(company, cells.values())
    try:
        return [
            LevelChange(holders[kind, pk], tool, places[tool, place], *typed[key])
            for key, (kind, pk, tool, place) in cells.items()
        ]
    except KeyError:
        raise Refused(GONE) from None


def _holders(company, cells) -> dict:
    asked = {kind: {pk for of_kind, pk, _, _ in cells if of_kind == kind} for kind in ("person", "template")}
    people = Person.objects.filter(pk__in=asked["person"], memberships__company=company, memberships__is_active=True)
    groups = Group.objects.filter(template__company=company, template__in=asked["template"])
    return {("person", person.pk): person for person in people} | {
        ("template", group.template.pk): group for group in groups.select_related("template")
    }


def _places(company, cells) -> dict:
    projects = company.projects.filter(
        is_active=True, pk__in={place for _, _, tool, place in cells if tool and tool.scope == "project"}
    )
    found = {(tool, company.pk): company for tool in Tool if tool.scope == "company"}
    return found | {(tool, each.pk): each for each in projects for tool in Tool if tool.scope == "project"}
