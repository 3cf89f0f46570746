"""Hosts that disagree on the time by hours build and make once: leases go by the server's clock (R131)."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from directory import server_clock
from erp_integrations import exporting
from erp_integrations.exporting import building
from erp_integrations.models import ExportBatch, WorkerPulse
from erp_integrations.models.batches import RESEND, SILENCE
from invoicing import making
from invoicing.models import MadeFile
from invoicing.views.made_files import job_of
from tests.erp_integrations.world import sage_world
from tests.factories import world
from tests.invoicing.test_made_files import papers

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite is of one host, with one clock"),
]
OFF = [timedelta(hours=3), timedelta(hours=-3)]


@pytest.fixture(autouse=True)
def _by_the_server(monkeypatch, asked_of_the_server):
    monkeypatch.setattr(server_clock, "_asked", asked_of_the_server)


def off(by: timedelta):
    """The clock of a host that is wrong by so much."""
    return time_machine.travel(timezone.now() + by, tick=True)


@pytest.mark.parametrize("by", OFF)
def test_of_two_workers_whose_clocks_disagree_one_builds(by):
    """R3, R131: neither takes what the other is at, and what the first one does counts."""
    batch = sage_world().accepted()
    mine = building.claim(batch.pk)
    with off(by):
        assert building.claim(batch.pk) is None
        exporting.build(batch.pk)
        assert not ExportBatch.objects.exhausted(server_clock.server_now()).exists()
    built = building.make_file(mine, building.verify(mine))
    with off(by):
        building.finish(mine, built)
    batch.refresh_from_db()
    assert (batch.state, batch.attempts) == ("ready", 1)


@pytest.mark.parametrize("by", OFF)
def test_what_a_host_with_a_wrong_clock_left_behind_is_taken_up_as_soon_as_any(by):
    """R20, R131."""
    batch = sage_world().accepted()
    with off(by):
        mine = building.claim(batch.pk)
        mine.renewed_at -= 10
        building.report(mine, 1)
    now = server_clock.server_now()
    assert timedelta() < ExportBatch.objects.get(pk=batch.pk).lease_until - now <= building.LEASE
    assert ExportBatch.objects.claimable(now + building.LEASE).filter(pk=batch.pk).exists()
    with off(by):
        building.try_later(mine, OSError("Its disk was full."))
    assert ExportBatch.objects.claimable(now + timedelta(hours=1)).filter(pk=batch.pk).exists()


@pytest.mark.parametrize("by", OFF)
def test_a_page_of_a_host_with_a_wrong_clock_knows_what_waits_and_who_makes(by):
    """R130, R131: both are told by a lease."""
    batch = sage_world().accepted()
    mine = building.claim(batch.pk)
    building.try_later(mine, OSError("Its disk was full."))
    batch.refresh_from_db()
    with off(by):
        assert batch.tried_again_at == batch.lease_until
        batch.lease_until = server_clock.server_now() - timedelta(minutes=1)
        assert batch.tried_again_at is None


@pytest.mark.parametrize("by", OFF)
def test_a_worker_that_was_just_seen_is_not_called_silent(by):
    """R131: a worker writes down when it took work by the server's clock."""
    WorkerPulse.beat("one")
    with off(by):
        assert not WorkerPulse.is_silent()
    WorkerPulse.objects.update(seen_at=server_clock.server_now() - SILENCE * 2)
    with off(by):
        assert WorkerPulse.is_silent()


@pytest.mark.parametrize("by", OFF)
def test_a_file_that_waits_for_another_is_not_said_to_lie_about(by):
    """R131: while somebody makes one, whatever the clock of the host that draws the page says."""
    here = world()
    first, waiting = papers(here), papers(here)
    making.claim(first.pk)
    MadeFile.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=1))
    waiting.refresh_from_db()
    with off(by):
        assert job_of(waiting)["words"] == "Waiting for its turn."


def test_a_message_that_got_lost_is_sent_again_whatever_clock_it_was_written_down_by():
    """R5, R131: a host that is ahead marks what it sent with a moment that comes hours later."""
    now = server_clock.server_now()
    batch = sage_world().accepted()
    for written, is_unheard in ((now, False), (now + OFF[0], True), (now + OFF[1], True), (now - RESEND / 2, False)):
        ExportBatch.objects.filter(pk=batch.pk).update(enqueued_at=written)
        assert ExportBatch.objects.unheard(now).filter(pk=batch.pk).exists() == is_unheard


@pytest.mark.parametrize("by", OFF)
def test_of_two_workers_whose_clocks_disagree_one_makes_a_file(by):
    made = papers(world())
    mine = making.claim(made.pk)
    with off(by):
        assert making.claim(made.pk) is None and MadeFile.objects.next_to_wake() is None
        making.report(mine, 0)
    left = MadeFile.objects.get(pk=made.pk).lease_until - server_clock.server_now()
    assert timedelta() < left <= making.LEASE
