"""A bill out to a spreadsheet and back: what was changed is shown cell by cell, then saved by the entry sheet (9.4)."""

import csv
import io
from datetime import date

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from python_calamine import CalamineWorkbook

from directory.actions.grants import set_level
from directory.models import Event
from directory.permissions import Level, Tool
from invoicing import labels
from invoicing.actions import amounts
from invoicing.actions.commitments import NewLine
from invoicing.models import Invoice, InvoiceType
from tests.factories import D, person, world
from tests.invoicing.pages import at, signed_in, text_of
from tests.journeys.pages import Page
from tests.test_odd_values import forms_on

pytestmark = pytest.mark.django_db
JUNE, JULY = date(2030, 6, 1), date(2030, 7, 1)


@pytest.fixture
def w():
    return world()


class Book:
    """A downloaded workbook, with its cells named by heading and row."""

    def __init__(self, client, invoice):
        self.content = client.get(at(invoice, "invoice-workbook")).content
        self.book = openpyxl.load_workbook(io.BytesIO(self.content))
        self.page = self.book.active
        self.headings = [cell.value for cell in self.page[1]]

    def cell(self, heading: str, row: int = 2):
        return self.page.cell(row, self.headings.index(heading) + 1)

    def saved(self) -> bytes:
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()


def upload(client, invoice, content: bytes, name="bill.xlsx"):
    return client.post(at(invoice, "invoice-upload"), {"file": SimpleUploadedFile(name, content)})


def filled_in(who, invoice, **typed):
    """The page that shows what a workbook would do, its first line filled in by heading: `This_period=5`."""
    client = signed_in(who)
    book = Book(client, invoice)
    for heading, value in typed.items():
        book.cell(heading.replace("_", " ")).value = value
    return client, upload(client, invoice, book.saved())


def apply(client, preview, invoice, **ticked):
    """Press the button of the preview, as a browser without scripts does; its boxes are empty but for `ticked`."""
    page = Page(preview.content.decode())
    [form] = [form for form in forms_on(page, at(invoice, "invoice-upload")) if form.name == "invoice-enter"]
    return client.post(form.url, {n: v for n, v in form.pairs if not n.startswith("open-")} | ticked)


def works(invoice) -> list:
    return list(invoice.lines.values_list("work_this_period", flat=True))


def test_500_lines_out_changed_looked_at_and_applied(w, django_assert_max_num_queries):
    many = w.commitment([w.line(f"Line {number}", "1000.00") for number in range(500)])
    invoice, client = w.draft(many), signed_in(w.contact)
    with django_assert_max_num_queries(14):
        book = Book(client, invoice)
    for number in range(500):
        book.cell("This period", number + 2).value = number + 0.5
    with django_assert_max_num_queries(24):
        preview = upload(client, invoice, book.saved())
    text = text_of(preview)
    assert "Apply 500 changes" in text and "Line 499" in text and "125,000.00" in text and "112,500.00" in text
    assert set(works(invoice)) == {D("0.00")}, "looking changes nothing"
    assert apply(client, preview, invoice).url == at(invoice, "invoice-enter")
    assert works(invoice) == [D(number) + D("0.50") for number in range(500)]
    assert "Nothing to change" in text_of(upload(client, invoice, Book(client, invoice).content))


def test_a_download_that_nobody_touched_changes_nothing(w):
    """R58: 1,000.07 of 73,600.00 shows 1.36 %, which is not exactly it; nor is a third of a quantity."""
    unit = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("18.7525"))
    commitment = w.commitment([w.line("=1+1", "73600.00"), unit, w.line("@home", "0.00"), w.line("Less", "-7.00")])
    figures = {"work_this_period": D("1000.07"), "stored_new": D("5.55"), "note": "=HYPERLINK(1)"}
    invoice = w.entered(w.draft(commitment), figures, {"quantity_this_period": D("12.3333")})
    for who in (w.contact, w.admin):
        client = signed_in(who)
        book = Book(client, invoice)
        for content in (book.content, book.saved()):  # as it was, and stored once more by another program
            page = upload(client, invoice, content)
            assert "Nothing to change" in text_of(page) and "Apply" not in text_of(page)


def test_what_can_be_typed_is_open_and_tinted_and_the_rest_is_locked_numbers_and_text(w):
    """R100; read by both programs that we know."""
    invoice = w.entered(w.draft(w.commitment([w.line("=1+1", "73600.00"), w.line("@home", "5.00")])))
    book = Book(signed_in(w.contact), invoice)
    assert book.page.protection.sheet and book.page.freeze_panes
    widths = book.page.column_dimensions
    hidden = [heading for heading in book.headings if widths[book.cell(heading).column_letter].hidden]
    assert hidden == ["Line id", "As downloaded"]
    opened = [heading for heading in book.headings if not book.cell(heading).protection.locked]
    assert opened == ["This period", "Done", "Moved to work", "New stored", "Released", "Note"]
    assert {book.cell(heading).fill.fgColor.rgb for heading in opened} == {"FFFFF6D6"}
    assert {rule.type for rule in book.page.data_validations.dataValidation} == {"decimal", "textLength"}
    assert (book.cell("Description").value, book.cell("Description").data_type) == ("=1+1", "s")
    assert (book.cell("Scheduled value").value, book.cell("This period").value) == (73600, 1000)
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.content)).get_sheet_by_index(0).to_python()
    assert rows[1][book.headings.index("Description")] == "=1+1"
    assert rows[-1][book.headings.index("Scheduled value")] == 73605.0
    assert b"<f>" not in book.content


def test_a_percentage_solves_for_the_work_and_the_page_says_both(w):
    """5.2; a spreadsheet keeps 50 % as 0.5."""
    invoice = w.entered(w.draft())
    client, preview = filled_in(w.contact, invoice, **{"Done": 0.5})
    text = text_of(preview)
    assert "1.36 %</del> → <ins>50 %" in text and "1,000.00</del> → <ins>36,800.00" in text
    assert "35,800.00" in text, "the difference of the bill"
    apply(client, preview, invoice)
    assert works(invoice)[0] == D("36800.00")


@pytest.mark.parametrize(
    ("typed", "words"), [(50, "5,000 % in a cell of percentages"), ("half", "is not a percentage")]
)
def test_a_percentage_that_makes_no_sense_is_refused_at_its_cell(w, typed, words):
    invoice = w.draft()
    _, preview = filled_in(w.contact, invoice, **{"Done": typed})
    assert preview.status_code == 422
    assert words in text_of(preview) and "Apply" not in text_of(preview)


def test_an_amount_beats_a_percentage_and_the_page_says_so(w):
    invoice = w.draft()
    client, preview = filled_in(w.contact, invoice, **{"Done": "50%", "This_period": 10})
    assert "not used: the amount counts" in text_of(preview)
    apply(client, preview, invoice)
    assert works(invoice)[0] == D("10.00")


def test_a_unit_priced_line_is_billed_by_its_quantity(w):
    unit = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("18.7525"))
    invoice = w.draft(w.commitment([unit, w.line("Fill", "500.00")]))
    client, preview = filled_in(w.contact, invoice, Quantity=12.5)
    assert "0.00</del> → <ins>234.41" in text_of(preview)
    apply(client, preview, invoice)
    line = invoice.lines.first()
    assert (line.quantity_this_period, line.work_this_period) == (D("12.5000"), D("234.41"))
    _, preview = filled_in(w.contact, invoice, This_period=999)
    assert preview.status_code == 422
    assert "billed by its quantity. Put back 234.41." in text_of(preview)


def test_an_admins_waiver_of_a_line_survives_its_workbook(w):
    """N-4: the tick is not in the file."""
    unit = NewLine(w.cost_code(), "Excavation", quantity=D("100"), unit="CY", unit_price=D("10"))
    invoice = w.draft(w.commitment([unit]))
    line = invoice.lines.get()
    waived = {line.pk: {"over_billing_is_waived": True}}
    invoice = amounts.save_lines(invoice, waived, by=w.admin, version=invoice.version)
    client, preview = filled_in(w.admin, invoice, Quantity=120)
    assert "Beyond the scheduled value" not in text_of(preview)
    apply(client, preview, invoice)
    line.refresh_from_db()
    assert (line.quantity_this_period, line.over_billing_is_waived) == (D("120.0000"), True)


def test_a_waiver_on_a_line_billed_by_amounts_lets_nothing_pass(w):
    """N-4 counts it on unit-priced lines only: so do the file and the sheet."""
    invoice = w.draft(w.commitment([w.line("Fill", "500.00")]))
    waived = {invoice.lines.get().pk: {"over_billing_is_waived": True}}
    invoice = amounts.save_lines(invoice, waived, by=w.admin, version=invoice.version)
    client, preview = filled_in(w.admin, invoice, This_period=600)
    assert "Beyond the scheduled value" in text_of(preview)
    assert b"data-may-exceed" not in client.get(at(invoice, "invoice-enter")).content


def test_a_file_kept_as_csv_is_read_too(w):
    invoice, client = w.entered(w.draft()), signed_in(w.contact)
    book = Book(client, invoice)
    out = io.StringIO()
    rows = [[cell.value for cell in row] for row in book.page]
    rows[1][book.headings.index("Done")] = "50%"
    csv.writer(out).writerows(rows)
    preview = upload(client, invoice, out.getvalue().encode(), "bill.csv")
    assert "1,000.00</del> → <ins>36,800.00" in text_of(preview) and "Apply 1 change" in text_of(preview)


def test_each_wrong_cell_is_named_as_the_spreadsheet_names_it_and_nothing_can_be_applied(w):
    invoice, client = w.draft(w.commitment([w.line(f"Line {n}", "500.00") for n in range(3)])), signed_in(w.contact)
    book = Book(client, invoice)
    book.cell("This period", 2).value = "12O0"
    book.cell("This period", 3).value = 1.005
    book.cell("Scheduled value", 4).value = 1
    book.cell("Note", 4).value = "fine"
    preview = upload(client, invoice, book.saved())
    text = text_of(preview)
    assert preview.status_code == 422
    for cell in (book.cell("This period", 2), book.cell("This period", 3), book.cell("Scheduled value", 4)):
        assert f"<strong>{cell.coordinate}</strong>" in text
    assert text.index("12O0") < text.index("more than 2 decimals") < text.index("Put back 500.00"), "in reading order"
    assert "3 problems" in text and "Apply" not in text
    assert 'type="file"' in text, "and here is where the next one goes"


def test_a_wrong_cell_hides_nothing_of_what_the_rest_would_do(w):
    """9.4: cell by cell, the wrong ones marked on their line; nothing can be applied."""
    invoice, client = w.draft(w.commitment([w.line(f"Line {n}", "5000.00") for n in range(4)])), signed_in(w.contact)
    book = Book(client, invoice)
    book.cell("This period", 2).value = "12O0"
    book.cell("New stored", 2).value = 75
    book.cell("This period", 3).value = 1234.50
    book.cell("This period", 4).value = "50%"
    book.cell("Scheduled value", 5).value = 1
    preview = upload(client, invoice, book.saved())
    text = text_of(preview)
    bad, good, share, locked = preview.context["rows"]
    assert preview.status_code == 422 and "2 problems" in text and 'id="apply"' not in text and "Apply" not in text
    assert [cell[:3] for cell in good.cells] == [("This period", "0.00", "1,234.50")] and "1,234.50</ins>" in text
    assert [cell[:3] for cell in share.cells] == [("This period", "0.00", "2,500.00")]
    assert [cell[:3] for cell in bad.cells] == [("New stored", "0.00", "75.00")] and not locked.cells
    for place in (book.cell("This period", 2), book.cell("Scheduled value", 5)):
        assert f"({place.coordinate}): " in text, "marked on its line too"
    billed = preview.context["figures"][0]
    assert (billed["now"], billed["after"]) == (D("0.00"), D("3734.50")), "a line with a problem counts as it is now"


def test_a_contact_types_no_retainage_whatever_the_file_says_and_an_admin_does(w):
    """1.2."""
    invoice = w.entered(w.draft())
    _, preview = filled_in(w.contact, invoice, Held_on_work=1)
    assert preview.status_code == 422
    assert "Only the project team types retainage. Put back 100.00." in text_of(preview)
    client, preview = filled_in(w.admin, invoice, Held_on_work=55)
    apply(client, preview, invoice)
    assert invoice.lines.first().work_retainage == D("55.00")
    client, preview = filled_in(w.admin, invoice, Held_on_work=None)
    assert "by its rate" in text_of(preview)
    apply(client, preview, invoice)
    assert invoice.lines.first().work_retainage == D("100.00")


def test_the_type_of_the_bill_decides_which_cells_there_are(w):
    """I-2."""
    invoice = w.draft()
    Invoice.objects.filter(pk=invoice.pk).update(invoice_type=InvoiceType.WORK)
    client = signed_in(w.contact)
    book = Book(client, invoice)
    assert "Released" not in book.headings and "This period" in book.headings
    book.page.cell(1, len(book.headings) + 1).value = "Released"
    book.page.cell(2, len(book.headings) + 1).value = 10
    assert "takes no release" in text_of(upload(client, invoice, book.saved()))
    Invoice.objects.filter(pk=invoice.pk).update(invoice_type=InvoiceType.RELEASE)
    headings = Book(client, invoice).headings
    assert "Released" in headings and "This period" not in headings


def test_its_columns_are_called_as_on_the_sheet_and_one_of_before_is_still_read(w):
    """U9. What is held in all is no column of it."""
    invoice = w.entered(w.draft(by=w.admin), {"work_this_period": D("500.00"), "stored_new": D("100.00")}, by=w.admin)
    client = signed_in(w.admin)
    book = Book(client, invoice)
    ours = {column.label for column in labels.LINE_COLUMNS} - {"Retainage held", "Stored before, less moved"}
    assert ours <= set(book.headings)
    book.cell("Released").value = 10
    book.cell("Done").value = 0.5
    book.cell("Released", 1).value = "Release"
    book.cell("Done", 1).value = "Done %"
    preview = upload(client, invoice, book.saved())
    assert "Released: <del>0.00</del> → <ins>10.00</ins>" in text_of(preview)
    assert "→ <ins>50 %</ins>" in text_of(preview)


def test_a_file_from_before_somebody_saved_is_refused_with_what_they_changed(w):
    """I-5."""
    invoice, client = w.entered(w.draft()), signed_in(w.contact)
    book = Book(client, invoice)
    book.cell("This period").value = 3000
    book.cell("Note", 3).value = "mine alone"
    theirs = {invoice.lines.first().pk: {"work_this_period": D("2000.00")}}
    amounts.save_lines(invoice, theirs, by=w.admin, version=invoice.version)
    answer = upload(client, invoice, book.saved())
    text = text_of(answer)
    assert answer.status_code == 409
    for words in ("after the workbook was downloaded", "Dana Cole", "1,000.00", "2,000.00", "3000", "mine alone"):
        assert words in text
    assert "Them and you" in text and "You</span>" in text
    assert "Apply" not in text
    assert works(invoice)[0] == D("2000.00")


def test_a_save_that_changed_no_line_does_not_spoil_the_file(w):
    invoice, client = w.entered(w.draft()), signed_in(w.contact)
    book = Book(client, invoice)
    book.cell("This period").value = 3000
    header = amounts.HeaderEntry(number="A-9", billing_date=invoice.billing_date)
    amounts.save_lines(invoice, {}, by=w.contact, version=invoice.version, header=header)
    preview = upload(client, invoice, book.saved())
    apply(client, preview, invoice)
    invoice.refresh_from_db()
    assert (works(invoice)[0], invoice.number) == (D("3000.00"), "A-9")


def test_somebody_who_saves_between_the_look_and_the_button_is_not_overwritten(w):
    invoice = w.entered(w.draft())
    client, preview = filled_in(w.contact, invoice, This_period=3000)
    theirs = {invoice.lines.first().pk: {"work_this_period": D("2000.00")}}
    amounts.save_lines(invoice, theirs, by=w.admin, version=invoice.version)
    answer = apply(client, preview, invoice)
    assert answer.status_code == 409
    assert "Both versions" in text_of(answer)
    assert works(invoice)[0] == D("2000.00")


def test_another_bills_file_is_refused_as_such(w):
    one, two = w.entered(w.draft()), w.draft(w.commitment())
    client = signed_in(w.contact)
    answer = upload(client, two, Book(client, one).content)
    assert answer.status_code == 422
    assert "downloaded from another bill" in text_of(answer)


def test_rows_that_are_missing_stay_and_rows_that_are_none_are_refused(w):
    invoice = w.entered(w.draft(), {"work_this_period": D("10.00")}, {"work_this_period": D("20.00")})
    client = signed_in(w.contact)
    book = Book(client, invoice)
    book.cell("This period").value = 11
    book.page.delete_rows(3)
    preview = upload(client, invoice, book.saved())
    assert "1 line of this bill is not in the file and stays as it is" in text_of(preview)
    apply(client, preview, invoice)
    assert works(invoice)[:2] == [D("11.00"), D("20.00")]
    book = Book(client, invoice)
    book.page.append([cell.value for cell in book.page[2]])
    book.page.append(["999999", '{"a":1}', 9, "", "A line of my own", 5])
    book.cell("As downloaded", 3).value = "[" * 1900
    text = text_of(upload(client, invoice, book.saved()))
    assert "stands in the file twice" in text and "no line of the bill" in text and "hidden cell was changed" in text


def test_what_goes_beyond_the_scheduled_value_is_said_before_it_is_saved(w):
    """N-4: it can be saved and corrected later, but not sent."""
    _, preview = filled_in(w.contact, w.draft(), This_period=99999)
    assert preview.status_code == 200
    assert "Beyond the scheduled value" in text_of(preview)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("macros.xlsm", b"PK\x03\x04 not a zip"),
        ("bomb.xlsx", b"\x00" * 1000),
        ("empty.xlsx", b""),
        ("mine.csv", b"Description,This period\nSlab,5\n"),
        ("odd.csv", b'Line id,As downloaded,This period\n1,"{""bill"":""x""}",5\n'),
    ],
)
def test_a_file_that_is_none_of_ours_is_refused_in_words(w, name, content):
    """R103; the reader's own tests go through all of them."""
    invoice = w.draft()
    answer = upload(signed_in(w.contact), invoice, content, name)
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert Event.objects.about(invoice).first().verb == "started"


def test_a_formula_is_refused_by_its_cell(w):
    invoice = w.draft()
    _, answer = filled_in(w.contact, invoice, This_period="=1+1")
    assert answer.status_code == 422
    assert "holds a formula" in text_of(answer)


def test_whoever_may_look_gets_a_locked_copy_in_any_state_and_nobody_else_anything(w):
    """P-1, P-8, I-4."""
    draft = w.entered(w.draft(w.commitment(is_private=False)))
    sent = w.submitted(w.draft(w.commitment(is_private=False)))
    stranger = person("Una Other", w.company, w.vendor)
    set_level(stranger, Tool.COMMITMENTS, w.project, Level.STANDARD, by=w.owner)
    for who, invoice in ((w.reader, draft), (w.contact, sent), (w.admin, sent)):
        book = Book(signed_in(who), invoice)
        assert "Line id" not in book.headings
        assert all(cell.protection.locked for row in book.page for cell in row)
    assert signed_in(stranger).get(at(draft, "invoice-workbook")).status_code == 404
    assert upload(signed_in(stranger), draft, b"x").status_code == 404
    assert upload(signed_in(w.reader), draft, b"x").status_code == 403
    assert upload(signed_in(w.contact), sent, b"x").url == at(sent)


def test_the_pages_lead_there(w):
    invoice, client = w.draft(), signed_in(w.contact)
    for name in ("invoice", "invoice-enter"):
        assert at(invoice, "invoice-workbook") in text_of(client.get(at(invoice, name)))
    assert at(invoice, "invoice-upload") in text_of(client.get(at(invoice, "invoice-enter")))
    page = text_of(client.get(at(invoice, "invoice-upload")))
    assert "Download to fill in" in page and 'type="file"' in page
    nothing = client.post(at(invoice, "invoice-upload"))
    assert nothing.status_code == 422
