"""Triggers that hold in the database itself: rows that are only ever added, statuses that only move as drawn.

They stand behind the application: an `update()`, a shell or another program is refused too (R39, R40, R120). Each
function returns migration operations for SQLite and PostgreSQL.
"""

from django.db import migrations

# Every table that `append_only` guards. On PostgreSQL the application's role may not even try (`database_roles`).
APPEND_ONLY = (
    "directory_event",
    "directory_eventseal",
    "erp_integrations_download",
    "erp_integrations_ledgercheck",
    "erp_integrations_outcome",
    "erp_integrations_reconciliation",
    "erp_integrations_sagerefusal",
    "invoicing_comment",
    "invoicing_reviewrecord",
    "invoicing_submission",
)


def append_only(table: str) -> migrations.RunPython:
    """No row of `table` is ever changed or deleted."""
    sqlite = [
        f"""CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
        for event in ("UPDATE", "DELETE")
    ]
    postgresql = [
        f"""CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$""",
        f"""CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_append_only()""",
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()""",
    ]
    undo_sqlite = [f"DROP TRIGGER {table}_no_update", f"DROP TRIGGER {table}_no_delete"]
    return _by_vendor(sqlite, postgresql, undo_sqlite, [f"DROP FUNCTION {table}_append_only CASCADE"])


def status_moves(table: str, initial: tuple[str, ...], moves: tuple[tuple[str, str], ...]) -> migrations.RunPython:
    """`status` of `table` starts as one of `initial` and changes only along `moves`, pairs of (from, to)."""
    allowed = " OR ".join(f"(OLD.status = '{old}' AND NEW.status = '{new}')" for old, new in moves)
    starts = ", ".join(f"'{state}'" for state in initial)
    refusal = f"{table}: the status cannot change like this"
    sqlite = [
        f"""CREATE TRIGGER {table}_moves BEFORE UPDATE ON {table}
            WHEN OLD.status <> NEW.status AND NOT ({allowed}) BEGIN SELECT RAISE(ABORT, '{refusal}'); END""",
        f"""CREATE TRIGGER {table}_starts BEFORE INSERT ON {table}
            WHEN NEW.status NOT IN ({starts}) OR EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)
            BEGIN SELECT RAISE(ABORT, '{refusal}'); END""",  # or REPLACE would start a row anew
    ]
    postgresql = [
        f"""CREATE FUNCTION {table}_moves() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' THEN
                    IF NEW.status IN ({starts}) THEN RETURN NEW; END IF;
                ELSIF OLD.status = NEW.status OR {allowed} THEN RETURN NEW;
                END IF;
                RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
        f"""CREATE TRIGGER {table}_moves BEFORE INSERT OR UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_moves()""",
    ]
    undo_sqlite = [f"DROP TRIGGER {table}_moves", f"DROP TRIGGER {table}_starts"]
    return _by_vendor(sqlite, postgresql, undo_sqlite, [f"DROP FUNCTION {table}_moves CASCADE"])


def taken_back_only(table: str, facts: tuple[str, ...]) -> migrations.RunPython:
    """A row of `table` is never deleted, and changed once at most: when it is taken back. Its `facts` stay."""
    refusal = f"{table}: a row is only ever taken back, once"
    forbidden = " OR ".join(["OLD.taken_back_at IS NOT NULL", *(f"OLD.{name} <> NEW.{name}" for name in facts)])
    sqlite = [
        f"""CREATE TRIGGER {table}_stays BEFORE DELETE ON {table}
            BEGIN SELECT RAISE(ABORT, '{refusal}'); END""",
        f"""CREATE TRIGGER {table}_taken_back BEFORE UPDATE ON {table} WHEN {forbidden}
            BEGIN SELECT RAISE(ABORT, '{refusal}'); END""",
    ]
    postgresql = [
        f"""CREATE FUNCTION {table}_taken_back() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' THEN
                    IF NOT ({forbidden}) THEN RETURN NEW; END IF;
                END IF;
                RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
        f"""CREATE TRIGGER {table}_taken_back BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_taken_back()""",
        f"""CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION {table}_taken_back()""",
    ]
    undo_sqlite = [f"DROP TRIGGER {table}_stays", f"DROP TRIGGER {table}_taken_back"]
    return _by_vendor(sqlite, postgresql, undo_sqlite, [f"DROP FUNCTION {table}_taken_back CASCADE"])


def repeats(table: str, column: str, *, parent: str, key: str, original: str) -> migrations.RunPython:
    """`column` of `table` repeats `original` of the `parent` row that `key` leads to; for lists to begin with."""
    refusal = f"{table}: {column} is not what {parent} says"
    differs = f"NEW.{column} IS DISTINCT FROM (SELECT {original} FROM {parent} WHERE id = NEW.{key})"
    sqlite = [
        f"""CREATE TRIGGER {table}_{column}_{event.lower()} BEFORE {when} ON {table}
            WHEN {differs.replace("IS DISTINCT FROM", "IS NOT")} BEGIN SELECT RAISE(ABORT, '{refusal}'); END"""
        for event, when in (("INSERT", "INSERT"), ("UPDATE", f"UPDATE OF {column}, {key}"))
    ]
    postgresql = [
        f"""CREATE FUNCTION {table}_{column}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {differs} THEN
                    RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$""",
        f"""CREATE TRIGGER {table}_{column} BEFORE INSERT OR UPDATE OF {column}, {key} ON {table}
            FOR EACH ROW EXECUTE FUNCTION {table}_{column}()""",
    ]
    undo_sqlite = [f"DROP TRIGGER {table}_{column}_insert", f"DROP TRIGGER {table}_{column}_update"]
    return _by_vendor(sqlite, postgresql, undo_sqlite, [f"DROP FUNCTION {table}_{column} CASCADE"])


def repeated(parent: str, original: str, *, by: str, key: str) -> migrations.RunPython:
    """The other side of `repeats`: `original` of a `parent` row stays, once rows of `by` lead to it and repeat it."""
    refusal = f"{parent}: {original} is repeated by {by}"
    is_repeated = f"EXISTS (SELECT 1 FROM {by} WHERE {key} = NEW.id)"
    sqlite = [
        f"""CREATE TRIGGER {parent}_{original}_repeated BEFORE UPDATE OF {original} ON {parent}
            WHEN OLD.{original} IS NOT NEW.{original} AND {is_repeated}
            BEGIN SELECT RAISE(ABORT, '{refusal}'); END""",
    ]
    postgresql = [
        f"""CREATE FUNCTION {parent}_{original}_repeated() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF OLD.{original} IS DISTINCT FROM NEW.{original} AND {is_repeated} THEN
                    RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$""",
        f"""CREATE TRIGGER {parent}_{original}_repeated BEFORE UPDATE OF {original} ON {parent}
            FOR EACH ROW EXECUTE FUNCTION {parent}_{original}_repeated()""",
    ]
    name = f"{parent}_{original}_repeated"
    return _by_vendor(sqlite, postgresql, [f"DROP TRIGGER {name}"], [f"DROP FUNCTION {name} CASCADE"])


def put_back(guard: migrations.RunPython, table: str) -> migrations.RunPython:
    """`guard` once more, for SQLite: a column added there makes the table anew, and its triggers are gone.

    PostgreSQL keeps them, so nothing happens there.
    """

    def again(apps, schema_editor):
        if schema_editor.connection.vendor != "sqlite":
            return
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            left = [name for (name,) in cursor.fetchall()]
        for name in left:
            schema_editor.execute(f"DROP TRIGGER {name}")
        guard.code(apps, schema_editor)

    return migrations.RunPython(again, migrations.RunPython.noop)


def _by_vendor(sqlite, postgresql, undo_sqlite, undo_postgresql) -> migrations.RunPython:
    forward = {"sqlite": sqlite, "postgresql": postgresql}
    backward = {"sqlite": undo_sqlite, "postgresql": undo_postgresql}

    def running(statements):
        def run(apps, schema_editor):
            for statement in statements[schema_editor.connection.vendor]:
                schema_editor.execute(statement)

        return run

    return migrations.RunPython(running(forward), running(backward))
