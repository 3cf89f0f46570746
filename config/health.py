"""What a watchman asks: does a process answer, can it do its work, and how much waits for it?

Judged is only what stops a page. A broker or a worker that is away delays files and mails and loses none (decision 3),
so that is told: whoever watches decides how long is too long.
"""

import hmac
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST

from config import background, metrics
from directory.decorators import READ, public_view

ASKED_BY_ADDRESS = ("/livez", "/readyz", "/metrics")


def under_any_name(get_response):
    """Whoever watches asks each process by its own address, which no ALLOWED_HOSTS can know.

    These answers hold no link, so it does not matter by which name they were asked for; other pages go on refusing a
    strange one.
    """

    def middleware(request):
        if request.path_info in ASKED_BY_ADDRESS:
            request.META["HTTP_HOST"] = urlsplit(settings.SITE_URL).netloc
        return get_response(request)

    return middleware


@public_view(methods=READ)
def live(request):
    """This process answers; nothing else is asked."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@public_view(methods=READ)
def ready(request):
    """503 without a database, else what it and the others say; seconds are whole, null where there is nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        told = background.seconds()
    except DatabaseError:
        return JsonResponse({"database": "no answer"}, status=503)
    return JsonResponse({"database": "ok", "broker": "ok" if background.broker_answers() else "no answer", **told})


@public_view(methods=READ)
def numbers(request):
    """Prometheus' text format, for who brings METRICS_TOKEN as a bearer; to others there is no such page."""
    token = settings.METRICS_TOKEN
    if not token or not hmac.compare_digest(
        request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
    ):
        raise Http404
    return HttpResponse(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
