"""The matrices of levels as people use them: a company's, a project's, and why a person may do what they may."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.actions import permission_templates as templates
from directory.actions.grants import LevelChange, change_levels, set_level
from directory.models import AccountingPrivilege, Event, Project
from directory.permissions import Level, Tool, read_access
from tests.factories import person, world

pytestmark = pytest.mark.django_db
C, E, D, P = Tool.COMMITMENTS, Tool.ERP_INTEGRATIONS, Tool.COMPANY_DIRECTORY, Tool.PROJECT_DIRECTORY


@pytest.fixture
def w():
    made = world()
    set_level(made.admin, D, made.company, Level.ADMIN, by=made.owner)
    return made


@pytest.fixture
def site(client, w):
    client.force_login(w.admin)
    return client


@pytest.fixture
def readers(w):
    """A template: Read Only on Commitments; Kim is in it."""
    template = templates.create(w.company, "Readers", by=w.admin)
    change_levels(w.company, [LevelChange(template.group, C, w.project, Level.READ_ONLY, Level.NONE)], by=w.admin)
    templates.add_person(template, w.staff, by=w.admin)
    return template


def matrix(w, **query) -> str:
    return reverse("company-levels", args=[w.company.slug], query=query)


def of_project(w) -> str:
    return reverse("project-directory", args=[w.project.slug])


def cell(holder, tool, on) -> str:
    kind = "template" if hasattr(holder, "group_id") else "person"
    return f"{kind}-{holder.pk}-{tool.name.lower()}-{on.pk}"


def chosen(*cells) -> dict[str, int]:
    """(holder, tool, on, level wanted, level seen) of each cell as a browser sends it."""
    sent = {}
    for holder, tool, on, level, seen in cells:
        sent |= {f"level-{cell(holder, tool, on)}": level.value, f"seen-{cell(holder, tool, on)}": seen.value}
    return sent


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", unescape(answer.content.decode()))


def table_of(answer) -> str:
    return text_of(answer).partition("<table")[2]


def row_of(answer, name: str) -> str:
    """A person's row, without tags."""
    found = next(row for row in re.findall(r"<tr>.*?</tr>", text_of(answer)) if f">{name}<" in row)
    return re.sub(r"\s+", " ", re.sub(r"<select.*?selected>(.*?)</option>.*?</select>|<[^>]+>", r" \1 ", found)).strip()


def level(w, who, tool) -> Level:
    return read_access(who, w.company, w.project).level(tool)


# Looking


def test_a_reader_sees_who_holds_what_and_from_where_and_changes_nothing(w, client, readers):
    looker = person("Rob Looker", w.company)
    set_level(looker, D, w.company, Level.READ_ONLY, by=w.owner)
    set_level(w.reader, C, w.project, Level.STANDARD, by=w.owner)
    templates.add_person(readers, w.reader, by=w.admin)
    client.force_login(looker)
    answer = client.get(matrix(w))
    assert row_of(answer, "Rae Reader").endswith("Standard own: Standard · Readers: Read Only")
    assert row_of(answer, "Kim Chu").endswith("Read Only own None Read Only Readers: Read Only")
    assert "Save levels" not in text_of(answer) and '<select name="level-' not in text_of(answer)
    before = Event.objects.count()
    refused = client.post(matrix(w), chosen((w.reader, C, w.project, Level.ADMIN, Level.STANDARD)))
    assert refused.status_code == 403
    assert Event.objects.count() == before


def test_own_people_come_first_then_vendors_then_templates(w, site, readers):
    shown = table_of(site.get(matrix(w)))
    places = [shown.index(f">{name}<") for name in ("Dana Cole", "Sam Ruiz", "Acme Concrete", "Lee Park", "Readers")]
    assert places == sorted(places)


def test_a_vendors_person_is_offered_commitments_alone(w, site):
    shown = text_of(site.get(matrix(w)))
    assert f"level-{cell(w.contact, C, w.project)}" in shown
    for tool, on in ((D, w.company), (E, w.company), (P, w.project)):
        assert f"level-{cell(w.contact, tool, on)}" not in shown
    assert row_of(site.get(matrix(w)), "Lee Park").count("not for a vendor's people") == 3


def test_one_finds_people_by_name_employer_and_level(w, site):
    def names(**query) -> set[str]:
        shown = table_of(site.get(matrix(w, **query)))
        return {name for name in ("Dana Cole", "Rae Reader", "Lee Park", "Kim Chu") if f">{name}<" in shown}

    assert names() == {"Dana Cole", "Rae Reader", "Lee Park", "Kim Chu"}
    assert names(q="rae") == names(q="READER rae") == {"Rae Reader"}
    assert names(q="acme") == {"Lee Park"}, "as in the list of people"
    assert names(employer=w.vendor.pk) == {"Lee Park"}
    assert names(employer="own") == {"Dana Cole", "Rae Reader", "Kim Chu"}
    assert names(level=Level.ADMIN.value) == {"Dana Cole"}
    assert names(level=Level.NONE.value) == {"Lee Park"}
    assert names(level="nonsense", employer="x") == names()
    assert "Nobody fits this choice" in text_of(site.get(matrix(w, q="nobody at all")))


def test_one_chooses_the_project_whose_tools_are_shown(w, site):
    other = Project.objects.create(company=w.company, name="Zoo", number="Z", slug="zoo")
    set_level(w.staff, C, other, Level.ADMIN, by=w.owner)
    assert row_of(site.get(matrix(w)), "Kim Chu").endswith("None")
    assert row_of(site.get(matrix(w, project="zoo")), "Kim Chu").endswith("Admin")
    foreign = world("Harbor Works").project
    assert foreign.name not in text_of(site.get(matrix(w, project=foreign.slug)))


def test_people_and_templates_of_another_company_are_not_here(w, site):
    other = world("Harbor Works")
    templates.create(other.company, "Canary", by=other.owner)
    shown = text_of(site.get(matrix(w)))
    assert "Canary" not in shown and other.admin.email not in shown
    assert f"person-{other.admin.pk}-" not in shown


# Choosing


def test_an_admin_changes_several_levels_at_once_with_one_event_each(w, site, readers):
    before = Event.objects.count()
    sent = chosen(
        (w.staff, C, w.project, Level.STANDARD, Level.NONE),
        (w.reader, C, w.project, Level.NONE, Level.READ_ONLY),
        (readers, E, w.company, Level.READ_ONLY, Level.NONE),
        (w.approver, E, w.company, Level.STANDARD, Level.STANDARD),
    )
    answer = site.post(matrix(w, q=""), sent, follow=True)
    assert "3 levels changed" in text_of(answer)
    assert Event.objects.count() == before + 3
    assert (level(w, w.staff, C), level(w, w.reader, C)) == (Level.STANDARD, Level.NONE)
    assert level(w, w.staff, E) is Level.READ_ONLY


def test_nothing_changed_is_said(w, site):
    answer = site.post(matrix(w), chosen((w.staff, C, w.project, Level.NONE, Level.NONE)), follow=True)
    assert "Nothing was changed" in text_of(answer)


def test_what_somebody_else_changed_meanwhile_is_named_and_what_was_chosen_is_kept(w, site):
    set_level(w.reader, C, w.project, Level.STANDARD, by=w.owner)
    sent = chosen(
        (w.reader, C, w.project, Level.ADMIN, Level.READ_ONLY), (w.staff, C, w.project, Level.STANDARD, Level.NONE)
    )
    answer = site.post(matrix(w), sent)
    assert answer.status_code == 409
    assert f"Rae Reader, Commitments of {w.project} is Standard now" in text_of(answer)
    assert row_of(answer, "Rae Reader").endswith("Admin Somebody else set it to Standard meanwhile")
    assert row_of(answer, "Kim Chu").endswith("Standard")
    assert (level(w, w.reader, C), level(w, w.staff, C)) == (Level.STANDARD, Level.NONE)


def test_saving_again_after_looking_again_counts(w, site):
    set_level(w.reader, C, w.project, Level.STANDARD, by=w.owner)
    answer = site.post(matrix(w), chosen((w.reader, C, w.project, Level.ADMIN, Level.READ_ONLY)))
    seen = re.search(rf'name="seen-{cell(w.reader, C, w.project)}" value="(\d)"', text_of(answer))[1]
    site.post(matrix(w), chosen((w.reader, C, w.project, Level.ADMIN, Level(int(seen)))))
    assert level(w, w.reader, C) is Level.ADMIN


def test_ones_own_row_offers_no_choice_and_a_forged_one_is_refused_with_the_remedy(w, site):
    assert f"level-{cell(w.admin, E, w.company)}" not in text_of(site.get(matrix(w)))
    answer = site.post(matrix(w), chosen((w.admin, E, w.company, Level.ADMIN, Level.NONE)))
    assert answer.status_code == 422
    assert "Ask another person with Admin on the company's Directory, or the site owner" in text_of(answer)
    assert level(w, w.admin, E) is Level.NONE


@pytest.mark.parametrize("how", ["person", "place", "tool", "level", "unseen", "shape"])
def test_forged_cells_save_nothing(w, site, how):
    """R62, R72."""
    other = world("Harbor Works")
    name, payroll = cell(w.staff, C, w.project), f"person-{w.staff.pk}-payroll-{w.project.pk}"
    sent = {
        "person": chosen((other.admin, C, w.project, Level.ADMIN, Level.NONE)),
        "place": chosen((w.staff, C, other.project, Level.ADMIN, Level.NONE)),
        "tool": {f"level-{payroll}": 3, f"seen-{payroll}": 0},
        "level": {f"level-{name}": 7, f"seen-{name}": 0},
        "unseen": {f"level-{name}": 3},
        "shape": {"level-person-x": 3, "seen-person-x": 0},
    }[how]
    before = Event.objects.count()
    assert site.post(matrix(w), sent).status_code == 422
    assert Event.objects.count() == before


@pytest.mark.parametrize(("left", "status"), [(Level.READ_ONLY, 403), (Level.NONE, 404)])
def test_whoever_is_lowered_with_the_form_open_saves_nothing(w, site, left, status):
    """R66: the next request counts."""
    assert site.get(matrix(w)).status_code == 200
    set_level(w.admin, D, w.company, left, by=w.owner)
    answer = site.post(matrix(w), chosen((w.staff, C, w.project, Level.ADMIN, Level.NONE)))
    assert answer.status_code == status
    assert level(w, w.staff, C) is Level.NONE


def test_a_level_taken_away_ends_on_that_persons_next_request(w, site, client):
    """R66."""
    client = type(client)()
    client.force_login(w.reader)
    address = reverse("commitments", args=[w.project.slug])
    assert client.get(address).status_code == 200
    site.post(matrix(w), chosen((w.reader, C, w.project, Level.NONE, Level.READ_ONLY)))
    assert client.get(address).status_code == 404


# Many people


@pytest.mark.parametrize("address", [matrix, of_project])
def test_the_matrix_costs_the_same_for_ten_and_for_two_hundred_people(w, site, readers, address):
    set_level(w.admin, P, w.project, Level.ADMIN, by=w.owner)
    few = queries_of(site, address(w))
    for number in range(200):
        someone = person(f"Extra {number:03}", w.company)
        set_level(someone, C, w.project, Level.STANDARD, by=w.owner)
        readers.group.user_set.add(someone)
    many = queries_of(site, address(w))
    assert many == few <= 22
    answer = site.get(address(w))
    assert len(answer.content) < 200_000
    assert "Extra 199" not in text_of(answer) and "Extra 199" in text_of(site.get(address(w) + "?q=extra+199"))


def queries_of(site, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert site.get(address).status_code == 200
    return len(captured)


def test_every_cell_says_what_the_door_says(w, site, readers):
    """R64: the matrix and `Access` agree."""
    templates.add_person(readers, w.contact, by=w.admin)
    change_levels(w.company, [LevelChange(readers.group, E, w.company, Level.ADMIN, Level.NONE)], by=w.admin)
    rows = site.get(matrix(w)).context["rows"]
    for row in rows:
        access = read_access(row.person, w.company, w.project)
        assert {cell.column.tool: cell.level for cell in row.cells} == {tool: access.level(tool) for tool in Tool}


# A project's own directory


@pytest.fixture
def foreman(w):
    """Admin on the project's directory and nothing more."""
    someone = person("Pia Foreman", w.company)
    set_level(someone, P, w.project, Level.ADMIN, by=w.owner)
    return someone


def test_a_project_directory_admin_sets_that_projects_tools(w, client, foreman):
    client.force_login(foreman)
    shown = text_of(client.get(of_project(w)))
    assert f"level-{cell(w.staff, C, w.project)}" in shown and "erp_integrations" not in shown
    answer = client.post(of_project(w), chosen((w.staff, C, w.project, Level.STANDARD, Level.NONE)), follow=True)
    assert "1 level changed" in text_of(answer)
    assert level(w, w.staff, C) is Level.STANDARD


def test_a_project_directory_admin_sets_no_tool_of_the_company_and_no_template(w, client, foreman, readers):
    client.force_login(foreman)
    assert f"level-{cell(readers, C, w.project)}" not in text_of(client.get(of_project(w)))
    for forged in (
        (w.staff, D, w.company, Level.ADMIN, Level.NONE),
        (readers, C, w.project, Level.ADMIN, Level.READ_ONLY),
    ):
        assert client.post(of_project(w), chosen(forged)).status_code == 403
    assert level(w, w.staff, D) is Level.NONE
    assert level(w, w.staff, C) is Level.READ_ONLY
    assert client.get(matrix(w)).status_code == 404


def test_read_only_on_a_projects_directory_looks(w, client):
    someone = person("Rob Looker", w.company)
    set_level(someone, P, w.project, Level.READ_ONLY, by=w.owner)
    client.force_login(someone)
    shown = text_of(client.get(of_project(w)))
    assert "Dana Cole" in shown and "Save levels" not in shown
    assert client.post(of_project(w), chosen((w.staff, C, w.project, Level.ADMIN, Level.NONE))).status_code == 403
    assert level(w, w.staff, C) is Level.NONE


def test_without_a_level_on_a_projects_directory_there_is_none(w, client):
    for who in (w.second_admin, w.contact):
        client.force_login(who)
        assert client.get(of_project(w)).status_code == 404


# Why


def why(site, w, who) -> str:
    shown = text_of(site.get(reverse("person-levels", args=[w.company.slug, who.pk])))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown))


def test_the_page_says_which_grant_gives_a_level_since_when_and_by_whom(w, site, readers):
    change_levels(w.company, [LevelChange(w.staff, C, w.project, Level.STANDARD, Level.NONE)], by=w.admin)
    shown = why(site, w, w.staff)
    assert re.search(r"Own level Standard , since .{12,40} by Dana Cole", shown)
    assert re.search(
        r"Read Only by Readers , in it since .{12,40} by Dana Cole, which gives it since .{12,40} by Dana", shown
    )
    assert re.search(r"Own level Read Only , since .{12,40} by Site Owner", shown), "on ERP Integrations"
    assert "Attach files to invoices" in shown and "Send to ERP" not in shown
    assert "private commitment they see only when they are on its access list" in shown


def test_two_people_of_one_name_each_have_their_own_record(w, site):
    one, two = person("Al Same", w.company), person("Al Same", w.company)
    set_level(one, C, w.project, Level.READ_ONLY, by=w.owner)
    change_levels(w.company, [LevelChange(two, C, w.project, Level.READ_ONLY, Level.NONE)], by=w.admin)
    assert "by Site Owner" in why(site, w, one) and "by Dana Cole" not in why(site, w, one)
    assert "by Dana Cole" in why(site, w, two)


def test_the_page_of_a_vendors_person_says_that_only_their_own_commitments_are_seen(w, site):
    """P-1, P-3: whoever named them gave the level."""
    w.commitment()
    shown = why(site, w, w.contact)
    assert "named as invoice contact" in shown
    assert re.search(r"Own level Standard , since .{12,40} by Dana Cole", shown)
    assert "ERP Integrations " not in shown.split("Can Push to Accounting")[0].split("Commitments")[1]


def test_the_page_tells_who_granted_the_privilege_when_and_why(w, site):
    shown = why(site, w, w.approver)
    assert "Holds it" in shown and "by Site Owner" in shown and "Controller" in shown
    assert "Does not hold it" in why(site, w, w.staff)
    AccountingPrivilege.objects.update(ends_at="2020-01-01T00:00Z")
    assert "Does not hold it" in why(site, w, w.approver)


def test_somebody_who_left_holds_nothing_and_a_stranger_has_no_page(w, site):
    w.reader.memberships.update(is_active=False)
    assert "no longer active here and holds nothing" in why(site, w, w.reader)
    stranger = world("Harbor Works").admin
    assert site.get(reverse("person-levels", args=[w.company.slug, stranger.pk])).status_code == 404


def test_why_costs_the_same_for_many_projects_and_templates(w, site, readers):
    address = reverse("person-levels", args=[w.company.slug, w.staff.pk])
    few = queries_of(site, address)
    for number in range(12):
        project = Project.objects.create(
            company=w.company, name=f"Job {number}", number=f"J{number}", slug=f"job-{number}"
        )
        set_level(w.staff, C, project, Level.READ_ONLY, by=w.owner)
        another = templates.create(w.company, f"Template {number}", by=w.admin)
        set_level(another.group, C, project, Level.STANDARD, by=w.owner)
        templates.add_person(another, w.staff, by=w.admin)
    assert queries_of(site, address) == few <= 24


def test_the_way_to_a_projects_directory_is_shown_to_those_it_opens_for(w, client, foreman):
    """Also to somebody who has no other page of a project."""
    client.force_login(foreman)
    assert f'href="{of_project(w)}"' in text_of(client.get(reverse("home")))
    client.force_login(w.reader)
    invoices = reverse("invoices", args=[w.project.slug])
    assert of_project(w) not in text_of(client.get(invoices))
    set_level(w.reader, P, w.project, Level.READ_ONLY, by=w.owner)
    assert f'href="{of_project(w)}"' in text_of(client.get(invoices))
