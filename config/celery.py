"""The Celery application: Redis when `REDIS_URL` is set, a folder otherwise; the same tasks either way."""

import os
import sys

from celery import Celery
from celery.signals import beat_init, worker_init, worker_ready
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import alive
from config.checks import bad_settings, tell_of_the_role

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)
app.steps["consumer"].add(alive.TakesMessages)
beat_init.connect(alive.watch_the_scheduler)


@worker_init.connect
@beat_init.connect
def refuse_bad_settings(sender=None, **kwargs):  # Celery's signature
    """Before the first message. Celery logs what else a receiver raises, and goes on."""
    if problems := bad_settings():
        sys.exit("\n".join(f"{problem.msg} {problem.hint}" for problem in problems))


@worker_ready.connect
def tell_of_the_role_once(sender=None, **kwargs):  # Celery's signature
    """By the process that starts the others, when it logs as they do."""
    tell_of_the_role()
