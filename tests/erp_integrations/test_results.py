"""What Sage's import made of a file: each row posted or refused; how far a build is (9.7)."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Signal

import pytest
from django.db import connection, connections
from django.urls import reverse

from directory.models import Event
from directory.refusals import NotAllowed
from erp_integrations import exporting
from erp_integrations.actions import batches, exports, results
from erp_integrations.actions.results import Result
from erp_integrations.exporting import building
from erp_integrations.exporting.records import Records
from erp_integrations.models import CostCodeLink, ExportBatch, SageRefusal
from invoicing.models import Invoice
from tests.erp_integrations.pages import at_batch, at_export, queries, signed_in, text_of
from tests.erp_integrations.world import ACCOUNTING_DATE, SageWorld, fresh, record_number, sage_world

MESSAGE = "Job 2026014 is closed to invoices"


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


@pytest.fixture
def batch(sage) -> ExportBatch:
    return sage.built(sage.sent(), sage.sent(), sage.sent())


def in_file(batch: ExportBatch) -> list:
    return [item.invoice_export for item in batch.items.order_by("position")]


def typed(batch, *rows: tuple[str, str]) -> dict:
    pairs = zip(in_file(batch), rows, strict=True)
    return {f"{name}-{e.pk}": text for e, row in pairs for name, text in zip(("record", "message"), row, strict=True)}


def test_the_results_of_a_whole_file_are_said_at_once(client, batch):
    """E-3: posted with Sage's record number; refused with Sage's message, which is no state of ours; one left open."""
    number = record_number()
    answer = client.post(at_batch(batch, "erp-results"), typed(batch, (number, ""), ("", MESSAGE), ("", "")))
    assert answer.status_code == 302 and answer.url == at_batch(batch)
    posted, refused, open_one = fresh(*in_file(batch))
    assert (posted.status, posted.sage_record_number) == ("posted", number)
    assert refused.status == open_one.status == "exported"
    assert SageRefusal.objects.get().message == MESSAGE
    event = Event.objects.about(refused)[0]
    assert (event.verb, event.reason) == ("reported that Sage refused it", MESSAGE)


def test_a_refused_invoice_is_shown_with_sages_words_and_leads_to_its_voiding(sage, client, batch):
    """6.2: only a void lets it be mended and sent again."""
    exports_of_it = in_file(batch)
    client.post(at_batch(batch, "erp-results"), typed(batch, ("", ""), ("", MESSAGE), ("", "")))
    page = client.get(at_batch(batch))
    assert "Sage refused 1 of these invoices" in text_of(page) and MESSAGE in text_of(page)
    way = f'href="{at_export(exports_of_it[1], "erp-void")}"'
    assert way not in page.content.decode() and "An approver who is Admin on Commitments voids it." in text_of(page)
    max_power = sage.all_rights()
    assert way in signed_in(max_power).get(at_batch(batch)).content.decode()
    exports.void(exports_of_it[1], by=max_power, reason=MESSAGE, sage_holds_it_no_more=True)
    page = text_of(client.get(at_batch(batch)))
    assert "Sage refused" not in page and "1 of its invoices left it" in page


def test_each_invoice_of_a_file_leads_to_its_voiding_whether_sage_refused_it_or_not(sage, client, batch):
    """6.2: exported or posted; once, and only for whom that door opens."""
    posted, refused, left = in_file(batch)
    client.post(at_batch(batch, "erp-results"), typed(batch, (record_number(), ""), ("", MESSAGE), ("", "")))
    max_power = sage.all_rights()
    page = signed_in(max_power).get(at_batch(batch)).content.decode()
    ways = [f'href="{at_export(each, "erp-void")}"' for each in (posted, refused, left)]
    assert [page.count(way) for way in ways] == [1, 1, 1] and page.count(">Void…<") == 2
    assert not any(way in client.get(at_batch(batch)).content.decode() for way in ways), "no Admin on Commitments"
    exports.void(left, by=max_power, reason="Wrong job", sage_holds_it_no_more=True)
    assert ways[2] not in signed_in(max_power).get(at_batch(batch)).content.decode()
    waiting = sage.accepted(sage.sent())
    assert "Void…" not in text_of(signed_in(max_power).get(at_batch(waiting))), "nothing of it is in a file yet"


def test_the_refused_invoice_s_own_page_and_its_row_in_the_queue_say_it_as_well(sage, client, batch):
    """E-3: with Sage's last words, for as long as it stands in the file unconfirmed."""
    _, refused, open_one = in_file(batch)
    for message in ("Wrong period", MESSAGE):
        client.post(at_batch(batch, "erp-results"), typed(batch, ("", ""), ("", message), ("", "")))
    words = "Sam Ruiz reported what its import said: “Job 2026014 is closed to invoices”"
    page, other = (text_of(client.get(at_export(each))) for each in (refused, open_one))
    assert words in page and "Nobody has confirmed yet" not in page
    assert "reported what" not in other and "Nobody has confirmed yet" in other
    listed = reverse("erp-queue", args=[sage.company.slug]) + "?tab=exported"
    shown = text_of(client.get(listed))
    assert shown.count("Sage refused it") == 1 and f"“{MESSAGE}”" in shown
    exports.confirm(refused, by=sage.approver, record_number=record_number())
    assert "reported what" not in text_of(client.get(at_export(refused)))
    assert "Sage refused it" not in text_of(client.get(listed))


def test_one_result_that_can_not_be_keeps_all_from_being_kept_and_nothing_typed_is_lost(client, batch):
    answer = client.post(at_batch(batch, "erp-results"), typed(batch, ("70001", ""), ("no number!", ""), ("", MESSAGE)))
    page = text_of(answer)
    assert answer.status_code == 422 and "Enter the record number" in page
    assert "70001" in page and "no number!" in page and MESSAGE in page and 'aria-invalid="true"' in page
    assert {each.status for each in fresh(*in_file(batch))} == {"exported"} and not SageRefusal.objects.exists()


def test_what_was_typed_of_what_another_confirmed_meanwhile_is_not_dropped(sage, client, batch):
    """I-5: named with theirs and mine; what was typed of the others stands, and is kept by the next click."""
    first, second, third = in_file(batch)
    theirs, mine, other = record_number(), record_number(), record_number()
    exports.confirm(first, by=sage.new_approver(), record_number=theirs)
    exports.void(second, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    answer = client.post(at_batch(batch, "erp-results"), typed(batch, (mine, ""), ("", MESSAGE), (other, "")))
    page = text_of(answer)
    assert answer.status_code == 409
    assert f"{first.invoice}: Pat Okafor confirmed it as record {theirs}; you typed record {mine}." in page
    assert f"{second.invoice}: it left {batch}; you typed the message “{MESSAGE}”." in page
    assert f'value="{other}"' in page and fresh(third)[0].status == "exported"
    kept = {name: text for name, text in typed(batch, ("", ""), ("", ""), (other, "")).items() if str(third.pk) in name}
    assert client.post(at_batch(batch, "erp-results"), kept).status_code == 302
    assert fresh(third)[0].sage_record_number == other and fresh(first)[0].sage_record_number == theirs


def test_two_who_type_the_same_of_one_do_not_hold_each_other_up(sage, client, batch):
    """I-5: nothing is lost where what was typed is what stands."""
    first, *_ = in_file(batch)
    same, other = record_number(), record_number()
    exports.confirm(first, by=sage.new_approver(), record_number=same)
    for rows in (((same, ""), (other, ""), ("", "")), ((same, ""), ("", ""), ("", ""))):
        assert client.post(at_batch(batch, "erp-results"), typed(batch, *rows)).status_code == 302
    assert [each.sage_record_number for each in fresh(*in_file(batch))] == [same, other, ""]


@pytest.mark.parametrize(("rows", "says"), [
    ((("70001", MESSAGE), ("", ""), ("", "")), "either took it or it did not"),
    ((("", ""), ("", ""), ("", "")), "at least one invoice"),
])  # fmt: skip
def test_a_result_is_one_or_the_other(client, batch, rows, says):
    answer = client.post(at_batch(batch, "erp-results"), typed(batch, *rows))
    assert answer.status_code == 422 and says in text_of(answer)


def test_only_who_may_accept_says_what_sage_made_of_it(sage, batch):
    export = in_file(batch)[0]
    with pytest.raises(NotAllowed):
        results.record([Result(export, message=MESSAGE)], by=sage.base.staff)
    assert "Enter what Sage took…" not in text_of(signed_in(sage.base.staff).get(at_batch(batch)))
    assert "Enter what Sage took…" in text_of(signed_in(sage.approver).get(at_batch(batch)))


def test_a_build_says_how_many_invoices_are_written(sage, monkeypatch):
    """9.7: n of N, never more than there are."""
    seen = []
    monkeypatch.setattr(building, "LINES_A_RENEWAL", 20)
    real = building.report
    monkeypatch.setattr(building, "report", lambda batch, *told: (seen.append(told), real(batch, *told)))
    batch = sage.accepted(sage.sent(), sage.sent(), sage.sent())
    exporting.build(batch.pk)
    done = [told[1] for told in seen if len(told) > 2]
    assert done == sorted(done) and set(done) == {0, 1, 2, 3}
    batch.refresh_from_db()
    assert (batch.done, batch.total) == (3, 3)


def test_the_page_of_a_running_build_says_it(sage, client):
    batch = sage.accepted(sage.sent())
    ExportBatch.objects.filter(pk=batch.pk).update(
        state="building", lease_token="0" * 32, lease_until=batch.accepted_at, step="Storing it",
        done=31, total=40,
    )  # fmt: skip
    assert "Storing it: 31 of 40 invoices, " in text_of(client.get(at_batch(batch)))


def test_a_file_that_failed_says_which_row_and_that_nothing_was_written(sage: SageWorld, client):
    """9.7: the row, the invoice, what is wrong, where it is mended; attempts under Details."""
    batch = sage.accepted(sage.sent())
    CostCodeLink.objects.all().delete()
    exporting.build(batch.pk)
    page = client.get(at_batch(batch))
    number = in_file(batch)[0].invoice.number
    text = text_of(page)
    at = text.index("could not be built")
    assert f"Row 2 ({number}): Our cost code" in text, text[at : at + 500]
    assert "Nothing was written; the invoice is still accepted." in text_of(page) and "Tried 1 time." in text_of(page)
    assert reverse("erp-linking", args=[sage.company.slug, "cost-codes"]) in page.content.decode()


@pytest.mark.parametrize("message", ["a\x00b", "Job\u202e closed"])
def test_a_message_with_what_nobody_can_see_is_refused_in_words_and_stays_typed(client, batch, message):
    """R107: on PostgreSQL a NUL can't even be stored."""
    answer = client.post(at_batch(batch, "erp-results"), typed(batch, ("", message), ("", "Kept as typed"), ("", "")))
    assert answer.status_code == 422 and "The message holds" in text_of(answer)
    assert "Kept as typed" in answer.content.decode() and not SageRefusal.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, lock or none")
def test_results_of_two_periods_and_an_acceptance_of_the_second_never_hold_each_other_up(monkeypatch):
    """R45: all locks in the one order first, the settings after them."""
    sage = sage_world()
    first = sage.sent()
    sage.next_month()
    second, waiting = sage.sent(), sage.sent()
    results_of = [Result(each, record_number()) for each in in_file(sage.built(first, second))]
    ticked, begun, free = sage.warnings(waiting), Signal(), Records.take

    def slowly(records, export, number):
        free(records, export, number)
        begun.set()
        time.sleep(0.5)

    def accept():
        begun.wait(20)
        try:
            return batches.accept([waiting], by=sage.approver, accounting_date=ACCOUNTING_DATE, ticked=ticked)
        finally:
            connections.close_all()

    monkeypatch.setattr(Records, "take", slowly)
    with ThreadPoolExecutor(1) as other:
        accepting = other.submit(accept)
        assert results.record(results_of, by=sage.approver) == 2
        assert accepting.result(60).items.count() == 1


def test_the_reason_of_a_second_download_holds_nothing_that_nobody_sees(client, batch):
    """R15, R107."""
    file = at_batch(batch, "erp-download", "xlsx")
    client.get(file)
    answer = client.get(file, {"reason": "lost\u202e it"})
    assert answer.status_code == 422 and "an invisible character" in text_of(answer)
    assert batch.downloads.count() == 1


def test_the_page_of_a_batch_says_of_what_left_it_what_its_file_says(sage, client):
    """E-2: what was voided is opened again, and may have another number and other sums by now; the file has not."""
    invoice = sage.approved(number="INV-0007")
    batch = sage.built(sage.sent(invoice), sage.sent())
    export = invoice.export
    exports.void(export, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    asked = queries(client, at_batch(batch))
    Invoice.objects.filter(pk=invoice.pk).update(number="INV-0008", gross_this_period="77.00")
    page = text_of(client.get(at_batch(batch)))
    assert "INV-0007" in page and "INV-0008" not in page and "77.00" not in page
    assert queries(client, at_batch(batch)) == asked
