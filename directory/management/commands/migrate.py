"""Django's own, but each migration that is one transaction is recorded within it.

Django commits first, and then records, a migration that leaves an index to its end. Killed in between, it is there and
not on record: the next run finds its columns in its way and stops (R128).
"""

from django.core.management.commands import migrate
from django.db import transaction
from django.db.migrations.executor import MigrationExecutor


class Executor(MigrationExecutor):
    def apply_migration(self, state, migration, fake=False, fake_initial=False):
        if not migration.atomic:
            return super().apply_migration(state, migration, fake, fake_initial)
        # SQLite switches the checks off that Django wants off only outside of transactions.
        with self.connection.constraint_checks_disabled(), transaction.atomic(self.connection.alias):
            return super().apply_migration(state, migration, fake, fake_initial)


migrate.MigrationExecutor = Executor  # which that command looks up in its module


class Command(migrate.Command):
    pass
