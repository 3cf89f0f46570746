"""Tables from files: honest ones are read cell by cell, hostile ones refused with a remedy, and the site lives on."""

import io
import os
import resource
from datetime import datetime, time
from time import process_time

import openpyxl
import pytest

from directory import sheets
from directory.actions.vendor_rows import HEADINGS
from directory.refusals import Refused
from directory.sheets import as_csv, as_xlsx, read_table
from tests.directory.hostile_files import HOSTILE, data, honest, with_sheet


def read(content: bytes, name: str = "list.xlsx"):
    return read_table(name, content, HEADINGS, ("name",))


def seconds_of_children() -> float:
    """Of the processor: a file is read by a process of its own."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_gets_a_clean_answer_in_little_time(what):
    """R103: more than forty crafted files."""
    name, make = HOSTILE[what]
    content = make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, of_children = process_time(), seconds_of_children()
    with pytest.raises(Refused) as refusal:
        read(content, name)
    assert refusal.value.field == "file"
    assert refusal.value.message[-1] in ".!" and "Traceback" not in refusal.value.message
    assert process_time() - start < 1, "the worker itself did the work"
    assert seconds_of_children() - of_children < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 40


@pytest.mark.parametrize(
    "what, words",
    [
        ("macros", "macros"),
        ("links to other workbooks", "other workbooks"),
        ("a workbook with a password", "password"),
        ("an encrypted entry", "password"),
        ("an old workbook (.xls)", "old Excel file"),
        ("half a workbook", "damaged"),
        ("a picture", "not a workbook"),
        ("a formula", "A2 holds a formula"),
        ("a formula that shares another's", "A1 holds a formula"),
        ("a formula under a prefix", "A1 holds a formula"),
        ("an error instead of a value", "A1 holds the error #REF!"),
        ("text that readers pass over", "hidden from readers"),
        ("a row beyond the end of any sheet", "far below"),
        ("a billion laughs", "document type"),
        ("201 parts", "200 are allowed"),
        ("four parts that unpack to more than 100 MB", "unpacks to far more"),
        ("one string shown in fifty thousand cells", "more text than a list"),
        ("a hundred columns", "more than 60 columns"),
        ("sixty thousand rows", "more than 50,000 rows"),
        ("a number of twenty digits", "A1 is a number of more than 15 digits"),
        ("CSV in UTF-16", "CSV UTF-8"),
        ("CSV with an open quotation mark", "not closed"),
        ("CSV with a right-to-left override", "A2 holds an invisible character (U+202E)"),
        ("CSV with a noncharacter", "A2 holds a character that does not exist (U+FFFE)"),
        ("CSV with a bell", "A2 holds a control character (U+0007)"),
        ("CSV without a known heading", "lacks the heading Vendor"),
        ("CSV with a heading twice", "B1 has the same heading as A1"),
    ],
)
def test_the_refusal_says_what_is_wrong(what, words):
    name, make = HOSTILE[what]
    with pytest.raises(Refused) as refusal:
        read(make(), name)
    assert words in refusal.value.message


def test_a_reader_that_hangs_is_given_up(monkeypatch, tmp_path):
    slow = tmp_path / "slow.py"
    slow.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(sheets, "READER", slow)
    with pytest.raises(sheets.TooLarge, match="takes too much"):
        sheets.read_sheet("list.xlsx", honest(), limits=sheets.OF_A_LIST._replace(seconds=1))


def test_what_is_too_large_says_what_there_is_to_say():
    for remedy, message in (("", "It is large."), ("Split it.", "It is large. Split it.")):
        assert sheets.TooLarge("It is large.", remedy).message == message


def test_a_reader_that_eats_memory_is_stopped_by_its_own_limit(monkeypatch, tmp_path):
    hungry = tmp_path / "hungry.py"
    own = sheets.READER.read_text().replace("def read(content", "def _unused(content")
    hungry.write_text(
        own.replace(
            "\ndef main()", "\ndef read(content, name, sheet, limits):\n    return len('x' * 10**9)\n\n\ndef main()", 1
        )
    )
    monkeypatch.setattr(sheets, "READER", hungry)
    with pytest.raises(Refused, match="takes too much"):
        read(honest())


def test_the_reader_sees_nothing_of_the_sites_secrets(monkeypatch, tmp_path):
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import json, os\n\ndef main():\n"
        "    print(json.dumps({'refused': 'KEY' if 'SECRET_KEY' in os.environ else 'none.'}))\n"
    )
    monkeypatch.setattr(sheets, "READER", spy)
    monkeypatch.setitem(os.environ, "SECRET_KEY", "x")
    with pytest.raises(Refused, match="none"):
        read(honest())


def test_the_reader_finds_what_it_imports_and_nothing_of_ours_in_the_place_of_pythons_own(monkeypatch, tmp_path):
    """R103, F3: beside it lie `queue.py` and others that are called like Python's; nor is anything of `site` read."""
    spy = tmp_path / "spy.py"
    (tmp_path / "queue.py").write_text("raise SystemExit")
    (tmp_path / "zipfile.py").write_text("raise SystemExit")
    spy.write_text(
        "import json, queue, sys, zipfile\nfrom python_calamine import CalamineWorkbook\n\ndef main():\n"
        "    flags = sys.flags.isolated, sys.flags.no_site, sys.flags.no_user_site, 'site' in sys.modules\n"
        "    print(json.dumps({'refused': f'{flags} {len(sys.path) == len(set(sys.path))}.'}))\n"
    )
    monkeypatch.setattr(sheets, "READER", spy)
    with pytest.raises(Refused, match=r"\(1, 1, 1, False\) True\."):
        read(honest())


# Honest files


def test_headings_are_found_in_any_order_case_and_spelling():
    table = read(honest(("  VENDOR NO ", "e mail", "Colour", "Company  Name"), ("V-1", "a@b.example", "red", "Bolt")))
    assert table.columns == {"number": "A", "email": "B", "name": "D"}
    assert table.skipped == ["Colour"]
    assert table.rows == [{"row": 2, "number": "V-1", "email": "a@b.example", "name": "Bolt"}]


def test_cells_keep_their_row_when_rows_are_empty():
    table = read(honest(("Vendor",), ("One",), (None,), ("Two",)))
    assert [(row["row"], row["name"]) for row in table.rows] == [(2, "One"), (4, "Two")]


def test_numbers_days_and_truths_become_the_text_a_person_sees():
    headings = ("Vendor", "Number", "Insurance expires", "Workers' comp missing")
    rows = (headings, ("A", 12, datetime(2031, 5, 28), True))
    [row] = read(honest(*rows)).rows
    assert (row["number"], row["insurance_expires_date"], row["needs_workers_comp"]) == ("12", "2031-05-28", "yes")


@pytest.mark.parametrize(
    ("stored", "words"), [(0.1 + 0.2, "0.3"), (1234.5600000000002, "1234.56"), (999999999999.99, "999999999999.99")]
)
def test_a_number_that_was_once_reckoned_reads_as_a_spreadsheet_shows_it(stored, words):
    """It keeps 17 digits and shows 15; the last two are what a binary fraction leaves over."""
    [row] = read(honest(("Vendor", "Number"), ("A", stored))).rows
    assert row["number"] == words


def test_text_that_looks_like_a_formula_stays_text():
    inline = "<sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>Vendor</t></is></c></row>"
    inline += "<row r='2'><c r='A2' t='inlineStr'><is><t>=1+1</t></is></c></row></sheetData>"
    assert read(with_sheet(inline)).rows[0]["name"] == "=1+1"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_csv_is_read_with_any_usual_delimiter_and_encoding(mark, encoding):
    text = f'Vendor{mark}Number\r\n"Müller, Söhne; Töchter"{mark}V-1\r\n\r\nBolt{mark}V-2\r\n'
    rows = read(text.encode(encoding), "list.csv").rows
    assert [(row["row"], row["name"], row["number"]) for row in rows] == [
        (2, "Müller, Söhne; Töchter", "V-1"),
        (4, "Bolt", "V-2"),
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_what_is_downloaded_comes_back_the_same_and_is_never_a_formula(start):
    """R100, S58."""
    rows = [[f"{start}1+1", "V-1", "", f"{start}1 775 555 0100"]]
    headings = [HEADINGS[column][0] for column in ("name", "number", "email", "phone")]
    for content, name in ((as_xlsx("Vendors", headings, rows), "a.xlsx"), (as_csv(headings, rows), "a.csv")):
        [row] = read(content, name).rows
        assert (row["name"], row["phone"]) == (rows[0][0], rows[0][3])
    assert b"<f>" not in as_xlsx("Vendors", headings, rows)
    assert f"'{start}1+1".encode() in as_csv(headings, rows)


def book_of(sheets: dict[str, list[tuple]], hidden: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_first_sheet_that_can_be_seen_is_read_and_formulas_of_others_are_nobodys_business():
    rows = [("Vendor", "Number"), ("Bolt", "V-1")]
    content = book_of({"Old": [("=1+1",)], "List & more": rows, "Sums": [("=SUM(A1)", "=1/0")]}, hidden=("Old",))
    assert [row["name"] for row in read(content).rows] == ["Bolt"]
    with pytest.raises(Refused, match="A1 holds a formula"):
        read(book_of({"Sums": [("=1+1",)], "List": rows}))


def test_a_choice_list_on_another_sheet_is_no_formula_of_a_cell():
    """Excel writes where the choices stand as <xm:f>, behind the cells."""
    cells = (
        data("<c r='A1' t='str'><v>Vendor</v></c>") + "<extLst><x:e xmlns:x='urn:x'><x:f>S!A1:A5</x:f></x:e></extLst>"
    )
    with pytest.raises(Refused, match="no row under"):
        read(with_sheet(cells))


def test_a_list_that_begins_in_the_middle_of_the_sheet_keeps_its_places():
    cells = "<row r='3'><c r='C3' t='str'><v>Vendor</v></c></row><row r='7'><c r='C7'><v>12</v></c></row>"
    table = read(with_sheet(f"<sheetData>{cells}</sheetData>"))
    assert table.columns == {"name": "C"} and [(row["row"], row["name"]) for row in table.rows] == [(7, "12")]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (0.1, "0.1"),
        (-1250.5, "-1250.5"),
        (10**14, "100000000000000"),
        (datetime(2031, 5, 28, 10, 30), "2031-05-28T10:30:00"),
        (time(10, 30), "10:30:00"),
        (False, "no"),
        ("12.0", "12.0"),
        ("  spaced ", "spaced"),
        ("a\u00a0b", "a\u00a0b"),
        ("two\nlines", "two\nlines"),
    ],
)
def test_each_kind_of_cell_reads_as_a_person_sees_it(value, text):
    assert read(honest(("Vendor",), (value,))).rows[0]["name"] == text
