"""`manage.py demo`, started as a newcomer starts it: site, worker and scheduler, with no other service."""

import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def demo(tmp_path):
    """(address, its output so far) of a running demo with a folder of its own."""
    port = free_port()
    settings = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DJANGO_SETTINGS_MODULE")
    env = {key: value for key, value in os.environ.items() if key not in settings}
    env |= {"PLUMBLINE_VAR": str(tmp_path / "var"), "PYTHONUNBUFFERED": "1", "NO_BOOTSTRAP": "1"}
    log = tmp_path / "demo.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for(lambda: "Plumbline is ready" in log.read_text() or process.poll() is not None, 240)
        assert process.poll() is None, log.read_text()
        yield f"http://127.0.0.1:{port}", log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0, "a web process outlived the demo"


def wait_for(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)


def test_the_demo_opens_a_site_whose_worker_builds_a_file_and_sends_the_mail(demo):
    address, log = demo
    people = re.findall(r"\S+@\S+\.example", log.read_text())
    assert {"dana@cascade.example", "lee@acme.example", "sam@cascade.example"} <= set(people)
    with urllib.request.urlopen(address) as page:
        assert page.status == 200
        text = page.read().decode()
    assert "Plumbline" in text
    sheet = re.search(r'href="/(static/css/site\.[0-9a-f]{12}\.css)"', text)[1]
    asked = urllib.request.Request(f"{address}/{sheet}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked) as css:
        assert css.headers["Content-Encoding"] == "gzip" and int(css.headers["Content-Length"]) < 12_000
    var = Path(log.parent / "var")
    wait_for(lambda: len(list((var / "exports").glob("*/*.xlsx"))) == 2, 60)  # one came with the company
    wait_for(lambda: list((var / "mail").glob("*")), 60)
    assert compared(var / "plumbline.sqlite3") == {"found": 1, "missing": 1, "amount": 1, "others": 1}


def compared(database: Path) -> dict[str, int]:
    """{outcome of the company's comparison with Sage's list: how many}, and the rows of Sage's that are not ours."""
    with closing(sqlite3.connect(database)) as connection:
        kinds = connection.execute("SELECT kind, count(*) FROM erp_integrations_outcome GROUP BY kind").fetchall()
        [(others,)] = connection.execute("SELECT others_count FROM erp_integrations_reconciliation").fetchall()
    return dict(kinds) | {"others": others}
