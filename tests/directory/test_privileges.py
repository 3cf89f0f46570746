"""*Can Push to Accounting* (P-4, R70): one person, one company, by a site owner, with a reason, until withdrawn."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection
from django.utils import timezone

from directory.actions import people, privileges
from directory.actions.grants import set_level
from directory.models import AccountingPrivilege, Event, Person
from directory.permissions import Level, Tool, accounting_approvers, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.factories import owner, person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def holds(who, company) -> bool:
    return read_access(who, company).can_push_to_accounting


def test_a_site_owner_grants_it_with_a_reason_and_both_acts_are_events(w):
    someone = person("Ann Book", w.company)
    privilege = privileges.grant(someone, w.company, by=w.owner, reason="  Covers for Sam  ")
    assert holds(someone, w.company)
    privileges.withdraw(privilege, by=w.owner, reason="Sam is back")
    assert not holds(someone, w.company)
    last, first = Event.objects.about(privilege)
    assert (first.verb, first.by, first.reason) == ("granted Can Push to Accounting", w.owner, "Covers for Sam")
    assert (last.verb, last.by, last.reason) == ("withdrew Can Push to Accounting", w.owner, "Sam is back")


def test_it_is_for_one_company_only(w):
    other = world("Harbor Works")
    people.add_person(other.company, w.approver.email, w.approver.name, by=w.owner)
    assert holds(w.approver, w.company)
    assert not holds(w.approver, other.company)


@pytest.mark.parametrize("by", ["admin", "approver", "contact"])
def test_nobody_but_a_site_owner_grants_or_withdraws_it(w, by):
    by = getattr(w, by)
    by.is_staff = True
    by.save()
    if by.membership_in(w.company).vendor_id is None:
        set_level(by, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    by.user_permissions.set(Permission.objects.all())
    with pytest.raises(NotAllowed, match="site owner"):
        privileges.grant(w.staff, w.company, by=by, reason="Please")
    with pytest.raises(NotAllowed, match="site owner"):
        privileges.withdraw(AccountingPrivilege.objects.get(person=w.approver), by=by, reason="No")
    assert holds(w.approver, w.company)


def test_a_dismissed_site_owner_grants_nothing(w):
    Person.objects.filter(pk=w.owner.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        privileges.grant(w.staff, w.company, by=w.owner, reason="Last act")


def test_nobody_grants_it_to_themselves(w):
    people.add_person(w.company, w.owner.email, w.owner.name, by=w.owner)
    with pytest.raises(Refused, match="themselves"):
        privileges.grant(w.owner, w.company, by=w.owner, reason="I am the boss")
    assert not holds(w.owner, w.company)


@pytest.mark.parametrize("reason", ["", "   "])
def test_granting_and_withdrawing_need_a_reason(w, reason):
    with pytest.raises(Refused) as refusal:
        privileges.grant(w.staff, w.company, by=w.owner, reason=reason)
    assert refusal.value.field == "reason"
    with pytest.raises(Refused):
        privileges.withdraw(AccountingPrivilege.objects.get(person=w.approver), by=w.owner, reason=reason)


@pytest.mark.parametrize("who", ["stranger", "contact", "left"])
def test_only_the_companys_own_active_people_get_it(w, who):
    if who == "stranger":
        someone = person("Sue Strange")
    elif who == "contact":
        someone = w.contact
    else:
        someone = w.staff
        people.deactivate_membership(someone.membership_in(w.company), by=w.owner, reason="Left")
    with pytest.raises(Refused, match="not employed by"):
        privileges.grant(someone, w.company, by=w.owner, reason="Why not")


def test_neither_group_nor_permission_nor_flag_gives_it(w):
    """R70: the routes by which guardian or Django would say yes."""
    template = Group.objects.create(name="Accounting")
    template.permissions.set(Permission.objects.all())
    set_level(template, Tool.ERP_INTEGRATIONS, w.company, Level.ADMIN, by=w.owner)
    w.staff.groups.add(template)
    w.staff.user_permissions.set(Permission.objects.all())
    w.staff.is_staff = w.staff.is_superuser = True
    w.staff.save()
    assert read_access(w.staff, w.company).level(Tool.ERP_INTEGRATIONS) is Level.ADMIN
    assert not holds(w.staff, w.company)
    assert w.staff not in accounting_approvers(w.company)


def test_it_is_not_granted_twice_and_not_withdrawn_twice_but_may_come_back(w):
    with pytest.raises(Refused, match="already"):
        privileges.grant(w.approver, w.company, by=w.owner, reason="Again")
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    privileges.withdraw(privilege, by=w.owner, reason="Holiday")
    with pytest.raises(NotNow):
        privileges.withdraw(privilege, by=w.owner, reason="Holiday")
    privileges.grant(w.approver, w.company, by=w.owner, reason="Back")
    assert holds(w.approver, w.company)


def test_who_left_with_it_does_not_get_it_back_by_joining_again(w):
    people.deactivate_membership(w.approver.membership_in(w.company), by=w.owner, reason="Left")
    assert not holds(w.approver, w.company)
    with pytest.raises(NotNow, match="must withdraw it first"):
        people.add_person(w.company, w.approver.email, w.approver.name, by=w.owner)
    privileges.withdraw(AccountingPrivilege.objects.get(person=w.approver), by=w.owner, reason="Left")
    people.add_person(w.company, w.approver.email, w.approver.name, by=w.owner)
    assert not holds(w.approver, w.company)


# What the database itself refuses


def row(w, **values):
    return AccountingPrivilege(
        **{"person": w.staff, "company": w.company, "granted_by": w.owner, "reason": "Because", **values}
    )


def refused(privilege, constraint: str) -> None:
    with pytest.raises(IntegrityError) as error:
        privilege.save()
    columns = constraint == "a_person_holds_the_privilege_once_in_a_company" and connection.vendor == "sqlite"
    assert ("UNIQUE constraint failed" if columns else constraint) in str(error.value)


def test_a_person_holds_the_privilege_once_in_a_company(w):
    refused(row(w, person=w.approver), "a_person_holds_the_privilege_once_in_a_company")


def test_a_privilege_has_a_reason(w):
    refused(row(w, reason=""), "a_privilege_has_a_reason")


def test_nobody_grants_the_privilege_to_themselves_by_writing_the_row(w):
    refused(row(w, person=w.owner), "nobody_grants_the_privilege_to_themselves")


def test_a_withdrawal_has_a_moment_and_a_person(w):
    refused(row(w, withdrawn_at=timezone.now()), "a_withdrawal_has_a_moment_and_a_person")


def test_somebody_elses_grant_is_not_withdrawn_by_deleting_the_person_who_gave_it(w):
    with pytest.raises(IntegrityError):
        owner_row = AccountingPrivilege.objects.get(person=w.approver).granted_by
        assert owner_row == w.owner and owner() != w.owner
        owner_row.delete()
