"""Tasks of a worker: each ends, and none is handed out again and again while it works (R34)."""

import math
import re
from pathlib import Path

import pytest

from config.celery import app

SETTINGS = Path(__file__).resolve().parent.parent / "config" / "settings.py"
PATIENCE = int(re.search(r'"visibility_timeout": (\d+)', SETTINGS.read_text())[1])  # seconds, of a broker
# They claim a row under a lease: a message that is delivered twice finds nothing to claim.
UNDER_A_LEASE = {"erp_integrations.tasks.build_export", "invoicing.tasks.make_file"}

app.loader.import_default_modules()
OURS = sorted(name for name in app.tasks if not name.startswith("celery."))


def test_every_periodic_task_is_among_them(settings):
    assert {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values()} | UNDER_A_LEASE <= set(OURS)


@pytest.mark.parametrize("name", OURS)
def test_a_task_is_told_to_stop_and_then_stopped(name):
    task = app.tasks[name]
    assert task.soft_time_limit and task.soft_time_limit < task.time_limit


@pytest.mark.parametrize("name", OURS)
def test_a_task_that_may_outlast_a_brokers_patience_takes_its_message_at_once(name):
    """Else Redis hands it to another worker every two minutes, and the copies work beside each other until it ends."""
    task = app.tasks[name]
    assert (task.time_limit or math.inf) < PATIENCE or not task.acks_late or name in UNDER_A_LEASE
