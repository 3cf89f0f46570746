"""Every other way to *Can Push to Accounting* or a site owner's power, really tried and refused (P-4, R70, R71)."""

import json

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from directory.actions import people, privileges
from directory.actions.grants import set_level
from directory.models import (
    AccountingPrivilege,
    Company,
    Event,
    Mail,
    Membership,
    PermissionTemplate,
    Person,
    PrivilegeRequest,
    Project,
    Vendor,
)
from directory.permissions import Level, Tool, accounting_approvers, read_access
from directory.refusals import NotAllowed, Refused
from tests.factories import owner, world

pytestmark = pytest.mark.django_db
PRIVILEGE = "admin:directory_accountingprivilege"
REQUEST = "admin:directory_privilegerequest"
WATCHED = (
    Person,
    Membership,
    Company,
    Vendor,
    Project,
    AccountingPrivilege,
    PrivilegeRequest,
    PermissionTemplate,
    Event,
)


@pytest.fixture
def w():
    return world()


def holds(who, company) -> bool:
    who = Person.objects.get(pk=who.pk)  # as a new request would read them
    return read_access(who, company).can_push_to_accounting or who in accounting_approvers(company)


def snapshot() -> list:
    """Every row that a try could have touched, and who has which group and permission."""
    links = (Person.groups.through, Person.user_permissions.through)
    return [list(model.objects.order_by("pk").values()) for model in (*WATCHED, *links)]


# Rights of other kinds


def test_a_permission_template_with_everything_does_not_give_it(w):
    template = PermissionTemplate.objects.create(
        company=w.company, name="Accounting", group=Group.objects.create(name="Accounting")
    )
    template.group.permissions.set(Permission.objects.all())
    set_level(template.group, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.owner)
    template.group.user_set.add(w.staff)
    assert read_access(w.staff, w.company).level(Tool.ERP_INTEGRATIONS) is Level.ADMIN
    assert not holds(w.staff, w.company)


def test_a_group_cannot_even_be_named_in_a_grant(w):
    with pytest.raises((ValueError, AttributeError, Person.DoesNotExist)):
        privileges.grant(Group.objects.create(name="All"), w.company, by=w.owner, reason="All of them")
    assert not AccountingPrivilege.objects.exclude(person=w.approver).exists()


@pytest.mark.parametrize("name", ["can_push_to_accounting", "push_to_accounting", "add_accountingprivilege"])
def test_a_django_permission_of_any_name_does_not_give_it(w, name):
    kind = ContentType.objects.get_for_model(AccountingPrivilege)
    named, _ = Permission.objects.get_or_create(content_type=kind, codename=name, defaults={"name": name})
    set_level(w.staff, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.owner)
    w.staff.user_permissions.add(named)
    group = Group.objects.create(name=name)
    group.permissions.add(named)
    w.staff.groups.add(group)
    assert not holds(w.staff, w.company)


def test_the_superuser_flag_does_not_give_it(w):
    people.add_person(w.company, w.owner.email, w.owner.name, by=w.owner)
    set_level(w.owner, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.owner)
    assert not holds(w.owner, w.company)


def test_admin_on_every_tool_does_not_give_it(w):
    for tool in Tool:
        set_level(w.staff, tool, w.company if tool.scope == "company" else w.project, Level.ADMIN, by=w.owner)
    assert not holds(w.staff, w.company)


# Oneself


def test_a_second_account_of_a_site_owner_is_somebody_else_and_the_record_says_who(w):
    """Allowed, since nobody can know; but written down, and mailed to every site owner."""
    people.add_person(w.company, w.owner.email, w.owner.name, by=w.owner)
    second = owner()
    privilege = privileges.grant(w.owner, w.company, by=second, reason="Covers for Sam")
    event = Event.objects.about(privilege).get()
    assert (event.by, event.by_name) == (second, second.name)
    assert {mail.to for mail in Mail.objects.about(privilege)} == {w.owner, second}


def test_a_directory_admin_cannot_answer_their_own_request(w):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    asked = privileges.ask(w.staff, w.company, by=w.admin, reason="Please")
    with pytest.raises(NotAllowed):
        privileges.grant_request(asked, by=w.admin, reason="Please")
    assert not holds(w.staff, w.company)


@pytest.mark.parametrize("who", ["contact", "inactive"])
def test_neither_a_vendors_people_nor_inactive_logins_get_it(w, who):
    someone = w.contact if who == "contact" else w.staff
    if who == "inactive":
        Person.objects.filter(pk=someone.pk).update(is_active=False)
        someone.refresh_from_db()
    with pytest.raises(Refused, match="not employed by"):
        privileges.grant(someone, w.company, by=w.owner, reason="Why not")
    assert not holds(someone, w.company)


# Fixtures, and fields sent along


def fixture(tmp_path, **fields) -> str:
    row = {"granted_at": "2030-01-01T00:00:00Z", "reason": "Loaded"} | fields
    path = tmp_path / "grants.json"
    path.write_text(json.dumps([{"model": "directory.accountingprivilege", "pk": 900_000, "fields": row}]))
    return str(path)


def test_a_fixture_grants_nothing_to_its_own_giver_and_nothing_without_a_reason(w, tmp_path):
    """Whoever loads fixtures owns the database; even so the rules that are its own hold."""
    mine = {"person": [w.staff.email], "company": w.company.pk, "granted_by": [w.staff.email]}
    theirs = mine | {"granted_by": [w.owner.email], "reason": ""}
    for fields in (mine, theirs):
        with pytest.raises(IntegrityError), transaction.atomic():
            call_command("loaddata", fixture(tmp_path, **fields), verbosity=0)
            connection.check_constraints()
    assert not holds(w.staff, w.company)


FORGED = {
    "name": "Kim Chu",
    "can_push_to_accounting": "on",
    "privileges": "1",
    "privileges-0-company": "1",
    "is_superuser": "on",
    "is_staff": "on",
    "groups": "1",
    "user_permissions": "1",
    "memberships-0-vendor": "",
    "is_active": "on",
    "email": "boss@example.com",
}


def test_a_profile_with_fields_sent_along_changes_the_name_and_no_right(w, client):
    client.force_login(w.staff)
    before = Person.objects.values().get(pk=w.staff.pk)
    client.post(reverse("profile"), FORGED)
    after = Person.objects.values().get(pk=w.staff.pk)
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"name", "uses_keys"}
    assert not w.staff.groups.exists() and not w.staff.user_permissions.exists()
    assert not holds(w.staff, w.company)


def test_a_request_with_fields_sent_along_is_still_only_a_request(w, client):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(w.admin)
    typed = {"person": w.staff.pk, "reason": "Please", "state": "granted", "privilege": "1", "answered_by": w.owner.pk}
    client.post(reverse("privilege-ask", args=[w.company.slug]), typed | {"granted_by": w.owner.pk})
    assert PrivilegeRequest.objects.get().state == PrivilegeRequest.State.WAITING
    assert not holds(w.staff, w.company)


# The admin, by staff with every permission


@pytest.fixture
def staff(client, w):
    w.staff.is_staff = True
    w.staff.save()
    w.staff.user_permissions.set(Permission.objects.all())
    client.force_login(w.staff)
    return client


@pytest.fixture
def asked(w):
    return PrivilegeRequest.objects.create(person=w.staff, company=w.company, asked_by=w.admin, reason="Cover")


def tries(w, asked) -> list[tuple[str, dict]]:
    """What somebody with a browser's tools would send."""
    me = reverse("admin:directory_person_change", args=[w.staff.pk])
    held = AccountingPrivilege.objects.get(person=w.approver)
    place = w.staff.memberships.get()
    grant = {"person": w.staff.pk, "company": w.company.pk, "reason": "Me", "granted_by": w.owner.pk}
    inline = {
        "memberships-TOTAL_FORMS": 1,
        "memberships-INITIAL_FORMS": 1,
        "memberships-0-id": place.pk,
        "memberships-0-company": w.company.pk,
        "memberships-0-is_active": "on",
    }
    deletes = [
        (reverse(f"admin:directory_{row._meta.model_name}_delete", args=[row.pk]), {"post": "yes"})
        for row in (w.owner, held, asked, w.company, w.vendor, w.project, Event.objects.first())
    ]
    mass = [
        (reverse(f"{page}_changelist"), {"action": action, "_selected_action": [pk], "post": "yes"})
        for page, pk in ((PRIVILEGE, held.pk), (REQUEST, asked.pk), ("admin:directory_person", w.owner.pk))
        for action in ("delete_selected", "grant")
    ]
    return [
        (me, {"name": "Kim", "email": w.staff.email, "is_superuser": "on", "is_staff": "on"} | inline),
        (me, {"user_permissions": [1, 2], "groups": [1], "is_superuser": "on"}),
        (me + "?_to_field=id&_popup=1", {"is_superuser": "on", "_popup": "1"}),
        (reverse("admin:directory_person_history", args=[w.staff.pk]), {}),
        (reverse("admin:directory_person_change", args=[w.owner.pk]), {"email": "mine@example.com"}),
        (reverse("admin:directory_person_add"), {"email": "x@example.com", "name": "X", "is_superuser": "on"}),
        (reverse("admin:directory_person_add") + "?_popup=1", {"email": "x@example.com", "company": w.company.pk}),
        (reverse("admin:directory_person_levels", args=[w.staff.pk]), {f"erp_integrations-{w.company.pk}": 3}),
        (reverse(f"{PRIVILEGE}_add"), grant),
        (reverse(f"{PRIVILEGE}_add") + "?_to_field=id&_popup=1", grant),
        (reverse(f"{PRIVILEGE}_change", args=[held.pk]), grant),
        (reverse(f"{PRIVILEGE}_history", args=[held.pk]), {}),
        (reverse(f"{PRIVILEGE}_withdraw", args=[held.pk]), {"reason": "Not him"}),
        (reverse(f"{REQUEST}_grant", args=[asked.pk]), {"reason": "Me"}),
        (reverse(f"{REQUEST}_decline", args=[asked.pk]), {"reason": "Him"}),
        (reverse(f"{REQUEST}_change", args=[asked.pk]), {"state": "granted"}),
        (reverse("admin:directory_company_change", args=[w.company.pk]), {"name": "Mine", "slug": "mine"}),
        (reverse("admin:directory_vendor_change", args=[w.vendor.pk]), {"name": "Mine"}),
        (reverse("admin:directory_project_add"), {"name": "Mine", "company": w.company.pk}),
        (reverse("admin:directory_event_change", args=[Event.objects.first().pk]), {"reason": "x"}),
        (reverse("admin:autocomplete"), {"app_label": "directory", "model_name": "accountingprivilege"}),
        (reverse("admin:set-up-gaps"), {}),
        *deletes,
        *mass,
    ]


def test_staff_with_every_permission_of_django_change_nothing(staff, w, asked):
    before = snapshot()
    sent = tries(w, asked)
    assert len(sent) > 30
    answers = {}
    for address, values in sent:
        answers[address] = staff.post(address, values).status_code
        assert snapshot() == before, address
    assert set(answers.values()) <= {403, 405}, answers


def test_staff_with_every_permission_see_no_login_no_right_and_no_mail(staff, w, asked):
    listed = staff.get(reverse("admin:index")).content.decode()
    for model in ("person", "accountingprivilege", "privilegerequest", "permissiontemplate", "mail"):
        address = reverse(f"admin:directory_{model}_changelist")
        assert staff.get(address).status_code == 403, model
        assert address not in listed, model
    for field in ("person", "company"):
        found = staff.get(
            reverse("admin:autocomplete"),
            {"app_label": "directory", "model_name": "accountingprivilege", "field_name": field, "term": ""},
        )
        assert found.status_code == 403 or w.owner.email not in found.content.decode()
    assert reverse("admin:set-up-gaps") not in listed


def test_a_site_owners_mass_actions_give_and_take_nothing(client, w, asked):
    client.force_login(w.owner)
    held = AccountingPrivilege.objects.get(person=w.approver)
    before = snapshot()
    for page, pk in ((PRIVILEGE, held.pk), (REQUEST, asked.pk), ("admin:directory_person", w.staff.pk)):
        for action in ("delete_selected", "grant", "decline", "withdraw"):
            client.post(
                reverse(f"{page}_changelist"),
                {"action": action, "_selected_action": [pk], "select_across": "1", "post": "yes", "reason": "All"},
            )
    assert snapshot() == before
