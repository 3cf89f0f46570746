"""Built files on disk: written whole under a temporary name, named by their content, noted outside the database too.

One small function a step, so that a test can end the process between any two of them.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils import timezone

from directory.machines import words_of
from directory.models import Company, Event
from erp_integrations.models import ExportBatch, InvoiceExport
from erp_integrations.sage100.batch_keys import batch_number

PART = ".part"
ORPHAN_AGE = timedelta(hours=1)
MANIFEST = "manifest.jsonl"
LOCK_PATIENCE, LOCK_ASKED_EVERY = 10, 0.05  # seconds
# Of a batch, as events tell it: the first two in the words of its invoices.
ACCEPTANCES = ACCEPTED, TRIED_AGAIN = tuple(
    words_of(each)["done"] for each in (InvoiceExport.accept, InvoiceExport.retry)
)
HELD_BY_A_RESTORE = "held by a restore"
OF_A_FILE = re.compile(r'"sha256": "(\w+)"')


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
    write_line({"batch": batch.key, **whose(batch.company), **facts})


def whose(company: Company) -> dict:
    """How a line says whose it is: by the number that stays, and by the address of that day, which may change."""
    return {"company_id": company.pk, "company": company.slug}


def write_line(facts: dict) -> None:
    """One more line of the manifest, or OSError: see `append`."""
    append([json.dumps(facts, sort_keys=True)])


def append(lines: Iterable[str]) -> None:
    """Each on a line of its own, even after half a line that a power cut left. One writer at a time, on whatever host.

    The lock is for network disks: there, two hosts that append at once write over each other. OSError when there is no
    room for all of it, or when another holds the lock for ten seconds: this is asked within a transaction (R130).
    """
    text = "\n" + "".join(f"{line}\n" for line in lines)
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / MANIFEST, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        _lock(handle)
        _write_whole(handle, text.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    """It ends with the handle."""
    until = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            return fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError) as error:  # what POSIX lets a held lock answer
            if time.monotonic() > until:
                raise TimeoutError(errno.ETIMEDOUT, "Another process keeps its lock", MANIFEST) from error
        time.sleep(LOCK_ASKED_EVERY)


def _write_whole(handle: int, content: bytes) -> None:
    """A disk that fills up takes a part of it and says how much."""
    if os.write(handle, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), MANIFEST)


def path_of(key: str) -> Path:
    return Path(settings.EXPORTS_ROOT) / key


def size_of(key: str) -> int | None:
    """In bytes, as it lies on the disk; None where nothing does."""
    try:
        return path_of(key).stat().st_size
    except OSError:
        return None


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
    """Delete files older than an hour that neither a batch nor the manifest names: leftovers (R8, R112).

    What the manifest names was given to Sage, even where a restored database knows nothing of it (R127).
    """
    root, limit = Path(settings.EXPORTS_ROOT), (timezone.now() - ORPHAN_AGE).timestamp()
    old = {path.relative_to(root).as_posix(): path for path in root.glob("*/*") if _is_older(path, limit)}
    if not old:
        return 0
    built = ExportBatch.objects.exclude(file_key="").values_list("file_key", "csv_key")
    orphans = set(old).difference(*built)
    if not orphans:
        return 0
    noted = {line.get(name) for line in manifest() for name in ("sha256", "csv_sha256")}
    orphans = [old[key] for key in orphans if old[key].stem not in noted]
    return sum(_removed(path, limit) for path in orphans)


def _is_older(path: Path, limit: float) -> bool:
    """Than the moment `limit`, in seconds; False too where it is gone."""
    try:
        return path.stat().st_mtime < limit
    except OSError:
        return False


def _removed(path: Path, limit: float) -> bool:
    """Not where the same bytes were stored anew since it was found: their batch is about to be built."""
    if not _is_older(path, limit):
        return False
    path.unlink(missing_ok=True)
    return True


def manifest(*, known: Collection[str] = ()) -> list[dict]:
    """The lines of the manifest, of every company, oldest first. `known`: hashes of files to leave out.

    Left out unread: every build looks for what is unknown among all that was ever built (F13).
    """
    path = Path(settings.EXPORTS_ROOT) / MANIFEST
    if not path.exists():
        return []
    texts = path.read_text().splitlines()
    lines = [_read_line(text) for text in texts if not any(sha256 in known for sha256 in OF_A_FILE.findall(text))]
    return [line for line in lines if line]


def _read_line(line: str) -> dict:
    """Empty for half a line: the power went while it was written, before anything was committed."""
    try:
        return json.loads(line)
    except ValueError:
        return {}


def forgotten(company: Company) -> list[dict]:
    """Files that were built for it and that the database doesn't know: it is older than they are (R127).

    A file is certainly another's when number and address of its line both lead to that one company and to no other.
    Either alone may be somebody else's, where companies were entered or renamed in the days that are lost, and entered
    anew in another order or under another address since. Such a line counts for all: at worst a number waits for the
    site owner, and none goes out twice.
    """
    known = set(ExportBatch.objects.exclude(file_sha256="").values_list("file_sha256", flat=True))
    lines = manifest(known=known)
    files = [line for line in lines if "sha256" in line]
    if not files:
        return []
    addresses = _addresses()
    let_go = {line["let_go"] for line in lines if "let_go" in line and _is_own_word(line, company, addresses)}
    counting = [line for line in files if line["sha256"] not in let_go]
    return [line for line in counting if company.pk in _meant(line, addresses)]


def was_never_taken(company: Company, line: dict) -> bool:
    """Whether a forgotten file is of an acceptance that the database knows: nobody can have taken it.

    Its worker was killed between the note and the commit. Not across a restore that held the batch: what waited at the
    backup may have been built since. A standby that lost the commit alone looks the same: `forgotten_exports` lists it.
    """
    return line.get("accepted_at") in _acceptances_of(company, line["batch"])


def _acceptances_of(company: Company, key: str) -> set[str]:
    """The moments at which the batch of that key was accepted, at first and anew; since a restore held it, if one did.

    The last of them stands on the batch: programs of before wrote none into their events.
    """
    batch = ExportBatch.objects.of(company).filter(number=batch_number(key)).only("accepted_at").first()
    if batch is None:
        return set()
    held = Event.objects.about(batch).filter(verb=HELD_BY_A_RESTORE).first()
    told = Event.objects.about(batch).filter(verb__in=ACCEPTANCES, pk__gt=held.pk if held else 0)
    told = list(told.values_list("changes", flat=True))
    moments = {changes["accepted_at"][1] for changes in told if "accepted_at" in changes}
    return moments | {batch.accepted_at.isoformat()} if told else moments


def _is_own_word(line: dict, company: Company, addresses: dict[int, set[str]]) -> bool:
    """Whether a file was let go for this company, and not for another that has its former address now."""
    if "company_id" in line:
        return line["company_id"] == company.pk
    return line["company"] in addresses[company.pk]


def _addresses() -> dict[int, set[str]]:
    """{company id: each slug it has or had, as far as this database knows}."""
    companies = Company.objects.all()
    found = {company.pk: {company.slug} for company in companies}
    renamed = Event.objects.about(*companies).filter(changes__has_key="slug")
    for pk, changes in renamed.values_list("company", "changes"):
        found[pk].update(changes["slug"])
    return found


def _meant(line: dict, addresses: dict[int, set[str]]) -> set[int]:
    """Ids of the companies that a line may be about: one, or all. Lines of older programs bear the address alone."""
    at_it = {pk for pk, slugs in addresses.items() if line["company"] in slugs}
    named = {line["company_id"]} if "company_id" in line else at_it
    return at_it if len(at_it) == 1 and at_it == named else set(addresses)
