"""A host that is gone without a word, its connections never closed: what it had locked is free soon (section 5)."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import LockNotAvailable

from tests.services.outages import Cluster
from tests.services.test_outages import ROOT, needs_postgresql

pytestmark = [pytest.mark.kill, needs_postgresql]

# What a process of the site says of its connection; then it holds a row until somebody ends it.
HOLDS = """
import socket, sys, time
import django; django.setup()
from django.db import connection, transaction
with transaction.atomic(), connection.cursor() as cursor:
    for name in ("idle_in_transaction_session_timeout", "tcp_keepalives_idle", "lock_timeout"):
        cursor.execute(f"SHOW {name}")
        print(cursor.fetchone()[0])
    with socket.socket(fileno=connection.connection.fileno()) as line:
        if line.family == socket.AF_INET:
            print(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))
            print(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
        line.detach()
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{sys.argv[1]}'")
    cursor.execute("SELECT id FROM kept WHERE id = 1 FOR UPDATE")
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def cluster():
    folder = Path(tempfile.mkdtemp(prefix="plumbline-lost-"))
    folder.chmod(0o755)
    server = Cluster(folder)
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (id int PRIMARY KEY)")
        connection.execute("INSERT INTO kept VALUES (1)")
    yield server
    server.end()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def holder(cluster, tmp_path):
    """(which address of the server, after what time it counts as gone) -> what it says of its connection."""
    started = []

    def hold(url: str, patience: str) -> list[str]:
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "PLUMBLINE_VAR": str(tmp_path)}
        env |= {"DATABASE_URL": url, "SECRET_KEY": "only for tests"}
        command = [sys.executable, "-c", HOLDS, patience]
        started.append(subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True))
        said = []
        while (line := started[-1].stdout.readline().strip()) != "held":
            assert line, "it never held the row"
            said.append(line)
        started[-1].send_signal(signal.SIGSTOP)
        return said

    yield hold
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def seconds_until_free(cluster, *, at_most: str) -> float:
    with psycopg.connect(cluster.url) as other:
        other.execute(f"SET lock_timeout = '{at_most}'")
        began = time.monotonic()
        other.execute("UPDATE kept SET id = id WHERE id = 1")
        return time.monotonic() - began


def test_what_a_host_that_is_gone_had_locked_is_free_after_its_time(cluster, holder):
    said = holder(cluster.url, "2s")
    assert said == ["1min", "30", "10s", "10", "15000"]
    assert seconds_until_free(cluster, at_most="20s") < 15


def test_it_is_the_time_alone_that_frees_it(cluster, holder):
    """The control: as it would be without it."""
    holder(cluster.url, "0")
    with pytest.raises(LockNotAvailable):
        seconds_until_free(cluster, at_most="4s")


def test_over_a_unix_socket_all_of_it_is_taken_too(cluster, holder):
    said = holder(cluster.url_of_socket, "2s")
    assert said == ["1min", "0", "10s"], "between processes of one kernel there is nothing to ask"
    assert seconds_until_free(cluster, at_most="20s") < 15
