"""What reads everything, by hand or at night, may take longer than a page: STATEMENT_TIMEOUT is off for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def unhurried() -> Iterator[None]:
    """For what reads everything there is; locks are waited for no longer than ever. A decorator too."""
    if connection.vendor != "postgresql":
        yield
        return
    _say("SET statement_timeout = 0")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            _say("RESET statement_timeout")


def _say(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
