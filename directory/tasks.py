"""Doorways for the worker: what runs after a commit, and what looks again every few seconds."""

import structlog
from celery import shared_task

from directory import checks, notifications, sessions
from directory.limits import HOURLY, NIGHTLY, QUICK
from directory.models import EventSeal
from directory.unhurried import unhurried

logger = structlog.get_logger(__name__)


@shared_task(**QUICK)
def send_mail(mail_id: int) -> None:
    notifications.deliver(mail_id)


@shared_task(**QUICK)
def sweep() -> int:
    return notifications.wake_due_mail()


@shared_task(**HOURLY)
def seal_events() -> int:
    """For what a process left that was killed between a commit and its seal."""
    return EventSeal.objects.append()


@shared_task(**NIGHTLY)
@unhurried()
def note_head_of_events() -> None:
    notifications.note_head_of_events()


@shared_task(**NIGHTLY)
@unhurried()
def check_levels() -> int:
    """How many levels count for too much or were left behind (R64, R65); each is an error in the log."""
    found = checks.for_whole_models() + checks.left_behind()
    for words in found:
        logger.error("level_out_of_place", words=words)
    return len(found)


@shared_task(**NIGHTLY)
@unhurried()
def clear_sessions() -> int:
    return sessions.clear_over()
