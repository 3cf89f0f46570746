"""The rights of the role the application runs as, on PostgreSQL: it does its work and cannot touch the record (R120).

Prints the SQL; with `--apply` runs it, connected as the owner of the tables, who migrates. Run it after each `migrate`.
"""

import re

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from directory.triggers import APPEND_ONLY

ROLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser):
        parser.add_argument("--app-role", default="plumbline_app", help="the role the web processes and workers run as")
        parser.add_argument("--apply", action="store_true", help="run it, instead of only printing it")

    def handle(self, *args, **options):
        role = options["app_role"]
        if not ROLE_NAME.fullmatch(role):
            raise CommandError("Name the role in small letters, digits and underscores.")
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles; its triggers are all there is. Set DATABASE_URL to PostgreSQL.")
        statements = statements_for(role)
        if options["apply"]:
            apply(role, statements)
        else:
            self.stdout.write("\n".join(f"{statement};" for statement in statements))


def apply(role: str, statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        if cursor.fetchone()[0] == role:
            raise CommandError(f"You are {role}. Connect as the owner of the tables: nobody limits themselves.")
        for statement in statements:
            cursor.execute(statement)


def statements_for(role: str) -> list[str]:
    """Everything once more from nothing, so that running it twice changes nothing.

    Whoever owns the database may run all of it, but for the first two: a role is made by CREATEROLE, and what only an
    administrator gives, only an administrator takes away. Both ask first whether there is anything to do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        database = connection.ops.quote_name(cursor.fetchone()[0])
    never_changed = ", ".join(APPEND_ONLY)
    return [
        f"""DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN CREATE ROLE {role} LOGIN; END IF;
END $$""",
        f"""DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}'
            AND (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)) THEN
        ALTER ROLE {role} NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    END IF;
END $$""",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {role}",
        f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {role}",
        f"REVOKE ALL ON SCHEMA public FROM {role}",
        f"GRANT CONNECT ON DATABASE {database} TO {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"REVOKE UPDATE, DELETE ON {never_changed} FROM {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
    ]
