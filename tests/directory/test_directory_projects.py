"""A company's projects in its directory: begun, like another one, changed, ended and run again."""

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from directory.actions import permission_templates, projects
from directory.actions.grants import set_level
from directory.actions.projects import ProjectEntry
from directory.models import Event, Project
from directory.permissions import Level, Tool, level_held, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.directory.directory_pages import AtDesk, directory_admin, words_of
from tests.factories import world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db
SCHOOL = {"name": "Harbor School", "number": "2026021", "time_zone": "America/Chicago"}


@pytest.fixture
def w():
    return world()


@pytest.fixture
def ada(w):
    return AtDesk(w, directory_admin(w))


def test_a_new_project_gets_an_address_from_its_name_and_one_event(w, ada):
    assert ada.send("company-project-new", **SCHOOL).status_code == 302
    school = Project.objects.get(number="2026021")
    assert (school.company, school.slug, school.is_active) == (w.company, "harbor-school", True)
    assert Event.objects.about(school).get().verb == "entered"
    assert not read_access(w.admin, w.company, school).allows(Tool.COMMITMENTS, Level.READ_ONLY)
    set_level(w.admin, Tool.COMMITMENTS, school, Level.ADMIN, by=ada.who)
    assert signed_in(w.admin).get(reverse("project", args=["harbor-school"])).status_code == 200


def test_it_can_begin_with_the_people_and_templates_of_another_one(w, ada):
    template = permission_templates.create(w.company, "Site team", by=ada.who)
    set_level(template.group, Tool.COMMITMENTS, w.project, Level.STANDARD, by=ada.who)
    w.commitment()  # which gives its contact Standard on the old project
    ada.send("company-project-new", **SCHOOL, like=w.project.pk)
    school = Project.objects.get(number="2026021")
    held = {who.name: level_held(who, Tool.COMMITMENTS, school) for who in (w.admin, w.reader, w.staff, w.contact)}
    assert held == {
        "Dana Cole": Level.ADMIN,
        "Rae Reader": Level.READ_ONLY,
        "Kim Chu": Level.NONE,
        "Lee Park": Level.NONE,  # a vendor's person gets a level by being named on a commitment (P-3)
    }
    assert level_held(template.group, Tool.COMMITMENTS, school) is Level.STANDARD
    verbs = [event.verb for event in Event.objects.about(school)]
    assert verbs == ["set level"] * 4 + ["entered"]
    assert level_held(w.admin, Tool.COMMITMENTS, w.project) is Level.ADMIN


def test_a_group_that_is_no_template_of_the_company_is_not_copied(w, ada):
    stray = Group.objects.create(name="Stray")
    set_level(stray, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    ada.send("company-project-new", **SCHOOL, like=w.project.pk)
    assert level_held(stray, Tool.COMMITMENTS, Project.objects.get(number="2026021")) is Level.NONE


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": "  "}, "Name: This field is required"),
        ({"number": ""}, "Number: This field is required"),
        ({"time_zone": "Mars/Olympus"}, "Time zone: Select a valid choice"),
        ({"slug": "Not a slug!"}, "Address: Enter a valid"),
        ({"name": "！！！"}, "Address: This field cannot be blank"),
    ],
)
def test_a_wrong_entry_is_told_beside_its_field(ada, wrong, says):
    before = Project.objects.count()
    answer = ada.send("company-project-new", **SCHOOL | wrong)
    assert answer.status_code == 422 and says in words_of(answer)
    assert Project.objects.count() == before


def test_a_number_is_used_once_in_a_company_and_an_address_once_on_the_site(w, ada):
    other = world("Harbor Works")
    answer = ada.send("company-project-new", **SCHOOL | {"number": w.project.number.lower(), "slug": "new"})
    assert answer.status_code == 422 and f"Another project has the number {w.project.number.lower()}" in words_of(
        answer
    )
    assert ada.send("company-project-new", **SCHOOL, slug=other.project.slug).status_code == 422
    assert ada.send("company-project-new", **SCHOOL | {"number": other.project.number}).status_code == 302


def test_a_project_of_another_company_is_no_pattern_and_not_to_be_touched(w, ada):
    """R61, R72."""
    theirs = world("Harbor Works").project
    assert ada.send("company-project-new", **SCHOOL, like=theirs.pk).status_code == 422
    with pytest.raises(Refused, match="is not a project of"):
        projects.add_project(w.company, ProjectEntry("A", "1", "America/Chicago"), "a", by=ada.who, like=theirs)
    for name in ("company-project", "company-project-end"):
        assert ada.client.get(ada.address(name, theirs.pk)).status_code == 404
    for name in ("company-project", "company-project-end", "company-project-run"):
        assert ada.send(name, theirs.pk, **SCHOOL, reason="Mine").status_code == 404
    theirs.refresh_from_db()
    assert theirs.is_active and theirs.name.startswith("Riverside")


def test_a_changed_project_keeps_its_address_and_its_company(w, ada):
    """R73: more than the form asks for changes nothing more."""
    slug, other = w.project.slug, world("Harbor Works").company
    typed = {"name": "Riverside Towers", "number": "P-X", "time_zone": "Pacific/Honolulu"}
    more = {"slug": "mine", "company": other.pk, "is_active": "", "id": 999}
    assert ada.send("company-project", w.project.pk, **typed, **more).status_code == 302
    w.project.refresh_from_db()
    assert (w.project.name, w.project.number, w.project.time_zone) == ("Riverside Towers", "P-X", "Pacific/Honolulu")
    assert (w.project.slug, w.project.company, w.project.is_active) == (slug, w.company, True)
    assert set(Event.objects.about(w.project).first().changes) == {"name", "number", "time_zone"}


def test_saving_without_a_change_writes_no_event(w, ada):
    before = Event.objects.count()
    same = {"name": w.project.name, "number": w.project.number, "time_zone": w.project.time_zone}
    assert ada.send("company-project", w.project.pk, **same).status_code == 302
    assert Event.objects.count() == before


def test_an_ended_project_is_closed_to_all_until_it_runs_again_with_every_level(w, ada):
    dana, page = signed_in(w.admin), reverse("project", args=[w.project.slug])
    assert ada.send("company-project-end", w.project.pk).status_code == 422, "a reason is needed"
    assert ada.send("company-project-end", w.project.pk, reason="Handed over").status_code == 302
    assert dana.get(page).status_code == 404
    assert w.project.name in ada.see("company-projects", query="?state=ended")
    assert w.project.name not in ada.see("company-projects")
    assert Event.objects.about(w.project).first().reason == "Handed over"
    assert "was ended before" in words_of(ada.send("company-project-end", w.project.pk, reason="Again"))
    assert ada.send("company-project-run", w.project.pk).status_code == 302
    assert dana.get(page).status_code == 200
    with pytest.raises(NotNow):
        projects.run_project_again(w.project, by=ada.who)


def test_projects_are_found_by_name_and_number(w, ada):
    assert w.project.name in ada.see("company-projects", query=f"?q={w.project.number}+tower")
    page = ada.see("company-projects", query="?q=nothing+like+it")
    assert "No project matches" in page and "Running 0" in page
    assert "No project has ended" in ada.see("company-projects", query="?state=ended")


def test_only_a_directory_admin_begins_changes_or_ends_a_project(w):
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.STANDARD, by=w.owner)
    before = Event.objects.count()
    entry = ProjectEntry("A", "1", "America/Chicago")
    for attempt in (
        lambda: projects.add_project(w.company, entry, "a", by=w.reader),
        lambda: projects.change_project(w.project, entry, by=w.reader),
        lambda: projects.end_project(w.project, by=w.reader, reason="x"),
        lambda: projects.run_project_again(w.project, by=w.admin),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert Event.objects.count() == before and not Project.objects.filter(number="1").exists()
