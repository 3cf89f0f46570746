"""`python -m tests.services.migrating`: an upgrade whose `migrate` is killed again and again, each time later (R128).

A database in use goes back to what the version before had, then forward. The last line is the result.
"""

import json
import os
import sqlite3
import subprocess
from contextlib import closing
from functools import partial

import django
from django.core.management import call_command
from django.db import connection, connections

BEFORE = "0041_what_a_whole_bill_releases_at_once"
RECORD = 'INSERT INTO "django_migrations"'
# Each by what its statement begins with and what is among its values: in the middle of a migration, and at its end.
DEATHS = (
    ('UPDATE "invoicing_invoiceline"', ""),
    (RECORD, "0042_a_typed_balance_is_set_aside"),
    ("CREATE UNIQUE INDEX", ""),
    (RECORD, "0044_views_of_the_queue"),
)
OF_THE_RUN = ("django_migrations", "sqlite_sequence", "\\")  # what a dump has of its own, or of when it was migrated


def migrate(statement: str, value: str) -> None:
    from tests.services.killing.children import die  # noqa: PLC0415 (Django must be set up first, here and below)

    def deadly(execute, sql, params, many, context):
        if sql.startswith(statement) and value in str(params):
            die()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(deadly):
        call_command("migrate", verbosity=0)


def all_there_is() -> list[str]:
    """Tables, rows, indexes, constraints and triggers, as a dump has them."""
    connections.close_all()
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"])) as file:
            lines = "\n".join(file.iterdump()).splitlines()
    else:
        command = ["pg_dump", "--inserts", "--dbname", os.environ["DATABASE_URL"]]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted(line for line in lines if not any(word in line for word in OF_THE_RUN))


def in_use() -> None:
    from invoicing.models import InvoiceLine, SavedView  # noqa: PLC0415
    from tests.erp_integrations.world import sage_world  # noqa: PLC0415

    sage = sage_world()
    sage.exported()
    draft = sage.base.draft(sage.commitment())
    lines = InvoiceLine.objects.filter(invoice=draft)
    assert lines.update(stored_retainage_is_typed=True, stored_retainage_set_aside=0)
    SavedView.objects.create(project=sage.base.project, person=sage.base.admin, name="Mine", query="state=draft")


def play() -> dict:
    from tests.services.killing.__main__ import make_database  # noqa: PLC0415
    from tests.services.killing.children import start, wait  # noqa: PLC0415

    make_database()
    in_use()
    new = all_there_is()
    call_command("migrate", "invoicing", BEFORE, verbosity=0)
    old = all_there_is()
    ends, halts = [], []
    for death in DEATHS:
        ends.append(wait(start(partial(migrate, *death))))
        halts.append(all_there_is())
    call_command("migrate", verbosity=0)
    differs = sorted(set(new) ^ set(all_there_is()))
    for command in ("check", "verify_events", "reconcile"):
        call_command(command)
    return {
        "killed": ends.count(None),
        "as before": [halts[0] == old, halts[1] == old, halts[2] != old, halts[3] == halts[2]],
        "differs": differs,
    }


if __name__ == "__main__":
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "SECRET_KEY": "only for tests"}
    django.setup()
    print(json.dumps(play()))
