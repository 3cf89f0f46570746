"""R66: a right that goes while an action waits for a lock is missed when the wait is over. Each action is tried."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from directory.actions import (
    companies,
    directory_uploads,
    joining,
    people,
    permission_templates,
    privileges,
    projects,
    standing,
    vendor_changes,
    vendors,
)
from directory.actions.grants import LevelChange, change_levels, set_level
from directory.actions.projects import ProjectEntry
from directory.actions.vendors import Details
from directory.models import AccountingPrivilege, Person, PrivilegeRequest, Vendor, VendorChange
from directory.permissions import Level, Tool, people_with_level
from directory.refusals import NotAllowed
from tests.directory.directory_pages import directory_admin
from tests.factories import world

PEOPLE = b"E-mail,Name\nn@x.example,N"

pytestmark = pytest.mark.django_db(transaction=True)


class Stage:
    """A company with something of everything that an action could be about."""

    def __init__(self):
        self.w = w = world()
        self.other, self.ada = directory_admin(w, "Theo Other"), directory_admin(w)
        self.template = permission_templates.create(w.company, "Site team", by=self.other)
        self.empty = permission_templates.create(w.company, "Nobody yet", by=self.other)
        permission_templates.add_person(self.template, w.staff, by=self.other)
        self.bolt = vendors.enter(w.company, Details("Bolt Electric"), by=self.other)
        self.gone = vendors.enter(w.company, Details("Gone Works"), by=self.other)
        vendors.deactivate(self.gone, by=self.other, reason="Gone")
        vendors.change(w.vendor, Details("Acme Concrete", phone="555 0100 200"), by=self.other, reason="A letter")
        self.change = VendorChange.objects.get()
        self.place = w.reader.memberships.get()
        self.request = privileges.ask(w.staff, w.company, by=self.other, reason="Covers")
        self.upload = directory_uploads.take_in(w.company, "people", "a.csv", PEOPLE, by=self.ada)

    def of_a_directory_admin(self) -> dict:
        w, company, ada = self.w, self.w.company, self.ada
        level = LevelChange(w.reader, Tool.COMMITMENTS, w.project, Level.STANDARD, Level.READ_ONLY)
        call = {
            "called_number": "555 0199 300",
            "spoke_with": "Lee",
            "called_at": timezone.now(),
        }
        entry, digest = ProjectEntry("Pier", "P4", "America/Chicago"), directory_uploads.plan_of(self.upload).digest
        return {
            "add a person": lambda: people.add_person(company, "new@x.example", "New", by=ada),
            "edit a person": lambda: people.edit_person(self.place, "Boss", by=ada),
            "move a person": lambda: people.change_employer(self.place, self.bolt, "", by=ada),
            "take a person out": lambda: people.deactivate_membership(self.place, by=ada, reason="x"),
            "invite again": lambda: people.invite_again(self.place, by=ada),
            "enter a vendor": lambda: vendors.enter(company, Details("New Vendor"), by=ada),
            "change a vendor": lambda: vendors.change(self.bolt, Details("Bolt Electric", "V-9"), by=ada),
            "deactivate a vendor": lambda: vendors.deactivate(self.bolt, by=ada, reason="x"),
            "reactivate a vendor": lambda: vendors.reactivate(self.gone, by=ada),
            "verify a change": lambda: vendor_changes.verify(self.change, by=ada, **call),
            "decline a change": lambda: vendor_changes.decline(self.change, by=ada, note="x"),
            "make a template": lambda: permission_templates.create(company, "Another", by=ada),
            "rename a template": lambda: permission_templates.rename(self.template, "Other", by=ada),
            "delete a template": lambda: permission_templates.delete(self.empty, by=ada),
            "put into a template": lambda: permission_templates.add_person(self.template, w.reader, by=ada),
            "take out of a template": lambda: permission_templates.remove_person(self.template, w.staff, by=ada),
            "change levels": lambda: change_levels(company, [level], by=ada),
            "change settings": lambda: companies.change_settings(company, {"needs_second_factor": True}, by=ada),
            "begin a project": lambda: projects.add_project(company, entry, "pier", by=ada, like=w.project),
            "change a project": lambda: projects.change_project(w.project, entry, by=ada),
            "end a project": lambda: projects.end_project(w.project, by=ada),
            "ask for the privilege": lambda: privileges.ask(w.reader, company, by=ada, reason="x"),
            "take the question back": lambda: privileges.take_back(self.request, by=ada),
            "take in a list": lambda: directory_uploads.take_in(company, "people", "b.csv", PEOPLE, by=ada),
            "apply a list": lambda: directory_uploads.apply(self.upload, by=ada, digest=digest),
        }

    def of_a_site_owner(self) -> dict:
        w, boss = self.w, self.w.owner
        held = AccountingPrivilege.objects.get(person=w.approver)
        level = LevelChange(w.reader, Tool.COMMITMENTS, w.project, Level.STANDARD, Level.READ_ONLY)
        return {
            "grant": lambda: privileges.grant(w.reader, w.company, by=boss, reason="x"),
            "grant a request": lambda: privileges.grant_request(self.request, by=boss, reason="x"),
            "decline a request": lambda: privileges.decline_request(self.request, by=boss, reason="x"),
            "withdraw": lambda: privileges.withdraw(held, by=boss, reason="x"),
            "change levels": lambda: change_levels(w.company, [level], by=boss),
            "close a login": lambda: standing.change_standing(w.reader, {"is_active": False}, by=boss, reason="x"),
            "rename a login": lambda: standing.rename_login(w.reader, "Other", by=boss),
            "enter a vendor": lambda: vendors.enter(w.company, Details("New Vendor"), by=boss),
        }


def outcomes(acts: dict, take_away, give_back) -> dict[str, str]:
    return {name: _outcome(act, take_away, give_back) for name, act in acts.items()}


def _outcome(act, take_away, give_back) -> str:
    outcome = meanwhile(take_away, act)
    with transaction.atomic():
        give_back()
    return outcome


def meanwhile(first, second) -> str:
    """What becomes of `second`, begun while `first` is done and not committed."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first()
            waiting = pool.submit(_tried, second)
            has_waited = _waits() and not waiting.done()
        outcome = waiting.result(timeout=30)
    return outcome if has_waited else f"{outcome} without waiting"


def _tried(act) -> str:
    try:
        act()
    except NotAllowed:
        return "refused"
    except Exception as other:  # told by the assertion, with the act's name
        return repr(other)
    finally:
        connection.close()
    return "done"


def _waits() -> bool:
    """Whether somebody waits for a lock of ours by now."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.01)
    return False


needs_two_writers = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="only PostgreSQL has two writers at once"
)


@needs_two_writers
def test_a_directory_admin_who_is_one_no_more_does_nothing():
    stage = Stage()
    ada, company, boss = stage.ada, stage.w.company, stage.w.owner
    acts = stage.of_a_directory_admin()
    found = outcomes(
        acts,
        lambda: set_level(ada, Tool.COMPANY_DIRECTORY, company, Level.NONE, by=boss),
        lambda: set_level(ada, Tool.COMPANY_DIRECTORY, company, Level.ADMIN, by=boss),
    )
    assert found == dict.fromkeys(acts, "refused")
    assert Vendor.objects.count() == 3 and PrivilegeRequest.objects.waiting().count() == 1


@needs_two_writers
def test_a_site_owner_who_is_one_no_more_does_nothing():
    stage = Stage()
    boss, row = stage.w.owner, Person.objects.filter(pk=stage.w.owner.pk)
    acts = stage.of_a_site_owner()
    found = outcomes(acts, lambda: row.update(is_superuser=False), lambda: row.update(is_superuser=True))
    assert found == dict.fromkeys(acts, "refused")
    assert AccountingPrivilege.objects.live().count() == 1
    boss.refresh_from_db()
    assert boss.is_superuser


# What else two acts at once must not leave behind


@needs_two_writers
def test_the_last_two_directory_admins_do_not_go_at_once():
    stage = Stage()
    w, boss = stage.w, Person.objects.create_superuser("second@example.com", "pw", name="Second Owner")

    def take_from(who, by):
        level = LevelChange(who, Tool.COMPANY_DIRECTORY, w.company, Level.NONE, Level.ADMIN)
        return lambda: change_levels(w.company, [level], by=by)

    assert "Nobody would be left" in meanwhile(take_from(stage.ada, w.owner), take_from(stage.other, boss))
    assert list(people_with_level(w.company, Tool.COMPANY_DIRECTORY, Level.ADMIN)) == [stage.other]


@needs_two_writers
def test_nobody_comes_to_a_vendor_that_is_deactivated_in_this_moment():
    stage = Stage()
    company, bolt = stage.w.company, stage.bolt
    known = world("Harbor Works").reader
    asked = people.add_person(company, known.email, "", vendor=bolt, by=stage.other)

    def leave():
        vendors.deactivate(bolt, by=stage.other, reason="Gone")

    def come():
        people.add_person(company, "new@x.example", "New", vendor=bolt, by=stage.ada, address_is_checked=True)

    assert "is deactivated" in meanwhile(leave, come)
    vendors.reactivate(bolt, by=stage.ada)
    assert meanwhile(come, leave) == "done"
    assert not bolt.memberships.filter(is_active=True).exists()
    vendors.reactivate(bolt, by=stage.ada)
    assert "no longer a vendor" in meanwhile(leave, lambda: joining.join(asked, by=known))
