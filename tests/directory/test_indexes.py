"""An index that a migration lays beside writers is laid anew by the next run, whatever the last one left (R128)."""

import pytest
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from directory.indexes import AddIndexBesideWriters
from directory.models import Event

pytestmark = pytest.mark.django_db(transaction=True)
LAY = AddIndexBesideWriters("event", models.Index(fields=["verb"], name="laid_twice"))


def laid() -> bool:
    with connection.cursor() as cursor:
        return "laid_twice" in connection.introspection.get_constraints(cursor, Event._meta.db_table)


def run(move: str, before: ProjectState, after: ProjectState) -> None:
    with connection.schema_editor(atomic=False) as editor:
        getattr(LAY, move)("directory", editor, before, after)


def test_a_run_that_was_killed_once_it_was_laid_and_before_it_was_on_record_is_run_again():
    before = migrations.loader.MigrationLoader(None).project_state(("directory", "0016_settings_by_one_name"))
    after = before.clone()
    LAY.state_forwards("directory", after)
    try:
        for _ in range(2):
            run("database_forwards", before, after)
            assert laid()
    finally:
        run("database_backwards", after, before)
    assert not laid()
