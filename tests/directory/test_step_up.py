"""What matters most takes a password or a factor of the last 15 minutes; what was typed survives the question (R93)."""

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse

from directory.actions import privileges
from directory.actions.grants import set_level
from directory.models import AccountingPrivilege, EmailChange
from directory.permissions import Level, Tool
from erp_integrations.models import ExportStatus
from tests.directory.account_pages import GOOD_PASSWORD, app_shows, code_in_mail, give_app, is_signed_in, later, sign_in
from tests.erp_integrations.world import sage_world
from tests.factories import person, world
from tests.test_access_matrix import OURS

pytestmark = pytest.mark.django_db


@pytest.fixture
def sage():
    return sage_world()


def test_the_doors_that_ask_for_it():
    fresh = {name for name, pattern in OURS.items() if pattern.callback.requires.fresh}
    assert fresh == {
        *("erp-accept", "erp-void", "erp-cancel", "erp-retry"),
        *("company-levels", "project-directory", "permission-template", "permission-template-add"),
        *("vendor-verify", "company-settings", "email-change", "mfa_remove_webauthn", "session-end"),
    }


def accept(client, sage, export):
    address = reverse("erp-accept", args=[sage.company.slug])
    page = client.get(address, {"export": export.pk})
    typed = {"confirmed": "1", "export": export.pk, "accounting_date": page.context["form"]["accounting_date"].value()}
    typed |= {f"seen-{each.export.pk}": each.mark for each in page.context["candidates"]}
    typed["ticked"] = [group.keys for group in page.context["warnings"]]
    return client.post(address, typed)


def test_accepting_long_after_signing_in_asks_and_then_carries_on_with_what_was_typed(client, sage):
    export = sage.sent()
    sign_in(client, sage.approver)
    with later(minutes=20):
        asked = accept(client, sage, export)
        assert asked.status_code == 302 and asked.url.startswith("/accounts/reauthenticate/")
        export.refresh_from_db()
        assert export.status == ExportStatus.READY_TO_EXPORT
        done = client.post(asked.url, {"password": "pw", "next": asked.url.partition("next=")[2].replace("%2F", "/")})
    export.refresh_from_db()
    assert export.status == ExportStatus.EXPORTING
    assert done.status_code == 302 and "/erp/batches/" in done.url
    assert "Accepted as" in client.get(done.url).content.decode()


def test_right_after_signing_in_nobody_is_asked(client, sage):
    export = sage.sent()
    sign_in(client, sage.approver)
    assert "/erp/batches/" in accept(client, sage, export).url


def test_the_resumed_request_passes_its_own_door_again(client, sage):
    """A right that went while the password was typed is missed."""
    export = sage.sent()
    sign_in(client, sage.approver)
    with later(minutes=20):
        asked = accept(client, sage, export)
        sage.approver.privileges.update(withdrawn_at=export.sent_at, withdrawn_by=sage.base.owner)
        path = reverse("erp-accept", args=[sage.company.slug])
        assert client.post(asked.url, {"password": "pw", "next": path}).status_code == 403
    export.refresh_from_db()
    assert export.status == ExportStatus.READY_TO_EXPORT


def test_a_wrong_password_opens_nothing_and_keeps_what_was_typed(client, sage):
    export = sage.sent()
    sign_in(client, sage.approver)
    with later(minutes=20):
        asked = accept(client, sage, export)
        path = reverse("erp-accept", args=[sage.company.slug])
        assert "not your password" in client.post(asked.url, {"password": "no", "next": path}).content.decode()
        assert "/erp/batches/" in client.post(asked.url, {"password": "pw", "next": path}).url


def test_looking_takes_no_proof(client, sage):
    export = sage.sent()
    sign_in(client, sage.approver)
    with later(minutes=20):
        assert client.get(reverse("erp-accept", args=[sage.company.slug]), {"export": export.pk}).status_code == 200


def test_a_factor_is_as_good_as_the_password(client, sage):
    export = sage.sent()
    give_app(sage.approver)
    client.force_login(sage.approver)
    with later(minutes=20):
        accept(client, sage, export)
        path = reverse("erp-accept", args=[sage.company.slug])
        assert "/erp/batches/" in client.post("/accounts/2fa/reauthenticate/", {"code": app_shows(), "next": path}).url


def test_voiding_and_trying_again_ask_too(client, sage):
    exported = sage.exported(sage.approved(sage.commitment()))
    someone = sage.all_rights()
    client.force_login(someone)
    with later(minutes=20):
        void = client.post(reverse("erp-void", args=[sage.company.slug, exported.pk]), {"reason": "x"})
        batch = exported.items.get().batch
        retry = client.post(reverse("erp-retry", args=[sage.company.slug, batch.number]))
    assert void.url.startswith("/accounts/reauthenticate/") and retry.url.startswith("/accounts/reauthenticate/")


def test_granting_and_withdrawing_the_privilege_ask_the_site_owner(client):
    w = world()
    someone = person("Nia", w.company)
    typed = {"person": someone.pk, "company": w.company.pk, "reason": "Controller"}
    address = reverse("admin:directory_accountingprivilege_add")
    client.force_login(w.owner)
    with later(minutes=20):
        asked = client.post(address, typed)
        assert asked.url.startswith("/accounts/reauthenticate/")
        assert not AccountingPrivilege.objects.filter(person=someone).exists()
        assert client.post(asked.url, {"password": "pw", "next": address}).status_code == 302
    assert AccountingPrivilege.objects.get(person=someone).reason == "Controller"
    held = AccountingPrivilege.objects.get(person=someone)
    with later(hours=1, minutes=-1):
        withdraw = reverse("admin:directory_accountingprivilege_withdraw", args=[held.pk])
        assert client.post(withdraw, {"reason": "Left"}).url.startswith("/accounts/reauthenticate/")


@pytest.mark.parametrize("answer", ["grant", "decline"])
def test_answering_a_request_for_the_privilege_asks_the_site_owner(client, answer):
    w = world()
    ada = person("Ada", w.company)
    set_level(ada, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    asked = privileges.ask(w.reader, w.company, by=ada, reason="Controller on leave")
    address = reverse(f"admin:directory_privilegerequest_{answer}", args=[asked.pk])
    client.force_login(w.owner)
    with later(minutes=20):
        question = client.post(address, {"reason": "Covers for Sam"})
        assert question.url.startswith("/accounts/reauthenticate/")
        client.post(question.url, {"password": "pw", "next": address})
    asked.refresh_from_db()
    assert asked.state == {"grant": "granted", "decline": "declined"}[answer]


def test_a_companys_settings_and_who_is_a_site_owner_are_changed_after_the_question_alone(client):
    w = world()
    company = reverse("admin:directory_company_change", args=[w.company.pk])
    login = reverse("admin:directory_person_change", args=[w.reader.pk])
    client.force_login(w.owner)
    with later(minutes=20):
        for address in (company, login):
            assert client.get(address).status_code == 200
            assert client.post(address, {"is_superuser": "on"}).url.startswith("/accounts/reauthenticate/")


def test_removing_a_factor_and_changing_the_address_ask_too(client):
    w = world()
    give_app(w.admin)
    client.force_login(w.admin)
    with later(minutes=20):
        for address in ("/accounts/2fa/app/remove/", "/me/email/"):
            assert client.post(address, {"email": "new@example.com"}).url.startswith("/accounts/reauthenticate/")


def test_ending_other_sessions_asks_and_then_ends_the_one_that_was_chosen(client):
    """ASVS 7.5.2: whoever finds a browser open throws its owner out nowhere else."""
    w, others = world(), [Client(), Client()]
    for each in (client, *others):
        sign_in(each, w.admin)
    first, second = UserSession.objects.filter(user=w.admin).order_by("pk")[1:]
    with later(minutes=20):
        end, all_others = f"/me/sessions/{first.pk}/end/", "/accounts/sessions/"
        for address in (end, all_others):
            assert client.post(address).url.startswith("/accounts/reauthenticate/")
        assert UserSession.objects.filter(user=w.admin).count() == 3
        client.post(end)
        client.post("/accounts/reauthenticate/", {"password": "pw", "next": end})
        left = UserSession.objects.filter(user=w.admin)
        assert left.count() == 2 and first not in left and second in left
        client.post(all_others)
        assert UserSession.objects.filter(user=w.admin).count() == 1


def test_a_proof_gives_the_session_another_key_and_the_one_before_is_worth_nothing(client):
    """ASVS 7.2.4: whoever had learnt the key before does not share what the proof opens."""
    w, thief, elsewhere = world(), Client(), Client()
    for each in (elsewhere, client):
        sign_in(each, w.admin)
    before = UserSession.objects.filter(user=w.admin).count()
    thief.cookies["sessionid"] = known = client.cookies["sessionid"].value
    assert is_signed_in(thief)
    with later(minutes=20):
        client.post("/accounts/reauthenticate/", {"password": "wrong", "next": "/me/"})
        assert client.cookies["sessionid"].value == known
        client.post("/accounts/reauthenticate/", {"password": "pw", "next": "/me/"})
        assert client.cookies["sessionid"].value != known
        assert is_signed_in(client) and is_signed_in(elsewhere) and not is_signed_in(thief)
        listed = [each.session_key for each in UserSession.objects.filter(user=w.admin)]
        assert len(listed) == before and client.cookies["sessionid"].value in listed and known not in listed


@pytest.mark.parametrize("name", ["mfa_index", "mfa_list_webauthn", "mfa_view_recovery_codes"])
def test_after_a_change_of_a_factor_the_way_to_the_other_sessions_is_on_the_page(client, name):
    """ASVS 7.4.3: these pages follow upon setting up an app or a passkey, removing one, and making new codes."""
    w = world()
    give_app(w.admin)
    RecoveryCodes.activate(w.admin)
    client.force_login(w.admin)
    assert f'<a href="{reverse("usersessions_list")}">' in client.get(reverse(name)).content.decode()


def test_an_address_with_a_query_and_a_request_for_a_fragment_find_their_way_back(client, sage):
    client.force_login(sage.base.contact)
    with later(minutes=20):
        client.post("/me/email/?from=profile", {"email": "lee@new.example"}, HTTP_HX_REQUEST="true")
        client.post("/accounts/reauthenticate/", {"password": "pw", "next": "/me/email/"})
    assert EmailChange.objects.get().new_email == "lee@new.example"


def test_who_signs_in_by_code_alone_proves_it_by_another_code(client):
    w = world()
    w.contact.set_unusable_password()
    w.contact.save()
    client.post("/accounts/login/code/", {"email": w.contact.email})
    client.post("/accounts/login/code/confirm/", {"code": code_in_mail()})
    with later(minutes=20):
        asked = client.post("/me/email/", {"email": "lee@new.example"})
        assert asked.url.startswith("/confirm/")
        client.post(asked.url, {"send": "1", "next": "/me/email/"})
        assert client.post(asked.url, {"code": "000000", "next": "/me/email/"}).status_code == 200
        client.post(asked.url, {"code": code_in_mail(), "next": "/me/email/"})
    assert EmailChange.objects.get().new_email == "lee@new.example"


def test_who_signs_in_by_code_alone_sets_no_password_from_an_old_session(client):
    w = world()
    w.contact.set_unusable_password()
    w.contact.save()
    client.force_login(w.contact)
    typed = {"password1": GOOD_PASSWORD, "password2": GOOD_PASSWORD}
    with later(minutes=20):
        assert client.post("/accounts/password/set/", typed).url.startswith("/confirm/")
    assert client.post("/accounts/password/set/", typed).status_code == 302
    w.contact.refresh_from_db()
    assert w.contact.check_password(GOOD_PASSWORD)


def test_in_the_demo_one_click_is_a_proof_and_the_question_tells_the_password(client):
    w = world()
    client.post("/demo/sign-in/", {"email": w.contact.email})
    assert client.post("/me/email/", {"email": "lee@new.example"}).url == "/me/email/"
    with later(minutes=20):
        asked = client.post("/me/email/", {"email": "other@new.example"})
        assert "password is" in client.get(asked.url).content.decode()
    assert Client().get("/accounts/reauthenticate/").status_code == 302
