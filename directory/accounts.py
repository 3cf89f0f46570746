"""How allauth fits this site: nobody signs up, its mails are ours, and what happens to a login is written down.

Each class is one of allauth's adapters, whose methods it calls at the moments that matter; so no signal of its is used.
"""

import base64
import secrets

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.urls import reverse
from django.utils.http import urlsplit

from directory import second_factor, sign_ins, unsaved
from directory.actions import logins
from directory.models import Person
from directory.sealing import seal, unseal

logger = structlog.get_logger(__name__)

A_YEAR = 365 * 24 * 60 * 60
PASSKEY_NAMES = ("First passkey", "Second passkey", "Third passkey")


class Accounts(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "incorrect_code": "That code is not right. Look again, or ask for a new one.",
        "incorrect_password": "That is not your password.",
        "too_many_login_attempts": "Too many tries. Wait five minutes, or reset your password.",
        "rate_limited": "Too many tries. Wait a few minutes.",
    }

    def is_open_for_signup(self, request) -> bool:
        return False

    def login(self, request, user) -> None:
        super().login(request, user)
        sign_ins.start(request)
        unsaved.drop_what_others_typed(request)

    def post_login(self, request, user, **kwargs):  # allauth's signature
        response = remember_keys(super().post_login(request, user, **kwargs), user)
        logins.record(user, "signed in")
        return response

    def authentication_failed(self, request, **credentials) -> None:  # allauth's signature
        email = str(credentials.get("email", ""))
        known = Person.objects.filter(email__iexact=email).values_list("pk", flat=True).first()
        logger.warning("sign_in_failed", person=known, address=self.get_client_ip(request))

    def is_reauthentication_required(self, *, app: str, **kwargs) -> bool:  # allauth's signature
        """A sign-in a moment ago is as good as being asked again."""
        return super().is_reauthentication_required(app=app, **kwargs) and not sign_ins.is_fresh(self.request)

    def get_reauthentication_methods(self, user) -> list[dict]:
        """Whoever has neither password nor factor, signing in by code alone, proves it by another code."""
        if user.is_authenticated and not get_reauthentication_flows(user):
            return [{"id": "mail", "description": "Send a code by mail", "url": reverse("confirm-by-mail")}]
        words = {
            "reauthenticate": "Use your password",
            "mfa_reauthenticate": "Use a code from your app, or a recovery code",
            "mfa_reauthenticate:webauthn": "Use a passkey",
        }
        return [each | {"description": words[each["id"]]} for each in super().get_reauthentication_methods(user)]

    # Mail

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """What allauth asks to be mailed with a secret in it; links start with the site's address (R96)."""
        person = context.get("user") or Person.objects.filter(email__iexact=email, is_active=True).first()
        if template_prefix == "account/email/login_code":
            logins.mail_code(person, seal(context["code"]))
        elif template_prefix == "account/email/password_reset_key":
            path = reverse("account_reset_password_from_key", args=[context["uid"], seal(context["key"])])
            logins.mail_reset_link(person, path)
        else:
            raise ValueError(f"No mail is written for {template_prefix}.")

    def send_notification_mail(self, template_prefix: str, user, context=None, email=None) -> None:
        """Something about the login changed: written down, and its owner is told."""
        logins.record_and_tell(user, template_prefix.rpartition("/")[2], self.get_client_ip(self.request))


class SecondFactors(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": "Your company asks for a second factor. Add another one before you remove this.",
        "incorrect_code": "That code is not right, or was used already. Wait for the next one.",
    }

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """A factor sealed with a key that is gone fits no code: a secret nobody knows stands in for it."""
        try:
            return unseal(encrypted_text)
        except InvalidToken:
            logger.warning("second_factor_of_another_key")
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def validation_error(self, code: str, *args):  # allauth's signature
        """A wrong code leaves a line in the log, like a wrong password."""
        if code == "incorrect_code":
            logger.warning("second_factor_failed", address=Accounts().get_client_ip(current.request))
        return super().validation_error(code, *args)

    def can_delete_authenticator(self, authenticator) -> bool:
        return not second_factor.is_last_required(authenticator)

    def generate_authenticator_name(self, user, type) -> str:
        count = second_factor.of(user).filter(type=type).count()
        return PASSKEY_NAMES[count] if count < len(PASSKEY_NAMES) else f"Passkey {count + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """A passkey belongs to the site's configured name, whatever the request said it was; a demo has several."""
        host = current.request.get_host().partition(":")[0] if settings.DEMO else urlsplit(settings.SITE_URL).hostname
        return {"id": host, "name": "Plumbline"}


class Sessions(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions) -> None:
        super().end_sessions(sessions)
        if sessions:
            logins.record(sessions[0].user, "signed out of other sessions")


def remember_keys(response, person):
    """Tell this browser whether the person wants single-letter keys (U8); pages read it from the cookie."""
    value = "on" if person.uses_keys else "off"
    response.set_cookie("keys", value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
