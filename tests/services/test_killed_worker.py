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

from tests.services.killing.children import ACCEPT_DEATHS, BUILD_DEATHS, HALF, MAKE_DEATHS

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS = int(os.environ.get("TRIALS", "1000"))  # jobs that are killed once or twice; each has its own outcome (M13)
WORKER_KILLS = 5
EACH = max(2, TRIALS // 20)  # at each named point: 50 of a thousand (G1)
SECONDS = max(900, 3 * TRIALS)

pytestmark = [pytest.mark.kill, pytest.mark.database, pytest.mark.timeout(SECONDS + 10)]


@pytest.fixture(scope="module")
def result() -> dict:
    """One run of every part; `TRIALS` asks for a longer one."""
    env = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "PLUMBLINE_VAR")}
    command = [sys.executable, "-m", "tests.services.killing", f"--trials={TRIALS}", f"--worker-kills={WORKER_KILLS}"]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_so_many_jobs_were_killed_and_each_of_them_came_to_stand_in_one_file(result):
    """G1: 0 doubled and 0 lost of a thousand trials, on each database."""
    jobs = result["jobs"]
    assert jobs["trials"] >= TRIALS
    assert jobs["outcomes"] == {"once": jobs["trials"]}


@pytest.mark.parametrize("death", [*ACCEPT_DEATHS, *BUILD_DEATHS], ids=str)
def test_enough_jobs_were_killed_at_each_named_point(result, death):
    """G1, R3."""
    assert result["jobs"]["hits"].get(str(death), 0) >= EACH


def test_jobs_were_killed_at_random_times_too(result):
    assert result["jobs"]["hits"].get("at a random time", 0) >= TRIALS // 100


def test_a_worker_that_dies_within_the_file_leaves_half_of_it(result):
    """R3: mid-write is neither before the file nor after it."""
    assert result["audit"]["hits"]["torn"] >= result["jobs"]["hits"][f"after {HALF}"]


def test_no_process_ended_in_a_way_nobody_expected(result):
    for part in ("jobs", "workers", "makings", "makers"):
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
