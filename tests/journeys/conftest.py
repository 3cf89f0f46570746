"""Visitors who sign in through the page, and a worker for what they leave behind."""

import pytest

from tests.journeys.visitor import Visitor, Worker


@pytest.fixture
def visitor(db, django_capture_on_commit_callbacks):
    """`visitor(person)` at the sign-in page passed; `visitor()` for a passer-by."""

    def enter(person=None) -> Visitor:
        made = Visitor(django_capture_on_commit_callbacks, person)
        return made.sign_in() if person else made

    return enter


@pytest.fixture
def worker(db, django_capture_on_commit_callbacks):
    made = Worker(django_capture_on_commit_callbacks)
    yield made
    made.stop()
