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
from directory.permissions import is_site_owner, read_access

AUDIENCES: dict[str, Callable] = {}

# What is in these mails opens nothing after a while: by then, whoever still wants it has asked for another.
WAITS_FOR_A_CODE, WAITS_FOR_A_PASSWORD = "waiting for a code", "waiting for a link to a new password"
CONFIRMS_AN_ADDRESS, IS_INVITED = "asked to confirm an address", "asked to choose a first password"
LINK_RAN_OUT = "The link in it has run out."
RUNS_OUT: dict[str, tuple[int, str]] = {  # {audience: (seconds, why it is not sent then)}
    WAITS_FOR_A_CODE: (settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT, "The code in it has run out."),
    WAITS_FOR_A_PASSWORD: (settings.PASSWORD_RESET_TIMEOUT, LINK_RAN_OUT),
    CONFIRMS_AN_ADDRESS: (settings.EMAIL_CHANGE_AGE, LINK_RAN_OUT),
    IS_INVITED: (settings.ACCOUNT_INVITATION_AGE, LINK_RAN_OUT),
}


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
    if mail.audience in RUNS_OUT:
        seconds, words = RUNS_OUT[mail.audience]
        return words if timezone.now() - mail.created_at > timedelta(seconds=seconds) else ""
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
    return is_site_owner(person)


@audience(DIRECTORY_ADMIN)
def _is_directory_admin(about, person) -> bool:
    return is_site_owner(person) or read_access(person, about.company).is_directory_admin


@audience(COLLEAGUE)
def _is_colleague(about, person) -> bool:
    """Of the vendor the mail is about, or of the one whose newcomer it is about."""
    vendor = getattr(about, "vendor_id", about.pk)
    return vendor is not None and read_access(person, about.company).vendor_id == vendor
