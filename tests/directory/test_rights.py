"""Levels on tools: what a person holds, and that every list agrees with it (P-1, P-8, R64–R67, R70)."""

import itertools
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from guardian.shortcuts import assign_perm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directory import second_factor
from directory.actions import people
from directory.actions.grants import set_level
from directory.models import Company, Event, Project, Vendor
from directory.permissions import (
    RUNGS,
    Level,
    Tool,
    accounting_approvers,
    level_held,
    memberships_of,
    objects_with_level,
    people_with_level,
    projects_visible_to,
    read_access,
    visible_projects,
)
from directory.refusals import NotAllowed, Refused
from tests.factories import owner, person, world

pytestmark = pytest.mark.django_db
C, E, D = Tool.COMMITMENTS, Tool.ERP_INTEGRATIONS, Tool.COMPANY_DIRECTORY


@pytest.fixture
def w():
    return world()


def test_a_level_is_a_ladder_and_the_highest_rung_counts(w):
    someone = person("Uma Ladder", w.company)
    for level in (Level.ADMIN, Level.READ_ONLY, Level.STANDARD, Level.NONE):
        set_level(someone, C, w.project, level, by=w.owner)
        access = read_access(someone, w.company, w.project)
        assert access.level(C) is level
        assert [access.allows(C, rung) for rung in RUNGS] == [rung <= level for rung in RUNGS]


def test_setting_a_level_writes_one_event_and_setting_it_again_none(w):
    someone = person("Uma Ladder", w.company)
    before = Event.objects.count()
    set_level(someone, E, w.company, Level.STANDARD, by=w.owner)
    set_level(someone, E, w.company, Level.STANDARD, by=w.owner)
    (event,) = Event.objects.about(w.company)[: Event.objects.count() - before]
    assert event.by == w.owner
    assert event.changes["Uma Ladder: ERP Integrations"] == ["None", "Standard"]


def test_the_better_of_ones_own_level_and_the_groups_wins(w):
    someone, template = person("Gil Group", w.company), Group.objects.create(name="Reviewers")
    someone.groups.add(template)
    set_level(template, C, w.project, Level.STANDARD, by=w.owner)
    set_level(someone, C, w.project, Level.READ_ONLY, by=w.owner)
    assert read_access(someone, w.company, w.project).level(C) is Level.STANDARD
    assert level_held(someone, C, w.project) is Level.READ_ONLY
    assert level_held(template, C, w.project) is Level.STANDARD
    someone.groups.clear()
    assert read_access(someone, w.company, w.project).level(C) is Level.READ_ONLY


def test_being_a_superuser_gives_no_level_and_no_privilege(w):
    """P-4, R70, also for one who is in the directory."""
    boss = owner()
    people.add_person(w.company, boss.email, boss.name, by=boss)
    access = read_access(boss, w.company, w.project)
    assert not any(access.allows(tool, Level.READ_ONLY) for tool in Tool)
    assert not access.can_push_to_accounting
    assert not objects_with_level(boss, C, Level.READ_ONLY).exists()


def test_permissions_for_a_whole_model_count_for_nothing(w):
    """R64: guardian's own shortcuts would list everything to this person."""
    someone = person("Moe Model", w.company)
    someone.user_permissions.set(Permission.objects.filter(content_type__app_label="directory"))
    assert not any(read_access(someone, w.company, w.project).levels.values())
    assert not visible_projects(someone, C).exists()
    assert someone not in people_with_level(w.project, C, Level.READ_ONLY)


@pytest.mark.parametrize("ending", ["person", "membership"])
def test_an_inactive_person_or_membership_holds_nothing(w, ending):
    """R67."""
    if ending == "person":
        w.admin.is_active = False
        w.admin.save()
    else:
        w.admin.memberships.update(is_active=False)
    access = read_access(w.admin, w.company, w.project)
    assert (access.membership, dict(access.levels), access.can_push_to_accounting) == (None, {}, False)
    assert not projects_visible_to(w.admin).exists()
    assert w.admin not in people_with_level(w.project, C, Level.ADMIN)


def test_leaving_a_directory_ends_the_levels_for_good(w):
    """R65: joining again starts from nothing."""
    people.deactivate_membership(w.admin.membership_in(w.company), by=w.owner, reason="Left the company")
    people.add_person(w.company, w.admin.email, w.admin.name, by=w.owner)
    assert read_access(w.admin, w.company, w.project).level(C) is Level.NONE


def test_a_member_of_another_company_holds_nothing_even_with_a_grant_left_over(w):
    stranger = person("Nia Next", world("Harbor Works").company)
    assign_perm("directory.commitments_admin", stranger, w.project)
    assert read_access(stranger, w.company, w.project).level(C) is Level.NONE
    assert w.project not in projects_visible_to(stranger)
    with pytest.raises(Refused, match="not in the directory"):
        set_level(stranger, C, w.project, Level.STANDARD, by=w.owner)


def test_an_outsiders_admin_is_no_more_than_standard_wherever_it_is_asked(w):
    """1.2, R93: they move no money, so no company has a reason to ask them for a second factor."""
    set_level(w.contact, C, w.project, Level.ADMIN, by=w.owner)
    Company.objects.update(needs_second_factor=True)
    assert read_access(w.contact, w.company, w.project).level(C) is Level.STANDARD
    assert list(objects_with_level(w.contact, C, Level.STANDARD)) == [w.project]
    assert not objects_with_level(w.contact, C, Level.ADMIN).exists()
    assert w.contact not in people_with_level(w.project, C, Level.ADMIN)
    assert not second_factor.is_required(w.contact) and second_factor.is_required(w.admin)


def test_a_vendors_people_hold_levels_on_commitments_only(w):
    """P-1: the other tools would show them what belongs to others."""
    with pytest.raises(Refused, match="works for Acme Concrete"):
        set_level(w.contact, E, w.company, Level.READ_ONLY, by=w.owner)
    set_level(w.contact, C, w.project, Level.STANDARD, by=w.owner)
    moved = w.approver.membership_in(w.company)
    people.change_employer(moved, w.vendor, "", by=w.owner)
    access = read_access(w.approver, w.company)
    assert (access.is_external, access.level(E), access.can_push_to_accounting) == (True, Level.NONE, False)
    assert w.approver not in accounting_approvers(w.company)
    assert not objects_with_level(w.approver, E, Level.READ_ONLY).exists()
    assert read_access(w.contact, w.company, w.project).level(C) is Level.STANDARD


def test_access_is_read_in_two_queries_however_many_grants(w, django_assert_max_num_queries):
    for number in range(5):
        group = Group.objects.create(name=f"Template {number}")
        w.approver.groups.add(group)
        set_level(group, C, w.project, Level.ADMIN, by=w.owner)
    with django_assert_max_num_queries(2):
        access = read_access(w.approver, w.company, w.project)
    assert access.can_push_to_accounting


@pytest.mark.parametrize(
    ("grant", "counts"),
    [
        (lambda now: {}, True),
        (lambda now: {"ends_at": now + timedelta(minutes=10)}, True),
        (lambda now: {"ends_at": now - timedelta(seconds=1)}, False),
        (lambda now: {"withdrawn_at": now}, False),
        (None, False),
    ],
    ids=["no end", "ends later", "has ended", "withdrawn", "of another company"],
)
def test_an_act_reads_of_a_person_what_a_door_has_at_hand(w, grant, counts):
    """The act's question is written out in SQL, the door's in Django's words."""
    held = w.approver.privileges.filter(company=w.company)
    if grant is None:
        held = w.approver.privileges.all()
        held.update(company=Company.objects.create(name="Elsewhere", slug="elsewhere"))
    elif "withdrawn_at" in (changed := grant(timezone.now())):
        held.update(withdrawn_by=w.owner, withdrawal_reason="Left accounting", **changed)
    else:
        held.update(**changed)
    act = read_access(w.approver, w.company)
    door = read_access(w.approver, w.company, memberships=memberships_of(w.approver.pk))
    assert act.can_push_to_accounting is door.can_push_to_accounting is counts
    for name in ("pk", "company_id", "person_id", "vendor_id", "title", "is_active", "joined_at", "asked_at"):
        assert getattr(act.membership, name) == getattr(door.membership, name)


def test_a_missing_right_is_named_with_those_who_hold_it(w):
    """P-8; `Who can help` on the page."""
    with pytest.raises(NotAllowed) as refusal:
        read_access(w.reader, w.company, w.project).require(C, Level.ADMIN)
    assert refusal.value.right == "Admin on Commitments"
    assert refusal.value.helpers == ["Dana Cole", "Ola Berg"]
    assert "Admin on Commitments" in refusal.value.message


def test_accounting_approvers_hold_both_the_level_and_the_privilege(w):
    assert list(accounting_approvers(w.company)) == [w.approver]
    set_level(w.approver, E, w.company, Level.READ_ONLY, by=w.owner)
    assert not accounting_approvers(w.company).exists()


def test_a_closed_project_is_in_no_list(w):
    assert w.project in projects_visible_to(w.reader)
    Project.objects.filter(pk=w.project.pk).update(is_active=False)
    assert w.project not in projects_visible_to(w.reader)


# Lists and details agree (R64)

grants_drawn = st.lists(
    st.tuples(
        st.integers(0, 3),  # holder: three people or a group
        st.sampled_from(list(Tool)),
        st.integers(0, 3),  # which place
        st.sampled_from(RUNGS),  # one bare rung: also without those below
    ),
    max_size=25,
)


@pytest.fixture
def crowd():
    companies = [Company.objects.create(name=name, slug=name.lower()) for name in ("North", "South")]
    projects = [
        Project.objects.create(company=company, name=f"{company} {n}", number=str(n), slug=f"{company.slug}-{n}")
        for company in companies
        for n in (1, 2)
    ]
    vendor = Vendor.objects.create(company=companies[0], name="Acme")
    someone, outside = person("Al One", companies[0]), person("Bo Two", companies[0], vendor)
    people.add_person(companies[1], outside.email, outside.name, by=owner())
    boss = owner()
    people.add_person(companies[0], boss.email, boss.name, by=boss)
    template = Group.objects.create(name="Template")
    template.user_set.add(someone, outside)
    return companies, projects, [someone, outside, boss, template]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=grants_drawn, left=st.sets(st.integers(0, 2)))
def test_what_a_list_shows_is_what_the_detail_allows(crowd, drawn, left):
    companies, projects, holders = crowd
    with transaction.atomic():
        for holder, tool, place, rung in drawn:
            on = companies[place % 2] if tool.scope == "company" else projects[place]
            assign_perm(f"directory.{tool.codename(rung)}", holders[holder], on)
        for number in left:
            holders[number].memberships.filter(company=companies[0]).update(is_active=False)
        access = {(who, on): _access(who, on) for who in holders[:3] for on in (*companies, *projects)}
        for tool, level in itertools.product(Tool, RUNGS):
            places = companies if tool.scope == "company" else projects
            people = {on: set(people_with_level(on, tool, level)) for on in places}
            for who in holders[:3]:
                allowed = {on for on in places if access[who, on].allows(tool, level)}
                assert allowed == set(objects_with_level(who, tool, level))
                assert allowed == {on for on in places if who in people[on]}
        transaction.set_rollback(True)


def _access(who, on):
    return read_access(who, on.company, on if isinstance(on, Project) else None)
