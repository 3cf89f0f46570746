"""A request that can't be read: what its page says, and that a form over the limit is told from a damaged one (F12)."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import world
from tests.invoicing.pages import text_of

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


def test_a_form_over_the_limit_says_how_much_goes_and_where_the_typed_is(settings):
    """F12: cells, and text."""
    there = world()
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    client.force_login(there.admin)
    address = reverse("schedule", args=[there.project.slug, "SC-014"])
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
    for body in ("a=1&" * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1), "a=" + "x" * 2**20):
        answer = client.post(address, body, content_type=FORM)
        assert answer.status_code == 413
        words = text_of(answer)
        assert "may hold 40,000 cells and 1 MB of text" in words and "still in the page you came from" in words


def test_a_damaged_request_gets_the_general_page():
    answer = Client().post(reverse("account_login"), b"\r\n--x", content_type="multipart/form-data; boundary=")
    assert answer.status_code == 400 and "could not be read" in text_of(answer)
