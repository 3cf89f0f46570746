"""Questions that pages ask again and again, put into SQL once a process.

Django takes up to ten times as long to put such a question into words as the database takes to answer it (F4). Only the
words are kept: the database is asked afresh each time, so that what was taken away a moment ago is gone (R66).
"""

from collections.abc import Callable
from copy import copy
from functools import cached_property, update_wrapper
from inspect import signature

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connection, connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.backends.utils import CursorWrapper
from django.db.models import Expression, QuerySet
from django.db.transaction import TransactionManagementError


def put_anew() -> None:
    """Forget all words: for a control that asks its questions otherwise, before it and after it."""
    for question in kept.every:
        vars(question).pop("in_words", None)


class Asked(Expression):
    """What each asking brings along: it stands in a kept question where its value will be."""

    def __init__(self, name: str):
        super().__init__()
        self.name = name

    def as_sql(self, compiler, connection):
        return "%s", [self]


class kept:  # a decorator; it is named like one
    """`@kept def rows_of(place, now): return Model.objects.filter(…)`, then `rows_of(place=7, now=…)`: a list.

    The function is called once, with an `Asked` for each of its parameters: what it works out itself, a moment among
    that, would stand still. A value is what the database holds: a key and not an object, cents and not dollars; or a
    query set where the question says `__in`. Nothing is found for a number that no database holds; TypeError for None,
    which `=` does not find, and for a name that the function does not have; TransactionManagementError for a question
    that locks, outside a transaction.
    """

    every: list["kept"] = []  # for `put_anew` and a test that looks through them

    def __init__(self, ask: Callable[..., QuerySet]):
        update_wrapper(self, ask)
        self.every.append(self)
        self._ask, self._names = ask, signature(ask).parameters.keys()

    def __call__(self, **values) -> list:
        if values.keys() != self._names:
            raise TypeError(f"{self.__name__} takes {', '.join(self._names)}, not {', '.join(values)}.")
        if any(value is None for value in values.values()):
            raise TypeError(f"{self.__name__} does not look for None.")
        if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in values.values()):
            return []
        found, compiler, _, _ = self.in_words
        asking = copy(compiler)
        asking.connection = connections[DEFAULT_DB_ALIAS]  # this thread's
        asking.execute_sql = lambda *args, **options: self._rows(asking, values)
        if found.query.select_for_update and not asking.connection.in_atomic_block:
            raise TransactionManagementError(f"{self.__name__} locks, so it is asked in a transaction.")
        asked = found._chain()
        asked.query.get_compiler = lambda *args, **options: asking
        return list(asked)

    @cached_property
    def in_words(self) -> tuple:
        """(query set, compiler, SQL between its parameters, these): made at the first asking, and not changed then."""
        found = self._ask(**{name: Asked(name) for name in self._names})
        compiler = found.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, params = compiler.as_sql()
        compiler.connection = None  # it was this thread's
        return found, compiler, sql.split("%s"), params

    def _rows(self, compiler, values: dict) -> list:
        """In one block, as the compiler's own `execute_sql` gives them."""
        try:
            sql, params = self._filled(values)
        except EmptyResultSet:  # of a query set that finds nothing, whatever there is
            return []
        rows = _fetched(compiler.connection, sql, params)
        return [[row[: compiler.col_count] for row in rows] if compiler.has_extra_select else rows]

    def _filled(self, values: dict) -> tuple[str, list]:
        """The SQL and its parameters with these values; a query set's SQL stands in the place of its parameter."""
        _, _, (first, *rest), params = self.in_words
        words, filled = [first], []
        for param, following in zip(params, rest, strict=True):
            value = values[param.name] if isinstance(param, Asked) else param
            inner, inner_params = _in_words(value) if isinstance(param, Asked) else ("%s", [value])
            words += inner, following
            filled += inner_params
        return "".join(words), filled


def _fetched(connection, sql: str, params: list) -> list:
    try:
        return _answered(connection, sql, params)
    except NotSupportedError:  # it was planned before a migration changed a column's type
        if connection.in_atomic_block:
            raise  # the rollback forgets all plans
        connection.close()
        return _answered(connection, sql, params)


def _answered(connection, sql: str, params: list) -> list:
    with planned_cursor(connection) as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def planned_cursor(connection) -> CursorWrapper:
    """On PostgreSQL one that has the words planned once a connection: that takes longer than to answer them (F4).

    Where questions are logged it is the usual one, which can say what it asked.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    return connection._prepare_cursor(PlannedOnce(connection.connection))


class PlannedOnce(ServerBindingCursor):
    """Values go apart from the words: the connection keeps these planned, until a transaction on it is rolled back.

    Only for as long as this asks does psycopg prepare anything, or remember what it was asked.
    """

    def execute(self, query, params=None):
        connection = self.connection
        connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True)
        finally:
            connection.prepare_threshold = None


def _in_words(value) -> tuple[str, list]:
    if isinstance(value, QuerySet):
        inner, params = value.query.sql_with_params()
        return inner, list(params)
    return "%s", [connection.ops.adapt_unknown_value(value)]
