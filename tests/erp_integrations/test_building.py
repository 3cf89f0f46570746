"""From accepted to a file: built once, equal to the invoices to the cent, never changed, never half there."""

import hashlib
import io
import json
import os
import re
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from directory.actions import people
from directory.models import Event, Mail
from directory.moments import moment_in_words
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations import exporting, tasks
from erp_integrations.actions import batches, exports, links
from erp_integrations.exporting import building, storing
from erp_integrations.models import (
    CostCodeLink,
    CostTypeLink,
    Download,
    ErpSettings,
    ExportBatch,
    ExportItem,
    ListKind,
    WorkerPulse,
    sage_lists,
)
from erp_integrations.report import Days, accountant_report
from erp_integrations.sage100 import workbook
from erp_integrations.sage100.totals import totals_of_facts
from invoicing.models import CostType, Invoice, InvoiceLine
from tests.erp_integrations.pages import at_batch, signed_in, text_of
from tests.erp_integrations.sage100.samples import import_texts
from tests.erp_integrations.world import ACCOUNT, ACCOUNTING_DATE, LISTS_DATE, VENDOR, D, fresh, record_number

XLSX, CSV = Download.Which.XLSX, Download.Which.CSV


def stored_files(settings) -> list[Path]:
    return [path for path in Path(settings.EXPORTS_ROOT).glob("*/*") if path.is_file()]


# E-1, E-2: one file, once, the same for ever


def test_a_built_batch_has_its_file_and_its_invoices_are_exported(sage):
    first, second = sage.sent(), sage.sent()
    batch = sage.built(first, second)
    assert (batch.state, batch.invoice_count, batch.row_count) == ("ready", 2, 4)
    assert {export.status for export in fresh(first, second)} == {"exported"}


def test_a_second_delivery_of_the_task_changes_nothing(sage, settings):
    """R4."""
    batch = sage.built(sage.sent())
    before = ExportBatch.objects.filter(pk=batch.pk).values().get()
    files = {path: path.stat().st_mtime_ns for path in stored_files(settings)}
    for _ in range(3):
        exporting.build(batch.pk)
    assert ExportBatch.objects.filter(pk=batch.pk).values().get() == before
    assert {path: path.stat().st_mtime_ns for path in stored_files(settings)} == files
    assert Event.objects.about(batch).filter(verb="built").count() == 1


def test_a_message_about_no_batch_is_harmless(db):
    """R32."""
    exporting.build(987654)


def test_every_download_gives_the_bytes_that_were_built_and_is_logged(sage):
    batch = sage.built(sage.sent())
    again = {"remote_address": "10.0.0.7", "reason": "Lost it"}
    taken = [batches.download(batch, XLSX, by=sage.base.staff, **again) for _ in range(3)]
    assert len({file.content for file in taken}) == 1
    assert taken[0].sha256 == batch.file_sha256
    assert taken[0].name == batch.file_name and taken[0].name.startswith("DRAFT-EXP-000001_APINV_")
    logged = batch.downloads.values_list("by__name", "remote_address", "which")
    assert list(logged) == [("Kim Chu", "10.0.0.7", "xlsx")] * 3


def test_the_csv_twin_carries_the_same_rows(sage):
    batch = sage.built(sage.sent())
    lines = batches.download(batch, CSV, by=sage.approver).content.decode().split("\r\n")
    taken = batches.download(batch, XLSX, by=sage.approver, reason="Lost it")
    rows = [",".join(row).rstrip(",") for row in import_texts(taken.content)]
    assert rows == [line.rstrip(",") for line in lines[:-1]]


@pytest.mark.parametrize("reason", ["", "  \n "])
def test_a_file_is_taken_again_for_a_reason_only(sage, reason):
    """R15: the action asks for it, whoever calls; the first time there is none to keep."""
    batch = sage.built()
    batches.download(batch, XLSX, by=sage.base.staff, reason="The first")
    with pytest.raises(Refused, match="Say why it is taken again") as refused:
        batches.download(batch, CSV, by=sage.approver, reason=reason)
    assert refused.value.field == "reason"
    assert list(batch.downloads.values_list("reason", flat=True)) == [""]
    assert [event.verb for event in Event.objects.about(batch)].count("downloaded") == 1
    batches.download(batch, CSV, by=sage.approver, reason=" As  CSV ")
    assert batch.downloads.first().reason == "As CSV"


def test_a_damaged_file_is_not_given_out(sage, settings):
    """R8."""
    batch = sage.built(sage.sent())
    path = Path(settings.EXPORTS_ROOT) / batch.file_key
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(NotNow, match="never changes"):
        batches.download(batch, XLSX, by=sage.base.staff)
    assert not batch.downloads.exists()


@pytest.mark.parametrize("role", ["admin", "contact", "owner"])
def test_a_download_needs_a_level_on_erp_integrations(sage, role):
    with pytest.raises(NotAllowed):
        batches.download(sage.built(sage.sent()), XLSX, by=getattr(sage.base, role))


def test_a_batch_that_is_not_built_has_nothing_to_download(sage):
    with pytest.raises(NotNow, match="has no file"):
        batches.download(sage.accepted(), XLSX, by=sage.base.staff)


AT_WORK = {"id", "lease_token", "lease_until", "attempts", "enqueued_at", "step", "done", "total", "error"}
OTHERWISE = {"state": "pending", "totals_by_job": [], "findings": [], "list_versions": {}}


def otherwise(sage, batch, field):
    """Another value that the column would take."""
    if field.name in OTHERWISE:
        return OTHERWISE[field.name]
    value = getattr(batch, field.attname)
    if field.is_relation:
        return field.related_model.objects.exclude(pk=value).values_list("pk", flat=True).first() or value + 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    return value + 1 if isinstance(value, int | D) else f"x{value[1:]}"


def test_raw_sql_does_not_change_what_a_ready_batch_says(sage):
    """E-2 in the database itself: all but what a worker notes while it builds."""
    batch = sage.built(sage.sent())
    for field in ExportBatch._meta.concrete_fields:
        if field.column in AT_WORK:
            continue
        value = field.get_db_prep_save(otherwise(sage, batch, field), connection)
        set_it = f"UPDATE erp_integrations_exportbatch SET {field.column} = %s WHERE id = %s"
        refused = pytest.raises(IntegrityError, match="a built file never")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(set_it, [value, batch.pk])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM erp_integrations_exportbatch WHERE id = %s", [batch.pk])


def test_the_log_of_downloads_is_only_added_to(sage):
    batch = sage.built(sage.sent())
    batches.download(batch, XLSX, by=sage.base.staff)
    for act in (lambda: Download.objects.all().delete(), lambda: Download.objects.update(remote_address=None)):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()


# E-3: exported is not posted


def test_only_a_person_with_sages_record_number_says_posted(sage):
    export = sage.exported()
    assert export.status == "exported"
    with pytest.raises(Refused) as refusal:
        exports.confirm(export, by=sage.approver, record_number=" ")
    assert refusal.value.field == "record_number"
    posted = exports.confirm(export, by=sage.approver, record_number="70001")
    assert (posted.status, posted.sage_record_number, posted.posted_by) == ("posted", "70001", sage.approver)


# E-7: control totals


def test_the_batch_keeps_the_control_totals_of_its_invoices(sage):
    first, second = sage.sent(), sage.sent(sage.approved(None, {"work_this_period": D("400.37")}))
    batch = sage.built(first, second)
    invoices = Invoice.objects.filter(export__in=[first, second])
    assert batch.gross == sum(invoice.gross_this_period for invoice in invoices) == D("1400.37")
    assert batch.retainage == sum(invoice.retainage_newly_held for invoice in invoices) == D("140.04")
    assert batch.net == sum(invoice.current_payment_due for invoice in invoices) == D("1260.33")
    assert [job["job"] for job in batch.totals_by_job] == ["2026014"]


def test_the_stored_workbook_adds_up_to_the_invoices(sage):
    """Read by another program than wrote it."""
    batch = sage.built(sage.sent(), sage.sent())
    content = batches.download(batch, XLSX, by=sage.approver).content
    assert workbook.read_back(content, batch.facts.layout) == totals_of_facts(batch.facts)


def test_a_file_that_does_not_add_up_is_not_stored(sage, settings, monkeypatch):
    """R14: a workbook that lost a row."""
    from_bytes = workbook.read_back

    def one_cent_off(content, layout):
        found = from_bytes(content, layout)
        return type(found)(**{**vars(found), "gross": found.gross + D("0.01")})

    monkeypatch.setattr(workbook, "read_back", one_cent_off)
    batch = sage.built(sage.sent())
    assert batch.state == "dead"
    assert "gross: expected 1000.00, found 1000.01" in batch.error
    assert stored_files(settings) == []


# S60 and other reasons to stop


def change_an_amount(sage, export):
    InvoiceLine.objects.filter(invoice=export.invoice_id).update(work_this_period=D("1.00"))


def change_a_link(sage, export):
    CostCodeLink.objects.update(code="2320.000")
    sage.load(ListKind.COST_CODES, {"code": "2310.000", "name": "Concrete"}, {"code": "2320.000", "name": "Slabs"})


def change_the_terms(sage, export):
    sage.load(ListKind.VENDORS, {"number": "20145", "name": "Acme Concrete", "due_terms": "02MO"})


def change_the_number(sage, export):
    Invoice.objects.filter(pk=export.invoice_id).update(number="OTHER-1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (change_an_amount, "line 1 amount was 1,000.00, is 1.00; "),
        (change_a_link, "line 1 cost code was 2310.000, is 2320.000; "),
        (change_the_terms, "Due date was 2030-07-25, is 2030-08-25; "),
        (change_the_number, ", is OTHER-1."),
    ],
)
def test_anything_changed_between_acceptance_and_build_stops_it(sage, settings, change, says):
    """S60, R10: back to accounting, nothing built; both values are told."""
    export = sage.sent()
    batch = sage.accepted(export)
    change(sage, export)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    export = fresh(export)[0]
    assert (batch.state, export.status) == ("dead", "failed")
    assert "S60" in batch.error and says in batch.error and export.error == batch.error
    assert stored_files(settings) == []


def test_of_many_that_changed_the_reason_names_whole_sentences_and_how_many_more(sage):
    """S60: the field for it holds 500 characters; each invoice says its own."""
    some = [sage.sent() for _ in range(5)]
    batch = sage.accepted(*some)
    for export in some:
        change_an_amount(sage, export)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    told = batch.error.count("S60: ")
    assert 1 <= told < 5 and batch.error.endswith(f"sent anew. And {5 - told} more.") and len(batch.error) <= 500
    assert all(f"S60: Invoice {export.invoice.number} changed" in export.error for export in fresh(*some))


def test_rows_that_come_out_otherwise_by_the_same_lists_stop_it(sage):
    """S60: as after an update of the program; there is no fact and no cell to name."""
    batch = sage.accepted()
    ExportBatch.objects.filter(pk=batch.pk).update(accepted_rows_sha256="0" * 64)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S60: the rows come out otherwise than they were accepted." in batch.error


def test_a_site_that_moved_builds_what_was_accepted_before(sage, settings):
    """Another port or name of the site is no change of an invoice (S60); the file says what was accepted."""
    batch = sage.accepted()
    settings.SITE_URL = "https://moved.example"
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready", batch.error


def test_who_sent_a_bill_may_correct_their_name_while_its_file_waits(sage):
    """S60: no cell of the file holds it."""
    sender = sage.all_rights()
    batch = sage.accepted(exports.send_one(sage.approved(), by=sender))
    people.change_profile(sender, name="Max Power-Ruiz", uses_keys=False)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.error) == ("ready", "")


def with_two_cost_types(sage):
    """Both have an account of their own; the second is a type of ours that no line has."""
    other = next(each for each in CostType if each != CostType.SUBCONTRACT)
    links.make(CostTypeLink(company=sage.company, cost_type=other, number=1, account=ACCOUNT))
    CostTypeLink.objects.filter(cost_type=CostType.SUBCONTRACT).update(account=ACCOUNT)
    return CostTypeLink.objects.get(cost_type=other)


def test_in_which_order_the_database_gives_cost_types_is_no_change(sage):
    """S60: neither a link that was made anew as it was, nor a snapshot whose accounts stand in another order."""
    other = with_two_cost_types(sage)
    first, second = sage.accepted(sage.sent()), sage.accepted(sage.sent())
    other.delete()
    with_two_cost_types(sage)
    exporting.build(first.pk)
    plain = json.loads(second.snapshot)
    plain["settings"]["cost_type_accounts"].reverse()
    snapshot = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(snapshot.encode()).hexdigest()
    ExportBatch.objects.filter(pk=second.pk).update(snapshot=snapshot, snapshot_sha256=sha256)
    exporting.build(second.pk)
    assert [each.error for each in ExportBatch.objects.order_by("pk")] == ["", ""]


def test_an_account_of_a_cost_type_that_changed_stops_it(sage):
    """S60."""
    other = with_two_cost_types(sage)
    batch = sage.accepted()
    CostTypeLink.objects.filter(pk=other.pk).update(account="5050")
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S60" in batch.error


def a_credit_after_two_bills(sage, *beside):
    """The first bill in a file, the second accepted; the credit's batch is accepted while the second is not built."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment, {"work_this_period": D("1000.00")}))
    sage.next_month()
    second = sage.accepted(sage.sent(sage.approved(commitment, {"work_this_period": D("500.00")})))
    sage.next_month()
    credit = sage.approved(commitment, {"work_this_period": D("-100.00"), "note": "Overbilled"})
    return first, second, sage.accepted(sage.sent(credit), *beside)


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_credit_keeps_the_bill_it_was_accepted_with_when_a_newer_one_is_built(sage, is_alone):
    """S45, S60: by itself, and beside a bill that names none."""
    beside = () if is_alone else (sage.sent(sage.approved(sage.commitment())),)
    first, second, credit = a_credit_after_two_bills(sage, *beside)
    for batch in (second, credit):
        exporting.build(batch.pk)
        batch.refresh_from_db()
        assert batch.state == "ready", batch.error
    assert [each.reference_no for each in credit.facts.invoices if each.is_credit] == [first.invoice.number]


def test_a_credit_whose_bill_left_its_file_is_stopped(sage, monkeypatch):
    """S60: what it names is in Sage no more; voided in the very moment in which the credit was accepted."""
    first, second, credit = a_credit_after_two_bills(sage)
    monkeypatch.setattr(exports, "credits_on", lambda _: {})
    exports.void(first, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    exporting.build(second.pk)
    exporting.build(credit.pk)
    credit.refresh_from_db()
    assert credit.state == "dead" and "S60" in credit.error


def frozen_by_an_older_program(batch: ExportBatch) -> None:
    """Which knew fewer facts, one of the settings, of an invoice, of a line, of a column; and one more."""
    plain = json.loads(batch.snapshot)
    [invoice] = plain["invoices"]
    invoice["tax"] = "0.00"  # a fact that is no longer kept (S54)
    for part, name in (
        (plain["settings"], "tax_is_inside_amounts"),
        (invoice, "is_canadian"),
        (invoice["lines"][0], "change_order_amount"),
        (plain["layout"]["header"][2], "lookup"),
    ):
        del part[name]
    snapshot = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    sha256 = hashlib.sha256(snapshot.encode()).hexdigest()
    ExportBatch.objects.filter(pk=batch.pk).update(snapshot=snapshot, snapshot_sha256=sha256)


def test_what_an_older_program_accepted_is_built_by_one_that_collects_more(sage):
    """S60: a fact that nobody collected then has not changed since."""
    batch = sage.accepted()
    frozen_by_an_older_program(batch)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready", batch.error
    assert batch.rows_sha256 == batch.accepted_rows_sha256


def test_a_fact_that_an_older_program_did_not_know_is_heard_by_the_rules(sage):
    """It is as it is now, and no default stands in for it (S53)."""
    batch = sage.accepted()
    frozen_by_an_older_program(batch)
    ErpSettings.objects.filter(company=sage.company).update(is_canadian=True)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S53" in batch.error and "S60" not in batch.error


def test_what_an_older_program_did_know_is_compared_as_ever(sage):
    export = sage.sent()
    batch = sage.accepted(export)
    frozen_by_an_older_program(batch)
    change_an_amount(sage, export)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S60" in batch.error


def test_an_altered_snapshot_is_not_built(sage):
    batch = sage.accepted()
    ExportBatch.objects.filter(pk=batch.pk).update(snapshot=batch.snapshot.replace("1000.00", "9000.00"))
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "altered" in batch.error


def test_a_list_that_changed_without_touching_the_rows_changes_nothing(sage):
    batch = sage.accepted()
    same = {"number": "20145", "name": "Acme Concrete", "due_terms": "30DY"}
    sage.load(ListKind.VENDORS, same, {"number": "9", "name": "Another"})
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


def test_a_warning_that_nobody_ticked_stops_it(sage):
    """E-5, S60: a newer list says what no approver has seen; tried again, it is shown and ticked."""
    batch = sage.accepted()
    vendor = {"number": VENDOR, "name": "Acme Concrete", "due_terms": "30DY", "hold_payment": "yes"}
    sage.load(ListKind.VENDORS, vendor)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S60: nobody has seen this yet: S19" in batch.error
    with pytest.raises(Refused, match="Tick each warning"):
        batches.retry(batch, by=sage.approver)
    export = batch.items.get().invoice_export
    batches.retry(batch, by=sage.approver, ticked=sage.warnings(export))
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready" and "S19" in {finding["rule"] for finding in batch.findings}


def test_a_night_in_between_is_no_warning_that_nobody_ticked(sage):
    """How many days old a list is was ticked as of the day of the acceptance."""
    export, day = sage.sent(), datetime(2030, 8, 1, 18, tzinfo=UTC)  # two months after the lists
    with time_machine.travel(day, tick=False):
        batch = sage.accepted(export)
        assert "days old" in str(batch.findings)
    with time_machine.travel(day + timedelta(days=1), tick=False):
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready", batch.error


def test_approver_and_sender_hear_of_a_failure_and_of_the_file(sage):
    export = sage.sent()
    batch = sage.accepted(export)
    change_an_amount(sage, export)
    exporting.build(batch.pk)
    assert {mail.to for mail in Mail.objects.about(batch)} == {sage.approver, sage.sender}
    ready = sage.built(sage.sent())
    mail = Mail.objects.about(ready).get()
    assert mail.to == sage.approver and "1,000.00" in mail.text


# Trying again, rejecting out of a failed batch


def failed_batch(sage, *some) -> ExportBatch:
    batch = sage.accepted(*some)
    CostCodeLink.objects.update(code="9999.000")
    exporting.build(batch.pk)
    CostCodeLink.objects.update(code="2310.000")
    batch.refresh_from_db()
    assert batch.state == "dead"
    return batch


def test_a_failed_batch_is_tried_again_when_the_cause_is_gone(sage):
    export = sage.sent()
    batch = failed_batch(sage, export)
    assert batches.retry(batch, by=sage.approver).state == "pending"
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.key, fresh(export)[0].status) == ("ready", "EXP-000001", "exported")


def test_pressing_try_again_five_times_gives_one_file(sage, settings):
    """R12; at the same moment: tests/test_races.py."""
    batch = failed_batch(sage, sage.sent())
    for _ in range(5):
        batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    with pytest.raises(NotNow, match="nothing to try again"):
        batches.retry(batch, by=sage.approver)
    assert len(stored_files(settings)) == 2
    assert Event.objects.about(batch).filter(verb="tried again").count() == 1


def test_the_bad_one_is_rejected_and_the_others_go_on(sage):
    """R13."""
    good, bad = sage.sent(), sage.sent()
    batch = failed_batch(sage, good, bad)
    exports.reject(fresh(bad)[0], by=sage.approver, reason="Wrong job")
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.invoice_count) == ("ready", 1)
    assert [export.status for export in fresh(good, bad)] == ["exported", "rejected"]


def test_a_failed_batch_with_everything_rejected_is_void(sage):
    export = sage.sent()
    batch = failed_batch(sage, export)
    exports.reject(fresh(export)[0], by=sage.approver, reason="Wrong job")
    batch.refresh_from_db()
    assert batch.state == "void"
    assert sage.accepted(sage.sent(export.invoice)).key == "EXP-000002"


def test_whoever_sent_does_not_try_again(sage):
    """P-7 holds on every way into a file."""
    sage.sender = sage.all_rights()
    batch = failed_batch(sage, sage.sent())
    with pytest.raises(NotNow, match="separation of duties"):
        batches.retry(batch, by=sage.sender)


# Void, and the chain of what replaced what


def test_a_voided_invoice_can_be_sent_again_and_the_chain_is_kept(sage):
    export, both = sage.exported(), sage.all_rights()
    old = export.live_item
    voided = exports.void(export, by=both, reason="Keyed twice", sage_holds_it_no_more=True)
    voided.invoice.refresh_from_db()
    assert not voided.invoice.is_locked
    new = sage.built(sage.sent(export.invoice)).items.get()
    old.refresh_from_db()
    assert (old.is_live, old.replaced_by, new.is_live) == (False, new, True)
    assert old.batch.state == "void" and batches.download(old.batch, XLSX, by=sage.base.staff).content


@pytest.mark.parametrize("role", ["sender", "approver"])
def test_voiding_needs_both_rights(sage, role):
    with pytest.raises(NotAllowed, match="Admin on Commitments, Standard on ERP"):
        exports.void(sage.exported(), by=getattr(sage, role), reason="Twice", sage_holds_it_no_more=True)


def test_voiding_needs_the_statement_that_sage_holds_it_no_more(sage):
    with pytest.raises(Refused) as refusal:
        exports.void(sage.exported(), by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=False)
    assert refusal.value.field == "sage_holds_it_no_more"


def test_voiding_is_refused_while_sages_newest_list_still_has_it(sage):
    export = sage.exported()
    row = {"vendor_number": "20145", "invoice_number": export.invoice.number, "record_number": record_number()}
    sage.load(ListKind.PAYABLE_INVOICES, row)
    with pytest.raises(NotNow, match="still holds"):
        exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)


# The queue: leases, fencing, sweeps


def test_only_one_of_two_workers_claims_a_batch(sage):
    batch = sage.accepted()
    assert building.claim(batch.pk) is not None
    assert building.claim(batch.pk) is None


def test_a_late_worker_can_not_write_after_its_lease_was_taken(sage, settings):
    """Fencing, R20: a worker that was stopped past its lease wakes up and finishes its work in vain."""
    batch = sage.accepted()
    late = building.claim(batch.pk)
    proposal = building.verify(late)
    late.renewed_at -= 120
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        exporting.build(batch.pk)
        with pytest.raises(building.LeaseLost):
            building.make_file(late, proposal)
    batch.refresh_from_db()
    ready = ExportBatch.objects.filter(pk=batch.pk).values().get()
    built = building.Built(
        "x.xlsx", storing.StoredFile("x", "0"), storing.StoredFile("y", "0"), "0", totals_of_facts(batch.facts), []
    )
    with pytest.raises(building.LeaseLost), transaction.atomic():
        building.finish(late, built)
    building.give_up(late, "too late")
    building.try_later(late, OSError("too late"))
    assert ExportBatch.objects.filter(pk=batch.pk).values().get() == ready
    assert Event.objects.about(batch).filter(verb="built").count() == 1


def test_a_late_worker_can_not_write_while_another_one_builds(sage):
    """Fencing by token, not by state alone: both believe that they are building."""
    export = sage.sent()
    batch = sage.accepted(export)
    late = building.claim(batch.pk)
    late.renewed_at -= 120
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        second = building.claim(batch.pk)
        built = building.make_file(second, building.verify(second))
        with pytest.raises(building.LeaseLost):
            building.report(late, 1)
        with pytest.raises(building.LeaseLost), transaction.atomic():
            building.finish(late, built)
        building.give_up(late, "too late")
        building.try_later(late, OSError("too late"))
        building.finish(second, built)
    batch.refresh_from_db()
    assert (batch.state, fresh(export)[0].status) == ("ready", "exported")


def test_a_step_is_shown_and_the_lease_renewed_once_a_second_at_the_most(sage, monkeypatch):
    """F13: a short build writes nothing between its claim and its end; a long one keeps its lease (R34)."""
    batch = building.claim(sage.accepted().pk)
    building.report(batch, 1, 0, 1)
    written = ExportBatch.objects.get(pk=batch.pk)
    assert written.step == building.STEPS[0]
    monkeypatch.setattr(building, "monotonic", lambda: batch.renewed_at + 2)
    building.report(batch, 1, 0, 1)
    monkeypatch.setattr(building, "monotonic", lambda: batch.renewed_at)
    building.report(batch, 2, 1, 1)
    now = ExportBatch.objects.get(pk=batch.pk)
    assert now.step == building.STEPS[1] and now.lease_until > written.lease_until


def test_an_abandoned_build_is_taken_up_after_its_lease(sage):
    batch = sage.accepted()
    building.claim(batch.pk)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "building"
    with time_machine.travel(timezone.now() + building.LEASE + timedelta(seconds=1), tick=False):
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.attempts) == ("ready", 2)


@pytest.fixture
def messages(monkeypatch) -> list[int]:
    """The batches a sweep wakes, instead of a broker."""
    woken = []
    monkeypatch.setattr(tasks, "send", lambda task, pk: not woken.append(pk))
    return woken


def test_a_sweep_wakes_what_no_message_stands_for(sage, messages):
    """R5, R6: lost messages, killed workers, restored backups; within a minute."""
    batch = sage.accepted()
    tasks.sweep()
    assert messages == []
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        tasks.sweep()
        tasks.sweep()
    assert messages == [batch.pk]


def test_what_a_sweep_could_not_send_is_sent_by_the_next(sage, monkeypatch):
    """R5: while the broker is left alone nothing stands for a batch, so nothing says that something does."""
    batch, answers, asked = sage.accepted(), [False, True], []
    monkeypatch.setattr(tasks, "send", lambda task, pk: asked.append(pk) or answers.pop(0))
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        for _ in range(3):
            tasks.sweep()
    assert asked == [batch.pk, batch.pk]


def test_a_sweep_wakes_an_abandoned_build(sage, messages):
    batch = sage.accepted()
    building.claim(batch.pk)
    tasks.sweep()
    assert messages == []
    with time_machine.travel(timezone.now() + building.LEASE + timedelta(seconds=1), tick=False):
        tasks.sweep()
    assert messages == [batch.pk]


def test_a_batch_that_kills_every_worker_is_given_up_after_five(sage, messages):
    """R20: dead and said so, never silently stuck."""
    export = sage.sent()
    batch = sage.accepted(export)
    now = timezone.now()
    for attempt in range(1, 8):
        with time_machine.travel(now + attempt * timedelta(minutes=1), tick=False):
            building.claim(batch.pk)
    with time_machine.travel(now + timedelta(minutes=10), tick=False):
        tasks.sweep()
    batch.refresh_from_db()
    assert (batch.state, batch.attempts, fresh(export)[0].status) == ("dead", 5, "failed")
    assert "interrupted 5 times" in batch.error
    assert messages == []


def test_a_batch_that_cannot_be_given_up_holds_up_no_other(sage, messages, monkeypatch):
    """R20, R21: neither those that wait nor those that are given up after it."""
    stuck, after, waits = (sage.accepted(sage.sent()) for _ in range(3))
    lost = {"state": "building", "attempts": 5, "lease_token": uuid.uuid4(), "lease_until": timezone.now()}
    ExportBatch.objects.filter(pk__in=[stuck.pk, after.pk]).update(**lost)
    real = building.give_up_exhausted

    def stubborn(batch):
        if batch.pk == stuck.pk:
            raise OperationalError("deadlock detected")
        real(batch)

    monkeypatch.setattr(building, "give_up_exhausted", stubborn)
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        tasks.sweep()
    assert messages == [waits.pk]
    assert dict(ExportBatch.objects.values_list("pk", "state")) == {
        stuck.pk: "building",
        after.pk: "dead",
        waits.pk: "pending",
    }


def test_a_database_that_is_away_when_a_build_begins_leaves_it_to_the_sweep(sage, messages, monkeypatch):
    """R5."""

    def away(batch_id):
        raise OperationalError("connection refused")

    batch = sage.accepted()
    with monkeypatch.context() as patch:
        patch.setattr(building, "claim", away)
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.attempts) == ("pending", 0)
    with time_machine.travel(timezone.now() + timedelta(seconds=31), tick=False):
        tasks.sweep()
    assert messages == [batch.pk]


@pytest.fixture
def full_disk(monkeypatch):
    """Nothing can be written while it is on: called with True or False."""

    def no_space(folder, content):
        raise OSError(28, "No space left on device")

    there = storing.write_part
    return lambda is_full: monkeypatch.setattr(storing, "write_part", no_space if is_full else there)


def test_a_full_disk_is_tried_again_and_then_given_up(sage, full_disk, messages):
    """R130: what may pass by itself goes back into the queue, at first at once, then for longer and longer."""
    batch, now = sage.accepted(), timezone.now()
    full_disk(True)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "pending" and "No space left" in batch.error
    tasks.sweep()
    assert messages == [batch.pk] and batch.tried_again_at is None
    exporting.build(messages.pop())
    for minutes in (0.5, 5, 30):
        wait = timedelta(minutes=minutes)
        with time_machine.travel(now + wait - timedelta(seconds=1), tick=False):
            exporting.build(batch.pk)  # a message of before
            tasks.sweep()
        assert messages == [], "nobody takes it up before its time"
        now += wait + timedelta(seconds=1)
        with time_machine.travel(now, tick=False):
            tasks.sweep()
            assert messages == [batch.pk]
            exporting.build(messages.pop())
    batch.refresh_from_db()
    assert batch.state == "dead" and "tried 5 times" in batch.error


def test_a_disk_that_is_full_for_a_minute_costs_minutes_and_nobodys_time(sage, full_disk, messages):
    """R130: recovers by itself, with a sweep every five seconds."""
    batch, now = sage.accepted(), timezone.now()
    for seconds in range(0, 90, 5):
        full_disk(seconds < 60)
        with time_machine.travel(now + timedelta(seconds=seconds), tick=False):
            tasks.sweep()
            for batch_id in messages:
                exporting.build(batch_id)
            messages.clear()
    batch.refresh_from_db()
    assert (batch.state, batch.error) == ("ready", "")


def test_a_batch_that_waits_for_its_next_try_says_so_and_can_be_tried_at_once(sage, full_disk):
    """R130: by an accounting approver; on record, and as it was accepted."""
    batch = sage.accepted()
    full_disk(True)
    exporting.build(batch.pk)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    waits = batch.tried_again_at
    assert timedelta(seconds=20) < waits - timezone.now() <= timedelta(seconds=30)
    page = signed_in(sage.approver)
    said = text_of(page.get(at_batch(batch)))
    assert "could not be built yet." in said and "A disk is full" in said
    assert re.search(r"<details[^>]*> ?<summary>Details</summary> ?<p>OSError: \[Errno 28\] No space left", said)
    assert f"Tried again {moment_in_words(waits, sage.company.zone)}" in said
    full_disk(False)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "pending"
    snapshot = batch.snapshot_sha256
    assert page.post(at_batch(batch, "erp-retry")).status_code == 302
    assert Event.objects.about(batch).filter(verb="tried at once", by=sage.approver).count() == 1
    [holder] = [each for each in accountant_report(sage.company, Days()) if each.person == sage.approver]
    assert holder.acts["tried at once"].count == 1 and holder.acts["tried at once"].url == at_batch(batch)  # E-11
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.snapshot_sha256) == ("ready", snapshot)


def test_an_unexpected_error_fails_the_batch_with_its_words(sage, monkeypatch):
    def breaks(proposal, to, *, written):
        raise KeyError("colour")

    monkeypatch.setattr(building, "render", breaks)
    export = sage.sent()
    batch = sage.built(export)
    assert batch.state == "dead" and "KeyError" in batch.error
    assert fresh(export)[0].status == "failed"


def test_a_rolled_back_finish_leaves_the_batch_to_the_next_worker(sage, monkeypatch):
    """The batch, its invoices and the events say *built* together or not at all."""

    def breaks(*_, **__):
        raise OperationalError("connection lost")

    export = sage.sent()
    batch = sage.accepted(export)
    with monkeypatch.context() as patch:
        patch.setattr("erp_integrations.notifications.ready", breaks)
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.file_key, fresh(export)[0].status) == ("pending", "", "exporting")
    assert not Event.objects.about(batch, export).filter(verb="built").exists()
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


def test_the_worker_is_seen(sage, messages):
    """R30: a page can say that exports wait for a worker."""
    assert WorkerPulse.is_silent()
    tasks.sweep()
    assert not WorkerPulse.is_silent()
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert WorkerPulse.is_silent()


def test_of_two_workers_on_one_host_each_is_seen(sage, messages, monkeypatch):
    """R30: under the names that Celery knows them by."""
    monkeypatch.setattr(tasks.connections, "close_all", lambda: None)  # this test's own among them
    for name in ("first@here", "second@here", "first@here"):
        tasks.sweep_on_start(sender=SimpleNamespace(hostname=name))
    assert sorted(WorkerPulse.objects.values_list("name", flat=True)) == ["first@here", "second@here"]


# Files on disk


def test_leftovers_of_killed_workers_are_removed_after_an_hour(sage, settings):
    """R8, R112: never a file that a batch names, never one that is being written."""
    batch = sage.built(sage.sent())
    kept = set(stored_files(settings))
    folder = Path(settings.EXPORTS_ROOT) / str(batch.pk)
    orphans = [folder / f".{uuid.uuid4().hex}.part", folder / f"{'0' * 64}.xlsx"]
    for orphan in orphans:
        orphan.write_bytes(b"half")
    assert storing.remove_orphans() == 0
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        tasks.sweep()
        assert all(orphan.exists() for orphan in orphans), "every five seconds nobody looks at every file"
        assert tasks.remove_orphans() == 2
    assert set(stored_files(settings)) == kept
    hourly = {each["task"] for each in settings.CELERY_BEAT_SCHEDULE.values() if each["schedule"] == 3600}
    assert tasks.remove_orphans.name in hourly


def test_a_leftover_that_is_stored_anew_while_leftovers_are_looked_for_stays(sage, settings, monkeypatch):
    """R8: the same bytes again, and their batch is about to be built."""
    folder = Path(settings.EXPORTS_ROOT) / str(sage.built(sage.sent()).pk)
    left, again = folder / f"{'0' * 64}.xlsx", folder / f"{'1' * 64}.xlsx"
    for path in (left, again):
        path.write_bytes(b"left")
        os.utime(path, (0, 0))
    read = storing.manifest

    def read_while_it_is_stored(**known):
        again.touch()
        return read(**known)

    monkeypatch.setattr(storing, "manifest", read_while_it_is_stored)
    assert storing.remove_orphans() == 1
    assert (left.exists(), again.exists()) == (False, True)


def test_the_manifest_outside_the_database_names_each_built_file(sage, settings):
    """R127: a database restored to yesterday can be compared with it."""
    batch = sage.built(sage.sent())
    line = json.loads((Path(settings.EXPORTS_ROOT) / storing.MANIFEST).read_text())
    assert (line["batch"], line["sha256"], line["gross"]) == (batch.key, batch.file_sha256, "1000.00")
    assert line["invoices"] == [["20145", batch.facts.invoices[0].number]]


def test_a_task_is_told_to_stop_before_it_is_stopped_and_a_lease_ends_before_a_message_comes_again(settings):
    """R34: soft < hard, lease < the broker's visibility time-out."""
    assert tasks.SOFT_LIMIT < tasks.HARD_LIMIT
    assert timedelta(seconds=settings.VISIBILITY_TIMEOUT) > building.LEASE


def test_a_lease_is_renewed_while_a_long_workbook_is_written(sage, monkeypatch):
    """R34, F14: a worker that writes for minutes keeps its batch; one that was robbed of it stops between two lines."""
    monkeypatch.setattr(building, "LINES_A_RENEWAL", 10)
    batch = building.claim(sage.accepted().pk)
    proposal = building.verify(batch)
    start = timezone.now()
    batch.renewed_at -= 40
    with time_machine.travel(start + timedelta(seconds=40), tick=False):
        building.render(proposal, io.BytesIO(), written=building._renewing(batch, proposal))
    batch.refresh_from_db()
    assert batch.lease_until >= start + timedelta(seconds=80)
    batch.renewed_at -= 260
    with time_machine.travel(start + timedelta(minutes=5), tick=False):
        assert building.claim(batch.pk)
        with pytest.raises(building.LeaseLost):
            building.make_file(batch, proposal)
    assert not list(storing.path_of(str(batch.pk)).glob("*"))


def test_rebuilding_from_the_snapshot_gives_the_same_bytes(sage):
    """S9: on the lists that were current when it was accepted."""
    batch = sage.built(sage.sent())
    sage.load(ListKind.VENDORS, {"number": "20145", "name": "Acme Concrete", "due_terms": "02MO"})
    pinned = sage_lists(sage.company, batch.list_versions)
    again = workbook.render(exporting.checking.examine(batch.facts, pinned, today=LISTS_DATE).rows, batch.facts)
    assert again.xlsx == batches.download(batch, XLSX, by=sage.approver).content


def test_lists_that_came_between_acceptance_and_build_are_not_cited(sage):
    """S9, E-6: they give the same rows, so the file is built, and says what it was accepted on."""
    batch = sage.accepted(sage.sent())
    pinned = sage_lists(sage.company, batch.list_versions)
    accepted = workbook.render(exporting.checking.examine(batch.facts, pinned, today=LISTS_DATE).rows, batch.facts)
    same = {"number": VENDOR, "name": "Acme Concrete", "due_terms": "30DY"}
    sage.load(ListKind.VENDORS, same, as_of_date=LISTS_DATE + timedelta(days=2))
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready" and sage_lists(sage.company).vendors.dated != pinned.vendors.dated
    assert batches.download(batch, XLSX, by=sage.approver).content == accepted.xlsx


def test_every_cell_tells_how_it_was_computed(sage):
    """E-6, frozen with the batch."""
    batch = sage.built(sage.sent())
    rows = exporting.checking.examine(batch.facts, sage.lists(), today=LISTS_DATE).rows
    price = rows.rows[1].cell("price")
    assert price.text == "1000.00" and price.how
    assert ExportItem.objects.get().batch.facts.invoices[0].lines[0].how.endswith("= 1,000.00")


def test_accounting_date_is_the_posting_date(sage):
    batch = sage.accepted()
    assert batch.facts.accounting_date == ACCOUNTING_DATE
