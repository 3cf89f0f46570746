"""Whatever happened to people, templates and levels: door, lists, matrix and explanation say the same (R64)."""

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from guardian.shortcuts import get_objects_for_user
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory.actions import permission_templates as templates
from directory.matrix import Matrix, columns_of
from directory.models import Company, Membership, Project, Vendor
from directory.permissions import RUNGS, Level, Tool, objects_with_level, people_with_level, read_access, write_level
from directory.why import explain
from tests.factories import owner, person

pytestmark = pytest.mark.django_db

PEOPLE, PLACES = st.integers(0, 3), st.integers(0, 3)
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), PEOPLE, st.sampled_from(Tool), PLACES, st.sampled_from(Level)),
        st.tuples(st.just("template"), st.integers(0, 1), st.sampled_from(Tool), PLACES, st.sampled_from(Level)),
        st.tuples(st.just("join"), PEOPLE, st.integers(0, 1)),
        st.tuples(st.just("leave"), PEOPLE, st.integers(0, 1)),
        st.tuples(st.just("employer"), PEOPLE, st.booleans()),
        st.tuples(st.just("membership"), PEOPLE, st.booleans()),
        st.tuples(st.just("login"), PEOPLE, st.booleans()),
    ),
    min_size=4,
    max_size=30,
)


class Crowd:
    """Two companies with two projects each, four people who are in both, a template of the first and one more group."""

    def __init__(self):
        self.boss = owner()
        self.companies = [Company.objects.create(name=name, slug=name.lower()) for name in ("North", "South")]
        self.projects = [
            Project.objects.create(company=company, name=f"{company} {n}", number=str(n), slug=f"{company.slug}-{n}")
            for company in self.companies
            for n in (1, 2)
        ]
        self.vendor = Vendor.objects.create(company=self.companies[0], name="Acme")
        self.people = [person(f"Al {n}", self.companies[0]) for n in range(4)]
        Membership.objects.bulk_create(Membership(company=self.companies[1], person=each) for each in self.people)
        template = templates.create(self.companies[0], "Readers", by=self.boss)
        for someone in self.people:  # so that whoever leaves or moves has something to lose
            for tool in Tool:
                write_level(someone, tool, self.place(tool, 0), Level.STANDARD)
        self.groups = [template.group, Group.objects.create(name="Loose")]

    def place(self, tool: Tool, number: int):
        return self.companies[number % 2] if tool.scope == "company" else self.projects[number]

    def act(self, what: str, who: int, *rest) -> None:
        if what in ("give", "template"):
            tool, number, level = rest
            holder = self.people[who] if what == "give" else self.groups[who]
            write_level(holder, tool, self.place(tool, number), level)
            return
        someone, (value,) = self.people[who], rest
        here = someone.memberships.filter(company=self.companies[0])
        {
            "join": lambda: self.groups[value].user_set.add(someone),
            "leave": lambda: self.groups[value].user_set.remove(someone),
            "employer": lambda: here.update(vendor=self.vendor if value else None),
            "membership": lambda: here.update(is_active=value),
            "login": lambda: type(someone).objects.filter(pk=someone.pk).update(is_active=value),
        }[what]()
        someone.refresh_from_db()

    def places(self, tool: Tool) -> list:
        return self.companies if tool.scope == "company" else self.projects


def guardians_list(someone, tool: Tool, rung: Level):
    model = Company if tool.scope == "company" else Project
    return get_objects_for_user(someone, tool.codename(rung), model, accept_global_perms=False)


@pytest.fixture
def crowd():
    return Crowd()


def access_to(someone, on):
    return read_access(someone, on.company, on if isinstance(on, Project) else None)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_door_lists_matrix_and_explanation_agree(crowd, acts):
    for someone in crowd.people:
        someone.refresh_from_db()  # what the example before did to them was rolled back
    with transaction.atomic():
        for act in acts:
            crowd.act(*act)
        levels = {
            (someone.pk, tool, on.pk): access_to(someone, on).level(tool)
            for someone in crowd.people
            for tool in Tool
            for on in crowd.places(tool)
        }
        lists_agree(crowd, levels)
        pages_agree(crowd, levels)
        transaction.set_rollback(True)


def lists_agree(crowd, levels) -> None:
    for tool in Tool:
        for rung in RUNGS:
            for someone in crowd.people:
                allowed = {on for on in crowd.places(tool) if levels[someone.pk, tool, on.pk] >= rung}
                assert set(objects_with_level(someone, tool, rung)) == allowed
                assert allowed <= set(guardians_list(someone, tool, rung)), "guardian's own list is right too"
            for on in crowd.places(tool):
                holders = {each for each in crowd.people if levels[each.pk, tool, on.pk] >= rung}
                assert set(people_with_level(on, tool, rung)) == holders


def pages_agree(crowd, levels) -> None:
    for company in crowd.companies:
        projects = [project for project in crowd.projects if project.company == company]
        matrix = Matrix(company, columns_of(company, *projects), crowd.boss)
        for row in matrix.rows_of_people(Membership.objects.in_order_of_employer(company)):
            for cell in row.cells:
                assert cell.level is levels[row.person.pk, cell.column.tool, cell.column.place.pk]
            for place, tools in explain(row.membership).items():
                for each in tools:
                    assert each.cell.level is levels[row.person.pk, each.cell.column.tool, place.pk]
                    assert max((grant.level for grant in each.grants), default=Level.NONE) is each.cell.level
