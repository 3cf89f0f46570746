"""Doorways for the worker: what comes by the calendar, and files that somebody waits for."""

from celery import shared_task

from directory.limits import HOURLY, NIGHTLY, QUICK
from directory.queue import send
from directory.unhurried import unhurried
from invoicing import making, periods, reminding, stored_files
from invoicing.models import MadeFile

SOFT_LIMIT, HARD_LIMIT = 600, 630  # seconds, for 200 long certificates; the lease is renewed with each of them


@shared_task(**HOURLY)
def open_due_periods() -> int:
    """Every few minutes, because each project's day begins at another moment (B-4)."""
    return periods.open_due()


@shared_task(**HOURLY)
def remind_unanswered() -> int:
    """Every hour: each project's day begins at another moment; nobody is written to twice on one day (V-3)."""
    return reminding.remind_due()


@shared_task(**NIGHTLY)
@unhurried()
def sweep_attachments() -> int:
    """Every night. How many rows have no file; each is an error in the log (R112)."""
    return len(stored_files.sweep().missing)


@shared_task(soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def make_file(file_id: int) -> None:
    making.make(file_id)


@shared_task(**QUICK)
def sweep_made_files() -> None:
    """Every few seconds: end the hopeless, and wake a worker for the file whose turn it is."""
    making.give_up_exhausted()
    if file_id := MadeFile.objects.next_to_wake():
        send(make_file, file_id)


@shared_task(**HOURLY)
def clear_made_files() -> int:
    """Every hour: what is past its seven days, and what killed workers left behind."""
    return making.clear_away()
