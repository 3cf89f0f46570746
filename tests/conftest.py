"""What every test gets: its own folder for files, and a browser where the machine has one."""

import gc
import os
import socket
import time
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.backends.postgresql.base import DatabaseOperations as PostgresqlOperations
from django.db.backends.sqlite3.base import DatabaseOperations as SqliteOperations
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone
from django.utils.http import urlencode

from directory import server_clock, sign_ins
from directory.queue import BROKER
from tests import databases, remembered
from tests.browser import CHROMIUM
from tests.services.outages import missing_servers

# Playwright's synchronous interface keeps an event loop in this thread; Django would refuse its ORM there.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
DATABASE = {"db", "transactional_db", "live_server"}
# Begun first, the longest before the others, so that no worker is left alone with one of them at the end.
LONG = (
    "browser/test_by_keyboard.py",
    "invoicing/calculations/test_properties.py",
    "invoicing/test_walks.py",
    "browser/test_pages.py",
    "test_odd_values.py",
    "test_access_matrix.py",
    "services/test_killed_worker.py",
    "services/test_hosts.py",
    "browser/test_main_job.py",
    "test_races.py",
    "directory/test_rights_in_between.py",
    "test_no_leak.py",
    "erp_integrations/sage100/test_workbook.py",
    "services/test_demo_command.py",
    "services/test_restoring.py",
    "services/test_outages.py",
    "services/test_killed_migrate.py",
    "erp_integrations/test_sweepers.py",
)


def pytest_collection_finish():
    """Thousands of tests, and all that they import, are looked through by no collection of garbage any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_collection_modifyitems(items):
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONG)}
    items.sort(key=lambda item: ranks.get(item.path, len(LONG)))
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE & set(item.fixturenames):
            item.add_marker("database")
    if (missing := missing_servers()) and os.environ.get("REQUIRE_SERVERS"):
        raise pytest.UsageError(f"REQUIRE_SERVERS is set and one was not found (apt-get install {' '.join(missing)}).")
    if CHROMIUM:
        return
    if os.environ.get("REQUIRE_BROWSER"):
        raise pytest.UsageError("REQUIRE_BROWSER is set and no Chromium was found (apt-get install chromium).")
    skip = pytest.mark.skip(reason="no Chromium on this machine: apt-get install chromium")
    for item in items:
        if "browser" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_modify_db_settings, django_db_blocker):
    """As pytest-django does it, but on a copy of a migrated database."""
    with django_db_blocker.unblock(), databases.one_at_a_time():
        made = setup_databases(verbosity=0, interactive=False, keepdb=True)
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker):
    """A transaction around a module none of whose tests commits: what is written in it stands for each of them.

    Django begins and takes back each test inside it. It yields what lets a module's own fixtures write.
    """
    around = transaction.atomic()
    around._from_testcase = True  # an act that must be the outermost transaction takes a test's for none
    with django_db_blocker.unblock():
        around.__enter__()
    yield django_db_blocker.unblock
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        around.__exit__(None, None, None)


@pytest.fixture(scope="session", autouse=True)
def _forms_are_sent_as_browsers_send_them():
    """In parts only where a file goes along; Django's client puts each form in parts, which takes ten times as long."""
    post_in_parts = Client.post

    def post(self, path, data=None, content_type=MULTIPART_CONTENT, *args, **rest):
        if content_type is MULTIPART_CONTENT and isinstance(data, dict) and not any(map(holds_a_file, data.values())):
            data, content_type = urlencode(data, doseq=True), "application/x-www-form-urlencoded"
        return post_in_parts(self, path, data, content_type, *args, **rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "post", post)
        yield


def holds_a_file(value) -> bool:
    return any(hasattr(each, "read") for each in (value if isinstance(value, (list, tuple)) else [value]))


@pytest.fixture(scope="session", autouse=True)
def _nobody_elsewhere_is_asked():
    """R145: what others answer, or don't, decides no test. Redis alone may be on another host."""
    there = urlsplit(settings.REDIS_URL).hostname
    near = {info[4][0] for info in socket.getaddrinfo(there, None)} if there else set()

    def connect(self, address):
        host = address[0] if self.family in (socket.AF_INET, socket.AF_INET6) else "localhost"
        if host != "localhost" and host not in near and not ip_address(host.partition("%")[0]).is_loopback:
            raise AssertionError(f"A test asks {host}: only this machine may be asked.")
        return connect_of_python(self, address)

    connect_of_python = socket.socket.connect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        yield


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.EXPORTS_ROOT = tmp_path / "exports"
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def _append_only_tables_are_emptied_too():
    """After a test with real transactions Django empties every table; our triggers stand aside for that alone."""

    def sqlite(self, sql_list):
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = cursor.fetchall()
            for name, _ in triggers:
                cursor.execute(f"DROP TRIGGER {name}")
        flush_sqlite(self, sql_list)
        with self.connection.cursor() as cursor:
            for _, sql in triggers:
                cursor.execute(sql)

    def postgresql(self, style, tables, **_):
        """Most tables are empty, and to truncate one costs PostgreSQL a file for it and for each of its indexes."""
        deletes = [f"DELETE FROM {self.quote_name(table)}" for table in tables]
        return ["SET session_replication_role = replica", *deletes, "SET session_replication_role = DEFAULT"]

    flush_sqlite = SqliteOperations.execute_sql_flush
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteOperations, "execute_sql_flush", sqlite)
        patch.setattr(PostgresqlOperations, "sql_flush", postgresql)
        yield


@pytest.fixture(autouse=True)
def _where_a_test_patches_something_all_is_acted_out(
    monkeypatch, _append_only_tables_are_emptied_too, asked_of_the_server
):
    """What is patched before it, by fixtures of the session, is the same for all."""
    remembered.here.usual_patches = remembered.patched()


@pytest.fixture(autouse=True)
def _what_a_process_remembers_is_of_this_test_alone():
    cache.clear()
    BROKER.end()


@pytest.fixture(scope="session", autouse=True)
def asked_of_the_server():
    """Leases go by the clock that a test sets, on PostgreSQL too. Gives what asks the server, for tests of that."""
    asked = server_clock._asked
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_clock, "_asked", timezone.now)
        yield asked


@pytest.fixture(scope="session", autouse=True)
def _force_login_is_a_fresh_sign_in():
    """`client.force_login` leaves in the session what the sign-in page does: that this person just proved it."""

    def login(self, person, backend=None):
        sign_in(self, person, backend)
        session = self.session
        proof = {"method": "password", "at": time.time(), "reauthenticated": True}
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [proof]
        session[f"{AUTHENTICATION_METHODS_SESSION_KEY}_user"] = str(person.pk)
        session[sign_ins.STARTED] = session[sign_ins.USED] = time.time()
        session.save()

    sign_in = Client._login
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "_login", login)
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    quiet = (
        "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
        " --disable-component-update --disable-sync --disable-dev-shm-usage"
    )
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": quiet.split()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "locale": "en-US"}
