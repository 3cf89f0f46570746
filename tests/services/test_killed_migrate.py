"""A `migrate` that is killed leaves nothing half there, and goes on when it is run again (R128)."""

import json

import pytest

from tests.services.migrating import DEATHS
from tests.services.test_restoring import Site

pytestmark = [pytest.mark.kill, pytest.mark.database]


def test_a_migrate_that_is_killed_takes_back_the_migration_it_was_at_and_goes_on_when_it_is_run_again(tmp_path):
    """R128: what is billed, built and kept is there to the cent, and so is all that guards it."""
    site = Site(tmp_path)
    (tmp_path / "var").mkdir()
    site.with_a_new_database()
    try:
        ended = site.run("-m", "tests.services.migrating")
    finally:
        site.end()
    assert ended.returncode == 0, ended.stdout + ended.stderr[-3000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told == {"killed": len(DEATHS), "as before": [True] * 4, "differs": []}
