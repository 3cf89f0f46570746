"""Our own ledgers held against each other (R17): no difference in a healthy company, and every seeded fault found."""

import shutil
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from directory.models import Company
from erp_integrations import tasks
from erp_integrations.actions import exports
from erp_integrations.exporting import ledgers, storing
from erp_integrations.exporting.ledgers import check, differences
from erp_integrations.models import ExportBatch, ExportItem, InvoiceExport, LedgerCheck, RetainageRelease
from invoicing.models import Invoice, InvoiceLine
from tests.directory.test_event_chain import switch_triggers_off
from tests.erp_integrations.pages import signed_in, text_of
from tests.erp_integrations.world import D, fresh, record_number, sage_world

pytestmark = pytest.mark.django_db


def said(sage) -> list[str]:
    return [f"{each.check}: {each.about}: {each.expected} / {each.found}" for each in differences(sage.company)]


def busy(sage) -> InvoiceExport:
    """An export in every status that is left alone; the one that is answered stands in a file."""
    export, posted, voided = sage.exported(), sage.exported(), sage.exported()
    exports.confirm(posted, by=sage.approver, record_number=record_number())
    exports.void(voided, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    exports.reject(sage.sent(), by=sage.approver, reason="No")
    exports.retrieve(sage.sent(), by=sage.sender)
    sage.sent(), sage.accepted()
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    sage.exported(sage.approved(commitment, {"work_this_period": D("100.00"), "retainage_released": D("50.00")}))
    return fresh(export)[0]


@pytest.fixture
def export(sage) -> InvoiceExport:
    return sage.exported()


@pytest.fixture
def batch(export) -> ExportBatch:
    return export.items.get().batch


def test_a_healthy_company_has_no_difference(sage):
    busy(sage)
    assert said(sage) == []
    out = StringIO()
    call_command("reconcile", stdout=out)
    assert out.getvalue() == "0 differences in 1 company.\n"
    assert LedgerCheck.objects.get().difference_count == 0


def test_a_deleted_file_is_found(sage, batch):
    storing.path_of(batch.file_key).unlink()
    [found] = said(sage)
    assert found.startswith(f"files: {batch.key}, {batch.file_name}") and "can't be read" in found


@pytest.mark.parametrize("key", ["file_key", "csv_key"])
def test_one_altered_byte_of_a_file_is_found(sage, batch, key):
    path = storing.path_of(getattr(batch, key))
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    [found] = said(sage)
    assert found.startswith("files:") and "is not the one that was built" in found


def test_an_altered_amount_of_an_invoice_is_found_by_its_lines_and_by_its_file(sage, export, batch):
    Invoice.objects.filter(pk=export.invoice_id).update(gross_this_period=D("999.00"))
    found = said(sage)
    assert [each for each in found if each.startswith("invoices: N-8")]
    amount = f"amounts: {batch.key}, invoice {export.invoice.number}, gross: 1,000.00 / 999.00"
    assert amount in found


def test_an_altered_line_of_an_approved_invoice_is_found(sage):
    invoice = sage.approved()
    InvoiceLine.objects.filter(pk=invoice.lines.first().pk).update(work_this_period=D("1000.01"))
    assert said(sage) and all(each.startswith("invoices: N-") for each in said(sage))


def test_a_state_flipped_past_the_program_is_found_by_its_events(sage, export):
    InvoiceExport.objects.filter(pk=export.pk).update(status="posted", sage_record_number="1")
    found = said(sage)
    name = f"Export of {export.invoice.commitment.number}, invoice {export.invoice.number}"
    assert f"statuses: {name}: Exported, by its events / Posted" in found
    assert f"records: {name}: Sage’s record, who confirmed it, and when / not all of them" in found
    assert f"statuses: {name}, posted: True / False" in found


def test_what_the_database_itself_refuses_needs_no_finding(export, batch):
    """Triggers: a status off its ways, and anything a built batch says of its file."""
    for rows, change in (
        (InvoiceExport.objects.filter(pk=export.pk), {"status": "ready_to_export"}),
        (ExportBatch.objects.filter(pk=batch.pk), {"gross": D("1.00")}),
        (ExportBatch.objects.filter(pk=batch.pk), {"file_sha256": "0" * 64}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_altered_accepted_data_are_found(sage, batch):
    """By whoever can switch the triggers off."""
    switch_triggers_off()
    ExportBatch.objects.filter(pk=batch.pk).update(snapshot=batch.snapshot.replace("1000.00", "1000.01"))
    assert said(sage) == [f"files: {batch.key}, accepted data: as accepted / altered"]


def test_a_place_that_bills_another_line_of_sage_than_was_accepted_is_found(sage, export, batch):
    """S40 reads it there; an older process left it empty, and the accepted data are read in its place."""
    live = ExportItem.objects.filter(invoice_export=export)
    [item] = live
    name = f"amounts: {batch.key}, invoice {export.invoice.number}"
    live.update(commitment_number="SC-77", billed_lines={"1": 100000})
    assert said(sage) == [
        f"{name}, Sage commitment: {item.commitment_number} / SC-77",
        f"{name}, on Sage’s lines: nothing / 1,000.00 on 1",
    ]
    live.update(commitment_number=None, billed_lines=None)
    assert said(sage) == []


@pytest.fixture
def sheet(sage) -> ExportBatch:
    """A built file whose release sheet releases 40.00 of the 100.00 that the invoice before holds."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    return sage.built(sage.sent(sage.approved(commitment, {"retainage_released": D("40.00")})))


def test_a_release_that_says_something_else_than_was_accepted_is_found(sage, sheet):
    """R17, S51: later sheets count it, by whoever can switch the triggers off."""
    switch_triggers_off()
    releases, [accepted] = RetainageRelease.objects.all(), sheet.facts.invoices
    before = accepted.releases[0].invoice_number
    name = f"amounts: {sheet.key}, invoice {accepted.number}, release sheet: 40.00 of 100.00 on {before}"
    releases.update(released=D("1.00"))
    assert said(sage) == [f"{name} / 1.00 of 100.00 on {before}"]
    releases.all().delete()
    assert said(sage) == [f"{name} / nothing"]


def test_the_database_keeps_the_releases_of_a_built_file(sage, sheet):
    """E-2: and lets those of one that waits be written anew."""
    [release] = RetainageRelease.objects.all()
    waits = sage.accepted(sage.sent())
    more = {"on_invoice": release.item.invoice_export.invoice, "held": D("5.00"), "released": D("5.00")}
    own = RetainageRelease.objects.create(item=waits.items.get(), **more)
    for forbidden in (
        lambda: RetainageRelease.objects.filter(pk=release.pk).update(released=D("1.00")),
        lambda: release.delete(),
        lambda: RetainageRelease.objects.create(item=release.item, **more),
        lambda: RetainageRelease.objects.filter(pk=own.pk).update(item=release.item),
    ):
        with pytest.raises(IntegrityError, match="a built file never changes"), transaction.atomic():
            forbidden()
    own.delete()


def test_an_export_that_lost_its_place_is_found(sage, export):
    ExportItem.objects.filter(invoice_export=export).update(is_live=False)
    [found] = said(sage)
    assert found.startswith("places in files:") and found.endswith("in a batch that is ready / in none")


def test_a_place_that_nobody_gave_up_is_found(sage, export):
    exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    ExportItem.objects.filter(invoice_export=export).update(is_live=True)
    [found] = said(sage)
    assert found.endswith("in no batch / in one that is void")


def test_an_invoice_that_was_unlocked_by_hand_is_found(sage, export):
    Invoice.objects.filter(pk=export.invoice_id).update(is_locked=False)
    [found] = said(sage)
    assert found.endswith("locked: True / False")


def test_a_lost_manifest_and_a_forgotten_file_are_found(sage, batch):
    path = storing.path_of(storing.MANIFEST)
    lines = path.read_text()
    another = lines.replace(batch.file_sha256, "f" * 64)
    path.write_text(another.replace(batch.accepted_at.isoformat(), "2030-06-01T12:00:00+00:00"))
    found = said(sage)
    assert f"manifest: {batch.key}: noted beside the files / not noted" in found
    assert f"manifest: {batch.key}: a batch of this database / none with the file ffffffffffff" in found


def test_any_difference_ends_the_command_in_words_and_with_a_code(sage, batch):
    storing.path_of(batch.file_key).unlink()
    out = StringIO()
    with pytest.raises(CommandError, match="1 difference"):
        call_command("reconcile", "--company", sage.company.slug, stdout=out)
    head, row = out.getvalue().splitlines()
    assert head.split() == ["company", "ledgers", "about", "expected", "found"]
    assert row.startswith(sage.company.slug) and batch.file_name in row
    with pytest.raises(CommandError, match="No company"):
        call_command("reconcile", "--company", "nowhere")


def test_every_night_and_a_banner_stands_on_accountings_pages_until_a_check_finds_nothing(sage, batch):
    path = storing.path_of(batch.file_key)
    shutil.move(path, f"{path}.away")
    assert tasks.check_ledgers() == 1
    client = signed_in(sage.base.staff)
    for name in ("erp-queue", "erp-batches", "erp-lists", "erp-reconciliations"):
        page = text_of(client.get(reverse(name, args=[sage.company.slug])))
        assert "Our own ledgers do not agree: 1 difference" in page and batch.file_name in page, name
    shutil.move(f"{path}.away", path)
    assert tasks.check_ledgers() == 0
    assert "do not agree" not in text_of(client.get(reverse("erp-queue", args=[sage.company.slug])))


def test_a_company_whose_ledgers_cannot_be_read_keeps_nobody_from_reading_the_others(sage, batch, monkeypatch):
    storing.path_of(batch.file_key).unlink()
    broken = sage_world("A Broken House").company
    Company.objects.filter(pk=broken.pk).update(slug="a-broken-house")  # looked at first
    real = ledgers.check

    def check(company):
        if company == broken:
            raise OperationalError("canceling statement due to lock timeout")
        return real(company)

    monkeypatch.setattr(ledgers, "check", check)
    assert tasks.check_ledgers() == 1


def asked(sage) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert said(sage) == []
    return [each["sql"] for each in queries]


def test_it_asks_for_many_invoices_of_a_file_as_often_as_for_one():
    one, many = sage_world(), sage_world()
    one.built(one.sent())
    many.built(*[many.sent() for _ in range(4)])
    assert len(asked(many)) == len(asked(one))


def test_it_reads_a_chunk_at_a_time_and_by_ids_alone(sage, monkeypatch):
    """All at once fills the memory; by company besides, SQLite walks through the whole company for each chunk."""
    monkeypatch.setattr(ledgers, "CHUNK", 2)
    sage.built(*[sage.sent() for _ in range(5)])
    chunks = [sql for sql in asked(sage) if '"erp_integrations_invoiceexport"."id" IN (' in sql]
    assert len(chunks) == 3
    assert not [sql for sql in chunks if 'company_id" = ' in sql]


def test_a_check_is_kept_as_it_was(sage):
    check(sage.company)
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerCheck.objects.update(difference_count=5)
