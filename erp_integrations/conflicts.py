"""Who holds rights that should lie in different hands, and which logins may be one pair of hands (R79, R86)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from directory.models import AccountingPrivilege, Company, Membership, Person, Project
from directory.permissions import PUSH_RIGHT, Level, Tool, group_levels_on, own_levels_on, right_named


class Duty(Enum):
    DIRECTORY = "keeps vendors and people"
    PROJECT = "approves for projects"
    ACCOUNTING = "accepts for accounting"


@dataclass(frozen=True)
class Rule:
    """Two duties that one person should not have, and what they could do with both."""

    first: Duty
    second: Duty
    danger: str


RULES = (
    Rule(Duty.DIRECTORY, Duty.ACCOUNTING, "Could enter a vendor, or change its details, and accept its invoices."),
    Rule(Duty.PROJECT, Duty.ACCOUNTING, "Could approve an invoice for the project and accept it for accounting."),
    Rule(Duty.DIRECTORY, Duty.PROJECT, "Could enter a vendor, or change its details, and approve its invoices."),
)


@dataclass(frozen=True)
class Conflict:
    person: Person
    rule: Rule
    grounds: tuple[str, ...]  # each grant in words


def conflicts(company: Company, places: Iterable[Membership], grants: Iterable[AccountingPrivilege]) -> list[Conflict]:
    """Rule by rule, by name; only the company's own active people. Constant in queries.

    `places`: everybody active in its directory; `grants`: those of *Can Push to Accounting* that are live.
    """
    people = {place.person_id: place.person for place in places if place.vendor_id is None}
    grounds = _grounds(company, people, grants)
    return [
        Conflict(person, rule, (*held[rule.first], *held[rule.second]))
        for rule in RULES
        for person in sorted(people.values(), key=lambda each: (each.name, each.pk))
        for held in [grounds[person.pk]]
        if held[rule.first] and held[rule.second]
    ]


def _grounds(company: Company, people: dict[int, Person], grants) -> dict[int, dict[Duty, list[str]]]:
    """{person id: {duty: its grants in words}}; accepting takes the privilege and a level, so it has two."""
    found = defaultdict(lambda: defaultdict(list))
    erp = defaultdict(list)
    for person, tool, level, words in _levels(company, people):
        if tool is Tool.ERP_INTEGRATIONS and level >= Level.STANDARD:
            erp[person].append(words)
        elif tool is Tool.COMPANY_DIRECTORY and level is Level.ADMIN:
            found[person][Duty.DIRECTORY].append(words)
        elif tool is Tool.COMMITMENTS and level is Level.ADMIN:
            found[person][Duty.PROJECT].append(words)
    for grant in grants:
        if erp[grant.person_id]:
            since = company.day_of(grant.granted_at)
            words = f"{PUSH_RIGHT.removeprefix('the privilege ')}, granted by {grant.granted_by.name} on {since}"
            found[grant.person_id][Duty.ACCOUNTING] = [words, *erp[grant.person_id]]
    return found


def _levels(company: Company, people: dict[int, Person]):
    """(person id, tool, level, the grant in words) of everybody's own levels and those of their templates."""
    projects = list(Project.objects.filter(company=company, is_active=True))
    names = {project.pk: project.name for project in projects}
    own = own_levels_on([company, *projects])
    for (person, tool, place), level in _in_order(own, names):
        yield person, tool, level, f"{_named(tool, level, place, names)}, given to them"
    templates, members = {}, defaultdict(list)
    through = Person.groups.through.objects.filter(person__in=people)
    for person, group, name in through.values_list("person", "group", "group__template__name"):
        members[group].append(person)
        templates[group] = name
    of_groups = group_levels_on([company, *projects])
    for (group, tool, place), level in _in_order(of_groups, names):
        for person in members[group]:
            source = f"through the template {templates[group]}" if templates[group] else "through a group"
            yield person, tool, level, f"{_named(tool, level, place, names)}, {source}"


def _in_order(levels: dict, names: dict[int, str]) -> list:
    return sorted(levels.items(), key=lambda item: (item[0][1].label, names.get(item[0][2], ""), item[0][0]))


def _named(tool: Tool, level: Level, place: int, names: dict[int, str]) -> str:
    where = f" of {names[place]}" if tool.scope == "project" else ""
    return f"{right_named(tool, level)}{where}"


@dataclass(frozen=True)
class Twins:
    """Logins that may belong to one person, who could then approve and accept as two; `because` in words."""

    people: tuple[Person, ...]
    because: str


def twins(places: Iterable[Membership]) -> list[Twins]:
    """The same name, or the same mailbox but for a tag after + (R79).

    The company's own active people among each other, and against its vendors': who bills must not approve. `places`:
    all of them.
    """
    found, own = defaultdict(list), set()
    for place in places:
        person = place.person
        found["the same name", " ".join(person.name.casefold().split())].append(person)
        found["the same mailbox", _mailbox(person.email)].append(person)
        own |= set() if place.vendor_id else {person.pk}
    pairs = ((because, people) for (because, _), people in found.items() if len(people) > 1)
    return [Twins(tuple(people), because) for because, people in pairs if own & {person.pk for person in people}]


def _mailbox(email: str) -> str:
    """dana+2@x.example is read by dana@x.example."""
    name, _, domain = email.casefold().rpartition("@")
    return f"{name.partition('+')[0]}@{domain}"
