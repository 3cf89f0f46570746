"""The workbook of a dry run: every cell that a rule is about is marked, and each finding is listed (E-5)."""

import io
from dataclasses import replace
from datetime import date

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from erp_integrations.sage100.findings import Finding
from erp_integrations.sage100.layout import APINV_R1
from erp_integrations.sage100.marked import marked_workbook
from erp_integrations.sage100.rows import build_rows
from erp_integrations.sage100.rules import check
from erp_integrations.sage100.text import is_safe, readable_text
from tests.erp_integrations.sage100.rule_cases import LISTS, ZERO_LINE
from tests.erp_integrations.sage100.samples import TODAY, batch, invoice, line, release
from tests.erp_integrations.sage100.test_workbook import PAYLOADS, assert_no_live_cell

RED, YELLOW = "00FFC7CE", "00FFEB9C"
LOCKED = date(2026, 5, 31)
TWO = (invoice(), invoice(invoice_id="2", number="2219-08"))  # two lines each: rows 1–3 and 4–6 of the import


def workbook_of(facts, *more: Finding):
    """Its bytes, and {cell: (colour, what its note says)} of what is marked."""
    rows = build_rows(facts, LISTS)
    names = {each.invoice_id: each.number for each in facts.invoices}
    content = marked_workbook(rows, (*check(facts, LISTS, rows, TODAY), *more), names)
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content))["Dry run"].iter_rows() for cell in row]
    return content, {c.coordinate: (c.fill.fgColor.rgb, c.comment.text) for c in cells if c.comment}


def about(marks, rule: str) -> set[str]:
    return {cell for cell, (_, note) in marks.items() if f"{rule}: " in note}


def read(content: bytes, sheet: str) -> list[list[str]]:
    """By another library than the one that wrote it."""
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()


def test_a_locked_period_marks_the_posting_period_of_every_header():
    """S27 belongs to the batch; column 25 of each H row holds the day. No detail has such a column."""
    content, marks = workbook_of(batch(*TWO, accounting_date=LOCKED))
    assert about(marks, "S27") == {"Y3", "Y6"}
    assert marks["Y3"][0] == RED and "lies in the locked period 2026-05" in marks["Y3"][1]
    rows = read(content, "Dry run")
    assert [row[24] for row in rows[2:]] == ["2026-05-31", "", "", "2026-05-31", "", ""] and rows[1][
        24
    ] == "Posting period"
    listed = [row for row in read(content, "Findings") if row[2] == "S27"]
    assert [row[:5] for row in listed] == [["", "Blocks", "S27", "", "Posting period"]]


def test_where_the_import_begins_with_titles_the_same_cells_are_marked():
    """S27, S4: rows are numbered as in the import, one later; in this workbook they stand where they always do."""
    titled = replace(APINV_R1, column_names=True)
    marks = workbook_of(batch(TWO[0], replace(TWO[1], number="2219-07"), accounting_date=LOCKED, layout=titled))[1]
    assert (about(marks, "S27"), about(marks, "S4")) == ({"Y3", "Y6"}, {"C3", "C6"})


def test_an_open_period_marks_nothing():
    assert workbook_of(batch(*TWO))[1] == {}


def test_a_number_that_stands_twice_is_marked_wherever_it_stands():
    """S4."""
    marks = workbook_of(batch(TWO[0], replace(TWO[1], number="2219-07")))[1]
    assert about(marks, "S4") == {"C3", "C6"}


def test_a_number_like_a_formula_is_marked_in_header_and_details():
    """S58."""
    assert about(workbook_of(batch(TWO[0], replace(TWO[1], number="=1")))[1], "S58") == {"C6", "C7", "C8"}


@pytest.mark.parametrize(("rule", "changed"), [("S8", {"company_name": "Other"}), ("S7", {"net": TWO[1].gross})])
def test_what_the_batch_has_against_one_invoice_stands_at_the_start_of_its_header(rule, changed):
    """S7, S8: no column holds it."""
    assert about(workbook_of(batch(TWO[0], replace(TWO[1], **changed)))[1], rule) == {"A6"}


def test_what_no_rule_of_the_file_says_of_an_invoice_stands_there_too():
    """R81."""
    waits = Finding(rule="R81", severity="warning", invoice_id="2", field="Vendor", message="It waits.", remedy="Call.")
    assert workbook_of(batch(*TWO), waits)[1] == {"A6": (YELLOW, "R81: It waits. Call.")}


def test_what_has_no_row_is_listed_and_marks_nothing():
    """Of the whole batch without a column (S6), and of an invoice that only releases, which has no rows (S50)."""
    only = invoice(invoice_id="2", number="2219-08", lines=(ZERO_LINE,), releases=(release(),))
    no_column = Finding(rule="S6", severity="error", invoice_id="", field="File name", message="No.", remedy="Again.")
    no_rows = Finding(rule="R81", severity="warning", invoice_id="2", field="Vendor", message="It.", remedy="Call.")
    content, marks = workbook_of(batch(invoice(), only), no_column, no_rows)
    assert marks == {}
    assert {(row[0], row[2]) for row in read(content, "Findings")[1:]} == {("", "S6"), ("2219-08", "R81")}


def test_a_column_with_another_title_or_place_is_found_by_what_it_holds():
    """Staff rename and move columns; the rules go on naming them as the shipped layouts do (S27, S33)."""
    renamed = {"posting_date": "Books", "cost_code": "Our code"}
    header, detail = (
        tuple(replace(column, title=renamed.get(column.source, column.title)) for column in part)
        for part in (APINV_R1.header, APINV_R1.detail)
    )
    moved = replace(APINV_R1, header=(*header[:2], header[24], *header[2:24]), detail=detail)
    facts = batch(invoice(lines=(line(1), line(2, cost_code="9.000"))), accounting_date=LOCKED, layout=moved)
    marks = workbook_of(facts)[1]
    assert about(marks, "S27") == {"C3"} and about(marks, "S33") == {"Q5"}


def test_no_text_of_anyone_becomes_a_formula_here_either():
    """R100, G9: in the rows, in the findings and in the notes; each reads as it was, but for what no cell can hold."""
    texts = [text for text in PAYLOADS if is_safe(text) and len(text) <= 50]
    assert len(texts) >= 50
    facts = batch(*(invoice(invoice_id=str(n), number=f"A-{n}", description=text) for n, text in enumerate(texts)))
    odd = [
        Finding(rule="S57", severity="warning", invoice_id=str(n), message=text, remedy=text, field=text, value=text)
        for n, text in enumerate(PAYLOADS)
    ]
    content, _ = workbook_of(facts, *odd)
    assert_no_live_cell(content)
    rows = {cell for row in read(content, "Dry run") for cell in row}
    assert [text for text in texts if readable_text(text).strip() not in rows] == []
