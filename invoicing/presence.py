"""Who has a commitment open to change it, told to whoever opens it as well.

A courtesy that nothing relies on: what somebody saved is never overwritten, whoever knew of whom (I-5). So it is kept
in the cache, is gone after an hour, and when the cache doesn't answer nobody is named.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from invoicing.models import Commitment

LASTS = 60 * 60  # seconds; as long as an idle session of those who move money
SILENT = (RedisError, OSError)


@dataclass(frozen=True)
class Editor:
    """`what`: which page they opened, in words; `at`: when, and they have not saved since."""

    person_id: int
    name: str
    what: str
    at: datetime


def others_at(commitment: Commitment, person) -> list[Editor]:
    """Who else has it open, the first first."""
    return [each for each in _all(commitment) if each.person_id != person.pk]


def opened(commitment: Commitment, person, what: str) -> None:
    """From now on they are named to others, until they save or an hour is over."""
    _keep(commitment, [*others_at(commitment, person), Editor(person.pk, person.name, what, timezone.now())])


def done(commitment: Commitment, person) -> None:
    _keep(commitment, others_at(commitment, person))


def _key(commitment: Commitment) -> str:
    return f"editors:{commitment.pk}"


def _all(commitment: Commitment) -> list[Editor]:
    with suppress(*SILENT):
        now = timezone.now()
        return [each for each in cache.get(_key(commitment), []) if (now - each.at).total_seconds() < LASTS]
    return []


def _keep(commitment: Commitment, editors: list[Editor]) -> None:
    with suppress(*SILENT):
        cache.set(_key(commitment), editors, LASTS)
