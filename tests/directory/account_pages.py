"""What the tests of one's own login have in common: the mail that came, the links in it, and a long time."""

import re
import time
from contextlib import contextmanager
from datetime import timedelta

import time_machine
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.utils import timezone

from directory.models import Mail
from directory.sealing import unseal

GOOD_PASSWORD = "plumb bob and brass"


def sign_in(client, person, password="pw", **rest):
    return client.post("/accounts/login/", {"login": person.email, "password": password} | rest, follow=True)


def is_signed_in(client) -> bool:
    return client.get("/me/").status_code == 200


def newest_mail() -> str:
    return unseal(Mail.objects.first().text)


def link_in_mail(address: str = "") -> str:
    """The path of the one-time link in the newest mail (to `address`)."""
    mails = Mail.objects.filter(address=address) if address else Mail.objects.all()
    found = re.search(r"https?://[^/\s]+(/\S+)", unseal(mails.exclude(text__contains="happened just now").first().text))
    return found[1]


def code_in_mail() -> str:
    return re.search(r"\b\d{6}\b", newest_mail())[0]


@contextmanager
def later(**time):
    with time_machine.travel(timezone.now() + timedelta(**time), tick=True):
        yield


def words(response) -> str:
    """The page without what differs by itself: tokens and the request's number."""
    return re.sub(r'"[A-Za-z0-9]{64}"|Request [0-9a-f]{8}|[0-9a-f-]{36}', "", response.content.decode())


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def give_app(person) -> None:
    TOTP.activate(person, SECRET)


def app_shows(secret: str = SECRET) -> str:
    """The six digits of this half minute; near its end those of the next one, which live until they are sent."""
    if time.time() % 30 > 20:
        time.sleep(30.5 - time.time() % 30)
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))
