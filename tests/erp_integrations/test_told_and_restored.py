"""Who reads why a file failed, what was shown when it was decided, and what a restored database must not do again."""

import fcntl
import json
import os
import re
import time
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from config import backups
from config.management.commands.restore import Command
from directory.actions.companies import record_entry
from directory.models import Event, Mail
from directory.refusals import NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import building, lost_days, storing
from erp_integrations.exporting.ledgers import differences
from erp_integrations.models import Download, ErpSettings, ExportBatch, InvoiceExport, ListKind, SageListVersion
from tests import factories
from tests.erp_integrations.pages import at_batch, signed_in, text_of
from tests.erp_integrations.test_building import change_an_amount
from tests.erp_integrations.world import ACCOUNTING_DATE, VENDOR, D, fresh, sage_world
from tests.invoicing.pages import at


def failed_by(sage, good, bad) -> ExportBatch:
    batch = sage.accepted(good, bad)
    change_an_amount(sage, bad)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and bad.invoice.number in batch.error
    return batch


def test_a_project_reads_why_a_file_failed_only_of_its_own_invoice(sage):
    """P-2, P-8: accounting puts many projects into one file."""
    good, bad = sage.sent(), sage.sent()
    failed_by(sage, good, bad)
    good, bad = fresh(good, bad)
    assert bad.invoice.number in bad.error
    assert bad.invoice.number not in good.error and "accounting sees it" in good.error


def test_a_sender_is_mailed_of_their_own_invoices_the_approver_of_all(sage):
    """Section 7, P-2: export failed goes to approver and sender."""
    good = sage.sent()
    bad = exports.send_one(sage.approved(), by=sage.base.second_admin)
    batch = failed_by(sage, good, bad)
    texts = {mail.to: mail.text for mail in Mail.objects.about(batch)}
    assert set(texts) == {sage.approver, sage.sender, sage.base.second_admin}
    good_line, bad_line = str(good.invoice), str(bad.invoice)
    assert good_line in texts[sage.approver] and bad_line in texts[sage.approver]
    assert good_line in texts[sage.sender] and bad_line not in texts[sage.sender]
    assert bad.invoice.number not in texts[sage.sender]
    assert bad_line in texts[sage.base.second_admin] and good_line not in texts[sage.base.second_admin]


def test_what_was_changed_since_it_was_shown_is_not_sent(sage):
    """I-5: the page says which version it showed."""
    invoice = sage.approved()
    client, url = signed_in(sage.sender), at(invoice, "invoice-erp-send")
    shown = f"{invoice.pk}:{invoice.version}"
    assert f'name="invoice" value="{shown}"' in client.get(url).content.decode()
    refused = client.post(url, {"invoice": f"{invoice.pk}:{invoice.version + 1}"})
    assert refused.status_code == 409 and "changed since it was shown" in text_of(refused)
    assert not InvoiceExport.objects.filter(invoice=invoice).exclude(status="not_sent").exists()
    assert client.post(url, {"invoice": shown}).status_code == 302


def test_a_batch_names_the_lists_it_was_checked_on_not_those_uploaded_in_between(sage, monkeypatch):
    """E-6."""
    export = sage.sent()
    ticked = sage.warnings(export)
    used = dict(SageListVersion.objects.current(sage.company).values_list("kind", "pk"))
    check = batches.check

    def check_then_upload(some, acceptance):
        proposal = check(some, acceptance)
        sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Newer"})
        return proposal

    monkeypatch.setattr(batches, "check", check_then_upload)
    batch = batches.accept([export], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked)
    assert batch.list_versions == used


def test_a_file_that_lost_an_invoice_says_so_and_names_what_replaced_it(sage):
    """6.2: the chain "replaced by"; staff must not import what is half void."""
    kept, gone = sage.sent(), sage.sent()
    batch = sage.built(kept, gone)
    page = signed_in(sage.approver)
    assert "import this file as it is" not in text_of(page.get(at_batch(batch)))
    exports.void(fresh(gone)[0], by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    said = text_of(page.get(at_batch(batch)))
    assert "Don’t import this file as it is" in said and "1 of its invoices left it" in said
    new = sage.built(sage.sent(gone.invoice))
    assert re.search(rf"replaced by <a [^>]*>{new.key}</a>", text_of(page.get(at_batch(batch))))


# A database restored to an earlier day


def restored(sage, export) -> str:
    """Builds a file of it, then gives the database back its earlier day; the SHA-256 of the file that is forgotten."""
    earlier = transaction.savepoint()
    sha256 = sage.built(export).file_sha256
    transaction.savepoint_rollback(earlier)
    assert not ExportBatch.objects.exists()
    return sha256


def test_a_restored_database_builds_no_file_of_what_a_forgotten_file_holds(sage):
    """R127."""
    export = sage.sent()
    restored(sage, export)
    batch = sage.built(*fresh(export))
    assert batch.state == "dead" and "R127" in batch.error and export.invoice.number in batch.error
    other = sage.sent()
    assert sage.built(other).state == "ready"


def test_a_forgotten_file_is_kept_listed_and_let_go_by_hand(sage, settings):
    """R127: the evidence stays, its key is not used again, and what Sage never got can go again."""
    export = sage.sent()
    sha256 = restored(sage, export)
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        storing.remove_orphans()
    assert list(Path(settings.EXPORTS_ROOT).glob(f"*/{sha256}.xlsx"))
    said = StringIO()
    call_command("forgotten_exports", company=sage.company.slug, stdout=said)
    assert (
        f"EXP-000001 {sha256}" in said.getvalue() and f"{export.invoice.number} of vendor {VENDOR}" in said.getvalue()
    )
    assert ErpSettings.objects.get(company=sage.company).next_batch_number == 2
    call_command("forgotten_exports", company=sage.company.slug, let_go=sha256, stdout=StringIO())
    assert sage.built(*fresh(export)).state == "ready"


def renamed(company, slug: str) -> None:
    """As a site owner does it: the address, and the event that tells of it."""
    before = company.slug
    company.slug = slug
    company.save(update_fields=["slug"])
    record_entry(company, {"slug": [before, slug]}, by=None, is_new=False)


def noted_by_an_older_program(settings) -> None:
    """Its lines bear the address of the company and not its number."""
    path = Path(settings.EXPORTS_ROOT) / storing.MANIFEST
    lines = [json.loads(text) for text in path.read_text().splitlines() if text]
    without = [{name: value for name, value in line.items() if name != "company_id"} for line in lines]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in without))


@pytest.mark.parametrize("is_older", [False, True], ids=["with its number", "by an older program"])
def test_a_company_with_a_new_address_still_has_its_files(sage, settings, is_older):
    """R17, R127: an address is the site owner's to change, and nothing differs by it."""
    batch = sage.built(sage.sent())
    if is_older:
        noted_by_an_older_program(settings)
    renamed(sage.company, "elsewhere")
    call_command("reconcile", stdout=(said := StringIO()))
    assert said.getvalue().startswith("0 differences") and batch.state == "ready"


def test_what_was_built_under_an_address_that_is_lost_is_not_built_again(sage):
    """R127: the restored database has the address from before, the manifest the one from after."""
    export = sage.sent()
    earlier = transaction.savepoint()
    was = sage.company.slug
    renamed(sage.company, "elsewhere")
    sage.built(export)
    transaction.savepoint_rollback(earlier)
    sage.company.refresh_from_db()
    assert sage.company.slug == was and len(storing.forgotten(sage.company)) == 1
    batch = sage.built(*fresh(export))
    assert batch.state == "dead" and "R127" in batch.error


def test_what_an_older_program_noted_counts_under_every_address_the_company_had(sage, settings):
    """R127: Sage holds a forgotten file for good, whatever the company is called afterwards."""
    export = sage.sent()
    restored(sage, export)
    noted_by_an_older_program(settings)
    renamed(sage.company, "elsewhere")
    sage_world("Other Builders")
    batch = sage.built(*fresh(export))
    assert batch.state == "dead" and "R127" in batch.error


def test_whoever_takes_a_freed_address_takes_no_files_with_it(sage):
    """R127: neither in its ledgers nor in what waits for a comparison with Sage."""
    sage.built(sage.sent())
    freed = sage.company.slug
    renamed(sage.company, "elsewhere")
    other = sage_world("Other Builders")
    renamed(other.company, freed)
    assert storing.forgotten(other.company) == []
    assert list(differences(other.company)) == []


def test_a_file_that_may_be_of_either_company_is_let_go_for_each_alone(sage):
    """R127: lost with the days in which the address changed hands, it stops both until each has been compared."""
    export = sage.sent()
    sha256 = restored(sage, export)
    freed = sage.company.slug
    renamed(sage.company, "elsewhere")
    other = sage_world("Other Builders")
    renamed(other.company, freed)
    assert [line["sha256"] for line in storing.forgotten(other.company)] == [sha256]
    call_command("forgotten_exports", company=freed, let_go=sha256, stdout=StringIO())
    assert storing.forgotten(other.company) == []
    assert sage.built(*fresh(export)).state == "dead"


def test_a_company_entered_anew_after_a_restore_sends_nothing_again(sage):
    """R127: it was entered after the backup, so another one may have its number now; and nobody has its address."""
    other = sage_world("Other Builders")
    facts = {"batch": "EXP-000001", "sha256": "0" * 64, "rows_sha256": "", "gross": "1.00", "invoices": [["1", "A"]]}
    storing.write_line({**facts, "company_id": sage.company.pk, "company": other.company.slug})
    assert len(storing.forgotten(sage.company)) == len(storing.forgotten(other.company)) == 1
    storing.write_line({**facts, "sha256": "1" * 64, "company_id": other.company.pk + 9, "company": "gone"})
    assert len(storing.forgotten(sage.company)) == len(storing.forgotten(other.company)) == 2


def test_a_company_entered_anew_in_another_order_and_under_another_address_sends_nothing_again(sage):
    """R127: the line bears the number that another company has now, and the address that nobody has any more."""
    other = sage_world("Other Builders")
    facts = {"batch": "EXP-000001", "sha256": "0" * 64, "rows_sha256": "", "gross": "1.00", "invoices": [["1", "A"]]}
    storing.write_line({**facts, "company_id": other.company.pk, "company": "sages-address-of-then"})
    assert len(storing.forgotten(sage.company)) == len(storing.forgotten(other.company)) == 1


def test_a_file_whose_number_and_address_lead_to_one_company_is_nobody_elses(sage):
    """R127: a restore holds up the companies whose days are lost, and no others."""
    other = sage_world("Other Builders")
    restored(sage, sage.sent())
    assert len(storing.forgotten(sage.company)) == 1
    assert storing.forgotten(other.company) == []


def everything_lost(sage, backup_of: str = "2026-11-29T03:15:00+00:00") -> str:
    """What `restore` says once the newest backup is back and everything since is lost, the import files too."""
    facts = backups.Facts(backup_of, "sqlite", "database", "", 1, "", 0)
    Command(stdout=(said := StringIO()))._nothing_goes_on_from_there(facts)
    return said.getvalue()


def test_no_file_that_waited_at_the_backup_is_built_by_itself_after_a_restore(sage):
    """R127: where the manifest is lost too, nothing else tells that it may have been built and imported since."""
    waiting, half_built, built, posted = (sage.accepted(sage.sent()) for _ in range(4))
    building.claim(half_built.pk)
    for batch in (built, posted):
        exporting.build(batch.pk)
    exports.confirm(posted.items.get().invoice_export, by=sage.approver, record_number="77")
    mailed = Mail.objects.count()
    said = everything_lost(sage)
    assert "2 import files held back" in said
    assert f"{built.key} of {sage.company}: may have been imported since the backup." in said
    assert posted.key not in said
    for batch in (waiting, half_built):
        batch.refresh_from_db()
        assert batch.state == "dead" and batch.error == building.RESTORED
        assert batch.items.get().invoice_export.status == "failed"
        assert Event.objects.about(batch).filter(verb="held by a restore", to_state="dead").count() == 1
    assert Mail.objects.count() == mailed and list(differences(sage.company)) == []
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert not ExportBatch.objects.unheard(timezone.now()).exists()
    sage.load(ListKind.PAYABLE_INVOICES)
    batches.retry(half_built, by=sage.approver)
    exporting.build(half_built.pk)
    half_built.refresh_from_db()
    assert half_built.state == "ready"


def built_since_the_backup(sage) -> ExportBatch:
    """It waited then; its file is there, and the restored database knows of none."""
    batch = sage.accepted()
    earlier = transaction.savepoint()
    exporting.build(batch.pk)
    transaction.savepoint_rollback(earlier)
    building.hold_after_restore()
    return batch


def test_what_waited_at_the_backup_and_was_built_since_is_not_built_again(sage):
    """R127: its own file stands in the manifest, of the very acceptance that the restored database knows."""
    batch = built_since_the_backup(sage)
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "R127" in batch.error
    [line] = storing.forgotten(sage.company)
    call_command("forgotten_exports", company=sage.company.slug, let_go=line["sha256"], stdout=StringIO())
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


def killed_after_its_note(batch, monkeypatch) -> None:
    real = storing.note

    def noted_then_killed(*args):
        real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(storing, "note", noted_then_killed)
        exporting.build(batch.pk)


def test_what_a_killed_worker_noted_does_not_hold_its_own_batch(sage, monkeypatch):
    """R127, R4: the note comes before the commit, so a kill in between leaves it."""
    batch = sage.accepted()
    killed_after_its_note(batch, monkeypatch)
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


def test_what_a_killed_worker_noted_does_not_hold_its_batch_when_it_is_tried_again(sage, monkeypatch):
    """R127: given up for another reason, then accepted anew with the same rows."""
    batch = sage.accepted()
    killed_after_its_note(batch, monkeypatch)
    building.give_up_exhausted(ExportBatch.objects.get(pk=batch.pk))
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready", batch.error


def test_what_a_killed_worker_noted_is_no_difference_for_good(sage, monkeypatch):
    """R17, R127: its batch was accepted anew and built, and nobody could ever take the file of that line."""
    batch = sage.accepted()
    killed_after_its_note(batch, monkeypatch)
    assert given_up_then(sage, batch, lambda export: sent_anew(sage, export)).state == "ready"
    assert len(storing.forgotten(sage.company)) == 1 and list(differences(sage.company)) == []


def test_what_was_built_in_lost_days_stays_a_difference(sage):
    """R17, R127: a restore held its batch, so its file may have been taken."""
    batch = built_since_the_backup(sage)
    [found] = differences(sage.company)
    assert (found.check, found.about) == ("manifest", batch.key)


def given_up_then(sage, batch: ExportBatch, then) -> ExportBatch:
    """Another reason stops the batch once its worker was killed; `then` accepts its invoice anew, which is built."""
    building.give_up_exhausted(ExportBatch.objects.get(pk=batch.pk))
    again = then(batch.items.get().invoice_export)
    exporting.build(again.pk)
    again.refresh_from_db()
    return again


def test_what_a_killed_worker_noted_does_not_hold_its_batch_with_another_cell(sage, monkeypatch):
    """R127: this database knows the acceptance of the line, so it is no restored one."""
    batch = sage.accepted()
    killed_after_its_note(batch, monkeypatch)

    def tried_again(export):
        return batches.retry(batch, by=sage.approver, accounting_date=ACCOUNTING_DATE - timedelta(days=1))

    assert given_up_then(sage, batch, tried_again).error == ""


def sent_anew(sage, export):
    exports.reject(export, by=sage.approver, reason="Again")
    return sage.accepted(exports.send_one(export.invoice, by=sage.sender))


def test_what_a_killed_worker_noted_holds_no_other_batch(sage, monkeypatch):
    """R127: rejected out of it, sent and accepted again."""
    batch = sage.accepted()
    killed_after_its_note(batch, monkeypatch)
    assert given_up_then(sage, batch, lambda export: sent_anew(sage, export)).state == "ready"


def test_what_waited_at_the_backup_and_was_built_since_goes_into_no_other_batch(sage):
    """R127: the restored database knows the acceptance, and the restore held it."""
    batch = built_since_the_backup(sage)
    again = sent_anew(sage, batch.items.get().invoice_export)
    exporting.build(again.pk)
    again.refresh_from_db()
    assert again.state == "dead" and "R127" in again.error


def test_a_restored_database_knows_nothing_of_a_later_acceptance(sage):
    """R127: its failed batch was tried again and built in the days that are lost."""
    batch = sage.accepted()
    building.give_up(building.claim(batch.pk), "The disk was full")
    earlier = transaction.savepoint()
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    transaction.savepoint_rollback(earlier)
    batches.retry(batch, by=sage.approver)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "R127" in batch.error


def test_leftovers_are_looked_for_with_one_question(sage, settings, django_assert_num_queries):
    """Every few seconds, however many files there are."""
    for _ in range(3):
        sage.built(sage.sent())
    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False), django_assert_num_queries(1):
        assert storing.remove_orphans() == 0


def test_half_a_line_of_the_manifest_costs_only_itself(sage, settings):
    """R127: a power cut may end a line anywhere; the file that is built next is remembered all the same."""
    folder = Path(settings.EXPORTS_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / storing.MANIFEST).write_text('{"batch": "EXP-0000')
    batch = sage.built(sage.sent())
    assert [line["batch"] for line in storing.manifest()] == [batch.key]


def test_whoever_notes_a_file_waits_for_another_who_does(settings, tmp_path):
    """R127: on a network disk two hosts that append at once would write over each other's line."""
    settings.EXPORTS_ROOT = tmp_path
    storing.write_line({"company": "first"})
    path, say, told = tmp_path / storing.MANIFEST, *os.pipe()
    pid = os.fork()
    if not pid:
        other = os.open(path, os.O_WRONLY | os.O_APPEND)
        fcntl.lockf(other, fcntl.LOCK_EX)
        os.write(told, b".")
        time.sleep(0.3)
        os.write(other, b'{"company": "second"}\n')
        os._exit(0)
    os.read(say, 1)
    storing.write_line({"company": "third"})
    os.waitpid(pid, 0)
    assert [line["company"] for line in storing.manifest()] == ["first", "second", "third"]


def test_a_manifest_that_took_a_part_of_its_line_leaves_the_batch_for_a_later_try(sage, monkeypatch):
    """R127, R130: a disk that fills up takes what it has room for and raises nothing."""
    batch, whole = sage.accepted(), os.write
    with monkeypatch.context() as patch:
        patch.setattr(storing.os, "write", lambda handle, content: whole(handle, content[:20]))
        exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.file_key) == ("pending", "") and "No space left" in batch.error
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"
    assert [line["sha256"] for line in storing.manifest()] == [batch.file_sha256]


def test_a_lock_that_is_never_let_go_leaves_the_batch_for_a_later_try(sage, settings, monkeypatch):
    """R130: a host that hangs with the manifest in its hands keeps nobody's transaction open for good."""
    monkeypatch.setattr(storing, "LOCK_PATIENCE", 0.2)
    batch = sage.accepted()
    storing.write_line({"company": "first"})
    path, (say, told), (wait, end) = Path(settings.EXPORTS_ROOT) / storing.MANIFEST, os.pipe(), os.pipe()
    pid = os.fork()
    if not pid:
        fcntl.lockf(os.open(path, os.O_WRONLY), fcntl.LOCK_EX)
        os.write(told, b".")
        os.read(wait, 1)
        os._exit(0)
    os.read(say, 1)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "pending" and "keeps its lock" in batch.error
    os.write(end, b".")
    os.waitpid(pid, 0)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


# What a file of lost days holds is known to Sage alone

LOST = (
    "S11: This site was restored on 2030-06-20 07:00 to 2030-06-19 03:15: what was exported in between may be in Sage."
)


@pytest.fixture
def lost(sage):
    """The site as of the morning of 19 June, put back a day later; on accounting's clocks it is 7:00."""
    with time_machine.travel(datetime(2030, 6, 20, 12, tzinfo=UTC), tick=False) as clock:
        waits, failed = sage.sent(), sage.accepted(sage.sent())
        sage.key_before = ErpSettings.of(sage.company).next_batch_number
        everything_lost(sage, "2030-06-19T08:15:00+00:00")
        clock.shift(timedelta(hours=1))
        yield waits, failed


def payables_of(sage, day: date):
    sage.load(ListKind.PAYABLE_INVOICES, as_of_date=day)


def test_after_a_restore_nothing_is_sent_accepted_or_tried_again_before_sages_payables_are_uploaded(sage, lost):
    """R127: the import files are lost too, so neither they nor their manifest can tell what Sage was given."""
    waits, failed = lost
    draft = sage.approved()
    told = [each for each in sage.findings(waits) if each.severity == "error"]
    assert [each.sentence for each in told] == [
        f"{LOST} Upload Sage's list of payable invoices first, of a later day than that, and import no file that was"
        " downloaded in between."
    ]
    for act in (
        lambda: exports.send_one(draft, by=sage.sender),
        lambda: sage.accepted(waits),
        lambda: batches.retry(failed, by=sage.approver),
    ):
        with pytest.raises(Refused, match=LOST):
            act()
    payables_of(sage, date(2030, 6, 20))
    assert "S11" in sage.rules_of(waits), "it may have been made before what was lost on that day"
    payables_of(sage, date(2030, 6, 21))
    assert Event.objects.filter(verb="ended what a restore held").count() == 1
    assert "S11" not in sage.rules_of(waits)
    assert sage.built(waits, exports.send_one(draft, by=sage.sender)).state == "ready"
    batches.retry(failed, by=sage.approver, ticked=sage.warnings(*fresh(*InvoiceExport.objects.failed())))


def test_what_sages_list_holds_of_the_lost_days_is_not_exported_again(sage, lost):
    """R127."""
    waits, _ = lost
    row = {"vendor_number": VENDOR, "invoice_number": waits.invoice.number, "gross": "1000.00"}
    sage.load(ListKind.PAYABLE_INVOICES, row, as_of_date=date(2030, 6, 21))
    with pytest.raises(Refused, match="S11: Sage already holds invoice"):
        sage.accepted(waits)


def test_no_file_is_built_that_was_accepted_while_a_restore_ran(sage):
    """R127: the build asks as the acceptance does."""
    batch = sage.accepted(sage.sent())
    lost_days.hold(timezone.now())
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S11: This site was restored" in batch.error


def test_no_key_of_the_lost_days_is_used_again(sage, lost):
    """R127: Sage may hold invoices under it, by which staff filter in 4-2."""
    payables_of(sage, date(2030, 6, 21))
    assert sage.built(lost[0]).number == sage.key_before + 1000


def test_a_company_that_had_chosen_nothing_before_the_backup_is_held_too(sage):
    """R127: its first file may be one of the lost days."""
    other = factories.world("Other Builders").company
    everything_lost(sage)
    chosen = ErpSettings.of(other)
    assert (chosen.restored_at is not None, chosen.next_batch_number) == (True, 1001)


def test_no_file_of_before_the_backup_is_given_out_until_sages_list_tells(sage):
    """R127: who took it in the lost days, and imported it, is not in the backup."""
    batch = sage.built()
    with time_machine.travel(datetime(2030, 6, 20, 12, tzinfo=UTC), tick=False):
        everything_lost(sage, "2030-06-19T08:15:00+00:00")
        with pytest.raises(NotNow, match="may have been imported since the backup"):
            batches.download(batch, Download.Which.XLSX, by=sage.approver)
        client, file = signed_in(sage.approver), reverse("erp-download", args=[sage.company.slug, batch.number, "xlsx"])
        refused = client.get(file)
        assert refused.status_code == 409 and "may have been imported since the backup" in text_of(refused)
        assert f'href="{file}"><svg' in text_of(client.get(at_batch(batch))), "a browser shows what the answer says"
        assert "Get the file" not in text_of(client.get("/"))
        payables_of(sage, date(2030, 6, 21))
        assert "Get the file" in text_of(client.get("/"))
        with pytest.raises(Refused, match="This site was restored on Thu 20 Jun 2030"):
            batches.download(batch, Download.Which.XLSX, by=sage.approver)
        assert batches.download(batch, Download.Which.XLSX, by=sage.approver, reason="Compared with 4-2").content


def test_a_file_that_sages_list_holds_is_given_out_for_a_reason_only_though_nobody_has_taken_it(sage):
    """R15, R127: who took and imported it in the lost days is not in the backup, but Sage’s list knows."""
    batch, client = sage.built(sage.sent(), sage.sent()), signed_in(sage.approver)
    file = reverse("erp-download", args=[sage.company.slug, batch.number, "xlsx"])
    export = batch.items.first().invoice_export
    row = {"vendor_number": VENDOR, "invoice_number": export.invoice.number, "gross": "1000.00", "record_number": "77"}
    sage.load(ListKind.PAYABLE_INVOICES, row | {"status": "5"}, as_of_date=date(2030, 6, 20))
    assert "holds 1 of its 2" not in text_of(client.get(at_batch(batch))), "what Sage keeps as void is gone there"
    sage.load(ListKind.PAYABLE_INVOICES, row, as_of_date=date(2030, 6, 21))
    for address in (at_batch(batch), file):
        page = text_of(client.get(address))
        assert "Sage holds 1 of its 2 invoices already, by its list of Fri 21 Jun 2030." in page
        assert "taken before" not in page
    with pytest.raises(Refused, match="2030. Say why"):
        batches.download(batch, Download.Which.XLSX, by=sage.approver)
    assert not batch.downloads.exists()
    assert client.get(file, {"reason": "To hold it against 4-2"})["Content-Disposition"].startswith("attachment")
    assert batch.downloads.get().reason == "To hold it against 4-2"
    exports.confirm(export, by=sage.approver, record_number="77")
    assert "invoices already" not in text_of(client.get(at_batch(batch))), "somebody has said so meanwhile"


def test_nobody_is_asked_for_the_reason_of_a_file_that_a_restore_holds(sage):
    """R127: Sage's list of that very day holds it, and does not end the hold."""
    batch = sage.built()
    number = batch.items.get().invoice_export.invoice.number
    with time_machine.travel(datetime(2030, 6, 20, 12, tzinfo=UTC), tick=False):
        everything_lost(sage, "2030-06-19T08:15:00+00:00")
        row = {"vendor_number": VENDOR, "invoice_number": number}
        sage.load(ListKind.PAYABLE_INVOICES, row, as_of_date=date(2030, 6, 20))
        answer = signed_in(sage.approver).get(at_batch(batch, "erp-download", "xlsx"))
        assert answer.status_code == 409 and "may have been imported since the backup" in text_of(answer)


def test_a_file_of_which_a_part_is_confirmed_is_given_for_a_reason_though_nobody_took_it(sage):
    """R15: the rest is not in Sage's list, but to import all of it would double what is there."""
    batch, client = sage.built(sage.sent(), sage.sent()), signed_in(sage.approver)
    exports.confirm(batch.items.first().invoice_export, by=sage.approver, record_number="77")
    assert "Sage holds 1 of its 2 invoices already." in text_of(client.get(at_batch(batch)))
    with pytest.raises(Refused, match="Sage holds 1 of its 2 invoices already. Say why"):
        batches.download(batch, Download.Which.XLSX, by=sage.approver)


def test_a_release_of_before_a_restore_is_given_for_a_reason_though_no_list_can_tell_of_it(sage):
    """R127, S50: its sheet may have been done in the lost days, and leaves no invoice in Sage."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    batch = sage.built(sage.sent(sage.approved(commitment, {"retainage_released": D("40.00")})))
    with time_machine.travel(datetime(2030, 6, 20, 12, tzinfo=UTC), tick=False):
        everything_lost(sage, "2030-06-19T08:15:00+00:00")
        payables_of(sage, date(2030, 6, 21))
    batch = ExportBatch.objects.get(pk=batch.pk)
    words = "This site was restored on Thu 20 Jun 2030, and this file may have been imported before."
    assert words in text_of(signed_in(sage.approver).get(at_batch(batch)))
    with pytest.raises(Refused, match="restored on .* Say why"):
        batches.download(batch, Download.Which.XLSX, by=sage.approver)
    assert batches.download(batch, Download.Which.XLSX, by=sage.approver, reason="Compared with 4-2").content


@pytest.fixture
def lost_in_july(sage):
    """The site put back on 20 July: what began by then may be of the days that it does not know."""
    commitments = sage.mid_job(), sage.commitment()
    bill = sage.exported(sage.approved(commitments[1])).invoice
    sage.next_month()
    release = {"retainage_released": D("40.00")}
    releasing = [sage.approved(each, release) for each in commitments]
    with time_machine.travel(datetime(2030, 7, 20, 12, tzinfo=UTC), tick=False) as clock:
        everything_lost(sage, "2030-07-19T08:15:00+00:00")
        clock.shift(timedelta(hours=1))
        payables_of(sage, date(2030, 7, 21))
        yield bill, releasing


def asked_of_release(sage, export: InvoiceExport) -> list[tuple]:
    return [(each.severity, each.message, each.remedy) for each in sage.findings(export) if each.rule == "S51"]


def test_a_release_that_sages_list_cannot_tell_of_asks_for_a_tick_after_a_restore(sage, lost_in_july):
    """S51, R127: of what was held before a mid-job start, and in a list without retention, a sheet leaves no trace."""
    bill, releasing = lost_in_july
    on_start, on_bill = (sage.sent(each) for each in releasing)
    doubt = "may have been done in the days that were lost when this site was restored on 2030-07-20."
    for export, name in ((on_start, "Billed before Plumbline"), (on_bill, bill.number)):
        [(severity, message, remedy)] = asked_of_release(sage, export)
        assert severity == "warning" and "tick it only if it was not" in remedy
        assert message == f"Sage's list doesn't say what {name} holds: this release {doubt}"
    with pytest.raises(Refused, match="Tick each warning that you have seen: .*S51"):
        batches.accept(fresh(on_start), by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=[])
    row = {"vendor_number": VENDOR, "invoice_number": bill.number, "gross": "1000.00", "retention": "100.00"}
    sage.load(ListKind.PAYABLE_INVOICES, row, as_of_date=date(2030, 7, 22))
    assert asked_of_release(sage, on_bill) == [], "the list says that it was not"
    assert len(asked_of_release(sage, on_start)) == 1
    assert sage.built(on_start).state == "ready"


def test_a_release_of_a_period_that_began_after_a_restore_asks_for_nothing(sage, lost_in_july):
    """S51, R127: it is of none of the days that were lost."""
    _, (on_start, _) = lost_in_july
    sage.next_month()
    release = sage.approved(on_start.commitment, {"retainage_released": D("10.00")})
    assert asked_of_release(sage, sage.sent(release)) == []


def test_accounting_reads_on_every_page_and_on_the_first_that_a_restore_holds_it(sage, lost):
    words = "This site was restored 20 Jun 2030, 7:00 am CDT to 19 Jun 2030, 3:15 am CDT."
    client, queue = signed_in(sage.approver), reverse("erp-queue", args=[sage.company.slug])
    uploads = reverse("erp-list", args=[sage.company.slug, "payable_invoices"])
    page = text_of(client.get(queue))
    assert words in re.sub(r"<[^>]+>", "", page) and f'href="{uploads}"' in page
    assert "Sage’s payable invoices to upload" in text_of(client.get("/"))
    payables_of(sage, date(2030, 6, 21))
    assert "was restored" not in text_of(client.get(queue)) + text_of(client.get("/"))
