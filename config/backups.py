"""A backup: the database as of one moment, then every file that it names; and the way back (R126, R127).

The database comes first. A file is stored before the row that names it and outlives it by thirty days, so what is
copied afterwards holds every file of that moment, however busy the site is meanwhile.

All of it is on the disk before the facts are, so a power cut leaves no folder that only looks like a backup. The key
that sessions, links and second factors are sealed with is not in it: whoever had both could open them all, so where
that is kept is the owner's to decide, and whoever makes a backup is told.

A restore only ever adds files. Import files that were built after the backup stay where they are, and so do their
lines in the manifest: what they hold is not built again until accounting has compared them with Sage.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from directory.models import EventSeal
from erp_integrations.exporting.storing import MANIFEST, append, flush_to_disk

FACTS = "backup.json"  # written last: a folder without it is no backup
FOLDERS = {"files": "MEDIA_ROOT", "exports": "EXPORTS_ROOT"}
BY_ENVIRONMENT = {  # what of a connection PostgreSQL's programs take from there
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
MADE_ANEW = ("made",)  # below files: what people can ask for again


class BackupFailed(Exception):
    """Nothing usable was made, or nothing was restored; the message says why and what to do."""


@dataclass(frozen=True)
class Facts:
    """What a backup says of itself. `head`: of the chain of events, as `verify_events --anchor` takes it."""

    made_at: str
    vendor: str
    database: str
    sha256: str
    migrations: int
    head: str
    files: int


def make(folder: Path) -> Facts:
    """Into a folder that is new or empty. The site goes on working meanwhile."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupFailed(f"{folder} is not empty. Name a new folder: one backup never overwrites another.")
    made_at = timezone.now().isoformat()
    dump = folder / {"sqlite": "database.sqlite3", "postgresql": "database.dump"}[connection.vendor]
    head = str(EventSeal.objects.head())  # read before: the dump holds at least this much of the chain
    {"sqlite": _copy_sqlite, "postgresql": _dump_postgresql}[connection.vendor](dump)
    flush_to_disk(dump)
    files = sum(_copied(Path(getattr(settings, root)), folder / name) for name, root in FOLDERS.items())
    applied = len(MigrationRecorder(connection).applied_migrations())
    facts = Facts(made_at, connection.vendor, dump.name, _sha256(dump), applied, head, files)
    (folder / FACTS).write_text(json.dumps(asdict(facts), indent=2) + "\n")
    for each in (folder / FACTS, folder, folder.parent):
        flush_to_disk(each)
    return facts


def where_the_key_is() -> str:
    """What no backup holds."""
    if os.environ.get("SECRET_KEY"):
        return "SECRET_KEY of the environment"
    return str(Path(settings.VAR_DIR) / "secret-key")


def restore(folder: Path) -> tuple[Facts, int]:
    """Into a database without tables; files that are there already are left as they are. Nothing else is done: see the
    command of this name for what comes after. With how many files the backup still had."""
    facts = read_facts(folder)
    if facts.vendor != connection.vendor:
        raise BackupFailed(f"This is a backup of {facts.vendor}, and DATABASE_URL names {connection.vendor}.")
    if _sha256(folder / facts.database) != facts.sha256:
        raise BackupFailed(f"{facts.database} is not as it was written: use another backup.")
    if connection.introspection.table_names():
        raise BackupFailed("The database has tables already. Restore into a new, empty one: nothing is overwritten.")
    {"sqlite": _put_back_sqlite, "postgresql": _load_postgresql}[connection.vendor](folder / facts.database)
    files = sum(_copied(folder / name, Path(getattr(settings, root))) for name, root in FOLDERS.items())
    _join_manifests(folder / "exports" / MANIFEST)
    return facts, files


def read_facts(folder: Path) -> Facts:
    try:
        return Facts(**json.loads((folder / FACTS).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupFailed(f"{folder} holds no whole backup: {FACTS} can't be read.") from error


# Databases


def _copy_sqlite(to: Path) -> None:
    """By SQLite's own backup, page by page under its locks; never a copy of a file that is being written."""
    source = sqlite3.connect(connection.settings_dict["NAME"])
    with contextlib.closing(source), contextlib.closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _put_back_sqlite(dump: Path) -> None:
    connection.close()
    name = Path(connection.settings_dict["NAME"])
    for leftover in (f"{name}-wal", f"{name}-shm"):
        Path(leftover).unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(dump)) as source, contextlib.closing(sqlite3.connect(name)) as target:
        source.backup(target)


def _dump_postgresql(to: Path) -> None:
    _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={to}")


def _load_postgresql(dump: Path) -> None:
    """All or nothing. Rights of the site's own role are given afterwards, by `database_roles --apply`."""
    name = connection.settings_dict["NAME"]
    _run("pg_restore", "--no-owner", "--no-privileges", "--single-transaction", f"--dbname={name}", str(dump))


def _run(program: str, *arguments: str) -> None:
    """A program of PostgreSQL's, on the database that Django uses; the password goes by its environment."""
    known = connection.get_connection_params()
    env = os.environ | {variable: str(known[name]) for name, variable in BY_ENVIRONMENT.items() if known.get(name)}
    try:
        ended = subprocess.run([program, *arguments], env=env, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise BackupFailed(f"{program} is not installed: it comes with PostgreSQL’s client programs.") from error
    if ended.returncode:
        raise BackupFailed(f"{program}: {ended.stderr.strip()}")


# Files


def _copied(source: Path, target: Path) -> int:
    """How many files of `source` are in `target`, on its disk. What was there is left: names follow from contents."""
    count = 0
    for path in _files_of(source):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = copy.with_name(f".{copy.name}.part")
            try:
                shutil.copy2(path, part)
            except FileNotFoundError:  # removed meanwhile: no row of the backup names it
                continue
            flush_to_disk(part)
            os.replace(part, copy)
        count += 1
    for folder in (target, *target.rglob("*")) if count else ():
        if folder.is_dir():
            flush_to_disk(folder)
    return count


def _files_of(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")) if root.exists() else ():
        if path.is_file() and path.suffix != ".part" and path.relative_to(root).parts[0] not in MADE_ANEW:
            yield path


def _join_manifests(kept: Path) -> None:
    """The lines of both, each once: those of files built after the backup are what a restore must not lose."""
    if not kept.exists():
        return
    there = set((Path(settings.EXPORTS_ROOT) / MANIFEST).read_text().splitlines())
    missing = [line for line in kept.read_text().splitlines() if line and line not in there]
    if missing:
        append(missing)


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
