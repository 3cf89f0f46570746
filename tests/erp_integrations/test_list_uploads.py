"""A list of Sage's from a file: columns named once, bad cells by their place, a preview that holds (sage100 4)."""

import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from directory.models import Event, Vendor
from directory.refusals import Refused, Stale
from directory.sheets import as_csv
from erp_integrations.actions import list_uploads
from erp_integrations.mending import where_to_mend
from erp_integrations.models import ErpSettings, InvoiceExport, ListKind, SageListUpload, SageListVersion, VendorLink
from erp_integrations.sage100 import list_columns, list_rows
from tests.astray import astray
from tests.erp_integrations.pages import at_export, queries, signed_in, text_of
from tests.erp_integrations.world import ACCOUNT, JOB, LISTS_DATE, VENDOR, fresh, sage_world

ACME = [VENDOR, "Acme Concrete", "30DY"]
HEADINGS = ["Vendor number", "Vendor name", "Due terms"]


def at(sage, name: str, *parts) -> str:
    return reverse(name, args=[sage.company.slug, *parts])


@pytest.fixture(autouse=True)
def _later():
    """After the day of the world's own lists."""
    with time_machine.travel(datetime(2030, 6, 20, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def sam(_later, sage):
    return signed_in(sage.approver)


def file_of(headings, *rows, name="list.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, as_csv(headings, [[str(cell) for cell in row] for row in rows]))


def send(sage, client, file, kind="vendors", day=None):
    """What the page answers to a file, the preview if it was read."""
    day = day or sage.company.today
    return client.post(at(sage, "erp-list", kind), {"file": file, "as_of_date": day.isoformat()}, follow=True)


def take_in(sage, client, page, **ticked):
    """Press the preview's button."""
    plan = re.search(r'name="plan" value="(\w+)"', page.content.decode())
    upload = page.context["upload"]
    return client.post(at(sage, "erp-list-upload", upload.pk), {"plan": plan[1] if plan else "", **ticked}, follow=True)


def numbers(sage) -> list[str]:
    return [vendor.number for vendor in sage.lists().vendors]


# Who


def test_uploading_takes_standard_and_staff_may_look(sage, sam):
    kim = signed_in(sage.base.staff)
    assert kim.get(at(sage, "erp-list", "vendors")).status_code == 200
    assert send(sage, kim, file_of(HEADINGS, ACME)).status_code == 403
    page = send(sage, sam, file_of(HEADINGS, ACME))
    upload = page.context["upload"]
    assert kim.get(at(sage, "erp-list-upload", upload.pk)).status_code == 403
    assert signed_in(sage_world("Others").approver).get(at(sage, "erp-list-upload", upload.pk)).status_code == 404


# A good file


def test_nothing_is_in_force_before_it_is_confirmed_and_then_one_event_says_so(sage, sam):
    before = Event.objects.count()
    page = send(sage, sam, file_of(HEADINGS, ACME, ["7", "Seven Steel", "02MO"]))
    assert numbers(sage) == [VENDOR] and Event.objects.count() == before
    done = take_in(sage, sam, page)
    assert done.status_code == 200 and numbers(sage) == [VENDOR, "7"]
    event = Event.objects.order_by("pk").last()
    assert (Event.objects.count() - before, event.verb, event.by) == (1, "took in", sage.approver)
    assert event.changes == {"rows": ["1", "2"], "added": ["", "1"], "file": ["", "list.csv"]}
    version = SageListVersion.objects.in_use(sage.company, "vendors")
    assert (version.loaded_by, version.as_of_date, version.file_name) == (
        sage.approver,
        sage.company.today,
        "list.csv",
    )
    assert not SageListUpload.objects.get().rows  # its cells are let go


def test_the_preview_warns_of_terms_that_lead_to_no_date(sage, sam):
    """S5: an invoice of that vendor would be stopped for want of a due date."""
    page = send(sage, sam, file_of(HEADINGS, ACME, ["7", "Seven Steel", "NET 30"]))
    assert "C3, Due terms: “NET 30”" in text_of(page)
    assert take_in(sage, sam, page).status_code == 200 and numbers(sage) == [VENDOR, "7"]
    assert "lead to no date" not in text_of(send(sage, sam, file_of(HEADINGS, ACME)))


def test_a_column_of_percent_cells_is_refused_with_its_remedy(sage, sam):
    """S48: the workbook shows 10% and holds 0.1."""
    book = Workbook()
    book.active.append(["Subcontract number", "Vendor number", "Job number", "Status", "Retention"])
    book.active.append(["SC-1", VENDOR, JOB, 4, 0.1])
    book.active["E2"].number_format = "0%"
    out = io.BytesIO()
    book.save(out)
    page = send(sage, sam, SimpleUploadedFile("list.xlsx", out.getvalue()), "subcontracts")
    assert [(each.cell, each.heading) for each in page.context["problems"]] == [("E2", "Retention %")]
    assert "type 10 for ten percent" in text_of(page) and "Take in" not in text_of(page)


def test_the_preview_says_added_changed_and_gone_and_that_is_what_happens(sage, sam):
    sage.load(
        ListKind.VENDORS,
        {"number": VENDOR, "name": "Acme Concrete", "due_terms": "30DY"},
        {"number": 5, "name": "Five"},
        {"number": 6, "name": "Six"},
    )
    page = send(sage, sam, file_of(HEADINGS, [VENDOR, "Acme Concrete", "25TH"], ["6", "Six", ""], ["7", "Seven", ""]))
    changes = page.context["plan"].changes
    assert (len(changes.added), len(changes.changed), len(changes.gone), changes.same) == (1, 1, 1, 1)
    shown = text_of(page)
    assert "Due terms: <del>30DY</del> → <ins>25TH</ins>" in shown and "5 Five" in shown and "7 Seven" in shown
    take_in(sage, sam, page)
    assert {v.number: v.due_terms for v in sage.lists().vendors} == {VENDOR: "25TH", "6": "", "7": ""}
    old = SageListVersion.objects.filter(company=sage.company, kind="vendors", is_current=False).first()
    assert [vendor.number for vendor in old.as_list()] == [VENDOR, "5", "6"]


def test_all_that_would_come_change_or_go_can_be_read_before_it_is_taken_in(sage, sam):
    """Each kind on pages of its own: what stands on none of them would be taken in unread."""
    old = [[number, f"Old {number}", "30DY"] for number in range(1000, 1210)]
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME, *old)))
    new = [[number, f"New {number}", "30DY"] for number in range(1105, 1315)]
    first = send(sage, sam, file_of(HEADINGS, ACME, *new))
    url = at(sage, "erp-list-upload", first.context["upload"].pk)
    for kind, last in (("gone", "1104 Old 1104"), ("changed", "1209 New 1209"), ("added", "1314 New 1314")):
        assert last not in text_of(first)
        page = sam.get(url, {kind: "2"})
        assert last in text_of(page) and "101–105 of 105" in text_of(page)
        [back] = re.findall(r'href="([^"]*)" rel="prev"', page.content.decode())
        assert back == f"{url}?{kind}=1#{kind}" and f' id="{kind}"' in page.content.decode()
    page = sam.get(url, {"gone": "2", "added": "2"})
    assert "1104 Old 1104" in text_of(page) and "1314 New 1314" in text_of(page), "each turns by itself"
    assert sam.get(url, {"gone": "<script>"}).status_code == 200


def test_what_is_missed_is_read_to_its_end_before_the_tick(sage, sam):
    """The tick says that all of it was seen."""
    for number in range(1, 102):
        vendor = Vendor.objects.create(company=sage.company, name=f"Vendor {number}")
        VendorLink.objects.create(company=sage.company, vendor=vendor, number=str(1000 + number))
    old = [[1000 + number, f"Vendor {number}", "30DY"] for number in range(1, 102)]
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME, *old)))
    first = send(sage, sam, file_of(HEADINGS, ACME))
    assert "linked to Vendor 101" not in text_of(first)
    page = sam.get(at(sage, "erp-list-upload", first.context["upload"].pk), {"missed": "2"})
    assert "linked to Vendor 101" in text_of(page) and "101–101 of 101" in text_of(page)


def test_every_version_of_a_list_is_on_a_page_and_counted(sage, sam):
    for days in range(36):
        sage.load(ListKind.JOBS, {"number": JOB, "name": "J", "status": 4}, as_of_date=LISTS_DATE + timedelta(days))
    url, count = at(sage, "erp-list", "jobs"), sage.company.sage_lists.filter(kind="jobs").count()
    first, second = sam.get(url), sam.get(url, {"page": "2"})
    assert f'Versions <span class="count">{count}</span>' in text_of(first) and count == 37
    shown = [each.pk for page in (first, second) for each in page.context["versions"]]
    assert len(set(shown)) == count and min(shown) == sage.company.sage_lists.filter(kind="jobs").earliest("pk").pk
    assert "1 rows as of" in text_of(second), "what is in use is said on every page"


def test_the_same_list_of_the_same_day_renews_it_once_an_invoice_was_confirmed_since(sage, sam):
    """S40: what the list in use may not hold yet, one that came after the confirmation does."""
    export = sage.exported()
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME)))
    InvoiceExport.objects.filter(pk=export.pk).update(
        status="posted", sage_record_number="70001", posted_by=sage.approver, posted_at=timezone.now()
    )
    again = send(sage, sam, file_of(HEADINGS, ACME))
    assert "still holds on" in text_of(again)
    before = SageListVersion.objects.in_use(sage.company, "vendors")
    take_in(sage, sam, again)
    assert SageListVersion.objects.in_use(sage.company, "vendors").loaded_at > before.loaded_at


def test_the_same_file_again_changes_nothing_and_a_later_day_renews_it(sage, sam):
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME)))
    again = send(sage, sam, file_of(HEADINGS, ACME))
    assert "<strong>Nothing changed.</strong>" in text_of(again) and "Take in" not in text_of(again)
    forced = sam.post(at(sage, "erp-list-upload", again.context["upload"].pk), {"plan": again.context["plan"].digest})
    assert forced.status_code == 409 and "Nothing changed" in text_of(forced)
    current = SageListVersion.objects.in_use(sage.company, "vendors")
    SageListVersion.objects.filter(pk=current.pk).update(as_of_date=sage.company.today - timedelta(days=3))
    later = send(sage, sam, file_of(HEADINGS, ACME))
    assert "still holds on" in text_of(later)
    take_in(sage, sam, later)
    assert SageListVersion.objects.in_use(sage.company, "vendors").as_of_date == sage.company.today


def test_five_thousand_vendors_from_a_workbook(sage, sam):
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Vendors")
    sheet.append(["Record#", "Name", "Inactive", "Hold"])
    for number in range(1, 5001):
        sheet.append([number, f"Vendor {number}", "yes" if number % 10 == 0 else "no", False])
    sheet.append([int(VENDOR), "Acme Concrete", "no", False])
    content = io.BytesIO()
    book.save(content)
    page = send(sage, sam, SimpleUploadedFile("vendors.xlsx", content.getvalue()))
    assert len(page.context["plan"].changes.added) == 5000 and len(page.content) < 60_000
    assert queries(sam, at(sage, "erp-list-upload", page.context["upload"].pk)) <= 15
    take_in(sage, sam, page)
    found = sage.lists().vendors
    assert len(found) == 5001 and not found.get("10").is_active and found.get("11").is_active


@pytest.mark.parametrize(
    ("kind", "headings", "rows", "look", "expected"),
    [
        (
            "jobs",
            ["Job number", "Job name", "Status", "Phase"],
            [["1", "Tower", "4", "1"], ["1", "Tower", "4", "2"], ["2", "Annex", "3", ""]],
            lambda lists: [(job.number, job.phases) for job in lists.jobs],
            [("1", ("1", "2")), ("2", ())],
        ),
        (
            "ledger_accounts",
            ["Account number", "Account name", "Type", "Sub-accounts"],
            [["5040", "Subs", "13", "1, 2"], ["1500", "WIP", "3", ""]],
            lambda lists: [(account.number, account.type, account.sub_accounts) for account in lists.ledger_accounts],
            [("5040", 13, ("1", "2")), ("1500", 3, ())],
        ),
        (
            "subcontracts",
            ["Subcontract no", "Vendor#", "Job#", "Status", "Line#", "Code", "Type", "Contract", "Remaining"],
            [
                ["SC-1", VENDOR, JOB, "4", "1", "2310", "4", "$1,000.00", "(50.00)"],
                ["SC-1", VENDOR, JOB, "4", "2", "2320.5", "4", "20", ""],
                ["SC-2", VENDOR, JOB, "3", "", "", "", "", ""],
            ],
            lambda lists: [
                (s.number, [(line.cost_code, str(line.contract), line.remaining) for line in s.lines])
                for s in lists.subcontracts
            ],
            [
                ("SC-1", [("2310.000", "1000.00", list_rows.amount("-50")), ("2320.500", "20.00", None)]),
                ("SC-2", []),
            ],
        ),
        (
            "fiscal_periods",
            ["Fiscal year", "Period", "Start", "End", "Locked"],
            [["2030", "6", "06/01/2030", "2030-06-30", "yes"]],
            lambda lists: [(p.year, p.period, p.last_date.isoformat(), p.is_locked) for p in lists.fiscal_periods],
            [(2030, 6, "2030-06-30", True)],
        ),
        (
            "payable_invoices",
            ["Vendor", "Invoice#", "Invoice total", "Retainage", "User defined 1"],
            [[VENDOR, "2219-07", "25,650.50", "2,565.05", "EXP-000412"], [VENDOR, "2219-07", "1.00", "0", ""]],
            lambda lists: [(p.invoice_number, str(p.gross), p.user_def_1) for p in lists.payable_invoices],
            [("2219-07", "25650.50", "EXP-000412"), ("2219-07", "1.00", "")],
        ),
        (
            "cost_codes",
            ["Cost code", "Description"],
            [["2310", "Concrete"], ["15400.25", "Plumbing"]],
            lambda lists: [(code.code, code.name) for code in lists.cost_codes],
            [("2310.000", "Concrete"), ("15400.250", "Plumbing")],
        ),
    ],
)
def test_every_list_is_read_in_its_own_shape(sage, sam, kind, headings, rows, look, expected):
    page = send(sage, sam, file_of(headings, *rows), kind)
    assert not page.context["plan"].problems and not page.context["plan"].lacking
    take_in(sage, sam, page, seen_missed="1")
    assert look(sage.lists()) == expected


@pytest.mark.parametrize("kind", ListKind.values)
@pytest.mark.parametrize("which", ["csv", "xlsx"])
def test_the_example_headings_are_understood_as_they_are(sage, sam, kind, which):
    answer = sam.get(at(sage, "erp-list-headings", kind, which))
    assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    page = send(sage, sam, SimpleUploadedFile(f"{kind}.{which}", answer.content), kind)
    columns = page.context["upload"].columns
    assert [field for field, place in columns.items() if place is None] in ([], ["is_inactive"])
    assert not page.context["plan"].lacking
    assert sam.get(at(sage, "erp-list-headings", kind, "exe")).status_code == 404


@pytest.mark.parametrize("kind", ListKind.values)
def test_a_list_that_may_say_what_is_put_aside_takes_one_of_two_columns(sage, sam, kind):
    """sage100.md section 4; asked of the list's own columns."""
    page = text_of(sam.get(reverse("erp-list", args=[sage.company.slug, kind])))
    has_both = {"Active", "Inactive"} <= {column.heading for column in list_columns.columns_of(kind)}
    assert ("Give Active or Inactive, not both." in page) == has_both
    assert has_both == (kind in ("vendors", "cost_codes", "ledger_accounts"))


def test_of_active_and_inactive_one_is_read_and_a_file_with_both_waits_for_which(sage, sam):
    """sage100.md section 4: the one that says nothing would make an inactive vendor payable (S16)."""
    both = ["Vendor number", "Vendor name", "Active", "Inactive"]
    page = send(sage, sam, file_of(both, [VENDOR, "Delta", "no", ""]))
    upload, say = page.context["upload"], "Give Active or Inactive, not both."
    assert say in text_of(page) and "Take in 1" not in text_of(page)
    with pytest.raises(Refused, match=say):
        list_uploads.confirm(upload, by=sage.approver, digest=page.context["plan"].digest)
    columns = at(sage, "erp-list-columns", upload.pk)
    chosen = {"number": "0", "name": "1", "is_active": "2", "is_inactive": "3"}
    refused = sam.post(columns, chosen)
    assert refused.status_code == 422 and refused.context["form"].errors["is_inactive"] == [say]
    take_in(sage, sam, sam.post(columns, chosen | {"is_inactive": ""}, follow=True))
    assert [vendor.is_active for vendor in sage.lists().vendors] == [False]
    again = send(sage, sam, file_of(both, [VENDOR, "Delta", "no", ""]))
    assert say not in text_of(again), "remembered"


def test_the_command_reads_no_file_that_has_both_active_and_inactive(sage, tmp_path):
    """sage100.md section 4."""
    (tmp_path / "vendors.csv").write_text(f"Vendor number,Vendor name,Active,Inactive\n{VENDOR},Delta,no,\n")
    with pytest.raises(CommandError, match="vendors.csv: Give Active or Inactive, not both."):
        call_command("load_sage_lists", tmp_path, company=sage.company.slug)


def test_every_field_that_is_read_has_a_column():
    for kind in ListKind.values:
        read = list_rows.KINDS[kind].readers | (
            list_rows.LINE_READERS if list_rows.KINDS[kind].child == "lines" else {}
        )
        assert set(read) == set(list_columns.NAMED[kind]) - {list_columns.INACTIVE}


# Columns


def test_other_headings_are_named_once_and_remembered_for_this_list(sage, sam):
    odd = ["Kreditor", "Bezeichnung", "Vendor name"]
    page = send(sage, sam, file_of(odd, [VENDOR, "Acme Concrete", "ignored"]))
    assert [column.field for column in page.context["plan"].lacking] == ["number"]
    assert "Say which column holds Vendor number" in text_of(page)
    upload = page.context["upload"]
    chosen = {"number": "0", "name": "1"}
    named = sam.post(at(sage, "erp-list-columns", upload.pk), chosen, follow=True)
    assert not named.context["plan"].lacking and not named.context["plan"].problems
    take_in(sage, sam, named)
    again = send(sage, sam, file_of(["Bezeichnung", "Kreditor", "Vendor name"], ["New name", VENDOR, "ignored"]))
    assert again.context["upload"].columns["number"] == 1 and again.context["upload"].columns["name"] == 0
    other = send(sage, sam, file_of(["Kreditor", "Job name", "Status"], [JOB, "Tower", "4"]), "jobs")
    assert [column.field for column in other.context["plan"].lacking] == ["number"]


def test_a_proposed_column_that_was_taken_away_stays_away(sage, sam):
    page = send(sage, sam, file_of([*HEADINGS, "Hold"], [*ACME, "perhaps"]))
    assert page.context["plan"].problems
    chosen = {"number": "0", "name": "1", "due_terms": "2", "hold_payment": ""}
    named = sam.post(at(sage, "erp-list-columns", page.context["upload"].pk), chosen, follow=True)
    assert not named.context["plan"].problems
    assert not send(sage, sam, file_of([*HEADINGS, "Hold"], [*ACME, "perhaps"])).context["plan"].problems


def test_a_column_that_came_later_is_still_proposed(sage, sam):
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME)))
    page = send(sage, sam, file_of([*HEADINGS, "Hold payment"], [*ACME, "yes"]))
    assert page.context["upload"].columns["hold_payment"] == 3


def test_one_column_for_two_fields_is_refused_and_what_was_chosen_stays(sage, sam):
    upload = send(sage, sam, file_of(HEADINGS, ACME)).context["upload"]
    refused = sam.post(at(sage, "erp-list-columns", upload.pk), {"number": "0", "name": "0"})
    assert refused.status_code == 422 and "both take column A" in text_of(refused)
    assert '<option value="0" selected>A: Vendor number</option>' in text_of(refused)
    nonsense = sam.post(at(sage, "erp-list-columns", upload.pk), {"number": "99"})
    assert nonsense.status_code == 422


def test_after_refused_columns_the_pages_of_what_would_come_are_those_of_the_upload(sage, sam):
    rows = [[number, f"New {number}", ""] for number in range(1000, 1105)]
    upload = send(sage, sam, file_of(HEADINGS, ACME, *rows)).context["upload"]
    refused = sam.post(at(sage, "erp-list-columns", upload.pk), {"number": "0", "name": "0"})
    assert "added=2#added" in text_of(refused) and not astray(refused)


def test_a_report_title_above_the_headings_is_passed_over(sage, sam):
    content = b"Vendor list,,\r\nCascade Builders,,\r\nVendor number,Vendor name,Due terms\r\n7,Seven,\r\nx,Bad,\r\n"
    page = send(sage, sam, SimpleUploadedFile("list.csv", content))
    [problem] = page.context["plan"].problems
    assert (problem.cell, problem.value) == ("A5", "x")


# Bad files


def test_each_bad_cell_is_named_with_what_it_holds_and_what_to_do_and_nothing_is_saved(sage, sam):
    page = send(
        sage, sam,
        file_of(["Vendor number", "Vendor name", "Inactive", "PO rule"],
                ["7", "Good", "no", "0"], ["12a", "Bad", "maybe", "x"], ["8", "", "", ""]),
    )  # fmt: skip
    told = [(each.cell, each.heading, each.value) for each in page.context["plan"].problems]
    assert told == [
        ("A3", "Vendor number", "12a"), ("C3", "Inactive", "maybe"), ("D3", "PO rule", "x"), ("B4", "Vendor name", ""),
    ]  # fmt: skip
    shown = text_of(page)
    assert "“maybe”" in shown and "Expected yes or no." in shown and "Take in" not in shown
    forced = sam.post(at(sage, "erp-list-upload", page.context["upload"].pk), {"plan": page.context["plan"].digest})
    assert forced.status_code == 422 and numbers(sage) == [VENDOR]


def test_a_bad_file_does_not_begin_a_list_as_an_empty_one(sage, sam):
    headings = ["PO number", "Vendor number", "Job number", "Status"]
    page = send(sage, sam, file_of(headings, ["PO-1", "x", JOB, "4"]), "purchase_orders")
    forced = sam.post(at(sage, "erp-list-upload", page.context["upload"].pk), {"plan": page.context["plan"].digest})
    assert forced.status_code == 422 and "can’t be read" in text_of(forced)
    assert SageListVersion.objects.in_use(sage.company, "purchase_orders") is None


def test_a_key_that_stands_twice_with_other_values_is_refused(sage, sam):
    page = send(sage, sam, file_of(HEADINGS, ["7", "Seven", ""], ["7", "Another seven", ""]))
    [problem] = page.context["plan"].problems
    assert problem.row == 3 and "twice, with different values" in problem.message
    same = send(sage, sam, file_of(HEADINGS, ["7", "Seven", ""], ["7", "Seven", ""]))
    assert not same.context["plan"].problems and len(same.context["plan"].records) == 1


def test_two_lines_of_one_subcontract_with_one_number_are_refused(sage, sam):
    headings = ["Subcontract number", "Vendor number", "Job number", "Status", "Line", "Cost code", "Cost type"]
    rows = [["SC-1", VENDOR, JOB, "4", "1", code, "4"] for code in ("2310", "2320")]
    page = send(sage, sam, file_of(headings, *rows), "subcontracts")
    assert page.context["plan"].problems


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("list.csv", b"", "empty"),
        ("list.csv", b"\r\n\r\n", "holds nothing"),
        ("list.exe", b"MZ\x90", "not a workbook"),
        ("list.xlsx", b"PK\x03\x04 no zip at all", "damaged"),
        ("list.csv", b'Vendor number,Vendor name\r\n7,"open', "quotation mark"),
    ],
)
def test_what_is_no_list_is_refused_in_words(sage, sam, name, content, words):
    refused = send(sage, sam, SimpleUploadedFile(name, content))
    assert refused.status_code == 422 and words in text_of(refused)
    assert not SageListUpload.objects.exists()


def test_a_zip_bomb_is_refused_by_the_reader(sage, sam):
    """R103."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("xl/workbook.xml", "<workbook/>")
        bomb.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    refused = send(sage, sam, SimpleUploadedFile("list.xlsx", packed.getvalue()))
    assert refused.status_code == 422 and "unpacks to far more" in text_of(refused)


def test_text_that_looks_like_a_formula_or_markup_stays_text(sage, sam):
    name = '=HYPERLINK("http://x.example")<script>alert(1)</script>'
    page = send(
        sage,
        sam,
        SimpleUploadedFile(
            "list.csv", f'Vendor number,Vendor name\r\n7,"{name.replace(chr(34), chr(34) * 2)}"\r\n'.encode()
        ),
    )
    assert "<script>alert(1)" not in page.content.decode()
    take_in(sage, sam, page, seen_missed="1")
    assert sage.lists().vendors.get("7").name == name
    bad = send(sage, sam, file_of(HEADINGS, ["=1+1", "Seven", ""]))
    assert bad.context["plan"].problems[0].cell == "A2"


def test_more_rows_than_are_read_says_what_to_leave_out_not_to_split(sage, sam):
    """Half of a list would lose the other half."""
    for rows, what in ((50_001, "more than 50,000 rows"), (3_000_000, "larger than 10 MB")):
        content = b"Vendor number,Vendor name\r\n" + b"1,A\r\n" * rows
        refused = send(sage, sam, SimpleUploadedFile("list.csv", content))
        assert refused.status_code == 422 and f"{what}. Leave out what was closed" in text_of(refused)
        assert "Split" not in text_of(refused)


def test_a_day_to_come_and_a_day_before_the_list_in_use_are_refused(sage, sam):
    tomorrow = sage.company.today + timedelta(days=1)
    refused = send(sage, sam, file_of(HEADINGS, ACME), day=tomorrow)
    assert refused.status_code == 422 and "still to come" in text_of(refused)
    take_in(sage, sam, send(sage, sam, file_of(HEADINGS, ACME)))
    refused = send(sage, sam, file_of(HEADINGS, ACME), day=sage.company.today - timedelta(days=1))
    assert refused.status_code == 422 and "which is newer" in text_of(refused)


def test_headings_alone_do_not_empty_a_list_but_may_begin_one(sage, sam):
    page = send(sage, sam, file_of(HEADINGS))
    refused = take_in(sage, sam, page, seen_missed="1")
    assert refused.status_code == 422 and "has no rows" in text_of(refused) and numbers(sage) == [VENDOR]
    page = send(sage, sam, file_of(["Subcontract number", "Vendor number", "Job number", "Status"]), "subcontracts")
    assert take_in(sage, sam, page).status_code == 200
    assert SageListVersion.objects.in_use(sage.company, "subcontracts").record_count == 0


def test_payable_invoices_may_be_none_in_sage_and_that_is_ticked(sage, sam):
    """S11, decision 29: a Sage without an open invoice could never say so; no other list is empty by right."""
    sage.load(ListKind.PAYABLE_INVOICES, {"vendor_number": VENDOR, "invoice_number": "1001"})
    page = send(sage, sam, file_of(["Vendor number", "Invoice number"]), "payable_invoices")
    assert "Sage shows no invoice in 4-2" in text_of(page)
    refused = take_in(sage, sam, page)
    assert refused.status_code == 422 and "has no rows" in text_of(refused)
    assert SageListVersion.objects.in_use(sage.company, "payable_invoices").record_count == 1
    with pytest.raises(Refused, match="has no rows"):
        sage.load(ListKind.PAYABLE_INVOICES, as_of_date=sage.company.today)
    assert take_in(sage, sam, page, is_empty_seen="1").status_code == 200
    version = SageListVersion.objects.in_use(sage.company, "payable_invoices")
    assert (version.record_count, version.as_of_date) == (0, sage.company.today)
    of_vendors = send(sage, sam, file_of(HEADINGS))
    assert "Sage shows no invoice" not in text_of(of_vendors)
    assert take_in(sage, sam, of_vendors, seen_missed="1", is_empty_seen="1").status_code == 422


def test_of_two_ticks_a_refusal_keeps_the_one_that_was_made_and_stands_at_the_other(sage, sam):
    """U4, decision 29: nothing that was ticked is lost; what was looked at anew is ticked anew."""
    export = sage.exported()
    sage.load(ListKind.PAYABLE_INVOICES, {"vendor_number": VENDOR, "invoice_number": export.invoice.number})
    page = send(sage, sam, file_of(["Vendor number", "Invoice number"]), "payable_invoices")
    for made, other, words in (
        ("seen_missed", "is_empty_seen", "The file has no rows."),
        ("is_empty_seen", "seen_missed", "Look at what is gone"),
    ):
        refused = take_in(sage, sam, page, **{made: "1"})
        shown = text_of(refused)
        assert refused.status_code == 422 and f"{words}" in shown and f'<a href="#id_{other}">' in shown
        assert re.search(f'<input[^>]*name="{made}"[^>]* checked', shown)
        wrong = re.search(r'<div class="field tick is-wrong">.*?</div>', shown)[0]
        assert f'name="{other}"' in wrong and words in wrong and " checked" not in wrong
        assert shown.count(words) == 2, "at its field, and in the summary that leads there"
    sage.load(
        ListKind.PAYABLE_INVOICES, {"vendor_number": VENDOR, "invoice_number": "7"}, as_of_date=sage.company.today
    )
    stale = take_in(sage, sam, page, seen_missed="1", is_empty_seen="1")
    assert stale.status_code == 409 and " checked" not in text_of(stale).partition('name="plan"')[2]
    assert take_in(sage, sam, stale, is_empty_seen="1").status_code == 200


# Between the preview and the press


def test_a_preview_is_refused_once_somebody_else_has_uploaded(sage, sam):
    page = send(sage, sam, file_of(HEADINGS, ACME, ["7", "Seven", ""]))
    sage.load(ListKind.VENDORS, {"number": VENDOR, "name": "Acme Concrete"}, {"number": 9, "name": "Nine"})
    stale = take_in(sage, sam, page)
    assert stale.status_code == 409 and "meanwhile" in text_of(stale)
    assert numbers(sage) == [VENDOR, "9"]
    assert "9 Nine" in text_of(stale)  # what the file would do now: it lacks the new one
    take_in(sage, sam, stale)
    assert numbers(sage) == [VENDOR, "7"]


def test_a_file_is_taken_in_once_and_a_newer_reading_lets_the_older_go(sage, sam):
    first = send(sage, sam, file_of(HEADINGS, ACME, ["7", "Seven", ""]))
    second = send(sage, sam, file_of(HEADINGS, ACME, ["8", "Eight", ""]))
    old = take_in(sage, sam, first)
    assert old.status_code == 409 and "let go" in text_of(old)
    take_in(sage, sam, second)
    again = take_in(sage, sam, second)
    assert again.status_code == 409 and "taken in already" in text_of(again)
    assert numbers(sage) == [VENDOR, "8"]


# What is gone while in use


def test_what_is_linked_and_gone_is_warned_of_and_needs_a_tick(sage, sam):
    page = send(sage, sam, file_of(HEADINGS, ["7", "Seven", ""]))
    assert f"{VENDOR} Acme Concrete</strong>: linked to Acme Concrete" in text_of(page)
    refused = take_in(sage, sam, page)
    assert refused.status_code == 422 and "tick that you have" in text_of(refused) and numbers(sage) == [VENDOR]
    take_in(sage, sam, refused, seen_missed="1")
    assert numbers(sage) == ["7"] and VendorLink.objects.get().number == VENDOR  # nothing is unlinked by itself


@pytest.mark.parametrize(
    ("kind", "headings", "row", "words"),
    [
        ("jobs", ["Job number", "Job name", "Status"], ["1", "Other", "4"], f"{JOB}</strong>: linked to Riverside"),
        ("cost_codes", ["Cost code", "Name"], ["1", "Other"], "linked to 03-100"),
        ("ledger_accounts", ["Account number", "Account name", "Account type"], ["1", "Other", "13"],
         f"{ACCOUNT}</strong>: the account for subcontracts"),
        ("subcontracts", ["Subcontract number", "Vendor number", "Job number", "Status"], ["X", VENDOR, JOB, "4"],
         "linked to SC-"),
    ],
)  # fmt: skip
def test_each_list_knows_what_stands_on_it(sage, sam, kind, headings, row, words):
    sage.commitment()
    assert ErpSettings.of(sage.company).subcontract_account == ACCOUNT
    assert words in text_of(send(sage, sam, file_of(headings, row), kind))


def test_a_payable_invoice_that_was_exported_from_here_is_missed(sage, sam):
    export = sage.exported()
    sage.load(ListKind.PAYABLE_INVOICES, {"vendor_number": VENDOR, "invoice_number": export.invoice.number})
    page = send(sage, sam, file_of(["Vendor number", "Invoice number"], [VENDOR, "other"]), "payable_invoices")
    assert "exported in EXP-" in text_of(page)


def test_a_new_list_is_asked_at_once(sage, sam):
    """E-5: what waits is checked by the newest list, with its age."""
    export = sage.sent()
    page = send(sage, sam, file_of([*HEADINGS, "Inactive"], [*ACME, "yes"]))
    take_in(sage, sam, page)
    [finding] = [each for each in sage.findings(export) if each.rule == "S12"]
    assert "inactive" in finding.message and sage.company.today.isoformat() in finding.checked_against


def test_a_person_without_the_right_is_refused_by_the_action_too(sage):
    with pytest.raises(Exception, match="Standard on ERP Integrations"):
        list_uploads.read(
            sage.company, ListKind.VENDORS, "a.csv", b"x", as_of_date=sage.company.today, by=sage.base.staff
        )
    assert Vendor.objects.filter(company=sage.company).count() == 1


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, lock or none")
@pytest.mark.django_db(transaction=True)
def test_of_two_who_confirm_at_the_same_moment_one_sees_the_others_list_first():
    sage = sage_world()
    second = sage.new_approver()
    uploads = [
        list_uploads.read(
            sage.company, ListKind.VENDORS, "a.csv", f"Vendor number,Vendor name\n{VENDOR},Acme {n}\n".encode(),
            as_of_date=sage.company.today, by=who,
        )
        for n, who in enumerate((sage.approver, second))
    ]  # fmt: skip
    seen = [list_uploads.plan_of(upload).digest for upload in uploads]
    ready = Barrier(2, timeout=20)

    def confirm(place: int) -> str:
        try:
            ready.wait()
            list_uploads.confirm(uploads[place], by=uploads[place].uploaded_by, digest=seen[place])
        except Stale:
            return "stale"
        finally:
            connection.close()
        return "taken in"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, range(2))) == ["stale", "taken in"]
    assert SageListVersion.objects.filter(company=sage.company, kind="vendors").count() == 2


def test_a_list_that_a_finding_asks_for_leads_back_to_its_invoice_once_it_is_taken_in(sage, sam):
    """9.6: fixing there and coming back re-checks."""
    export = fresh(sage.sent())[0]
    url = where_to_mend({"rule": "S29", "field": "Vendor no"}, sage.company, export.invoice).url
    assert url.endswith(f"/lists/vendors/?export={export.pk}")
    back = f'href="{at_export(export)}">Back to {export.invoice.number}</a>'
    assert back in text_of(sam.get(url)) and back not in text_of(sam.get(url.partition("?")[0]))
    read = sam.post(url, {"file": file_of(HEADINGS, ACME), "as_of_date": "2030-06-20"})
    assert read.url.endswith(f"?export={export.pk}")
    page = text_of(sam.get(read.url))
    assert back in page and f'/vendors/?export={export.pk}">' in page
    [columns] = re.findall(r'action="([^"]*/columns/[^"]*)"', page)
    assert columns.endswith(f"?export={export.pk}")
    [plan] = re.findall(r'name="plan" value="([^"]+)"', page)
    narrowed = f"{read.url}&list=tab%3Dfailed%26q%3Dac%26odd%3D1"
    assert sam.post(read.url, {"plan": "old"}).status_code == 409
    assert sam.post(narrowed, {"plan": plan}).url == at_export(export) + "?tab=failed&q=ac"
