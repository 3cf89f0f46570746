"""Who leaves a directory or goes to another employer: every right ends at once, and none comes back by itself (R67)."""

import pytest
from django.urls import reverse

from directory.actions import people, permission_templates, privileges
from directory.actions.grants import set_level
from directory.models import AccountingPrivilege, Event, Mail, Membership, Person, PrivilegeRequest, Vendor
from directory.permissions import Level, Tool, objects_with_level, read_access
from directory.reach import Reach
from directory.refusals import NotNow, Refused
from tests.directory.directory_pages import AtDesk, directory_admin, is_at_the_door, membership, words_of
from tests.factories import world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def ada(w):
    return AtDesk(w, directory_admin(w))


@pytest.fixture
def bolt(w):
    return Vendor.objects.create(company=w.company, name="Bolt Electric")


LEAVING = ["deactivated", "moved to a vendor"]


def leave(ada, who, way: str, w, bolt):
    """As the Admin does it on the person's page."""
    place, more = membership(who, w), {"reason": "Went away"}
    if way == "deactivated":
        return ada.send("directory-person-deactivate", place.pk, **more)
    return ada.send("directory-person-move", place.pk, vendor=bolt.pk, **more)


@pytest.mark.parametrize("way", LEAVING)
def test_the_session_ends_the_lists_are_empty_and_no_level_is_left(w, ada, bolt, way):
    browser, other = signed_in(w.admin), signed_in(w.admin)
    unconcerned = signed_in(w.second_admin)
    assert leave(ada, w.admin, way, w, bolt).status_code == 302
    assert is_at_the_door(browser) and is_at_the_door(other)
    assert not is_at_the_door(unconcerned) and not is_at_the_door(ada.client)
    assert not objects_with_level(w.admin, Tool.COMMITMENTS, Level.READ_ONLY).exists()
    assert not any(read_access(w.admin, w.company, w.project).levels.values())
    again = signed_in(w.admin)
    assert again.get(reverse("project", args=[w.project.slug])).status_code == 404


@pytest.mark.parametrize("way", LEAVING)
def test_what_leads_on_from_every_page_forgets_the_employer(w, ada, bolt, way):
    reach = Reach(w.admin)
    assert (reach.employers, reach.is_employed, reach.is_contact) == ([w.company], True, False)
    assert reach.projects_with(Tool.COMMITMENTS) == [w.project]
    leave(ada, w.admin, way, w, bolt)
    reach = Reach(Person.objects.get(pk=w.admin.pk))
    assert (reach.employers, reach.is_employed, reach.is_contact) == ([], False, way == "moved to a vendor")
    assert not reach.projects_with(Tool.COMMITMENTS)


def test_one_who_works_here_and_for_a_vendor_elsewhere_is_both(w):
    elsewhere = world("Elsewhere Builders")
    Membership.objects.create(company=elsewhere.company, person=w.admin, vendor=elsewhere.vendor)
    assert (Reach(w.admin).is_employed, Reach(w.admin).is_contact) == (True, True)


@pytest.mark.parametrize("way", LEAVING)
def test_levels_from_a_template_end_too(w, ada, bolt, way):
    """A template's levels are the group's: being taken out of it is what ends them."""
    template = permission_templates.create(w.company, "Site team", by=ada.who)
    set_level(template.group, Tool.COMMITMENTS, w.project, Level.ADMIN, by=ada.who)
    permission_templates.add_person(template, w.staff, by=ada.who)
    assert read_access(w.staff, w.company, w.project).level(Tool.COMMITMENTS) is Level.ADMIN
    leave(ada, w.staff, way, w, bolt)
    assert not template.group.user_set.contains(w.staff)
    if way == "deactivated":
        ada.send("directory-person-reactivate", membership(w.staff, w).pk)
    assert read_access(w.staff, w.company, w.project).level(Tool.COMMITMENTS) is Level.NONE


@pytest.mark.parametrize("way", LEAVING)
def test_a_template_of_another_company_is_left_alone(w, ada, bolt, way):
    other = world("Harbor Works")
    place = people.add_person(other.company, w.staff.email, "Kim", by=other.owner)
    signed_in(w.staff).post(f"/me/joining/{place.pk}/join/")
    template = permission_templates.create(other.company, "Office", by=other.owner)
    permission_templates.add_person(template, w.staff, by=other.owner)
    set_level(w.staff, Tool.COMMITMENTS, other.project, Level.STANDARD, by=other.owner)
    leave(ada, w.staff, way, w, bolt)
    assert template.group.user_set.contains(w.staff)
    assert read_access(w.staff, other.company, other.project).level(Tool.COMMITMENTS) is Level.STANDARD


@pytest.mark.parametrize("way", LEAVING)
def test_a_waiting_request_for_the_privilege_is_closed_with_its_event(w, ada, bolt, way):
    asked = privileges.ask(w.staff, w.company, by=ada.who, reason="Covers for Sam")
    leave(ada, w.staff, way, w, bolt)
    asked.refresh_from_db()
    assert (asked.state, asked.answered_by) == (PrivilegeRequest.State.DECLINED, ada.who)
    assert Event.objects.about(asked).first().verb == "declined the request"
    assert {mail.to for mail in Mail.objects.about(asked)} >= {ada.who, w.staff}, "P-5"


@pytest.mark.parametrize("way", LEAVING)
def test_can_push_to_accounting_stops_at_once_and_does_not_come_back_unseen(w, ada, bolt, way):
    leave(ada, w.approver, way, w, bolt)
    place, privilege = membership(w.approver, w), AccountingPrivilege.objects.get(person=w.approver)
    assert not read_access(w.approver, w.company).can_push_to_accounting
    assert privilege.is_live, "only the site owner withdraws it"
    page = ada.see("directory-person", place.pk)
    assert "Can Push to Accounting is still granted, and has no effect." in page and "nobody else can" in page
    back = "directory-person-reactivate" if way == "deactivated" else "directory-person-move"
    answer = ada.send(back, place.pk, vendor="", reason="Came back")
    assert answer.status_code in (409, 422) and "must withdraw it first" in words_of(answer)
    assert not read_access(w.approver, w.company).can_push_to_accounting
    privileges.withdraw(privilege, by=w.owner, reason="Left")
    assert ada.send(back, place.pk, vendor="", reason="Came back").status_code == 302
    assert membership(w.approver, w).state == "active"
    assert not read_access(w.approver, w.company).can_push_to_accounting


def test_a_contact_who_moves_to_another_vendor_sees_and_bills_nothing_of_the_old_one(w, ada, bolt):
    commitment = w.commitment()
    w.period()
    page = reverse("commitment", args=[w.project.slug, commitment.number])
    assert signed_in(w.contact).get(page).status_code == 200
    assert leave(ada, w.contact, "moved", w, bolt).status_code == 302
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)  # for the new vendor
    browser = signed_in(w.contact)
    start = reverse("invoice-start", args=[w.project.slug, commitment.number])
    assert browser.get(page).status_code == 404 and browser.post(start).status_code == 404
    assert commitment.number not in browser.get(reverse("commitments", args=[w.project.slug])).content.decode()
    assert commitment.number not in browser.get("/bills/").content.decode()
    assert not commitment.invoices.exists()


def test_nobody_leaves_or_moves_by_their_own_hand(w, ada, bolt):
    directory_admin(w, "Second Admin")
    place = membership(ada.who, w)
    assert "Deactivate" not in ada.see("directory-person", place.pk)
    for way in LEAVING:
        answer = leave(ada, ada.who, way, w, bolt)
        assert answer.status_code == 422 and "Nobody does this to themselves" in words_of(answer)
    place.refresh_from_db()
    assert (place.is_active, place.vendor) == (True, None)


@pytest.mark.parametrize("way", LEAVING)
def test_the_last_directory_admin_stays(w, bolt, way):
    """The site owner is no Admin of the directory, and cannot leave a company without one either."""
    last = directory_admin(w)
    place = membership(last, w)
    browser = signed_in(last)
    with pytest.raises(Refused, match="Give it to somebody else first"):
        if way == "deactivated":
            people.deactivate_membership(place, by=w.owner, reason="Retired")
        else:
            people.change_employer(place, bolt, "", by=w.owner)
    place.refresh_from_db()
    assert place.is_active and place.vendor is None
    assert read_access(last, w.company).is_directory_admin and not is_at_the_door(browser)
    directory_admin(w, "Second Admin")
    people.deactivate_membership(place, by=w.owner, reason="Retired")
    assert not membership(last, w).is_active


def test_leaving_needs_a_reason_which_stays_on_record(w, ada, bolt):
    place = membership(w.staff, w)
    for name, typed in (("deactivate", {}), ("move", {"vendor": bolt.pk})):
        assert ada.send(f"directory-person-{name}", place.pk, reason="  ", **typed).status_code == 422
    leave(ada, w.staff, "moved", w, bolt)
    event = Event.objects.about(place).first()
    assert (event.verb, event.reason) == ("moved to another employer", "Went away")
    assert event.changes == {"employer": ["Cascade Builders", "Bolt Electric"]}


def test_nobody_is_moved_to_a_vendor_of_another_company(w, ada):
    """R72."""
    theirs = world("Harbor Works").vendor
    place = membership(w.staff, w)
    answer = ada.send("directory-person-move", place.pk, vendor=theirs.pk, reason="Why not", address_is_checked="on")
    assert answer.status_code == 422
    with pytest.raises(Refused, match="is not a vendor of"):
        people.change_employer(place, theirs, "", by=ada.who, address_is_checked=True)
    place.refresh_from_db()
    assert place.vendor is None


def test_a_page_left_open_does_not_take_somebody_out_twice(w, ada, bolt):
    leave(ada, w.staff, "deactivated", w, bolt)
    before = Event.objects.count()
    answer = leave(ada, w.staff, "deactivated", w, bolt)
    assert answer.status_code == 422 and "taken out of the directory before" in words_of(answer)
    assert Event.objects.count() == before


def test_one_who_stopped_being_admin_meanwhile_takes_nobody_out(w, ada, bolt):
    """R66."""
    directory_admin(w, "Second Admin")
    set_level(ada.who, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    assert leave(ada, w.staff, "deactivated", w, bolt).status_code == 403
    assert membership(w.staff, w).is_active


def test_a_closed_login_is_not_opened_by_a_directory(w, ada):
    place = membership(w.staff, w)
    people.deactivate_membership(place, by=ada.who, reason="Left")
    type(w.staff).objects.filter(pk=w.staff.pk).update(is_active=False)
    with pytest.raises(NotNow, match="is closed. A site owner can open it"):
        people.reactivate_membership(place, by=ada.who)


def test_both_dialogs_say_what_will_end(w, ada):
    place = membership(w.approver, w)
    for name in ("move", "deactivate"):
        page = ada.see(f"directory-person-{name}", place.pk)
        assert "signed out everywhere" in page and "Can Push to Accounting stops working" in page
