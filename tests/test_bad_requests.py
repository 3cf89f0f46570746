"""A request that can't be read: what its page says, and that a form over the limit is told from a damaged one (F12)."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import world
from tests.invoicing.pages import at, signed_in, text_of

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


def test_a_page_older_than_the_sign_in_says_what_to_do_and_saves_nothing():
    """9.10, R95: our own page, with no script or style in it that the policy would refuse."""
    there = world()
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = "a" * 32
    client.force_login(there.admin)
    answer = client.post(reverse("periods", args=[there.project.slug]), {"csrfmiddlewaretoken": "b" * 32})
    assert answer.status_code == 403
    words = text_of(answer)
    assert "nothing was saved" in words and "Go back" in words and "reload the page" in words
    page = answer.content.decode()
    assert "<style" not in page and "style=" not in page and "<script" not in page
    assert not there.project.billing_periods.exists()


def next_of(answer) -> str:
    assert answer.status_code == 302
    [way] = parse_qs(urlsplit(answer.url).query)["next"]
    return way


def test_whoever_was_signed_out_comes_back_to_the_page_of_the_form():
    """9.10: the address of a comment takes no GET; signing in must not end there."""
    there = world()
    invoice = there.draft(there.commitment())
    page, comments = at(invoice, "invoice"), at(invoice, "invoice-comment")
    client = Client()
    for come_from, way in (
        (f"http://testserver{page}?show=files", f"{page}?show=files"),
        (f"http://testserver{comments}", page),  # the answer to a refused comment stands at the address of comments
        (f"https://elsewhere.example{page}?show=files", page),
        ("", page),
    ):
        assert next_of(client.post(comments, {"text": "Hello"}, headers={"referer": come_from})) == way
    assert next_of(client.get(f"{page}?show=files")) == f"{page}?show=files"
    assert signed_in(there.admin).get(page).status_code == 200


def test_an_address_that_only_takes_a_form_says_so_and_leads_back():
    there = world()
    invoice = there.draft(there.commitment())
    answer = signed_in(there.admin).get(at(invoice, "invoice-comment"))
    assert answer.status_code == 405 and answer["Allow"] == "POST"
    assert "Nothing was changed" in text_of(answer) and f'href="{at(invoice, "invoice")}"' in answer.content.decode()
