"""Whoever left and asks to be forgotten is; what they did stays on record under the name they had (R138)."""

from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db.models import Q

from directory.actions import account_links, standing
from directory.models import Event, Mail, Membership, Person
from invoicing.actions import attachments
from tests.directory.test_second_factor import give_app
from tests.factories import person, world
from tests.invoicing.pages import signed_in

pytestmark = pytest.mark.django_db


def tables_with(*words: str) -> set[str]:
    """Of all there are, those in which one of the words stands somewhere."""
    return {
        model.__name__
        for model in apps.get_models(include_auto_created=True)
        for row in model.objects.values_list()
        if any(word in str(value) for value in row for word in words)
    }


@pytest.fixture
def w():
    return world()


@pytest.fixture
def marguerite(w) -> Person:
    """A vendor's person who billed, and of whom all is there that a login can have."""
    someone = w.contact = person("Marguerite", w.company, w.vendor)
    Membership.objects.filter(person=someone).update(title="Widow of Marguerite's founder")
    signed_in(someone)
    give_app(someone)
    EmailAddress.objects.create(user=someone, email=someone.email, primary=True, verified=True)
    account_links.ask_for_email(someone, "marguerite@home.example")
    attachments.attach(w.submitted(), "waiver.pdf", b"%PDF-1.7", by=someone)
    return someone


def test_only_the_record_and_mails_to_others_name_who_was_anonymised_and_the_record_is_whole(w, marguerite):
    standing.change_standing(marguerite, {"is_active": False}, by=w.owner, reason="Left")
    did = Event.objects.filter(by=marguerite).count()
    addresses = marguerite.email, "marguerite@home.example"
    assert {"Person", "EmailAddress", "EmailChange", "Mail"} < tables_with(*addresses)
    told = StringIO()
    call_command("anonymise", marguerite.email.upper(), stdout=told)
    assert f"is Former person {marguerite.pk} now." in told.getvalue()
    assert tables_with(*addresses, "Marguerite") == {"Event", "Mail"}
    assert not Mail.objects.filter(Q(to=marguerite) & ~Q(text="", html="", address="") | Q(reply_to__in=addresses))
    assert Event.objects.filter(by=marguerite, by_name="Marguerite").count() == did > 0
    newest = Event.objects.about(marguerite.memberships.get()).first()
    assert (newest.verb, newest.by_name) == ("was anonymised, at the console of the site", "Plumbline")
    call_command("verify_events", stdout=StringIO())


def test_nobody_is_anonymised_whose_login_is_open_and_no_stranger(marguerite):
    with pytest.raises(CommandError, match="A site owner closes it first"):
        call_command("anonymise", marguerite.email)
    assert Person.objects.get(pk=marguerite.pk).name == "Marguerite"
    with pytest.raises(CommandError, match="no login"):
        call_command("anonymise", "nobody@example.com")
