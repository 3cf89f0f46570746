"""`python -m tests.services.killing --kills 1000`: every part on a database of its own; the last line is the result.

SQLite in a file by default; with DATABASE_URL a new PostgreSQL database beside the one named there, dropped at the end.
"""

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from dataclasses import asdict
from urllib.parse import urlsplit, urlunsplit

import django
import psycopg


def new_database(url: str) -> tuple[str, str]:
    """(address of a new database, statement that drops it)."""
    parts, name = urlsplit(url), f"killing_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    return urlunsplit(parts._replace(path=f"/{name}")), f"DROP DATABASE {name} WITH (FORCE)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker-kills", type=int, default=5)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    random.seed(options.seed)
    folder = os.environ["PLUMBLINE_VAR"] = tempfile.mkdtemp(prefix="plumbline-killing-")
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.services.settings"
    os.environ.setdefault("SECRET_KEY", "only for tests")
    server, drop = os.environ.get("DATABASE_URL", ""), ""
    if server:
        os.environ["DATABASE_URL"], drop = new_database(server)
    try:
        django.setup()
        from tests.services.killing import parts  # noqa: PLC0415 (Django must be set up first)

        began = time.monotonic()
        done = parts.run_all(options.kills, options.worker_kills)
        result = {name: asdict(tally) for name, tally in done.items()}
        result |= {"seed": options.seed, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps(result))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if drop:
            django.db.connections.close_all()
            with psycopg.connect(server, autocommit=True) as again:
                again.execute(drop)


main()
