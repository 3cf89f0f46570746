"""A cache in a folder that threads and processes of one machine share: limits on tries must count for all of them."""

from pathlib import Path

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.filebased import FileBasedCache
from django.core.files import locks


class SharedFolder(FileBasedCache):
    """Django's, with `add` made one step: of two who add the same key only one is told that they did."""

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        self._createdir()
        with open(Path(self._dir, "lock"), "a") as lock:
            locks.lock(lock, locks.LOCK_EX)
            return super().add(key, value, timeout, version)
