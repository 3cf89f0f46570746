"""Whom a waiting mail may still reach: asked when it is sent, of rights as they are then (R97).

A mail names its audience, what its reader must be: an invoice contact, an accounting approver. Each app says here, when
it is loaded, who is one. A mail without an audience is about its reader's own login or place in a directory.
"""

from collections.abc import Callable
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from directory.models import Mail
from directory.permissions import read_access

AUDIENCES: dict[str, Callable] = {}
WAITS_FOR_A_CODE = (
    "waiting for a code"  # at a page that is open: by then, whoever still wants one has asked for another
)
CODE_AGE = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)


def audience(name: str) -> Callable:
    """Of a function of (the row the mail is about, the person): whether they are `name` of it now."""

    def keep(rule: Callable) -> Callable:
        AUDIENCES[name] = rule
        return rule

    return keep


def no_longer_meant(mail: Mail) -> str:
    """Why the mail is not sent any more; "" while it is. An audience that nobody declared is an error, never a yes."""
    if not _is_here(mail):
        return "The person is no longer active here."
    if mail.audience == WAITS_FOR_A_CODE:
        return "The code in it has run out." if timezone.now() - mail.created_at > CODE_AGE else ""
    if not mail.audience:
        return ""
    about = _about(mail)
    if about is None:
        return "What it is about was deleted."
    return "" if AUDIENCES[mail.audience](about, mail.to) else f"The person is no longer {mail.audience}."


def _is_here(mail: Mail) -> bool:
    """Site owners are in no directory. Who was asked to join is not in it yet and gets the question (R89).

    What goes to a vendor's own address goes whatever became of the person it is filed under: the warning of a change
    must not depend on whoever asked for the change (R81).
    """
    person = mail.to
    if mail.company_id is None:
        return person.is_active
    if mail.address:
        return True
    places = person.memberships.filter(Q(is_active=True) | Q(asked_at__isnull=False), company=mail.company_id)
    return person.is_active and (person.is_superuser or places.exists())


def _about(mail: Mail):
    label, _, pk = mail.subject.partition(":")
    return apps.get_model(label).objects.filter(pk=pk).first()


SITE_OWNER = "a site owner"
DIRECTORY_ADMIN = "a site owner or a Directory Admin"
COLLEAGUE = "one of the vendor’s people"


@audience(SITE_OWNER)
def _is_site_owner(about, person) -> bool:
    return person.is_superuser


@audience(DIRECTORY_ADMIN)
def _is_directory_admin(about, person) -> bool:
    return person.is_superuser or read_access(person, about.company).is_directory_admin


@audience(COLLEAGUE)
def _is_colleague(about, person) -> bool:
    """Of the vendor the mail is about, or of the one whose newcomer it is about."""
    vendor = getattr(about, "vendor_id", about.pk)
    return vendor is not None and read_access(person, about.company).vendor_id == vendor
