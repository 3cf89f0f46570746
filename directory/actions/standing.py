"""What a login is on the whole site: open or closed, let into the admin, a site owner. Only site owners change it.

A company has no part in it, so what changes is on record in every company it concerns, and the site owners hear of it.
"""

from collections.abc import Mapping

from django.db import transaction

from directory import standing_mail
from directory.actions import account_links, logins, people, privileges
from directory.actions.grants import lock_holders
from directory.models import Company, Event, Person
from directory.refusals import Refused
from directory.sessions import end_sessions

FLAGS = ("is_active", "is_staff", "is_superuser")
NAMES = {"is_active": "login open", "is_staff": "may open the admin", "is_superuser": "site owner"}
LOOKS = "may look at"


@transaction.atomic
def change_standing(person, wanted: Mapping, *, by, reason: str) -> None:
    """Make the person's FLAGS, and "user_permissions" (what staff may look at in the admin), what `wanted` says.

    A login that is closed leaves every directory first, and what it held ends (R67); *Can Push to Accounting* is
    withdrawn with it and does not come back with the login (P-4). Raises NotAllowed unless `by` is a site owner,
    Refused for oneself, without a reason, and where a company would be left without a Directory Admin.
    """
    lock_holders([person], by)
    privileges.require_site_owner(by)
    person = Person.objects.get(pk=person.pk)
    changes = _changes(person, wanted)
    if not changes:
        return
    reason = reason.strip()[:300]
    if not reason:
        raise Refused("Say why: it stays on record.", field="reason")
    if person == by:
        raise Refused("Nobody changes this for themselves. Ask another site owner.")
    concerned = _concerned(person, changes)
    if person.is_active and not wanted.get("is_active", True):
        _leave_everywhere(person, by, reason)
    for name in FLAGS:
        setattr(person, name, wanted.get(name, getattr(person, name)))
    person.save(update_fields=FLAGS)
    if "user_permissions" in wanted:
        person.user_permissions.set(wanted["user_permissions"])
    end_sessions(person)  # what an old session may do does not grow (R94)
    told = {"login": ["", f"{person.name}, {person.email}"]} | changes
    for subject in concerned:
        Event.objects.record(_verb(changes), subject, by=by, reason=reason, changes=told)
    _tell_the_owners(person, changes, reason, by)


@transaction.atomic
def rename_login(person, name: str, *, by) -> None:
    """As a site owner corrects it; everybody else changes their own name in their profile."""
    lock_holders([person], by)
    privileges.require_site_owner(by)
    person = Person.objects.get(pk=person.pk)
    name = " ".join(name.split())
    if not name:
        raise Refused("Enter a name.", field="name")
    if name != person.name:
        changes = {"name": [person.name, name]}
        person.name = name
        person.save(update_fields=["name"])
        people.record_change(person, changes, by=by)


def _changes(person, wanted: Mapping) -> dict[str, list[str]]:
    changes = {
        NAMES[name]: [_yes(getattr(person, name)), _yes(wanted[name])]
        for name in FLAGS
        if name in wanted and getattr(person, name) != wanted[name]
    }
    if "user_permissions" in wanted:
        old, new = (_in_words(each) for each in (person.user_permissions.all(), wanted["user_permissions"]))
        if old != new:
            changes[LOOKS] = [old, new]
    return changes


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"


def _in_words(permissions) -> str:
    return ", ".join(sorted(permission.name for permission in permissions))


def _concerned(person, changes: dict) -> list:
    """Where it is on record: as every change of the login, and in every company if it reaches all."""
    places = logins.places_of_record(person)
    reaches_all = person.is_superuser or person.is_staff or changes.keys() - {NAMES["is_active"]}
    if not reaches_all:
        return places
    return [*places, *Company.objects.exclude(pk__in=[place.company.pk for place in places]).order_by("pk")]


def _verb(changes: dict) -> str:
    for name, to_yes, to_no in (
        (NAMES["is_superuser"], "made a site owner", "no longer a site owner"),
        (NAMES["is_active"], "opened the login again", "closed the login"),
    ):
        if name in changes:
            return to_yes if changes[name][1] == "yes" else to_no
    return "changed what the login may see in the admin"


def _leave_everywhere(person, by, reason: str) -> None:
    for place in person.memberships.select_related("company", "person"):
        if place.is_active or place.asked_at:
            people.deactivate_membership(place, by=by, reason=f"The login was closed: {reason}"[:300])
    for privilege in person.privileges.live():
        privileges.withdraw(privilege, by=by, reason=f"The login was closed: {reason}"[:300])
    account_links.void_links(person)


def _tell_the_owners(person, changes: dict, reason: str, by) -> None:
    """Whoever owns the site, or is made or unmade to, hears of it at once (R119)."""
    if NAMES["is_superuser"] not in changes and not person.is_superuser:
        return
    standing_mail.changed(person, Person.objects.site_owners(), changes, reason, by)
