"""A second factor as a person sets it up and uses it: digits of an app, and a passkey of the device (R93)."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.directory.account_pages import app_shows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, person) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill("pw")
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.goto("/accounts/logout/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()


def wait_for_the_next_digits() -> None:
    time.sleep(30 - time.time() % 30 + 0.5)


def test_somebody_sets_up_an_app_and_signs_in_with_its_digits(enter):
    sam = factories.world().approver
    page = enter()
    sign_in(page, sam)
    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Set up an app").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    assert page.get_by_role("img", name="QR code").evaluate("it => it.naturalWidth") > 0
    secret = page.locator("code.secret").inner_text()
    page.get_by_label("Authenticator code").fill(app_shows(secret))
    page.get_by_role("button", name="Turn it on").click()
    expect(page.locator(".codes li")).to_have_count(10)
    sign_out(page)
    wait_for_the_next_digits()
    sign_in(page, sam)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    page.get_by_label("Code").fill(app_shows(secret))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sam")


def give_device(page: Page) -> None:
    """A device that has a fingerprint reader, which always says yes."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_somebody_adds_a_passkey_and_signs_in_with_nothing_else(enter):
    sam = factories.world().approver
    page = enter()
    give_device(page)
    sign_in(page, sam)
    page.goto("/accounts/2fa/passkeys/add/")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator(".codes li")).to_have_count(10)
    page.goto("/accounts/2fa/passkeys/")
    expect(page.get_by_role("row", name="First passkey")).to_contain_text("signs in alone")
    sign_out(page)
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sam")


def test_after_the_password_a_passkey_is_as_good_as_digits(enter):
    sam = factories.world().approver
    page = enter()
    give_device(page)
    sign_in(page, sam)
    page.goto("/accounts/2fa/passkeys/add/")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.locator(".codes li")).to_have_count(10)
    sign_out(page)
    sign_in(page, sam)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sam")


def test_why_a_passkey_did_not_work_is_said_on_the_page(enter):
    page = enter()
    page.goto("/accounts/login/")
    page.evaluate("() => { navigator.credentials.get = () => { throw new DOMException('', 'NotAllowedError') } }")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")
