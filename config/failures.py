"""What somebody reads when it was us who failed: a database that is away or busy (503), or a mistake of ours (500).

Whatever no page answered comes here from any layer, the session's and the sign-in's too; so these pages ask neither
the database nor who is there. Each tells the number under which the log has it.
"""

import sys
from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.template.loader import render_to_string

RETRY_AFTER = timedelta(seconds=10)
# Of PostgreSQL: two waited for each other (R45), came in each other's way, or one waited too long; of SQLite: the same.
BUSY = {"40P01", "40001", "55P03", "SQLITE_BUSY", "SQLITE_LOCKED"}
OURS = {"SQLITE_ERROR"}  # a statement that can't be: SQLite calls that operational too


def request_number(request=None) -> dict[str, str]:
    """For templates: `request_id`, which every line of the log carries that was written for this request."""
    return {"request_id": structlog.contextvars.get_contextvars().get("request_id", "")}


def server_error(request) -> HttpResponse:
    error = sys.exc_info()[1]
    state = _state_of(error)
    if not isinstance(error, OperationalError | InterfaceError) or state in OURS:
        return HttpResponse(render_to_string("500.html", request_number()), status=500)
    page = render_to_string("503.html", {"is_busy": state in BUSY, **request_number()})
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER.seconds)})


def _state_of(error: BaseException | None) -> str | None:
    """The database's own name for it, which the error below Django's tells."""
    cause = getattr(error, "__cause__", None)
    return getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
