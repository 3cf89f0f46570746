"""A status moves only as drawn, in the database itself, whoever writes (R39, R40)."""

import pytest
from django.db import DatabaseError, connection, transaction

from directory.triggers import APPEND_ONLY, status_moves

pytestmark = pytest.mark.django_db
MOVES = (("red", "green"), ("green", "amber"), ("amber", "red"))


def run(sql: str):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture(autouse=True)
def light():
    run("CREATE TABLE test_light (id INTEGER PRIMARY KEY, status VARCHAR(10) NOT NULL, place VARCHAR(10))")
    status_moves("test_light", ("red",), MOVES).code(None, connection.SchemaEditorClass(connection))
    run("INSERT INTO test_light VALUES (1, 'red', 'north')")


def status() -> str:
    return run("SELECT status FROM test_light WHERE id = 1")[0][0]


def refused(sql: str) -> None:
    with pytest.raises(DatabaseError, match="status cannot change like this"), transaction.atomic():
        run(sql)


def test_every_drawn_move_is_allowed_and_no_other():
    colours = ("red", "green", "amber")
    for at, (_, following) in zip(colours, MOVES, strict=True):
        assert status() == at
        for to in colours:
            if to not in (at, following):
                refused(f"UPDATE test_light SET status = '{to}'")
        run(f"UPDATE test_light SET status = '{following}'")


def test_other_columns_change_freely():
    run("UPDATE test_light SET place = 'south', status = 'red'")
    assert status() == "red"


@pytest.mark.parametrize("start", ["green", "amber", "purple"])
def test_a_row_starts_only_where_rows_start(start):
    refused(f"INSERT INTO test_light VALUES (2, '{start}', 'east')")


def test_a_row_is_not_put_back_to_its_start_by_overwriting_it():
    run("UPDATE test_light SET status = 'green'")
    if connection.vendor == "sqlite":
        refused("INSERT OR REPLACE INTO test_light VALUES (1, 'red', 'north')")
    else:
        refused(
            "INSERT INTO test_light VALUES (1, 'red', 'north') ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status"
        )
    assert status() == "green"


def test_the_triggers_go_as_they_came():
    status_moves("test_light", ("red",), MOVES).reverse_code(None, connection.SchemaEditorClass(connection))
    run("UPDATE test_light SET status = 'purple'")
    assert status() == "purple"


MOVING = ("invoicing_invoice", "invoicing_commitment", "invoicing_changeorder", "erp_integrations_invoiceexport")
ON_SQLITE = {f"{table}_{what}" for table in APPEND_ONLY for what in ("no_update", "no_delete")}
ON_SQLITE |= {f"{table}_{what}" for table in MOVING for what in ("moves", "starts")}
ON_SQLITE |= {"invoicing_payment_stays", "invoicing_payment_taken_back"}
ON_POSTGRESQL = {f"{table}_{what}" for table in APPEND_ONLY for what in ("append_only", "no_truncate")}
ON_POSTGRESQL |= {f"{table}_moves" for table in MOVING} | {"invoicing_payment_taken_back"}


@pytest.mark.django_db
def test_every_guard_stands_after_the_last_migration():
    """R39, R120: a later migration that makes a table anew on SQLite takes its triggers away."""
    names, expected = {
        "sqlite": ("SELECT name FROM sqlite_master WHERE type = 'trigger'", ON_SQLITE),
        "postgresql": ("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", ON_POSTGRESQL),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(names)
        assert expected <= {name for (name,) in cursor.fetchall()}
