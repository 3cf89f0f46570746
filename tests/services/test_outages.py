"""A broker emptied, hanging or gone, and a database that crashes: accepted in time and built once (R25, R29)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.outages import missing_servers

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.kill
# With REQUIRE_SERVERS nothing begins without them (tests/conftest.py).
needs_redis, needs_postgresql = (
    pytest.mark.skipif(name in missing_servers(), reason=f"no {name} on this machine: apt-get install {name}")
    for name in ("redis-server", "postgresql")
)


def played(scene: str) -> dict:
    theirs = ("DJANGO_SETTINGS_MODULE", "PLUMBLINE_VAR", "DATABASE_URL", "REDIS_URL")
    env = {name: value for name, value in os.environ.items() if name not in theirs}
    command = [sys.executable, "-m", "tests.services.outages", scene]
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


@needs_redis
@pytest.mark.parametrize("scene", ["emptied", "stopped", "gone"])
def test_whatever_the_broker_does_an_acceptance_takes_less_than_three_seconds_and_is_built_once(scene):
    """R5, R25, G3. A round of invitations waits once for a broker that hangs, not once for each mail; the sweep finds
    them all."""
    result = played(scene)
    assert result["problems"] == [] and result["built"] == 6
    assert result["seconds"] < 3
    if scene == "stopped":
        asked = result["round"]
        assert asked["hangs"] - asked["answers"] < 3
        assert asked["due"] == 40


@needs_postgresql
def test_a_worker_goes_on_by_itself_after_the_database_crashed_under_it():
    """R29: two immediate restarts; each invoice stands once in one file."""
    result = played("database")
    assert result["problems"] == [] and result["built"] == 6
