"""Logins opened and closed, and who owns the site: on record, and nothing comes back by itself (R119, P-4)."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from directory import second_factor
from directory.actions import account_links, people, standing, vendors
from directory.actions.grants import set_level
from directory.actions.vendors import Details
from directory.audiences import SITE_OWNER
from directory.models import AccountingPrivilege, Event, Mail, Membership, Person
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, Refused
from tests.directory.directory_pages import directory_admin, is_at_the_door
from tests.directory.test_admin import person_form
from tests.factories import owner, person, world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db
CLOSED, OWNER = {"is_active": False}, {"is_superuser": True, "is_staff": True}


@pytest.fixture
def w():
    return world()


def change(who, wanted, w, reason="As agreed"):
    standing.change_standing(who, wanted, by=w.owner, reason=reason)
    who.refresh_from_db()


def test_a_site_owner_made_and_unmade_is_an_event_in_every_company_although_no_directory_lists_them(w):
    other, helper = world("Harbor Works"), person("Hope Helper")
    change(helper, OWNER, w, "Looks after the server")
    change(helper, {"is_superuser": False}, w, "Left")
    for company in (w.company, other.company):
        made, unmade = Event.objects.about(company).order_by("pk").filter(changes__has_key="login")
        assert (made.verb, made.by, made.reason) == ("made a site owner", w.owner, "Looks after the server")
        assert made.changes == {
            "login": ["", f"Hope Helper, {helper.email}"],
            "may open the admin": ["no", "yes"],
            "site owner": ["no", "yes"],
        }
        assert (unmade.verb, unmade.changes["site owner"]) == ("no longer a site owner", ["yes", "no"])
    told = Mail.objects.about(helper).filter(headline="The login of Hope Helper was changed by Site Owner")
    assert {mail.to for mail in told} == {w.owner, other.owner, helper} and told.count() == 6
    assert {mail.audience for mail in told if mail.to != helper} == {SITE_OWNER}
    assert "Site owner: was no, is now yes" in told.last().text and "Looks after the server" in told.last().text


def test_a_login_no_directory_lists_is_closed_with_an_event_in_every_company(w):
    stranger = person("Stan Stranger")
    change(stranger, CLOSED, w)
    assert Event.objects.about(w.company).first().verb == "closed the login"


def test_a_login_of_one_directory_is_no_affair_of_another_company(w):
    other = world("Harbor Works")
    change(w.reader, CLOSED, w)
    assert Event.objects.about(w.reader.memberships.get()).first().verb == "closed the login"
    assert not Event.objects.filter(company=other.company, verb="closed the login").exists()


def test_closing_a_login_ends_everything_and_opening_it_brings_nothing_back(w):
    directory_admin(w)
    set_level(w.approver, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    browser = signed_in(w.approver)
    change(w.approver, CLOSED, w, "Lost phone")
    assert is_at_the_door(browser)
    privilege = AccountingPrivilege.objects.get(person=w.approver)
    assert (privilege.withdrawn_by, privilege.withdrawal_reason) == (w.owner, "The login was closed: Lost phone")
    ended = Event.objects.about(w.company).get(verb="ended the levels")
    assert ended.changes["ERP Integrations, Cascade Builders"] == ["Standard", "None"]
    assert ended.changes[f"Commitments, {w.project}"] == ["Admin", "None"]
    change(w.approver, {"is_active": True}, w, "Found again")
    assert w.approver.membership_in(w.company) is None
    people.reactivate_membership(w.approver.memberships.get(), by=w.owner)
    access = read_access(w.approver, w.company, w.project)
    assert not access.can_push_to_accounting and not any(access.levels.values())


def test_a_question_to_join_is_taken_back_with_the_login(w):
    known = world("Harbor Works").reader
    place = people.add_person(w.company, known.email, "", by=w.owner)
    change(known, CLOSED, w)
    place.refresh_from_db()
    assert place.state == Membership.State.DECLINED


def test_a_session_from_before_does_not_grow_into_a_site_owners(w):
    """R94: nor does one outlive the flag."""
    old = signed_in(w.reader)
    change(w.reader, OWNER, w)
    assert is_at_the_door(old)
    new = signed_in(w.reader)
    change(w.reader, {"is_superuser": False, "is_staff": False}, w)
    assert is_at_the_door(new)


def test_no_link_of_a_closed_login_works_when_it_is_opened_again(w):
    waiting = account_links.ask_for_email(w.reader, "elsewhere@example.com")
    change(w.reader, CLOSED, w)
    change(w.reader, {"is_active": True}, w)
    waiting.refresh_from_db()
    assert waiting.closed_at and not w.reader.email_changes.open().exists()


def test_whoever_may_open_the_admin_owes_the_second_factor_too(w):
    """R93: staff with a permission to look read every company's events."""
    w.company.needs_second_factor = True
    w.company.save()
    helper = person("Hope Helper")
    assert not second_factor.is_required(helper)
    change(helper, {"is_staff": True}, w)
    assert second_factor.is_required(helper)


def test_the_last_directory_admin_keeps_the_login(w):
    ada = directory_admin(w)
    with pytest.raises(Refused, match="Nobody would be left with Admin on the Directory of Cascade Builders"):
        change(ada, CLOSED, w)
    ada.refresh_from_db()
    assert ada.is_active and read_access(ada, w.company).is_directory_admin


def test_nobody_does_it_to_themselves_without_being_a_site_owner_or_without_a_reason(w):
    with pytest.raises(Refused, match="Nobody changes this for themselves"):
        change(w.owner, {"is_superuser": False}, w)
    with pytest.raises(NotAllowed, match="site owner"):
        standing.change_standing(w.reader, CLOSED, by=directory_admin(w), reason="x")
    with pytest.raises(NotAllowed, match="site owner"):
        standing.rename_login(w.reader, "Other", by=directory_admin(w))
    with pytest.raises(Refused, match="Say why"):
        change(w.reader, CLOSED, w, " ")
    assert not Event.objects.filter(verb="closed the login").exists()


def test_what_stays_as_it_is_needs_no_reason_and_is_no_event(w):
    before = Event.objects.count()
    change(w.reader, {"is_active": True, "is_staff": False, "user_permissions": []}, w, "")
    standing.rename_login(w.reader, f" {w.reader.name} ", by=w.owner)
    assert Event.objects.count() == before


def test_what_staff_may_look_at_is_on_record(w):
    looks = Permission.objects.filter(codename="view_event")
    change(w.reader, {"is_staff": True, "user_permissions": looks}, w)
    event = Event.objects.about(w.reader.memberships.get()).first()
    assert event.verb == "changed what the login may see in the admin"
    assert event.changes["may look at"] == ["", "Can view event"]
    assert list(w.reader.user_permissions.all()) == list(looks)


# On the site owner's page


def test_the_page_asks_why_keeps_what_was_typed_and_then_does_it(w):
    boss, site = owner(), signed_in(w.owner)
    address = reverse("admin:directory_person_change", args=[w.reader.pk])
    typed = person_form(w.reader, is_staff="on", is_superuser="on", name="Rae Read")
    refused = site.post(address, typed).content.decode()
    assert "Say why: it stays on record." in refused and 'value="Rae Read"' in refused
    assert not Person.objects.get(pk=w.reader.pk).is_superuser and not Mail.objects.filter(to=boss).exists()
    assert site.post(address, typed | {"reason": "Runs the server"}).status_code == 302
    w.reader.refresh_from_db()
    assert (w.reader.is_superuser, w.reader.name) == (True, "Rae Read")
    assert Mail.objects.filter(to=boss).count() == 1


def test_the_last_directory_admin_is_refused_on_the_page_and_not_by_an_error_page(w):
    ada, site = directory_admin(w), signed_in(w.owner)
    address = reverse("admin:directory_person_change", args=[ada.pk])
    answer = site.post(address, person_form(ada, is_active=None, reason="Gone"))
    assert answer.status_code == 200 and "Nobody would be left" in answer.content.decode()


def test_closing_a_login_and_changing_its_row_at_once_is_told_and_nothing_typed_is_lost(w):
    site, address = signed_in(w.owner), reverse("admin:directory_person_change", args=[w.reader.pk])
    typed = person_form(w.reader, is_active=None, reason="Gone", **{"memberships-0-title": "Clerk of works"})
    answer = site.post(address, typed)
    assert answer.status_code == 200 and "First open or close the login" in answer.content.decode()
    assert "Clerk of works" in answer.content.decode() and Person.objects.get(pk=w.reader.pk).is_active


def test_an_e_mail_that_is_a_login_already_is_asked_or_refused_in_words(w):
    other, site = world("Harbor Works"), signed_in(w.owner)
    add, typed = reverse("admin:directory_person_add"), {"name": "Rae", "company": other.company.pk}
    assert site.post(add, typed | {"email": w.reader.email}).status_code == 302
    assert w.reader.memberships.get(company=other.company).state == Membership.State.ASKED
    refused = site.post(add, {"name": "Rae", "company": w.company.pk, "email": w.reader.email}).content.decode()
    assert "is in the directory of Cascade Builders already" in refused and "onstraint" not in refused


def test_who_left_is_no_approver_in_the_list_of_people(w):
    site, listed = signed_in(w.owner), reverse("admin:directory_person_changelist")
    row = f'<td class="field-is_accounting_approver">{w.company.name}</td>'
    assert row in site.get(listed).content.decode()
    people.deactivate_membership(w.approver.memberships.get(), by=w.owner, reason="Left")
    assert row not in site.get(listed).content.decode()


def test_a_vendor_is_held_to_the_same_rules_in_the_admin(w):
    site = signed_in(w.owner)
    vendors.enter(w.company, Details("Bolt Electric", "V-100"), by=w.owner)
    address = reverse("admin:directory_vendor_change", args=[w.vendor.pk])
    assert "1990-01-01" in site.post(address, {"insurance_expires_date": "1989-12-31"}).content.decode()
    assert "looks like a vendor of" in site.post(address, {"number": "v 0100"}).content.decode()
    assert site.post(address, {"number": "v 0100", "others": "on"}).status_code == 302


def test_a_new_row_that_is_not_ticked_is_told_what_to_do(w):
    other, site = world("Harbor Works"), signed_in(w.owner)
    address = reverse("admin:directory_person_change", args=[w.reader.pk])
    row = {"memberships-TOTAL_FORMS": 2, "memberships-1-company": other.company.pk, "memberships-1-title": "Guest"}
    answer = site.post(address, person_form(w.reader, **row))
    assert answer.status_code == 200 and "Tick it to enter the person" in answer.content.decode()
    assert site.post(address, person_form(w.reader, **row, **{"memberships-1-is_active": "on"})).status_code == 302
    assert w.reader.memberships.get(company=other.company).state == Membership.State.ASKED


def test_a_project_is_begun_changed_and_ended_through_its_actions(w):
    site = signed_in(w.owner)
    new = {"company": w.company.pk, "name": "Pier 4", "number": "P4", "slug": "pier-4", "time_zone": "America/Chicago"}
    add = reverse("admin:directory_project_add")
    assert "has the number" in site.post(add, new | {"number": w.project.number}).content.decode()
    assert site.post(add, new).status_code == 302
    pier = w.company.projects.get(slug="pier-4")
    page = reverse("admin:directory_project_change", args=[pier.pk])
    changed = new | {"name": "Pier Four", "slug": "elsewhere"}
    assert site.post(page, changed | {"reason": "Built"}).status_code == 302
    pier.refresh_from_db()
    assert (pier.name, pier.slug, pier.is_active) == ("Pier Four", "pier-4", False)
    assert [event.verb for event in Event.objects.about(pier)] == ["ended the project", "changed", "entered"]
    assert Event.objects.about(pier).first().reason == "Built"
    site.post(page, changed | {"is_active": "on"})
    assert Event.objects.about(pier).first().verb == "runs the project again"
