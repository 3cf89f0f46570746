"""The printed certificate read back with another program, the package with attachments, the lines as CSV (5, U9)."""

import csv
import io
import re
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime

import pytest
import time_machine
from pypdf import PdfReader

from directory.models import Mail
from directory.permissions import read_access
from invoicing import invoice_rows, labels, printing
from invoicing.actions import amounts, attachments, invoices, reviews
from invoicing.actions.commitments import NewLine
from invoicing.calculations.money import printed_amount
from invoicing.forms.columns import COLUMNS
from invoicing.models import Invoice, Verdict
from invoicing.packages import pack_papers, safe_name
from invoicing.proof import identities_of
from invoicing.views import board, commitment_lists
from tests.factories import D, world
from tests.invoicing.pages import at, signed_in, text_of
from tests.invoicing.test_claim_files import filled_in

pytestmark = pytest.mark.django_db
HOSTILE = '#panic(1) $x$ *bold* _it_ @me <b> \\ "quoted" =1+1 [x](y) “é” Łódź'


@pytest.fixture
def w():
    return world()


def pdf(invoice: Invoice, person) -> PdfReader:
    answer = signed_in(person).get(at(invoice, "invoice-certificate"))
    assert answer.status_code == 200 and answer["Content-Disposition"].startswith("attachment; filename=")
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    return PdfReader(io.BytesIO(answer.content))


def words_of(reader: PdfReader) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def with_work(w, count: int = 2, **fields) -> Invoice:
    lines = [w.line(f"Pour {n}", "10000.00") for n in range(count)]
    draft = w.draft(w.commitment(lines=lines, retainage_rate=D("10"), **fields))
    return w.submitted(draft, *[{"work_this_period": D("1234.56"), "stored_new": D("250.00")}] * count)


def approved_as_noted(w) -> Invoice:
    """One amount reduced by a reviewer, at a moment that is known."""
    with time_machine.travel(datetime(2026, 11, 20, 22, 12, tzinfo=UTC)):
        invoice = with_work(w)
        entries = {invoice.lines.first().pk: {"work_this_period": D("1000.00"), "allowed_reason": "Counted 10 only"}}
        amounts.save_lines(invoice, entries, by=w.admin, version=invoice.version)
        invoice = Invoice.objects.with_context().get(pk=invoice.pk)
        return invoices.approve_as_noted(invoice, by=w.admin, comment="Waiver follows")


def test_the_certificate_says_every_figure_that_the_page_says(w):
    """5.3, 5.5, U9: lines 1 to 9, each check, every column of every line, in the same words."""
    invoice = approved_as_noted(w)
    reader = pdf(invoice, w.contact)
    words = words_of(reader)
    page = text_of(signed_in(w.admin).get(f"{at(invoice)}?show=summary"))
    for number, label, name in labels.SUMMARY:
        amount = printed_amount(getattr(invoice, name))
        assert f"{number} {label} {amount}" in words, name
        assert label in page and amount in page, name
    for each in identities_of(invoice, list(invoice.lines.select_related("schedule_line"))):
        assert each.number in words
    for line in invoice.lines.all():
        assert printed_amount(line.as_line().total_completed_and_stored) in words
    printed = [column for column in labels.LINE_COLUMNS if column.letter not in labels.LEFT_OUT_TO_READ]
    assert all(column.label.split(",")[0] in words for column in printed)


def test_expected_found_and_difference_of_a_check_stand_on_the_page_and_in_print(w):
    """5.5."""
    invoice = with_work(w)
    Invoice.objects.filter(pk=invoice.pk).update(total_completed_and_stored=D("2970.12"))
    invoice = Invoice.objects.with_context().get(pk=invoice.pk)
    broken = [each for each in identities_of(invoice) if not each.holds and each.unit == "money"]
    page = text_of(signed_in(w.admin).get(f"{at(invoice)}?show=summary"))
    words = words_of(pdf(invoice, w.admin))
    assert ("2,969.12", "2,970.12", "1.00") in [three_figures(each) for each in broken]
    for each in broken:
        expected, found, difference = three_figures(each)
        labelled = [("Expected", expected), ("Found", found), ("Difference", difference)]
        assert "".join(f'<td class="n" data-label="{label}">{figure}</td>' for label, figure in labelled) in page
        assert f"{expected} {found} {difference}" in words, each.number


def three_figures(each) -> tuple[str, str, str]:
    return printed_amount(each.expected), printed_amount(each.found), printed_amount(each.difference)


def test_the_parts_of_line_5_what_is_done_and_the_change_orders_are_printed(w):
    """5.3."""
    commitment = w.commitment([w.line("Pour", "10000.00")], retainage_rate=D("10"))
    w.change_order(commitment, [w.line("More", "1000.00"), w.line("Less", "-300.00")])
    invoice = w.submitted(w.draft(commitment), {"work_this_period": D("1234.56"), "stored_new": D("250.00")})
    words = words_of(pdf(invoice, w.admin))
    for said in (
        "5a Retainage on work 123.46",
        "5b Retainage on stored materials 25.00",
        "Percent complete 13.87",
        "Additions in previous periods 0.00",
        "Additions this period 1,000.00",
        "Deductions in previous periods 0.00",
        "Deductions this period 300.00",
        "Net change by change orders 700.00",
    ):
        assert said in words, (said, words)


def test_the_rule_in_words_the_approvals_with_names_and_moments_and_what_was_reduced(w):
    words = words_of(pdf(approved_as_noted(w), w.admin))
    assert "10 % of work and materials moved to work" in words
    assert "Payment certificate 1" in words and "Approved as Noted" in words and "NOT APPROVED" not in words
    assert "Lee Park 20 Nov 2026, 4:12 pm CST" in words and "Dana Cole 20 Nov 2026, 4:12 pm CST" in words
    assert "Waiver follows" in words
    assert "B This period 1,234.56 1,000.00 −234.56 Counted 10 only Dana Cole" in words


def test_an_approval_that_was_opened_again_is_not_counted_as_one(w):
    """I-8: Dana approved one amount, Ola allowed another since."""
    invoice = with_work(w)
    reviews.decide(invoice.lines.first(), Verdict.APPROVED, by=w.admin)
    assert "1 of 2 lines approved" in words_of(pdf(invoice, w.admin))
    entries = {invoice.lines.first().pk: {"work_this_period": D("1000.00"), "allowed_reason": "Counted 10 only"}}
    amounts.save_lines(invoice, entries, by=w.second_admin, version=invoice.version)
    assert "lines approved" not in words_of(pdf(invoice, w.admin))


def test_what_is_not_approved_says_so_across_every_page(w):
    draft = w.draft()
    assert "DRAFT" in words_of(pdf(draft, w.contact))
    assert "NOT APPROVED" in words_of(pdf(w.submitted(draft), w.contact))


def test_page_1_is_a_picture_too_and_no_slower_for_500_lines(w):
    """9.4: what the certificate would be, seen before it is sent; drawn without the lines of the other pages."""
    sizes = []
    for invoice in (with_work(w), with_work(w, 500)):
        answer = signed_in(w.contact).get(at(invoice, "invoice-certificate-picture"))
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
        assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
        width, height = (int.from_bytes(answer.content[at : at + 4]) for at in (16, 20))
        assert (width, height) == (1020, 1320), "US letter, as the page keeps room for"
        sizes.append(len(answer.content))
    assert max(sizes) < 400_000


def test_whatever_people_typed_is_printed_as_they_typed_it(w):
    """R113: data, never markup; a character that the fonts lack breaks nothing."""
    lines = [w.line(HOSTILE, "10000.00"), w.line("Kanji 建設 and ✓", "10000.00")]
    invoice = w.submitted(w.draft(w.commitment(lines=lines, title=HOSTILE)))
    words = words_of(pdf(invoice, w.admin))
    for piece in ("#panic(1)", "$x$", "*bold*", "_it_", "@me", "<b>", "[x](y)", "Łódź", "Kanji"):
        assert piece in words, piece


def test_the_same_invoice_gives_the_same_bytes_and_500_lines_have_their_total(w):
    """Also when somebody looks at it tomorrow."""
    invoice = with_work(w, 500)
    address, client = at(invoice, "invoice-certificate"), signed_in(w.admin)
    first = client.get(address).content
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC)):
        assert signed_in(w.admin).get(address).content == first
    reader = PdfReader(io.BytesIO(first))
    assert "Total 5,000,000.00 0.00 617,280.00" in words_of(reader)
    assert f"Page {len(reader.pages)} of {len(reader.pages)}" in reader.pages[-1].extract_text()
    assert "Scheduled" in reader.pages[-1].extract_text(), "the heading is on every page"


def test_the_site_itself_never_sets_a_page(w, monkeypatch):
    """typst keeps what it has set; thirty long certificates are thirty processes that are gone."""
    started = []
    run = subprocess.run
    monkeypatch.setattr(printing.subprocess, "run", lambda *args, **more: started.append(more) or run(*args, **more))
    pdf(w.draft(), w.contact)
    assert [more["timeout"] for more in started] == [printing.SECONDS] and "typst" not in sys.modules


SLOW = "import time; time.sleep(60)"
BROKEN = "import sys; sys.stdout.write('%PDF- half of it'); sys.exit('out of memory')"
SILENT = ""
TALKS = "print('no such font')"


@pytest.mark.parametrize("printer", [SLOW, BROKEN, SILENT, TALKS])
@pytest.mark.parametrize("page", ["invoice-certificate", "invoice-certificate-picture"])
def test_a_printer_that_fails_or_takes_too_long_is_a_page_that_says_try_again(w, monkeypatch, tmp_path, printer, page):
    program = tmp_path / "printer.py"
    program.write_text(printer)
    monkeypatch.setattr(printing, "PRINTER", program)
    monkeypatch.setattr(printing, "SECONDS", 1)
    invoice = w.draft()
    began = time.monotonic()
    answer = signed_in(w.contact).get(at(invoice, page))
    assert answer.status_code == 503 and time.monotonic() - began < 10
    assert "The certificate could not be printed now. Try again" in text_of(answer)
    assert f'href="{at(invoice, page)}"' in text_of(answer), "the next try is one click away"
    monkeypatch.undo()
    assert signed_in(w.contact).get(at(invoice, page)).status_code == 200


def test_the_package_holds_the_certificate_and_every_attachment_untouched(w):
    """R104, R110: names made by the program, a broken file handed on as it is, two of one name both there."""
    invoice = with_work(w)
    files = [
        ("photo.png", b"\x89PNG\r\n\x1a\nbroken"),
        ("../../etc/passwd.pdf", b"%PDF-1.4 no end"),
        ("photo.png", b"\x89PNG\r\n\x1a\n2"),
    ]
    for name, content in files:
        attachments.attach(invoice, name, content, by=w.contact)
    out, steps = io.BytesIO(), []
    access = read_access(w.contact, w.company, w.project)
    pack_papers(out, invoice, list(invoice.attachments.all()), access, lambda: steps.append(1))
    package = zipfile.ZipFile(out)
    names = package.namelist()
    assert [name.partition("/")[2] for name in names[1:]] == ["01 photo.png", "02 passwd.pdf", "03 photo.png"]
    assert package.read(names[0]).startswith(b"%PDF") and [package.read(n) for n in names[1:]] == [c for _, c in files]
    assert len(steps) == 4


@pytest.mark.parametrize(
    ("given", "made"),
    [("a/b\\c:d.pdf", "a_b_c_d.pdf"), ("..", "file"), ("con.pdf", "con.pdf"), ("x" * 200 + ".pdf", "x" * 80 + ".pdf")],
)
def test_no_name_in_the_package_is_a_path(given, made):
    assert safe_name(given) == made


def test_the_lines_as_csv_carry_every_column_and_no_formula(w):
    """R100."""
    lines = [w.line("=cmd|' /C calc'!A0", "10000.00")]
    invoice = w.submitted(w.draft(w.commitment(lines=lines, retainage_rate=D("10"))), {"work_this_period": D("99.90")})
    answer = signed_in(w.contact).get(at(invoice, "invoice-csv"))
    [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert row["B This period"] == "99.90" and row["WR Held on work"] == "9.99" and row["T % Done"] == "1.00"
    assert row["Description"].startswith("'=cmd")


def test_who_may_not_see_the_invoice_gets_none_of_it(w):
    invoice, other = with_work(w), world("Harbor Works")
    for name in ("invoice-certificate", "invoice-certificate-picture", "invoice-csv"):
        assert signed_in(other.admin).get(at(invoice, name)).status_code == 404
        assert signed_in(w.reader).get(at(invoice, name)).status_code == 404, "it is private"
        assert signed_in(w.admin).get(at(invoice, name)).status_code == 200


COLUMN_HEAD = re.compile(r'<th scope="col" class="n"><span class="col">([A-Z %]+)</span>([^<]+)</th>')


@pytest.mark.parametrize("name", ["invoice", "invoice-review", "invoice-enter"])
def test_every_grid_heads_its_columns_in_the_words_of_print_and_files(w, name):
    """U9."""
    bill = w.entered(None, {"work_this_period": D("900.00"), "stored_new": D("100.00")})
    invoice = bill if name == "invoice-enter" else w.submitted(bill)
    heads = dict(COLUMN_HEAD.findall(text_of(signed_in(w.admin).get(at(invoice, name)))))
    ours = {column.letter: column.label for column in labels.LINE_COLUMNS}
    assert len(heads) >= 8 and heads == {letter: ours[letter] for letter in heads}


ROW_HEADS = re.compile(r'<th(?! scope="col")[^>]*>([A-Z][^<]+)</th>')


def test_mails_the_comparison_and_what_a_workbook_would_do_say_the_words_of_print_too(w):
    """U9: what they call a figure of the whole is its name in `labels`."""
    gross, total, *due = [
        labels.LABEL_OF[name]
        for name in ("gross_this_period", "total_completed_and_stored", "total_retainage", "current_payment_due")
    ]
    bill = w.sent_back()
    _, preview = filled_in(w.contact, bill, **{labels.COLUMN_OF["percent_complete"].label: 0.5})
    again = w.submitted(bill, {"work_this_period": D("2000.00")}, number="A-2")
    sent = Mail.objects.filter(to=w.admin).latest("pk")
    compared = text_of(signed_in(w.admin).get(at(again, "invoice-compare", 1, 2)))
    invoices.approve(again, by=w.admin)
    approved = Mail.objects.filter(to=w.contact).latest("pk")
    for html, names in (
        (text_of(preview), [gross, *due]),
        (sent.html, [labels.NUMBER, gross, *due]),
        (compared, [labels.NUMBER, total, *due]),
        (approved.html, [total, *due]),
    ):
        assert set(names) <= set(ROW_HEADS.findall(html)), names
    assert all(f"{name}: " in sent.text for name in (gross, *due))
    assert all(f"{name}: " in approved.text for name in (total, *due))


def test_lists_taken_away_head_their_columns_in_the_words_of_print(w):
    """U9: line 8 stands beside the gross in lists, and is called so there."""
    names = ("contract_sum_to_date", "total_completed_and_stored", "total_retainage", "previous_certificates")
    assert {*(labels.LABEL_OF[name] for name in names), labels.NET_THIS_PERIOD} <= set(invoice_rows.HEADINGS)
    assert {labels.LABEL_OF[name] for name in (names[0], names[2])} <= set(commitment_lists.HEADINGS)
    assert {labels.LABEL_OF["gross_this_period"], labels.NET_THIS_PERIOD} <= set(board.HEADINGS)


def test_whether_a_line_may_pass_its_scheduled_value_has_one_name(w):
    """U9: over the column, on its ticks and in the dialog."""
    price = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("10"))
    bill = w.entered(w.draft(w.commitment([price])), {"quantity_this_period": D("1")})
    sheet = text_of(signed_in(w.admin).get(at(bill, "invoice-enter")))
    assert f'<th scope="col" class="c">{labels.MAY_PASS}</th>' in sheet and f'aria-label="{labels.MAY_PASS}"' in sheet
    assert COLUMNS["waived"].label == labels.MAY_PASS
