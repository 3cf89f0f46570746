"""What a watchman asks: is the program up, and can it do its work?"""

from django.db import DatabaseError, connection
from django.http import HttpResponse, JsonResponse

from directory.decorators import READ, public_view
from directory.models import Mail


@public_view(methods=READ)
def live(request):
    """This process answers; nothing else is asked."""
    return HttpResponse("alive\n", content_type="text/plain")


@public_view(methods=READ)
def ready(request):
    """503 without a database. How long the oldest mail waits is told, not judged: a mail outage stops no page."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        waits = Mail.objects.longest_wait()
    except DatabaseError:
        return JsonResponse({"database": "no answer"}, status=503)
    return JsonResponse({"database": "ok", "oldest_waiting_mail_seconds": int(waits.total_seconds())})
