"""A company's cost codes: one at a time, or a whole list; a code that was used stays, and can only be put aside."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from django.db import transaction

from directory.models import Company, Event
from directory.permissions import Level, Tool, read_access, right_named
from directory.plain_text import unseen_in
from directory.refusals import NotAllowed, Refused, Stale
from invoicing.models import USER_DEFINED, CostCode, CostType, CostTypeName, cost_types_of

RIGHT = right_named(Tool.COMPANY_DIRECTORY, Level.ADMIN)
LONGEST_CODE, LONGEST_NAME, LONGEST_TYPE = 20, 120, 30
MOST_CODES = 15_000  # of one list: the preview sends two inputs for each, below what one form may
MOST_TOLD = 200  # changes of one event; the rest is counted


def _require(by, company: Company) -> None:
    if not read_access(by, company).allows(Tool.COMPANY_DIRECTORY, Level.ADMIN):
        raise NotAllowed(RIGHT)


def why_not_a_code(code: str, name: str) -> dict[str, str]:
    """{field: why, and what to do}; empty when both can be kept. Codes are text: 01-100 stays 01-100 (R108)."""
    wrong = {}
    for field, text, longest in (("code", code, LONGEST_CODE), ("name", name, LONGEST_NAME)):
        if not text:
            wrong[field] = "Type the code." if field == "code" else "Say what the code stands for."
        elif unseen := unseen_in(text):
            wrong[field] = f"It holds {unseen}. Type it again."
        elif len(text) > longest:
            wrong[field] = f"It has {len(text)} characters. Use {longest} at most."
    return wrong


@transaction.atomic
def add(company: Company, code: str, name: str, *, by) -> CostCode:
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    _require(by, company)
    code, name = code.strip(), name.strip()
    for field, words in why_not_a_code(code, name).items():
        raise Refused(words, field=field)
    if company.cost_codes.filter(code__iexact=code).exists():
        raise Refused(f"The company has a cost code {code} already.", field="code")
    made = CostCode.objects.create(company=company, code=code, name=name)
    Event.objects.record("added", made, by=by, changes={"code": ["", code], "name": ["", name]})
    return made


@transaction.atomic
def change(cost_code: CostCode, name: str, *, is_active: bool, version: int, by) -> CostCode:
    """Another name, or put aside: an inactive code stays where it is used and can't be chosen for a new line.

    Raises Stale when somebody saved it since `version`, also by a list that was taken in (I-5).
    """
    company = Company.objects.select_for_update(no_key=True).get(pk=cost_code.company_id)
    _require(by, company)
    cost_code = company.cost_codes.select_for_update().get(pk=cost_code.pk)
    if cost_code.version != version:
        raise Stale("Somebody saved this cost code while you had it open.")
    name = name.strip()
    for field, words in why_not_a_code(cost_code.code, name).items():
        raise Refused(words, field=field)
    wanted = {"name": name, "is_active": is_active}
    changes = {field: [str(getattr(cost_code, field)), str(value)] for field, value in wanted.items()}
    changes = {field: pair for field, pair in changes.items() if pair[0] != pair[1]}
    if changes:
        cost_code.name, cost_code.is_active = name, is_active
        cost_code.version += 1
        cost_code.save(update_fields=["name", "is_active", "version"])
        Event.objects.record("changed", cost_code, by=by, changes=changes)
    return cost_code


class Outcome(Enum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True)
class ListedCode:
    """One row of a list: `row` is its number there."""

    row: int
    code: str
    name: str


@dataclass(frozen=True)
class Plan:
    """What one row of a list would do. `problems`: {field: why not}."""

    listed: ListedCode
    outcome: Outcome
    old_name: str = ""
    problems: dict | None = None


def plan(company: Company, listed: Sequence[ListedCode]) -> list[Plan]:
    """What each row would do now. A code that was put aside comes back with the list; codes not listed stay."""
    stored = {code.code.casefold(): code for code in company.cost_codes.all()}
    seen: dict[str, int] = {}
    return [_planned(each, stored.get(each.code.casefold()), seen) for each in listed]


def _planned(listed: ListedCode, stored: CostCode | None, seen: dict[str, int]) -> Plan:
    problems = why_not_a_code(listed.code, listed.name)
    first = seen.setdefault(listed.code.casefold(), listed.row)
    if first != listed.row and not problems:
        problems = {"code": f"Row {first} has the same code. Keep one of them."}
    if problems:
        return Plan(listed, Outcome.REFUSED, problems=problems)
    if stored is None:
        return Plan(listed, Outcome.NEW)
    is_same = stored.name == listed.name and stored.is_active
    return Plan(listed, Outcome.SAME if is_same else Outcome.CHANGED, old_name=stored.name)


def digest_of(planned: Sequence[Plan]) -> str:
    """Names exactly this plan: whoever applies it has seen it."""
    told = [[each.listed.code, each.listed.name, each.outcome.value, each.old_name] for each in planned]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


@transaction.atomic
def take_in(company: Company, listed: Sequence[ListedCode], *, digest: str, by) -> int:
    """Every row or none; how many codes were new or changed, in one event about the company.

    Raises Stale when it would do something else by now than the plan with that digest.
    """
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    _require(by, company)
    planned = plan(company, listed)
    refused = [each for each in planned if each.outcome is Outcome.REFUSED]
    if refused:
        raise Refused(f"{len(refused)} of the rows can't be taken in. Correct the file and upload it again.")
    if digest_of(planned) != digest:
        raise Stale("The cost codes changed since you looked. This is what the list would do now.")
    new = [each.listed for each in planned if each.outcome is Outcome.NEW]
    changed = {each.listed.code.casefold(): each.listed for each in planned if each.outcome is Outcome.CHANGED}
    CostCode.objects.bulk_create(CostCode(company=company, code=each.code, name=each.name) for each in new)
    rows = [code for code in company.cost_codes.all() if code.code.casefold() in changed]
    told = {each.code: ["", each.name] for each in new} | {row.code: [row.name, ""] for row in rows}
    for row in rows:
        row.name, row.is_active, row.version = changed[row.code.casefold()].name, True, row.version + 1
        told[row.code][1] = row.name
    CostCode.objects.bulk_update(rows, ["name", "is_active", "version"], batch_size=300)
    if told:
        kept = dict(list(told.items())[:MOST_TOLD])
        more = {"further codes": ["", str(len(told) - MOST_TOLD)]} if len(told) > MOST_TOLD else {}
        Event.objects.record("took in a list of cost codes", company, by=by, changes=kept | more)
    return len(told)


@transaction.atomic
def name_types(company: Company, names: Mapping[int, str], *, shown: Mapping[int, str] | None = None, by) -> None:
    """What the company calls these of its own cost types, 6 to 9; "" gives one its plain name back.

    `shown`: what they were called on the page, "" for a plain name. Raises Stale when somebody named one of these
    otherwise since (I-5): each name is its own version, so that two people may name two types at once.
    Refuses a name that would mean two types, or that a workbook's list of choices can't hold; `names[6]` is the field.
    """
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    _require(by, company)
    before = cost_types_of(company)
    after = before | _in_full(names)
    if any(before[kind] not in (name, after[kind]) for kind, name in _in_full(shown or {}).items() if kind in names):
        raise Stale("Somebody named these cost types while you had them open.")
    for kind in names:
        if words := _why_not_a_type(kind, after):
            raise Refused(words, field=f"names[{kind}]")
    changed = {kind: name for kind, name in after.items() if name != before[kind]}
    company.cost_type_names.filter(cost_type__in=changed).delete()
    company.cost_type_names.bulk_create(
        CostTypeName(company=company, cost_type=kind, name=name)
        for kind, name in changed.items()
        if name != CostType(kind).label
    )
    if changed:
        told = {f"cost type {kind}": [before[kind], name] for kind, name in changed.items()}
        Event.objects.record("named its cost types", company, by=by, changes=told)


def _in_full(names: Mapping[int, str]) -> dict[int, str]:
    return {kind: name.strip() or CostType(kind).label for kind, name in names.items()}


def _why_not_a_type(kind: int, names: Mapping[int, str]) -> str:
    """`names`: all nine as they would be."""
    name = names[kind]
    others = {other.casefold() for at, other in names.items() if at != kind}
    others |= {label.casefold() for value, label in CostType.choices if value != kind}
    if kind not in USER_DEFINED:
        return "Sage’s own cost types keep their names."
    if unseen := unseen_in(name):
        return f"It holds {unseen}. Type it again."
    if len(name) > LONGEST_TYPE:
        return f"It has {len(name)} characters. Use {LONGEST_TYPE} at most."
    if set(name) & set('",') or not any(character.isalpha() for character in name):
        return "Use letters, and no comma or quotation mark: spreadsheets offer the names as one list."
    if name.casefold() in others:
        return f"Another cost type is called {name}. Choose another name."
    return ""
