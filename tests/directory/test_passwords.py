"""What is no password at this site, and ending sessions at its console (ASVS 6.2.11, 7.4.5)."""

from io import StringIO

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from directory.models import Event
from directory.passwords import REFUSED
from tests.directory.account_pages import GOOD_PASSWORD
from tests.factories import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "password",
    [
        "Plumbline2026!",
        "Retainage-Invoice-1",
        "cascade.builders.11",
        "Cascade Invoices 30",
        "sage100contractor",
        "Welcome_Project_9",
    ],
)
def test_words_of_this_place_are_no_password(password):
    """Neither of the trade nor of a company, with whatever digits and signs around them."""
    world("Cascade Builders")
    with pytest.raises(ValidationError, match=REFUSED):
        validate_password(password)


@pytest.mark.parametrize("password", [GOOD_PASSWORD, "invoice walnut gravel", "84720193847561x", "heron on sagebrush"])
def test_such_a_word_among_others_is_one(password):
    world("Cascade Builders")
    validate_password(password)


def signed_in(who) -> Client:
    client = Client()
    client.force_login(who)
    return client


def is_in(client: Client) -> bool:
    return client.get("/me/").status_code == 200


def test_whoever_runs_the_site_ends_sessions_and_nothing_else():
    there = world()
    dana, twice, ola = signed_in(there.admin), signed_in(there.admin), signed_in(there.second_admin)
    told = StringIO()
    call_command("sign_out", there.admin.email.upper(), stdout=told)
    assert told.getvalue() == "Dana Cole: 2 ended.\n"
    assert [is_in(each) for each in (dana, twice, ola)] == [False, False, True] and is_in(signed_in(there.admin))
    event = Event.objects.about(there.admin.memberships.get()).first()
    assert (event.by_name, event.verb) == ("Plumbline", "was signed out everywhere, at the console of the site")
    call_command("sign_out", "--all", stdout=StringIO())
    assert not is_in(ola)
    with pytest.raises(CommandError, match="no login"):
        call_command("sign_out", "nobody@example.com")
