"""A company with its Sage lists and links for every test of the way to accounting."""

import pytest

from tests.erp_integrations.world import SageWorld, sage_world


@pytest.fixture
def sage(db) -> SageWorld:
    return sage_world()
