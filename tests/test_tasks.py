"""Tasks of a worker: each ends, and none is handed out again and again while it works (R34)."""

import math
import stat

import pytest
from django.conf import settings

from config.celery import app

PATIENCE = settings.VISIBILITY_TIMEOUT
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept_content", ["json"]),  # R32: a message of pickle's would run whatever it says
        ("task_serializer", "json"),
        ("task_ignore_result", True),  # R35: the row tells what became of it, and nothing else does
        ("task_acks_late", True),  # M8: a killed worker, or a killed process of its pool, loses no message
        ("task_reject_on_worker_lost", True),
        ("worker_prefetch_multiplier", 1),  # none lies with a worker that is busy with another
    ],
)
def test_a_message_only_wakes_a_worker_and_is_not_lost_with_one(name, value):
    assert app.conf[name] == value


@pytest.mark.skipif(bool(settings.REDIS_URL), reason="messages go by Redis")
@pytest.mark.parametrize("name", ["", "messages"])
def test_nobody_else_on_the_machine_reads_the_folder_of_messages_or_leaves_one_there(name):
    """R37."""
    assert stat.S_IMODE((settings.QUEUE_DIR / name).stat().st_mode) == 0o700
