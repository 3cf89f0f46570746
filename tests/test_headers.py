"""What a browser is told with every kind of answer, whatever its address."""

import re

import pytest
from django.urls import reverse

from directory.actions.grants import set_level
from directory.permissions import Level, Tool
from tests.directory.account_pages import later, sign_in
from tests.factories import world
from tests.test_static_files import SCRIPTS, read


@pytest.fixture
def answers(client, db, settings):
    """A page, one that is not there, a file to take away, a script, and what a watchman asks."""
    settings.WHITENOISE_USE_FINDERS = True  # nothing was collected for a test
    w = world()
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.ADMIN, by=w.owner)
    client.force_login(w.reader)
    taken = reverse("company-events-csv", args=[w.company.slug])
    found = {address: client.get(address) for address in ("/me/", "/nowhere/", taken, "/static/js/app.js", "/livez")}
    assert [answer.status_code for answer in found.values()] == [200, 404, 200, 200, 200]
    return found


def test_no_answer_is_framed_elsewhere_or_taken_for_another_kind(answers):
    """ASVS 3.4.3, 3.4.4, 3.4.6: static files are answered before most of the middleware."""
    for address, answer in answers.items():
        policy = answer["Content-Security-Policy"]
        for rule in ("base-uri 'none'", "frame-ancestors 'none'"):
            assert rule in policy, address
        assert "object-src 'none'" in policy or "default-src 'none'" in policy
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_every_text_says_its_letters(answers):
    """ASVS 4.1.1."""
    for address, answer in answers.items():
        assert re.fullmatch(r"text/[a-z]+; charset=.?utf-8.?", answer["Content-Type"]), address


def test_signing_out_and_an_idle_hour_leave_nothing_in_the_browser(client, db):
    """ASVS 14.3.1."""
    w = world()
    sign_in(client, w.admin)
    assert not client.get("/me/").has_header("Clear-Site-Data")
    assert client.post("/accounts/logout/")["Clear-Site-Data"] == '"cache", "storage"'
    sign_in(client, w.admin)
    with later(hours=2):
        assert client.get("/me/")["Clear-Site-Data"] == '"cache", "storage"'
        assert not client.get("/accounts/login/").has_header("Clear-Site-Data")


@pytest.fixture
def over_https(settings):
    settings.IS_HTTPS = settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"


def test_over_https_every_cookie_is_bound_to_this_host(client, db, over_https):
    """ASVS 3.3.1, 3.3.3: what remembers a choice and what is said once, too, and each is read again by its name."""
    w = world()
    sign_in(client, w.admin)
    client.get(reverse("invoices", args=[w.project.slug]), {"rows": "50"})
    with later(hours=2):
        client.get("/me/")
        kept = client.cookies.copy()
        why = "You were signed out because nothing happened for an hour."
        assert [why in client.get("/accounts/login/").content.decode() for _ in "12"] == [True, False]
    assert {"sessionid", "csrftoken", "keys", "messages", "signed-in-before"} <= {
        name.removeprefix("__Host-") for name in kept
    }
    for name, cookie in kept.items():
        assert name.startswith("__Host-") and cookie["secure"] and cookie["path"] == "/" and not cookie["domain"], name


def test_over_https_what_another_host_of_the_domain_sets_is_not_read(client, db, over_https):
    """ASVS 3.3.3."""
    client.cookies["theme"] = "dark"
    assert 'data-theme="auto"' in client.get("/accounts/login/").content.decode()
    client.cookies["__Host-theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/accounts/login/").content.decode()


def test_what_a_script_keeps_in_a_cookie_goes_over_https_alone():
    """ASVS 3.3.1, 3.3.3: our scripts write cookies in one place, bound to this host."""
    written = [(name, line) for name in SCRIPTS for line in read(name).splitlines() if "document.cookie" in line]
    assert [name for name, _ in written] == ["js/app.js"]
    assert [line.partition("`")[2][:16] for _, line in written] == ["${prefix}${name}"]
    assert 'location.protocol === "https:" ? ["__Host-", "; secure"]' in read("js/app.js")
