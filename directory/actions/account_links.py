"""One-time links by mail: to set a first password (R88), and to confirm a new e-mail address (R90).

A token is random, kept as a digest, and sealed in the mail that waits for the worker. Following a link changes
nothing; only what is then sent from its page does.
"""

import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from directory.actions import logins
from directory.audiences import CONFIRMS_AN_ADDRESS, IS_INVITED
from directory.models import AccountInvitation, EmailChange, Person
from directory.models.account_links import digest_of
from directory.notifications import post
from directory.refusals import NotNow, Refused
from directory.sealing import seal
from directory.sessions import end_sessions

TOKEN_BYTES = 32


# The first password


@transaction.atomic
def send_account_invitation(person, company, *, by) -> AccountInvitation:
    """Mail a link to set a first password; a link of before stops working. Raises Refused if they have signed in."""
    person = _locked(person)
    if person.has_usable_password():
        raise Refused(f"{person.name} has a password. “Reset your password” on the sign-in page sends a new link.")
    logins.record(person, "had a new link to set a password mailed", by=by)
    return mail_invitation(person, company, by=by)


def mail_invitation(person, company, *, by) -> AccountInvitation:
    """In the caller's transaction and part of the caller's event: whoever is entered anew gets a link."""
    invitation, token = make_invitation(person, company, by=by)
    post(
        about=invitation,
        to=[person],
        subject=f"Your login at {company.name}",
        template="directory/emails/welcome",
        audience=IS_INVITED,
        context={"by": by, "path": reverse("welcome", args=[seal(token)]), "hours": _hours()},
    )
    return invitation


def make_invitation(person, company, *, by) -> tuple[AccountInvitation, str]:
    """The row and its token, told this once; the caller hands the token to the person and to nobody else."""
    revoke_invitations(person)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = timezone.now() + timedelta(seconds=settings.ACCOUNT_INVITATION_AGE)
    invitation = AccountInvitation.objects.create(
        person=person,
        company=company,
        email=person.email,
        token_sha256=digest_of(token),
        sent_by=by,
        expires_at=expires_at,
    )
    return invitation, token


def revoke_invitations(person) -> int:
    return person.account_invitations.filter(used_at=None, revoked_at=None).update(revoked_at=timezone.now())


def find_invitation(token: str) -> AccountInvitation | None:
    """The invitation of a link, if it can still be used by the person it was sent to."""
    found = AccountInvitation.objects.usable().with_token(token).select_related("person", "company").first()
    return found if found and _is_meant(found) else None


def _is_meant(invitation: AccountInvitation) -> bool:
    """Bound to the address it went to, to the company, and to a login that has no password yet."""
    person = invitation.person
    is_theirs = person.is_active and person.email == invitation.email and not person.has_usable_password()
    is_listed = invitation.company is None or person.membership_in(invitation.company) is not None
    return is_theirs and is_listed


@transaction.atomic
def accept_invitation(token: str, password: str) -> Person:
    """Set the first password. Raises NotNow if the link was used, taken back or is too old; the caller signs in."""
    invitation = AccountInvitation.objects.select_for_update(of=("self",)).with_token(token).first()
    if invitation is None or find_invitation(token) is None:
        raise NotNow("This link no longer works.")
    invitation.used_at = timezone.now()
    invitation.save(update_fields=["used_at"])
    person = _locked(invitation.person)
    person.set_password(password)
    person.save(update_fields=["password"])
    logins.record(person, "set a first password")
    return person


@transaction.atomic
def ask_again(token: str) -> None:
    """Whoever has an old link may have a new one mailed, to the same address. Says nothing of whether it was."""
    old = AccountInvitation.objects.with_token(token).select_related("person", "company", "sent_by").first()
    if old and old.company and _is_meant(old):
        send_account_invitation(old.person, old.company, by=old.sent_by)


def _hours() -> int:
    return settings.ACCOUNT_INVITATION_AGE // 3600


# Another address


@transaction.atomic
def ask_for_email(person, new_email: str) -> EmailChange:
    """Mail a link to the old and to the new address. Raises Refused for one that can't be had."""
    person = _locked(person)
    new_email = _checked(person, new_email)
    person.email_changes.filter(closed_at=None).update(closed_at=timezone.now())
    old_token, new_token = (secrets.token_urlsafe(TOKEN_BYTES) for _ in range(2))
    change = EmailChange.objects.create(
        person=person,
        old_email=person.email,
        new_email=new_email,
        old_token_sha256=digest_of(old_token),
        new_token_sha256=digest_of(new_token),
        expires_at=timezone.now() + timedelta(seconds=settings.EMAIL_CHANGE_AGE),
    )
    taken = Person.objects.filter(email__iexact=new_email).exists()
    for token, address in ((old_token, person.email), (new_token, new_email)):
        if address == new_email and taken:
            continue  # said to nobody: the page must not tell whose addresses are known (R76)
        post(
            about=person,
            to=[person],
            subject="Confirm the new e-mail address of your login",
            template="directory/emails/email_change",
            audience=CONFIRMS_AN_ADDRESS,
            context={"change": change, "path": reverse("email-confirm", args=[seal(token)])},
            address=address,
        )
    logins.record(person, "asked for another e-mail address")
    return change


def _checked(person, new_email: str) -> str:
    new_email = new_email.strip().lower()
    try:
        validate_email(new_email)
    except ValidationError:
        raise Refused("Enter an e-mail address, such as lee@acme.example.", field="email") from None
    if new_email == person.email.lower():
        raise Refused("That is your address already.", field="email")
    return new_email


def find_email_change(token: str) -> EmailChange | None:
    digest = digest_of(token)
    either = Q(old_token_sha256=digest) | Q(new_token_sha256=digest)
    return EmailChange.objects.open().filter(either, person__is_active=True).select_related("person").first()


@transaction.atomic
def confirm_email(token: str) -> EmailChange:
    """Confirm from one of the two addresses; from both, the login has the new one and all its sessions end."""
    found = find_email_change(token)
    if found is None:
        raise NotNow("This link no longer works.")
    person = _locked(found.person)
    change = EmailChange.objects.select_for_update().get(pk=found.pk)
    side = "old_confirmed_at" if change.old_token_sha256 == digest_of(token) else "new_confirmed_at"
    setattr(change, side, getattr(change, side) or timezone.now())
    change.save(update_fields=[side])
    if change.old_confirmed_at and change.new_confirmed_at and not change.closed_at:
        _take_new_address(person, change)
    return change


def _take_new_address(person, change: EmailChange) -> None:
    if Person.objects.filter(email__iexact=change.new_email).exclude(pk=person.pk).exists():
        raise NotNow("That address belongs to another login by now.")
    person.email = change.new_email
    person.save(update_fields=["email"])
    EmailAddress.objects.filter(user=person).delete()  # allauth would go on letting the old address sign in
    change.closed_at = timezone.now()
    change.save(update_fields=["closed_at"])
    end_sessions(person)
    logins.record(person, "changed the e-mail address", changes={"e-mail": [change.old_email, change.new_email]})
    words = f"It was {change.old_email}, it is {change.new_email}."
    for address in (change.old_email, change.new_email):
        logins.tell(person, "The e-mail address of your login was changed", words=words, mail_to=address)


@transaction.atomic
def stop_email_change(change: EmailChange) -> None:
    """By the person, or by whoever reads the mail at one of the addresses: the login keeps its address."""
    closed = EmailChange.objects.filter(pk=change.pk, closed_at=None).update(closed_at=timezone.now())
    if closed:
        logins.record(change.person, "kept the e-mail address")


def void_links(person) -> None:
    """A login that is closed leaves no link behind that would work when it is opened again."""
    person.email_changes.filter(closed_at=None).update(closed_at=timezone.now())
    revoke_invitations(person)


def _locked(person) -> Person:
    return Person.objects.select_for_update(no_key=True).get(pk=person.pk)
