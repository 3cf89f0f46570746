"""Messages that come by the clock: what nobody took in time is thrown away and done no more."""

import os
import re
import subprocess
import sys
import time
from queue import Empty

import pytest
from django.conf import settings
from kombu import Connection

from config.broker import Transport
from tests.services.outages import Redis, free_port
from tests.services.test_outages import ROOT, needs_redis

SEND = """
import django; django.setup()
from directory.tasks import sweep
for _ in range(20): sweep.apply_async(expires=0.01)
sweep.apply_async()
"""
SEND_MAILS = """
import django; django.setup()
from directory.tasks import send_mail, sweep
for _ in range(20): send_mail.apply_async((0,))
sweep.apply_async()
"""
WORKER = [sys.executable, "-m", "celery", "-A", "config", "worker", "-P", "solo", "-l", "INFO", "--without-mingle"]


@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_what_comes_by_the_clock_is_over_when_the_next_one_comes(name):
    """But not within a minute: clocks of hosts differ by some seconds (R131)."""
    entry = settings.CELERY_BEAT_SCHEDULE[name]
    period = entry["schedule"] if isinstance(entry["schedule"], float) else 24 * 60 * 60
    assert 60 <= entry["options"]["expires"] <= max(60, period)


@pytest.fixture(params=["folder", pytest.param("redis", marks=needs_redis)])
def site(request, tmp_path):
    """The environment of a site without a database, with a queue in a folder or in a Redis of its own."""
    theirs = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY")
    env = {name: value for name, value in os.environ.items() if name not in theirs}
    env |= {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "PLUMBLINE_VAR": str(tmp_path / "var")}
    if request.param == "folder":
        yield env
        return
    server = Redis(tmp_path)
    yield env | {"REDIS_URL": server.url}
    server.end()


def worked(site, folder, *, until: str) -> str:
    """What a worker logs that starts now, until it has logged this."""
    log = folder / "log"
    with log.open("w") as out:
        worker = subprocess.Popen(WORKER, cwd=ROOT, env=site, stdout=out, stderr=out)
    try:
        patience = time.monotonic() + 60
        while not re.search(until, log.read_text()):
            assert time.monotonic() < patience and worker.poll() is None, log.read_text()
            time.sleep(0.1)
    finally:
        worker.kill()
        worker.wait()
    return log.read_text()


SWEPT = r"directory\.tasks\.sweep\S* (?:raised|succeeded)"
MAILED = r"directory\.tasks\.send_mail\S* (?:raised|succeeded)"


def test_a_worker_throws_away_what_is_over_and_does_the_rest(site, tmp_path):
    subprocess.run([sys.executable, "-c", SEND], cwd=ROOT, env=site, check=True)
    log = worked(site, tmp_path, until=SWEPT)
    assert (len(re.findall(SWEPT, log)), log.count("Discarding revoked task")) == (1, 20)
    assert re.search(r"task_started.*task_id", log), "what a worker logs carries its task"


def test_other_work_does_not_stand_in_line_behind_mail(site, tmp_path):
    """A mail server that hangs takes ten seconds for each mail; a file is not the twenty-first."""
    subprocess.run([sys.executable, "-c", SEND_MAILS], cwd=ROOT, env=site, check=True)
    before, _, _ = re.split(f"({SWEPT})", worked(site, tmp_path, until=SWEPT), maxsplit=1)
    assert len(re.findall(MAILED, before)) <= 2
    (tmp_path / "log").unlink()
    subprocess.run([sys.executable, "-c", SEND_MAILS], cwd=ROOT, env=site, check=True)  # it may have done all of them
    assert "send_mail" in worked(site, tmp_path, until=MAILED), "the same worker listens to both"


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_who_takes_or_sends_messages_touches_a_file_again_and_again(program, site, tmp_path):
    """A container's health check asks how old it is."""
    alive = tmp_path / "alive"
    command = WORKER if program == "worker" else [*WORKER[:5], "beat", "-l", "ERROR", "--pidfile="]
    with (tmp_path / "log").open("w") as out:
        running = subprocess.Popen(command, cwd=ROOT, env=site | {"ALIVE_FILE": str(alive)}, stdout=out, stderr=out)
    try:
        for _ in range(2):
            patience = time.monotonic() + 60
            while not alive.exists():
                assert time.monotonic() < patience and running.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
            alive.unlink()
    finally:
        running.kill()
        running.wait()


def test_without_a_broker_a_worker_does_not_say_that_it_is_well(tmp_path):
    """It is there, and takes nothing."""
    env = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.services.settings", "PLUMBLINE_VAR": str(tmp_path)}
    env |= {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "ALIVE_FILE": str(tmp_path / "alive")}
    env.pop("DATABASE_URL", None)
    with (tmp_path / "log").open("w") as out:
        worker = subprocess.Popen(WORKER, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        patience = time.monotonic() + 60
        while "Cannot connect to" not in (tmp_path / "log").read_text():
            assert time.monotonic() < patience and worker.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.1)
        assert not (tmp_path / "alive").exists()
    finally:
        worker.kill()
        worker.wait()


def test_of_two_readers_of_a_folder_each_gets_its_messages_once_and_oldest_first(tmp_path):
    folders = {"data_folder_in": tmp_path, "data_folder_out": tmp_path, "control_folder": tmp_path / "control"}
    with Connection(transport=Transport, transport_options=folders) as broker:
        one, two = broker.channel(), broker.channel()
        for number in range(6):
            one._put("work", {"number": number})
        one._put("elsewhere", {})
        assert [channel._get("work")["number"] for channel in (one, two, one, one, two, two)] == [*range(6)]
        assert len(list(tmp_path.glob("*.msg"))) == 1
        with pytest.raises(Empty):
            one._get("work")
