from importlib import import_module

from django.db import migrations

from directory.triggers import put_back, status_moves

TABLE, MOVES = "invoicing_invoice", import_module("invoicing.migrations.0002_triggers").MOVES


class Migration(migrations.Migration):
    """0015 added columns to the table, which SQLite makes anew for it, without its triggers."""

    dependencies = [("invoicing", "0017_rounds_of_invites")]
    operations = [put_back(status_moves(TABLE, ("draft",), MOVES), TABLE)]
