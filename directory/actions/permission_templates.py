"""Permission templates of a company: naming them, who is in them, and leaving them all at once.

What a template gives is set with `grants.change_levels`, as what a person has is. A template gives levels on tools;
*Can Push to Accounting* is a row of one person's own and has no way in here (P-4).
"""

from collections.abc import Sequence

from django.contrib.auth.models import Group
from django.db import transaction

from directory.actions.grants import (
    check_not_oneself,
    check_somebody_administers,
    hold_directory_admin,
    whom,
)
from directory.models import Company, Event, PermissionTemplate
from directory.permissions import Level, Tool, level_held
from directory.refusals import NotNow, Refused

ADDED = "added to the permission template"  # the verb of its event


@transaction.atomic
def create(company, name: str, *, by) -> PermissionTemplate:
    """A template that gives nothing yet and has nobody in it."""
    hold_directory_admin(by, company)
    name = _free_name(company, name)
    group = Group.objects.create(name=_group_name(company, name))
    template = PermissionTemplate.objects.create(company=company, name=name, group=group)
    Event.objects.record("made the permission template", template, by=by, changes={"name": ["", name]})
    return template


@transaction.atomic
def rename(template: PermissionTemplate, name: str, *, by) -> PermissionTemplate:
    template = _locked(template, by)
    before, name = template.name, _free_name(template.company, name, besides=template)
    if name == before:
        return template
    template.name = name
    template.save(update_fields=["name"])
    template.group.name = _group_name(template.company, name)
    template.group.save(update_fields=["name"])
    Event.objects.record("renamed the permission template", template, by=by, changes={"name": [before, name]})
    return template


@transaction.atomic
def delete(template: PermissionTemplate, *, by) -> None:
    """Only when nobody is in it. Its group goes along, and with the group every rung it held (R65)."""
    template = _locked(template, by)
    count = template.group.user_set.count()
    if count:
        people = "1 person is" if count == 1 else f"{count} people are"
        raise NotNow(f"{people} in {template.name}. Take them out first, so that nobody loses levels unseen.")
    Event.objects.record("deleted the permission template", template, by=by, changes={"name": [template.name, ""]})
    template.delete()
    template.group.delete()


@transaction.atomic
def add_person(template: PermissionTemplate, person, *, by) -> None:
    """From now on the person has the template's levels beside their own; a vendor's person only where vendors may."""
    template = _locked(template, by, person)
    check_not_oneself(person, by)
    if person.membership_in(template.company) is None or not person.is_active:
        raise Refused(
            f"{person.name} is not in the directory of {template.company.name}. Add them there first.", field="person"
        )
    if template.group.user_set.contains(person):
        raise Refused(f"{person.name} is in {template.name} already.", field="person")
    template.group.user_set.add(person)
    _record_people(ADDED, template, by, ["", person.name], person)


@transaction.atomic
def remove_person(template: PermissionTemplate, person, *, by) -> None:
    """The levels the template gave end at once; a second click changes nothing."""
    template = _locked(template, by, person)
    check_not_oneself(person, by)
    if _take_out(template, person, by) and _administers(template):
        check_somebody_administers(template.company)


def leave_all(person, company, *, by) -> list[PermissionTemplate]:
    """Take a person out of every template of a company, when they leave its directory or move to another employer.

    In the caller's transaction; the caller has checked that `by` may do that. Returns the templates they were in.
    """
    return [template for template in templates_of(person, company) if _take_out(template, person, by)]


def templates_of(person, company) -> Sequence[PermissionTemplate]:
    return list(PermissionTemplate.objects.filter(company=company, group__user=person).select_related("company"))


def _take_out(template: PermissionTemplate, person, by) -> bool:
    if not template.group.user_set.contains(person):
        return False
    template.group.user_set.remove(person)
    _record_people("taken out of the permission template", template, by, [person.name, ""], person)
    return True


def _record_people(verb: str, template: PermissionTemplate, by, change: list[str], person) -> None:
    Event.objects.record(verb, template, by=by, changes={"person": change} | whom(person))


def _administers(template: PermissionTemplate) -> bool:
    return level_held(template.group, Tool.COMPANY_DIRECTORY, template.company) is Level.ADMIN


def _locked(template: PermissionTemplate, by, *people) -> PermissionTemplate:
    """As it is now, held with its people's rows, for somebody who may change it. NotNow where it was deleted."""
    hold_directory_admin(by, template.company, *people, template.group)
    rows = PermissionTemplate.objects.select_for_update(of=("self",)).select_related("company", "group")
    found = rows.filter(pk=template.pk).first()
    if found is None:
        raise NotNow(f"The permission template {template.name} was deleted.")
    return found


def _free_name(company, name: str, besides: PermissionTemplate | None = None) -> str:
    """Raises Refused where there is none or it is taken; the company is held so that it stays free."""
    name = " ".join(name.split())
    if not name:
        raise Refused("Give the template a name.", field="name")
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    others = PermissionTemplate.objects.filter(company=company, name__iexact=name)
    if others.exclude(pk=besides.pk if besides else None).exists():
        raise Refused(f"There is a template named {name} already. Choose another name.", field="name")
    return name


def _group_name(company, name: str) -> str:
    """Django's groups share one list of names; the number keeps two companies apart whatever their slugs become."""
    return f"{company.slug} {company.pk}: {name}"
