"""The link to a first password, and the two that change an address (R88, R90)."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.test import Client

from directory import tasks
from directory.actions import account_links, people
from directory.actions.grants import set_level
from directory.models import AccountInvitation, EmailChange, Event, Mail, Membership
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused
from tests.directory.account_pages import GOOD_PASSWORD, is_signed_in, later, link_in_mail, newest_mail, sign_in, words
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def nia(w):
    return people.add_person(
        w.company, "Nia@Acme.example", "Nia Next", by=w.owner, vendor=w.vendor, address_is_checked=True
    ).person


def test_somebody_new_is_mailed_a_link_chooses_a_password_and_is_in(client, nia):
    link = link_in_mail()
    assert "Site Owner of Cascade Builders added you" in newest_mail()
    page = client.get(link)
    assert page.status_code == 200 and "nia@acme.example" in page.content.decode()
    assert client.post(link, {"password": GOOD_PASSWORD}).status_code == 302
    assert is_signed_in(client)
    assert sign_in(Client(), nia, GOOD_PASSWORD).context["user"] == nia


def test_looking_at_the_link_uses_nothing_up_however_often_a_scanner_looks(client, nia):
    link = link_in_mail()
    for look in (client.get, client.head, client.get, client.head, client.get):
        assert look(link).status_code == 200
    assert client.post(link, {"password": GOOD_PASSWORD}).status_code == 302


def test_the_link_works_once(client, nia):
    link = link_in_mail()
    client.post(link, {"password": GOOD_PASSWORD})
    other = Client()
    assert other.get(link).status_code == 404
    assert other.post(link, {"password": "another brass bob"}).status_code == 404
    nia.refresh_from_db()
    assert nia.check_password(GOOD_PASSWORD)


def test_the_link_works_for_72_hours(client, nia):
    link = link_in_mail()
    with later(hours=71):
        assert client.get(link).status_code == 200
    with later(hours=73):
        assert client.post(link, {"password": GOOD_PASSWORD}).status_code == 404
        assert "Send a new link" in client.get(link).content.decode()


def test_sending_anew_voids_the_link_of_before(client, w, nia):
    first = link_in_mail()
    account_links.send_account_invitation(nia, w.company, by=w.owner)
    assert client.get(first).status_code == 404
    assert client.get(link_in_mail()).status_code == 200


@pytest.mark.parametrize("change", ["revoked", "left", "deactivated", "other address", "has a password"])
def test_a_link_is_of_no_use_once_it_no_longer_fits_its_person(client, w, nia, change):
    link = link_in_mail()
    if change == "revoked":
        account_links.revoke_invitations(nia)
    elif change == "left":
        Membership.objects.filter(person=nia).update(is_active=False)
    else:
        nia.is_active = change != "deactivated"
        nia.email = "else@acme.example" if change == "other address" else nia.email
        if change == "has a password":
            nia.set_password("by a reset link")
        nia.save()
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": GOOD_PASSWORD}).status_code == 404


def test_a_weak_first_password_is_refused_in_words_and_the_link_stays_good(client, nia):
    link = link_in_mail()
    answer = client.post(link, {"password": "password"})
    assert answer.status_code == 422 and "too common" in answer.content.decode()
    assert client.post(link, {"password": GOOD_PASSWORD}).status_code == 302


def test_whoever_reads_the_database_cannot_use_the_link(nia):
    token = link_in_mail().strip("/").rpartition("/")[2]
    assert len(token) >= 43
    rows = [*AccountInvitation.objects.values(), *Mail.objects.values(), *Event.objects.values()]
    assert token not in str(rows)


def test_the_worker_sends_the_link_itself(nia):
    tasks.send_mail(Mail.objects.first().pk)
    [sent] = outbox.outbox
    token = link_in_mail()
    assert (
        token in sent.body and token in sent.alternatives[0][0] and "sealed." not in sent.body + str(sent.alternatives)
    )


def test_an_old_link_gets_a_new_one_to_the_same_address_and_a_false_one_the_same_answer(client, nia):
    old = link_in_mail()
    with later(hours=80):
        answers = [client.post(f"{link}again/") for link in (old, "/welcome/no-such-token/")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert words(answers[0]) == words(answers[1])
        assert Mail.objects.filter(to=nia).count() == 2
        assert client.get(link_in_mail()).status_code == 200


def test_new_links_cannot_be_asked_for_without_end(client, nia):
    old = link_in_mail()
    for _ in range(9):
        assert client.post(f"{old}again/").status_code == 200
    assert Mail.objects.filter(to=nia).count() <= 3


def test_somebody_with_a_password_is_sent_none(w):
    with pytest.raises(Refused, match="has a password"):
        account_links.send_account_invitation(w.reader, w.company, by=w.owner)


def test_a_link_opened_beside_somebody_elses_session_ends_that_one(client, w, nia):
    client.force_login(w.reader)
    client.post(link_in_mail(), {"password": GOOD_PASSWORD})
    assert client.get("/me/").context["user"] == nia


# Another address


def ask(client, person, new="lee@new.example"):
    client.force_login(person)
    return client.post("/me/email/", {"email": new}, follow=True)


def test_a_new_address_is_had_once_both_have_confirmed_it(client, w):
    old = w.contact.email
    assert "on its way to both" in ask(client, w.contact).content.decode()
    for address in (old, "lee@new.example"):
        assert Client().post(link_in_mail(address), {"answer": "confirm"}).status_code == 200
    w.contact.refresh_from_db()
    assert w.contact.email == "lee@new.example"
    assert not is_signed_in(client)
    told = {mail.address for mail in Mail.objects.filter(headline__contains="was changed")}
    assert told == {old, "lee@new.example"}
    assert Event.objects.filter(company=w.company, verb="changed the e-mail address", by=w.contact).count() == 1


@pytest.mark.parametrize("side", ["old", "new"])
def test_one_confirmation_alone_changes_nothing(client, w, side):
    old = w.contact.email
    ask(client, w.contact)
    link = link_in_mail(old if side == "old" else "lee@new.example")
    for _ in range(2):
        Client().post(link, {"answer": "confirm"})
    w.contact.refresh_from_db()
    assert w.contact.email == old
    assert is_signed_in(client)


def test_opening_the_links_changes_nothing(client, w):
    old = w.contact.email
    ask(client, w.contact)
    for address in (old, "lee@new.example"):
        for look in (client.get, client.head):
            assert look(link_in_mail(address)).status_code == 200
    assert EmailChange.objects.get().old_confirmed_at is EmailChange.objects.get().new_confirmed_at is None


def test_whoever_reads_the_old_mailbox_can_stop_it(client, w):
    old = w.contact.email
    ask(client, w.contact)
    new_link = link_in_mail("lee@new.example")
    assert "stays" in Client().post(link_in_mail(old), {"answer": "stop"}).content.decode()
    assert Client().post(new_link, {"answer": "confirm"}).status_code == 404


def test_the_person_can_take_it_back(client, w):
    ask(client, w.contact)
    client.post("/me/email/stop/")
    assert not EmailChange.objects.open().exists()


def test_the_old_address_no_longer_signs_in_not_even_by_code(client, w):
    """allauth keeps a list of addresses of its own, which would let it."""
    old = w.contact.email
    EmailAddress.objects.create(user=w.contact, email=old, verified=True, primary=True)
    ask(client, w.contact)
    for address in (old, "lee@new.example"):
        Client().post(link_in_mail(address), {"answer": "confirm"})
    Mail.objects.all().delete()
    Client().post("/accounts/login/code/", {"email": old})
    assert not Mail.objects.exists()
    assert "not right" in Client().post("/accounts/login/", {"login": old, "password": "pw"}).content.decode()


def test_somebody_elses_address_is_refused_to_nobodys_knowledge(client, w):
    free, taken = (ask(client, w.contact, new) for new in ("free@new.example", w.reader.email))
    assert free.status_code == taken.status_code == 200
    assert not Mail.objects.filter(address=w.reader.email).exists()


def test_what_is_no_address_is_said_beside_the_field(client, w):
    client.force_login(w.contact)
    assert client.post("/me/email/", {"email": "lee at acme"}).status_code == 422
    assert "already" in client.post("/me/email/", {"email": w.contact.email}).content.decode()


def test_links_are_too_old_after_a_day(client, w):
    ask(client, w.contact)
    link = link_in_mail("lee@new.example")
    with later(hours=25):
        assert Client().post(link, {"answer": "confirm"}).status_code == 404
    with pytest.raises(NotNow):
        account_links.confirm_email("no-such-token")


def test_a_directory_admin_has_no_way_to_anothers_address(client, w):
    """R90: whoever asks, asks about themselves."""
    ada = person("Ada", w.company)
    set_level(ada, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(ada)
    client.post("/me/email/", {"email": "stolen@new.example", "person": w.contact.pk})
    assert EmailChange.objects.get().person == ada
