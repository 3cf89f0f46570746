"""Nothing is exported twice and nothing is lost, whenever the processes that accept and build are killed (R3, G1).

Real processes on a database of their own (SQLite in a file; PostgreSQL when DATABASE_URL is set), a real Celery worker
on the real queue, and a naive exporter that shows that the harness would notice.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.killing.children import ACCEPT_DEATHS, BUILD_DEATHS, MAKE_DEATHS

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = int(os.environ.get("KILLS", "1000"))
WORKER_KILLS = 5
EACH = max(4, KILLS // 20)  # of each named step: 50 of a thousand (G1), half before it and half after it
SECONDS = max(600, KILLS)

pytestmark = [pytest.mark.kill, pytest.mark.database, pytest.mark.timeout(SECONDS + 10)]


@pytest.fixture(scope="module")
def result() -> dict:
    """One run of every part; `KILLS` asks for a longer one."""
    env = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "PLUMBLINE_VAR")}
    command = [sys.executable, "-m", "tests.services.killing", f"--kills={KILLS}", f"--worker-kills={WORKER_KILLS}"]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize(("part", "deaths"), [("acceptances", ACCEPT_DEATHS), ("builds", BUILD_DEATHS)])
def test_enough_processes_were_killed_before_and_after_every_step(result, part, deaths):
    hits = result[part]["hits"]
    assert {str(death) for death in deaths if hits.get(str(death), 0) < EACH // 2} == set()
    assert hits["at a random time"] >= 10


def test_enough_processes_were_killed(result):
    assert result["acceptances"]["kills"] + result["builds"]["kills"] >= KILLS


def test_no_process_ended_in_a_way_nobody_expected(result):
    for part in ("acceptances", "builds", "workers", "makings", "makers"):
        assert result[part]["problems"] == []


def test_of_four_clicks_at_once_one_person_wins(result):
    """R1, R2."""
    assert result["races"]["trials"] >= 10
    assert result["races"]["problems"] == []


def test_a_real_worker_was_killed_and_started_again(result):
    assert result["workers"]["kills"] >= WORKER_KILLS


def test_every_accepted_invoice_stands_once_in_exactly_one_file_to_the_cent(result):
    """E-1, E-2, E-7: 0 doubled, 0 lost, hashes right, one event and one mail each, control totals equal."""
    assert result["audit"]["problems"] == []


def test_a_file_made_for_a_person_is_ready_once_and_whole_whatever_was_killed(result):
    """Decision 23: at each step, and with a real worker; nothing is left beside the files that rows name."""
    hits = result["makings"]["hits"]
    assert {str(death) for death in MAKE_DEATHS if not hits.get(str(death))} == set()
    assert result["makers"]["kills"] >= 1 and result["makers"]["trials"] == 4
    assert result["made"]["problems"] == []


def test_the_harness_notices_a_naive_exporter(result):
    """R143: read, check, write, without a claim or a unique place, doubles."""
    assert result["control"]["hits"]["doubled"] > 0
