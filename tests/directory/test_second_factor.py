"""The second factor: set up, used, required of those who can move money, and never the last one lost (R93)."""

from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client, TestCase
from django.urls import reverse
from structlog.testing import capture_logs

from directory.models import Event
from tests.directory.account_pages import app_shows, give_app, is_signed_in, later, newest_mail, sign_in
from tests.factories import person, world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def strict(w):
    w.company.needs_second_factor = True
    w.company.save()
    return w


def set_up(client):
    """As the page leads through it; the recovery codes that were shown."""
    secret = client.get("/accounts/2fa/app/add/").context["form"].secret
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = client.post("/accounts/2fa/app/add/", {"code": app_shows(secret)}, follow=True)
    return secret, answer.context["unused_codes"]


def test_somebody_sets_up_an_app_and_signs_in_with_it(client, w):
    sign_in(client, w.approver)
    secret, codes = set_up(client)
    assert len(set(codes)) == 10
    assert "authenticator app was set up" in newest_mail()
    assert Event.objects.filter(company=w.company, verb="set up an authenticator app", by=w.approver).exists()
    client.post("/accounts/logout/")
    with later(seconds=31):
        sign_in(client, w.approver)
        assert not is_signed_in(client)
        client.post("/accounts/2fa/authenticate/", {"code": app_shows(secret)})
        assert is_signed_in(client)


def test_the_digits_of_the_app_work_once(w):
    give_app(w.approver)
    digits = app_shows()
    for works in (True, False):
        client = Client()
        sign_in(client, w.approver)
        client.post("/accounts/2fa/authenticate/", {"code": digits})
        assert is_signed_in(client) is works


def test_a_recovery_code_works_once_and_codes_are_shown_once(client, w):
    sign_in(client, w.approver)
    _, codes = set_up(client)
    assert codes[0] not in client.get("/accounts/2fa/recovery-codes/").content.decode()
    for works in (True, False):
        other = Client()
        sign_in(other, w.approver)
        other.post("/accounts/2fa/authenticate/", {"code": codes[0]})
        assert is_signed_in(other) is works


def test_secrets_of_factors_cannot_be_read_in_the_database(client, w):
    sign_in(client, w.approver)
    secret, codes = set_up(client)
    rows = str(list(Authenticator.objects.values("data")))
    assert secret not in rows and not any(code in rows for code in codes)


def test_codes_of_an_app_are_not_guessed_without_end(w):
    give_app(w.approver)
    client = Client()
    sign_in(client, w.approver)
    for _ in range(6):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": app_shows()})
    assert not is_signed_in(client)


def test_who_works_in_accounting_meets_the_setup_before_all_else(strict):
    queue = reverse("erp-queue", args=[strict.company.slug])
    for someone in (strict.approver, strict.staff, strict.owner):
        client = Client()
        client.force_login(someone)
        for address in ("/", queue, "/admin/", "/me/email/"):
            answer = client.get(address)
            assert answer.status_code == 403 and "second factor" in answer.content.decode(), address
        for address in ("/me/", "/accounts/2fa/", "/accounts/2fa/app/add/", "/accounts/sessions/"):
            assert client.get(address).status_code == 200, address
        assert client.post("/accounts/logout/").status_code == 302


def test_nothing_is_done_by_somebody_who_owes_it(strict):
    client = Client()
    client.force_login(strict.approver)
    assert client.post(reverse("erp-accept", args=[strict.company.slug]), {"confirmed": "1"}).status_code == 403


def test_others_are_not_asked_and_neither_is_another_company(strict):
    other = world("Harbor Works")
    for someone in (strict.contact, strict.reader, other.admin, other.approver, other.staff):
        client = Client()
        client.force_login(someone)
        assert client.get("/", follow=True).status_code == 200


def test_switching_it_on_counts_with_the_next_request(client, w):
    client.force_login(w.approver)
    assert client.get("/").status_code == 200
    w.company.needs_second_factor = True
    w.company.save()
    assert client.get("/").status_code == 403


def test_once_set_up_the_way_is_free(client, strict):
    sign_in(client, strict.approver)
    assert client.get("/").status_code == 403
    set_up(client)
    assert client.get("/").status_code == 200


def test_recovery_codes_alone_are_no_second_factor(client, strict):
    give_app(strict.approver)
    client.force_login(strict.approver)
    assert client.get("/").status_code == 200
    Authenticator.objects.filter(user=strict.approver).update(type=Authenticator.Type.RECOVERY_CODES)
    assert client.get("/").status_code == 403


def test_who_must_have_one_cannot_remove_the_last(client, strict):
    give_app(strict.approver)
    client.force_login(strict.approver)
    page = client.post("/accounts/2fa/app/remove/")
    assert "Add another one" in page.content.decode()
    assert Authenticator.objects.filter(user=strict.approver).exists()


def passkey(someone) -> Authenticator:
    return Authenticator.objects.create(user=someone, type="webauthn", data={"name": "Laptop", "credential": {}})


def test_nor_the_last_passkey_but_one_of_two(client, strict):
    first, second = passkey(strict.approver), passkey(strict.approver)
    client.force_login(strict.approver)
    for each in (first, second):
        client.post(f"/accounts/2fa/passkeys/{each.pk}/remove/")
    assert list(Authenticator.objects.filter(user=strict.approver)) == [second]


def test_who_need_not_have_one_may_remove_it_and_is_told_by_mail(client, w):
    give_app(w.admin)
    client.force_login(w.admin)
    client.post("/accounts/2fa/app/remove/")
    assert not Authenticator.objects.filter(user=w.admin).exists()
    assert "app of your login was removed" in newest_mail()


def test_nobody_touches_anothers_passkey(client, w):
    theirs = passkey(person("Other"))
    client.force_login(w.admin)
    for what in ("name", "remove"):
        assert client.get(f"/accounts/2fa/passkeys/{theirs.pk}/{what}/").status_code == 404
        assert client.post(f"/accounts/2fa/passkeys/{theirs.pk}/{what}/", {"name": "x"}).status_code == 404


def test_somebody_who_lost_phone_and_codes_gets_in_again_and_is_told(client, strict):
    give_app(strict.approver)
    client.force_login(strict.approver)
    call_command("forget_factors", strict.approver.email.upper(), stdout=StringIO())
    event = Event.objects.about(strict.approver.memberships.get()).first()
    assert (event.by_name, event.verb) == ("Plumbline", "lost the second factor, at the console of the site")
    assert not is_signed_in(client)
    assert "second factor of your login was removed" in newest_mail()
    sign_in(client, strict.approver)
    assert "second factor" in client.get("/").content.decode()
    with pytest.raises(CommandError, match="no login"):
        call_command("forget_factors", "nobody@example.com")


def test_a_factor_outlives_the_key_it_was_sealed_with(settings, w):
    """docs/operations.md, New keys: the old key opens it until it is sealed with the new one."""
    client = Client()
    sign_in(client, w.admin)
    secret, codes = set_up(client)

    def opens(code) -> bool:
        client = Client()
        sign_in(client, w.admin)
        assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code < 500
        return is_signed_in(client)

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one " * 6, [settings.SECRET_KEY]
    assert opens(codes[0])
    said = StringIO()
    call_command("reseal_factors", stdout=said)
    assert said.getvalue() == "2 sealed with the key of today.\n"  # the app and the recovery codes
    settings.SECRET_KEY_FALLBACKS = []
    assert opens(codes[1]) and not opens(codes[1])
    with later(seconds=31):
        assert opens(app_shows(secret))


def test_a_factor_whose_key_is_gone_fits_no_code(settings, w):
    give_app(w.admin)
    settings.SECRET_KEY = "a new one " * 6
    client = Client()
    sign_in(client, w.admin)
    for code in (app_shows(), app_shows("")):
        answer = client.post("/accounts/2fa/authenticate/", {"code": code})
        assert "That code is not right" in answer.content.decode() and not is_signed_in(client)
    with pytest.raises(CommandError, match=w.admin.email):
        call_command("reseal_factors", stdout=StringIO())


def test_a_wrong_code_leaves_a_line_in_the_log(client, w):
    give_app(w.admin)
    client.post(reverse("account_login"), {"login": w.admin.email, "password": "pw"})
    with capture_logs() as lines:
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert [line["event"] for line in lines if line["log_level"] == "warning"].count("second_factor_failed") == 1
