"""`python -m tests.services.killing --trials 1000`: every part on a database of its own; the last line is the result.

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
from django.core.management import call_command
from django.db import connection, connections


def of_its_own(url: str) -> str:
    """The address of a database beside that one."""
    return urlunsplit(urlsplit(url)._replace(path=f"/killing_{os.getpid()}"))


def make_database() -> None:
    """A copy of a migrated one, if there is one."""
    from tests import databases  # noqa: PLC0415 (Django must be set up first)
    from tests.services.killing.children import run  # noqa: PLC0415

    name = str(connection.settings_dict["NAME"])
    with databases.one_at_a_time(name) as is_there:
        if is_there:
            return
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as server:
                server.execute(f'CREATE DATABASE "{name}"')
        run(migrate, None)  # not in the process that everything is forked of


def migrate() -> None:
    call_command("migrate", verbosity=0)
    connection.close()  # what SQLite keeps beside the file goes into it


def drop_database() -> None:
    connections.close_all()
    if connection.vendor == "postgresql":
        with connection._nodb_cursor() as server:
            server.execute(f'DROP DATABASE IF EXISTS "{connection.settings_dict["NAME"]}" WITH (FORCE)')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worker-kills", type=int, default=5)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    random.seed(options.seed)
    folder = os.environ["PLUMBLINE_VAR"] = tempfile.mkdtemp(prefix="plumbline-killing-")
    tempfile.tempdir = folder  # half workbooks of the killed
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.services.settings"
    os.environ.setdefault("SECRET_KEY", "only for tests")
    if url := os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = of_its_own(url)
    django.setup()
    try:
        began = time.monotonic()
        make_database()
        from tests.services.killing import parts  # noqa: PLC0415 (Django must be set up first)

        done = parts.run_all(options.trials, options.worker_kills)
        result = {name: asdict(tally) for name, tally in done.items()}
        result |= {"seed": options.seed, "seconds": round(time.monotonic() - began, 1)}
        print(json.dumps(result))
    finally:
        drop_database()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
