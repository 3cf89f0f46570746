"""A dry run as a workbook: the exact rows of the import with the cells that rules speak up about marked, and why (E-5).

For people, never for Sage: it says so in its first row, and no column stands where the import has it.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill

from directory.steps import Step, unnoticed
from erp_integrations.sage100 import sheets
from erp_integrations.sage100.cells import Row, Rows
from erp_integrations.sage100.findings import ERROR, Finding
from erp_integrations.sage100.layout import APINV_R1
from erp_integrations.sage100.sheets import BOLD, TEXT_FORMAT
from erp_integrations.sage100.text import readable_text
from erp_integrations.sage100.workbook import clear

FILLS = {True: PatternFill("solid", fgColor="FFC7CE"), False: PatternFill("solid", fgColor="FFEB9C")}
ABOVE = 2  # rows of our own before the first of the import
WARNING_WORDS = "A dry run: nothing was accepted. Don't import this file. Red cells block, yellow ones are to be seen."
TITLES = (
    "Invoice", "Blocks or warns", "Rule", "Row of the import", "Field", "Value", "What is wrong", "What to do",
    "Checked against", "Nearest entry",
)  # fmt: skip
LONGEST_NOTE = 2_000
SOURCES = {column.title: column.source for column in (*APINV_R1.header, *APINV_R1.detail)}  # by what the rules say


def marked_workbook(rows: Rows, findings: Iterable[Finding], names: Mapping[str, str], step: Step = unnoticed) -> bytes:
    """The bytes of the workbook, written row by row. `names`: {invoice id: its number}, of all that it is about.

    `step` is told of each invoice with rows, and of those without any (S50) before the workbook is packed.
    """
    found = tuple(findings)
    book = Workbook(write_only=True)
    to = io.BytesIO()
    try:
        _rows_sheet(sheets.Sheet(book, "Dry run", freeze=f"A{1 + ABOVE}"), rows, found, step)
        _findings_sheet(sheets.Sheet(book, "Findings", freeze="A2"), found, names)
        step(len(names) - sum(row.line_type == "H" for row in rows.rows))
        book.save(to)
    except BaseException:
        clear(book)
        raise
    return to.getvalue()


def _rows_sheet(sheet: sheets.Sheet, rows: Rows, findings: tuple[Finding, ...], step: Step) -> None:
    places = _places(rows, findings)
    sheet.write([_said(sheet, 0, WARNING_WORDS, BOLD)])
    sheet.write([_said(sheet, place, column.title, BOLD) for place, column in enumerate(rows.layout.header)])
    for at, row in enumerate(rows.rows, 1 + ABOVE):
        texts = [cell.text for cell in row.cells]
        sheet.write(
            _marked(sheet, text, places[at, place]) if (at, place) in places else _said(sheet, place - 1, text)
            for place, text in enumerate(texts, 1)
        )
        if row.line_type == "H":
            step(1)


def _said(sheet: sheets.Sheet, place: int, text: str, font: Font | None = None):
    """Text stays text, whatever it looks like (M18)."""
    return sheet.cell(place, readable_text(text), TEXT_FORMAT, font)


def _places(rows: Rows, findings: tuple[Finding, ...]) -> dict[tuple[int, int], list[Finding]]:
    """{(row, column) of the sheet: what is said there}.

    A finding about no cell of its row, or of an invoice without saying which row, stands at that row's start. One about
    the whole batch stands in every row that has the column it names, such as the posting period (S27); where no row
    has it, only on the sheet of findings.
    """
    found, placed = defaultdict(list), tuple(enumerate(rows.rows, 1 + ABOVE))
    by_number = {row.number: (at, row) for at, row in placed}
    headers = {row.invoice_id: (at, row) for at, row in reversed(placed)}
    for finding in findings:
        own = by_number.get(finding.row) or headers.get(finding.invoice_id)
        if own:
            at, row = own
            found[at, _column(row, finding.field) or 1].append(finding)
        elif not finding.invoice_id:
            for at, row in placed:
                if column := _column(row, finding.field):
                    found[at, column].append(finding)
    return found


def _column(row: Row, field: str) -> int | None:
    """Where a row has what the rules call `field`, 1 for the first: a layout may have given it another title."""
    sources, titles = [cell.source for cell in row.cells], [cell.title for cell in row.cells]
    for wanted, among in ((SOURCES.get(field), sources), (field, titles)):
        if wanted and wanted in among:
            return among.index(wanted) + 1
    return None


def _marked(sheet: sheets.Sheet, text: str, about: list[Finding]) -> sheets.Cell:
    """A cell of its own, as a note belongs to one alone."""
    cell = sheets.Cell(sheet.sheet, TEXT_FORMAT, fill=FILLS[any(finding.severity == ERROR for finding in about)])
    words = "\n".join(finding.sentence for finding in about)
    cell.comment = Comment("\n".join(map(readable_text, words.splitlines()))[:LONGEST_NOTE], "Plumbline", 160, 320)
    return cell.saying(readable_text(text))


def _findings_sheet(sheet: sheets.Sheet, findings: tuple[Finding, ...], names: Mapping[str, str]) -> None:
    sheet.write([_said(sheet, place, title, BOLD) for place, title in enumerate(TITLES)])
    for finding in findings:
        says = (
            names.get(finding.invoice_id, ""), "Blocks" if finding.severity == ERROR else "Warns", finding.rule,
            str(finding.row or ""), finding.field, finding.value, finding.message, finding.remedy,
            finding.checked_against, finding.nearest or "",
        )  # fmt: skip
        sheet.write([_said(sheet, place, text) for place, text in enumerate(says)])
