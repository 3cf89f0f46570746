"""How often accepting and building ask the database: a few times, and for a hundred invoices as for one (F13, F16)."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.models import AccountingPrivilege, Event
from erp_integrations import exporting
from erp_integrations.actions import exports
from erp_integrations.models import ExportBatch, ExportItem
from tests.erp_integrations.pages import accept_data, queue_url, signed_in
from tests.erp_integrations.world import SageWorld, fresh

OF_THE_TEST = ("SAVEPOINT", "RELEASE")  # its transaction around everything


def asked_by(act) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        act()
    return [each["sql"] for each in asked if not each["sql"].startswith(OF_THE_TEST)]


def the_acceptance(sage: SageWorld, client, some) -> list[str]:
    """What the request behind Accept and build file asks."""
    url = queue_url(sage.company, "accept/")
    data = accept_data(client.get(url, {"export": [export.pk for export in some]}), *some)
    answers = []
    asked = asked_by(lambda: answers.append(client.post(url, data)))
    assert answers[0].status_code == 302 and {each.status for each in fresh(*some)} == {"exporting"}
    return asked


def test_accepting_asks_fifteen_times_at_the_most_and_as_often_for_many(sage):
    """F13: session, door, locks, facts and every rule among them."""
    client = signed_in(sage.approver)
    counts = [len(the_acceptance(sage, client, [sage.sent() for _ in range(size)])) for size in (1, 12)]
    assert counts[0] <= 15
    assert counts[1] == counts[0]


def test_an_acceptance_of_what_was_voided_asks_once_more_to_write_what_replaces_what(sage):
    """6.2: the chain "replaced by"."""
    client, export = signed_in(sage.approver), sage.exported()
    exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    assert len(the_acceptance(sage, client, [sage.sent(export.invoice)])) <= 16
    former, now = ExportItem.objects.filter(invoice_export=export).order_by("pk")
    assert former.replaced_by == now and now.is_live


def test_building_asks_as_often_for_many_as_for_one(sage):
    """F13, F14: nothing in it goes invoice by invoice, and no step of a short build is written down."""
    counts = []
    for size in (1, 2, 12):  # once a manifest lies there, it is looked at
        batch = sage.accepted(*[sage.sent() for _ in range(size)])
        counts.append(len(asked_by(lambda: exporting.build(batch.pk))))  # noqa: B023 (runs at once)
        assert ExportBatch.objects.get(pk=batch.pk).state == "ready"
    assert counts[1] == counts[2] <= 17  # 16 on SQLite


def test_each_invoice_of_a_batch_has_its_events_in_its_order(sage):
    """8: written together, they are still one for each invoice and one for the file, the file's last."""
    some = [sage.sent(), sage.sent()]
    batch = sage.built(*some)
    for verb in ("accepted", "built"):
        events = list(Event.objects.filter(verb=verb).order_by("pk"))
        assert [event.subject.split(":")[0].split(".")[1] for event in events] == [
            "invoiceexport",
            "invoiceexport",
            "exportbatch",
        ]
        assert events[-1].subject.endswith(f":{batch.pk}")


@pytest.mark.parametrize("changed", ["granted_at", "withdrawn_at", "ends_at"])
def test_a_batch_that_nobody_with_the_right_accepted_is_never_built(sage, changed):
    """S55: whoever wrote it into the database, the privilege of that moment is asked for."""
    batch = sage.accepted()
    moment = batch.accepted_at + timedelta(seconds=1 if changed == "granted_at" else -1)
    mine = AccountingPrivilege.objects.filter(person=sage.approver)
    also = {"withdrawn_by": sage.base.owner, "withdrawal_reason": "Left"} if changed == "withdrawn_at" else {}
    mine.update(**{changed: moment}, **also)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead"
    assert batch.error.startswith("S55: Sam Ruiz lacks the right Can Push to Accounting.")


def test_a_privilege_that_ended_after_the_acceptance_changes_nothing(sage):
    """S55: the accepter held it at that moment."""
    batch = sage.accepted()
    after = batch.accepted_at + timedelta(seconds=1)
    mine = AccountingPrivilege.objects.filter(person=sage.approver)
    mine.update(withdrawn_at=after, withdrawn_by=sage.base.owner, withdrawal_reason="Left")
    exporting.build(batch.pk)
    assert ExportBatch.objects.get(pk=batch.pk).state == "ready"
