"""What a release of retainage stands on in Sage: earlier invoices that it holds, the oldest first (S49 to S52)."""

import hashlib
import json
import re
from datetime import UTC, date, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from directory.models import Event
from directory.refusals import NotNow, Refused
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, many, results
from erp_integrations.exporting import building, ledgers, storing, unchanged
from erp_integrations.models import ExportBatch, InvoiceExport, ListKind, RetainageRelease
from erp_integrations.sage100.facts import ReleaseFacts
from erp_integrations.sage100.findings import errors
from invoicing.actions import amounts, approvals, invoices, reviews
from invoicing.models import Commitment, Invoice, InvoiceLine
from invoicing.proof import broken_identities, identities_of, lines_of, refresh_header
from invoicing.safeguards import endorsement_behind
from tests.erp_integrations.pages import at_batch, at_export
from tests.erp_integrations.world import ACCOUNTING_DATE, LISTS_DATE, VENDOR, D, fresh, record_number
from tests.invoicing.pages import signed_in, text_of


def with_release(sage, commitment, amount: str, work: str = "0.00") -> Invoice:
    sage.next_month()
    figures = {"work_this_period": D(work), "retainage_released": D(amount)}
    return sage.approved(commitment, figures)


def built(batch: ExportBatch) -> ExportBatch:
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.error) == ("ready", "")
    return batch


def release_of(batch: ExportBatch) -> ReleaseFacts:
    return batch.facts.invoices[0].releases[0]


def test_a_release_goes_to_the_oldest_exported_invoices_and_to_no_row(sage):
    """S49–S52, S51: two invoices hold 100.00 each; 150.00 is released."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    second = sage.exported(sage.approved(commitment))
    third = sage.sent(with_release(sage, commitment, "150.00", work="500.00"))
    batch = sage.built(third)
    facts = batch.facts.invoices[0]
    assert [(r.invoice_number, r.held, r.released) for r in facts.releases] == [
        (first.invoice.number, D("100.00"), D("100.00")),
        (second.invoice.number, D("100.00"), D("50.00")),
    ]
    assert (batch.gross, batch.retainage) == (D("500.00"), D("50.00"))
    sage.next_month()
    last = sage.sent(with_release(sage, commitment, "60.00"))
    assert [(r.invoice_number, r.held, r.released) for r in sage.accepted(last).facts.invoices[0].releases] == [
        (second.invoice.number, D("50.00"), D("50.00")),
        (third.invoice.number, D("50.00"), D("10.00")),
    ]


def test_a_release_says_what_its_amounts_follow_from_and_no_other_batch_changes_it(sage):
    """E-6, S60: frozen at acceptance, in the file, and on the page of an invoice without rows."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    sage.next_month()
    second = sage.exported(sage.approved(commitment))
    before = sage.exported(with_release(sage, commitment, "40.00")).live_item.batch
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("90.00", "10.00"))
    batch = sage.built(one, two)
    told = [(r.how_held, r.how_released) for invoice in batch.facts.invoices for r in invoice.releases]
    assert told == [
        (f"newly held 100.00 − released by {before.key} 40.00 = 60.00", "oldest first: 60.00 of 90.00"),
        ("newly held 100.00", "oldest first: 30.00 of 90.00, after 60.00 on older ones"),
        (
            f"newly held 100.00 − released by {one.invoice.number} of this file 30.00 = 70.00",
            "oldest first: 10.00 of 10.00",
        ),
    ]
    page = text_of(signed_in(sage.approver).get(at_export(one)))
    for words in ("How was the release sheet computed?", *told[0], "held 60.00 − release 60.00 = 0.00"):
        assert words in page
    rows = load_workbook(storing.path_of(batch.file_key))["How computed"].iter_rows(min_row=2, values_only=True)
    cells = {row[0]: row[2:] for row in rows}
    assert cells["Retainage release!F2"] == ("60.00", told[0][0], f"invoice {first.invoice.number}")
    assert cells["Retainage release!G3"] == ("30.00", told[1][1], f"invoice {one.invoice.number}")
    assert second.invoice.number in cells["Retainage release!F4"][2]


def test_batches_accepted_before_either_is_built_stand_one_after_the_other(sage):
    """S51, S60: what was accepted later takes nothing from under what was accepted before."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("10.00", "20.00"))
    accepted = [sage.accepted(one), sage.accepted(two)]
    releases = [release_of(built(batch)) for batch in accepted]
    assert [(each.held, each.released) for each in releases] == [(D("100.00"), D("10.00")), (D("90.00"), D("20.00"))]
    assert releases[1].how_held == (
        f"newly held 100.00 − released by {accepted[0].key} 10.00 = 90.00 ({accepted[0].key} is not in a file yet; Sage"
        " holds 10.00 more until its sheet is done)"
    )


def test_a_batch_that_is_tried_again_counts_what_was_accepted_meanwhile(sage):
    """S51: no invoice's retainage is released twice."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00"))
    batch = sage.accepted(one)
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete", "due_terms": "30DY", "hold_payment": "yes"})
    exporting.build(batch.pk)
    assert ExportBatch.objects.get(pk=batch.pk).state == "dead"
    later = sage.accepted(two)
    [proposal] = exports.preview_by_file(fresh(one), by=sage.approver)
    changes = unchanged.changes(ExportBatch.objects.get(pk=batch.pk), proposal)
    assert any("release 1 held was 100.00, is 60.00" in each.message for each in changes)
    tried_again(sage, batch, one)
    assert [(each.held, each.released) for each in (release_of(built(later)), release_of(built(batch)))] == [
        (D("40.00"), D("40.00")),
        (D("60.00"), D("60.00")),
    ]


def release_both(sage) -> tuple[list[InvoiceExport], list[ExportBatch]]:
    """100.00 are held; one batch releases 60.00 of it, the next 40.00."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    some = [sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00")]
    return some, [sage.accepted(each) for each in some]


def tried_again(sage, batch: ExportBatch, export: InvoiceExport) -> ExportBatch:
    """Every warning and every change ticked, as its page does it."""
    [proposal] = exports.preview_by_file(fresh(export), by=sage.approver)
    changes = unchanged.changes(ExportBatch.objects.get(pk=batch.pk), proposal)
    ticked = [exporting.finding_key(each) for each in (*proposal.warnings, *changes)]
    return batches.retry(batch, by=sage.approver, ticked=ticked)


def test_two_batches_that_are_both_tried_again_are_both_built(sage):
    """S60: neither changed since it was accepted anew, whichever comes first."""
    some, both = release_both(sage)
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete", "due_terms": "30DY", "hold_payment": "yes"})
    for batch in both:
        exporting.build(batch.pk)
    for batch, export in zip(both, some, strict=True):
        tried_again(sage, batch, export)
    assert [release_of(built(batch)).released for batch in both] == [D("60.00"), D("40.00")]


def test_a_release_that_is_in_no_file_yet_is_counted_and_told(sage):
    """S51, E-5: its batch failed, so Sage shows 100.00 held where the sheet says 40.00."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment)).invoice
    sage.next_month()
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00"))
    failed = sage.accepted(one)
    building.give_up(building.claim(failed.pk), "The disk was full")
    words = f"{first.number}: {failed.key} is not in a file yet; Sage holds 60.00 more until its sheet is done."
    told = [each for each in sage.findings(two) if each.rule == "S51"]
    assert [(each.severity, each.message) for each in told] == [("warning", words)]
    with pytest.raises(Refused, match=f"Tick each warning that you have seen: .*S51: {words}"):
        batches.accept(fresh(two), by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=[])
    batch = built(sage.accepted(two))
    assert words in text_of(signed_in(sage.approver).get(at_batch(batch)))
    again = built(tried_again(sage, failed, one))
    assert "S51" not in {each["rule"] for each in again.findings}, "it counts the other, which is in a file"


def test_what_another_batch_no_longer_takes_is_looked_at_again_and_undone_by_nobody(sage):
    """S60: the failed one was rejected, so the next one's sheet would say another balance."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00"))
    failed, waits = sage.accepted(one), sage.accepted(two)
    building.give_up(building.claim(failed.pk), "The disk was full")
    exports.reject(fresh(one)[0], by=sage.approver, reason="Wrong month")
    exporting.build(waits.pk)
    waits.refresh_from_db()
    assert waits.error == (
        f"S60: Invoice {two.invoice.number} changed after it was accepted: release 1 held was 40.00, is 100.00. An"
        " accounting approver looks again, then tries again."
    )


def test_a_clock_that_steps_back_between_two_acceptances_stops_neither(sage, monkeypatch):
    """S60."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    one, two = (sage.sent(with_release(sage, commitment, amount)) for amount in ("60.00", "40.00"))
    now = timezone.now
    with monkeypatch.context() as ahead:
        ahead.setattr(timezone, "now", lambda: now() + timedelta(minutes=2))
        both = [sage.accepted(one)]
    both.append(sage.accepted(two))
    assert [release_of(built(batch)).held for batch in both] == [D("100.00"), D("40.00")]


def test_a_file_of_a_worker_whose_clock_is_behind_stops_nothing_that_was_accepted_before(sage, monkeypatch):
    """S51, S60: what a batch stands on was settled when it was accepted."""
    commitment = sage.commitment()
    oldest = sage.approved(commitment)
    sage.next_month()
    known = sage.exported(sage.approved(commitment))
    older = sage.accepted(sage.sent(oldest))
    waits = sage.accepted(sage.sent(with_release(sage, commitment, "10.00")))
    now = timezone.now
    with monkeypatch.context() as behind:
        behind.setattr(timezone, "now", lambda: now() - timedelta(minutes=2))
        built(older)
    assert release_of(built(waits)).invoice_number == known.invoice.number


def test_what_an_older_program_accepted_is_still_built(sage):
    """S60: its row says no number, and its snapshot not what else was counted, of which it warned nobody (S51)."""
    _, both = release_both(sage)
    for batch in both:
        plain = json.loads(batch.snapshot)
        for invoice in plain["invoices"]:
            del invoice["counted"]
        frozen = json.dumps(plain, sort_keys=True, separators=(",", ":"))
        sha256 = hashlib.sha256(frozen.encode("ascii")).hexdigest()
        told = [finding for finding in batch.findings if finding["rule"] != "S51"]
        row = {"snapshot": frozen, "snapshot_sha256": sha256, "findings": told, "counts_below": None}
        ExportBatch.objects.filter(pk=batch.pk).update(**row)
    assert [release_of(built(batch)).held for batch in reversed(both)] == [D("40.00"), D("100.00")]


def test_an_older_invoice_whose_file_is_built_meanwhile_takes_no_release_from_another(sage):
    """S51, S60: what stood in Sage when it was accepted is what it stands on."""
    commitment = sage.commitment()
    oldest = sage.approved(commitment)
    sage.next_month()
    known = sage.exported(sage.approved(commitment))
    waits = sage.accepted(sage.sent(with_release(sage, commitment, "10.00")))
    sage.exported(oldest)
    assert release_of(built(waits)).invoice_number == known.invoice.number


def test_a_release_only_invoice_makes_a_file_without_rows(sage):
    """S50."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    export = sage.sent(with_release(sage, commitment, "100.00"))
    batch = sage.built(export)
    assert (batch.state, batch.row_count, batch.gross) == ("ready", 0, D("0.00"))
    assert fresh(export)[0].status == "exported"


def files_told(sage) -> tuple[list[str], list[str]]:
    """What is said of each file: by the first page, and by the figures of the list of files, the newest first."""
    client = signed_in(sage.approver)
    waiting = client.get("/").context["waiting"]
    at_home = [task.words.split(" · ")[1] for task in waiting.mine if task.title.startswith("Import file")]
    page = text_of(client.get(reverse("erp-batches", args=[sage.company.slug])))
    label = r'data-label="(?:Invoices|Gross|Retainage|Net)">(.*?)</td>'
    cells = [re.sub("<.*?>", "", cell) for cell in re.findall(label, page)]
    return at_home, [" | ".join(cells[at : at + 4]) for at in range(0, len(cells), 4)]


def test_a_file_is_told_by_all_that_is_in_it_still_and_by_what_is_released(sage):
    """A bill that only releases has no row, and a voided one is in the file no more; both were counted otherwise."""
    commitment = sage.commitment()
    kept, voided = sage.sent(sage.approved(commitment)), sage.sent(sage.approved(sage.commitment()))
    sage.built(kept, voided)
    assert files_told(sage) == (["2 invoices, net 1,800.00"], ["2 | 2,000.00 | 200.00 | 1,800.00"])
    exports.void(*fresh(voided), by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    assert files_told(sage) == (["1 invoice, net 900.00"], ["1 | 1,000.00 | 100.00 | 900.00"])
    sage.built(sage.sent(with_release(sage, commitment, "20.00")))
    assert files_told(sage)[0][-1] == "1 invoice, 20.00 to release"
    assert files_told(sage)[1][0] == "1 | 0.00 | 0.00 | 0.0020.00 on the release sheet"
    sage.built(sage.sent(with_release(sage, commitment, "10.00", "100.00")))
    assert files_told(sage)[0][-1] == "1 invoice, net 90.00, 10.00 to release"


def test_a_release_that_no_exported_invoice_holds_is_stopped(sage):
    """S51: Sage can't release what it does not hold."""
    commitment = sage.commitment()
    sage.approved(commitment)
    releasing = with_release(sage, commitment, "100.00")
    with pytest.raises(Refused, match="S51"):
        sage.sent(releasing)
    found = errors(exports.preview([InvoiceExport(invoice=releasing)], by=sage.sender).findings)
    assert [each.rule for each in found] == ["S51"]
    assert found[0].remedy.startswith("Export the earlier ones first; if Sage was given one by hand, ")


def with_a_deduction(sage) -> Commitment:
    """Bill 1 is in a file: it holds 100.00 on A and −20.00 on a deduction, together 80.00."""
    base = sage.base
    commitment = sage.commitment(lines=[base.line("A", "5000.00"), base.line("Left out", "-2000.00")])
    sage.exported(
        sage.approved(
            commitment, {"work_this_period": D("1000.00")}, {"work_this_period": D("-200.00"), "note": "Left out"}
        )
    )
    sage.next_month()
    return commitment


@pytest.mark.parametrize(
    ("on_a", "on_deduction", "remedy"),
    [
        ("0.00", "-20.00", "-20.00 in all.* or at least 20.00 more on 1 A"),
        ("100.00", "0.00", "100.00 in all.*Release what is held below zero on 2 Left out with it, or 20.00 less"),
    ],
)
def test_a_release_that_sage_could_never_take_is_neither_sent_nor_approved(sage, on_a, on_deduction, remedy):
    """N-5, S51: line by line it is within what is held; a later bill would keep it from being mended."""
    base, commitment = sage.base, with_a_deduction(sage)
    too_much = [{"retainage_released": D(amount)} for amount in (on_a, on_deduction)]
    with pytest.raises(Refused, match=f"N-5: Retainage released comes to {remedy}"):
        base.submitted(base.draft(commitment), *too_much)
    all_of_it = [{"retainage_released": D(amount)} for amount in ("100.00", "-20.00")]
    bill = base.submitted(commitment.invoices.get(position=2), *all_of_it)
    entries = dict(zip(bill.lines.values_list("pk", flat=True), too_much, strict=True))
    reduced = amounts.save_lines(bill, entries, by=base.admin, version=bill.version)
    reviews.approve_the_rest(reduced, by=base.admin)
    with pytest.raises(Refused, match=f"N-5: Retainage released comes to {remedy}"):
        invoices.approve(Invoice.objects.get(pk=bill.pk), by=base.second_admin)


def test_what_was_approved_before_and_sage_could_never_take_is_told_what_to_do(sage):
    """S51: no invoice is left to export that would help it. Neither the ledgers nor its certificate complain (N-5)."""
    commitment = with_a_deduction(sage)
    invoice = sage.approved(commitment, {"retainage_released": D("20.00")})
    InvoiceLine.objects.filter(invoice=invoice, schedule_line__position=1).update(retainage_released=D("0.00"))
    InvoiceLine.objects.filter(invoice=invoice, schedule_line__position=2).update(retainage_released=D("-20.00"))
    refresh_header(invoice)
    invoice.save()
    assert list(ledgers.differences(sage.company)) == []
    assert all(each.holds for each in identities_of(invoice))
    with pytest.raises(Refused, match="S51: The invoice releases -20.00; Sage releases nothing below zero. Reopen it"):
        sage.sent(invoice)


def test_a_voided_release_can_be_released_again(sage):
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    export = sage.exported(with_release(sage, commitment, "100.00"))
    exports.void(export, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True, retention_is_raised=True)
    assert sage.accepted(sage.sent(export.invoice)).facts.invoices[0].releases[0].released == D("100.00")


# Retainage that was held before a commitment came here


@pytest.fixture
def started(sage):
    return sage.mid_job()


def released(export):
    facts = export.live_item.batch.facts.invoices[0]
    return [(each.invoice_number, each.invoice_date, each.held, each.released) for each in facts.releases]


def released_how(export):
    return [each.how_held for each in export.live_item.batch.facts.invoices[0].releases]


def test_what_was_held_before_a_mid_job_start_is_the_oldest_and_released_first(sage, started):
    """S51: 4,900.00 on invoices that only Sage knows, then what ours hold."""
    before = ("Billed before Plumbline", started.starting_certificate.as_of_date)
    first = sage.exported(sage.approved(started, {"work_this_period": D("1000.00"), "stored_moved": D("4000.00")}))
    assert first.invoice.retainage_newly_held == D("100.00")
    second = sage.exported(with_release(sage, started, "4500.00"))
    assert released(second) == [(*before, D("4900.00"), D("4500.00"))]
    third = sage.exported(with_release(sage, started, "450.00"))
    assert released(third) == [
        (*before, D("400.00"), D("400.00")),
        (first.invoice.number, first.invoice.billing_date, D("100.00"), D("50.00")),
    ]
    with pytest.raises(NotNow, match="releases retainage on this invoice"):
        exports.void(first, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    exports.void(third, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True, retention_is_raised=True)
    again = sage.sent(third.invoice)
    sage.accepted(again)
    assert released(again)[0] == (*before, D("400.00"), D("400.00"))


def test_a_first_bill_of_an_earlier_day_than_the_start_is_the_older_one(sage, started):
    """S51: oldest by the days that both bear, as the rule reads them."""
    start = started.starting_certificate
    draft = sage.base.draft(started)
    draft.billing_date = start.as_of_date - timedelta(days=5)
    first = sage.exported(sage.base.approved(draft, {"work_this_period": D("1000.00"), "stored_moved": D("4000.00")}))
    second = sage.exported(with_release(sage, started, "4500.00"))
    assert released(second) == [
        (first.invoice.number, draft.billing_date, D("100.00"), D("100.00")),
        ("Billed before Plumbline", start.as_of_date, D("4900.00"), D("4400.00")),
    ]


def test_the_batch_page_and_the_release_sheet_say_where_in_sage_to_look(sage, started):
    sage.exported(sage.approved(started))
    export = sage.exported(with_release(sage, started, "4500.00"))
    batch = export.live_item.batch
    page = text_of(signed_in(sage.approver).get(f"/c/{sage.company.slug}/erp/batches/{batch.number}/"))
    words = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert f"Billed before Plumbline, through Sun 31 May 2026 {started.vendor.name} SC-90 4,900.00 4,500.00" in words
    assert released_how(export) == ["held before Plumbline 4,900.00"]
    sheet = load_workbook(storing.path_of(batch.file_key))["Retainage release"]
    assert [cell.value for cell in sheet[2]][3:] == [
        "Billed before Plumbline",
        "2026-05-31",
        4900,
        4500,
        400,
    ]


def test_a_release_stands_on_an_invoice_or_on_the_start_and_never_on_both(sage, started):
    sage.exported(sage.approved(started))
    export = sage.sent(with_release(sage, started, "4500.00"))
    sage.accepted(export)
    [release] = RetainageRelease.objects.all()
    for on_invoice in (export.invoice, None):
        with pytest.raises(IntegrityError, match="a_release_stands_on_one"), transaction.atomic():
            RetainageRelease.objects.filter(pk=release.pk).update(
                on_invoice=on_invoice, on_start=None if on_invoice is None else release.on_start
            )


def test_what_an_invoice_holds_itself_is_not_what_it_releases(sage):
    """S51: where nothing earlier stands in Sage, there is nothing to release it on."""
    commitment = sage.commitment()
    sage.approved(commitment)
    mixed = with_release(sage, commitment, "40.00", "500.00")
    with pytest.raises(Refused, match="S51: No earlier invoice of this commitment that still holds retainage"):
        sage.sent(mixed)


def test_what_an_invoice_holds_and_releases_itself_is_neither_in_the_file_nor_on_the_sheet(sage):
    """S51, S46: 200.00 are released, of which the bill before holds 100.00; the other 100.00 were never held."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    mixed = sage.exported(with_release(sage, commitment, "200.00", work="1000.00"))
    batch = mixed.live_item.batch
    assert (batch.gross, batch.retainage, batch.net) == (D("1000.00"), D("0.00"), D("1000.00"))
    facts = batch.facts.invoices[0]
    assert [(each.invoice_number, each.released) for each in facts.releases] == [(first.invoice.number, D("100.00"))]
    assert facts.net == mixed.invoice.current_payment_due == D("1100.00")
    held = Invoice.objects.filter(commitment=commitment).aggregate(
        sum=Sum("retainage_newly_held") - Sum("retainage_released")
    )
    assert held["sum"] == mixed.invoice.total_retainage == D("0.00")


def deducted_on_the_final_bill(sage, deduction: dict, worth: str) -> Invoice:
    """Bill 1 is in a file and holds 100.00 on A, and on B where that is billed; bill 2 releases all, as a later one.

    Bill 3 builds on it, so that nobody can reopen it.
    """
    base = sage.base
    commitment = sage.commitment(lines=[base.line("A", "5000.00"), base.line("B", worth)])
    first = {"work_this_period": D("1000.00")}
    sage.exported(sage.approved(commitment, first, first if D(worth) > 0 else {}))
    sage.next_month()
    final = {"work_this_period": D("500.00"), "retainage_released": D("150.00")}
    invoice = sage.approved(commitment, final, {"work_this_period": D("-200.00"), "note": "Taken back"} | deduction)
    sage.next_month()
    sage.approved(commitment, {"work_this_period": D("100.00")})
    return invoice


@pytest.mark.parametrize(
    ("worth", "released_on_b", "held"), [("5000.00", "80.00", "200.00"), ("-2000.00", "-20.00", "100.00")]
)
def test_a_final_bill_with_a_credit_or_a_deduction_on_it_releases_all(sage, worth, released_on_b, held):
    """S46, S47, S51: the lines together newly hold nothing, and all that Sage holds is released."""
    invoice = deducted_on_the_final_bill(sage, {"retainage_released": D(released_on_b)}, worth)
    assert (invoice.gross_this_period, invoice.total_retainage) == (D("300.00"), D("0.00"))
    assert (invoice.retainage_newly_held, invoice.retainage_released) == (D("0.00"), D(held))
    batch = sage.exported(invoice).live_item.batch
    assert (batch.gross, batch.retainage, batch.net) == (D("300.00"), D("0.00"), D("300.00"))
    [release] = batch.facts.invoices[0].releases
    assert (release.held, release.released, release.new_retention) == (D(held), D(held), D("0.00"))


def migrated_from(name: str) -> None:
    """Back to that migration of invoicing, and on to the newest."""
    executor = MigrationExecutor(connection)
    try:
        executor.migrate([("invoicing", name)])
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())


@pytest.mark.django_db(transaction=True)
def test_a_bill_that_the_lines_alone_could_not_have_sent_can_be_sent_after_the_migration(sage):
    """Invoicing 0041: as the version before it stored its header; what is with accounting stays as it is."""
    invoice = deducted_on_the_final_bill(sage, {"retainage_released": D("80.00")}, "5000.00")
    mixed = {"work_this_period": D("1000.00"), "retainage_released": D("40.00")}
    in_a_file = sage.exported(sage.approved(None, mixed)).invoice
    Invoice.objects.filter(pk=invoice.pk).update(retainage_newly_held=D("-20.00"), retainage_released=D("180.00"))
    Invoice.objects.filter(pk=in_a_file.pk).update(retainage_newly_held=D("100.00"), retainage_released=D("40.00"))
    migrated_from("0040_what_a_line_releases_at_once")
    told = Invoice.objects.in_bulk()
    assert (told[in_a_file.pk].retainage_newly_held, told[in_a_file.pk].retainage_released) == (D("100.00"), D("40.00"))
    assert broken_identities(told.values(), {pk: lines_of(invoice) for pk, invoice in told.items()}) == {}
    assert sage.sent(told[invoice.pk]).status == "ready_to_export"


@pytest.mark.django_db(transaction=True)
def test_bills_that_no_file_holds_leave_out_what_they_release_at_once_after_the_migration(sage):
    """N-8, invoicing 0040: approved under an older program; what stands in a file stays as the file says it."""
    mixed = {"work_this_period": D("1000.00"), "retainage_released": D("40.00")}
    waits, in_a_file, none = (
        sage.approved(None, mixed),
        sage.exported(sage.approved(None, mixed)).invoice,
        sage.approved(),
    )
    for invoice in (waits, in_a_file):
        Invoice.objects.filter(pk=invoice.pk).update(retainage_newly_held=D("100.00"), retainage_released=D("40.00"))
    migrated_from("0039_found_by_bare_numbers")
    told = Invoice.objects.in_bulk()
    assert [(told[each.pk].retainage_newly_held, told[each.pk].retainage_released) for each in (waits, in_a_file)] == [
        (D("60.00"), D("0.00")),
        (D("100.00"), D("40.00")),
    ]
    assert told[none.pk].retainage_newly_held == D("100.00")
    assert broken_identities([told[waits.pk], told[in_a_file.pk]], {e: lines_of(told[e]) for e in told}) == {}
    assert sage.sent(told[waits.pk]).status == "ready_to_export"


def test_a_bill_that_an_older_program_sent_is_added_up_anew_when_it_comes_back(sage):
    """N-8, decision 38: a later bill builds on it, so nobody could reopen it and save it again."""
    mixed = {"work_this_period": D("1000.00"), "retainage_released": D("40.00")}
    commitment = sage.commitment()
    sage.base.company.second_approval_above = D("100.00")
    sage.base.company.save()
    bill = sage.base.submitted(sage.base.draft(commitment), mixed)
    reviews.approve_the_rest(bill, by=sage.base.admin)
    first = approvals.endorse(bill, by=sage.base.admin)
    sent = sage.sent(invoices.approve(Invoice.objects.get(pk=bill.pk), by=sage.base.second_admin))
    sage.base.company.second_approval_above = None
    sage.base.company.save()
    Invoice.objects.filter(pk=sent.invoice_id).update(retainage_newly_held=D("100.00"), retainage_released=D("40.00"))
    sage.next_month()
    sage.approved(commitment)
    sent.invoice.refresh_from_db()
    exports.retrieve(sent, by=sage.sender)
    back = Invoice.objects.with_context().get(pk=sent.invoice_id)
    assert (back.retainage_newly_held, back.retainage_released) == (D("60.00"), D("0.00"))
    event = Event.objects.about(back).get(verb="added up anew")
    assert endorsement_behind(back) == first, "its certificate names both who approved it"
    assert event.by is None and back.version == sent.invoice.version + 1, "the program did it, nobody's name is told"
    assert event.changes == {"retainage_newly_held": ["100.00", "60.00"], "retainage_released": ["40.00", "0.00"]}
    exports.retrieve(sage.sent(back), by=sage.sender)
    assert Event.objects.about(back).filter(verb="added up anew").count() == 1, "what is right already stays"
    assert sage.sent(back).status == "ready_to_export"


def test_a_bill_that_says_already_what_its_lines_make_of_it_is_not_written_by_the_migration(sage):
    """Invoicing 0041: only what differs is."""
    invoice = sage.approved(None, {"work_this_period": D("1000.00"), "retainage_released": D("40.00")})
    migration = import_module("invoicing.migrations.0041_what_a_whole_bill_releases_at_once")
    for is_other in (False, True):
        if is_other:
            Invoice.objects.filter(pk=invoice.pk).update(retainage_newly_held=D("100.00"))
        with CaptureQueriesContext(connection) as done:
            migration.add_up_anew(apps, None)
        assert any(each["sql"].startswith("UPDATE") for each in done) == is_other
    invoice.refresh_from_db()
    assert invoice.retainage_newly_held == D("60.00")


# What another invoice released before


def taken_by_a_later_one(sage) -> tuple[Invoice, ExportBatch]:
    """Bills 1 and 3 hold 100.00 each. Bill 2 releases 60.00 and is not sent; bill 4 took 60.00 of bill 1."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    waits = with_release(sage, commitment, "60.00")
    sage.next_month()
    sage.exported(sage.approved(commitment))
    return waits, sage.built(sage.sent(with_release(sage, commitment, "60.00")))


def test_what_a_later_release_took_is_taken_from_what_stands_in_files_instead(sage):
    """S51: else it could never be sent."""
    waits, _ = taken_by_a_later_one(sage)
    first, _, third, _ = waits.commitment.invoices.order_by("position")
    batch = built(sage.accepted(sage.sent(waits)))
    assert [(each.invoice_number, each.held, each.released) for each in batch.facts.invoices[0].releases] == [
        (first.number, D("40.00"), D("40.00")),
        (third.number, D("100.00"), D("20.00")),
    ]


def test_a_voided_release_goes_on_what_stands_in_files_once_another_took_its_place(sage):
    """S51, 6.2: voided and to be replaced."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    again = sage.exported(with_release(sage, commitment, "60.00"))
    sage.next_month()
    third = sage.exported(sage.approved(commitment))
    last = with_release(sage, commitment, "60.00")
    exports.void(again, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True, retention_is_raised=True)
    sage.exported(last)
    sage.exported(again.invoice)
    assert [(r.on_invoice, r.released) for r in RetainageRelease.objects.order_by("pk")[2:]] == [
        (first.invoice, D("40.00")),
        (third.invoice, D("20.00")),
    ]


def test_a_later_invoice_of_an_earlier_day_is_released_first_where_the_earlier_ones_hold_too_little(sage):
    """S51: oldest is by date."""
    waits, _ = taken_by_a_later_one(sage)
    first, _, third, _ = waits.commitment.invoices.order_by("position")
    Invoice.objects.filter(pk=third.pk).update(billing_date=first.billing_date - timedelta(days=3))
    batch = built(sage.accepted(sage.sent(waits)))
    assert [(each.invoice_number, each.released) for each in batch.facts.invoices[0].releases] == [
        (third.number, D("60.00"))
    ]


def test_no_release_stands_on_a_later_one_that_goes_into_the_same_file(sage):
    """S51: of two in one file each could stand on the other."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    waits = with_release(sage, commitment, "60.00")
    sage.next_month()
    along = sage.approved(commitment)
    sage.built(sage.sent(with_release(sage, commitment, "60.00")))
    [proposal] = exports.preview_by_file([InvoiceExport(invoice=each) for each in (waits, along)], by=sage.sender)
    assert [each.rule for each in errors(proposal.findings)] == ["S51"]


def test_what_cannot_be_placed_says_which_file_took_it(sage):
    """E-5: what to do next."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    waits = with_release(sage, commitment, "60.00")
    sage.next_month()
    sage.approved(commitment)
    taker = sage.built(sage.sent(with_release(sage, commitment, "60.00")))
    words = (
        f"the invoice 60.00. Before it, {taker.key} released on what is in files. Export the other invoices of this"
        " commitment that hold retainage first; if there is none, void or reject the release that is too much."
    )
    with pytest.raises(Refused, match=words):
        sage.sent(waits)


def test_a_release_and_the_later_invoice_it_stands_on_leave_their_files_together(sage):
    """S51: in whatever order they were exported."""
    waits, taker = taken_by_a_later_one(sage)
    sage.exported(waits)
    third = waits.commitment.invoices.get(position=3)
    told = {"reason": "Again", "sage_holds_it_no_more": True, "retention_is_raised": True}
    some = fresh(*InvoiceExport.objects.filter(invoice__in=[waits, third]))
    exports.void(taker.items.get().invoice_export, by=sage.all_rights(), **told)
    assert [each.refusal for each in many.void_each(some, by=sage.all_rights(), **told)] == [None, None]


# What was lowered in Sage for an invoice that leaves its file

TOLD = {"reason": "Wrong sums", "sage_holds_it_no_more": True}


def one_on_the_sheet(sage) -> tuple[Invoice, InvoiceExport]:
    """An invoice that holds 100.00, and one that releases 40.00 of it."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment)).invoice
    return first, sage.exported(with_release(sage, commitment, "40.00"))


def test_a_release_is_voided_only_once_the_retention_is_raised_again(sage):
    """6.2, S51: nothing of ours sees what was lowered in Sage, and the next sheet lowers it again."""
    first, export = one_on_the_sheet(sage)
    client = signed_in(by := sage.all_rights())
    page = text_of(client.get(at_export(export, "erp-void")))
    assert "raise the retention again" in page and f"invoice {first.number} by <strong>40.00</strong>" in page
    with pytest.raises(Refused) as refusal:
        exports.void(export, by=by, **TOLD)
    assert refusal.value.field == "retention_is_raised"
    answer = client.post(at_export(export, "erp-void"), TOLD)
    assert answer.status_code == 422 and "Raise their retention again" in text_of(answer)
    assert client.post(at_export(export, "erp-void"), TOLD | {"retention_is_raised": "on"}).status_code == 302
    assert fresh(export)[0].status == "voided"


def test_no_release_stands_on_an_invoice_that_sage_refused_until_somebody_has_said_what_became_of_it(sage):
    """S51: there is no retention there to lower; mended, it may hold another amount."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    results.report_refusal(first, by=sage.approver, message="Job 2026014 is closed")
    release = with_release(sage, commitment, "40.00", work="500.00")
    with pytest.raises(Refused, match=f"Sage refused {first.invoice.number}: “Job 2026014 is closed”.*Void it"):
        sage.sent(release)
    exports.confirm(first, by=sage.approver, record_number=record_number())
    assert sage.sent(release).status == "ready_to_export"


def test_the_page_of_a_file_says_which_of_its_releases_stand_on_what_sage_refused_since(sage):
    """S51: the sheet was built before anybody knew; there is no retention to lower."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment))
    batch = built(sage.accepted(sage.sent(with_release(sage, commitment, "40.00", work="500.00"))))
    client = signed_in(sage.approver)
    assert "no retention to lower" not in text_of(client.get(at_batch(batch)))
    results.report_refusal(first, by=sage.approver, message="Job 2026014 is closed")
    page = text_of(client.get(at_batch(batch)))
    assert "no retention to lower" in page and f"{first.invoice.number}: “Job 2026014 is closed”" in page
    exports.confirm(first, by=sage.approver, record_number=record_number())
    assert "no retention to lower" not in text_of(client.get(at_batch(batch)))


def test_who_cancels_a_file_says_once_for_all_that_the_retention_is_raised_again(sage):
    """9.7."""
    first, export = one_on_the_sheet(sage)
    client, batch = signed_in(sage.all_rights()), export.live_item.batch
    said = {"reason": "Wrong company", "sage_holds_none": "on", "export": [str(export.pk)]}
    assert f"invoice {first.number} by <strong>40.00</strong>" in text_of(client.get(at_batch(batch, "erp-cancel")))
    assert client.post(at_batch(batch, "erp-cancel"), said).status_code == 422
    client.post(at_batch(batch, "erp-cancel"), said | {"retention_is_raised": "on"})
    assert fresh(export)[0].status == "voided"
    other = sage.exported().live_item.batch
    assert "retention" not in text_of(client.get(at_batch(other, "erp-cancel"))).partition("<main")[2]
    client.post(at_batch(other, "erp-cancel"), said | {"export": [str(other.items.get().invoice_export_id)]})
    assert fresh(other.items.get().invoice_export)[0].status == "voided"


def test_what_is_released_again_wants_a_tick_that_it_was_raised_in_between(sage):
    """S51: else the retention is lowered twice, and only a date hints at it."""
    first, export = one_on_the_sheet(sage)
    before = export.live_item.batch
    exports.confirm(export, by=sage.approver, record_number="")
    exports.void(*fresh(export), by=sage.all_rights(), **TOLD, retention_is_raised=True)
    again = sage.sent(export.invoice)
    told = [each for each in sage.findings(again) if each.rule == "S51"]
    words = f"{before.key}, which this invoice left, released 40.00 on {first.number}."
    assert [(each.severity, each.message) for each in told] == [("warning", words)]
    with pytest.raises(Refused, match="Tick each warning that you have seen: .*S51"):
        batches.accept(fresh(again), by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=[])
    assert words in text_of(signed_in(sage.approver).get(at_batch(built(sage.accepted(again)))))


def test_what_left_a_batch_that_was_never_built_was_released_by_nobody(sage):
    """S51."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    export = sage.sent(with_release(sage, commitment, "40.00"))
    batch = sage.accepted(export)
    building.give_up(building.claim(batch.pk), "The disk was full")
    exports.reject(fresh(export)[0], by=sage.approver, reason="Wrong month")
    assert "S51" not in sage.rules_of(sage.sent(export.invoice))


# What Sage was given by hand


def given_by_hand(sage, **row) -> Invoice:
    """A bill that holds 100.00: accounting keyed it into Sage and rejected it. S11 lets no file hold it any more."""
    export = sage.sent(sage.approved(sage.commitment()))
    exports.reject(export, by=sage.approver, reason="Sage has it: keyed by hand")
    sage_lists_it(sage, export.invoice, **row)
    return fresh(export)[0].invoice


def sage_lists_it(sage, invoice: Invoice, retention: str = "100.00", as_of_date: date = LISTS_DATE, **row) -> None:
    told = {"vendor_number": VENDOR, "invoice_number": invoice.number.lower(), "gross": "1000.00", "status": 1}
    sage.load(ListKind.PAYABLE_INVOICES, told | {"retention": retention} | row, as_of_date=as_of_date)


def held_on(export: InvoiceExport) -> list[tuple]:
    facts = export.live_item.batch.facts.invoices[0]
    return [(each.invoice_number, each.held, each.released, each.how_held) for each in facts.releases]


def test_retainage_is_released_on_a_bill_that_sage_was_given_by_hand(sage):
    """S51, S11: no file of ours can hold that bill, and Sage holds its retainage; who accepts looks at it in 4-2."""
    bill = given_by_hand(sage)
    with pytest.raises(Refused, match="S11: Sage already holds"):
        sage.sent(bill)
    export = sage.sent(with_release(sage, bill.commitment, "40.00"))
    [told] = [each for each in sage.findings(export) if each.rule == "S51"]
    words = f"{bill.number} is in no file of ours: by Sage’s list of 2030-06-01 it holds 100.00."
    assert (told.severity, told.message) == ("warning", words) and "See in 4-2" in told.remedy
    batch = built(sage.accepted(export))
    assert held_on(export) == [(bill.number, D("100.00"), D("40.00"), "newly held 100.00")]
    assert RetainageRelease.objects.get().on_invoice == bill
    assert words in text_of(signed_in(sage.approver).get(at_batch(batch)))


def test_what_sage_holds_on_it_is_what_its_list_says_where_that_is_less(sage):
    """S51."""
    bill = given_by_hand(sage, retention="30.00")
    too_much, rest = with_release(sage, bill.commitment, "30.01"), with_release(sage, bill.commitment, "30.00")
    with pytest.raises(Refused, match="S51: The release sheet releases 30.00, the invoice 30.01"):
        sage.sent(too_much)
    export = sage.sent(rest)
    [told] = [each for each in sage.findings(export) if each.rule == "S51"]
    both = f"{bill.number} is in no file of ours: by Sage’s list of 2030-06-01 it holds 30.00, and 100.00 here."
    assert told.message == both, "S51, R127: a release of lost days, or one by hand, lowered it there"
    assert "that this release was not done there already" in told.remedy
    sage.accepted(export)
    how = "newly held 100.00, of which Sage’s list of 2030-06-01 says 30.00"
    assert held_on(export) == [(bill.number, D("30.00"), D("30.00"), how)]


def releases_alone_and_beside(sage, releasing: Invoice, beside: Invoice) -> list[tuple[ReleaseFacts, ...]]:
    one, other = (InvoiceExport(invoice=Invoice.objects.with_context().get(pk=each.pk)) for each in (releasing, beside))
    proposals = exports.preview([one], by=sage.sender), exports.preview_each([other, one])[1]
    return [each.facts.invoices[0].releases for each in proposals]


def test_who_sends_many_reads_of_a_release_what_it_says_alone(sage):
    """E-5, decision 27: beside the bill that it stands on, which Sage was given by hand and which releases itself."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment)).invoice
    bill = with_release(sage, commitment, "20.00", "1000.00")
    releasing = with_release(sage, commitment, "110.00")
    sage_lists_it(sage, bill)
    alone, beside = releases_alone_and_beside(sage, releasing, bill)
    assert [each.invoice_number for each in alone] == [first.number, bill.number]
    assert beside == alone


def test_who_sends_many_reads_the_same_where_that_bill_is_a_later_one(sage):
    """E-5, decision 27: what goes alone goes into no file with it."""
    commitment = sage.commitment()
    first = sage.exported(sage.approved(commitment)).invoice
    releasing = with_release(sage, commitment, "60.00")
    sage.next_month()
    bill = sage.approved(commitment)
    sage.exported(with_release(sage, commitment, "60.00"))
    sage_lists_it(sage, bill)
    alone, beside = releases_alone_and_beside(sage, releasing, bill)
    assert [each.invoice_number for each in alone] == [first.number, bill.number]
    assert beside == alone


def test_a_sheet_that_the_list_cannot_know_of_is_taken_from_what_it_says(sage):
    """S51: one of before it is in what it says already."""
    bill = given_by_hand(sage, retention="60.00")
    first = sage.exported(with_release(sage, bill.commitment, "20.00"))
    second = sage.sent(with_release(sage, bill.commitment, "10.00"))
    taken = f"newly held 100.00 − released by {first.live_item.batch.key} 20.00 = 80.00, of which Sage’s list of"
    told = f"{taken} 2030-06-01 says 60.00, less 20.00 that it can’t know of"
    proposal = exports.preview(fresh(second), by=sage.approver)
    assert [(each.held, each.how_held) for each in proposal.facts.invoices[0].releases] == [(D("40.00"), told)]
    both = "holds 60.00, less 20.00 that it can’t know of, and 80.00 here."
    assert [each.message.partition(" it ")[2] for each in proposal.findings if each.rule == "S51"] == [both]
    sage_lists_it(sage, bill, retention="40.00")
    sage.accepted(second)
    assert held_on(second) == [(bill.number, D("40.00"), D("10.00"), f"{taken} 2030-06-01 says 40.00")]


def test_a_list_of_the_very_day_of_a_sheet_that_says_too_little_is_to_be_renewed(sage):
    """S51, E-5: it may count that sheet already, so no other release is too much; nobody is told to void one."""
    bill = given_by_hand(sage)
    first, rest = (with_release(sage, bill.commitment, amount) for amount in ("60.00", "40.00"))
    with time_machine.travel(datetime(2030, 6, 10, 17, tzinfo=UTC), tick=False) as clock:
        key = sage.exported(first).live_item.batch.key
        clock.shift(timedelta(hours=1))
        sage_lists_it(sage, bill, retention="40.00", as_of_date=date(2030, 6, 10))
        clock.shift(timedelta(days=1))
        cure = f"S51: .*Sage’s list of 2030-06-10 may count already what {key} released: upload one of a later day"
        with pytest.raises(Refused, match=cure) as refusal:
            sage.sent(rest)
        assert "void or reject" not in str(refusal.value)
        sage_lists_it(sage, bill, retention="40.00", as_of_date=date(2030, 6, 11))
        assert sage.exported(rest).status == "exported"


@pytest.mark.parametrize("row", [{"status": 5}, {"vendor_number": "7"}, {"invoice_number": "OTHER"}])
def test_what_sage_does_not_hold_is_no_place_for_a_release(sage, row):
    """S51."""
    bill = given_by_hand(sage, **row)
    with pytest.raises(Refused, match="S51: No earlier invoice"):
        sage.sent(with_release(sage, bill.commitment, "40.00"))


def test_a_bill_that_is_being_built_or_not_approved_is_no_place_either(sage):
    """S51: whatever the list says of its number."""
    commitment = sage.commitment()
    waits = sage.sent(sage.approved(commitment))
    sage.accepted(waits)
    releasing = with_release(sage, commitment, "40.00")
    sage_lists_it(sage, waits.invoice)
    with pytest.raises(Refused, match="S51: No earlier invoice"):
        sage.sent(releasing)


def test_a_bill_that_sages_list_holds_no_more_stops_what_stood_on_it(sage):
    """S60: a newer list came between the acceptance and the build."""
    bill = given_by_hand(sage)
    batch = sage.accepted(sage.sent(with_release(sage, bill.commitment, "40.00")))
    sage_lists_it(sage, bill, status=5)
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead" and "S60" in batch.error
