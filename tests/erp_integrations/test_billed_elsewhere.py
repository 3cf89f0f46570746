"""What several files bill on one line of Sage before its list can know of them (S40)."""

from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from directory.refusals import Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, links
from erp_integrations.exporting import building
from erp_integrations.models import CommitmentLink, ErpSettings, ExportItem, LineLink, ListKind, SageListVersion
from erp_integrations.sage100.facts import BilledElsewhere
from invoicing.models import Commitment
from tests.erp_integrations.pages import at_export, queries, queue_url, signed_in
from tests.erp_integrations.world import ACCOUNTING_DATE, CODE, JOB, VENDOR, D, fresh

LINE = {"line_reference": "1", "cost_code": CODE, "cost_type": 4, "contract": "73600.00"}


def listed(sage, remaining: str, *some: Commitment) -> SageListVersion:
    rows = [
        {"number": each.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4} | LINE
        | {"remaining": remaining}
        for each in some
    ]  # fmt: skip
    return sage.load(ListKind.SUBCONTRACTS, *rows)


def on_a_line(sage, remaining: str = "1000.00") -> Commitment:
    """A subcontract whose first line is line 1 of Sage’s, where that much remains."""
    commitment = sage.commitment()
    links.make(LineLink(schedule_line=commitment.lines.first(), commitment=commitment, line_reference="1"))
    listed(sage, remaining, commitment)
    return commitment


def billed(sage, commitment: Commitment, amount: str):
    invoice = sage.approved(commitment, {"work_this_period": D(amount), "note": "As agreed"})
    sage.next_month()
    return invoice


def said(sage, export) -> list[str]:
    return [each.message for each in sage.findings(export) if each.rule == "S40"]


def test_what_another_file_bills_on_the_line_is_taken_off_what_remains(sage):
    """S40: 600.00 and 500.00 where 1,000.00 remains, by a list that is older than the first of the two."""
    commitment = on_a_line(sage)
    first = sage.exported(billed(sage, commitment, "600.00"))
    second = sage.sent(billed(sage, commitment, "500.00"))
    key = first.live_item.batch.key
    assert said(sage, second) == [
        "This batch bills 500.00 on line 1, where 1,000.00 remains in Sage and files that are newer than its list take"
        f" some of it ({key} bills 600.00): 100.00 too much."
    ]
    [finding] = [each for each in sage.findings(second) if each.rule == "S40"]
    assert finding.severity == "warning" and finding.remedy.startswith("Once Sage has those files")
    ErpSettings.objects.filter(company=sage.company).update(over_remaining="error")
    with pytest.raises(Refused, match=f"S40: .*{key} bills 600.00"):
        batches.accept([second], by=sage.approver, accounting_date=ACCOUNTING_DATE)


def test_exactly_what_the_other_file_leaves_is_no_matter(sage):
    """S40."""
    commitment = on_a_line(sage)
    sage.exported(billed(sage, commitment, "600.00"))
    assert said(sage, sage.sent(billed(sage, commitment, "400.00"))) == []


def test_a_list_that_knows_of_the_file_is_believed(sage):
    """S40: made on a later day, or on the day of the file once Sage holds it; of an earlier day it can’t know."""
    commitment = on_a_line(sage)
    first = sage.exported(billed(sage, commitment, "600.00"))
    second = sage.sent(billed(sage, commitment, "500.00"))
    built_date = sage.company.day_of(first.live_item.batch.built_at)
    newest = listed(sage, "500.00", commitment)

    def of_the_day(days: int) -> list[str]:
        SageListVersion.objects.filter(pk=newest.pk).update(as_of_date=built_date + timedelta(days=days))
        return said(sage, second)

    assert of_the_day(1) == []
    assert len(of_the_day(0)) == 1, "it may have been made before the import"
    exports.confirm(first, by=sage.approver, record_number="70400")
    assert len(of_the_day(0)) == 1, "it was taken in before anybody knew that Sage has it"
    newest = listed(sage, "500.00", commitment)
    assert of_the_day(0) == []
    assert len(of_the_day(-1)) == 1


def credited(sage, days: int, remaining: str) -> tuple:
    """A credit of 500.00 in a file, and the next bill of 600.00; so many days after that file, so much remains."""
    commitment = on_a_line(sage)
    exports.confirm(sage.exported(billed(sage, commitment, "600.00")), by=sage.approver, record_number="70400")
    credit = sage.exported(billed(sage, commitment, "-500.00"))
    bill = sage.sent(billed(sage, commitment, "600.00"))
    day = sage.company.day_of(credit.live_item.batch.built_at) + timedelta(days=days)
    newest = listed(sage, remaining, commitment)
    SageListVersion.objects.filter(pk=newest.pk).update(as_of_date=day)
    return credit, bill


@pytest.mark.parametrize(("days", "remaining", "warned"), [(0, "100.00", 1), (0, "600.00", 0), (-1, "700.00", 0)])
def test_a_credit_gives_back_where_the_list_is_older_than_its_file_for_sure(sage, days, remaining, warned):
    """S40: a list of the day of the file may hold it already, confirmed or not; it would give back twice.

    S60: nor does it stop a build that it is confirmed after the acceptance.
    """
    credit, bill = credited(sage, days, remaining)
    assert len(said(sage, bill)) == warned
    batch = sage.accepted(bill)
    exports.confirm(credit, by=sage.approver, record_number="70401")
    assert len(said(sage, bill)) == warned
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready", batch.error


@pytest.mark.parametrize("how", ["voided", "failed", "rejected"])
def test_what_left_its_file_takes_nothing(sage, how):
    """S40."""
    commitment = on_a_line(sage)
    first = sage.sent(billed(sage, commitment, "600.00"))
    batch = sage.accepted(first)
    second = sage.sent(billed(sage, commitment, "500.00"))
    assert len(said(sage, second)) == 1, "a batch that is still being built counts"
    if how == "voided":
        exporting.build(batch.pk)
        assert len(said(sage, second)) == 1
        [first] = fresh(first)
        exports.void(first, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    else:
        failed(batch)
        if how == "rejected":
            exports.reject(fresh(first)[0], by=sage.approver, reason="Wrong month")
    assert said(sage, second) == []


def failed(batch) -> None:
    """Its lists were taken away under it, so that it does not build."""
    link = batch.items.get().invoice_export.invoice.vendor.sage_link
    number, link.number = link.number, "99999"
    link.save()
    exporting.build(batch.pk)
    link.number = number
    link.save()
    batch.refresh_from_db()
    assert batch.state == "dead"


def test_two_batches_at_once_see_the_earlier_one_and_both_build(sage):
    """S40, S60: only the later one is told, and what is accepted after a batch does not stop it."""
    commitment = on_a_line(sage)
    first, second = (sage.sent(billed(sage, commitment, amount)) for amount in ("600.00", "500.00"))
    one, two = sage.accepted(first), sage.accepted(second)
    assert [[f["rule"] for f in each.findings if f["rule"] == "S40"] for each in (one, two)] == [[], ["S40"]]
    for batch in (one, two):
        exporting.build(batch.pk)
        batch.refresh_from_db()
        assert batch.state == "ready", batch.error


@pytest.mark.parametrize("what", ["voided", "built and listed"])
def test_how_far_the_other_file_gets_is_no_change_of_this_one(sage, what):
    """S60: 900.00 and 1,100.00, where 2,000.00 remains at first, then 1,100.00 by a list that knows of the first."""
    commitment = on_a_line(sage, "2000.00")
    first = sage.sent(billed(sage, commitment, "900.00"))
    one, two = sage.accepted(first), sage.accepted(sage.sent(billed(sage, commitment, "1100.00")))
    exporting.build(one.pk)
    if what == "voided":
        exports.void(fresh(first)[0], by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    else:
        listed(sage, "1100.00", commitment)
    exporting.build(two.pk)
    two.refresh_from_db()
    assert two.state == "ready", two.error


def test_a_second_try_counts_what_was_accepted_meanwhile(sage):
    """S40: while the first lay there failed, the second took the line."""
    commitment = on_a_line(sage)
    first = sage.accepted(sage.sent(billed(sage, commitment, "600.00")))
    failed(first)
    second = sage.built(sage.sent(billed(sage, commitment, "500.00")))
    with pytest.raises(Refused, match=f"S40: .*{second.key} bills 500.00"):
        batches.retry(first, by=sage.approver)


def test_another_commitment_and_a_line_without_a_link_are_not_asked(sage):
    """S40."""
    commitment, other = on_a_line(sage), on_a_line(sage)
    listed(sage, "1000.00", commitment, other)
    sage.exported(billed(sage, other, "600.00"))
    assert said(sage, sage.sent(billed(sage, commitment, "500.00"))) == []


def test_what_a_file_bills_counts_where_it_said_so_whatever_is_linked_since(sage):
    """S40: 600.00 went to line 1 of what ours is linked to no more; the one that is linked there now has 400.00."""
    ours, later = on_a_line(sage), on_a_line(sage)
    was, other = ours.number, later.number
    listed(sage, "1000.00", ours, later)
    sage.exported(billed(sage, ours, "600.00"))
    for commitment, number in ((ours, "SC-77"), (later, was), (ours, other)):
        CommitmentLink.objects.filter(commitment=commitment).update(number=number)
    assert said(sage, sage.sent(billed(sage, ours, "500.00"))) == []
    [message] = said(sage, sage.sent(billed(sage, later, "500.00")))
    assert "bills 600.00): 100.00 too much" in message


def test_files_of_before_say_so_too(sage):
    """S40: as their snapshots have it."""
    commitment = on_a_line(sage)
    item = sage.exported(billed(sage, commitment, "600.00")).live_item
    ExportItem.objects.update(commitment_number=None, billed_lines=None)
    with CaptureQueriesContext(connection) as asked:
        import_module("erp_integrations.migrations.0021_as_the_snapshots_say").take_from_the_snapshots(apps, None)
    assert not [each for each in asked if 'exportbatch"."findings"' in each["sql"]], "thousands of lines for nothing"
    item.refresh_from_db()
    assert (item.commitment_number, item.billed_lines) == (commitment.number, {"1": 60000})


def test_what_an_older_process_accepts_during_an_update_counts_too(sage):
    """S40: it writes neither commitment nor lines, and what is on another commitment takes nothing of this one."""
    ours, other = on_a_line(sage), on_a_line(sage)
    listed(sage, "1000.00", ours, other)
    first = sage.exported(billed(sage, ours, "600.00"))
    sage.exported(billed(sage, other, "900.00"))
    ExportItem.objects.update(commitment_number=None, billed_lines=None)
    [there] = sage.accepted(sage.sent(billed(sage, ours, "500.00"))).facts.billed_elsewhere
    assert (there.place, there.amount) == (("subcontract", ours.number, "1", first.live_item.batch.key), D("600.00"))


def test_a_credit_in_another_file_gives_back(sage):
    """S40: Sage will have it when it has the file."""
    commitment = on_a_line(sage, "600.00")
    sage.exported(billed(sage, commitment, "600.00"))
    sage.exported(billed(sage, commitment, "-300.00"))
    assert said(sage, sage.sent(billed(sage, commitment, "300.00"))) == []


def test_a_credit_whose_file_is_not_there_yet_gives_nothing_back(sage):
    """S40: its batch may fail, and Sage never gets it."""
    commitment = on_a_line(sage, "600.00")
    sage.exported(billed(sage, commitment, "600.00"))
    batch = sage.accepted(sage.sent(billed(sage, commitment, "-300.00")))
    third = sage.sent(billed(sage, commitment, "300.00"))
    assert len(said(sage, third)) == 1
    exporting.build(batch.pk)
    assert said(sage, third) == []


@pytest.mark.parametrize("lists", ["the same", "newer"])
@pytest.mark.parametrize(
    ("accepted", "now", "kept"),
    [
        ("800.00", "800.00", "800.00"),
        ("800.00", "600.00", "600.00"),  # a bill of that file was voided
        ("800.00", "900.00", "800.00"),  # accepted since, and counted this batch
        ("-300.00", "-300.00", "-300.00"),
        ("-300.00", None, None),  # the credit left its file
        ("-300.00", "-500.00", "-300.00"),
        ("800.00", None, None),
    ],
)
def test_what_another_file_took_is_counted_as_far_as_it_still_stands(lists, accepted, now, kept):
    """S40, S60: on the same lists what was accepted stays; newer ones, and a credit, are asked again."""
    if lists == "the same" and D(accepted) > 0:
        kept = accepted

    def facts(amount):
        place = {"commitment_kind": "subcontract", "commitment_number": "SC-1", "line_reference": "1"}
        there = [BilledElsewhere(**place, batch_key="EXP-000001", amount=D(amount))] if amount else []
        return SimpleNamespace(billed_elsewhere=tuple(there))

    batch = SimpleNamespace(list_versions={"subcontracts": 1})
    versions = [SimpleNamespace(kind="subcontracts", pk=1 if lists == "the same" else 2)]
    found = building._still_unlisted(batch, facts(accepted), facts(now), versions)
    assert [each.amount for each in found] == ([D(kept)] if kept else [])


def test_where_the_list_names_no_remainder_it_follows_from_the_contract(sage):
    """S40: 1,000.00 of contract, 200.00 of changes, 900.00 invoiced; a list that says neither leaves nothing to ask."""
    commitment = on_a_line(sage)
    row = {"number": commitment.number, "vendor_number": VENDOR, "job_number": JOB, "status": 4} | LINE
    del row["contract"]
    export = sage.sent(billed(sage, commitment, "301.00"))
    sage.load(ListKind.SUBCONTRACTS, row)
    assert said(sage, export) == []
    sage.load(ListKind.SUBCONTRACTS, row | {"contract": "1000.00", "change": "200.00", "invoiced": "900.00"})
    [message] = said(sage, export)
    assert "where 300.00 remains in Sage: 1.00 too much" in message


def test_it_is_asked_once_however_many_wait(sage):
    """F16."""
    commitment, *others = some = [on_a_line(sage) for _ in range(3)]
    listed(sage, "1000.00", *some)
    for each in some:
        sage.exported(sage.approved(each, {"work_this_period": D("100.00")}))
    sage.next_month()
    first = sage.sent(sage.approved(commitment, {"work_this_period": D("901.00")}))
    client = signed_in(sage.approver)
    few, one = queries(client, queue_url(sage.company)), queries(client, at_export(first))
    for each in others:
        sage.sent(sage.approved(each, {"work_this_period": D("100.00")}))
    assert queries(client, queue_url(sage.company)) == few
    assert queries(client, at_export(first)) == one
