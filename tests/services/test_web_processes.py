"""Web processes as `deploy` runs them: one that ends is replaced, and what it counted stays counted."""

import http.client
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.services.outages import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="served from a copy of SQLite's database")
MOST = 3  # answers of a process before it is replaced
MANY = 4 * MOST


class Web:
    """gunicorn with one process; `temporary` is where it may leave things."""

    def __init__(self, folder: Path):
        self.port, self.temporary = free_port(), folder / "temporary"
        self.temporary.mkdir()
        theirs = ("DJANGO_SETTINGS_MODULE", "REDIS_URL", "DATABASE_URL")
        env = {name: value for name, value in os.environ.items() if name not in theirs}
        env |= {"PLUMBLINE_VAR": str(folder), "METRICS_TOKEN": "a watchman's", "TMPDIR": str(self.temporary)}
        command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
        command += ["-b", f"127.0.0.1:{self.port}", "--workers", "1"]
        command += ["--max-requests", str(MOST), "--max-requests-jitter", "0", "config.wsgi"]
        self.log = folder / "log"
        with self.log.open("w") as out:
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)

    @property
    def counts(self) -> Path:
        """The folder that the processes count in."""
        [found] = self.temporary.glob("plumbline-metrics-*")
        return found

    def replaced(self) -> int:
        """How many processes followed the first."""
        return self.log.read_text().count("Booting worker") - 1

    def asks(self, path: str) -> tuple[int, str]:
        """Status and text; a process that ends while it is asked is asked again, as a proxy would."""
        until = time.monotonic() + 60
        while True:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                line.request("GET", path, headers={"Authorization": "Bearer a watchman's"})
                answer = line.getresponse()
                return answer.status, answer.read().decode()
            except (OSError, http.client.HTTPException):
                assert time.monotonic() < until and self.process.poll() is None, self.log.read_text()
                time.sleep(0.1)
            finally:
                line.close()

    def ends(self) -> int:
        self.process.terminate()
        return self.process.wait(40)


@pytest.fixture
def web(django_db_setup, django_db_blocker, tmp_path):
    with django_db_blocker.unblock():
        source = sqlite3.connect(connection.settings_dict["NAME"])
    with closing(source), closing(sqlite3.connect(tmp_path / "plumbline.sqlite3")) as target:
        source.backup(target)
    web = Web(tmp_path)
    yield web
    if web.process.poll() is None:
        web.ends()


def lives(web: Web) -> int:
    """How many answers at /livez the metrics tell of."""
    status, text = web.asks("/metrics")
    assert status == 200, web.log.read_text()
    return int(float(re.search(r'answer_seconds_count\{address="livez",method="GET",status="2xx"\} (\S+)', text)[1]))


def test_processes_that_are_replaced_go_on_counting_and_no_count_is_worth_an_answer(web):
    assert [web.asks("/livez")[0] for _ in range(MANY)] == [200] * MANY
    assert lives(web) == MANY and web.replaced() >= 1
    assert [path.name for path in web.counts.iterdir()] == ["histogram_1.db"], "each goes on in the file of the last"
    shutil.rmtree(web.counts)
    assert [web.asks("/livez")[0] for _ in range(MANY)] == [200] * MANY
    assert web.log.read_text().count("answers_not_counted") >= 1


def test_somebody_who_is_not_signed_in_holds_no_thread_with_a_long_form(web):
    """R116: two bytes of many, twice as many times as there are threads; each is answered, pages come meanwhile."""
    assert web.asks("/livez")[0] == 200
    length = settings.BODY_OF_STRANGERS_MAX_BYTES + 1
    with ExitStack() as lines:
        held = [lines.enter_context(socket.create_connection(("127.0.0.1", web.port), 30)) for _ in range(4)]
        for line in held:
            head = f"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}"
            line.sendall(f"{head}\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=".encode())
        assert web.asks("/livez")[0] == 200
        answers = [line.recv(65536) for line in held]
    assert all(answer.startswith(b"HTTP/1.1 413 ") for answer in answers), web.log.read_text()


def test_nothing_is_left_behind_when_it_ends(web):
    assert web.asks("/livez")[0] == 200 and web.counts.is_dir()
    assert web.ends() == 0
    assert not list(web.temporary.glob("plumbline-metrics-*"))
