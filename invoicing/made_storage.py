"""Made files on disk: in a private folder of their own, written whole before a row names them, gone after their time.

Nothing here is kept for good: what no row names is removed, and a backup may leave the folder out.
"""

import contextlib
import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from invoicing.models import MadeFile

FOLDER = "made"  # beside the attachments, under the private root
PART = ".part"
ORPHAN_AGE = timedelta(hours=1)


def path_of(key: str) -> Path:
    return Path(settings.MEDIA_ROOT, FOLDER, key)


@contextlib.contextmanager
def written(made: MadeFile) -> Iterator[tuple[str, BinaryIO]]:
    """(its key, where to write). It is in its place, flushed, when the block ends well, and nowhere when it doesn't.

    Each try has a key of its own, so that a worker that was given up for dead overwrites nothing.
    """
    key = f"{made.pk}/{uuid.uuid4().hex}"
    final, part = path_of(key), path_of(key + PART)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as out:
            yield key, out
            out.flush()
            os.fsync(out.fileno())
        put_in_place(part, final)
    finally:
        part.unlink(missing_ok=True)


def put_in_place(part: Path, final: Path) -> None:
    os.replace(part, final)


def remove(key: str) -> None:
    """Removing what is gone already changes nothing."""
    if key:
        path = path_of(key)
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another try of the same file lies there
            path.parent.rmdir()


def remove_orphans() -> int:
    """Files older than an hour that no row names: what killed workers left behind (R112). How many."""
    limit = (timezone.now() - ORPHAN_AGE).timestamp()
    root, removed = path_of(""), 0
    for path in root.glob("*/*"):
        key = path.relative_to(root).as_posix()
        with contextlib.suppress(FileNotFoundError):  # another worker was here
            if path.stat().st_mtime < limit and not MadeFile.objects.filter(key=key).exists():
                remove(key)
                removed += 1
    return removed
