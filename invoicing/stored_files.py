"""Attached files and the rows that name them, held against each other: neither is there without the other (R112).

A file without a row is what a transaction left that was rolled back, or a row that was deleted. After a day it is set
aside, out of reach of every page, and a month later removed: a database put back from a backup may name it still, and
then it comes back by itself (R126). Running it again changes nothing.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from django.conf import settings
from django.utils import timezone

from invoicing.models import Attachment, CommitmentAttachment

KEPT, ASIDE = "attachments", "set-aside"  # folders of the private root; the first is where models.attachments puts them
GRACE, ASIDE_FOR = timedelta(days=1), timedelta(days=30)
ROWS = ((Attachment, "invoice__commitment"), (CommitmentAttachment, "commitment"))  # and what each is on
TOLD = 20  # rows of which the log says the names

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Swept:
    """How many files of each sort, and which rows have none: "photo.png of SC-001 invoice 1"."""

    set_aside: int
    put_back: int
    removed: int
    missing: list[str]


def sweep() -> Swept:
    """Hold them against each other once. What is missing, and what was moved, is told in the log."""
    root, aside, named = Path(settings.MEDIA_ROOT), Path(settings.MEDIA_ROOT, ASIDE), _named()
    orphans = [key for key in _keys_in(root, GRACE) if key not in named]
    set_aside = sum(_moved(root / key, aside / key, begins_anew=True) for key in orphans)
    lost = [key for key in named if not (root / key).is_file()]
    put_back = sum(_moved(aside / key, root / key) for key in lost)
    removed = sum(_removed(aside / key) for key in _keys_in(aside, ASIDE_FOR) if key not in named)
    swept = Swept(set_aside, put_back, removed, _in_words(key for key in lost if not (root / key).is_file()))
    _tell(swept)
    return swept


def lost_or_changed() -> Iterator[str]:
    """Each row whose file is nowhere or is not what was attached, in words. Reads every file: for after a restore."""
    found: dict[str, str] = {}  # several rows may name one file
    for model, on in ROWS:
        for row in model.objects.select_related(on).order_by("pk").iterator():
            key = row.file.name
            if key not in found:
                found[key] = _what_is_wrong(key, row)
            if found[key]:
                yield f"{row.name} of {row.owner}: {key} {found[key]}"


def _what_is_wrong(key: str, row: Attachment | CommitmentAttachment) -> str:
    root = Path(settings.MEDIA_ROOT)
    path = next((place for place in (root / key, root / ASIDE / key) if place.is_file()), None)
    if path is None:
        return "is missing"
    with open(path, "rb") as file:
        is_whole = path.stat().st_size == row.size and hashlib.file_digest(file, "sha256").hexdigest() == row.sha256
    return "" if is_whole else "is not what was attached"


def _named() -> set[str]:
    """What the rows name, read before the folders: whatever comes after that is younger than a day."""
    return {key for model, _ in ROWS for key in model.objects.values_list("file", flat=True)}


def _keys_in(root: Path, age: timedelta) -> list[str]:
    """Names, as a row has them, of the files older than that."""
    limit = (timezone.now() - age).timestamp()
    keys = []
    for path in (root / KEPT).glob("*/*"):
        with contextlib.suppress(FileNotFoundError):  # another worker was here
            if path.is_file() and path.stat().st_mtime < limit:
                keys.append(path.relative_to(root).as_posix())
    return keys


def _moved(source: Path, target: Path, *, begins_anew: bool = False) -> bool:
    """`begins_anew`: its age counts from now."""
    if not source.is_file():
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if begins_anew:
            now = timezone.now().timestamp()
            os.utime(source, (now, now))
        os.replace(source, target)
        return True
    return False


def _removed(path: Path) -> bool:
    path.unlink(missing_ok=True)
    return True


def _in_words(keys: Iterable[str]) -> list[str]:
    keys, words = set(keys), []
    if not keys:
        return []
    for model, on in ROWS:
        files = model.objects.select_related(on).order_by("pk")
        words += [f"{file.name} of {file.owner}" for file in files.iterator() if file.file.name in keys]
    return words


def _tell(swept: Swept) -> None:
    if swept.missing:
        logger.error("attachments_missing", count=len(swept.missing), files=swept.missing[:TOLD])
    if swept.set_aside or swept.put_back or swept.removed:
        counts = {"set_aside": swept.set_aside, "put_back": swept.put_back, "removed": swept.removed}
        logger.warning("attachments_without_row", **counts)
