"""Accepting from the queue to the downloaded file, on the pages that people use (E-1, E-2, E-5, P-7, U3, U6)."""

import re
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from directory.models import Event
from erp_integrations import exporting
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import storing
from erp_integrations.models import Download, ErpSettings, ExportBatch, InvoiceExport, ListKind, WorkerPulse
from erp_integrations.sage100.layout import Layout
from erp_integrations.views import answers
from invoicing.models import Invoice
from tests.astray import astray
from tests.erp_integrations.pages import accept_data, at_batch, at_export, boxes, queries, queue_url, signed_in, text_of
from tests.erp_integrations.test_building import change_an_amount
from tests.erp_integrations.world import ACCOUNTING_DATE, D, fresh, record_number, sage_world


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


@pytest.fixture
def url(sage) -> str:
    return queue_url(sage.company, "accept/")


def asked(*some) -> dict:
    return {"export": [str(export.pk) for export in some]}


def test_from_the_queue_to_the_file_with_every_warning_ticked(sage, client, url):
    """E-1, E-2: confirmation, acceptance, build, two downloads of the same bytes, each written down."""
    some = [sage.sent(), sage.sent()]
    confirmation = client.get(url, asked(*some))
    page = text_of(confirmation)
    for words in (
        "2,000.00",
        "200.00",
        "1,800.00",
        "become locked",
        "2030-06",
        "DRAFT-EXP-000001_APINV_",
        "Accept and build file",
    ):
        assert words in page
    answer = client.post(url, accept_data(confirmation, *some))
    batch = ExportBatch.objects.get()
    assert answer.headers["Location"] == at_batch(batch)
    exporting.build(batch.pk)
    taken = [client.get(at_batch(batch, "erp-download", "xlsx"), data) for data in ({}, {"reason": "Lost it"})]
    assert taken[0].content == taken[1].content and taken[0].content.startswith(b"PK")
    assert 'filename="DRAFT-EXP-000001_APINV_' in taken[0].headers["Content-Disposition"]
    assert taken[0].headers["Content-Disposition"].startswith("attachment")
    assert taken[0].headers["X-Content-Type-Options"] == "nosniff"
    assert [(d.by, d.remote_address, d.which) for d in Download.objects.all()] == [
        (sage.approver, "127.0.0.1", "xlsx")
    ] * 2
    page = text_of(client.get(at_batch(batch)))
    assert "Taken 2 times already" in page and sage.approver.name in page


@pytest.mark.parametrize(("proxies", "said"), [(1, "203.0.113.9"), (0, "127.0.0.1"), (3, None)])
def test_behind_a_proxy_of_ours_a_download_is_logged_from_where_it_says(sage, client, settings, proxies, said):
    """E-2, R91: as signing in counts tries; with more proxies set than there are, nobody's word is taken."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    batch = sage.built(sage.sent())
    url = at_batch(batch, "erp-download", "xlsx")
    assert client.get(url, headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}).status_code == 200
    assert batch.downloads.get().remote_address == said


def test_without_a_confirmation_nothing_is_accepted(sage, client, url):
    export = sage.sent()
    for answer in (client.get(url, asked(export)), client.post(url, asked(export))):
        assert answer.status_code == 200 and "Accept and build file" in text_of(answer)
    assert not ExportBatch.objects.exists()


def test_a_double_click_gives_one_batch(sage, client, url):
    """E-1."""
    export = sage.sent()
    data = accept_data(client.get(url, asked(export)), export)
    first, second = client.post(url, data), client.post(url, data)
    assert first.headers["Location"] == second.headers["Location"] == at_batch(ExportBatch.objects.get())


def test_a_second_approver_is_told_who_was_first(sage, client, url):
    export = sage.sent()
    data = accept_data(client.get(url, asked(export)), export)
    sage.accepted(export, by=sage.new_approver())
    answer = client.post(url, data)
    assert answer.status_code == 409 and "Pat Okafor answered it" in text_of(answer)
    assert ExportBatch.objects.count() == 1


def test_every_warning_has_to_be_ticked(sage, client, url):
    """E-5: what was typed and ticked stays."""
    export = sage.sent()
    data = accept_data(client.get(url, asked(export)), export) | {"ticked": [], "accounting_date": "2030-06-20"}
    answer = client.post(url, data)
    assert answer.status_code == 422 and "Tick each warning that you have seen" in text_of(answer)
    assert 'value="2030-06-20"' in answer.content.decode()
    assert not ExportBatch.objects.exists()


def test_a_rule_that_blocks_leaves_no_button_and_says_how_to_go_on_without(sage, client, url):
    """U3."""
    good, bad = sage.sent(), sage.sent()
    sage.load(ListKind.SUBCONTRACTS, {"number": good.invoice.commitment.number, "vendor_number": "20145",
                                      "job_number": "2026014", "status": 4})  # fmt: skip
    answer = client.get(url, asked(good, bad))
    page = text_of(answer)
    assert "Accept and build file" not in page and "Blocks:" in page and bad.invoice.number in page
    assert "Go on with the other 1" in page and answer.context["can_go"] == [good.pk]
    data = {"confirmed": "1", "accounting_date": "2030-06-28", **asked(good, bad)}
    assert client.post(url, data).status_code == 422
    assert not ExportBatch.objects.exists()


def test_thousands_go_on_without_standing_in_an_address(sage, client, url, monkeypatch):
    """9.6: all that waits may be more than an address holds."""
    good, bad = sage.sent(), sage.sent()
    change_an_amount(sage, bad)
    for most, how in ((2, "get"), (1, "post")):
        monkeypatch.setattr(answers, "IN_AN_ADDRESS", most)
        page = client.get(url, asked(good, bad)).content.decode()
        form = re.search(r'<form method="(\w+)" action="[^"]*accept/">(?:(?!</form>).)*Go on with', page, re.DOTALL)
        assert form[1] == how and ("csrf" in form[0]) == (how == "post")
    assert standing_of(client.post(url, asked(good))) == ["Yes"] and not ExportBatch.objects.exists()


def test_whoever_sent_one_of_them_cannot_accept_it(sage, url):
    """P-7."""
    both = sage.all_rights()
    sage.sender = both
    export = sage.sent()
    mine = signed_in(both)
    assert f"You sent {export.invoice}, so someone else accepts it" in text_of(mine.get(url, asked(export)))
    data = {"confirmed": "1", "accounting_date": "2030-06-28", **asked(export), "ticked": sage.warnings(export)}
    answer = mine.post(url, data)
    assert answer.status_code == 409 and "separation of duties" in text_of(answer)


@pytest.mark.parametrize("typed", ["", "June", "2030-02-31"])
def test_a_day_that_is_none_is_refused_beside_its_field(sage, client, url, typed):
    export = sage.sent()
    data = accept_data(client.get(url, asked(export)), export) | {"accounting_date": typed}
    answer = client.post(url, data)
    assert answer.status_code == 422 and answer.context["form"].errors["accounting_date"]
    assert not ExportBatch.objects.exists()


def test_a_locked_fiscal_period_speaks_up_once_its_day_is_chosen(sage, client, url):
    export = sage.sent()
    sage.load(
        ListKind.FISCAL_PERIODS,
        {"year": 2030, "period": 5, "first_date": "2030-05-01", "last_date": "2030-05-31", "is_locked": "yes"},
        {"year": 2030, "period": 6, "first_date": "2030-06-01", "last_date": "2030-06-30"},
    )
    data = accept_data(client.get(url, asked(export)), export) | {"accounting_date": "2030-05-20"}
    answer = client.post(url, data)
    assert answer.status_code == 422 and "Blocks:" in text_of(answer)
    assert re.search(r'name="accounting_date"[^>]* value="2030-05-20"', text_of(answer)), "there to be corrected"
    again = client.get(url, asked(export) | {"accounting_date": "2030-06-20"})
    assert again.context["all_can_go"] and not again.context["errors"]


def locked_june(sage) -> None:
    sage.load(
        ListKind.FISCAL_PERIODS,
        {"year": 2030, "period": 6, "first_date": "2030-06-01", "last_date": "2030-06-30", "is_locked": "yes"},
        {"year": 2030, "period": 7, "first_date": "2030-07-01", "last_date": "2030-07-31"},
    )


def standing_of(page) -> list[str]:
    """What the accept page's last column says of each invoice."""
    cells = re.findall(r'<td data-label="Can go">(.*?)</td>', page.content.decode(), re.DOTALL)
    return [re.sub(r"<[^>]*>", "", cell).strip() for cell in cells]


def test_no_row_says_yes_on_a_day_that_sage_has_locked(sage, client, url):
    """S27: what is wrong with the whole file keeps out each of its invoices, and the summary says so, too."""
    locked_june(sage)
    some = [sage.sent(), sage.sent()]
    locked = client.get(url, asked(*some) | {"accounting_date": "2030-06-28"})
    assert standing_of(locked) == ["Not on this day"] * 2 and not locked.context["can_go"]
    assert "<dd>2030-06 (locked)</dd>" in text_of(locked)
    unknown = client.get(url, asked(*some) | {"accounting_date": "2031-01-01"})
    assert standing_of(unknown) == ["Not on this day"] * 2 and "<dd>None</dd>" in text_of(unknown)
    free = client.get(url, asked(*some) | {"accounting_date": "2030-07-02"})
    assert standing_of(free) == ["Yes"] * 2 and "<dd>2030-07</dd>" in text_of(free)


def test_what_is_wrong_with_the_layout_keeps_out_every_invoice(sage, client, url, monkeypatch):
    """S1: going on without one of them would not help, so nothing offers it."""
    some = [sage.sent(), sage.sent()]
    monkeypatch.setattr(Layout, "problems", lambda layout: ["Two columns are called Price."])
    page = client.get(url, asked(*some))
    assert standing_of(page) == ["Not in this file"] * 2
    assert "Go on with the other" not in text_of(page) and "Nothing is built as long as" in text_of(page)


def test_one_with_an_error_of_its_own_leaves_the_others_to_go(sage, client, url):
    """S42, N-3: the row that is to blame says so, and the page goes on with the rest."""
    good, bad = sage.sent(), sage.sent()
    change_an_amount(sage, bad)
    page = client.get(url, asked(good, bad))
    assert sorted(standing_of(page)) == ["Blocked", "Yes"] and "Go on with the other 1" in text_of(page)


def test_a_bill_of_a_month_that_sage_has_locked_goes_into_the_next_one(sage, client, url):
    """S27, S28: nobody at the project chooses a day, and the approver is offered one that Sage takes."""
    locked_june(sage)
    export = sage.sent()
    assert {finding["rule"] for finding in export.findings} >= {"S28"}
    page = client.get(url, asked(export))
    assert page.context["form"].initial["accounting_date"] == date(2030, 7, 1) and page.context["all_can_go"]
    data = accept_data(page, export) | {"accounting_date": "2030-07-01"}
    assert client.post(url, data).status_code == 302
    batch = ExportBatch.objects.get()
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.accounting_date) == ("ready", date(2030, 7, 1))


def test_a_file_whose_period_was_locked_before_it_was_built_is_tried_again_on_another_day(sage, client):
    """S27, S60."""
    batch = sage.accepted()
    locked_june(sage)
    exporting.build(batch.pk)
    page = client.get(at_batch(batch))
    assert page.context["is_the_day"] and 'name="accounting_date"' in text_of(page)
    page = client.get(at_batch(batch), {"accounting_date": "2030-07-02"})
    assert not page.context["errors"]
    data = {"accounting_date": "2030-07-02", "ticked": boxes(page)}
    refused = client.post(at_batch(batch, "erp-retry"), {**data, "accounting_date": "2030-06-10"})
    assert refused.status_code == 422 and "Check with this day" in text_of(refused) and not astray(refused)
    assert client.post(at_batch(batch, "erp-retry"), data).status_code == 302
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.accounting_date) == ("ready", date(2030, 7, 2))


def test_all_that_match_the_filter_are_accepted_together(sage, client, url):
    some = [sage.sent(sage.approved(number=f"AC-{n}")) for n in range(2)]
    sage.sent(sage.approved(number="XX-1"))
    page = client.get(url, {"all": "1", "q": "AC-"})
    assert {each.export.pk for each in page.context["candidates"]} == {export.pk for export in some}


def test_nothing_chosen_leads_back_to_the_queue_with_a_word(sage, client, url):
    """U3: the button is never greyed."""
    for data in ({}, {"export": "x"}, {"export": "999999"}):
        answer = client.get(url, data, follow=True)
        assert "Choose at least one invoice" in text_of(answer)


def test_another_companys_invoice_is_never_taken_along(sage, client, url):
    export = sage.sent()
    stranger = sage_world().sent()
    page = client.get(url, asked(export, stranger))
    assert [each.export.pk for each in page.context["candidates"]] == [export.pk]
    client.post(url, accept_data(page, export, stranger))
    assert fresh(export)[0].status == "exporting" and fresh(stranger)[0].status == "ready_to_export"


def test_one_tick_stands_for_all_findings_of_a_rule(sage, client, url):
    some = [sage.sent(), sage.sent()]
    confirmation = client.get(url, asked(*some))
    [box] = boxes(confirmation)
    assert len(box.split()) == len(sage.warnings(*some)) == 2
    assert "I have seen all 2" in text_of(confirmation)


# The batch


def test_the_page_asks_again_only_while_the_file_is_being_built(sage, client):
    batch = sage.accepted()
    running = client.get(at_batch(batch), headers={"HX-Request": "true"})
    assert 'hx-trigger="every 700ms"' in text_of(running) and "HX-Refresh" not in running.headers
    assert 'hx-trigger="every 700ms"' in text_of(client.get(at_batch(batch)))
    exporting.build(batch.pk)
    finished = client.get(at_batch(batch), headers={"HX-Request": "true"})
    assert "hx-trigger" not in text_of(finished) and "hx-get" not in text_of(finished)
    assert finished.headers["HX-Refresh"] == "true"
    assert "hx-get" not in text_of(client.get(at_batch(batch)))


MAY_LEAVE = "You can leave this page; the work goes on, and Sam Ruiz gets a mail when it is done."


@pytest.mark.parametrize(
    ("seconds", "has_bar", "may_leave"), [(0.9, False, False), (1.1, True, False), (9.5, True, False), (11, True, True)]
)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_the_longer_it_takes_the_more_the_page_says(sage, client, seconds, has_bar, may_leave, headers):
    """9.7: under a second nothing, under ten a bar, longer that one may leave and is mailed."""
    batch = sage.accepted()
    with time_machine.travel(batch.accepted_at + timedelta(seconds=seconds), tick=False):
        page = text_of(client.get(at_batch(batch), headers=headers))
    assert ("<progress" in page, MAY_LEAVE in page) == (has_bar, may_leave)
    told = f"Waiting for a worker, {seconds:.0f} s so far."
    assert (told in re.sub(r"<noscript>.*?</noscript>", "", page)) == has_bar
    assert re.search(r"<noscript>.*Look again</a>.*</noscript>", page) and told in page, "without JavaScript"


def test_a_finished_batch_says_nothing_of_leaving(sage, client):
    """9.7; a second try counts from its own acceptance."""
    batch = sage.built(sage.sent())
    with time_machine.travel(batch.accepted_at + timedelta(minutes=5)):
        for headers in ({}, {"HX-Request": "true"}):
            page = text_of(client.get(at_batch(batch), headers=headers))
            assert "You can leave" not in page and "<progress" not in page


def test_the_page_says_how_large_the_files_are(sage, client):
    """9.7: as they lie on the disk, in units and to the byte; a file that is gone says so (R8)."""
    batch = sage.built(sage.sent())
    book, sheet = storing.path_of(batch.file_key), storing.path_of(batch.csv_key)
    size = book.stat().st_size
    page = text_of(client.get(at_batch(batch))).replace("\xa0", " ")
    assert size > 1024 and f"{size / 1024:.1f} KB" in page and f"({size:,} bytes)" in page
    assert f"{sheet.stat().st_size} bytes" in page and "Not on the disk" not in page
    sheet.unlink()
    page = text_of(client.get(at_batch(batch))).replace("\xa0", " ")
    assert page.count("Not on the disk") == 1 and f"{size / 1024:.1f} KB" in page


def test_the_steps_follow_the_file(sage, client):
    export = sage.sent()
    batch = sage.accepted(export)

    def step():
        return client.get(at_batch(batch)).context["step"]

    assert step() == 1
    exporting.build(batch.pk)
    assert step() == 3
    client.get(at_batch(batch, "erp-download", "csv"))
    assert step() == 4
    assert client.post(at_export(export, "erp-confirm"), {"record_number": record_number()}).status_code == 302
    assert step() == 6


def test_a_ready_batch_shows_totals_layout_hash_and_that_it_is_a_draft(sage, client):
    batch = sage.built(sage.sent(), sage.sent())
    page = text_of(client.get(at_batch(batch)))
    for words in ("2026014", "2,000.00", "200.00", "1,800.00", "apinv-r1 version 1 (not verified)", "Draft"):
        assert words in page
    for sha256 in (batch.file_sha256, batch.csv_sha256):
        assert sha256 in page.replace("<wbr>", "")


def test_once_a_file_is_taken_away_the_next_thing_is_to_enter_what_sage_took(sage, client):
    """9.7, E-3: the one primary action of whoever answers; before that it stands under More."""
    batch = sage.built(sage.sent())
    results = at_batch(batch, "erp-results")
    primary = f'<a class="button primary" href="{results}">'
    page = text_of(client.get(at_batch(batch)))
    assert primary not in page and f'<a href="{results}">' in page and page.count("Enter what Sage took…") == 1
    client.get(at_batch(batch, "erp-download", "xlsx"))
    page = text_of(client.get(at_batch(batch)))
    assert primary in page and "Enter what Sage took…" in page and page.count(results) == 1
    assert primary not in text_of(signed_in(sage.base.staff).get(at_batch(batch)))
    exports.confirm(batch.items.get().invoice_export, by=sage.approver, record_number=record_number())
    assert results not in text_of(client.get(at_batch(batch)))


def test_staff_download_but_do_not_confirm(sage):
    batch = sage.built(sage.sent())
    kim = signed_in(sage.base.staff)
    page = text_of(kim.get(at_batch(batch)))
    assert "Download file" in page and "Confirm in Sage" not in page
    assert kim.get(at_batch(batch, "erp-download", "csv")).status_code == 200
    assert kim.post(at_export(batch.items.get().invoice_export, "erp-confirm")).status_code == 403


def test_nobody_from_outside_finds_a_batch_or_its_file(sage):
    batch = sage.built(sage.sent())
    for who in (sage.base.contact, sage.base.admin, sage.base.owner):
        for url in (at_batch(batch), at_batch(batch, "erp-download", "xlsx"), queue_url(sage.company)):
            assert signed_in(who).get(url).status_code == 404
    assert not Download.objects.exists()


@pytest.mark.parametrize("again", ["xlsx", "csv"])
def test_whoever_takes_a_file_again_says_why_and_it_is_on_record(sage, again):
    """R15: the same bytes, one row each, and a warning with who took it before."""
    batch, kim = sage.built(sage.sent()), signed_in(sage.base.staff)
    first = kim.get(at_batch(batch, "erp-download", "xlsx"))
    address = at_batch(batch, "erp-download", again)
    asked = kim.get(address)
    page = text_of(asked)
    assert asked.status_code == 200 and "This file was taken before." in page and sage.base.staff.name in page
    empty = kim.get(address, {"reason": "  "})
    assert empty.status_code == 422 and 'aria-invalid="true"' in empty.content.decode()
    assert Download.objects.count() == 1, "being asked takes nothing away"
    second = kim.get(address, {"reason": "The server was replaced"})
    assert (second.content == first.content) == (again == "xlsx")
    assert [d.reason for d in Download.objects.order_by("pk")] == ["", "The server was replaced"]
    assert Event.objects.about(batch).first().reason == "The server was replaced"
    assert "“The server was replaced”" in text_of(kim.get(at_batch(batch)))


def test_a_file_that_is_not_built_or_not_of_a_kind_is_not_given(sage, client):
    batch = sage.accepted()
    assert client.get(at_batch(batch, "erp-download", "xlsx")).status_code == 409
    assert client.get(at_batch(batch, "erp-download", "exe")).status_code == 404
    assert client.head(at_batch(batch, "erp-download", "xlsx")).status_code == 405


def test_a_record_number_that_is_none_is_refused_beside_its_box(sage, client):
    """E-3, U4."""
    export = sage.exported()
    for typed in ("", "no number!"):
        answer = client.post(at_export(export, "erp-confirm"), {"record_number": typed})
        assert answer.status_code == 422 and "Enter the record number" in text_of(answer)
    assert "no number!" in text_of(answer) and 'aria-invalid="true"' in text_of(answer)
    assert fresh(export)[0].status == "exported"


def test_what_posting_means_is_said_before_it(sage, client):
    """U6: by a link, so it needs no script; a dialog where there is one."""
    export = sage.exported()
    address = at_export(export, "erp-confirm")
    page = text_of(client.get(at_batch(export.live_item.batch)))
    assert f'href="{address}" data-dialog>Confirm in Sage…' in page and f'action="{address}"' not in page
    asked = text_of(client.get(address))
    for words in ("Sage record number", "1,000.00", "Only a void takes that back", "Nobody gets a mail."):
        assert words in asked
    assert at_batch(export.live_item.batch) in asked and fresh(export)[0].status == "exported"
    assert "<html" not in text_of(client.get(address, headers={"HX-Request": "true", "HX-Target": "dialog"}))


def test_a_release_is_asked_about_without_a_record_number(sage, client):
    """S50, U6."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    sage.next_month()
    figures = {"work_this_period": D("0.00"), "retainage_released": D("100.00")}
    export = sage.exported(sage.approved(commitment, figures))
    address = at_export(export, "erp-confirm")
    asked = text_of(client.get(address))
    assert "Is the retainage" in asked and "100.00" in asked and "record_number" not in asked
    typed = client.post(address, {"record_number": "70001"})
    assert typed.status_code == 422 and 'value="70001"' in text_of(typed), "a number is nothing that it can have"
    assert "Sage makes no invoice of it (S50)" in text_of(typed) and fresh(export)[0].status == "exported"
    assert client.post(address).status_code == 302 and fresh(export)[0].status == "posted"


def test_an_invoice_that_is_in_no_file_is_not_confirmed(sage, client):
    """And nobody is asked whether it should be (U6)."""
    waiting, posted, voided = sage.sent(), sage.exported(), sage.exported()
    assert client.post(at_export(waiting, "erp-confirm"), {"record_number": "70001"}).status_code == 409
    exports.confirm(posted, by=sage.approver, record_number="70002")
    exports.void(voided, by=sage.all_rights(), reason="Twice", sage_holds_it_no_more=True)
    for export in (waiting, posted, voided):
        told = client.get(at_export(export, "erp-confirm"), follow=True)
        assert (
            told.redirect_chain and "so that is no longer possible" in text_of(told) and "Post it" not in text_of(told)
        )
    told = client.get(at_export(voided, "erp-correct-record"), follow=True)
    assert told.redirect_chain and "none to correct" in text_of(told)


def test_only_the_question_that_leads_back_to_a_file_asks_for_it(sage, client):
    export = sage.exported()

    def asks_for_file(name: str) -> bool:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(at_export(export, name)).status_code == 200
        return any('"erp_integrations_exportitem"' in each["sql"] for each in asked)

    assert asks_for_file("erp-confirm") and not asks_for_file("erp-reject")


def failed_batch(sage) -> ExportBatch:
    batch = sage.accepted()
    sage.load(ListKind.COST_CODES, {"code": "9000.000", "name": "Another"})
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "dead"
    return batch


def test_a_failed_batch_says_what_to_do_and_is_tried_again_once_it_is_mended(sage, client):
    batch = failed_batch(sage)
    page = text_of(client.get(at_batch(batch)))
    assert "could not be built" in page and "Blocks:" in page and "Try again</button>" not in page
    answer = client.post(at_batch(batch, "erp-retry"))
    assert answer.status_code == 422 and "Nothing was done" in text_of(answer)
    sage.load(ListKind.COST_CODES, {"code": "2310.000", "name": "Concrete"})
    assert "Try again</button>" in text_of(client.get(at_batch(batch)))
    assert client.post(at_batch(batch, "erp-retry")).status_code == 302
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready"


def test_new_warnings_are_ticked_before_a_second_try(sage, client):
    batch = failed_batch(sage)
    sage.load(ListKind.COST_CODES, {"code": "2310.000", "name": "Concrete"})
    sage.load(ListKind.VENDORS, {"number": "20145", "name": "Acme Concrete", "hold_payment": "yes"})
    page = client.get(at_batch(batch))
    ticks = boxes(page)
    assert ticks
    assert client.post(at_batch(batch, "erp-retry")).status_code == 422
    assert client.post(at_batch(batch, "erp-retry"), {"ticked": ticks}).status_code == 302


def test_what_changed_since_the_acceptance_is_ticked_before_a_second_try(sage, client):
    """S60: a second try takes the facts as they are now, so nobody may take them unseen."""
    batch = sage.accepted()
    ErpSettings.objects.update(default_status="2")
    exporting.build(batch.pk)
    page = client.get(at_batch(batch))
    assert "The batch changed after it was accepted: settings default status was 1, is 2." in text_of(page)
    export = batch.items.get().invoice_export
    assert "default status" not in export.error and "What holds for the whole file changed" in export.error, "P-8"
    refused = client.post(at_batch(batch, "erp-retry"))
    assert refused.status_code == 422 and "Tick each warning" in text_of(refused)
    assert client.post(at_batch(batch, "erp-retry"), {"ticked": boxes(page)}).status_code == 302
    exporting.build(batch.pk)
    batch.refresh_from_db()
    assert batch.state == "ready" and {finding["rule"] for finding in batch.findings} >= {"S60"}


def test_where_somebody_else_tried_again_first_the_page_follows_the_batch_itself(sage, client):
    batch = failed_batch(sage)
    sage.load(ListKind.COST_CODES, {"code": "2310.000", "name": "Concrete"})
    batches.retry(batch, by=sage.new_approver())
    refused = client.post(at_batch(batch, "erp-retry"))
    assert refused.status_code == 409 and not astray(refused)
    assert f'hx-get="{at_batch(batch)}"' in refused.content.decode()


def test_staff_cannot_try_again(sage):
    batch = failed_batch(sage)
    assert signed_in(sage.base.staff).post(at_batch(batch, "erp-retry")).status_code == 403


def test_a_silent_worker_is_told_of_only_while_something_waits(sage, client):
    words = "No worker is building files"
    assert words not in text_of(client.get(queue_url(sage.company)))
    batch = sage.accepted()
    for url in (queue_url(sage.company), at_batch(batch), queue_url(sage.company).replace("queue", "batches")):
        assert words in text_of(client.get(url))
    WorkerPulse.beat("here")
    assert words not in text_of(client.get(at_batch(batch)))


def test_the_list_of_files_counts_what_was_taken_and_what_sage_holds(sage, client):
    export, other = sage.sent(), sage.sent()
    batch = sage.built(export, other)
    batches.download(batch, Download.Which.XLSX, by=sage.base.staff)
    batches.download(batch, Download.Which.CSV, by=sage.base.staff, reason="As CSV")
    exports.confirm(fresh(export)[0], by=sage.approver, record_number=record_number())
    page = text_of(client.get(queue_url(sage.company).replace("queue", "batches")))
    assert "2 times" in page and "1 of 2 confirmed" in page and batch.key in page


def test_pages_of_a_bigger_batch_ask_no_more_of_the_database(sage, client, url):
    small, big = sage.built(sage.sent()), sage.built(*(sage.sent() for _ in range(5)))
    assert queries(client, at_batch(small)) == queries(client, at_batch(big))
    waiting = [sage.sent() for _ in range(5)]
    assert queries(client, url, asked(waiting[0])) == queries(client, url, asked(*waiting))


def test_a_longer_list_of_files_asks_no_more_of_the_database(sage, client):
    sage.built(sage.sent())
    files = queue_url(sage.company).replace("queue", "batches")
    few = queries(client, files)
    sage.built(sage.sent(), sage.sent())
    assert queries(client, files) == few


def test_the_accounting_date_of_the_page_is_that_of_the_file(sage, client, url):
    export = sage.sent()
    confirmation = client.get(url, asked(export))
    client.post(url, accept_data(confirmation, export))
    assert ExportBatch.objects.get().accounting_date == ACCOUNTING_DATE


def test_an_invoice_whose_id_has_four_digits_is_accepted_as_well(sage, client, url):
    """Templates put commas into numbers; an id with one would name nothing."""
    InvoiceExport.objects.filter(pk=sage.sent().pk).update(id=1234567)
    export = InvoiceExport.objects.get()
    assert 'name="export" value="1234567"' in text_of(client.get(queue_url(sage.company)))
    assert 'name="export" value="1234567"' in text_of(client.get(at_export(export)))
    page = client.get(url, asked(export))
    assert 'name="export" value="1234567"' in text_of(page)


def test_an_invoice_changed_after_the_approver_looked_is_not_accepted_unseen(sage, client, url):
    """R38: taken back, changed, approved and sent again while the confirmation stood open."""
    export = sage.sent()
    page = client.get(url, {"export": export.pk})
    [mark] = marks_of(page, export)
    Invoice.objects.filter(pk=export.invoice_id).update(version=export.invoice.version + 1)
    form = accept_data(page, export) | {f"seen-{export.pk}": mark}
    answer = client.post(url, form)
    assert answer.status_code == 409
    assert "Look at it as it is now" in text_of(answer)
    assert not ExportBatch.objects.exists()
    seen = accept_data(answer, export) | {f"seen-{export.pk}": marks_of(answer, export)[0]}
    assert client.post(url, seen).status_code == 302


def marks_of(page, export) -> list[str]:
    return re.findall(rf'name="seen-{export.pk}" value="([0-9a-f]+)"', page.content.decode())


@pytest.mark.parametrize("change", ["description", "due_date", "sent again"])
def test_what_another_approver_wrote_over_it_meanwhile_is_looked_at_first(sage, client, url, change):
    """I-5: its words, its days, and a sending of the same version."""
    export = sage.sent()
    page = client.get(url, {"export": export.pk})
    changed = {"description": "Concrete", "due_date": date(2030, 9, 1), "sent again": timezone.now()}[change]
    InvoiceExport.objects.filter(pk=export.pk).update(**{change.replace("sent again", "sent_at"): changed})
    answer = client.post(url, accept_data(page, export) | {f"seen-{export.pk}": marks_of(page, export)[0]})
    assert answer.status_code == 409 and "while you looked at it" in text_of(answer)
    assert not ExportBatch.objects.exists()


@pytest.mark.parametrize("odd", ["9" * 19, "9" * 5000, "٣", "-1"])
def test_an_id_that_no_row_can_have_names_nothing(sage, odd):
    client = signed_in(sage.all_rights())
    assert client.get(queue_url(sage.company, "accept/"), {"export": odd}).status_code == 302
    many = reverse("invoices-erp-send", args=[sage.base.project.slug])
    assert client.post(many, {"invoice": odd}).status_code == 302
