"""Ending the sessions of a login, wherever somebody is signed in with it (R67); or all there are."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone


def end_sessions(person) -> int:
    """The next request of every browser that is signed in as `person` meets the sign-in page; returns how many.

    In the caller's transaction: if what ended them does not happen, they go on.
    """
    ended = [
        session.session_key
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if session.get_decoded().get(SESSION_KEY) == str(person.pk)
    ]
    return Session.objects.filter(session_key__in=ended).delete()[0]


def clear_over() -> int:
    """What is over goes, with what was typed in it and from where it was (ASVS 14.2.4); returns how many went."""
    over = Session.objects.filter(expire_date__lte=timezone.now()).delete()[0]
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return over


def end_all_sessions() -> int:
    """Everybody signs in anew; returns how many sessions there were."""
    return Session.objects.all().delete()[0]
