"""Changing levels cell by cell: who may, what was seen, all or none (R66, R69; domain 1.1)."""

import pytest
from django.contrib.auth.models import Group

from directory.actions.grants import LevelChange, change_levels, set_level
from directory.models import Event
from directory.permissions import Level, Tool, level_held, read_access
from directory.refusals import NotAllowed, Refused, Stale
from tests.factories import person, world

pytestmark = pytest.mark.django_db
C, E, D, P = Tool.COMMITMENTS, Tool.ERP_INTEGRATIONS, Tool.COMPANY_DIRECTORY, Tool.PROJECT_DIRECTORY


@pytest.fixture
def w():
    made = world()
    set_level(made.admin, D, made.company, Level.ADMIN, by=made.owner)
    return made


@pytest.fixture
def of_project(w):
    """Admin on the project's directory and nothing more."""
    someone = person("Pia Project", w.company)
    set_level(someone, P, w.project, Level.ADMIN, by=w.owner)
    return someone


def change(holder, tool, on, level, seen=Level.NONE) -> LevelChange:
    return LevelChange(holder, tool, on, level, seen)


def test_a_directory_admin_sets_levels_of_the_company_and_of_every_project(w):
    wanted = [
        change(w.staff, D, w.company, Level.READ_ONLY),
        change(w.staff, C, w.project, Level.STANDARD),
        change(w.reader, C, w.project, Level.NONE, Level.READ_ONLY),
    ]
    before = Event.objects.count()
    assert change_levels(w.company, wanted, by=w.admin) == 3
    access = read_access(w.staff, w.company, w.project)
    assert (access.level(D), access.level(C)) == (Level.READ_ONLY, Level.STANDARD)
    assert read_access(w.reader, w.company, w.project).level(C) is Level.NONE
    assert Event.objects.count() == before + 3
    assert Event.objects.first().by == w.admin


def test_a_cell_left_as_it_was_is_no_change(w):
    before = Event.objects.count()
    assert change_levels(w.company, [change(w.reader, C, w.project, Level.READ_ONLY, Level.READ_ONLY)], by=w.admin) == 0
    assert Event.objects.count() == before


def test_an_admin_of_a_projects_directory_sets_that_projects_tools_and_no_others(w, of_project):
    change_levels(w.company, [change(w.staff, C, w.project, Level.ADMIN)], by=of_project)
    assert read_access(w.staff, w.company, w.project).level(C) is Level.ADMIN
    other = world("Harbor Works").project
    other.company = w.company
    other.save()
    for refused in (change(w.staff, D, w.company, Level.READ_ONLY), change(w.staff, C, other, Level.READ_ONLY)):
        with pytest.raises(NotAllowed):
            change_levels(w.company, [refused], by=of_project)
    assert read_access(w.staff, w.company, w.project).level(D) is Level.NONE
    assert read_access(w.staff, w.company, other).level(C) is Level.NONE


@pytest.mark.parametrize("level", [Level.NONE, Level.READ_ONLY, Level.STANDARD])
def test_below_admin_nobody_sets_anything(w, level):
    someone = person("Uma New", w.company)
    for tool, on in ((D, w.company), (P, w.project), (C, w.project)):
        set_level(someone, tool, on, Level.ADMIN if tool is C else level, by=w.owner)
    with pytest.raises(NotAllowed):
        change_levels(w.company, [change(w.staff, C, w.project, Level.READ_ONLY)], by=someone)
    assert read_access(w.staff, w.company, w.project).level(C) is Level.NONE


@pytest.mark.parametrize(("tool", "level"), [(D, Level.NONE), (E, Level.ADMIN)])
def test_nobody_changes_their_own_level_neither_up_nor_down(w, tool, level):
    before = read_access(w.admin, w.company).levels
    with pytest.raises(Refused, match="another person with Admin on the company's Directory, or the site owner"):
        change_levels(w.company, [change(w.admin, tool, w.company, level, before[tool])], by=w.admin)
    assert read_access(w.admin, w.company).levels == before


def test_an_admin_of_a_projects_directory_does_not_change_their_own_either(w, of_project):
    with pytest.raises(Refused, match="Nobody changes their own"):
        change_levels(w.company, [change(of_project, C, w.project, Level.ADMIN)], by=of_project)


def test_what_was_changed_meanwhile_is_named_and_nothing_is_saved(w):
    wanted = [
        change(w.staff, C, w.project, Level.STANDARD),
        change(w.reader, C, w.project, Level.ADMIN, Level.READ_ONLY),
    ]
    set_level(w.reader, C, w.project, Level.STANDARD, by=w.owner)
    with pytest.raises(Stale, match=f"Rae Reader, Commitments of {w.project} is Standard now"):
        change_levels(w.company, wanted, by=w.admin)
    assert read_access(w.staff, w.company, w.project).level(C) is Level.NONE
    assert read_access(w.reader, w.company, w.project).level(C) is Level.STANDARD


def test_one_refused_cell_keeps_all_from_being_saved(w):
    wanted = [change(w.staff, C, w.project, Level.STANDARD), change(w.contact, E, w.company, Level.READ_ONLY)]
    with pytest.raises(Refused, match="works for Acme Concrete"):
        change_levels(w.company, wanted, by=w.admin)
    assert read_access(w.staff, w.company, w.project).level(C) is Level.NONE


def test_the_last_admin_of_a_directory_is_not_lowered_even_by_the_site_owner(w):
    lower = [change(w.admin, D, w.company, Level.STANDARD, Level.ADMIN)]
    with pytest.raises(Refused, match="Nobody would be left with Admin on the Directory"):
        change_levels(w.company, lower, by=w.owner)
    assert read_access(w.admin, w.company).level(D) is Level.ADMIN
    set_level(w.staff, D, w.company, Level.ADMIN, by=w.owner)
    change_levels(w.company, lower, by=w.staff)
    assert read_access(w.admin, w.company).level(D) is Level.STANDARD


def test_an_admin_whose_login_ended_does_not_count_as_one_who_is_left(w):
    set_level(w.staff, D, w.company, Level.ADMIN, by=w.owner)
    w.staff.is_active = False
    w.staff.save()
    with pytest.raises(Refused, match="Nobody would be left"):
        change_levels(w.company, [change(w.admin, D, w.company, Level.NONE, Level.ADMIN)], by=w.owner)


def test_where_there_never_was_an_admin_lower_levels_still_change(w):
    other = world("Harbor Works")
    change_levels(other.company, [change(other.staff, D, other.company, Level.STANDARD)], by=other.owner)
    lower = change(other.staff, D, other.company, Level.NONE, Level.STANDARD)
    assert change_levels(other.company, [lower], by=other.owner) == 1


def test_another_companys_people_places_and_groups_are_out_of_reach(w):
    """R61, R72."""
    other = world("Harbor Works")
    group = Group.objects.create(name="Nobody's")
    for refused in (
        change(other.admin, C, w.project, Level.ADMIN),
        change(w.staff, C, other.project, Level.ADMIN),
        change(w.staff, D, w.project, Level.ADMIN),
        change(group, C, w.project, Level.ADMIN),
    ):
        with pytest.raises(Refused, match="not in the directory"):
            change_levels(w.company, [refused], by=w.admin)
    assert level_held(w.staff, C, other.project) is Level.NONE


def test_whoever_lost_the_right_between_looking_and_saving_saves_nothing(w):
    """R66."""
    wanted = [change(w.staff, C, w.project, Level.STANDARD)]
    set_level(w.admin, D, w.company, Level.STANDARD, by=w.owner)
    with pytest.raises(NotAllowed, match="Admin on Directory|Admin on Project directory"):
        change_levels(w.company, wanted, by=w.admin)
    assert read_access(w.staff, w.company, w.project).level(C) is Level.NONE


def test_two_people_of_one_name_are_told_apart_in_the_record(w):
    one, two = person("Al Same", w.company), person("Al Same", w.company)
    change_levels(w.company, [change(two, C, w.project, Level.STANDARD)], by=w.admin)
    assert Event.objects.first().changes["holder"] == ["", f"directory.person:{two.pk}"]
    assert one.pk != two.pk
