"""Where somebody goes whose request can't be carried out: to the page it was made on, or to the next one above."""

from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request) -> str:
    """The page the form stood on, if it is ours and can be looked at; else the nearest such page above."""
    come_from = request.META.get("HTTP_REFERER", "")
    is_ours = url_has_allowed_host_and_scheme(come_from, {request.get_host()}, require_https=request.is_secure())
    asked = urlsplit(come_from) if is_ours else urlsplit(request.path)
    page = _page_at(asked.path)
    return f"{page}?{asked.query}" if asked.query and page == asked.path else page


def _page_at(path: str) -> str:
    while path not in ("", "/"):
        if can_be_looked_at(path):
            return path
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return "/"


def can_be_looked_at(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return not hasattr(view, "requires") or "GET" in view.requires.methods
