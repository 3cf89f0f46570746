"""What a watchman is told: whether a process lives, whether the site can work, and what waits (issue 7, R30)."""

import gzip
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import brotli
import pytest
from django.db import DatabaseError
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from config import background
from directory.models import Mail
from directory.notifications import post
from erp_integrations.models import LedgerCheck, WorkerPulse
from tests.factories import world

pytestmark = pytest.mark.django_db


@pytest.fixture
def w():
    return world()


@pytest.fixture
def mail(w):
    told = {"about": w.project, "subject": "Send your bill", "template": "directory/emails/base", "context": {}}
    (mail,) = post(to=[w.contact], reply_to=w.admin.email, **told)
    return mail


def test_a_process_that_answers_is_alive_whatever_else_is_down(client, monkeypatch):
    monkeypatch.setattr("config.health.connection.cursor", _no_database)
    assert client.get("/livez").content == b"alive\n"


def test_without_a_database_the_site_is_not_ready(client, monkeypatch):
    monkeypatch.setattr("config.health.connection.cursor", _no_database)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "no answer"})


def _no_database():
    raise DatabaseError


def test_a_site_that_is_ready_tells_what_waits_and_since_when(mail, client):
    a_year = timedelta(days=365)
    Mail.objects.update(created_at=mail.created_at - a_year)
    WorkerPulse.objects.create(name="one", seen_at=timezone.now() - timedelta(seconds=90))
    told = client.get("/readyz").json()
    assert (told["database"], told["broker"]) == ("ok", "ok")
    assert told["oldest_waiting_mail_seconds"] >= a_year.total_seconds()
    assert 90 <= told["worker_last_seen_seconds"] < 150
    assert told["oldest_waiting_import_file_seconds"] is None


def test_a_broker_that_is_away_is_told_and_not_judged(client, monkeypatch):
    """An acceptance works without one (G3), so no watchman may take the site off the air for it."""
    monkeypatch.setattr(background.app, "connection_for_write", _no_broker)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["broker"]) == (200, "no answer")


def _no_broker():
    raise ConnectionError


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/readyz", 200), ("/metrics", 404), ("/", 400)])
def test_a_process_tells_how_it_is_when_it_is_asked_by_its_own_address_and_nothing_else(client, path, status):
    """Each web process is asked for itself, and ALLOWED_HOSTS can't know where it runs."""
    assert client.get(path, headers={"Host": "172.18.0.5:8000"}).status_code == status


# Prometheus


@pytest.fixture
def scraped(client, settings):
    """{name of a sample, with its labels: value}, as Prometheus reads it."""
    settings.METRICS_TOKEN = "a token of the watchman's"

    def scrape() -> dict:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {settings.METRICS_TOKEN}"})
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}

    return scrape


def test_metrics_are_nobodys_without_the_token(client, settings):
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "right"
    for brought in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "right¢"}, {"Authorization": "Bearer "}):
        assert client.get("/metrics", headers=brought).status_code == 404


def test_no_empty_token_opens_them(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_answers_are_counted_by_the_name_of_their_address(scraped, client):
    name = ("plumbline_answer_seconds_count", "2xx", "GET", "livez")
    before = scraped().get(name, 0)
    client.get("/livez")
    assert scraped()[name] == before + 1
    client.get("/there/is/no/such/page/4711")
    assert not any("4711" in part for key in scraped() for part in key)


def test_what_waits_is_counted_by_state(scraped, mail):
    assert scraped()["plumbline_mails", "waiting"] == 1
    Mail.objects.update(state=Mail.State.SENT, sent_at=timezone.now())
    found = scraped()
    assert (found["plumbline_mails", "waiting"], found["plumbline_mails", "sent"]) == (0, 1)


def test_what_was_given_up_is_counted(scraped, mail):
    """For an alarm: neither comes back by itself (R20, R98)."""
    Mail.objects.update(state=Mail.State.FAILED)
    found = scraped()
    assert (found["plumbline_mails", "failed"], found["plumbline_import_files", "dead"]) == (1, 0)


def test_each_worker_is_told_of_by_itself(scraped):
    """R30: one of three that takes no more work is not hidden behind the other two."""
    now = timezone.now()
    for name, seconds in (("one", 3), ("two", 900), ("of last week", 7 * 86_400)):
        WorkerPulse.objects.create(name=name, seen_at=now - timedelta(seconds=seconds))
    found = {key[1]: value for key, value in scraped().items() if key[0] == "plumbline_worker_last_seen_seconds"}
    assert found.keys() == {"one", "two"}
    assert found["one"] < 60 and 900 <= found["two"] < 960


def test_differences_of_our_own_ledgers_are_counted_as_the_last_check_found_them(scraped, w):
    for count in (3, 2):
        LedgerCheck.objects.create(company=w.company, difference_count=count)
    assert scraped()["plumbline_ledger_differences",] == 2


def test_several_processes_are_added_up(tmp_path):
    """As gunicorn's do: each counts in files of its own, and any of them tells all."""
    env = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    code = """import django; django.setup()
from config import metrics
metrics.ANSWERS.labels("livez", "GET", "2xx").observe(0.01)
from prometheus_client import CollectorRegistry, generate_latest, multiprocess
registry = CollectorRegistry(); multiprocess.MultiProcessCollector(registry)
print(generate_latest(registry).decode())"""
    for _ in range(2):
        run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    found = {s.name: s.value for family in text_string_to_metric_families(run.stdout) for s in family.samples}
    assert found["plumbline_answer_seconds_count"] == 2


# Errors told elsewhere


def test_an_error_is_told_to_sentry_without_secrets_and_only_when_asked_for():
    """A server of this machine's takes what a process sends to its SENTRY_DSN (R123)."""
    with _listening() as (address, heard):
        for dsn in ("", f"http://key@{address}/1"):
            env = os.environ | {"SENTRY_DSN": dsn, "DJANGO_SETTINGS_MODULE": "tests.settings"}
            subprocess.run([sys.executable, "-c", _FAILS], env=env, check=True, capture_output=True)
            assert bool(heard) == bool(dsn)
    told = "".join(heard)
    assert "RuntimeError" in told and "no such drill" in told
    assert "canary" not in told


_FAILS = """import django; django.setup()
import sentry_sdk
def drill(password):
    sentry_sdk.set_context("form", {"password": password})
    raise RuntimeError("no such drill at /invitations/canary-link/")
try:
    drill("canary-password")
except RuntimeError as error:
    sentry_sdk.capture_exception(error)
sentry_sdk.flush(5)"""


@contextmanager
def _listening():
    """(host and port, what was posted there, as text)."""
    heard = []

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self):  # the name that the standard library calls
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {"br": brotli.decompress, "gzip": gzip.decompress}.get(self.headers.get("Content-Encoding"), bytes)
            heard.append(unpack(body).decode())
            self.send_response(200)
            self.end_headers()

        def log_message(self, *said):
            """Nothing on the screen."""

    with HTTPServer(("127.0.0.1", 0), Hears) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", heard
        server.shutdown()
