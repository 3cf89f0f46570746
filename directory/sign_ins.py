"""What a session knows of its sign-in: since when it is open, when it was last used, when the person last proved
who they are (R93, R94)."""

import time

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from directory.permissions import companies_where_money_moves

STARTED, USED = "signed_in_at", "used_at"
NOTED_EVERY = 60  # seconds; a session is not written for every click
CODE, CODE_LENGTH, CODE_TRIES, CODE_AGE = "code_by_mail", 6, 5, 10 * 60


def is_fresh(request) -> bool:
    """Whether the person gave a password, a code or a factor in this session within the last 15 minutes."""
    proof = last_proof(request)
    return proof is not None and time.time() - proof < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def last_proof(request) -> float | None:
    """When the person last proved in this session who they are."""
    records = get_authentication_records(request, request.user)
    return records[-1]["at"] if records else None


def renew(request) -> None:
    """The session goes on under another key, and in the person's list too; the key it had opens nothing any more."""
    known = request.session.session_key
    with transaction.atomic():
        request.session.cycle_key()
        UserSession.objects.filter(session_key=known).update(session_key=request.session.session_key)


def start(request) -> None:
    """The clock of a session begins with its sign-in."""
    request.session[STARTED] = request.session[USED] = time.time()


def why_over(request) -> str:
    """Why this session has ended by now, in words for its person; "" while it goes on."""
    now, session = time.time(), request.session
    if now - session.get(STARTED, now) > settings.SESSION_COOKIE_AGE:
        return "You were signed in for 12 hours. Sign in again to go on."
    if now - session.get(USED, now) > settings.SESSION_IDLE_SECONDS and moves_money(request.user):
        return "You were signed out because nothing happened for an hour. Sign in again to go on."
    return ""


def moves_money(person) -> bool:
    """Accounting, Admins and site owners, whose sessions end after an idle hour."""
    return person.is_superuser or person.is_staff or companies_where_money_moves(person).exists()


def note_use(request) -> None:
    now = time.time()
    if now - request.session.get(USED, 0) < NOTED_EVERY:
        return
    request.session.setdefault(STARTED, now)
    request.session[USED] = now
    UserSession.objects.create_from_request(request)


def prove(request, person, method: str) -> None:
    """Write down in the session that `person` has just proved who they are; `method` in a word."""
    record_authentication(request, person, method=method, reauthenticated=True)


# A code by mail, for whoever has neither password nor factor to be asked for


def new_code(request) -> str:
    code = get_random_string(CODE_LENGTH, "0123456789")
    request.session[CODE] = {"digest": _digest(code), "at": time.time(), "tries": 0}
    return code


def waits_for_code(request) -> bool:
    kept = request.session.get(CODE)
    return bool(kept) and kept["tries"] < CODE_TRIES and time.time() - kept["at"] < CODE_AGE


def is_right_code(request, typed: str) -> bool:
    """Each code is good once, for ten minutes and five tries."""
    if not waits_for_code(request):
        return False
    kept = request.session[CODE]
    if constant_time_compare(_digest(typed.strip().replace(" ", "")), kept["digest"]):
        del request.session[CODE]
        return True
    request.session[CODE] = kept | {"tries": kept["tries"] + 1}
    return False


def _digest(code: str) -> str:
    return salted_hmac("plumbline.code-by-mail", code, algorithm="sha256").hexdigest()
