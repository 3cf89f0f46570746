"""A file that worker and scheduler touch as long as they do their work: what a container's health check looks at.

What a worker touches it for is that it is connected and takes messages; what the scheduler does, that it sends them.
"""

from pathlib import Path

from celery import bootsteps
from celery.signals import after_task_publish
from django.conf import settings

EVERY = 5  # seconds; the scheduler sends something as often


def touch(*_, **__) -> None:
    """Never stops the work that it tells of. Nothing without ALIVE_FILE."""
    try:
        if settings.ALIVE_FILE:
            Path(settings.ALIVE_FILE).touch()
    except OSError:
        pass


class TakesMessages(bootsteps.StartStopStep):
    """Begins anew with each connection to the broker, once the worker listens to its queues."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    touching = None  # until the first start

    def start(self, consumer) -> None:
        touch()
        self.touching = consumer.timer.call_repeatedly(EVERY, touch)

    def stop(self, consumer) -> None:
        if self.touching:
            self.touching.cancel()


def watch_the_scheduler(**_) -> None:  # Celery's signature
    """For its process, which does nothing but send."""
    after_task_publish.connect(touch)
