"""Another company, whose rows of every kind begin at the same number, and whether one of them was touched (R61)."""

import re
from collections.abc import Iterator

from django.apps import apps
from django.db import connection

from tests.erp_integrations.world import sage_world
from tests.test_no_leak import CANARY, REST, mark

FIRST = 770_001  # of each kind
APPS = ("directory", "invoicing", "erp_integrations")
ALL = (model for app in APPS for model in apps.get_app_config(app).get_models(include_auto_created=True))
MODELS = [model for model in ALL if model._meta.pk.column == "id"]
NUMBER = re.compile(r"(?<![\d.])\d+(?![\d.])")
NAME = f"{CANARY}{REST}"  # stands in every text of theirs


def build() -> None:
    """On SQLite, which takes the numbers back with the rows."""
    with connection.cursor() as cursor:
        for model in MODELS:
            table = model._meta.db_table
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, FIRST - 1])
    theirs = sage_world("Other Builders")
    theirs.exported(theirs.approved(theirs.commitment(is_private=False)))
    theirs.sent(theirs.approved(theirs.commitment(is_private=False)))
    theirs.base.sent_back(theirs.base.draft(theirs.base.commitment(is_private=False)))
    mark(theirs.company)


def rows() -> dict[str, list[tuple]]:
    """{table: the rows that came after ours}, each kind that there is any of; a row's number comes first."""
    found = {}
    with connection.cursor() as cursor:
        for model in MODELS:
            table = model._meta.db_table
            cursor.execute(f'SELECT * FROM "{table}" WHERE id >= %s ORDER BY id', [FIRST])
            found[table] = cursor.fetchall()
    return {table: rows for table, rows in found.items() if rows}


def touched(theirs: dict[str, list[tuple]]) -> list[str]:
    """What became of these rows: other values in one, or a row that is none of them pointing at one."""
    now, last = rows(), {table: kept[-1][0] for table, kept in theirs.items()}
    changed = [table for table, kept in theirs.items() if now.get(table, [])[: len(kept)] != kept]
    return changed + [
        f"{model._meta.db_table}.{each.column}"
        for model in MODELS
        for each in model._meta.concrete_fields
        if each.is_relation and _is_pointed_at(model._meta.db_table, each, last)
    ]


def _is_pointed_at(table: str, relation, last: dict[str, int]) -> bool:
    to = last.get(relation.related_model._meta.db_table)
    if to is None:
        return False
    sql = f'SELECT 1 FROM "{table}" WHERE "{relation.column}" BETWEEN %s AND %s AND id NOT BETWEEN %s AND %s LIMIT 1'
    with connection.cursor() as cursor:
        cursor.execute(sql, [FIRST, to, FIRST, last.get(table, FIRST - 1)])
        return cursor.fetchone() is not None


def swapped(pairs, is_amount) -> Iterator[list[tuple[str, str]]]:
    """A form's fields, and one more with the number of a row of theirs instead of the one in its value or name.

    Of one value the last that is sent counts. Of fields that differ in a number alone the first is tried.
    """
    seen = set()
    for name, value in pairs:
        if (kind := NUMBER.sub("#", name)) in seen:
            continue
        for old in dict.fromkeys(NUMBER.findall(name if is_amount(name) else f"{name} {value}")):
            seen.add(kind)
            there = tuple(re.sub(rf"(?<!\d){old}(?!\d)", str(FIRST), part) for part in (name, value))
            yield [*pairs, there]
