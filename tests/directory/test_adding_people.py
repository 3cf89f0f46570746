"""A newcomer in the directory: a new login gets a link, an old one is asked, a strange address is looked at twice."""

import pytest

from directory.actions import people
from directory.actions.grants import set_level
from directory.models import Event, Mail, Person, Vendor
from directory.permissions import Level, Tool, read_access
from directory.refusals import NotAllowed, NotNow, Refused
from tests.directory.directory_pages import AtDesk, directory_admin, membership, words_of
from tests.factories import person, world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def ada(w):
    return AtDesk(w, directory_admin(w))


@pytest.fixture
def otto():
    """Somebody with a login, in the directory of another company."""
    return person("Otto Other", world("Harbor Works").company)


@pytest.fixture
def question(w, ada, otto):
    ada.send("directory-person-new", name="Otto", email=otto.email.upper(), title="Estimator")
    return membership(otto, w)


# New logins


def test_a_new_person_is_in_at_once_holds_nothing_and_is_mailed_a_link(w, ada):
    answer = ada.send("directory-person-new", name=" Nell New ", email="nell@new.example", title="Engineer")
    assert answer.status_code == 302
    nell = Person.objects.get(email="nell@new.example")
    place = membership(nell, w)
    assert (nell.name, place.state, place.title, nell.has_usable_password()) == (
        "Nell New",
        "active",
        "Engineer",
        False,
    )
    assert not any(read_access(nell, w.company, w.project).levels.values())
    assert Mail.objects.get(to=nell).headline == "Your login at Cascade Builders"
    assert "Has not signed in yet" in ada.see("directory-person", place.pk)


def test_who_lost_the_link_gets_another_and_who_has_a_password_gets_none(w, ada):
    ada.send("directory-person-new", name="Nell New", email="nell@new.example")
    nell = Person.objects.get(email="nell@new.example")
    assert ada.send("directory-person-invite", membership(nell, w).pk).status_code == 302
    assert nell.account_invitations.usable().count() == 1 and nell.account_invitations.count() == 2
    answer = ada.send("directory-person-invite", membership(w.staff, w).pk)
    assert answer.status_code == 422 and "has a password" in answer.content.decode()
    assert not w.staff.account_invitations.exists()


def test_no_link_goes_to_somebody_who_has_left(w, ada):
    ada.send("directory-person-new", name="Nell New", email="nell@new.example")
    place = membership(Person.objects.get(email="nell@new.example"), w)
    people.deactivate_membership(place, by=ada.who, reason="Never came")
    assert ada.send("directory-person-invite", place.pk).status_code == 409
    assert place.person.account_invitations.count() == 1


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": "", "email": "a@example.com"}, "Name: This field is required"),
        ({"name": "A", "email": "no address"}, "E-mail: Enter a valid"),
        ({"name": "A", "email": "kim"}, "E-mail: Enter a valid"),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_nothing_typed_is_lost(ada, typed, says):
    answer = ada.send("directory-person-new", title="Engineer", **typed)
    assert answer.status_code == 422
    assert says in words_of(answer) and 'value="Engineer"' in answer.content.decode()


def test_who_is_in_the_directory_already_is_not_added_twice(w, ada):
    answer = ada.send("directory-person-new", name="Kim", email=w.staff.email.upper())
    assert answer.status_code == 422 and "is in the directory of Cascade Builders already" in words_of(answer)


@pytest.mark.parametrize("field", ["vendor of another company", "deactivated vendor"])
def test_nobody_is_added_for_a_foreign_or_closed_vendor(w, ada, field):
    """R72."""
    vendor = world("Harbor Works").vendor if field.startswith("vendor") else w.vendor
    Vendor.objects.filter(pk=w.vendor.pk).update(is_active=False)
    vendor.refresh_from_db()
    typed = {"name": "Nell", "email": "nell@example.com", "vendor": vendor.pk, "address_is_checked": "on"}
    assert ada.send("directory-person-new", **typed).status_code == 422
    with pytest.raises(Refused):
        people.add_person(w.company, "nell@example.com", "Nell", by=ada.who, vendor=vendor, address_is_checked=True)
    assert not Person.objects.filter(email="nell@example.com").exists()


def test_a_post_with_more_than_the_form_asks_gives_nothing_more(w, ada):
    """R73."""
    more = {"is_superuser": "on", "is_staff": "on", "is_active": "", "joined_at": "", "company": "1", "password": "x"}
    other = world("Harbor Works").company.pk
    ada.send("directory-person-new", **{"name": "Nell", "email": "n@example.com"} | more | {"company": other})
    nell = Person.objects.get(email="n@example.com")
    assert (nell.is_superuser, nell.is_staff, nell.has_usable_password()) == (False, False, False)
    assert [place.company for place in nell.memberships.all()] == [w.company]


# Addresses unlike the vendor's own (R82)


def test_a_strange_address_at_a_vendor_needs_a_tick_and_its_people_are_told(w, ada):
    typed = {"name": "Lea Park", "email": "lea@acme-concrete.example", "vendor": w.vendor.pk}
    answer = ada.send("directory-person-new", **typed)
    assert answer.status_code == 422
    assert "is not an address at example.com like those of Acme Concrete so far" in words_of(answer)
    assert not Person.objects.filter(email=typed["email"]).exists() and not Mail.objects.exists()
    assert ada.send("directory-person-new", **typed, address_is_checked="on").status_code == 302
    told = Mail.objects.get(to=w.contact)
    assert told.headline == "Cascade Builders added Lea Park for Acme Concrete"
    assert "lea@acme-concrete.example" in told.text


def test_an_address_like_the_others_needs_no_tick(w, ada):
    typed = {"name": "Lea Park", "email": "lea@EXAMPLE.com", "vendor": w.vendor.pk}
    assert ada.send("directory-person-new", **typed).status_code == 302
    assert Mail.objects.filter(to=w.contact).count() == 1


def test_moving_somebody_to_a_vendor_is_looked_at_as_closely(w, ada):
    Person.objects.filter(pk=w.staff.pk).update(email="kim@elsewhere.example")
    place = membership(w.staff, w)
    typed = {"vendor": w.vendor.pk, "reason": "Went there"}
    assert ada.send("directory-person-move", place.pk, **typed).status_code == 422
    assert ada.send("directory-person-move", place.pk, **typed, address_is_checked="on").status_code == 302
    assert Mail.objects.filter(to=w.contact, headline__contains="Kim Chu for Acme").count() == 1


# A login of old is asked (R89)


def test_the_admin_is_told_the_same_of_a_new_address_and_of_one_with_a_login(w, ada, otto):
    """R76."""
    said = []
    for email in ("nell@new.example", otto.email):
        answer = ada.client.post(ada.address("directory-person-new"), {"name": "N", "email": email}, follow=True)
        said.append(words_of(answer).partition("how to get in.")[0].replace(email, "…"))
    assert said[0] == said[1] and "We have mailed …" in said[0]


def test_nothing_widens_until_the_owner_of_the_login_says_so(w, ada, otto, question):
    assert (question.state, question.title) == ("asked", "Estimator")
    assert otto.membership_in(w.company) is None
    for attempt in (
        lambda: set_level(otto, Tool.COMMITMENTS, w.project, Level.ADMIN, by=w.owner),
        lambda: people.reactivate_membership(question, by=ada.who),
        lambda: people.add_person(w.company, otto.email, "Otto", by=ada.who),
    ):
        with pytest.raises(Refused):
            attempt()
    question.refresh_from_db()
    assert question.state == "asked"
    assert read_access(otto, w.company, w.project).membership is None


def test_the_person_reads_the_question_in_mail_at_home_and_joins(w, otto, question):
    mail = Mail.objects.get(to=otto)
    assert mail.headline == "Cascade Builders asks you to join its directory" and "/me/joining/" in mail.text
    browser = signed_in(otto)
    for address in ("/", "/me/", "/me/joining/"):
        assert "Cascade Builders asks you to join its directory" in words_of(browser.get(address))
    assert "Join?" in browser.get("/").content.decode()
    assert browser.post(f"/me/joining/{question.pk}/join/").status_code == 302
    question.refresh_from_db()
    assert question.state == "active"
    event = Event.objects.about(question).first()
    assert (event.verb, event.by, event.to_state) == ("joined the directory", otto, "active")
    assert "Join?" not in browser.get("/").content.decode()
    assert browser.post(f"/me/joining/{question.pk}/join/").status_code == 404


def test_a_contact_who_has_only_bills_finds_the_question_in_the_bar(w):
    other = world("Harbor Works")
    people.add_person(w.company, other.contact.email, "Lee", by=w.owner)
    assert 'href="/me/joining/"' in signed_in(other.contact).get("/bills/").content.decode()


def test_not_me_keeps_them_out_until_they_are_asked_again(w, ada, otto, question):
    signed_in(otto).post(f"/me/joining/{question.pk}/decline/")
    question.refresh_from_db()
    assert question.state == "declined" and otto.membership_in(w.company) is None
    assert Event.objects.about(question).first().verb == "did not join the directory"
    assert "Stayed out" in ada.see("directory-person", question.pk)
    ada.send("directory-person-reactivate", question.pk)
    question.refresh_from_db()
    assert question.state == "asked" and Mail.objects.filter(to=otto).count() == 2


@pytest.mark.parametrize("answer", ["join", "decline"])
def test_nobody_answers_for_somebody_else(w, ada, question, answer):
    for who in (ada.who, w.owner, w.contact):
        assert signed_in(who).post(f"/me/joining/{question.pk}/{answer}/").status_code == 404
    assert signed_in(question.person).get(f"/me/joining/{question.pk}/{answer}/").status_code == 405
    question.refresh_from_db()
    assert question.state == "asked"


def test_the_question_can_be_taken_back_and_ends_no_session_of_theirs(w, ada, otto, question):
    """They are at work for another company; a question taken back is none of that company's business."""
    browser = signed_in(otto)
    assert ada.send("directory-person-deactivate", question.pk, reason="Wrong address").status_code == 302
    assert browser.get("/me/").status_code == 200
    assert browser.post(f"/me/joining/{question.pk}/join/").status_code == 404


def test_nobody_joins_for_a_vendor_that_was_closed_meanwhile(w):
    other = person("Otto Other", world("Harbor Works").company)
    place = people.add_person(w.company, other.email, "O", by=w.owner, vendor=w.vendor)
    Vendor.objects.filter(pk=w.vendor.pk).update(is_active=False)
    answer = signed_in(other).post(f"/me/joining/{place.pk}/join/")
    assert answer.status_code == 409
    place.refresh_from_db()
    assert not place.is_active


def test_a_site_owner_asks_too_but_needs_no_question_to_enter_themselves(w, otto):
    assert people.add_person(w.company, otto.email, "Otto", by=w.owner).state == "asked"
    assert people.add_person(w.company, w.owner.email, "Me", by=w.owner).state == "active"


@pytest.mark.parametrize("level", [Level.NONE, Level.READ_ONLY, Level.STANDARD])
def test_only_a_directory_admin_adds_asks_and_brings_back(w, level):
    gone = membership(w.staff, w)
    people.deactivate_membership(gone, by=w.owner, reason="Left")
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, level, by=w.owner)
    before = Event.objects.count()
    for attempt in (
        lambda: people.add_person(w.company, "x@example.com", "X", by=w.reader),
        lambda: people.reactivate_membership(gone, by=w.reader),
        lambda: people.edit_person(membership(w.contact, w), "Boss", by=w.reader, name="Boss"),
        lambda: people.change_employer(membership(w.contact, w), None, "", by=w.reader),
        lambda: people.invite_again(membership(w.contact, w), by=w.reader),
    ):
        with pytest.raises(NotAllowed, match="Admin on Directory"):
            attempt()
    assert Event.objects.count() == before


def test_who_was_here_before_comes_back_without_a_question_and_without_levels(w, ada):
    place = membership(w.second_admin, w)
    people.deactivate_membership(place, by=ada.who, reason="Left")
    with pytest.raises(NotNow, match="taken out of the directory before"):
        people.deactivate_membership(place, by=ada.who, reason="Left")
    ada.send("directory-person-reactivate", place.pk)
    place.refresh_from_db()
    assert place.state == "active"
    assert read_access(w.second_admin, w.company, w.project).level(Tool.COMMITMENTS) is Level.NONE


# Names


def test_an_admin_corrects_the_name_of_a_login_that_only_they_list(w, ada):
    ada.send("directory-person-edit", membership(w.contact, w).pk, name="Lee J. Park", title="Foreman")
    w.contact.refresh_from_db()
    assert (w.contact.name, membership(w.contact, w).title) == ("Lee J. Park", "Foreman")


def test_nobody_renames_a_login_that_others_know_or_the_site_owner(w, ada):
    people.add_person(world("Harbor Works").company, w.contact.email, "Lee", by=w.owner)
    people.add_person(w.company, w.owner.email, "Owner", by=w.owner)
    for who in (w.contact, w.owner):
        known = who.name
        place = membership(who, w)
        ada.send("directory-person-edit", place.pk, name="Mallory", title="Foreman")
        with pytest.raises(NotAllowed):
            people.edit_person(place, "Foreman", by=ada.who, name="Mallory")
        who.refresh_from_db()
        place.refresh_from_db()
        assert (who.name, place.title) == (known, "Foreman")
