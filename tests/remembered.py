"""What many tests begin with is acted out for real, and then put back row by row in the tests that begin alike.

A start (`remembered`) makes a world where nobody has acted yet; a step (`remembered_step`) is an act of that world's
which takes nothing, or only plain values: a commitment, a bill that was approved, one that was sent. The acts run for
real the first times in each process, so what breaks fails as it always did. What they wrote is kept: the rows, what
waits for the commit, and what was returned, of which every test gets a copy of its own.

It is put back only where the acts could not have come out otherwise: inside a test's transaction, at the clock's own
time, with the usual settings and nothing patched, and a step only right after the same start and steps, with nothing
else written since. Everywhere else the acts run.
"""

import functools
import pickle
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass
from datetime import date
from decimal import Decimal
from typing import ParamSpec, TypeVar
from weakref import WeakSet

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from pytest import MonkeyPatch
from time_machine import escape_hatch

P = ParamSpec("P")
T = TypeVar("T")
# Where nobody has acted there is no person, company or event; emptied tables have new numbers for permissions.
GROUND = """SELECT EXISTS (SELECT 1 FROM directory_person) OR EXISTS (SELECT 1 FROM directory_company)
    OR EXISTS (SELECT 1 FROM directory_event), (SELECT MAX(id) FROM auth_permission)"""
NEWEST_EVENT = "SELECT MAX(id) FROM directory_event"
READS = ("SELECT", "(", "SAVEPOINT", "RELEASE", "ROLLBACK", "PRAGMA", "SET", "SHOW")
SIGNING_IN = ('"django_session"', '"usersessions_usersession"', 'UPDATE "directory_person" SET "last_login"')
NOT_OURS = ("django_migrations", "django_session", "usersessions_usersession")
USUAL_SETTINGS = {"MEDIA_ROOT", "EXPORTS_ROOT"}  # each test's own folder
PLAIN = (str, int, Decimal, date, type(None))
MOST_STEPS = 6


@dataclass
class Here:
    """What this process's tests have done so far to the database they share."""

    writes: int = 0  # statements, those of signing in aside
    patches: WeakSet = field(default_factory=WeakSet)  # every one there is
    usual_patches: frozenset = frozenset()  # those that all tests have
    history: tuple = ()  # the start and the steps that the database holds and nothing else; () for anything else
    mark: tuple = ()  # what was written when that was so, and the newest event


here = Here()


def _counting(method):
    @functools.wraps(method)
    def counted(self, sql, *args, **named):
        text = sql.lstrip() if isinstance(sql, str) else ""
        if not text.startswith(READS) and not any(each in text[:60] for each in SIGNING_IN):
            here.writes += 1
        return method(self, sql, *args, **named)

    return counted


def _noted(made):
    @functools.wraps(made)
    def noted(self, *args, **named):
        made(self, *args, **named)
        here.patches.add(self)

    return noted


MonkeyPatch.__init__ = _noted(MonkeyPatch.__init__)
for _name in ("execute", "executemany"):
    setattr(CursorWrapper, _name, _counting(getattr(CursorWrapper, _name)))


@dataclass
class Memory:
    """What acts did to the database: {table: (columns, rows that came, rows that changed, ids of those that went)}."""

    tables: dict[str, tuple[list[str], list[tuple], list[tuple], list]]
    on_commit: list[tuple[Callable, bool]]
    returned: bytes

    def put_back(self):
        with transaction.atomic(), connection.cursor() as cursor, without_triggers(cursor, list(self.tables)):
            for table, (columns, _, changed, went) in self.tables.items():  # a row may come in the place of another
                key, *others = columns
                values = ", ".join(f'"{name}" = %s' for name in others)
                if went:
                    cursor.executemany(f'DELETE FROM "{table}" WHERE "{key}" = %s', [(each,) for each in went])
                if changed:
                    rows = [(*row[1:], row[0]) for row in changed]
                    cursor.executemany(f'UPDATE "{table}" SET {values} WHERE "{key}" = %s', rows)
            for table, (columns, came, _, _) in self.tables.items():
                names, places = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
                if came:
                    cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({places})', came)
        for callback, robust in self.on_commit:
            transaction.on_commit(callback, robust=robust)
        return pickle.loads(self.returned)


@contextmanager
def without_triggers(cursor, tables: list[str]):
    """They watch over each single move; what is put back has been moved before."""
    if connection.vendor == "postgresql":
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        return
    places = ", ".join(["%s"] * len(tables))
    cursor.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ({places})", tables)
    triggers = cursor.fetchall()
    for name, _ in triggers:
        cursor.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, sql in triggers:
        cursor.execute(sql)


def remembered(build: Callable[P, T]) -> Callable[P, T]:
    """A start: `build` with such a memory; what it returns must bear pickling."""
    memories: dict[tuple, Memory] = {}

    @functools.wraps(build)
    def start(*args: P.args, **named: P.kwargs) -> T:
        if (ground := _ground()) is None:
            return build(*args, **named)
        key = (ground, build.__qualname__, args, *sorted(named.items()))
        if key in memories:
            made = memories[key].put_back()
        else:
            made, memories[key] = _kept(lambda: build(*args, **named))
        _stand_at((key,))
        return made

    return start


def remembered_step(act: Callable[P, T]) -> Callable[P, T]:
    """A step of a world: kept once it was taken a second time at the same place."""
    seen: set[tuple] = set()
    memories: dict[tuple, Memory] = {}

    @functools.wraps(act)
    def step(world, *args: P.args, **named: P.kwargs) -> T:
        said = (args, sorted(named.items()))
        if not _is_plain(said) or not (place := _place()):
            return act(world, *args, **named)
        key = (*place, (act.__qualname__, repr(said), _who(world)))
        noted = getattr(world, "base", world).cost_codes  # what a world keeps of its own acts
        if key in memories:
            made, codes = memories[key].put_back()
            noted |= codes
        elif key in seen:
            (made, _), memories[key] = _kept(lambda: (act(world, *args, **named), noted))
        else:
            seen.add(key)
            made = act(world, *args, **named)
        _stand_at(key)
        return made

    return step


def _is_usual() -> bool:
    """Whether acts come out as they always do."""
    if not connection.in_atomic_block or connection.execute_wrappers or connection.queries_logged:
        return False
    return not (patched() - here.usual_patches or escape_hatch.is_travelling() or _changed_settings() - USUAL_SETTINGS)


def patched() -> frozenset[int]:
    """Which of the patches there are have anything to undo, the running test's own and those of its contexts."""
    return frozenset(id(each) for each in here.patches if any(vars(each).values()))


def _changed_settings() -> set[str]:
    found, holder = set(), settings._wrapped
    while hasattr(holder, "default_settings"):
        found |= vars(holder).keys() - {"SETTINGS_MODULE", "default_settings", "_deleted"}
        holder = holder.default_settings
    return found


def _asked(sql: str) -> tuple:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def _ground() -> int | None:
    """What a start stands on: the newest permission; None where it must be acted out."""
    if not _is_usual():
        return None
    taken, newest = _asked(GROUND)
    return None if taken else newest


def _place() -> tuple:
    """The start and the steps that led here and nothing besides; () where a step must be acted out."""
    if not here.history or len(here.history) > MOST_STEPS or not _is_usual():
        return ()
    return here.history if here.mark == (here.writes, *_asked(NEWEST_EVENT)) else ()


def _stand_at(history: tuple) -> None:
    here.history, here.mark = history, (here.writes, *_asked(NEWEST_EVENT))


def _is_plain(value) -> bool:
    if isinstance(value, dict):
        value = [*value, *value.values()]
    return all(map(_is_plain, value)) if isinstance(value, list | tuple) else isinstance(value, PLAIN)


def _who(world) -> tuple:
    """The people and things that a world's acts go by."""
    parts = vars(world).values()
    return tuple(part.pk if isinstance(part, Model) else _who(part) if is_dataclass(part) else None for part in parts)


def _kept(act: Callable):
    """What the act returns, and the memory of it."""
    before, waiting = _rows(), len(connection.run_on_commit)
    returned = act()
    tables = {table: _difference(before[table], after) for table, after in _rows().items()}
    on_commit = [(callback, robust) for _, callback, robust in connection.run_on_commit[waiting:]]
    kept = {table: found for table, found in tables.items() if any(found[1:])}
    return returned, Memory(kept, on_commit, pickle.dumps(returned))


def _difference(before, after) -> tuple[list[str], list[tuple], list[tuple], list]:
    columns, rows = after
    old, new = ({row[0]: row for row in each} for each in (before[1], rows))
    came = [row for key, row in new.items() if key not in old]
    changed = [row for key, row in new.items() if key in old and row != old[key]]
    return columns, came, changed, [key for key in old if key not in new]


@functools.cache
def _tables() -> list[str]:
    """Ours by the order in which rows may come: a trigger asks for what a row belongs to."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return [m._meta.db_table for m in models if not m._meta.proxy and m._meta.db_table not in NOT_OURS]


def _rows() -> dict[str, tuple[list[str], list[tuple]]]:
    """{table: (columns, the key first; rows)}."""
    found = {}
    with connection.cursor() as cursor:
        for table in _tables():
            cursor.execute(f'SELECT * FROM "{table}"')
            found[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return found
