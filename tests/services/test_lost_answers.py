"""The line to PostgreSQL is cut at a COMMIT: one is told to look before sending again, and it is done once (R132)."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from directory.models import Event
from directory.tasks import seal_events
from erp_integrations import tasks
from erp_integrations.models import BatchState, ExportBatch, ExportItem
from erp_integrations.models import batches as batch_models
from tests.erp_integrations.pages import accept_data, at_batch, queue_url
from tests.erp_integrations.world import D, sage_world
from tests.factories import world
from tests.invoicing.pages import at, sheet
from tests.test_failures import LOOK, read_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="no line leads to SQLite"),
]
WROTE = b'INSERT INTO "directory_event"'  # as does whatever changes something
UNDONE, DONE = "before the server has it", "before the server's answer is here"


class Line:
    """Between Django and the server. Once `cuts` is set it is cut at the next COMMIT of what wrote an event."""

    def __init__(self, server: tuple[str, int]):
        self.server, self.cuts = server, ""
        self.door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._let_in, daemon=True).start()

    def _let_in(self) -> None:
        with suppress(OSError):  # once the door is closed
            while True:
                near, _ = self.door.accept()
                ends = near, socket.create_connection(self.server), threading.Event()
                for carry in (self._asked, self._answered):
                    threading.Thread(target=carry, args=ends, daemon=True).start()

    def _asked(self, near, far, is_cut) -> None:
        has_written = False
        with suppress(OSError):
            while some := near.recv(1 << 16):
                has_written |= WROTE in some
                if self.cuts and has_written and b"COMMIT\0" in some:
                    is_cut.set()
                    how, self.cuts = self.cuts, ""
                    if how == UNDONE:
                        break
                far.sendall(some)
        hang_up(far)  # whereupon `_answered` hangs up on Django

    def _answered(self, near, far, is_cut) -> None:
        with suppress(OSError):
            while (some := far.recv(1 << 16)) and not is_cut.is_set():
                near.sendall(some)
        hang_up(near)


def hang_up(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@pytest.fixture
def line():
    connection.ensure_connection()
    info, known = connection.connection.info, connection.settings_dict
    line = Line((info.host, info.port))
    in_the_clear = {"sslmode": "disable", "gssencmode": "disable"}
    by_it = {"HOST": "127.0.0.1", "PORT": line.door.getsockname()[1], "OPTIONS": known["OPTIONS"] | in_the_clear}
    connection.close()
    connection.settings_dict = known | by_it
    yield line
    connection.close()
    connection.settings_dict = known
    hang_up(line.door)


def browser(person) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def send(client: Client, url: str, data: dict, line: Line, cut: str) -> None:
    line.cuts = cut
    answer = client.post(url, data)
    assert not line.cuts, "it was not cut"
    assert answer.status_code == 503 and LOOK in read_of(answer)


@pytest.mark.parametrize("cut", [UNDONE, DONE])
def test_an_acceptance_whose_commit_was_cut_is_one_batch_when_it_is_sent_again(line, cut, monkeypatch):
    """No worker was told of it, and nothing sealed: the sweeps find both."""
    monkeypatch.setattr(batch_models, "RESEND", timedelta(0))
    sage = sage_world()
    export, client = sage.sent(), browser(sage.approver)
    url = queue_url(sage.company, "accept/")
    form = accept_data(client.get(url, {"export": export.pk}), export)
    send(client, url, form, line, cut)
    assert ExportBatch.objects.count() == (cut == DONE)
    again = client.post(url, form)
    [batch] = ExportBatch.objects.all()
    assert again.url == at_batch(batch)
    assert ExportItem.objects.count() == Event.objects.about(export).filter(verb="accepted").count() == 1
    monkeypatch.setattr(tasks, "send", lambda task, batch_id: task(batch_id))
    tasks.sweep()
    seal_events()
    batch.refresh_from_db()
    assert batch.state == BatchState.READY and not Event.objects.unsealed()


@pytest.mark.parametrize("cut", [UNDONE, DONE])
def test_amounts_whose_commit_was_cut_are_one_event_when_they_are_sent_again(line, cut):
    w = world()
    bill, client = w.draft(w.commitment()), browser(w.contact)
    url, first = at(bill, "invoice-enter"), bill.lines.first()
    form = sheet(client.get(url)) | {f"work-{first.pk}": "1250"}
    send(client, url, form, line, cut)
    assert client.post(url, form).status_code == 302
    first.refresh_from_db()
    assert first.work_this_period == D("1250.00")
    assert Event.objects.about(bill).filter(verb="entered amounts").count() == 1
