"""Commands that read everything there is are not ended by the time that a page's statement may take."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.celery import app
from directory.unhurried import unhurried
from tests.factories import world

app.loader.import_default_modules()
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no statement_timeout"),
]


def allowed() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return cursor.fetchone()[0]


def test_within_it_no_statement_is_too_long_and_afterwards_it_is_as_before():
    assert allowed() == "30s"
    with unhurried():
        assert allowed() == "0"
    assert allowed() == "30s"


@pytest.mark.parametrize("command", ["reconcile", "verify_events"])
def test_a_command_that_reads_everything_asks_so_from_first_to_last(command):
    world()
    with CaptureQueriesContext(connection) as asked:
        call_command(command, stdout=StringIO())
    said = [each["sql"] for each in asked]
    assert (said[0], said[-1]) == ("SET statement_timeout = 0", "RESET statement_timeout")
    assert len(said) > 3


@pytest.mark.parametrize(
    "task",
    [
        "directory.tasks.check_levels",
        "directory.tasks.clear_sessions",
        "directory.tasks.note_head_of_events",
        "erp_integrations.tasks.check_ledgers",
        "invoicing.tasks.sweep_attachments",
    ],
)
def test_so_does_what_reads_everything_at_night(task):
    world()
    with CaptureQueriesContext(connection) as asked:
        app.tasks[task]()
    said = [each["sql"] for each in asked]
    assert (said[0], said[-1]) == ("SET statement_timeout = 0", "RESET statement_timeout")


def test_what_a_command_finds_is_told_and_the_time_is_as_before():
    with pytest.raises(CommandError):
        call_command("reconcile", "--company", "nowhere")
    assert allowed() == "30s"
