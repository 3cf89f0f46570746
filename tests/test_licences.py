"""The list of licences is that of the locked packages, and holds none that would bind who runs the program."""

import pytest

from config.management.commands.lock_packages import DOCUMENT, LOCKS, document, licences

# As somebody else may build on them: to be named, and given their own changes back at most.
FREE = ("MIT", "BSD", "Apache", "ISC", "PSF", "Python Software Foundation", "MPL", "Mozilla", "0BSD")
LGPL_AS_A_LIBRARY = {"psycopg", "psycopg-binary", "psycopg-pool"}
LOOKED_AT = {"axe-playwright-python": "MIT; axe itself MPL-2.0", "text-unidecode": "Artistic, at choice"}


def test_the_list_is_that_of_the_locked_packages():
    assert DOCUMENT.read_text() == document(), "run: python3 manage.py lock_packages"


@pytest.mark.parametrize("name", LOCKS)
def test_none_binds_who_runs_the_program(name):
    found = {package: licence for package, licence in licences(name) if not licence.startswith(FREE)}
    assert len(dict(licences(name))) > 20
    assert found.keys() <= LGPL_AS_A_LIBRARY | LOOKED_AT.keys(), found
