"""Somebody shows a file and hears whether it is ours, altered, superseded or unknown (E-8)."""

import csv
import io
import os
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from directory.sheets import TooLarge
from directory.sheets import read_sheet as real_read_sheet
from erp_integrations.actions import batches, exports
from erp_integrations.exporting import building, storing, verifying
from erp_integrations.exporting.verifying import Answer, verify
from erp_integrations.models import ExportBatch, ImportLayout
from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import APINV_R1
from erp_integrations.sage100.sheets import COMPUTED, RELEASE
from invoicing.models import Invoice
from tests.erp_integrations.pages import at_batch, boxes, signed_in, text_of
from tests.erp_integrations.test_releases import with_release
from tests.erp_integrations.world import JOB, fresh, sage_world

pytestmark = pytest.mark.django_db


def bytes_of(batch: ExportBatch, *, is_csv: bool = False) -> bytes:
    return storing.path_of(batch.csv_key if is_csv else batch.file_key).read_bytes()


def edited(batch: ExportBatch, sheet: str = "Import", **cells: str) -> bytes:
    """The workbook as a spreadsheet program stores it after somebody typed into these cells."""
    book = load_workbook(io.BytesIO(bytes_of(batch)))
    for place, value in cells.items():
        book[sheet][place] = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def shown(batch: ExportBatch, content: bytes, name: str = "file.xlsx"):
    return verify(batch.company, name, content)


def in_words(found) -> list[tuple[str, str, str, str]]:
    return [(each.cell, each.title, each.ours, each.theirs) for each in found.altered]


@pytest.fixture
def batch(sage) -> ExportBatch:
    return sage.built()


@pytest.mark.parametrize("is_csv", [False, True])
def test_the_bytes_that_were_built_are_the_original(batch, is_csv):
    found = shown(batch, bytes_of(batch, is_csv=is_csv), "renamed by somebody.bin")
    assert (found.answer, found.batch, found.is_same_bytes) == (Answer.ORIGINAL, batch, True)


def test_stored_again_without_a_change_its_rows_are_the_original(batch):
    found = shown(batch, edited(batch))
    assert (found.answer, found.batch, found.is_same_bytes) == (Answer.ORIGINAL, batch, False)


def test_each_altered_cell_is_named_with_what_we_built(batch):
    found = shown(batch, edited(batch, K2=17.5, C1="OTHER-1"))
    [head, detail] = in_words(found)
    assert found.answer == Answer.ALTERED and found.batch == batch
    assert head == ("C1", "Invoice no", batch.items.get().invoice_export.invoice.number, "OTHER-1")
    assert (detail[0], detail[2:]) == ("K2", ("1000", "17.5"))


def test_a_lost_leading_zero_of_a_key_is_an_alteration_and_of_an_amount_is_not(sage):
    batch = sage.built(sage.sent(sage.approved(number="00071")))
    rows = list(csv.reader(io.StringIO(bytes_of(batch, is_csv=True).decode())))
    rows[0][2] = "71"
    rows[0][19] = f"{rows[0][19]}0"
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    found = shown(batch, out.getvalue().encode(), "file.csv")
    assert [cell[:1] + cell[2:] for cell in in_words(found)] == [("C1", "00071", "71")]


def test_a_row_taken_out_or_put_in_is_an_alteration(batch):
    content = bytes_of(batch, is_csv=True)
    lines = content.splitlines(keepends=True)
    assert shown(batch, b"".join(lines[:-1]), "file.csv").answer == Answer.ALTERED
    assert shown(batch, content + lines[-1], "file.csv").answer == Answer.ALTERED


def test_an_altered_release_sheet_is_an_alteration(sage):
    """Staff release retainage by it, so it is held against ours like the rows to import (S50)."""
    commitment = sage.commitment()
    sage.exported(sage.approved(commitment))
    batch = sage.built(sage.sent(with_release(sage, commitment, "60.00", work="500.00")))
    assert shown(batch, edited(batch)).answer == Answer.ORIGINAL
    assert shown(batch, edited(batch, RELEASE, G2=60.000)).answer == Answer.ORIGINAL
    found = shown(batch, edited(batch, RELEASE, G2=9000))
    assert found.answer == Answer.ALTERED
    assert in_words(found) == [(f"{RELEASE} G2", "Release", "60", "9000")]
    book = load_workbook(io.BytesIO(bytes_of(batch)))
    del book[RELEASE]
    out = io.BytesIO()
    book.save(out)
    assert shown(batch, out.getvalue()).answer == Answer.ALTERED, "nor may it be gone"


def test_altered_control_totals_are_an_alteration(batch):
    """E-7: staff compare them with what Sage took in."""
    assert shown(batch, edited(batch, "Control", B10=1000.000)).answer == Answer.ORIGINAL
    found = shown(batch, edited(batch, "Control", B10="1.00", B12="999999.00", D18=5))
    assert found.answer == Answer.ALTERED
    assert in_words(found) == [
        ("Control B10", "Gross", "1000", "1.00"),
        ("Control B12", "Net", "900", "999999.00"),
        ("Control D18", JOB, "1000", "5"),
    ]
    book = load_workbook(io.BytesIO(bytes_of(batch)))
    del book["Control"]
    out = io.BytesIO()
    book.save(out)
    assert shown(batch, out.getvalue()).answer == Answer.ALTERED, "nor may it be gone"


def test_another_way_of_computing_is_an_alteration(batch):
    """E-6, E-8: whoever doubts an amount reads there how it came about."""
    found = shown(batch, edited(batch, COMPUTED, D3="Because", C4="1"))
    assert found.answer == Answer.ALTERED
    assert [cell[:2] + cell[3:] for cell in in_words(found)] == [
        (f"{COMPUTED} D3", "How computed", "Because"),
        (f"{COMPUTED} C4", "Value", "1"),
    ]
    unread = shown(batch, edited(batch, COMPUTED, D3="=1+1"))
    assert (unread.answer, unread.batch) == (Answer.ALTERED, batch) and "D3 holds a formula" in unread.unread_computed
    book = load_workbook(io.BytesIO(bytes_of(batch)))
    del book[COMPUTED]
    out = io.BytesIO()
    book.save(out)
    assert shown(batch, out.getvalue()).answer == Answer.ALTERED, "nor may it be gone"


def test_as_many_characters_are_read_of_it_as_a_cell_holds(batch):
    """The sum of many lines is told by each of them: more than any cell of a list that comes in."""
    found = shown(batch, edited(batch, COMPUTED, D3="1.00 + " * 4_000))
    assert [cell.cell for cell in found.altered] == [f"{COMPUTED} D3"] and not found.unread


def test_a_file_with_more_lines_of_it_than_are_read_is_compared_by_its_rows(sage, batch, monkeypatch):
    """R103: the reader has its limits, so the page says what was left out."""
    unread(monkeypatch, lambda name, sheet: sheet == COMPUTED)
    for content in (edited(batch), edited(batch, K2=17.5)):
        page = text_of(post(sage, content))
        assert "that sheet of our own file could not be read: it is larger than what is compared here." in page
        assert "how they were computed were compared" not in page
    assert "1 cell is not what we built" in page


def test_theirs_that_is_too_long_there_is_compared_by_its_rows(sage, batch, monkeypatch):
    """E-8: what was not read is no reason to call it altered."""
    unread(monkeypatch, lambda name, sheet: sheet == COMPUTED and name == "file.xlsx")
    page = text_of(post(sage, edited(batch)))
    assert "that sheet of the file could not be read: it is larger than what is compared here." in page
    assert "Every row is as it was built" in page and "Altered" not in page


def unread(monkeypatch, is_too_large) -> None:
    """As the reader answers what is beyond its limits. `is_too_large`: asked for name and sheet."""
    real = verifying.read_sheet

    def read_sheet(name, content, sheet="", limits=verifying.OF_A_FILE):
        if is_too_large(name, sheet):
            raise TooLarge("It has more than 400,000 rows.", "Split it into several files.")
        return real(name, content, sheet, limits)

    monkeypatch.setattr(verifying, "read_sheet", read_sheet)


def weighing(content: bytes, megabytes: int) -> bytes:
    """The same workbook with a picture in it that takes so much."""
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr("xl/media/image1.png", os.urandom(megabytes * 2**20))
    return out.getvalue()


def test_a_file_larger_than_any_list_is_compared(batch):
    """E-8, R103: 1,000 invoices of 20 rows come to more than 10 MB, and so do they when they are stored again."""
    found = shown(batch, weighing(edited(batch), 11), batch.file_name)
    assert (found.answer, found.batch, found.unread) == (Answer.ORIGINAL, batch, "")
    assert verifying.OF_A_FILE.rows > 365_000, "lines by which those 20,000 rows are explained"


def test_a_file_too_large_to_compare_is_not_called_altered(sage, batch):
    """E-8: nobody has read its cells, so nobody knows."""
    content = weighing(edited(batch), 51)
    for name, says in ((batch.file_name, "though it is named like that of"), ("file.xlsx", "has these bytes. It is")):
        answer = post(sage, content, name)
        page = text_of(answer)
        assert answer.context["found"].answer == Answer.NOT_COMPARED and says in page
        assert "too large to be compared cell by cell" in page
        assert "Altered" not in page and "No file that is built here is like that" not in page


@pytest.mark.parametrize("how", ["too large", "ours unread", "unread"])
def test_what_left_a_batch_is_said_whether_or_not_its_file_could_be_compared(sage, monkeypatch, how):
    """E-8: first of one of its invoices, then of them all."""
    some = sage.sent(), sage.sent()
    batch = sage.built(*some)
    content = b"PK\x03\x04 broken" if how == "unread" else edited(batch, K2=17.5)
    if how == "too large":
        content = weighing(content, 51)
    if how == "ours unread":
        unread(monkeypatch, lambda name, sheet: name == batch.file_name)
    for export, says in zip(some, ("1 of its invoices left it", "The whole batch is void."), strict=True):
        assert says not in text_of(post(sage, content, name_of(batch, how)))
        exports.void(fresh(export)[0], by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
        page = text_of(post(sage, content, name_of(batch, how)))
        assert says in page and f"{export.invoice.number}: in no file now" in page


def name_of(batch: ExportBatch, how: str) -> str:
    """Where our own is unread by its name, theirs has another; else nothing but the name says which it is."""
    return "file.xlsx" if how == "ours unread" else batch.file_name


def test_our_own_file_that_is_too_large_is_no_fault_of_theirs(sage, batch, monkeypatch):
    """E-8: the refusal is about our file, and the file somebody shows is not refused for it."""
    content = edited(batch, K2=17.5)
    unread(monkeypatch, lambda name, sheet: name == batch.file_name)
    answer = post(sage, content)
    assert answer.status_code == 200 and answer.context["found"].answer == Answer.NOT_COMPARED
    page = text_of(answer)
    assert "our own file could not be read to compare: it is larger than what is compared here." in page
    assert batch.key in page and "Split it" not in page and "Altered" not in page


@pytest.mark.parametrize("call", ["os.open", "fcntl.flock"])
def test_a_folder_that_can_not_be_locked_is_said_and_is_no_failure_of_ours(sage, batch, monkeypatch, call):
    """A lock file of another user, a network disk without locks."""

    def refuses(*_):
        raise OSError(37, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(verifying, call.partition(".")[0], SimpleNamespace(**{
            **vars(getattr(verifying, call.partition(".")[0])), call.partition(".")[2]: refuses
        }))  # fmt: skip
        answer = post(sage, edited(batch))
    assert answer.status_code == 409 and "this site’s folder can’t be locked" in text_of(answer)


def test_one_file_is_compared_at_a_time(sage, batch):
    """R103: each may take a gigabyte and a minute of the one container that serves everybody."""
    with verifying._alone():
        answer = post(sage, edited(batch))
        assert answer.status_code == 409 and "Another file is being compared. Try again in a minute." in text_of(answer)
        assert 'name="file"' in answer.content.decode()
        assert post(sage, bytes_of(batch)).context["found"].answer == Answer.ORIGINAL, "its bytes alone cost nothing"
    assert post(sage, edited(batch)).context["found"].answer == Answer.ORIGINAL
    with pytest.raises(ZeroDivisionError), verifying._alone():
        raise ZeroDivisionError
    assert shown(batch, edited(batch)).answer == Answer.ORIGINAL


def test_what_is_not_ours_is_read_once(batch, monkeypatch):
    """R103: its other sheets are read where the first tells of which batch they are."""
    asked = counted(monkeypatch)
    out = io.BytesIO()
    Workbook().save(out)
    assert shown(batch, out.getvalue()).answer == Answer.UNKNOWN
    assert asked == [("file.xlsx", "", 60)]


def test_all_that_is_read_for_one_file_has_the_time_of_one(sage, batch, monkeypatch):
    """R103: eight sheets of a minute each would keep the door shut, and a thread of a web process."""
    for seconds, expected, answer in (
        (8, [60, 52, 44, 36, 28, 20, 12, 4], Answer.ORIGINAL),
        (10, [60, 50, 40, 30, 20, 10], Answer.ORIGINAL),  # but for how they were computed, as the page says
        (13, [60, 47, 34, 21, 8], Answer.NOT_COMPARED),
        (30, [60, 30], Answer.NOT_COMPARED),
    ):
        asked = counted(monkeypatch, seconds)
        page = post(sage, edited(batch))
        assert page.context["found"].answer == answer and [left for *_, left in asked] == expected
        in_words = text_of(page)
        assert ("larger than what is compared here" in in_words or "too large to be compared" in in_words) == (
            seconds > 8
        )


def counted(monkeypatch, seconds: int = 0) -> list[tuple[str, str, int]]:
    """Name, sheet and seconds of each reading that is asked for, of which each is as if it took so long."""
    now, asked, real = [0.5], [], real_read_sheet

    def read_sheet(name, content, sheet="", limits=verifying.OF_A_FILE):
        asked.append((name, sheet, limits.seconds))
        now[0] += seconds
        return real(name, content, sheet, limits)

    monkeypatch.setattr(verifying, "monotonic", lambda: now[0])
    monkeypatch.setattr(verifying, "read_sheet", read_sheet)
    return asked


def test_a_sheet_that_was_added_is_said(sage, batch):
    """E-8: a workbook with a sheet more is not the file that we built."""
    book = load_workbook(io.BytesIO(bytes_of(batch)))
    book.create_sheet("Notes").sheet_state = "hidden"
    book.create_sheet("More")
    out = io.BytesIO()
    book.save(out)
    answer = post(sage, out.getvalue())
    page = text_of(answer)
    assert answer.context["found"].answer == Answer.ALTERED
    assert "The file has sheets that ours has not: Notes, More." in page and "Every row is as" not in page


def test_where_only_how_it_was_computed_can_not_be_read_the_page_names_that_sheet(sage, batch):
    """E-8: the cells that are listed as altered were compared."""
    content = edited(batch, K2=17.5)
    book = load_workbook(io.BytesIO(content))
    book[COMPUTED]["D3"] = "=1+1"
    out = io.BytesIO()
    book.save(out)
    for shown_one, altered in ((edited(batch, COMPUTED, D3="=1+1"), False), (out.getvalue(), True)):
        page = text_of(post(sage, shown_one))
        assert "Its sheet “How computed” could not be read:" in page and "D3 holds a formula" in page
        assert ("1 cell is not what we built" in page) == altered
        assert "cells can’t be compared" not in page and "Every row is as it was built" not in page


def test_a_csv_that_was_stored_again_is_said_to_hold_rows_alone(sage, batch):
    """E-8: what it has not was not compared."""
    page = text_of(post(sage, bytes_of(batch, is_csv=True).replace(b"\r\n", b"\n"), "file.csv"))
    assert "its rows to import were compared: a CSV holds nothing else" in page and "Control sheet" not in page


def test_a_void_file_is_superseded_and_names_what_took_over(sage):
    export = sage.exported()
    old = export.items.get().batch
    exports.void(export, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    found = shown(old, bytes_of(old))
    assert (found.answer, found.is_void, found.superseded_by) == (Answer.SUPERSEDED, True, [])
    again = sage.exported(export.invoice).items.get(is_live=True).batch
    assert shown(old, bytes_of(old)).superseded_by == [again]
    assert shown(again, bytes_of(again)).answer == Answer.ORIGINAL


def test_a_file_that_one_invoice_left_is_superseded(sage):
    first, second = sage.sent(), sage.sent()
    batch = sage.built(first, second)
    exports.void(first, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    found = shown(batch, bytes_of(batch))
    assert (found.answer, found.is_void, len(found.left)) == (Answer.SUPERSEDED, False, 1)


def test_what_was_rejected_before_a_batch_was_built_did_not_leave_its_file(sage):
    """E-8, E-2: it was never in it, so nothing is to be taken out and nobody is warned of the file."""
    first, second = sage.sent(), sage.sent()
    batch = sage.accepted(first, second)
    building.give_up(building.claim(batch.pk), "The disk was full")
    exports.reject(fresh(first)[0], by=sage.approver, reason="Wrong job")
    batches.retry(batch, by=sage.approver, ticked=boxes(signed_in(sage.approver).get(at_batch(batch))))
    building.build(batch.pk)
    batch.refresh_from_db()
    found = shown(batch, bytes_of(batch))
    assert (found.answer, found.left) == (Answer.ORIGINAL, [])
    page = signed_in(sage.approver).get(at_batch(batch))
    assert "Don’t import this file" not in text_of(page) and "left the file" not in text_of(page)
    assert "Left this batch" in text_of(page)


def test_what_left_a_file_is_named_as_the_file_names_it(sage):
    """E-8: it was opened again since, and may have another number now."""
    invoice = sage.approved(number="INV-0007")
    batch = sage.built(sage.sent(invoice), sage.sent())
    exports.void(invoice.export, by=sage.all_rights(), reason="Wrong job", sage_holds_it_no_more=True)
    Invoice.objects.filter(pk=invoice.pk).update(number="INV-0008")
    page = text_of(post(sage, bytes_of(batch)))
    assert "INV-0007: in no file now" in page and "INV-0008" not in page


def test_a_file_whose_key_was_taken_out_is_known_by_its_invoices(batch):
    found = shown(batch, edited(batch, Q1="lumber"))
    assert found.batch == batch and in_words(found)[-1][2:] == (batch.key, "lumber")


def test_a_file_is_read_by_the_places_of_its_own_layout(sage):
    """The line type stands elsewhere: a detail's cell is still named as one, and its invoice still found."""
    layout = ImportLayout.objects.get(company=sage.company, name="apinv-r1", version=1)
    header, detail = ((c[1], c[0], *c[3:5], c[2], *c[5:]) for c in (APINV_R1.header, APINV_R1.detail))
    layout.columns = canonical.to_plain(replace(APINV_R1, header=header, detail=detail))
    layout.save()
    batch = sage.built()
    found = shown(batch, edited(batch, Q1="lumber", K2=17.5))
    assert found.batch == batch and in_words(found)[-1] == ("K2", "Price", "1000", "17.5")


def test_what_is_not_ours_is_unknown(batch):
    book = Workbook()
    book.active.append(["APINV", "H", "X-1", "999"])
    out = io.BytesIO()
    book.save(out)
    found = shown(batch, out.getvalue())
    assert (found.answer, found.batch) == (Answer.UNKNOWN, None)


def test_another_companys_file_is_unknown_here(batch):
    other = sage_world("Other Builders")
    assert verify(other.company, "file.xlsx", bytes_of(batch)).answer == Answer.UNKNOWN


def post(sage, content: bytes, name: str = "file.xlsx"):
    url = reverse("erp-verify", args=[sage.company.slug])
    return signed_in(sage.base.staff).post(url, {"file": SimpleUploadedFile(name, content)})


def test_the_page_says_it_in_words(sage, batch):
    assert "Byte for byte the file of" in text_of(post(sage, bytes_of(batch)))
    assert "how they were computed were compared" in text_of(post(sage, edited(batch)))
    page = text_of(post(sage, edited(batch, K2=17.5)))
    assert batch.file_sha256 in page.replace("<wbr>", "")
    assert "1 cell is not what we built" in page and "<ins>17.5</ins>" in page and "<del>1000</del>" in page
    out = io.BytesIO()
    Workbook().save(out)
    assert "Don’t import it." in text_of(post(sage, out.getvalue()))


@pytest.mark.parametrize(
    "content, name, says",
    [
        (b"%PDF-1.4", "file.pdf", "is not a workbook"),
        (b"PK\x03\x04 broken", "file.xlsx", "damaged"),
    ],
)
def test_what_cannot_be_read_is_unknown_and_says_why(sage, batch, content, name, says):
    """E-8: any file gets an answer."""
    answer = post(sage, content, name)
    assert answer.status_code == 200 and answer.context["found"].answer == Answer.UNKNOWN and says in text_of(answer)


def test_a_formula_in_a_cell_alters_the_file_that_it_is_named_like(sage, batch):
    """E-8: no file of ours holds one."""
    answer = post(sage, edited(batch, K2="=1+1"), batch.file_name)
    assert answer.context["found"].answer == Answer.ALTERED and "K2 holds a formula" in text_of(answer)
    assert post(sage, edited(batch, K2="=1+1"), "copy.xlsx").context["found"].answer == Answer.UNKNOWN


def test_no_file_at_all_is_asked_for_again(sage):
    assert post(sage, b"", "file.xlsx").status_code == 422


def test_our_own_file_gone_from_the_disk_is_said(sage, batch):
    content = edited(batch, K2=17.5)
    storing.path_of(batch.file_key).unlink()
    answer = post(sage, content)
    assert answer.status_code == 422 and "Call the site owner" in text_of(answer)
