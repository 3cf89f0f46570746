"""Waking a worker. The rows are the queue; a message only says "look now", so a dead broker costs a wait, no more."""

from functools import partial

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from directory.resting import Rest

logger = structlog.get_logger(__name__)

BROKER = Rest()
BROKER_TROUBLE = (KombuError, RedisError, OSError)


def wake(task, row_id: int) -> None:
    """Send `task(row_id)` once the transaction has committed. Never raises: a sweep finds what no message reached."""
    transaction.on_commit(partial(send, task, row_id), robust=True)


def send(task, row_id: int) -> bool:
    """Send `task(row_id)` now, and whether it was sent; whatever fails is logged and left to the sweep (M10–M12).

    So is, without another line, all that would be sent in the seconds after the broker failed: sixty mails wait for one
    that hangs no longer than one mail. A task that has no more time is told so all the same.
    """
    if BROKER.is_on():
        return False
    try:
        task.apply_async((row_id,), retry=False)
    except SoftTimeLimitExceeded:
        raise
    except BROKER_TROUBLE:
        BROKER.begin()
        logger.warning("message_not_sent", task=task.name, row=row_id, exc_info=True)
    except Exception:  # ours, not the broker's: others may go out
        logger.exception("message_not_sent", task=task.name, row=row_id)
    else:
        BROKER.end()
        return True
    return False
