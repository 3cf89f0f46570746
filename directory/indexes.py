"""How a migration lays an index while others work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class AddIndexBesideWriters(AddIndexConcurrently):
    """On PostgreSQL nobody waits for it; SQLite has one way only. What a run that was ended left goes first (R128)."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        is_postgresql = schema_editor.connection.vendor == "postgresql"
        schema_editor.execute(f'DROP INDEX {"CONCURRENTLY" if is_postgresql else ""} IF EXISTS "{self.index.name}"')
        if not is_postgresql:
            return migrations.AddIndex.database_forwards(self, app_label, schema_editor, from_state, to_state)
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "postgresql":
            return migrations.AddIndex.database_backwards(self, app_label, schema_editor, from_state, to_state)
        super().database_backwards(app_label, schema_editor, from_state, to_state)
