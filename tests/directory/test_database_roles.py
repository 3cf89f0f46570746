"""On PostgreSQL the application's own role cannot touch the record, whatever code it runs (R120, M17)."""

from io import StringIO

import pytest
from celery.signals import worker_ready
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from directory.checks import check_role
from directory.models import Event, EventSeal
from directory.triggers import APPEND_ONLY
from erp_integrations.actions import results
from erp_integrations.actions.batches import download
from erp_integrations.exporting import ledgers
from erp_integrations.tasks import sweep_on_start
from invoicing.actions import comments, invitations
from invoicing.models import InvoiceType, Submission
from tests.directory.test_first_run import GOOD, SERVE
from tests.directory.test_first_run import run as start
from tests.erp_integrations.test_reconciliations import compared, row_of
from tests.erp_integrations.world import sage_world
from tests.factories import world

pytestmark = pytest.mark.django_db
ROLE = "plumbline_app_of_the_tests"
OWNER = "plumbline_owner_of_the_tests"
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles")


def run(sql: str):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def refused(sql: str, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        run(sql)


@pytest.fixture
def w():
    return world()


@pytest.fixture
def as_the_application(w):
    """A world the owner made; from here on everything is done as the application's role."""
    made = (w, w.commitment(), w.period(), w.submitted())
    EventSeal.objects.append()
    run("SET CONSTRAINTS ALL IMMEDIATE")
    call_command("database_roles", "--app-role", ROLE, "--apply")
    run(f"SET SESSION AUTHORIZATION {ROLE}")
    yield made
    run("RESET SESSION AUTHORIZATION")


def test_the_list_of_append_only_tables_is_that_of_the_triggers():
    if connection.vendor == "postgresql":
        found = run("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_append_only'")
    else:
        found = run("SELECT tbl_name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%is append-only%'")
    assert {table for (table,) in found} == set(APPEND_ONLY)


@on_postgresql
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_the_application_may_neither_change_nor_empty_nor_unguard_a_table_of_record(as_the_application, table):
    column = "digest" if table == "directory_eventseal" else "id"
    refused(f"UPDATE {table} SET {column} = {column}", "permission denied")
    refused(f"DELETE FROM {table}", "permission denied")
    refused(f"TRUNCATE {table} CASCADE", "permission denied")
    refused(f"ALTER TABLE {table} DISABLE TRIGGER ALL", "must be owner")
    refused(f"DROP TRIGGER {table}_append_only ON {table}", "must be owner")
    refused(f"DROP TABLE {table} CASCADE", "must be owner")
    refused(f"CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE sql AS ''", "permission denied")


@on_postgresql
def test_the_application_may_not_switch_triggers_off_for_its_session_nor_become_somebody_else(as_the_application):
    refused("SET session_replication_role = replica", "permission denied")
    refused("SET ROLE postgres", "permission denied")
    refused("CREATE TABLE shadow (id int)", "permission denied")
    refused("DELETE FROM django_migrations", "permission denied")
    refused(f"ALTER ROLE {ROLE} SUPERUSER", "must be superuser|permission denied")


@on_postgresql
def test_the_days_work_goes_through_as_the_application(as_the_application):
    w, commitment, period, earlier = as_the_application
    submissions, events = Submission.objects.count(), Event.objects.count()
    [invited] = invitations.invite(period, [commitment], InvoiceType.WORK_AND_RELEASE, by=w.admin)
    assert invited.invitation.pk
    w.submitted(w.draft(commitment, period))
    assert Submission.objects.count() == submissions + 1
    assert Event.objects.count() > events
    assert EventSeal.objects.append() == Event.objects.count() - events


@on_postgresql
def test_a_table_that_is_made_later_is_ready_for_the_application(as_the_application):
    run("RESET SESSION AUTHORIZATION")
    run("CREATE TABLE made_later (id serial PRIMARY KEY, words text)")
    run(f"SET SESSION AUTHORIZATION {ROLE}")
    run("INSERT INTO made_later (words) VALUES ('x')")
    run("UPDATE made_later SET words = 'y'")
    refused("TRUNCATE made_later", "permission denied")


@on_postgresql
def test_the_sql_is_printed_and_nothing_is_done_without_being_told():
    out = StringIO()
    call_command("database_roles", "--app-role", "never_made", stdout=out)
    assert "REVOKE UPDATE, DELETE ON directory_event, directory_eventseal" in out.getvalue()
    assert run("SELECT 1 FROM pg_roles WHERE rolname = 'never_made'") == []


@on_postgresql
def test_nobody_takes_their_own_rights_away():
    [(me,)] = run("SELECT current_user")
    with pytest.raises(CommandError, match="nobody limits themselves"):
        call_command("database_roles", "--app-role", me, "--apply")


@pytest.fixture
def as_an_owner_who_is_no_administrator():
    """The database and its tables belong to a role that may make roles and nothing else."""
    run(f"CREATE ROLE {OWNER} CREATEROLE")
    run(f"ALTER DATABASE {connection.ops.quote_name(connection.settings_dict['NAME'])} OWNER TO {OWNER}")
    for (table,) in run("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        run(f"ALTER TABLE {table} OWNER TO {OWNER}")
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run(f"SET SESSION AUTHORIZATION {OWNER}")
    yield
    run("RESET SESSION AUTHORIZATION")


@on_postgresql
def test_an_owner_who_may_make_roles_needs_no_administrator(as_an_owner_who_is_no_administrator):
    for _ in range(2):
        call_command("database_roles", "--app-role", ROLE, "--apply")
    assert run(f"SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = '{ROLE}'") == [(True, False)]


@on_postgresql
def test_a_role_that_may_too_much_is_told_of_to_an_owner_who_cannot_take_it_away(as_an_owner_who_is_no_administrator):
    run("RESET SESSION AUTHORIZATION")
    run(f"CREATE ROLE {ROLE} LOGIN BYPASSRLS")
    call_command("database_roles", "--app-role", ROLE, "--apply")
    assert run(f"SELECT rolbypassrls FROM pg_roles WHERE rolname = '{ROLE}'") == [(False,)]
    run(f"ALTER ROLE {ROLE} SUPERUSER")
    run(f"SET SESSION AUTHORIZATION {OWNER}")
    with pytest.raises(DatabaseError, match="superuser|permission denied"), transaction.atomic():
        call_command("database_roles", "--app-role", ROLE, "--apply")


@pytest.mark.parametrize("name", ["app; DROP TABLE x", "App", "", "a" * 64])
def test_a_role_has_a_plain_name(name):
    with pytest.raises(CommandError):
        call_command("database_roles", "--app-role", name)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="INSERT OR REPLACE is SQLite's")
@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_of_record_is_replaced_on_sqlite(table):
    """M17: REPLACE would go round the trigger that guards deletes, but for recursive_triggers."""
    sage = sage_world()
    batch = sage.built()
    download(batch, "xlsx", by=sage.base.staff)
    export = batch.items.get().invoice_export
    results.report_refusal(export, by=sage.approver, message="Job is closed")
    compared(sage, row_of(export))
    ledgers.check(sage.company)
    comments.comment(sage.base.submitted(), "Please send the photos", by=sage.base.admin)
    EventSeal.objects.append()
    assert run("PRAGMA recursive_triggers") == [(1,)]
    key = "position" if table == "directory_eventseal" else "id"
    refused(
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})",
        "append-only",
    )
    refused(f"UPDATE {table} SET {key} = {key}", "append-only")
    refused(f"DELETE FROM {table}", "append-only")


@on_postgresql
def test_while_the_password_changes_a_second_role_may_what_the_first_may_and_no_more(as_the_application):
    """As operations.md has it made, under "New keys"."""
    w, commitment, period, invoice = as_the_application
    run("RESET SESSION AUTHORIZATION")
    run(f"CREATE ROLE {ROLE}_spare LOGIN PASSWORD 'x' IN ROLE {ROLE}")
    run(f"SET SESSION AUTHORIZATION {ROLE}_spare")
    assert comments.comment(invoice, "Seen on site.", by=w.admin).pk
    refused("UPDATE directory_event SET id = id", "permission denied")
    refused("ALTER TABLE directory_event DISABLE TRIGGER ALL", "must be owner")


@on_postgresql
def test_a_site_that_works_as_the_owner_of_its_record_is_told(w, settings):
    """R120: it could switch off the triggers."""
    settings.EMBEDDED = settings.DEMO = False
    [told] = check_role(None, databases=["default"])
    assert told.id == "directory.W002" and "database_roles --apply" in told.hint
    assert check_role(None, databases=None) == []
    call_command("database_roles", "--app-role", ROLE, "--apply")
    run(f"SET SESSION AUTHORIZATION {ROLE}")
    assert check_role(None, databases=["default"]) == []
    run("RESET SESSION AUTHORIZATION")
    settings.DEMO = True
    assert check_role(None, databases=["default"]) == []


@on_postgresql
def test_migrate_says_nothing_of_its_role_and_a_web_process_does(tmp_path):
    """R120: the owner is who has to migrate, and nobody who should serve."""
    given = connection.settings_dict
    host = f"{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}"
    url = f"postgres://{given['USER']}:{given['PASSWORD']}@{host}/{given['NAME']}"
    environment, told = GOOD | {"DATABASE_URL": url}, "may switch off what guards it"
    planned = start(["manage.py", "migrate", "--plan"], environment, tmp_path)
    assert planned.returncode == 0 and told not in planned.stderr
    checked = start(["manage.py", "check", "--deploy", "--database", "default"], environment, tmp_path)
    assert told in checked.stderr
    served = start(SERVE, environment, tmp_path)
    assert "serving" in served.stdout and (served.stdout + served.stderr).count(told) == 1
    assert "serves_as_the_owner" in served.stdout + served.stderr


def test_a_worker_says_so_too(monkeypatch):
    """R120."""
    asked = []
    monkeypatch.setattr("config.celery.tell_of_the_role", lambda: asked.append("role"))
    worker_ready.disconnect(sweep_on_start)
    try:
        worker_ready.send(sender=None)
    finally:
        worker_ready.connect(sweep_on_start)
    assert asked == ["role"]


def test_a_database_that_is_away_stops_no_process_from_starting(tmp_path):
    away = GOOD | {"DATABASE_URL": "postgres://plumbline@127.0.0.1:9/plumbline"}
    assert "serving" in start(SERVE, away, tmp_path).stdout
