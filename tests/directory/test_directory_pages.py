"""A company's directory, one's profile and the demo’s own pages."""

import pytest
from django.urls import reverse

from directory.actions import people
from directory.actions.grants import set_level
from directory.demo import demo_people
from directory.models import Event, Membership, Person
from directory.notifications import post
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


def page(client, name, *args) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == 200
    return answer.content.decode()


# The directory


def test_a_reader_sees_people_employers_levels_and_who_approves_for_accounting(w, client):
    """P-6."""
    reader = person("Rob Reader", w.company)
    set_level(reader, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    client.force_login(reader)
    shown = page(client, "company-directory", w.company.slug)
    assert "Lee Park" in shown and "Acme Concrete" in shown
    assert f"Commitments, {w.project.name}: <strong>Admin</strong>" in shown
    assert "ERP Integrations: <strong>Standard</strong>" in shown
    assert shown.count("<span>Accounting approver</span>") == 1
    row = shown[shown.index("Sam Ruiz") :]
    assert row.index("<span>Accounting approver</span>") < row.index("</tr>")


def test_without_a_level_on_the_directory_there_is_none(w, client):
    for who in (w.admin, w.contact, world("Harbor Works").admin):
        client.force_login(who)
        assert client.get(reverse("company-directory", args=[w.company.slug])).status_code == 404


def test_people_of_another_company_are_not_listed(w, client):
    other = world("Harbor Works")
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(w.admin)
    shown = page(client, "company-directory", w.company.slug)
    assert other.admin.email not in shown
    assert other.project.name not in shown


def test_the_directory_costs_the_same_for_ten_people_and_for_five_hundred(w, client, django_assert_num_queries):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(w.admin)
    for size in (10, 500):
        people_of = [Person(email=f"p{size}-{number}@example.com", name=f"P {number}") for number in range(size)]
        made = Person.objects.bulk_create(people_of)
        Membership.objects.bulk_create(
            Membership(company=w.company, person=each, vendor=[None, w.vendor][each.pk % 2]) for each in made
        )
        for each in made[:20]:
            set_level(each, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
        with django_assert_num_queries(10):
            page(client, "company-directory", w.company.slug)


# Entering people


def test_a_directory_admin_adds_a_person_who_holds_nothing_yet(w):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    membership = people.add_person(w.company, "Nell@Example.com", "Nell New", by=w.admin, vendor=w.vendor)
    assert membership.vendor == w.vendor
    assert Event.objects.about(membership).get().by == w.admin


def test_nobody_is_twice_in_a_directory(w):
    with pytest.raises(Refused, match="already"):
        people.add_person(w.company, w.contact.email, "Lee", by=w.owner)


@pytest.mark.parametrize("act", ["add", "take out"])
def test_who_is_no_directory_admin_enters_and_removes_nobody(w, act):
    set_level(w.admin, Tool.COMPANY_DIRECTORY, w.company, Level.STANDARD, by=w.owner)
    before = Membership.objects.filter(is_active=True).count()
    with pytest.raises(NotAllowed, match="Admin on Directory"):
        if act == "add":
            people.add_person(w.company, "x@example.com", "X", by=w.admin)
        else:
            people.deactivate_membership(w.staff.membership_in(w.company), by=w.admin, reason="Left")
    assert Membership.objects.filter(is_active=True).count() == before


def test_a_membership_ends_once_with_one_event(w):
    membership = w.staff.membership_in(w.company)
    people.deactivate_membership(membership, by=w.owner, reason="Moved away")
    event = Event.objects.about(membership).get()
    assert (event.verb, event.reason) == ("taken out of the directory", "Moved away")
    with pytest.raises(NotNow):
        people.deactivate_membership(membership, by=w.owner, reason="Left")


# The profile


def test_everyone_changes_their_own_name_and_keys(w, client):
    client.force_login(w.contact)
    answer = client.post(reverse("profile"), {"name": "Lee J. Park"})
    assert answer.status_code == 302
    assert client.cookies["keys"].value == "off"
    w.contact.refresh_from_db()
    assert (w.contact.name, w.contact.uses_keys) == ("Lee J. Park", False)
    assert Event.objects.about(w.contact.membership_in(w.company)).first().changes["name"] == [
        "Lee Park",
        "Lee J. Park",
    ]


def test_a_profile_without_a_name_is_refused_and_nothing_saved(w, client):
    client.force_login(w.contact)
    assert client.post(reverse("profile"), {"name": "  ", "uses_keys": "on"}).status_code == 422
    w.contact.refresh_from_db()
    assert w.contact.name == "Lee Park"


def test_a_profile_changes_no_right_whatever_is_sent_along(w, client):
    """R73."""
    client.force_login(w.contact)
    client.post(reverse("profile"), {"name": "Lee", "is_superuser": "on", "is_staff": "on", "email": "a@example.com"})
    before = w.contact.email
    w.contact.refresh_from_db()
    assert (w.contact.is_superuser, w.contact.is_staff, w.contact.email) == (False, False, before)


# The demo's own pages


@pytest.fixture
def mail(w):
    (mail,) = post(
        about=w.project,
        to=[w.contact],
        subject="Send your bill",
        template="directory/emails/base",
        context={},
        reply_to=w.admin.email,
    )
    return mail


def test_a_visitor_signs_in_with_one_click_and_reads_the_mail(w, mail, client):
    assert "Send your bill" in page(client, "demo-outbox")
    shown = page(client, "demo-mail", mail.pk)
    assert w.contact.email in shown and w.admin.email in shown
    assert client.post(reverse("demo-sign-in"), {"email": w.contact.email, "next": reverse("profile")}).url == "/me/"
    assert "Lee Park" in page(client, "profile")


def test_signing_in_leads_nowhere_else(w, client):
    """R99."""
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"):
        answer = client.post(reverse("demo-sign-in"), {"email": w.contact.email, "next": elsewhere})
        assert "evil" not in answer.url and "alert" not in answer.url


@pytest.mark.parametrize("who", ["nobody@example.com", "", "left"])
def test_only_active_people_are_signed_in(w, client, who):
    w.reader.is_active = False
    w.reader.save()
    email = w.reader.email if who == "left" else who
    assert client.post(reverse("demo-sign-in"), {"email": email}).status_code == 404


def test_the_mail_in_its_frame_may_be_styled_but_run_nothing(mail, client):
    answer = client.get(reverse("demo-mail-html", args=[mail.pk]))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "script-src 'none'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in answer.content.decode()


def test_outside_a_demo_these_pages_do_not_exist(w, mail, client, settings):
    settings.DEMO = False
    assert client.post(reverse("demo-sign-in"), {"email": w.owner.email}).status_code == 404
    for name, args in (("demo-outbox", []), ("demo-mail", [mail.pk]), ("demo-mail-html", [mail.pk])):
        assert client.get(reverse(name, args=args)).status_code == 404
    assert "_auth_user_id" not in client.session


def test_the_demo_offers_one_of_each_kind(w):
    offered = {entry["role"]: entry["name"] for entry in demo_people()}
    assert offered["Invoice contact"] == "Lee Park"
    assert offered["Accounting approver"] == "Sam Ruiz"
    assert offered["Accounting staff"] == "Kim Chu"
    assert offered["Site owner"] == "Site Owner"
    assert "Invoice administrator" in offered
