"""How much is read of somebody who isn't signed in (R116).

Django reads a body in one of the few threads of a web process, before any view asks who sends it, and waits for it as
long as it takes. What is short the proxy holds back until all of it is there (docs/operations.md, "Several hosts");
what is longer is left unread here.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string

from directory.unsaved import A_PAGE_STAYS_OPEN

COOKIE, SALT = "signed-in-before", "plumbline.strangers"
RENEWED_AFTER = timedelta(days=1)


def read_briefly(get_response):
    """413, and not a byte of it read, for a long body from a browser in which nobody is or lately was signed in.

    Whoever was, and is signed out by now, is heard: what they typed waits for them, a bill of a thousand lines too
    (9.10). That a browser is one of these says a signed cookie, which names nobody and opens nothing else.
    """

    def middleware(request):
        is_signed_in, is_long = request.user.is_authenticated, _length(request) > settings.BODY_OF_STRANGERS_MAX_BYTES
        if is_long and not is_signed_in and not _was_signed_in(request, within=A_PAGE_STAYS_OPEN):
            return _too_long()
        response = get_response(request)
        if is_signed_in and not _was_signed_in(request, within=RENEWED_AFTER):
            _note(response)
        return response

    return middleware


def _length(request) -> int:
    """Bytes, as Django will read them: none where no number is said."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _was_signed_in(request, *, within: timedelta) -> bool:
    return request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=within) != ""


def _note(response) -> None:
    response.set_signed_cookie(
        COOKIE,
        "1",
        salt=SALT,
        max_age=A_PAGE_STAYS_OPEN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite=settings.SESSION_COOKIE_SAMESITE,
    )


def _too_long() -> HttpResponse:
    most = f"{settings.BODY_OF_STRANGERS_MAX_BYTES // 1024} KB"
    return HttpResponse(render_to_string("413_signed_out.html", {"most": most}), status=413)
