"""On a machine without the servers that tests start, they are left out; where they are required, nothing begins."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# As on a machine where neither is installed, wherever they are on this one.
COLLECT = """
import sys, pytest
from tests.services import outages
outages.shutil.which, outages.INITDB = lambda name: None, None
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:randomly", "-n", "0", "tests/services/test_outages.py"]))
"""


@pytest.mark.parametrize("required", [False, True])
def test_where_servers_are_required_their_tests_are_not_left_out_in_silence(required):
    env = os.environ | {"REQUIRE_SERVERS": "1" if required else "", "REQUIRE_BROWSER": ""}
    said = subprocess.run([sys.executable, "-c", COLLECT], cwd=ROOT, env=env, capture_output=True, text=True)
    told = "apt-get install redis-server postgresql" in said.stderr + said.stdout
    assert (said.returncode, told) == ((4, True) if required else (0, False)), said.stdout + said.stderr
