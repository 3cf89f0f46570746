"""The drawn machines are those that run."""

from config.management.commands.draw_machines import DOCUMENT, document


def test_the_diagrams_are_those_of_the_transitions():
    assert DOCUMENT.read_text() == document(), "run: python3 manage.py draw_machines"
