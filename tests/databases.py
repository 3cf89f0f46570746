"""A database is migrated once and then copied: by every worker, and by later runs until a migration changes."""

import getpass
import hashlib
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent
LOCK = 0xC0B1E5  # any number nothing else locks by


def migrations_digest() -> str:
    """Changes with whatever a migrated database follows from."""
    sources = sorted(ROOT.glob("*/migrations/*.py")), [ROOT / "directory/triggers.py", ROOT / "requirements.txt"]
    return hashlib.sha256(b"\0".join(path.read_bytes() for some in sources for path in some)).hexdigest()[:16]


def one_at_a_time(name: str = ""):
    """Within it the database is there already, if one was kept, and it says so; afterwards it is kept, if none was.

    `name`: of another than the one that tests use; on SQLite its path.
    """
    make = {"sqlite": _files, "postgresql": _databases}[connection.vendor]
    return make(name or connection.creation._get_test_db_name(), migrations_digest())


@contextmanager
def _files(name: str, digest: str):
    folder = Path(tempfile.gettempdir()) / f"plumbline-migrated-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    kept, half = folder / f"{digest}.sqlite3", folder / f"{digest}.half"
    with closing(sqlite3.connect(folder / "lock", timeout=600, isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        if kept.exists():
            shutil.copyfile(kept, name)
            yield True
        else:
            yield False
            connection.close()  # the last one: what waits in the log goes to the file
            shutil.copyfile(name, half)
            os.replace(half, kept)


@contextmanager
def _databases(name: str, digest: str):
    kept = f"plumbline_migrated_{digest}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'plumbline_migrated_%%'")
        there = {row[0] for row in cursor.fetchall()}
        if kept in there:
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{kept}"')
            yield True
        else:
            yield False
            connection.close()  # nobody may be connected to what is copied
            for old in there:
                cursor.execute(f'DROP DATABASE "{old}"')
            cursor.execute(f'CREATE DATABASE "{kept}" TEMPLATE "{name}"')
