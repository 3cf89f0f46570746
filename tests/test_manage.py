"""`python3 manage.py anything`, called with a Python that has no packages (README: reconcile, bench)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MANAGE = Path(__file__).resolve().parents[1] / "manage.py"


def bare(folder: Path, *words: str) -> subprocess.CompletedProcess:
    """What a Python without packages makes of a copy of `manage.py` in this folder."""
    shutil.copy(MANAGE, folder)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [os.path.realpath(sys.executable), "-S", "manage.py", *words]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


@pytest.mark.skipif(os.name == "nt", reason="stands in for Python with a shell script")
def test_every_command_runs_in_the_environment_that_is_there(tmp_path):
    inside = tmp_path / ".venv" / "bin" / "python"
    inside.parent.mkdir(parents=True)
    inside.write_text('#!/bin/sh\necho "inside: $@"\nexit 7\n')
    inside.chmod(0o755)
    ran = bare(tmp_path, "reconcile", "--company", "cascade")
    assert (ran.returncode, ran.stdout) == (7, f"inside: {tmp_path}/manage.py reconcile --company cascade\n")


def test_without_one_it_says_what_installs_the_packages(tmp_path):
    ran = bare(tmp_path, "reconcile")
    assert ran.returncode == 1 and "Traceback" not in ran.stderr
    assert "manage.py demo" in ran.stderr and "selftest" in ran.stderr
