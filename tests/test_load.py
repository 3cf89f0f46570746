"""What the load of fifty people is judged by (G14); the load itself is run before a release."""

import os
import subprocess
import sys

import pytest

from benchmarks import load
from tests.directory.test_first_run import ROOT

QUICK = [(kind, 0.1, 200) for kind in ("list", "invoice", "home") for _ in range(20)]
STEADY = {"before": 400, "after": 410}


def met(answers, memory=STEADY, seconds=120) -> bool:
    return load.is_met(load.told(answers), memory, seconds)


def test_quick_pages_of_steady_processes_meet_the_goal():
    assert met(QUICK) and met(QUICK, seconds=3600)


@pytest.mark.parametrize(
    "answers",
    [
        [*QUICK, *[("list", 0.6, 200)] * 5],
        [*QUICK, *[("invoice", 1.1, 200)] * 5],
        [*QUICK, ("home", 0.1, 502)],
        [*QUICK, ("comment", 60, 0)],
        [answer for answer in QUICK if answer[0] != "list"],
    ],
    ids=["slow lists", "slow invoices", "an error", "no answer", "no list asked for"],
)
def test_the_goal_is_missed_by(answers):
    assert not met(answers)


def test_memory_is_judged_over_an_hour():
    grown = {"before": 400, "after": 430}
    assert met(QUICK, grown, 120) and not met(QUICK, grown, 3600)


def test_it_starts_as_it_is_documented_and_says_what_it_lacks(tmp_path):
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    command = [sys.executable, "-m", "benchmarks.load"]
    run = subprocess.run(command, cwd=ROOT, env=kept | {"PLUMBLINE_VAR": tmp_path}, capture_output=True, text=True)
    assert run.returncode == 1 and "no such table" in run.stderr
