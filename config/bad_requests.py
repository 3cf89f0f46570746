"""What somebody reads whose request could not be read: damaged, stale, or more than is taken at once (F12)."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect

from directory import unsaved
from directory.ways_back import can_be_looked_at, way_back

TOO_MUCH = RequestDataTooBig | TooManyFieldsSent | TooManyFilesSent


def bad_request(request, exception) -> HttpResponse:
    """Without `request` in the template: it may be the very thing that cannot be read."""
    if isinstance(exception, TOO_MUCH):
        return HttpResponse(render_to_string("413.html", limits()), status=413)
    return HttpResponse(render_to_string("400.html"), status=400)


def csrf_failure(request, reason="") -> HttpResponse:
    """The page's token is not this session's: somebody signed in anew in another tab, or cookies are off (9.10).

    Nothing is done, but what they typed is back on its page where the form can say whose it is. htmx is told to load
    that page whole: a redirect it would follow by itself, into a row that says nothing of it.
    """
    if request.user.is_authenticated and unsaved.keep(request) and unsaved.kept_for(request):
        page = request.get_full_path() if can_be_looked_at(request.path) else way_back(request)
        return HttpResponseClientRedirect(page) if request.htmx else redirect(page)
    return HttpResponse(render_to_string("stale_form.html"), status=403)


def limits() -> dict[str, str]:
    """What one form may hold, in words: cells, and text without its files."""
    return {
        "most_fields": f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,}",
        "most_text": f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20} MB",
    }
