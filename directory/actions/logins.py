"""What happens to a login: written down in every directory that lists its person, and told to them by mail."""

import json

import structlog
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from directory.audiences import WAITS_FOR_A_CODE, WAITS_FOR_A_PASSWORD
from directory.models import Company, Event
from directory.notifications import post
from directory.sealing import reseal
from directory.sessions import end_sessions

logger = structlog.get_logger(__name__)

# What allauth calls it: (what is written down, the subject of the mail to its owner)
CHANGES = {
    "password_changed": ("changed the password", "Your password was changed"),
    "password_set": ("set a password", "A password was set for your login"),
    "password_reset": ("reset the password by mail", "Your password was reset"),
    "totp_activated": ("set up an authenticator app", "An authenticator app was set up for your login"),
    "totp_deactivated": ("removed the authenticator app", "The authenticator app of your login was removed"),
    "webauthn_added": ("added a passkey", "A passkey was added to your login"),
    "webauthn_removed": ("removed a passkey", "A passkey of your login was removed"),
    "recovery_codes_generated": ("made new recovery codes", "New recovery codes were made for your login"),
}


@transaction.atomic
def record(person, verb: str, *, by=None, changes: dict | None = None) -> None:
    """One event in each place that `places_of_record` names; `by` None: the person themselves."""
    for place in places_of_record(person):
        Event.objects.record(verb, place, by=by or person, changes=changes)
    logger.info("login_event", person=person.pk, verb=verb)


def places_of_record(person) -> list:
    """The directories that list the login, as its memberships; every company for a login that no directory lists.

    Such a login is a site owner's or their helper's, and reaches all of them (R119).
    """
    joined = person.memberships.filter(joined_at__isnull=False).select_related("company", "vendor", "person")
    return list(joined) or list(Company.objects.order_by("pk"))


@transaction.atomic
def record_and_tell(person, change: str, address: str) -> None:
    """`change` is a key of CHANGES; `address` the IP address it came from."""
    verb, subject = CHANGES[change]
    record(person, verb)
    tell(person, subject, address=address)


@transaction.atomic
def forget_factors(person) -> int:
    """For somebody who lost phone and recovery codes; whoever asks must know it is them. How many were removed.

    Run by whoever operates the site, at its console: the record says the program did it, not the person.
    """
    count, _ = Authenticator.objects.filter(user=person).delete()
    if count:
        end_sessions(person)
        for place in places_of_record(person):
            Event.objects.record("lost the second factor, at the console of the site", place, by=None)
        tell(person, "The second factor of your login was removed")
    return count


@transaction.atomic
def sign_out(person) -> int:
    """End their sessions and nothing else, at the console of the site. How many there were."""
    count = end_sessions(person)
    if count:
        for place in places_of_record(person):
            Event.objects.record("was signed out everywhere, at the console of the site", place, by=None)
    return count


# A passkey has none, but a name that somebody typed.
WITH_A_SECRET = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)


@transaction.atomic
def reseal_factors() -> tuple[int, list]:
    """Seals all second factors with today's key, so that older ones may go: how many, and whose no key of ours opens.

    The factors themselves stay what they are, so nothing is recorded.
    """
    count, lost = 0, []
    sealed = Authenticator.objects.filter(type__in=WITH_A_SECRET).order_by("user", "pk")
    for factor in sealed.select_for_update(of=("self",)).select_related("user"):
        try:
            factor.data = json.loads(reseal(json.dumps(factor.data)))
        except InvalidToken:
            lost.append(factor.user)
        else:
            factor.save(update_fields=["data"])
            count += 1
    return count, lost


def tell(person, subject: str, *, address: str = "", words: str = "", mail_to: str = "") -> None:
    """A mail without any secret: what happened to the login, and what to do if it was somebody else."""
    context = {"address": address, "words": words}
    post(
        about=person, to=[person], subject=subject, template="directory/emails/login", context=context, address=mail_to
    )


@transaction.atomic
def mail_code(person, sealed_code: str) -> None:
    _mail_secret(person, "Your code for Plumbline", "code", {"code": sealed_code}, WAITS_FOR_A_CODE)


@transaction.atomic
def mail_reset_link(person, path: str) -> None:
    _mail_secret(person, "Choose a new password", "password_reset", {"path": path}, WAITS_FOR_A_PASSWORD)


def _mail_secret(person, subject: str, template: str, context: dict, audience: str) -> None:
    told = {"template": f"directory/emails/{template}", "context": context, "audience": audience}
    post(about=person, to=[person], subject=subject, **told)
