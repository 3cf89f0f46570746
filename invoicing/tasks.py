"""Doorways for the worker: what comes by the calendar."""

from celery import shared_task

from invoicing import opening, reminding, stored_files


@shared_task
def open_due_periods() -> int:
    """Every few minutes, because each project's day begins at another moment (B-4)."""
    return opening.open_due()


@shared_task
def remind_unanswered() -> int:
    """Every hour: each project's day begins at another moment; nobody is written to twice on one day (V-3)."""
    return reminding.remind_due()


@shared_task
def sweep_attachments() -> int:
    """Every night. How many rows have no file; each is an error in the log (R112)."""
    return len(stored_files.sweep().missing)
