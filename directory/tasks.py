"""Doorways for the worker: what runs after a commit, and what looks again every few seconds."""

from celery import shared_task

from directory import notifications
from directory.models import EventSeal


@shared_task
def send_mail(mail_id: int) -> None:
    notifications.deliver(mail_id)


@shared_task
def sweep() -> int:
    return notifications.wake_due_mail()


@shared_task
def seal_events() -> int:
    """For what a process left that was killed between a commit and its seal."""
    return EventSeal.objects.append()


@shared_task
def note_head_of_events() -> None:
    notifications.note_head_of_events()
