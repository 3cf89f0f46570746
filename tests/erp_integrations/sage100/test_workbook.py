"""The bytes: the same every time, no formula from anyone's text, and totals that are read again from the file."""

import csv
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from erp_integrations.sage100.cells import Cell
from erp_integrations.sage100.layout import APINV_R1, Column
from erp_integrations.sage100.rows import build_rows, file_name
from erp_integrations.sage100.sheets import column_letter, computed_lines, computed_release_lines
from erp_integrations.sage100.text import UnsafeText, clean_text, readable_text, safe_text
from erp_integrations.sage100.totals import ControlTotalMismatch, totals_of_facts
from erp_integrations.sage100.workbook import read_back, render, write_xlsx
from tests.erp_integrations.sage100.samples import batch, import_texts, invoice, line, money, release, sage_lists

ROOT = Path(__file__).resolve().parents[3]
REBUILD = """
import hashlib, locale, sys
print(locale.setlocale(locale.LC_ALL, "") and locale.localeconv()["decimal_point"], file=sys.stderr)
from tests.erp_integrations.sage100.samples import batch, invoice, release, sage_lists
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.workbook import render
facts = batch(invoice(releases=(release(how_held="newly held 500.00"),)))
files = render(build_rows(facts, sage_lists()), facts)
print(hashlib.sha256(files.xlsx + files.csv).hexdigest(), files.rows_sha256)
"""
STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    " =",
    "\ufeff=",
    "＝",
    "＋",
    "－",
    "＠",
    "'=",
    '"=',
    "\u00a0=",
    "\u200b=",
]
BODIES = ["1+1", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.invalid","y")', "SUM(A1:A9)", 'DDE("a";"b")']
ODD = [
    "#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?", "TRUE", "1E5", "0012", "2026-06-30", "01-100", "_x000D_",
    "_x003D_", "\x00null", "bell\x07", "\ud800", "\udfff tail", "\ufffe", "\uffff", "\u202egnp.exe", "\u2066left",
    "naïve café", "Łódź", "日本", "😀 roof", "a\tb\r\nc", "<f>1</f>", "]]>", "&amp;", " spaces ", "x" * 40_000,
]  # fmt: skip
PAYLOADS = [start + body for start in STARTS for body in BODIES] + ODD
FIRST_JOB = 18  # its row of the Control sheet


def test_a_hundred_payloads_and_more_are_tried():
    assert len(PAYLOADS) >= 100


def assert_no_live_cell(xlsx):
    with zipfile.ZipFile(io.BytesIO(xlsx)) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")]
    assert sheets
    assert not any(b"<f>" in sheet or b"<f " in sheet or b't="e"' in sheet for sheet in sheets)


def assert_equal_after_reading(xlsx, rows, facts):
    """R100: each text of each sheet, in two readers."""
    first = openpyxl.load_workbook(io.BytesIO(xlsx))
    second = CalamineWorkbook.from_filelike(io.BytesIO(xlsx))
    for title, texts in texts_of_sheets(rows, facts).items():
        sheet, read = first[title], second.get_sheet_by_name(title).to_python()
        for (row, place), text in texts.items():
            assert (sheet.cell(row, place + 1).value or "") == text
            assert read[row - 1][place] == text


def texts_of_sheets(rows, facts):
    """{sheet: {(its row from 1, place in it from 0): the text that must stand there}}; amounts are left out."""
    released = [
        (invoice.vendor_number, invoice.vendor_name, invoice.sage_commitment_number, each.invoice_number)
        for invoice in facts.invoices
        for each in invoice.releases
    ]
    computed = [line for row in rows.rows for line in computed_lines(row)]
    computed += computed_release_lines(rows.releases)
    once = facts.batch_key, facts.company_name, rows.layout.label, None, facts.accepted_by
    jobs = [job.job_number for job in rows.totals.per_job]
    imported = {
        (row.number, place): cell.text
        for row in rows.rows
        for place, cell in enumerate(row.cells)
        if isinstance(cell.value, str)
    }
    control = {(row, 1): readable_text(text) for row, text in enumerate(once, 1) if text is not None}
    control |= {(row, 0): readable_text(text) for row, text in enumerate(jobs, FIRST_JOB)}
    sheets = {"Import": imported, "Control": control, "How computed": _texts_below_titles(computed)}
    return sheets | ({"Retainage release": _texts_below_titles(released)} if released else {})


def _texts_below_titles(lines):
    return {(row, place): readable_text(text) for row, line in enumerate(lines, 2) for place, text in enumerate(line)}


def assert_csv_is_calm(content):
    """S58: no field of the CSV starts like a formula, apart from numbers."""
    for row in csv.reader(io.StringIO(content.decode(), newline="")):
        for text in row:
            assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text) or not text.lstrip().startswith(
                ("=", "+", "-", "@", "\t")
            )


def test_payload_texts_keep_what_windows_1252_can_say():
    assert clean_text("=1+1")[0] == "=1+1"
    assert clean_text("naïve café")[0] == "naïve café"
    assert clean_text("a\tb\r\nc")[0] == "a b c"


def test_replaced_characters_are_listed_by_name():
    """S57."""
    written, replaced = clean_text("Łódź\u202e 日")
    assert written == "?ódz ?"
    assert [str(item) for item in replaced] == [
        "U+0141 latin capital letter l with stroke → “?”",
        "U+017A latin small letter z with acute → “z”",
        "U+202E right-to-left override → dropped",
        "U+65E5 cjk unified ideograph-65e5 → “?”",
    ]
    written, replaced = clean_text("a_x000D_b")
    assert written == "a-x000D_b"
    assert [str(item) for item in replaced] == ["U+005F low line → “-”"]


@pytest.mark.parametrize("text", ["\ud800", "\ufffe", "\x07", "日", "_x000D_", "x" * 32_768], ids=range(6))
def test_the_last_gate_refuses_what_a_cell_cannot_hold_unchanged(text):
    """M18: a cell that would be cut silently, or fail only when saved, never gets that far."""
    with pytest.raises(UnsafeText):
        safe_text(text)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_written_once_cleaned(text):
    """R107, surrogates included."""
    assert safe_text(clean_text(text)[0]) == clean_text(clean_text(text)[0])[0]
    readable_text(text).encode("utf-8")


def test_an_unsafe_key_is_refused_by_the_writer_even_if_a_rule_were_skipped():
    facts = batch(invoice(number="22\x07"))
    with pytest.raises(UnsafeText):
        render(build_rows(facts, sage_lists()), facts)


def test_a_long_or_zero_led_number_stays_text():
    """R108."""
    facts = batch(invoice(vendor_number="0020145", phase_number="1234567890123456"))
    sheet = openpyxl.load_workbook(io.BytesIO(render(build_rows(facts, sage_lists()), facts).xlsx))["Import"]
    assert (sheet["D1"].value, sheet["N1"].value) == ("0020145", "1234567890123456")


def test_a_csv_text_that_a_spreadsheet_would_calculate_is_prefixed_and_the_workbook_keeps_it():
    """S58."""
    facts = batch(invoice(lines=(line(1, description="=HYPERLINK(1)"),)))
    rows = build_rows(facts, sage_lists())
    files = render(rows, facts)
    assert b",'=HYPERLINK(1)," in files.csv
    assert openpyxl.load_workbook(io.BytesIO(files.xlsx))["Import"]["G2"].value == "=HYPERLINK(1)"


def test_a_hundred_builds_and_two_other_machines_give_one_hash():
    """S9, R22."""
    found = {outcome() for _ in range(100)} | {
        outcome_elsewhere("UTC", "C", "1")[0],
        outcome_elsewhere("Asia/Tokyo", "C.UTF-8", "77")[0],
    }
    assert len(found) == 1


def test_a_machine_that_writes_a_comma_for_the_point_gives_the_same_hash(tmp_path):
    """R22: with German as the process itself has it, in a zone of half hours."""
    made = shutil.which("localedef") and subprocess.run(
        ["localedef", "-i", "de_DE", "-f", "UTF-8", tmp_path / "de_DE.UTF-8"], capture_output=True, check=False
    )
    if not made or not (tmp_path / "de_DE.UTF-8").exists():
        if os.environ.get("REQUIRE_LIBREOFFICE"):
            pytest.fail("A German locale is required and can't be made (apt-get install locales).")
        pytest.skip("no German locale can be made on this machine: apt-get install locales")
    found, point = outcome_elsewhere("Asia/Kolkata", "de_DE.UTF-8", "4711", folder=str(tmp_path))
    assert point == ","
    assert found == outcome()


def outcome():
    facts = batch(invoice(releases=(release(how_held="newly held 500.00"),)))
    files = render(build_rows(facts, sage_lists()), facts)
    return f"{hashlib.sha256(files.xlsx + files.csv).hexdigest()} {files.rows_sha256}"


def outcome_elsewhere(zone, locale, seed, folder=""):
    """(the hashes, what that process writes for the decimal point)."""
    environment = os.environ | {"TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed}
    environment |= {"LOCPATH": folder} if folder else {}
    done = subprocess.run(
        [sys.executable, "-c", REBUILD], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip(), done.stderr.strip()


def test_a_built_file_names_neither_author_nor_moment():
    """R111."""
    files = render(build_rows(batch(), sage_lists()), batch())
    book = openpyxl.load_workbook(io.BytesIO(files.xlsx))
    assert (book.properties.creator, book.properties.lastModifiedBy) == ("Plumbline", "Plumbline")
    assert book.properties.created == book.properties.modified
    assert {info.date_time for info in zipfile.ZipFile(io.BytesIO(files.xlsx)).infolist()} == {(2000, 1, 1, 0, 0, 0)}


def test_the_sheets_stand_in_order_and_the_release_sheet_only_when_needed():
    plain, mixed = batch(), batch(invoice(releases=(release(),)))
    names = [
        openpyxl.load_workbook(io.BytesIO(render(build_rows(b, sage_lists()), b).xlsx)).sheetnames
        for b in (plain, mixed)
    ]
    assert names[0] == ["Import", "Control", "How computed"]
    assert names[1] == ["Import", "Control", "Retainage release", "How computed"]


def test_the_control_sheet_says_what_the_file_holds_and_that_it_is_a_draft():
    facts = batch()
    rows = build_rows(facts, sage_lists())
    sheet = openpyxl.load_workbook(io.BytesIO(render(rows, facts).xlsx))["Control"]
    found = {row[0]: row[1] for row in sheet.iter_rows(values_only=True)}
    assert found["Batch key"] == "EXP-000412"
    assert found["Layout"] == "apinv-r1 version 1 (not verified)"
    assert "template" in found["Layout verified"]
    assert (found["Accepted by"], found["Accepted on"]) == ("Ana Ortiz", "2026-07-02")
    assert [Decimal(str(found[name])) for name in ("Gross", "Retainage held", "Net")] == [
        money("25650.50"), money("2565.05"), money("23085.45")]  # fmt: skip
    assert found["SHA-256 of the rows"] == rows.sha256


def test_no_amount_is_wider_than_its_column():
    """The largest amount Sage takes (S25) has eleven characters; a narrower column would show ### for it."""
    largest = money("99999999.99")
    b = batch(invoice(lines=(line(1, amount=largest),), releases=(release(),)))
    book = openpyxl.load_workbook(io.BytesIO(render(build_rows(b, sage_lists()), b).xlsx))
    assert book.sheetnames == ["Import", "Control", "Retainage release", "How computed"]
    for sheet in book:
        for cell in (cell for row in sheet for cell in row if cell.data_type == "n" and cell.value is not None):
            assert cell.column_letter in sheet.column_dimensions, cell.coordinate  # else Excel’s own 8.43
            width = sheet.column_dimensions[cell.column_letter].width
            assert width > len(f"{cell.value:.2f}" if "." in cell.number_format else str(cell.value)), cell.coordinate


def test_a_release_only_invoice_makes_no_rows_but_a_release_sheet():
    """S50: and the control totals say so."""
    facts = batch(invoice(lines=(line(1, amount=money("0.00"), retainage_held=money("0.00")),), releases=(
        release("2219-03", "500.00"), release("2219-04", "20.00", "700.00", date(2026, 4, 30)))))  # fmt: skip
    rows = build_rows(facts, sage_lists())
    book = openpyxl.load_workbook(io.BytesIO(render(rows, facts).xlsx))
    assert rows.rows == ()
    assert list(book["Retainage release"].iter_rows(min_row=2, values_only=True)) == [
        ("20145", "Delta Concrete", "SC-2026014-03", "2219-03", "2026-03-31", 500, 500, 0),
        ("20145", "Delta Concrete", "SC-2026014-03", "2219-04", "2026-04-30", 700, 20, 680),
    ]


def test_how_computed_has_one_row_per_cell_that_is_no_constant():
    facts = batch()
    sheet = openpyxl.load_workbook(io.BytesIO(render(build_rows(facts, sage_lists()), facts).xlsx))["How computed"]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert len(rows) == 23 + 18 + 18
    price = next(row for row in rows if row[0] == "K2")
    assert price[1:4] == ("Price", "18400.00", "B + M + F − previous F = 18,400.00 + 0.00 + 0.00 − 0.00 = 18,400.00")


def test_how_computed_tells_each_amount_of_a_release_that_makes_no_row():
    """E-6, S50."""
    how = {"how_held": "newly held 540.00 − released by EXP-000003 40.00 = 500.00", "how_released": "oldest first"}
    no_work = line(1, amount=money("0.00"), retainage_held=money("0.00"))
    facts = batch(invoice(lines=(no_work,), releases=(release(**how), release("2219-04", "20.00", "700.00"))))
    book = openpyxl.load_workbook(io.BytesIO(render(build_rows(facts, sage_lists()), facts).xlsx))
    found = list(book["How computed"].iter_rows(min_row=2, values_only=True))
    assert found[:3] == [
        ("Retainage release!F2", "Held", "500.00", how["how_held"], "invoice 2219-03"),
        ("Retainage release!G2", "Release", "500.00", "oldest first", "invoice 2219-07"),
        ("Retainage release!H2", "New retention", "0.00", "held 500.00 − release 500.00 = 0.00", "this row"),
    ]
    told = {cell.partition("!")[2]: value for cell, _, value, *_ in found}
    assert {cell: f"{book['Retainage release'][cell].value:.2f}" for cell in told} == told


@pytest.mark.parametrize("place,letter", [(0, "A"), (25, "Z"), (26, "AA"), (52, "BA")])
def test_columns_are_lettered_as_in_a_spreadsheet(place, letter):
    assert column_letter(place) == letter


@pytest.mark.parametrize(
    ("text", "format", "value"),
    [
        ("2219.75", "0.00", Decimal("2219.75")),
        ("2219.75", "0", "2219.75"),
        ("2219.75", "0.000", "2219.75"),
        ("2026014", "0.00", "2026014"),
        ("2026014", "0", 2026014),
        ("1.5", "", "1.5"),
        ("7", "", 7),
        ("-0.07", "0.00", Decimal("-0.07")),
        ("-0.00", "0.00", "-0.00"),
        ("007", "0", "007"),
    ],
)
def test_a_cell_is_a_number_only_where_its_format_shows_the_same_text(text, format, value):
    """R108: the rows, the CSV and the screen say 2219.75, so the workbook doesn't show 2220."""
    found = Cell(title="", source="", text=text, kind="N", format=format).value
    assert (found, type(found)) == (value, type(value))


def test_whatever_the_layout_says_of_numbers_the_workbook_shows_what_the_csv_says():
    written = {"job_number": "0.00", "phase_number": "", "status": "0.000"}
    header = tuple(replace(c, format=written.get(c.source, c.format)) for c in APINV_R1.header)
    header = tuple(
        Column(title="Ship", constant="1.5", type="N", format="0") if c.source == "ship_number" else c for c in header
    )
    facts = batch(layout=replace(APINV_R1, header=header))
    files = render(build_rows(facts, sage_lists()), facts)
    assert list(import_texts(files.xlsx)[0]) == next(csv.reader(io.StringIO(files.csv.decode())))


def test_the_totals_are_read_by_the_place_of_the_line_type():
    """E-7: the layout may have it elsewhere."""
    header, detail = ((*c[2:5], c[1], c[0], *c[5:]) for c in (APINV_R1.header, APINV_R1.detail))
    facts = batch(layout=replace(APINV_R1, header=header, detail=detail))
    files = render(build_rows(facts, sage_lists()), facts)
    assert read_back(files.xlsx, facts.layout) == totals_of_facts(facts)


def test_the_totals_read_back_from_the_bytes_are_the_invoices():
    """E-7."""
    second = invoice(
        invoice_id="2",
        number="2219-08",
        job_number="2026015",
        lines=(line(1, amount=money("-0.07"), retainage_held=money("0.00")),),
    )
    facts = batch(invoice(releases=(release(),)), second)
    files = render(build_rows(facts, sage_lists()), facts)
    assert read_back(files.xlsx, facts.layout) == totals_of_facts(facts)
    assert [str(job.gross) for job in read_back(files.xlsx, facts.layout).per_job] == ["25650.50", "-0.07"]


@pytest.mark.parametrize("broken", ["a line lost", "a line twice", "a cent more", "a retainage lost"])
def test_a_file_that_differs_from_its_invoices_is_never_finished(broken):
    """R14."""
    facts = batch()
    other = {
        "a line lost": invoice(lines=(line(1),)),
        "a line twice": invoice(lines=(line(1), line(2), line(2, key="SOV-003"))),
        "a cent more": invoice(lines=(line(1, amount=money("18400.01")), line(2))),
        "a retainage lost": invoice(lines=(line(1, retainage_held=money("0.00")), line(2))),
    }[broken]
    with pytest.raises(ControlTotalMismatch, match="expected"):
        render(build_rows(batch(other), sage_lists()), facts)


def test_a_loss_between_rows_and_bytes_is_seen_because_the_bytes_are_read_again():
    """R14: the rows claim the right totals, but a row of them is missing."""
    facts = batch()
    rows = build_rows(facts, sage_lists())
    with pytest.raises(ControlTotalMismatch, match="rows: expected 3, found 2"):
        render(replace(rows, rows=rows.rows[:2]), facts)


@pytest.mark.parametrize("row", [1, 2, 4, 30])
def test_a_workbook_that_is_broken_off_leaves_nothing_in_the_temporary_folder(row, tmp_path, monkeypatch):
    """R112: openpyxl puts each sheet there first, with amounts and names in it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = iter(range(1, row + 1))

    def stop():
        if next(rows) == row:
            assert list(tmp_path.iterdir())
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_xlsx(build_rows(batch(), sage_lists()), batch(), io.BytesIO(), stop)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["../../etc", "EXP 1", "exp-1", "EXP-1\n", "", "E" * 21])
def test_a_file_name_is_made_of_plain_characters_only(key):
    """R110."""
    with pytest.raises(ValueError, match="batch key"):
        file_name(batch(batch_key=key), APINV_R1)


def test_in_the_csv_titles_are_guarded_and_a_guard_makes_no_text_longer_than_its_column():
    """S58, S36: a text is cut where its guard still has room, in both files alike and said so; no letter is lost."""
    columns = (replace(APINV_R1.header[0], title="=1+1"), *APINV_R1.header[1:])
    lines = (line(1, description="=" + "x" * 59), line(2, description="y" * 60))
    facts = batch(invoice(lines=lines), layout=replace(APINV_R1, header=columns, column_names=True))
    rows = build_rows(facts, sage_lists())
    files = render(rows, facts)
    titles, _, first, second = list(csv.reader(io.StringIO(files.csv.decode())))
    assert titles[0] == "'=1+1"
    assert (first[6], second[6]) == ("'=" + "x" * 48, "y" * 50)
    assert openpyxl.load_workbook(io.BytesIO(files.xlsx))["Import"]["G3"].value == "=" + "x" * 48
    assert [change.written for change in rows.changes if change.field == "Description"] == [first[6][1:], second[6]]


def test_column_names_stand_above_the_rows_only_when_the_layout_says_so():
    facts = batch(layout=replace(APINV_R1, column_names=True))
    rows = build_rows(facts, sage_lists())
    files = render(rows, facts)
    assert rows.rows[0].number == 2
    assert files.csv.startswith(b"File type,Line type,Invoice no,Vendor no")
