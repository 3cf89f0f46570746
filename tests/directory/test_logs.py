"""What the log tells: who was refused where; and what it never holds: secrets, and lines that somebody forged."""

import logging
import re
from io import StringIO

import pytest
import structlog
from django.conf import settings
from django.core import mail as outbox
from django.urls import reverse

from directory.actions.grants import set_level
from directory.models import Event, Mail
from directory.notifications import deliver
from directory.permissions import Level, Tool
from invoicing.actions import invitations
from invoicing.models import InvoiceType
from tests.factories import world

pytestmark = pytest.mark.django_db
CANARY = "Canary-Pa55-phrase!"


@pytest.fixture
def lines():
    """Everything that is logged, through the site's own formatter, from the lowest level on."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    formatter = dict(settings.LOGGING["formatters"]["lines"])
    handler.setFormatter(formatter.pop("()")(**formatter))
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield lambda: written.getvalue().splitlines()
    root.removeHandler(handler)
    root.setLevel(before)


def refusals(lines) -> list[str]:
    return [line for line in lines() if re.search(r"\] refused\b", line) or '"event": "refused"' in line]


@pytest.fixture
def w():
    return world()


def test_a_refused_attempt_is_logged_with_person_address_right_and_request(w, client, lines):
    """R124."""
    set_level(w.reader, Tool.COMPANY_DIRECTORY, w.company, Level.READ_ONLY, by=w.owner)
    client.force_login(w.reader)
    address = reverse("company-events", args=[w.company.slug])
    assert client.get(address).status_code == 403
    [line] = refusals(lines)
    for told in (f"{w.reader.pk}", address, "Admin on Directory", "403", "request_id"):
        assert told in line


@pytest.mark.parametrize(("proxies", "said"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_a_line_says_from_where_as_far_as_our_own_proxies_know(w, client, lines, settings, proxies, said):
    """R91: whatever else X-Forwarded-For names."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    client.force_login(w.contact)
    address = reverse("company-events", args=[w.company.slug])
    client.get(address, headers={"X-Forwarded-For": "198.51.100.7, 203.0.113.9"})
    [line] = refusals(lines)
    assert said in line and "198.51.100.7" not in line


def test_a_look_at_what_is_hidden_is_logged_and_changes_nothing(w, client, lines):
    client.force_login(w.contact)
    before = Event.objects.count()
    assert client.get(reverse("company-events", args=[w.company.slug])).status_code == 404
    [line] = refusals(lines)
    assert "404" in line
    assert Event.objects.count() == before


def test_somebody_not_signed_in_is_asked_to_and_not_called_refused(w, client, lines):
    assert client.get(reverse("company-events", args=[w.company.slug])).status_code == 302
    assert refusals(lines) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\x1b[2K\n"])
def test_no_line_of_the_log_is_forged_by_what_is_typed(w, client, lines, end):
    client.force_login(w.contact)
    forged = "2030-01-01T00:00:00Z [info ] granted person=1"
    client.get(f"/c/{w.company.slug}/directory/templates/../{end}{forged}/")
    client.get(reverse("company-events-about", args=[w.company.slug, f"x{end}{forged}"]))
    structlog.get_logger("directory").warning("told", typed=f"x{end}{forged}", many=[f"x{end}{forged}"])
    logging.getLogger("django.request").warning("Not found: %s", f"x{end}{forged}")
    try:
        raise ValueError(f"x{end}{forged}")
    except ValueError:
        structlog.get_logger("directory").exception("failed")
    assert len(refusals(lines)) == 1
    assert [line for line in lines() if line.startswith("2030-01-01T00:00:00Z [info ] granted")] == []
    assert "\x1b" not in "".join(lines())


def test_no_password_and_no_link_that_lets_in_stands_in_the_log_or_the_record(w, client, lines):
    """R123: through signing in, a forgotten password, an invitation, a failure."""
    w.contact.set_password(CANARY)
    w.contact.save()
    client.post(reverse("account_login"), {"login": w.contact.email, "password": CANARY})
    client.post(reverse("account_login"), {"login": w.contact.email, "password": f"{CANARY}-wrong"})
    client.logout()
    client.post(reverse("account_reset_password"), {"email": w.contact.email})
    secrets = [CANARY] + [
        found
        for text in [message.body for message in outbox.outbox] + list(Mail.objects.values_list("text", flat=True))
        for found in re.findall(r"/(?:reset/key|welcome|email)/([^/\s]+)", text)
    ]
    [invited] = invitations.invite(w.period(), [w.commitment()], InvoiceType.WORK_AND_RELEASE, by=w.admin)
    token = invited.invitation.token
    for mail in Mail.objects.all():
        deliver(mail.pk)
    client.get(reverse("invitation", args=[token]))
    for secret in secrets:
        client.get(reverse("account_reset_password_from_key", args=["1", secret.partition("-")[2] or "x"]))
    structlog.get_logger("directory").warning("told", password=CANARY, request=f"GET /invitations/{token}/", otp=1234)
    kept = "\n".join(lines()) + repr(list(Event.objects.values_list()))
    assert "/invitations/(left out)/" in kept
    assert [secret for secret in [*secrets, token] if secret in kept] == []


def test_a_failure_is_logged_without_the_values_of_its_local_names(lines):
    def fail(hidden):
        raise ZeroDivisionError

    try:
        fail(CANARY)
    except ZeroDivisionError:
        logging.getLogger("django.request").exception("broke")
    assert "ZeroDivisionError" in "\n".join(lines())
    assert CANARY not in "\n".join(lines())
