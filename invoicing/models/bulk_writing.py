"""Writing any number of rows in one statement (F11): Django's own way takes one for every hundred rows on SQLite, which
limits the values of a statement; here all of them are one value."""

import json
from collections.abc import Sequence

from django.db import connection, models


def write_all(rows: Sequence[models.Model], overwritten: Sequence[str] = ()) -> None:
    """Insert the rows without an id and overwrite the columns of the fields `overwritten` of those with one."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = meta.concrete_fields
    values = [[field.get_db_prep_save(field.value_from_object(row), connection) for field in fields] for row in rows]
    quoted = connection.ops.quote_name
    columns = ", ".join(quoted(field.column) for field in fields)
    taken = ", ".join(_read(at, field, meta) for at, field in enumerate(fields))
    changed = [quoted(meta.get_field(name).column) for name in overwritten]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(meta.db_table)} ({columns}) SELECT {taken} FROM {_source()} WHERE true"
            + (f" ON CONFLICT ({quoted(meta.pk.column)}) DO UPDATE SET " if changed else "")
            + ", ".join(f"{column} = excluded.{column}" for column in changed),
            [json.dumps(values, default=str)],  # moments as text; the database reads them
        )


def _source() -> str:
    is_postgresql = connection.vendor == "postgresql"
    return "jsonb_array_elements(%s::jsonb) AS row(value)" if is_postgresql else "json_each(%s) AS row"


def _read(at: int, field: models.Field, meta) -> str:
    """One column of a row; on PostgreSQL typed, and the next id where there is none."""
    if connection.vendor != "postgresql":
        return f"json_extract(row.value, '$[{at}]')"
    value = f"(row.value->>{at})::{field.db_type(connection)}"
    if not field.primary_key:
        return value
    return f"coalesce({value}, nextval(pg_get_serial_sequence('{meta.db_table}', '{field.column}')))"
