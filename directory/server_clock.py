"""What time it is for leases: hosts may disagree on it by hours, so the server that keeps the leases says it (R131)."""

from datetime import datetime

from django.db import connection
from django.utils import timezone


def server_now() -> datetime:
    """By the database server's clock, also late in a transaction; SQLite's is that of the one host that uses it.

    Whatever is compared with a lease is asked by this; a moment that people read stays `timezone.now()`.
    """
    return _asked() if connection.vendor == "postgresql" else timezone.now()


def _asked() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]
