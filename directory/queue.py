"""Waking a worker. The rows are the queue; a message only says "look now", so a dead broker costs a wait, no more."""

from functools import partial

import structlog
from django.db import transaction

from directory.resting import Rest

logger = structlog.get_logger(__name__)

BROKER = Rest()


def wake(task, row_id: int) -> None:
    """Send `task(row_id)` once the transaction has committed. Never raises: a sweep finds what no message reached."""
    transaction.on_commit(partial(send, task, row_id), robust=True)


def send(task, row_id: int) -> None:
    """Send `task(row_id)` now; any broker trouble is logged and left to the sweep (M10–M12).

    So is all that would be sent in the seconds after it: sixty mails wait for a broker that hangs no longer than one.
    """
    if BROKER.is_on():
        return
    try:
        task.apply_async((row_id,), retry=False)
    except Exception:
        BROKER.begin()
        logger.warning("message_not_sent", task=task.name, row=row_id, exc_info=True)
    else:
        BROKER.end()
