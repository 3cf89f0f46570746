"""People, projects and settings of a company: who comes in, what ends when they leave, what is asked first."""

import pytest
from django.test import Client
from django.urls import reverse

from directory.actions import companies, joining, people, permission_templates, projects
from directory.actions.grants import set_level
from directory.models import Event, Mail, Membership, Project
from directory.permissions import Level, Tool, objects_with_level, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def boss(w):
    """The company's Directory Admin."""
    someone = person("Dora Directory", w.company)
    set_level(someone, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    return someone


def signed_in(someone) -> Client:
    client = Client()
    client.force_login(someone)
    return client


def at(w, name: str, *more) -> str:
    return reverse(name, args=[w.company.slug, *more])


def place_of(someone, w) -> Membership:
    return someone.memberships.get(company=w.company)


# Coming in


def test_somebody_new_is_in_at_once_and_gets_a_link_but_no_level(w, boss):
    answer = signed_in(boss).post(at(w, "directory-person-new"), {"name": "Nia Next", "email": "nia@example.com"})
    assert answer.status_code == 302
    member = Membership.objects.get(person__email="nia@example.com")
    assert member.is_active and not any(read_access(member.person, w.company, w.project).levels.values())
    assert Mail.objects.filter(to=member.person, headline__contains="Your login").exists()


def test_a_login_of_another_company_is_asked_and_nothing_widens_until_its_owner_agrees(w, boss):
    """R89: and whoever asked reads the same words as for somebody new (R76)."""
    otto = person("Otto Other", world("Other Builders").company)
    client = signed_in(boss)
    said = client.post(at(w, "directory-person-new"), {"name": "Otto", "email": otto.email}, follow=True)
    new = client.post(at(w, "directory-person-new"), {"name": "New", "email": "new@example.com"}, follow=True)
    assert f"We have mailed {otto.email} how to get in." in said.content.decode()
    assert "We have mailed new@example.com how to get in." in new.content.decode()
    member = place_of(otto, w)
    assert member.asked_at and not member.is_active and read_access(otto, w.company).membership is None
    with pytest.raises(Refused):
        set_level(otto, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner)
    his = signed_in(otto)
    assert w.company.name in his.get(reverse("joining")).content.decode()
    assert his.post(reverse("joining-join", args=[member.pk])).status_code == 302
    assert read_access(otto, w.company).membership == member


def test_nobody_answers_for_somebody_else(w, boss):
    otto = person("Otto Other", world("Other Builders").company)
    member = people.add_person(w.company, otto.email, "Otto", by=boss)
    for someone in (boss, w.contact, w.owner):
        assert signed_in(someone).post(reverse("joining-join", args=[member.pk])).status_code == 404
    with pytest.raises(NotAllowed):
        joining.join(member, by=boss)


def test_whoever_says_not_me_stays_out(w, boss):
    otto = person("Otto Other", world("Other Builders").company)
    member = people.add_person(w.company, otto.email, "Otto", by=boss)
    joining.decline(member, by=otto)
    assert read_access(otto, w.company).membership is None
    assert Event.objects.about(member).first().verb == "did not join the directory"


def test_an_address_unlike_the_vendors_others_is_looked_at_twice_and_its_people_are_told(w, boss):
    """R82."""
    typed = {"name": "Eve", "email": "eve@acme-concrete.test", "vendor": w.vendor.pk}
    client = signed_in(boss)
    answer = client.post(at(w, "directory-person-new"), typed)
    assert answer.status_code == 422 and "Call the vendor on a number you know" in answer.content.decode()
    assert not Membership.objects.filter(person__email=typed["email"]).exists()
    assert client.post(at(w, "directory-person-new"), typed | {"address_is_checked": "on"}).status_code == 302
    assert Mail.objects.filter(to=w.contact, headline__contains="added Eve").exists()


def test_another_companys_vendor_is_not_an_employer_here(w, boss):
    """R72."""
    theirs = world("Other Builders").vendor
    typed = {"name": "Eve", "email": "eve@example.com", "vendor": theirs.pk}
    assert signed_in(boss).post(at(w, "directory-person-new"), typed).status_code == 422
    with pytest.raises(Refused, match="not a vendor of"):
        people.add_person(w.company, "eve@example.com", "Eve", by=boss, vendor=theirs)


def test_more_fields_than_the_page_has_change_nothing(w, boss):
    """R73."""
    typed = {
        "name": "Nia",
        "email": "nia@example.com",
        "is_superuser": "on",
        "is_staff": "on",
        "asked_at": "2020-01-01",
    }
    signed_in(boss).post(at(w, "directory-person-new"), typed)
    nia = Membership.objects.get(person__email="nia@example.com")
    assert nia.is_active and not nia.person.is_superuser and not nia.person.is_staff


# Leaving


def test_whoever_leaves_is_signed_out_and_holds_nothing_also_when_put_back(w, boss):
    """R67: levels, templates and sessions end in the same act."""
    template = permission_templates.create(w.company, "Site team", by=boss)
    permission_templates.add_person(template, w.admin, by=boss)
    browser = signed_in(w.admin)
    assert browser.get(reverse("project", args=[w.project.slug])).status_code == 200
    answer = signed_in(boss).post(at(w, "directory-person-deactivate", place_of(w.admin, w).pk), {"reason": "Left"})
    assert answer.status_code == 302
    assert browser.get(reverse("project", args=[w.project.slug])).url.startswith("/accounts/login/")
    assert not objects_with_level(w.admin, Tool.COMMITMENTS, Level.READ_ONLY).exists()
    people.reactivate_membership(place_of(w.admin, w), by=boss)
    assert not any(read_access(w.admin, w.company, w.project).levels.values())
    assert not template.group.user_set.contains(w.admin)


def test_a_contact_who_goes_to_another_vendor_no_longer_sees_the_old_ones_commitments(w, boss):
    commitment = w.commitment()
    page = reverse("commitment", args=[w.project.slug, commitment.number])
    browser = signed_in(w.contact)
    assert browser.get(page).status_code == 200
    other = w.company.vendors.create(name="Bolt Electric")
    people.change_employer(place_of(w.contact, w), other, "Estimator", by=boss, reason="Hired away")
    assert browser.get(page).status_code == 302  # the session has ended
    set_level(w.contact, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    assert signed_in(w.contact).get(page).status_code == 404


def test_the_privilege_stops_working_and_does_not_come_back_unseen(w, boss):
    """P-4: only a site owner withdraws it, so nobody returns while the old grant stands."""
    people.deactivate_membership(place_of(w.approver, w), by=boss, reason="Left")
    assert not read_access(w.approver, w.company).can_push_to_accounting
    with pytest.raises(NotNow, match="still has Can Push to Accounting"):
        people.reactivate_membership(place_of(w.approver, w), by=boss)


def test_nobody_takes_themselves_out_nor_the_last_admin(w, boss):
    with pytest.raises(Refused, match="Nobody does this to themselves"):
        people.deactivate_membership(place_of(boss, w), by=boss)
    with pytest.raises(Refused, match="Nobody would be left"):
        people.deactivate_membership(place_of(boss, w), by=w.owner)


def test_only_a_directory_admin_acts_on_people(w):
    reader = person("Rita", w.company)
    set_level(reader, Tool.COMPANY_DIRECTORY, w.company, Level.STANDARD, by=w.owner)
    client = signed_in(reader)
    assert client.get(at(w, "directory-person", place_of(w.staff, w).pk)).status_code == 200
    for name in ("directory-person-edit", "directory-person-move", "directory-person-deactivate"):
        assert client.post(at(w, name, place_of(w.staff, w).pk), {"reason": "x"}).status_code == 403
    with pytest.raises(NotAllowed):
        people.deactivate_membership(place_of(w.staff, w), by=reader)


def test_a_new_link_is_mailed_only_to_whoever_has_no_password_yet(w, boss):
    entered = people.add_person(w.company, "nia@example.com", "Nia", by=boss)
    before = Mail.objects.filter(to=entered.person).count()
    assert signed_in(boss).post(at(w, "directory-person-invite", entered.pk)).status_code == 302
    assert Mail.objects.filter(to=entered.person).count() == before + 1
    with pytest.raises(Refused, match="has a password"):
        people.invite_again(place_of(w.staff, w), by=boss)


@pytest.mark.parametrize("count", [10, 200])
def test_the_list_takes_the_same_queries_for_ten_and_for_two_hundred(w, boss, count, django_assert_max_num_queries):
    for number in range(count):
        person(f"Somebody {number}", w.company)
    client = signed_in(boss)
    client.get(at(w, "company-directory"))
    with django_assert_max_num_queries(24):
        assert client.get(at(w, "company-directory")).status_code == 200


def test_the_list_is_searched_and_says_so_when_nobody_fits(w, boss):
    client = signed_in(boss)
    assert "Kim Chu" in client.get(at(w, "company-directory"), {"q": "kim"}).content.decode()
    found = client.get(at(w, "company-directory"), {"q": "zzz"}).content.decode()
    assert "Kim Chu" not in found and "Clear" in found


# Projects


def test_a_new_project_takes_over_who_may_do_what_on_another(w, boss):
    typed = {"name": "Harbor School", "number": "2026021", "slug": "harbor-school", "time_zone": "America/Chicago"}
    answer = signed_in(boss).post(at(w, "company-project-new"), typed | {"like": w.project.pk})
    assert answer.status_code == 302
    project = Project.objects.get(slug="harbor-school")
    assert read_access(w.admin, w.company, project).allows(Tool.COMMITMENTS, Level.ADMIN)
    assert not read_access(boss, w.company, project).allows(Tool.COMMITMENTS, Level.READ_ONLY)


def test_an_ended_project_closes_its_pages_until_it_runs_again(w, boss):
    page = reverse("project", args=[w.project.slug])
    projects.end_project(w.project, by=boss, reason="Handed over")
    assert signed_in(w.admin).get(page).status_code == 404
    projects.run_project_again(w.project, by=boss)
    assert signed_in(w.admin).get(page).status_code == 200


# Settings


def settings_of(w, **changed) -> dict:
    return {name: getattr(w.company, name) for name in companies.SETTINGS} | changed


def test_loosening_a_protection_needs_a_reason_and_is_mailed(w, boss):
    """P-7."""
    loose = settings_of(w, separate_submitter_and_approver=False)
    with pytest.raises(Refused):
        companies.change_settings(w.company, loose, by=boss, reason="")
    companies.change_settings(w.company, loose, by=boss, reason="We are two people")
    event = Event.objects.about(w.company).first()
    assert event.reason == "We are two people" and event.changes["separate_submitter_and_approver"] == ["True", "False"]
    assert Mail.objects.filter(to=w.owner, headline__contains="loosened a protection").exists()


def test_tightening_needs_none(w, boss):
    companies.change_settings(w.company, settings_of(w, needs_second_factor=True), by=boss, reason="")
    w.company.refresh_from_db()
    assert w.company.needs_second_factor


def test_only_a_directory_admin_changes_settings(w):
    with pytest.raises(NotAllowed):
        companies.change_settings(w.company, settings_of(w, needs_second_factor=True), by=w.admin, reason="")
