"""What every answer gets: refusals as pages, and no copy of a signed-in page in any cache."""

from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from directory.refusals import NotAllowed, Refused


def no_store(get_response):
    """R74: pages of signed-in people are private and are not kept."""

    def middleware(request):
        response = get_response(request)
        if request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    return middleware


class refusals:  # a middleware with an exception hook has to be a class; it is named like its sibling
    """A refusal that no view turned into a message of its own page becomes a page with the right status."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        if isinstance(exception, NotAllowed):
            context = {"message": exception.message, "right": exception.right, "helpers": exception.helpers}
            return render(request, "403.html", context, status=403)
        if isinstance(exception, Refused):
            return render(request, "409.html", {"message": exception.message}, status=exception.status)
        return None
