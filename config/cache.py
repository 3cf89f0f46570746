"""Where limits on tries are counted: in a folder that threads and processes share, or in Redis while there is one."""

from collections import defaultdict
from pathlib import Path

import structlog
from django.core.cache import caches
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.redis import RedisCache
from django.core.files import locks
from redis.exceptions import RedisError

from directory.resting import Rest

logger = structlog.get_logger(__name__)


class SharedFolder(FileBasedCache):
    """Django's, with `add` made one step: of two who add the same key only one is told that they did."""

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        self._createdir()
        with open(Path(self._dir, "lock"), "a") as lock:
            locks.lock(lock, locks.LOCK_EX)
            return super().add(key, value, timeout, version)


class RedisOrFolder(BaseCache):
    """Redis, and the cache named "folder" while it is away: nobody is kept from signing in, and every try counts.

    A count in this process's memory would give an attacker one for each process, and a code of an authenticator app
    would be good once in each. The folder lies in PLUMBLINE_VAR, which all hosts share, so it is one count again; what
    was counted before is not in it, so a limit counts twice at most when Redis goes or comes.
    """

    rests: dict[str, Rest] = defaultdict(Rest)  # by address, for all threads: each has a cache object of its own

    def __init__(self, server: str, params: dict):
        super().__init__(params)
        self.server, self.redis = server, RedisCache(server, params)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        return self._ask("add", key, value, timeout, version)

    def get(self, key, default=None, version=None):
        return self._ask("get", key, default, version)

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        self._ask("set", key, value, timeout, version)

    def touch(self, key, timeout=DEFAULT_TIMEOUT, version=None):
        return self._ask("touch", key, timeout, version)

    def delete(self, key, version=None):
        return self._ask("delete", key, version)

    def clear(self):
        self._ask("clear")

    def _ask(self, method: str, *arguments):
        rest = self.rests[self.server]
        if not rest.is_on():
            try:
                answer = getattr(self.redis, method)(*arguments)
            except (RedisError, OSError) as error:
                rest.begin()
                logger.warning("cache_is_away", error=type(error).__name__)
            else:
                rest.end()
                return answer
        return getattr(caches["folder"], method)(*arguments)
