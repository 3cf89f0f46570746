"""The door of every view: load what the address names, read the person's access once, check it, hand over.

P-8: no level at all on the tool answers 404, like a thing that does not exist; a level that is too low answers 403
and names the right. Every view carries `requires`, which the access matrix reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from directory import unsaved
from directory.kept import kept
from directory.models import Company, Project
from directory.permissions import Level, Tool, read_access
from directory.sign_ins import is_fresh
from directory.ways_back import can_be_looked_at, way_back

READ = ("GET", "HEAD")
WRITE = ("POST",)
FORM = ("GET", "HEAD", "POST")


@dataclass(frozen=True)
class Requires:
    """What a view asks of a person at its door. `tool` None: any signed-in person, or anyone when `public`.

    `fresh`: to do it, not to look at it, takes a password or a factor given within the last 15 minutes (R93).
    """

    tool: Tool | None = None
    level: Level = Level.NONE
    methods: tuple[str, ...] = FORM
    public: bool = False
    fresh: bool = False


@kept
def _running_projects(slug):
    return Project.objects.select_related("company").filter(slug=slug, is_active=True)


def project_view(tool: Tool, level: Level, *, methods=FORM, fresh=False) -> Callable:
    """For addresses under /p/<project>/: the view gets (request, project, …) and `request.access`."""

    def load(request, slug):
        project = next(iter(_running_projects(slug=slug)), None)
        if project is None:
            raise Http404
        return project, read_access(request.user, project.company, project, memberships=_at_hand(request))

    return _tool_view("project", load, Requires(tool, level, methods, fresh=fresh))


def company_view(tool: Tool, level: Level, *, methods=FORM, fresh=False) -> Callable:
    """For addresses under /c/<company>/: the view gets (request, company, …) and `request.access`."""

    def load(request, slug):
        here = (place.company for place in _at_hand(request) or () if place.company.slug == slug)
        company = next(here, None) or get_object_or_404(Company, slug=slug)
        return company, read_access(request.user, company, memberships=_at_hand(request))

    return _tool_view("company", load, Requires(tool, level, methods, fresh=fresh))


def _at_hand(request):
    """The person's memberships as they were read with the login of this request (F5)."""
    return getattr(request.user, "memberships_at_hand", None)


def _tool_view(name: str, load: Callable, requires: Requires) -> Callable:
    def decorate(view):
        @wraps(view)
        def wrapped(request, *args, **kwargs):
            place, request.access = load(request, kwargs.pop(name))
            if request.access.level(requires.tool) is Level.NONE:
                raise Http404
            request.access.require(requires.tool, requires.level)
            if requires.fresh:
                require_fresh(request)
            return view(request, place, *args, **kwargs)

        return _at_the_door(_signed_in(wrapped), requires)

    return decorate


def signed_in_view(*, methods=FORM, fresh=False) -> Callable:
    """For pages about the person themselves; what they list must start from what that person may see."""
    return lambda view: _at_the_door(
        _signed_in(with_fresh_sign_in(view) if fresh else view), Requires(methods=methods, fresh=fresh)
    )


def public_view(*, methods=FORM) -> Callable:
    return lambda view: _at_the_door(view, Requires(methods=methods, public=True))


def _signed_in(view) -> Callable:
    """Whoever is not signed in is asked to, and comes back to a page that can be looked at: never to a bare POST."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        is_kept_form = request.method == "POST" and unsaved.was_opened_by_somebody(request)
        if not request.user.is_authenticated:
            return _to_sign_in(request, keeps=is_kept_form)
        if is_kept_form:
            unsaved.drop(request)
            if unsaved.is_to_be_dropped(request):
                messages.info(request, "What was not saved is dropped.")
                return redirect(way_back(request))
        return view(request, *args, **kwargs)

    return wrapped


KEPT = "What you typed is not saved yet. Sign in, and it is back on its page."
NOT_KEPT = "What you typed could not be kept here. Your browser’s Back button shows it: copy it before you sign in."
FILES_NOT_KEPT = (
    "Nothing was uploaded: files are not kept while you are signed out. Sign in, and choose the file again."
)


def _to_sign_in(request, *, keeps: bool):
    """The page to sign in, whole also after a press that would have swapped a row; what was typed waits (9.10)."""
    wanted = request.get_full_path() if request.method in READ else way_back(request)
    if keeps and request.FILES:
        messages.warning(request, FILES_NOT_KEPT)
    elif keeps:
        is_kept = unsaved.keep(request)
        messages.warning(request, KEPT if is_kept else NOT_KEPT)
        wanted = request.get_full_path() if is_kept and can_be_looked_at(request.path) else wanted
    answer = redirect_to_login(wanted)
    return HttpResponseClientRedirect(answer.url) if request.htmx and request.method in WRITE else answer


def with_fresh_sign_in(view) -> Callable:
    """For views that are not ours, the admin's and allauth's: their doors are their own, this lock is ours."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        require_fresh(request)
        return view(request, *args, **kwargs)

    return wrapped


def require_fresh(request) -> None:
    """Before something is done, have the person prove again who they are if that was long ago (R93).

    allauth keeps what was typed, asks, and then carries on with it. It finds its way back by the path alone and would
    keep the marks of a request for a fragment, so both are taken off.
    """
    if request.method != "POST" or is_fresh(request):
        return
    request.GET  # noqa: B018  (read from the address before that loses it)
    request.META["QUERY_STRING"] = ""
    for mark in [name for name in request.META if name.startswith("HTTP_HX_")]:
        del request.META[mark]
    raise ReauthenticationRequired


def _at_the_door(view: Callable, requires: Requires) -> Callable:
    guarded = require_http_methods(requires.methods)(view)
    guarded.requires = requires
    return guarded
