"""A start that many tests share is acted out once in each process; later tests get the same rows put back.

The acts run for real at the first call, so a start that breaks fails as it always did. What they wrote is kept: the
rows, what waits for the commit, and what was returned, of which every test gets a copy of its own. It is put back only
where the acts could not have come out otherwise: inside a test's transaction, in a database where nobody has acted yet,
at the clock's own time. Everywhere else the acts run.
"""

import functools
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from django.db import connection, transaction
from time_machine import escape_hatch

P = ParamSpec("P")
T = TypeVar("T")
WRITES = re.compile(r'INSERT INTO "(\w+)"')
# Where nobody has acted there is no person, company or event; emptied tables have new numbers for permissions.
GROUND = """SELECT EXISTS (SELECT 1 FROM directory_person) OR EXISTS (SELECT 1 FROM directory_company)
    OR EXISTS (SELECT 1 FROM directory_event), (SELECT MAX(id) FROM auth_permission)"""


@dataclass
class Start:
    """What was there after the acts, in a database that was empty before."""

    rows: dict[str, tuple[list[str], list[tuple]]]
    on_commit: list[tuple[Callable, bool]]
    returned: bytes

    def put_back(self):
        with transaction.atomic(), connection.cursor() as cursor:
            for table, (columns, rows) in self.rows.items():
                names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
                cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
        for callback, robust in self.on_commit:
            transaction.on_commit(callback, robust=robust)
        return pickle.loads(self.returned)


def remembered(build: Callable[P, T]) -> Callable[P, T]:
    """`build` with such a memory; what it returns must bear pickling."""
    starts: dict[tuple, Start] = {}

    @functools.wraps(build)
    def start(*args: P.args, **named: P.kwargs) -> T:
        ground = _ground()
        if ground is None:
            return build(*args, **named)
        key = (ground, args, *sorted(named.items()))
        if key in starts:
            return starts[key].put_back()
        returned, starts[key] = _acted_out(lambda: build(*args, **named))
        return returned

    return start


def _ground() -> int | None:
    """What a start stands on: the newest permission; None where it must be acted out."""
    if not connection.in_atomic_block or connection.execute_wrappers or escape_hatch.is_travelling():
        return None
    with connection.cursor() as cursor:
        cursor.execute(GROUND)
        taken, newest = cursor.fetchone()
    return None if taken else newest


def _acted_out(build: Callable):
    tables, waiting = {}, len(connection.run_on_commit)

    def listen(execute, sql, params, many, context):
        for table in WRITES.findall(sql):
            tables[table] = None
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        returned = build()
    on_commit = [(callback, robust) for _, callback, robust in connection.run_on_commit[waiting:]]
    return returned, Start({table: _rows(table) for table in tables}, on_commit, pickle.dumps(returned))


def _rows(table: str) -> tuple[list[str], list[tuple]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        return [column[0] for column in cursor.description], cursor.fetchall()
