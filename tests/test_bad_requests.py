"""A request that can't be read: what its page says, and that a form over the limit is told from a damaged one (F12)."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

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


class Unread:
    """A body that nobody may ask for."""

    def __init__(self, length: int):
        self.length = length

    def __len__(self) -> int:
        return self.length

    def read(self, *_):
        raise AssertionError("It was read.")

    readline = read


def sends(client: Client, address: str, length: int):
    """A form of so many bytes, of which not one is there."""
    told = {"CONTENT_LENGTH": str(length), "CONTENT_TYPE": FORM, "wsgi.input": Unread(length)}
    return client.post(address, **told)


@pytest.mark.parametrize("name", ["account_login", "account_reset_password", "home"])
def test_a_long_body_of_somebody_who_is_not_signed_in_is_refused_before_django_reads_it(name, settings):
    """R116: each would hold a thread of a web process for as long as it likes. What the server in front of Django still
    takes of it stands in docs/operations.md."""
    client, most = Client(enforce_csrf_checks=True), settings.BODY_OF_STRANGERS_MAX_BYTES
    client.cookies["csrftoken"] = "a" * 32
    answer = sends(client, reverse(name), most + 1)
    assert answer.status_code == 413 and "Content-Security-Policy" in answer.headers
    words = text_of(answer)
    assert "takes 64 KB at once" in words and "Sign in in another tab" in words
    with pytest.raises(AssertionError, match="was read"):
        sends(client, reverse("account_login"), most)


def test_whoever_was_signed_in_when_the_page_was_opened_is_heard_at_length(settings):
    """9.10: what they typed waits for them, however long it is."""
    there = world()
    client = signed_in(there.admin)
    client.get("/")
    noted = client.cookies["signed-in-before"]
    assert noted["httponly"] and noted["samesite"] == "Lax" and str(there.admin.pk) not in noted.value.split(":")
    del client.cookies[settings.SESSION_COOKIE_NAME]
    most = settings.BODY_OF_STRANGERS_MAX_BYTES
    address = reverse("periods", args=[there.project.slug])
    body = "a=" + "x" * most
    assert client.post(address, body, content_type=FORM).status_code == 302
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert client.post(address, body, content_type=FORM).status_code == 413
    client.cookies["signed-in-before"] = "1:forged"
    assert client.post(address, body, content_type=FORM).status_code == 413


def test_a_session_cookie_that_opens_no_session_is_no_reason_to_listen(settings):
    """R116: one that ended can't be told from one that was made up; the notes on upgrading say what follows."""
    client = Client()
    client.force_login(world().admin)
    client.session.flush()
    for cookie in (client.cookies[settings.SESSION_COOKIE_NAME].value, "a" * 32):
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie
        answer = sends(client, reverse("home"), settings.BODY_OF_STRANGERS_MAX_BYTES + 1)
        assert answer.status_code == 413 and "Sign in in another tab" in text_of(answer)
    upgrade = (settings.BASE_DIR / "docs/operations.md").read_text().partition("## Upgrade")[2].partition("\n## ")[0]
    assert "`signed-in-before`" in upgrade and "sign in in another tab" in upgrade


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
