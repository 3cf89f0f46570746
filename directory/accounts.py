"""How allauth fits this site: people are entered by their company, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings

A_YEAR = 365 * 24 * 60 * 60


class ClosedSignup(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        return False

    def post_login(self, request, user, **kwargs):  # allauth's signature
        return remember_keys(super().post_login(request, user, **kwargs), user)


def remember_keys(response, person):
    """Tell this browser whether the person wants single-letter keys (U8); pages read it from the cookie."""
    value = "on" if person.uses_keys else "off"
    response.set_cookie("keys", value, max_age=A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
