"""Tables as files, both ways: an uploaded workbook or CSV as rows of clean text, and rows as a file to download.

What is uploaded is read by `sheet_reader` in a process of its own; whatever it holds, the answer here is rows or a
refusal with a remedy (R103, R107). What is written holds text only, never a formula (R100).
"""

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import python_calamine
import structlog
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from directory.csv_files import plain_cell
from directory.plain_text import tidy, unseen_in
from directory.refusals import Refused
from directory.sheet_reader import COPY, MEGABYTE, OF_A_LIST, SPLIT, TAKES_TOO_MUCH, Limits, column_letter

ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
READER = Path(__file__).with_name("sheet_reader.py")
PACKAGES = Path(python_calamine.__file__).parent.parent  # where the reader finds the one that it needs

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Table:
    """`columns`: {column: its letter in the file}. `rows`: {column: text} each, its number in the file under "row"."""

    columns: dict[str, str]
    rows: list[dict]
    skipped: list[str]  # headings that mean nothing here


def read_table(name: str, content: bytes, headings: Mapping[str, Sequence[str]], required: Sequence[str]) -> Table:
    """The rows under the known headings. `headings`: {column: every heading it may have}, without regard to case.

    Raises Refused, field "file", and names the cell where one is to blame.
    """
    (_, titles), *rows = read_rows(name, content) or [(1, [])]
    places, skipped = _places(titles, headings)
    missing = [headings[column][0] for column in required if column not in places]
    if missing:
        raise refused(f"The first row lacks the heading {' and '.join(missing)}. Start from the template of this page.")
    names, pick = ("row", *places), itemgetter(0, *(at + 1 for at in places.values()))
    empty = [""] * len(titles)  # a row ends with its last cell that holds anything
    table = [dict(zip(names, pick((number, *cells, *empty)), strict=True)) for number, cells in rows]
    if not table:
        raise refused("There is no row under the headings.")
    return Table({column: column_letter(at) for column, at in places.items()}, table, skipped)


def refused(message: str) -> Refused:
    return Refused(message, field="file")


def _places(titles: list[str], headings: Mapping[str, Sequence[str]]) -> tuple[dict[str, int], list[str]]:
    known = {_plain(word): column for column, words in headings.items() for word in words}
    places, skipped = {}, []
    for at, title in enumerate(titles):
        column = known.get(_plain(title))
        if column is None:
            skipped += [title] if title else []
        elif column in places:
            raise refused(f"{column_letter(at)}1 has the same heading as {column_letter(places[column])}1. Keep one.")
        else:
            places[column] = at
    return places, skipped


def _plain(heading: str) -> str:
    """E-Mail, e mail and EMAIL are one heading."""
    return "".join(c for c in heading.casefold() if c.isalnum())


class TooLarge(Refused):
    """Nothing is wrong with the file but its size: `what` is more than the limits by which it was read.

    `remedy`: "" where there is none.
    """

    def __init__(self, what: str, remedy: str):
        super().__init__(" ".join(filter(None, (what, remedy))), field="file")
        self.what, self.remedy = what, remedy


def why_too_large(size: int, limits: Limits = OF_A_LIST) -> str:
    """Why a file of so many bytes is not even begun; "" where it is."""
    return f"The file is larger than {limits.size // MEGABYTE} MB." if size > limits.size else ""


@dataclass(frozen=True)
class Sheet:
    """`rows`: (number in the file, texts) of each that holds anything; each text clean and tidy.

    `names`: of every sheet of the workbook, seen or hidden, in their order; a CSV has none.
    """

    rows: list[tuple[int, list[str]]]
    names: tuple[str, ...] = ()


def read_rows(name: str, content: bytes) -> list[tuple[int, list[str]]]:
    """The rows alone of what `read_sheet` reads."""
    return read_sheet(name, content).rows


def read_sheet(name: str, content: bytes, sheet: str = "", limits: Limits = OF_A_LIST) -> Sheet:
    """Of the first sheet that can be seen, or of the one called `sheet`: no row where a workbook has none of that name.

    Raises Refused, field "file"; TooLarge where only the limits stand against it.
    """
    if not content:
        raise refused("The file is empty. Choose another.")
    if what := why_too_large(len(content), limits):
        raise TooLarge(what, SPLIT)
    answer = _read_apart(name, content, sheet, limits)
    rows = [(number, _clean(number, cells)) for number, cells in answer["rows"]]
    return Sheet(rows, tuple(answer["sheets"]))


def _clean(number: int, cells: list[str]) -> list[str]:
    if "".join(cells).isprintable():  # nearly always; then it holds no line break and nothing unseen
        return cells
    cells = [tidy(text) for text in cells]
    for at, text in enumerate(cells):
        if wrong := unseen_in(text):
            raise refused(f"{column_letter(at)}{number} holds {wrong}. Type that cell again.")
    return cells


def _read_apart(name: str, content: bytes, sheet: str, limits: Limits) -> dict:
    """What the reader's process answers. It has its own limits; here it has its time and then it is gone."""
    plain_name = Path(name).name[-100:].replace("\0", "")
    command = [sys.executable, "-I", "-S", "-c", _start(READER), plain_name, sheet, json.dumps(limits)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=limits.seconds, env={}, check=False)
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        logger.warning("sheet_reader_gave_up", size=len(content))
        raise TooLarge(TAKES_TOO_MUCH, COPY) from None
    if done.stderr:
        logger.info("sheet_unreadable", problem=done.stderr[:300].decode("utf-8", "replace"))
    if "refused" in answer:
        raise TooLarge(answer["refused"], answer["remedy"]) if "remedy" in answer else refused(answer["refused"])
    return answer


def _start(reader: Path) -> str:
    """Imported, so that it is compiled once and not for each file; without `site`, which starts a third later (F3).

    Its folder comes last: ours has modules that are called like Python's own.
    """
    return f"import sys; sys.path += {[str(PACKAGES), str(reader.parent)]}; import {reader.stem} as it; it.main()"


# What a row carries unseen


def hidden(values: Mapping[str, str]) -> str:
    """The text of a hidden cell that says where a row came from and what it held then."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def unhidden(text: str) -> dict[str, str]:
    """What such a cell says; {} when it is not ours any more."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) and all(isinstance(value, str) for value in values.values()) else {}


# Files to download


def as_xlsx(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """One sheet, every cell a text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for row in (headings, *rows):
        sheet.append([_text_cell(sheet, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_typed_xlsx(title: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet to reckon with: amounts are numbers of two decimals, days are days; all else is text (R100, R108)."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append([_text_cell(sheet, text) for text in headings])
    for row in rows:
        sheet.append([_typed_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _typed_cell(sheet, value: object) -> WriteOnlyCell:
    if not isinstance(value, (Decimal, date)):
        return _text_cell(sheet, "" if value is None else str(value))
    cell = WriteOnlyCell(sheet, value)
    cell.number_format = "#,##0.00" if isinstance(value, Decimal) else "yyyy-mm-dd"
    return cell


def _text_cell(sheet, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, literal(text))
    cell.data_type, cell.number_format = "s", "@"
    return cell


def literal(text: str) -> str:
    """For a cell of a workbook: Excel reads `_x003D_` as the character of that number, unless its _ is written so."""
    return ESCAPED.sub("_x005F_", text)


def as_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with its mark, CRLF. What a spreadsheet would calculate gets a ' before it (S58)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([[plain_cell(text) for text in row] for row in (headings, *rows)])
    return out.getvalue().encode("utf-8-sig")
