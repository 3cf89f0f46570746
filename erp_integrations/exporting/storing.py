"""Built files on disk: written whole under a temporary name, named by their content, noted outside the database too.

One small function a step, so that a test can end the process between any two of them.
"""

import hashlib
import json
import os
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

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


def store(batch: ExportBatch, content: bytes, suffix: str) -> StoredFile:
    """Keep `content` for good as <batch>/<sha256><suffix>. Storing the same bytes twice changes nothing."""
    sha256 = hashlib.sha256(content).hexdigest()
    stored = StoredFile(f"{batch.pk}/{sha256}{suffix}", sha256)
    final = path_of(stored.key)
    final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = write_part(final.parent, content)
    flush_to_disk(part)
    put_in_place(part, final)
    flush_to_disk(final.parent)
    return stored


def write_part(folder: Path, content: bytes) -> Path:
    part = folder / f".{uuid.uuid4().hex}{PART}"
    part.write_bytes(content)
    return part


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
