"""With Redis gone or hanging people sign in, prove who they are and accept, within three seconds; every try counts."""

import signal
import time
from multiprocessing import get_context

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from config.cache import RedisOrFolder
from tests.directory.account_pages import app_shows, give_app, is_signed_in, later, sign_in
from tests.factories import world
from tests.services.outages import Redis
from tests.services.test_outages import needs_redis

pytestmark = [pytest.mark.django_db, needs_redis]
IN_TIME = 3  # seconds (G3)


@pytest.fixture
def w():
    return world()


@pytest.fixture
def redis(tmp_path, settings):
    """A server of this test's own, and the site's own cache in front of it."""
    server = Redis(tmp_path)
    settings.CACHES = {
        "folder": {"BACKEND": "config.cache.SharedFolder", "LOCATION": tmp_path / "cache"},
        "default": {
            "BACKEND": "config.cache.RedisOrFolder",
            "LOCATION": server.url,
            "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
        },
    }
    cache.set("before", "known")
    yield server
    server.process.send_signal(signal.SIGCONT)
    server.end()


@pytest.fixture(params=["gone", "stopped"])
def away(request, redis):
    if request.param == "gone":
        redis.end()
    else:
        redis.process.send_signal(signal.SIGSTOP)
    return redis


@pytest.fixture
def in_time():
    """What the test did after this took less than G3 allows, all of it together."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < IN_TIME


def test_somebody_signs_in_and_proves_anew_who_they_are(w, away, client, in_time):
    sign_in(client, w.admin)
    assert is_signed_in(client)
    with later(minutes=20):
        proved = client.post(reverse("account_reauthenticate"), {"password": "pw", "next": "/me/"})
    assert (proved.status_code, proved.url) == (302, "/me/")


def test_tries_are_still_limited(w, away, in_time):
    answers = [sign_in(Client(), w.admin, "wrong") for _ in range(6)]
    assert "Too many tries" in answers[-1].content.decode()
    assert "Too many tries" in sign_in(Client(), w.admin).content.decode()


def use() -> bool:
    return cache.add("code", "used")


def test_what_one_process_counted_another_knows(away):
    """So a used code is used at every one of them."""
    with get_context("fork").Pool(1) as other:
        assert [other.apply(use), use()] == [True, False]


def test_a_code_of_an_app_is_good_once(w, away, client):
    give_app(w.admin)
    code = app_shows()
    for browser in (client, Client()):
        sign_in(browser, w.admin)
        browser.post(reverse("mfa_authenticate"), {"code": code})
    assert is_signed_in(client) and not is_signed_in(browser)


def test_a_redis_that_failed_is_left_alone_for_a_while_and_then_asked_again(redis):
    redis.process.send_signal(signal.SIGSTOP)
    assert cache.get("before") is None
    redis.process.send_signal(signal.SIGCONT)
    assert cache.get("before") is None
    RedisOrFolder.rests[redis.url].until = time.monotonic()
    assert [cache.get("before") for _ in range(2)] == ["known", "known"]


def test_a_redis_that_answers_is_asked_by_all_threads_at_once(redis):
    rest = RedisOrFolder.rests[redis.url]
    assert not rest.is_on() and not rest.is_on()
