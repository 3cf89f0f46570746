"""Doorways for the worker: what runs after a commit, and what looks again every few seconds."""

from celery import shared_task

from directory import notifications


@shared_task
def send_mail(mail_id: int) -> None:
    notifications.deliver(mail_id)


@shared_task
def sweep() -> int:
    return notifications.wake_due_mail()
