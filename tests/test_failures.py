"""What somebody reads when it was us who failed: which of it is known, what to do, and the number that the log has."""

import json
import logging
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test import Client
from django.urls import reverse
from structlog.testing import capture_logs

from invoicing.models import Invoice
from tests.directory.test_logs import lines  # noqa: F401 (a fixture)
from tests.factories import world
from tests.invoicing.pages import at
from tests.services.outages import free_port

ROOT = Path(__file__).resolve().parent.parent
LOOK = "it may or may not have been saved: look before you send it again"
NUMBER = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BEGINNING = re.compile(r"Request ([0-9a-f]{8})\b")


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def read(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def read_of(answer) -> str:
    return read(answer.content.decode())


def fails(error: Exception):
    def fail(*_, **__):
        raise error

    return fail


# A mistake of ours


@pytest.mark.django_db
def test_a_broken_page_tells_the_number_that_the_log_has(client, lines, monkeypatch):  # noqa: F811
    monkeypatch.setattr("config.health.background.seconds", fails(ZeroDivisionError()))
    answer = client.get("/readyz")
    assert answer.status_code == 500 and "Something broke on our side" in read_of(answer)
    [number] = NUMBER.findall(read_of(answer))
    told = [line for line in lines() if re.search(r"request_failed|Internal Server Error", line)]
    assert len(told) == 2 and all(number in line for line in told)


@pytest.mark.django_db
def test_every_page_tells_how_its_number_begins(client):
    """Eight characters find it in the log; the rest would weigh more than a page of 500 lines has left (screens 11)."""
    there = world()
    client.force_login(there.admin)
    first, second = (BEGINNING.findall(read_of(client.get("/me/"))) for _ in range(2))
    assert len(first) == len(second) == 1 and first != second
    assert BEGINNING.findall(read_of(client.get("/there/is/no/such/page/")))


@pytest.mark.django_db
def test_each_answer_leaves_a_line_with_who_where_and_how_long_and_no_secret_address(client):
    there = world()
    client.force_login(there.admin)
    with capture_logs() as logs:
        client.get("/me/")
        client.get(reverse("invitation", args=["canary-token"]))
    own, other = (line for line in logs if line["event"] == "answered")
    assert (own["address"], own["method"], own["status"]) == ("profile", "GET", 200) and own["milliseconds"] >= 0
    assert other["address"] == "invitation" and "canary-token" not in repr(other)


@pytest.mark.django_db
def test_the_line_says_which_bill_somebody_looked_at(client):
    """ASVS 16.3.2: who takes a file away or decides is on record; of who only looks the log alone tells."""
    there = world()
    invoice = there.draft()
    client.force_login(there.admin)
    with capture_logs() as logs:
        client.get(at(invoice))
    [line] = (line for line in logs if line["event"] == "answered")
    told = {"project": there.project.slug, "number": invoice.commitment.number, "position": "1", "status": 200}
    assert line.items() >= told.items()


@pytest.mark.django_db
def test_the_line_says_whose_request_it_was(client, lines, caplog):  # noqa: F811
    caplog.set_level(logging.INFO, "answers")  # as it is in production
    there = world()
    client.force_login(there.admin)
    client.get("/me/")
    [line] = [line for line in lines() if "answered" in line]
    assert re.search(rf"user_id\W+{there.admin.pk}\b", line) and NUMBER.search(line)


# A database that is away

AWAY = """
import json
import django; django.setup()
from django.test import Client
client = Client(raise_request_exception=False, headers={"host": "bills.test"})
told = []
for method, path in (("get", "/livez"), ("post", "/accounts/login/"), ("get", "/"), ("get", "/p/any/"), ("post", "/")):
    answer = getattr(client, method)(path, {"login": "a@b.example", "password": "x"})
    told.append([path, answer.status_code, answer.get("Retry-After"), answer.content.decode()])
    if path != "/livez": client.cookies["sessionid"] = "somebody's session"
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """What a site of its own answers whose database refuses every connection."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "SECRET_KEY": "only for tests"}
    env |= {"PLUMBLINE_VAR": str(tmp_path_factory.mktemp("var")), "ALLOWED_HOSTS": "bills.test"}
    env |= {"SITE_URL": "http://bills.test", "REDIS_URL": ""}
    env |= {"DATABASE_URL": f"postgres://postgres@127.0.0.1:{free_port()}/none"}
    run = subprocess.run([sys.executable, "-c", AWAY], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return json.loads(run.stdout.splitlines()[-1])


def test_without_a_database_a_process_is_alive_and_every_page_says_what_is_wrong(away):
    """R132: a sign-in asks for it in its view, who is signed in long before that, and again on the way back."""
    (watched, alive, *_), *asked = away
    assert (watched, alive) == ("/livez", 200)
    for path, status, retry_after, page in asked:
        assert (status, retry_after) == (503, "10"), path
        words = read(page)
        assert "The database does not answer" in words and LOOK in words and NUMBER.search(words)


# A database that is busy


@contextmanager
def held():
    """Somebody else has begun to change every invoice, and does not come to an end."""
    begun, over = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            list(Invoice.objects.select_for_update())
            begun.set()
            over.wait(30)
        connections.close_all()

    somebody = threading.Thread(target=hold)
    somebody.start()
    assert begun.wait(30)
    yield
    over.set()
    somebody.join()


@pytest.mark.django_db(transaction=True)
def test_who_waited_too_long_for_somebody_else_reads_to_look_and_try_again(client):
    """A real lock: of rows on PostgreSQL, of the whole file on SQLite."""
    there = world()
    comments = at(there.draft(there.commitment()), "invoice-comment")
    client.force_login(there.admin)
    patience = "SET lock_timeout = 100" if connection.vendor == "postgresql" else "PRAGMA busy_timeout = 100"
    with connection.cursor() as cursor:
        cursor.execute(patience)
    try:
        with held():
            answer = client.post(comments, {"comment-words": "Hello"})
    finally:
        connection.close()
    assert answer.status_code == 503
    assert "Somebody else is working on the same" in read_of(answer) and LOOK in read_of(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("cause", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_who_met_somebody_else_in_a_circle_reads_the_same(cause, client, monkeypatch):
    """R45: PostgreSQL ends one of two that wait for each other."""
    error = OperationalError()
    error.__cause__ = cause()
    monkeypatch.setattr("config.health.HttpResponse", fails(error))
    assert "Somebody else is working on the same" in read_of(client.get("/livez"))


@pytest.mark.django_db
def test_a_statement_that_cannot_be_is_a_mistake_of_ours_and_no_outage(client, monkeypatch):
    def asks_for_nothing_there(*_, **__):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM there_is_no_such_table")

    monkeypatch.setattr("config.health.HttpResponse", asks_for_nothing_there)
    assert client.get("/livez").status_code == 500
