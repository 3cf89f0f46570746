"""Permission templates: levels that a company gives to several of its people at once (domain 1.1, P-4, R65)."""

import pytest
from django.contrib.auth.models import Group

from directory.actions import permission_templates as templates
from directory.actions.grants import LevelChange, change_levels, set_level
from directory.models import CompanyGroupPermission, Event, PermissionTemplate, ProjectGroupPermission
from directory.permissions import Level, Tool, objects_with_level, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.factories import person, world

pytestmark = pytest.mark.django_db
C, E, D = Tool.COMMITMENTS, Tool.ERP_INTEGRATIONS, Tool.COMPANY_DIRECTORY


@pytest.fixture
def w():
    made = world()
    set_level(made.admin, D, made.company, Level.ADMIN, by=made.owner)
    return made


@pytest.fixture
def reviewers(w):
    """Standard on Commitments and Read Only on ERP Integrations; nobody is in it."""
    template = templates.create(w.company, "Reviewers", by=w.admin)
    give(w, template, (C, w.project, Level.STANDARD), (E, w.company, Level.READ_ONLY))
    return template


def give(w, template, *levels) -> None:
    wanted = [LevelChange(template.group, tool, on, level, Level.NONE) for tool, on, level in levels]
    change_levels(w.company, wanted, by=w.admin)


def test_a_template_gives_its_levels_to_whoever_is_in_it(w, reviewers):
    someone = person("Uma New", w.company)
    templates.add_person(reviewers, someone, by=w.admin)
    access = read_access(someone, w.company, w.project)
    assert (access.level(C), access.level(E)) == (Level.STANDARD, Level.READ_ONLY)
    templates.remove_person(reviewers, someone, by=w.admin)
    assert not any(read_access(someone, w.company, w.project).levels.values())


def test_a_vendors_person_gets_through_a_template_only_what_vendors_may(w, reviewers):
    other = person("Ann Other", w.company, w.vendor)
    templates.add_person(reviewers, other, by=w.admin)
    access = read_access(other, w.company, w.project)
    assert (access.level(C), access.level(E)) == (Level.STANDARD, Level.NONE)
    assert not objects_with_level(other, E, Level.READ_ONLY).exists()


def test_each_act_is_one_event_that_names_template_and_person(w, reviewers):
    someone = person("Uma New", w.company)
    templates.add_person(reviewers, someone, by=w.admin)
    templates.remove_person(reviewers, someone, by=w.admin)
    templates.remove_person(reviewers, someone, by=w.admin)
    templates.delete(templates.rename(reviewers, "Site team", by=w.admin), by=w.admin)
    told = [(event.verb, event.changes.get("person")) for event in Event.objects.about(reviewers).order_by("pk")]
    assert told == [
        ("made the permission template", None),
        ("added to the permission template", ["", "Uma New"]),
        ("taken out of the permission template", ["Uma New", ""]),
        ("renamed the permission template", None),
        ("deleted the permission template", None),
    ]


def test_a_levels_event_calls_the_template_by_its_companys_name(w, reviewers):
    changes = Event.objects.about(w.project).first().changes
    assert changes["Reviewers: Commitments"] == ["None", "Standard"]


def test_a_name_is_used_once_in_a_company_and_freely_in_another(w, reviewers):
    with pytest.raises(Refused, match="already"):
        templates.create(w.company, " reviewers ", by=w.admin)
    other = templates.create(w.company, "Other", by=w.admin)
    with pytest.raises(Refused, match="already"):
        templates.rename(other, "REVIEWERS", by=w.admin)
    with pytest.raises(Refused, match="Give the template a name"):
        templates.create(w.company, "   ", by=w.admin)
    elsewhere = world("Harbor Works")
    assert templates.create(elsewhere.company, "Reviewers", by=elsewhere.owner).name == "Reviewers"
    assert Group.objects.values("name").distinct().count() == Group.objects.count()


def test_a_template_may_be_given_its_own_name_in_other_letters(w, reviewers):
    assert templates.rename(reviewers, "REVIEWERS", by=w.admin).name == "REVIEWERS"
    before = Event.objects.count()
    templates.rename(reviewers, "REVIEWERS", by=w.admin)
    assert Event.objects.count() == before


def test_a_template_with_people_is_not_deleted_and_an_empty_one_goes_with_its_rungs(w, reviewers):
    """R65."""
    someone = person("Uma New", w.company)
    templates.add_person(reviewers, someone, by=w.admin)
    with pytest.raises(NotNow, match="1 person is in Reviewers"):
        templates.delete(reviewers, by=w.admin)
    templates.remove_person(reviewers, someone, by=w.admin)
    templates.delete(reviewers, by=w.admin)
    assert not Group.objects.exists()
    assert not ProjectGroupPermission.objects.exists() and not CompanyGroupPermission.objects.exists()
    with pytest.raises(NotNow, match="was deleted"):
        templates.add_person(reviewers, someone, by=w.admin)


def test_deleting_and_making_a_template_anew_gives_nobody_anything(w, reviewers):
    """R65: neither the people nor the levels of the old one come back."""
    someone = person("Uma New", w.company)
    templates.add_person(reviewers, someone, by=w.admin)
    templates.remove_person(reviewers, someone, by=w.admin)
    templates.delete(reviewers, by=w.admin)
    again = templates.create(w.company, "Reviewers", by=w.admin)
    templates.add_person(again, someone, by=w.admin)
    assert not any(read_access(someone, w.company, w.project).levels.values())


@pytest.mark.parametrize("who", ["stranger", "left", "inactive"])
def test_only_active_people_of_the_directory_join(w, reviewers, who):
    someone = world("Harbor Works").admin if who == "stranger" else person("Uma New", w.company)
    if who == "left":
        someone.memberships.update(is_active=False)
    someone.is_active = who != "inactive"
    someone.save()
    with pytest.raises(Refused, match="not in the directory"):
        templates.add_person(reviewers, someone, by=w.admin)
    assert not reviewers.group.user_set.exists()


def test_nobody_joins_twice(w, reviewers):
    templates.add_person(reviewers, w.reader, by=w.admin)
    with pytest.raises(Refused, match="already"):
        templates.add_person(reviewers, w.reader, by=w.admin)


def test_nobody_puts_themselves_in_or_out_of_a_template(w, reviewers):
    with pytest.raises(Refused, match="Nobody changes their own levels"):
        templates.add_person(reviewers, w.admin, by=w.admin)
    templates.add_person(reviewers, w.admin, by=w.owner)
    with pytest.raises(Refused, match="Nobody changes their own levels"):
        templates.remove_person(reviewers, w.admin, by=w.admin)
    with pytest.raises(Refused, match="Nobody changes their own levels"):
        change_levels(w.company, [LevelChange(reviewers.group, E, w.company, Level.ADMIN, Level.READ_ONLY)], by=w.admin)
    assert read_access(w.admin, w.company).level(E) is Level.READ_ONLY


@pytest.mark.parametrize("act", ["create", "rename", "delete", "add", "remove", "levels"])
def test_templates_are_the_affair_of_directory_admins(w, reviewers, act):
    """Not of an Admin on a project's directory, who sets people's levels there and no more."""
    someone = person("Pia Project", w.company)
    set_level(someone, Tool.PROJECT_DIRECTORY, w.project, Level.ADMIN, by=w.owner)
    set_level(someone, D, w.company, Level.STANDARD, by=w.owner)
    before = Event.objects.count()
    acts = {
        "create": lambda: templates.create(w.company, "New", by=someone),
        "rename": lambda: templates.rename(reviewers, "New", by=someone),
        "delete": lambda: templates.delete(reviewers, by=someone),
        "add": lambda: templates.add_person(reviewers, w.reader, by=someone),
        "remove": lambda: templates.remove_person(reviewers, w.reader, by=someone),
        "levels": lambda: change_levels(
            w.company, [LevelChange(reviewers.group, C, w.project, Level.NONE, Level.STANDARD)], by=someone
        ),
    }
    with pytest.raises(NotAllowed, match="Admin on Directory"):
        acts[act]()
    assert Event.objects.count() == before
    assert PermissionTemplate.objects.get().name == "Reviewers"


def test_a_template_never_gives_the_privilege(w, reviewers):
    """P-4: Standard on ERP Integrations through a template makes nobody an approver."""
    give(w, templates.create(w.company, "Accounting", by=w.admin), (E, w.company, Level.STANDARD))
    templates.add_person(PermissionTemplate.objects.get(name="Accounting"), w.staff, by=w.admin)
    access = read_access(w.staff, w.company)
    assert access.allows(E, Level.STANDARD) and not access.can_push_to_accounting


def test_leaving_a_directory_leaves_its_templates_and_no_others(w, reviewers):
    """R65: what calls this has checked who asks."""
    someone = person("Uma New", w.company)
    other = world("Harbor Works")
    other_template = templates.create(other.company, "Reviewers", by=other.owner)
    someone.memberships.create(company=other.company)
    templates.add_person(reviewers, someone, by=w.admin)
    templates.add_person(other_template, someone, by=other.owner)
    assert templates.leave_all(someone, w.company, by=w.admin) == [reviewers]
    assert templates.templates_of(someone, w.company) == []
    assert templates.templates_of(someone, other.company) == [other_template]
    assert Event.objects.about(reviewers).first().verb == "taken out of the permission template"
    assert templates.leave_all(someone, w.company, by=w.admin) == []


def test_whoever_administers_through_a_template_is_not_taken_out_last(w):
    template = templates.create(w.company, "Office", by=w.admin)
    give(w, template, (D, w.company, Level.ADMIN))
    templates.add_person(template, w.reader, by=w.admin)
    change_levels(w.company, [LevelChange(w.admin, D, w.company, Level.NONE, Level.ADMIN)], by=w.reader)
    with pytest.raises(Refused, match="Nobody would be left with Admin on the Directory"):
        templates.remove_person(template, w.reader, by=w.owner)
    assert read_access(w.reader, w.company).level(D) is Level.ADMIN
