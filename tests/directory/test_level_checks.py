"""The watch over the tables of rights: what is found, and that the program's own acts leave nothing (R64, R65, M15)."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from guardian.shortcuts import assign_perm

from directory import tasks
from directory.actions import people
from directory.actions import permission_templates as templates
from directory.actions.grants import set_level
from directory.checks import check_levels, for_whole_models, left_behind
from directory.models import Company, Project
from directory.permissions import Level, Tool, objects_with_level, people_with_level, read_access, write_level
from tests.factories import person, world

pytestmark = pytest.mark.django_db
C, E, D = Tool.COMMITMENTS, Tool.ERP_INTEGRATIONS, Tool.COMPANY_DIRECTORY


@pytest.fixture
def w():
    return world()


def test_what_the_program_does_leaves_nothing_behind(w):
    template = templates.create(w.company, "Readers", by=w.owner)
    set_level(template.group, C, w.project, Level.STANDARD, by=w.owner)
    templates.add_person(template, w.contact, by=w.owner)
    set_level(w.reader, C, w.project, Level.ADMIN, by=w.owner)
    set_level(w.reader, C, w.project, Level.READ_ONLY, by=w.owner)
    people.deactivate_membership(w.staff.membership_in(w.company), by=w.owner, reason="Left")
    assert for_whole_models() + left_behind() == []
    call_command("check_levels")
    assert check_levels(None, databases=["default"]) == []


@pytest.mark.parametrize("holder", ["person", "group"])
def test_a_tool_of_every_row_at_once_is_an_error(w, holder):
    """M15: guardian's own lists would show everything to this person."""
    right = Permission.objects.get(codename="commitments_admin")
    if holder == "person":
        w.staff.user_permissions.add(right)
    else:
        Group.objects.create(name="Everything").permissions.add(right)
    (error,) = check_levels(None, databases=["default"])
    assert error.id == "directory.E001" and error.is_serious()
    assert "commitments_admin for every row at once" in error.msg
    with pytest.raises(CommandError, match="1 found"):
        call_command("check_levels")
    assert tasks.check_levels() == 1, "and the nightly task says so in the log"
    assert check_levels(None, databases=None) == [], "without a database it asks for none"


def test_staff_who_may_look_in_the_admin_are_no_error(w):
    w.staff.user_permissions.add(Permission.objects.get(codename="view_project"))
    assert for_whole_models() == []


def test_whoever_left_with_levels_is_found(w):
    w.reader.memberships.update(is_active=False)
    assert left_behind() == [f"{w.reader.email} is not in the directory and still has levels on {w.project}."]


def test_a_vendors_person_with_levels_for_own_people_is_found(w):
    w.staff.memberships.update(vendor=w.vendor)
    (found,) = left_behind()
    assert found.startswith(f"{w.staff.email} works for a vendor")


def test_a_stranger_in_a_template_is_found(w):
    template = templates.create(w.company, "Readers", by=w.owner)
    template.group.user_set.add(world("Harbor Works").admin)
    (found,) = left_behind()
    assert "still in the permission template Readers" in found


def test_a_group_that_is_no_template_is_found_when_it_gives_something(w):
    group = Group.objects.create(name="Loose")
    assert left_behind() == []
    set_level(group, C, w.project, Level.READ_ONLY, by=w.owner)
    assert left_behind() == ["The group Loose has levels and is no company's permission template."]


def test_a_ladder_with_a_rung_missing_is_found(w):
    assign_perm("directory.erp_integrations_admin", w.admin, w.company)
    assert left_behind() == [f"{w.admin.email} holds a level on {w.company} without the rungs below it."]


def test_a_project_made_anew_under_an_old_number_opens_to_nobody(w):
    """M15, R65."""
    template = templates.create(w.company, "Readers", by=w.owner)
    templates.add_person(template, w.reader, by=w.owner)
    names = {"company": w.company, "name": "Old", "number": "OLD", "slug": "old"}
    old = Project.objects.create(**names)
    number = old.pk
    for holder in (w.staff, template.group):
        write_level(holder, C, old, Level.ADMIN)
    old.delete()
    again = Project.objects.create(pk=number, **names)
    assert not people_with_level(again, C, Level.READ_ONLY).exists()
    for someone in (w.staff, w.reader):
        assert read_access(someone, w.company, again).level(C) is Level.NONE
        assert again not in objects_with_level(someone, C, Level.READ_ONLY)
    assert left_behind() == []


def test_a_company_made_anew_under_an_old_number_opens_to_nobody(w):
    old = Company.objects.create(name="Old", slug="old")
    number = old.pk
    someone = person("Uma New")
    write_level(someone, E, old, Level.ADMIN)
    old.delete()
    again = Company.objects.create(pk=number, name="Old", slug="old")
    people.add_person(again, someone.email, someone.name, by=w.owner)
    assert read_access(someone, again).level(E) is Level.NONE
    assert not objects_with_level(someone, E, Level.READ_ONLY).exists()
