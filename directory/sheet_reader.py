"""Reads one uploaded table as text, in a process of its own with little memory and little time (R103).

Run by `directory.sheets`, never imported by the site: `python sheet_reader.py NAME < file > answer`. The answer is
JSON: {"rows": [[number, [text, …]], …]} or {"refused": "why, and what to do"}. It knows nothing of Django, so it
starts at once; a workbook that gets past its checks and still eats the process costs this process only.
"""

import contextlib
import csv
import io
import json
import re
import sys
import zipfile
from datetime import date, datetime

import openpyxl

try:
    import resource
except ImportError:  # not on Windows: there the time limit of the caller stands alone
    resource = None

MEGABYTE = 1024 * 1024
MEMORY, SECONDS = 512 * MEGABYTE, 20
MAX_UNPACKED, MAX_RATIO, MAX_PARTS, MAX_SHEETS = 100 * MEGABYTE, 100, 200, 50
MAX_ROWS, MAX_COLUMNS, MAX_TEXT, MAX_ALL_TEXT = 50_000, 60, 2_000, 10_000_000
SMALL_PART = 64 * 1024  # below this a ratio says nothing
OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")
SAVE_PLAIN = "Save it as an Excel workbook (.xlsx) without a password, or as CSV, and choose it again."
FORBIDDEN = {
    "vbaproject": "It holds macros.",
    "xl/externallinks/": "It draws on other workbooks.",
    "xl/embeddings/": "It holds other files inside.",
    "xl/activex/": "It holds controls that run code.",
    "xl/connections": "It draws on a data connection.",
    "xl/macrosheets/": "It holds macros.",
}


class Unreadable(Exception):
    """The message is for the person who chose the file."""


def column_letter(index: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def read(content: bytes, name: str) -> list[tuple[int, list[str]]]:
    """Every row that holds anything, with its number in the file. Raises Unreadable."""
    if content.startswith(OLD_OFFICE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Unreadable(f"The workbook is protected by a password. {SAVE_PLAIN}")
        raise Unreadable(f"This is an old Excel file (.xls). {SAVE_PLAIN}")
    if content.startswith(b"PK"):
        return _kept(_workbook_rows(content))
    if not name.lower().endswith((".csv", ".txt", ".tsv")):
        raise Unreadable(f"This is not a workbook (.xlsx), whatever its name says. {SAVE_PLAIN}")
    return _kept(_csv_rows(content))


def _kept(rows) -> list[tuple[int, list[str]]]:
    """The rows that hold anything; refuses what no list of ours ever is."""
    kept, size = [], 0
    for number, cells in rows:
        width = max((at for at, text in enumerate(cells, start=1) if text.strip()), default=0)
        if not width:
            continue
        cells = cells[:width]
        if len(kept) > MAX_ROWS:
            raise Unreadable(f"It has more than {MAX_ROWS:,} rows. Split it into several files.")
        if len(cells) > MAX_COLUMNS:
            raise Unreadable(f"Row {number} has more than {MAX_COLUMNS} columns. Leave out what isn’t needed.")
        for index, text in enumerate(cells):
            if len(text) > MAX_TEXT:
                raise Unreadable(f"{column_letter(index)}{number} holds {len(text):,} characters. Shorten it.")
            size += len(text)
        if size > MAX_ALL_TEXT:
            raise Unreadable("It holds more text than a list of ours can. Split it into several files.")
        kept.append((number, cells))
    return kept


# Workbooks


def _workbook_rows(content: bytes):
    _look_inside(content)
    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("defusedxml is missing: see requirements.txt")
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        raise Unreadable("The workbook has no sheet that can be seen.")
    sheet.reset_dimensions()  # what the file says about its size may be a lie
    for number, row in enumerate(sheet.iter_rows(max_row=10 * MAX_ROWS), start=1):
        if len(row) > 16_384:
            raise Unreadable(f"Row {number} has more columns than Excel knows.")
        yield number, [_cell_text(cell, f"{column_letter(index)}{number}") for index, cell in enumerate(row)]


def _look_inside(content: bytes) -> None:
    """Refuses what is dangerous before any of it is parsed."""
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Unreadable(f"The workbook is damaged or was not stored completely. {SAVE_PLAIN}") from None
    parts = package.infolist()
    _check_sizes(parts, len(content))
    names = [part.filename.lower() for part in parts]
    if len(set(names)) != len(names) or any(".." in name or "\\" in name or name.startswith("/") for name in names):
        raise Unreadable(f"The workbook is put together in a way Excel never does. {SAVE_PLAIN}")
    for name in names:
        for sign, why in FORBIDDEN.items():
            if sign in name:
                raise Unreadable(f"{why} Copy the cells into a new workbook and save that as .xlsx.")
    if "[content_types].xml" not in names or "xl/workbook.xml" not in names:
        raise Unreadable(f"This is not an Excel workbook (.xlsx). {SAVE_PLAIN}")
    for part in parts:
        _check_xml(part.filename.lower(), _unpacked(package, part))


def _check_sizes(parts: list[zipfile.ZipInfo], size: int) -> None:
    if len(parts) > MAX_PARTS:
        raise Unreadable(f"The workbook has {len(parts):,} parts inside; {MAX_PARTS} are allowed. {SAVE_PLAIN}")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(f"The workbook is protected by a password. {SAVE_PLAIN}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > MAX_UNPACKED or unpacked > max(size, SMALL_PART) * MAX_RATIO:
        raise Unreadable("The workbook unpacks to far more than it should. Copy the cells into a new one.")
    for part in parts:
        if part.file_size > SMALL_PART and part.file_size > max(part.compress_size, 1) * MAX_RATIO:
            raise Unreadable("Part of the workbook unpacks to far more than it should. Copy the cells into a new one.")


def _unpacked(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    try:
        return package.read(part)
    except Exception:  # zlib, CRC, a method nobody knows: all are a broken file
        raise Unreadable(f"The workbook is damaged or was not stored completely. {SAVE_PLAIN}") from None


def _check_xml(name: str, content: bytes) -> None:
    """No document type, so no entities; one encoding, so that nothing hides; not more sheets than a person makes."""
    if content.startswith(b"PK\x03\x04"):
        raise Unreadable("It holds other files inside. Copy the cells into a new workbook and save that as .xlsx.")
    if not name.endswith((".xml", ".rels", ".vml")):
        return
    start = content[:200]
    says = re.search(rb"""encoding=["']([^"']+)["']""", start)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in start:
        raise Unreadable(f"The workbook is written in a way Excel never does. {SAVE_PLAIN}")
    if says and says[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise Unreadable(f"The workbook is written in a way Excel never does. {SAVE_PLAIN}")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise Unreadable(f"The workbook holds a document type, which Excel never writes. {SAVE_PLAIN}")
    if name == "[content_types].xml" and b"macroenabled" in content.lower():
        raise Unreadable(f"It may hold macros. {SAVE_PLAIN}")
    if name == "xl/workbook.xml" and content.count(b"<sheet ") + content.count(b":sheet ") > MAX_SHEETS:
        raise Unreadable(f"The workbook has more than {MAX_SHEETS} sheets. Keep the one that is to be read.")


def _cell_text(cell, where: str) -> str:
    """What the cell shows as text. A formula is refused: its last value may be old, or never there."""
    if cell.data_type == "f":
        raise Unreadable(f"{where} holds a formula. Copy the cell and paste it as a value.")
    if cell.data_type == "e":
        raise Unreadable(f"{where} holds the error {cell.value}. Correct it in the file.")
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return _number_text(value, where)
    return str(value)


def _number_text(value, where: str) -> str:
    """12.0 → 12. Beyond 15 digits a spreadsheet has rounded already."""
    if abs(value) >= 10**15 or value != value:
        raise Unreadable(f"{where} is a number of more than 15 digits, which Excel rounds. Format the cell as text.")
    return str(int(value)) if value == int(value) else repr(value)


# CSV


def _csv_rows(content: bytes):
    text = _decoded(content)
    csv.field_size_limit(MAX_TEXT * 10)
    try:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        for number, cells in enumerate(table, start=1):
            yield number, [_without_guard(cell) for cell in cells]
    except csv.Error as error:
        raise Unreadable(f"The CSV can’t be read: {error}. Look for a quotation mark that is not closed.") from None


def _decoded(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("The CSV is stored as UTF-16. Save it as “CSV UTF-8” and choose it again.")
    for encoding in ("utf-8-sig", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(encoding)
    raise Unreadable("The CSV is neither UTF-8 nor Windows-1252. Save it as “CSV UTF-8” and choose it again.")


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: whichever the first line has most of outside quotation marks."""
    first = re.sub(r'"[^"]*"', "", text.lstrip("\r\n").partition("\n")[0])
    return max(",;\t", key=first.count)


def _without_guard(cell: str) -> str:
    """Our own CSV puts ' before what a spreadsheet would calculate (S58); reading takes it off again."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@\t\r") and len(cell) > 1 else cell


def main() -> None:
    if resource:
        for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):  # some systems know a limit by name only
                resource.setrlimit(what, (limit, limit))
    try:
        answer = {"rows": read(sys.stdin.buffer.read(), sys.argv[1])}
    except Unreadable as why:
        answer = {"refused": str(why)}
    except (MemoryError, RecursionError):
        answer = {"refused": "The file takes too much to read. Copy the cells into a new workbook."}
    except Exception as error:  # whatever a crafted file makes of the parser
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        answer = {"refused": f"The file can’t be read. {SAVE_PLAIN}"}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
