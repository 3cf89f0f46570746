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


def test_what_a_script_keeps_in_a_cookie_goes_over_https_alone():
    """ASVS 3.3.1: our scripts write cookies in one place."""
    written = [(name, line) for name in SCRIPTS for line in read(name).splitlines() if "document.cookie" in line]
    assert [name for name, _ in written] == ["js/app.js"]
    assert all('location.protocol === "https:" ? "; secure"' in line for _, line in written)
