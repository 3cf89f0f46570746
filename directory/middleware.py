"""What every request passes: the clock of its session, the second factor that is owed, and on the way back refusals
as pages, no copy of a signed-in page in any cache, and a line in the log."""

import re
import secrets
import time
from gzip import GzipFile
from io import BytesIO

import brotli
import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, patch_vary_headers

from directory import second_factor as factors
from directory import sign_ins
from directory.refusals import NotAllowed, Refused
from directory.ways_back import can_be_looked_at, way_back
from directory.where_from import where_from

WORTH_PACKING = 200  # bytes

logger = structlog.get_logger(__name__)
answered = structlog.get_logger("answers")


def packed(get_response):
    """Pages go out packed, 500 lines at a thirtieth of their size (screens 11); files are packed by themselves.

    By brotli where the browser takes it: half of what gzip makes of a long page, in half the time. A page's length
    tells nothing of its secrets: its CSRF token is masked anew each time, and what is packed along is of random length.
    """

    def pack(request):
        response = get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        if not is_page or response.has_header("Content-Encoding") or len(response.content) < WORTH_PACKING:
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        coding = next((each for each in PACKED_BY if _takes(request, each)), None)
        if coding:
            response.content = PACKED_BY[coding](response.content)
            response["Content-Length"], response["Content-Encoding"] = str(len(response.content)), coding
        return response

    return pack


def _takes(request, coding: str) -> bool:
    """Whether the browser names it, and not as one that it won't have."""
    named = request.headers.get("Accept-Encoding", "").lower()
    return any(re.fullmatch(rf"\s*{coding}\s*(;(?!\s*q=0(\.0*)?\s*$).*)?", each) for each in named.split(","))


def _by_brotli(content: bytes) -> bytes:
    """As tightly as takes no longer than the loosest does."""
    aside = secrets.token_hex(secrets.randbelow(50))
    return brotli.compress(content + f"<!--{aside}-->".encode(), quality=5)


def _by_gzip(content: bytes) -> bytes:
    """As tightly as it goes: a ninth less than Django's own for five milliseconds more."""
    into = BytesIO()
    name = "a" * secrets.randbelow(100)
    with GzipFile(name, "wb", compresslevel=9, fileobj=into, mtime=0) as file:
        file.write(content)
    return into.getvalue()


PACKED_BY = {"br": _by_brotli, "gzip": _by_gzip}


def answers(get_response):
    """One line for each, by the name of the address: the address itself may let its bearer in (R123).

    Whatever is logged meanwhile says from where it was asked (R91).
    """

    def middleware(request):
        began = time.perf_counter()
        structlog.contextvars.bind_contextvars(ip=where_from(request))
        response = get_response(request)
        match, took = request.resolver_match, round(1000 * (time.perf_counter() - began))
        address = match.view_name if match else "none"
        answered.info(
            "answered",
            address=address,
            method=request.method,
            status=response.status_code,
            milliseconds=took,
            **_about(match),
        )
        return response

    return middleware


# What a page is about, by what its address calls it. Never a token, which lets its bearer in.
ABOUT = ("company", "project", "commitment", "number", "position", "pk", "line")


def _about(match) -> dict[str, str]:
    """Which bill or file it was about, also where somebody only looked (ASVS 16.3.2)."""
    return {name: str(match.kwargs[name]) for name in ABOUT if name in match.kwargs} if match else {}


OF_THIS_HOST = "__Host-"


def cookies_of_this_host(get_response):
    """Over https each cookie bears a name that browsers take from this very host alone (ASVS 3.3.1, 3.3.3).

    The program knows them by their plain names; what another host of the domain set under one of these goes unread.
    """

    def middleware(request):
        if not settings.IS_HTTPS:
            return get_response(request)
        bound = {name: value for name, value in request.COOKIES.items() if name.startswith(OF_THIS_HOST)}
        request.COOKIES = bound | {name.removeprefix(OF_THIS_HOST): value for name, value in bound.items()}
        response = get_response(request)
        for name in [name for name in response.cookies if not name.startswith(OF_THIS_HOST)]:
            cookie = response.cookies.pop(name)
            cookie.set(OF_THIS_HOST + name, cookie.value, cookie.coded_value)
            cookie.update({"secure": True, "path": "/", "domain": ""})
            response.cookies[cookie.key] = cookie
        return response

    return middleware


def no_store(get_response):
    """R74: pages of signed-in people are private and are not kept; nor is a failure, which may not know who asked."""

    def middleware(request):
        response = get_response(request)
        if response.status_code >= 500 or request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return middleware


# Pages that take an address from anybody and must not tell, by words or by time, whether it is known.
EVEN = ("/accounts/password/reset/", "/accounts/login/code/", "/again/")


def even_answers(get_response):
    """R92: such an answer is held back until a fixed time has passed, whatever there was to do."""

    def middleware(request):
        started = time.monotonic()
        response = get_response(request)
        if request.method == "POST" and request.path.endswith(EVEN):
            time.sleep(max(0, settings.EVEN_ANSWER_SECONDS - (time.monotonic() - started)))
        return response

    return middleware


NOTHING_KEPT = '"cache", "storage"'


def session_clock(get_response):
    """R94: a session that is over is ended before anything is done in it; the page then asks to sign in.

    Whatever ends it, signing out or its time: the browser is told to keep nothing of it (ASVS 14.3.1). A proof within
    it gives it another key (ASVS 7.2.4), unless the page failed and the proof is not kept either.
    """

    def middleware(request):
        was_signed_in = request.user.is_authenticated
        if was_signed_in:
            structlog.contextvars.bind_contextvars(user_id=request.user.pk)
            why = sign_ins.why_over(request)
            if why:
                logout(request)
                messages.info(request, why)
            else:
                sign_ins.note_use(request)
        proved = sign_ins.last_proof(request) if was_signed_in else None
        response = get_response(request)
        if was_signed_in and not request.user.is_authenticated:
            response["Clear-Site-Data"] = NOTHING_KEPT
        elif was_signed_in and sign_ins.last_proof(request) != proved and response.status_code < 500:
            sign_ins.renew(request)
        return response

    return middleware


# What stays open to somebody who owes a second factor: setting one up, their own account, and the way out.
WITHOUT_FACTOR = {
    "account_change_password",
    "account_login",
    "account_logout",
    "account_reauthenticate",
    "account_set_password",
    "confirm-by-mail",
    "livez",
    "profile",
    "readyz",
    "session-end",
    "usersessions_list",
}


class second_factor:  # a middleware with a view's hook has to be a class; it is named like its siblings
    """R93: whoever owes a second factor gets the pages to set one up, and on all others the reason why."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, view, args, kwargs):
        name = request.resolver_match.url_name or ""
        if name in WITHOUT_FACTOR or name.startswith("mfa_") or not request.user.is_authenticated:
            return None
        if not factors.is_owed(request.user):
            return None
        return render(request, "directory/second_factor.html", status=403)


class refusals:  # a middleware with an exception hook has to be a class; it is named like its sibling
    """A refusal that no view turned into a message of its own page becomes a page with the right status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            response.content = render_to_string("405.html", {"way_back": way_back(request)})
            response["Content-Type"] = "text/html; charset=utf-8"
        return response

    def process_exception(self, request, exception):
        if isinstance(exception, NotAllowed | Http404 | PermissionDenied) and request.user.is_authenticated:
            _log_refusal(request, exception)
        if isinstance(exception, NotAllowed):
            context = {"message": exception.message, "right": exception.right, "helpers": exception.helpers}
            return render(request, "403.html", context, status=403)
        if isinstance(exception, Refused):
            again = request.path if can_be_looked_at(request.path) else way_back(request)
            return render(request, "409.html", {"message": exception.message, "again": again}, status=exception.status)
        return None


def _log_refusal(request, exception) -> None:
    """R124: who knocked at which door. In the log, not in the database: a refusal changes nothing there."""
    logger.info(
        "refused",
        status=404 if isinstance(exception, Http404) else 403,
        person=request.user.pk,
        method=request.method,
        path=request.path,
        right=getattr(exception, "right", ""),
    )
