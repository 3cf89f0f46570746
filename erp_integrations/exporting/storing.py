"""Built files on disk: written whole under a temporary name, named by their content, noted outside the database too.

One small function a step, so that a test can end the process between any two of them.
"""

import hashlib
import json
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from erp_integrations.models import ExportBatch

PART = ".part"
ORPHAN_AGE = timedelta(hours=1)
MANIFEST = "manifest.jsonl"


class FileDamaged(Exception):
    """A stored file is missing or is not what the database says it is (R8)."""


@dataclass(frozen=True)
class StoredFile:
    """`key`: its path under the exports folder."""

    key: str
    sha256: str


def store(batch: ExportBatch, write: Callable[[BinaryIO], None], suffix: str) -> StoredFile:
    """Keep what `write` writes for good as <batch>/<sha256><suffix>. Storing the same bytes twice changes nothing.

    Whatever `write` raises comes through, and nothing is kept.
    """
    folder = path_of(str(batch.pk))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = write_part(folder, write)
    sha256 = _sha256_of(part)
    stored = StoredFile(f"{batch.pk}/{sha256}{suffix}", sha256)
    flush_to_disk(part)
    put_in_place(part, path_of(stored.key))
    flush_to_disk(folder)
    return stored


def write_part(folder: Path, write: Callable[[BinaryIO], None]) -> Path:
    part = folder / f".{uuid.uuid4().hex}{PART}"
    try:
        with open(part, "w+b") as file:
            write(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _sha256_of(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush_to_disk(path: Path) -> None:
    """So that a power cut can't take the file, or its name, after the database has committed."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_in_place(part: Path, final: Path) -> None:
    os.replace(part, final)


def note(batch: ExportBatch, facts: dict) -> None:
    """Append one line to the manifest beside the files: a restored older database can be compared with it (R127)."""
    line = json.dumps({"batch": batch.key, "company": batch.company.slug, **facts}, sort_keys=True) + "\n"
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / MANIFEST, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def path_of(key: str) -> Path:
    return Path(settings.EXPORTS_ROOT) / key


def read(stored: StoredFile) -> bytes:
    """The bytes as they were built (E-2), or FileDamaged."""
    try:
        content = path_of(stored.key).read_bytes()
    except OSError as error:
        raise FileDamaged(f"The file {stored.key} can't be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != stored.sha256:
        raise FileDamaged(f"The file {stored.key} is not the one that was built.")
    return content


def remove_orphans() -> int:
    """Delete files older than an hour that no batch names: what killed workers left behind (R8, R112)."""
    root, limit, removed = Path(settings.EXPORTS_ROOT), (timezone.now() - ORPHAN_AGE).timestamp(), 0
    for path in root.glob("*/*"):
        key = path.relative_to(root).as_posix()
        if path.stat().st_mtime < limit and not ExportBatch.objects.filter(Q(file_key=key) | Q(csv_key=key)).exists():
            path.unlink(missing_ok=True)
            removed += 1
    return removed
