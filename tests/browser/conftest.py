"""A real Chromium in front of a real server. Whatever lands on its console as an error fails the test."""

import re
from contextlib import nullcontext

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.visitor import Worker

REFUSAL = re.compile(r"(?:status of|Status Error Code) (4\d\d)")  # what stands around it differs between versions


class Console:
    """What the console said that nobody expected."""

    def __init__(self):
        self.errors: list[str] = []
        self.expected: set[str] = set()

    def expect(self, *codes: int) -> None:
        """From now on the test asks for pages that answer with these."""
        self.expected |= {str(code) for code in codes}

    def listen(self, context: BrowserContext) -> None:
        context.on("console", lambda message: self._hear(message.type, message.text, message.page.url))
        context.on("weberror", lambda error: self.errors.append(f"{error.page.url}: {error.error}"))

    def _hear(self, kind: str, text: str, url: str) -> None:
        refusal = REFUSAL.search(text)
        if kind == "error" and not (refusal and refusal[1] in self.expected):
            self.errors.append(f"{url}: {text}")


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """The width is each browser's own."""
    return {name: value for name, value in browser_context_args.items() if name != "viewport"}


@pytest.fixture
def console():
    made = Console()
    yield made
    assert not made.errors, made.errors


@pytest.fixture
def site(live_server, transactional_db, settings):
    """Where the site answers; links in mails lead there too."""
    settings.SITE_URL = live_server.url
    expect.set_options(timeout=15_000)
    return live_server.url


@pytest.fixture
def enter(site, new_context, console):
    """`enter(person)`: a browser of their own, signed in by cookie; `enter()` for a passer-by."""

    def open_browser(person=None, *, width: int = 1440, scripts: bool = True, obeys_csp: bool = True) -> Page:
        context = new_context(
            base_url=site,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            bypass_csp=not obeys_csp,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        console.listen(context)
        if person is not None:
            client = Client()
            client.force_login(person)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        return context.new_page()

    return open_browser


@pytest.fixture
def worker(site):
    """Runs the body of every task that the site published, when the test says so."""
    made = Worker(lambda execute: nullcontext())
    yield made
    made.stop()
