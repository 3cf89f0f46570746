"""The queue narrowed and mended from: findings, company, age, Sage's own numbers, a dry run as a workbook (9.6)."""

import io
import re
import zipfile
from datetime import date
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from directory.actions.grants import set_level
from directory.models import Mail
from directory.permissions import Level, Tool
from erp_integrations import dry_run_sizes, exporting
from erp_integrations.actions import exports
from erp_integrations.models import CostCodeLink, ExportBatch, InvoiceExport, ListKind, VendorLink
from erp_integrations.views import queue
from tests.erp_integrations.pages import at_export, queries, queue_url, signed_in, text_of
from tests.erp_integrations.world import CODE, JOB, VENDOR, D, SageWorld, fresh

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client(sage):
    return signed_in(sage.approver)


def blocked(sage: SageWorld) -> None:
    """From now on Sage knows no such cost code (S33)."""
    CostCodeLink.objects.filter(code=CODE).update(code="9999.000")


def dry_run(client, *some: InvoiceExport):
    url = reverse("erp-dry-run", args=[some[0].company.slug])
    return client.get(url, {"export": [export.pk for export in some]})


def listed(client, sage, **filters) -> set[int]:
    return {row.export.pk for row in client.get(queue_url(sage.company), filters).context["rows"]}


def test_each_row_names_sages_vendor_and_job_and_each_tab_its_sum(sage, client):
    one, two = sage.sent(), sage.sent()
    page = text_of(client.get(queue_url(sage.company)))
    assert page.count(f'<span class="code">{VENDOR}</span>') == page.count(f'<span class="code">{JOB}</span>') == 2
    due = sum(each.invoice.current_payment_due for each in (one, two))
    assert due == D("1800.00") and page.count("1,800.00") == 2  # on the tab, and below the list


def test_what_is_not_linked_leads_to_where_it_is_linked_and_only_whom_it_helps(sage, client):
    """9.6: [Map], and back again checks it anew."""
    export = sage.sent()
    VendorLink.objects.all().delete()
    where = reverse("erp-link", args=[sage.company.slug, "vendors", sage.base.vendor.pk]) + f"?export={export.pk}"
    for page in (queue_url(sage.company), at_export(export)):
        assert f'href="{where}"' in client.get(page).content.decode()
    assert "isn&#x27;t linked to a vendor of Sage" in client.get(queue_url(sage.company)).content.decode()
    assert f'href="{where}"' not in signed_in(sage.base.staff).get(queue_url(sage.company)).content.decode()


def test_the_list_is_narrowed_by_what_the_rules_say_now(sage, client):
    export = sage.sent()
    assert listed(client, sage, problems="warned") == {export.pk}
    assert listed(client, sage, problems="blocked") == listed(client, sage, problems="clear") == set()
    blocked(sage)
    assert listed(client, sage, problems="blocked") == {export.pk}
    page = text_of(client.get(queue_url(sage.company), {"problems": "blocked"}))
    assert "Accept all" not in page and "900.00" in page


def test_the_list_is_narrowed_by_company_and_by_age(sage, client):
    old, new = sage.sent(), sage.sent()
    day = timezone.timedelta(days=1)
    InvoiceExport.objects.filter(pk=old.pk).update(sent_at=timezone.now() - 6 * day)
    assert listed(client, sage, age=5) == {old.pk}
    assert listed(client, sage, age=10) == set()
    assert listed(client, sage, vendor=sage.base.vendor.pk) == {old.pk, new.pk}
    assert listed(client, sage, vendor="9" * 30, age="x", problems="?") == {old.pk, new.pk}


def test_a_dry_run_is_a_workbook_whose_bad_cells_are_marked_and_say_why(sage, client):
    """E-5: one or many; nothing is accepted."""
    fine, bad = sage.sent(), sage.sent()
    blocked(sage)
    answer = dry_run(client, fine, bad)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="dry-run-')
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book["Dry run"]
    assert "Don't import this file" in sheet["A1"].value
    code = sheet["Q4"]  # the cost code of the first line
    assert (code.value, code.data_type, code.fill.fgColor.rgb) == ("9999.000", "s", "00FFC7CE")
    assert "S33: Cost code 9999.000 isn't in Sage's list" in code.comment.text
    marked = [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment]
    assert "Q4" in marked and "Q6" in marked and sheet["K4"].comment is None
    rules = {row[2] for row in book["Findings"].iter_rows(min_row=2, values_only=True)}
    assert "S33" in rules and {export.status for export in fresh(fine, bad)} == {"ready_to_export"}


def test_the_workbook_of_an_acceptance_is_of_the_day_that_was_chosen_there(sage, client):
    """E-5, S27: column 25, for what goes into the next file; what failed keeps the day of its own."""
    url, day = reverse("erp-dry-run", args=[sage.company.slug]), {"accounting_date": "2030-07-02"}
    failed, waits = sage.sent(), sage.sent()
    batch = locked_june_and_a_failed_file(sage, failed)
    for chosen in ({}, day):
        page = client.get(queue_url(sage.company, "accept/"), chosen | {"export": waits.pk}).content.decode()
        [form] = re.findall(rf'<form method="post" action="{url}">.*?</form>', page)
        assert dict(re.findall(r'name="(accounting_date|export)" value="([^"]+)"', form)) == chosen | {
            "export": str(waits.pk)
        }
    books = zipfile.ZipFile(io.BytesIO(client.post(url, day | {"export": [waits.pk, failed.pk]}).content))
    sheets = [openpyxl.load_workbook(books.open(name))["Dry run"] for name in books.namelist()]
    assert [sheet["Y3"].value for sheet in sheets] == ["2030-07-02", batch.accounting_date.isoformat()]


def test_all_that_waits_is_checked_in_one_workbook_however_much_that_is(sage, client, monkeypatch):
    """E-5, 9.6: by the filter of the list, or by ids that no address holds; what no workbook takes says what to do."""
    some = [sage.sent(), sage.sent()]
    page = client.get(queue_url(sage.company), {"vendor": sage.base.vendor.pk}).content.decode()
    [url] = [unescape(each) for each in re.findall(r'href="([^"]*dry-run[^"]*)"', page)]
    assert "all=1" in url and f"vendor={sage.base.vendor.pk}" in url
    ids = {"export": [export.pk for export in some]}
    for answer in (client.get(url), client.post(url.partition("?")[0], ids)):
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["Dry run"]
        assert [row[1].value for row in sheet.iter_rows(min_row=3)] == ["H", "D", "H", "D"]
    assert "Check all 2 as a workbook" in text_of(client.get(queue_url(sage.company)))
    assert dry_run_sizes.MOST >= 5_000
    monkeypatch.setattr(dry_run_sizes, "MOST", 1)
    refused = client.get(url, follow=True)
    assert "More than 1 invoices wait. Narrow the list by project or company first." in text_of(refused)
    too_many = text_of(client.get(queue_url(sage.company)))
    assert "Check all" not in too_many and "Check ticked as a workbook" in too_many
    assert "A workbook takes 1 invoices at most: narrow the list to check all that it shows." in too_many


def test_a_dry_run_holds_no_formula_of_anybodys(sage, client):
    """R100: neither in a cell nor in a note."""
    export = sage.sent()
    exports.change_header(export, exports.HeaderEdit(description="=HYPERLINK(1)"), by=sage.approver)
    book = openpyxl.load_workbook(io.BytesIO(dry_run(client, export).content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert any(cell.value == "=HYPERLINK(1)" for cell in cells)


def test_what_waits_for_no_answer_has_no_dry_run(sage, client):
    exported = sage.exported()
    answer = dry_run(client, exported)
    assert answer.status_code == 302 and answer.url == queue_url(sage.company)


def test_the_mail_of_a_rejection_lists_what_the_rules_said_and_where_it_is_mended(sage):
    """Section 7 and 10: reason, problems, link."""
    where = reverse("erp-linking", args=[sage.company.slug, "cost-codes"])
    for opens in (False, True):  # the way there is for whoever can open it
        export = sage.sent()
        blocked(sage)
        exports.reject(export, by=sage.approver, reason="Look at the code")
        mail = Mail.objects.filter(to=sage.sender).latest("pk")
        for body in (mail.text, mail.html):
            assert "Look at the code" in body and "S33" in body and (where in body) == opens
        CostCodeLink.objects.filter(code="9999.000").update(code=CODE)
        set_level(sage.sender, Tool.ERP_INTEGRATIONS, sage.company, Level.READ_ONLY, by=sage.base.owner)


def test_a_contact_who_made_the_bill_reads_the_reason_and_nothing_of_sages_lists(sage):
    """P-2: what the rules found speaks of holds, accounts and other vendors."""
    export = sage.sent()
    blocked(sage)
    assert export.invoice.created_by == sage.base.contact
    exports.reject(export, by=sage.approver, reason="Look at the code")
    [mail] = Mail.objects.filter(to=sage.base.contact, headline__contains="rejected")
    for body in (mail.text, mail.html):
        assert "Look at the code" in body and "S33" not in body and "/erp/" not in body and "Sage’s" not in body


def test_what_is_said_of_a_whole_file_stands_in_each_row_it_stops(sage, client):
    """S27: with every period locked nothing can go, and the filter says so as the invoice's own page does."""
    export = sage.sent()
    sage.load(
        ListKind.FISCAL_PERIODS,
        {"year": 2030, "period": 6, "first_date": "2030-01-01", "last_date": "2030-12-31", "is_locked": "yes"},
    )
    assert listed(client, sage, problems="blocked") == {export.pk}
    [row] = client.get(queue_url(sage.company)).context["rows"]
    assert "S27" in {finding.rule for finding in row.findings}


def test_an_invoice_of_another_period_in_the_list_says_nothing_about_this_one(sage, client):
    """S28: each is posted at its own period's end unless an approver says otherwise."""
    june = sage.sent()
    before = [found.rule for found in client.get(queue_url(sage.company)).context["rows"][0].findings]
    sage.next_month()
    sage.sent()
    rows = {row.export.pk: row for row in client.get(queue_url(sage.company)).context["rows"]}
    assert [found.rule for found in rows[june.pk].findings] == before


def locked_june_and_a_failed_file(sage: SageWorld, *some: InvoiceExport) -> ExportBatch:
    """Accepted on 28 June; before its file is built Sage locks the month, so each file of another day could go."""
    batch = sage.accepted(*some)
    sage.load(
        ListKind.FISCAL_PERIODS,
        {"year": 2030, "period": 6, "first_date": "2030-06-01", "last_date": "2030-06-30", "is_locked": "yes"},
        {"year": 2030, "period": 7, "first_date": "2030-07-01", "last_date": "2030-07-31"},
    )
    exporting.build(batch.pk)
    return batch


def test_what_failed_for_a_locked_month_is_blocked_by_it_in_the_list_as_on_its_own_page(sage, client):
    """S27, 9.6: it goes on under its batch, on the day of that, whatever day one that waits would get."""
    failed = sage.sent()
    locked_june_and_a_failed_file(sage, failed)
    [row] = client.get(queue_url(sage.company), {"tab": "failed"}).context["rows"]
    own = client.get(at_export(failed)).context["shown"].findings
    assert [(each.rule, each.message) for each in row.findings] == [(each["rule"], each["message"]) for each in own]
    assert "S27" in {each.rule for each in row.findings} and row.errors
    assert listed(client, sage, tab="failed", problems="blocked") == {failed.pk}
    waiting = sage.sent()
    assert listed(client, sage, problems="blocked") == set(), "one that waits goes into July"
    assert listed(client, sage, problems="warned") == {waiting.pk}


def test_more_failed_files_ask_no_more_of_the_database(sage, client):
    """F16: with the days and rights of as many batches."""
    some = [sage.sent() for _ in range(4)]
    locked_june_and_a_failed_file(sage, some[0])
    url = queue_url(sage.company, "?tab=failed")
    few = queries(client, url)
    others = [sage.accepted(each, on=date(2030, 7, 2)) for each in some[1:]]
    blocked(sage)
    for batch in others:
        exporting.build(batch.pk)
    CostCodeLink.objects.filter(code="9999.000").update(code=CODE)
    page = client.get(url)
    assert len(page.context["rows"]) == 4 and queries(client, url) <= few
    assert [row.errors for row in page.context["rows"]] == [1, 0, 0, 0]


def test_the_dry_run_of_what_failed_is_of_the_file_that_it_failed_in(sage, client):
    """S27, E-5: and of two such files there are two workbooks, each as that file would be."""
    one, two = sage.sent(), sage.sent()
    batch = locked_june_and_a_failed_file(sage, one)
    book = openpyxl.load_workbook(io.BytesIO(dry_run(client, one).content))
    assert "S27" in {row[2] for row in book["Findings"].iter_rows(min_row=2, values_only=True)}
    answer = dry_run(client, one, two)
    assert answer.headers["Content-Disposition"].endswith('.zip"')
    listed, guide = text_of(client.get(queue_url(sage.company, "?tab=failed"))), ROOT / "docs/accounting-guide.md"
    assert "Of invoices from several files there is a workbook each, in one ZIP." in listed
    assert "a ZIP with a workbook for each" in guide.read_text()
    assert "in one ZIP" not in text_of(client.get(queue_url(sage.company)))
    books = zipfile.ZipFile(io.BytesIO(answer.content))
    assert books.namelist() == ["dry-run-EXP-000002.xlsx", f"dry-run-{batch.key}.xlsx"]
    rules = [
        {row[2] for row in openpyxl.load_workbook(books.open(name))["Findings"].iter_rows(min_row=2, values_only=True)}
        for name in books.namelist()
    ]
    assert ["S27" in each for each in rules] == [False, True]


def test_the_foot_of_the_list_totals_each_column_of_money_of_all_that_match(sage, client, monkeypatch):
    """9.6: not of the page alone."""
    monkeypatch.setattr(queue, "PAGE_SIZE", 1)
    some = [sage.sent(), sage.sent()]
    for filters in ({}, {"problems": "warned"}):
        totals = client.get(queue_url(sage.company), filters).context["totals"]
        assert (totals.count, totals.gross, totals.retainage, totals.due) == (
            2,
            sum(each.invoice.gross_this_period for each in some),
            sum(each.invoice.retainage_newly_held for each in some),
            sum(each.invoice.current_payment_due for each in some),
        )
    foot = text_of(client.get(queue_url(sage.company))).partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert [words in foot for words in ("2,000.00", "200.00", "1,800.00")] == [True] * 3


def test_whoever_only_looks_is_offered_the_dry_run_and_no_answer(sage):
    """E-5, 9.6: its door is Read Only."""
    export, kim = sage.sent(), signed_in(sage.base.staff)
    page = text_of(kim.get(queue_url(sage.company)))
    assert "Check ticked as a workbook" in page and "Check all 1 as a workbook" in page
    assert f'value="{export.pk}"' in page and "Reject ticked" not in page and "Accept all" not in page
    assert f'action="{reverse("erp-dry-run", args=[sage.company.slug])}"' in page
    assert dry_run(kim, export).headers["Content-Disposition"].endswith('.xlsx"')


def test_a_filter_by_findings_reaches_every_invoice_a_stretch_at_a_time(sage, client, monkeypatch):
    """9.6: and says of which it speaks; as long as they are few enough, of all at once."""
    some = [sage.sent().pk for _ in range(5)]
    url, filters = queue_url(sage.company), {"problems": "warned"}
    assert listed(client, sage, **filters) == set(some) and "Ask about the next" not in text_of(
        client.get(url, filters)
    )
    monkeypatch.setattr(queue, "MOST_ASKED", 2)
    page, seen = client.get(url, filters), []
    assert "invoices 1 to 2 of 5" in text_of(page) and "Total of 2 invoices (1 to 2, filtered)" in text_of(page)
    for _ in range(3):
        seen.append([row.export.pk for row in page.context["rows"]])
        onwards = re.findall(r'href="([^"]*from=[^"]*)">Ask about the next', page.content.decode())
        page = client.get(unescape(onwards[0])) if onwards else page
    assert not onwards and seen == [some[:2], some[2:4], some[4:]]
    for odd in ("x", "5", "-1", "9" * 30, "1-", "9999999999999999-1", f"1-{'9' * 30}", "٣-٣"):
        assert listed(client, sage, problems="warned", **{"from": odd}) == set(some[:2])
    after_two = re.search("from=([0-9-]+)", client.get(url, filters).content.decode())[1]
    nothing = client.get(url, {"problems": "blocked", "from": after_two})
    assert "that was asked about matches the filter" in text_of(nothing) and "From the first" in text_of(nothing)
    monkeypatch.setattr(queue, "MOST_ASKED", 1_000)
    for most, reached in ((7, 3), (4, 2), (1, 1)):  # two lines each; one that is too long is still asked about
        monkeypatch.setattr(queue, "MOST_LINES", most)
        assert listed(client, sage, **filters) == set(some[:reached])


def test_the_next_stretch_skips_nobody_when_some_were_answered_meanwhile(sage, client, monkeypatch):
    """9.6: it begins after the last one that was looked at, not after so many of those that are left."""
    some = [sage.sent() for _ in range(5)]
    monkeypatch.setattr(queue, "MOST_ASKED", 2)
    url = queue_url(sage.company)
    page = client.get(url, {"problems": "warned"}).content.decode()
    onwards = unescape(re.search(r'href="([^"]*)">Ask about the next', page)[1])
    for answered in some[:2]:  # the very one that the address names as well
        exports.reject(answered, by=sage.approver, reason="Wrong job")
    left = client.get(onwards)
    assert [row.export.pk for row in left.context["rows"]] == [each.pk for each in some[2:4]]
    assert "invoices 1 to 2 of 3" in text_of(left)


def test_one_invoice_of_a_stretch_may_be_sent_at_the_same_moment_as_the_next(sage, client, monkeypatch):
    """Many are sent in one go: the place is moment and number."""
    some = [sage.sent().pk for _ in range(3)]
    InvoiceExport.objects.update(sent_at=timezone.now())
    monkeypatch.setattr(queue, "MOST_ASKED", 2)
    url = queue_url(sage.company)
    page = client.get(url, {"problems": "warned"}).content.decode()
    onwards = unescape(re.search(r'href="([^"]*)">Ask about the next', page)[1])
    assert [row.export.pk for row in client.get(onwards).context["rows"]] == some[2:]


def test_a_longer_list_by_findings_asks_no_more_of_the_database(sage, client):
    """F16, F18."""
    sage.sent()
    url, filters = queue_url(sage.company), {"problems": "warned"}
    few = queries(client, url, filters)
    for _ in range(4):
        sage.sent()
    assert queries(client, url, filters) <= few <= 15


def test_that_the_dry_run_of_very_many_is_made_in_the_background_is_said_before_it_is_pressed(
    sage, client, monkeypatch
):
    """9.7, decision 23; of few it needs no word."""
    some = [sage.sent() for _ in range(3)]
    pages = (queue_url(sage.company), reverse("erp-accept", args=[sage.company.slug]))
    asked = {"export": [each.pk for each in some]}
    few = [text_of(client.get(page, asked)) for page in pages]
    assert not any("in the background" in page or "_blank" in page for page in few)
    monkeypatch.setattr(dry_run_sizes, "AT_ONCE", 2)
    listed, accepting = (text_of(client.get(page, asked)) for page in pages)
    way = "made in the background, opens in a new tab"
    assert 'target="_blank">' in accepting and way in accepting, "ticks and a typed day stay where they are (R29)"
    assert "The workbook of all 3 is made in the background." in listed and "made in the background" in accepting
    assert "in the background" not in text_of(client.get(pages[0], {"problems": "warned"}))
    for page in (listed, accepting):
        assert "seconds" not in page.partition("<main")[2].partition("</main>")[0]
