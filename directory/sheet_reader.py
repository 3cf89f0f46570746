"""Reads one uploaded table as text, in a process of its own with little memory and little time (R103).

Its `main` is run by `directory.sheets`, never in the site's own process: NAME SHEET LIMITS < file > answer, the limits
as a JSON list. The answer is JSON: {"rows": [[number, [text, …]], …], "sheets": [name, …]}, the sheets of a
workbook, or {"refused": "why, and what to do"}; where a higher limit would have read it, what to do stands apart as its
"remedy". It knows nothing of Django, so it starts at once; a workbook that gets past its checks and still eats the
process costs this process only.

Calamine reads a workbook twenty times as fast as openpyxl (F3), but tells neither a formula from its last value nor an
error from nothing. So the text of the sheets is searched for both first, and what is found is refused by its cell.
"""

import contextlib
import csv
import gc
import io
import json
import os
import re
import sys
import zipfile
from collections import namedtuple
from datetime import date, datetime
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

try:
    import resource
except ImportError:  # not on Windows: there the time limit of the caller stands alone
    resource = None

MEGABYTE = 1024 * 1024
MAX_RATIO, MAX_PARTS, MAX_SHEETS, MAX_COLUMNS = 100, 200, 50, 60
SMALL_PART = 64 * 1024  # below this a ratio says nothing
OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")
SAVE_PLAIN = "Save it as an Excel workbook (.xlsx) without a password, or as CSV, and choose it again."
SPLIT, COPY = "Split it into several files.", "Copy the cells into a new workbook."
TAKES_TOO_MUCH = "The file takes too much to read."
DAMAGED = f"The workbook is damaged or was not stored completely. {SAVE_PLAIN}"
BOOK, WAYS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
FORBIDDEN = {
    "vbaproject": "It holds macros.",
    "xl/externallinks/": "It draws on other workbooks.",
    "xl/embeddings/": "It holds other files inside.",
    "xl/activex/": "It holds controls that run code.",
    "xl/connections": "It draws on a data connection.",
    "xl/macrosheets/": "It holds macros.",
}
DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY|\[CDATA\[)")
LIKE_FORMULA = re.compile(rb"<f[\s/>]"), re.compile(rb":f[\s/>]")  # found sooner than the next
FORMULA = re.compile(rb"<(?:[^\s<>/:]+:)?f[\s/>]")
ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
PLACE = re.compile(rb"""\sr\s*=\s*["']([A-Z]+\d+)["']""")


# What a file may cost, whoever made it; the defaults are for a list that somebody uploads (R103). In bytes: `size`,
# `unpacked`, `memory`. In characters: `longest` of a cell, `all_text` of a sheet. `size` is asked before the process.
LIMITS = {
    "size": 10 * MEGABYTE,
    "unpacked": 100 * MEGABYTE,
    "memory": 512 * MEGABYTE,
    "seconds": 20,
    "rows": 50_000,
    "longest": 2_000,
    "all_text": 10_000_000,
}
Limits = namedtuple("Limits", LIMITS, defaults=LIMITS.values())
OF_A_LIST = Limits()


class Unreadable(Exception):
    """The message is for the person who chose the file."""


class TooMuch(Unreadable):
    """Nothing is wrong with it but its size: what it has too much of, and its remedy."""


def column_letter(index: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


Answer = namedtuple("Answer", "rows sheets", defaults=((),))


def read(content: bytes, name: str, sheet: str = "", limits: Limits = OF_A_LIST) -> Answer:
    """Every row that holds anything, with its number in the file. Raises Unreadable. `sheet`: "" for the first seen."""
    if content.startswith(OLD_OFFICE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Unreadable(f"The workbook is protected by a password. {SAVE_PLAIN}")
        raise Unreadable(f"This is an old Excel file (.xls). {SAVE_PLAIN}")
    if content.startswith(b"PK"):
        package = _look_inside(content, limits)
        book = _opened(content)
        return Answer(_kept(_workbook_rows(book, package, sheet, limits), limits), book.sheet_names)
    if not name.lower().endswith((".csv", ".txt", ".tsv")):
        raise Unreadable(f"This is not a workbook (.xlsx), whatever its name says. {SAVE_PLAIN}")
    return Answer(_kept(_csv_rows(content, limits), limits))


def _kept(rows, limits: Limits) -> list[tuple[int, list[str]]]:
    """The rows that hold anything; refuses what no list of ours ever is."""
    kept, size = [], 0
    for number, cells in rows:
        cells = [text.strip() for text in cells]
        while cells and not cells[-1]:
            cells.pop()
        if not cells:
            continue
        if len(kept) > limits.rows:
            raise TooMuch(f"It has more than {limits.rows:,} rows.", SPLIT)
        if len(cells) > MAX_COLUMNS:
            raise Unreadable(f"Row {number} has more than {MAX_COLUMNS} columns. Leave out what isn’t needed.")
        width = len("".join(cells))
        if width > limits.longest:
            _refuse_endless(number, cells, limits.longest)
        size += width
        if size > limits.all_text:
            raise TooMuch("It holds more text than a list of ours can.", SPLIT)
        kept.append((number, cells))
    return kept


def _refuse_endless(number: int, cells: list[str], longest: int) -> None:
    for index, text in enumerate(cells):
        if len(text) > longest:
            raise Unreadable(f"{column_letter(index)}{number} holds {len(text):,} characters. Shorten it.")


# Workbooks


# What a workbook holds beside the cells that Calamine reads. `suspects`: {part: why its cells are no values}.
Package = namedtuple("Package", "suspects book ways")


def _part_of(package: Package, name: str) -> str:
    """Where the sheet called `name` is kept. Only to look into it: Calamine finds its way by itself."""
    sheets = [each for tag, each in _elements(package.book) if tag.rpartition(":")[2] == "sheet"]
    [sheet] = [each for each in sheets if each.get("name") == name]
    key = next((value for label, value in sheet.items() if label.endswith(":id")), "")
    target = next((way.get("Target", "") for _, way in _elements(package.ways) if way.get("Id") == key), "")
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _elements(content: bytes) -> list[tuple[str, dict[str, str]]]:
    """(tag, attributes) of each."""
    found = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: found.append((tag, attributes))
    try:
        parser.Parse(content, True)
    except expat.ExpatError:
        raise Unreadable(DAMAGED) from None
    return found


def _opened(content: bytes) -> CalamineWorkbook:
    with _damage_in_words():
        return CalamineWorkbook.from_filelike(io.BytesIO(content))


@contextlib.contextmanager
def _damage_in_words():
    try:
        yield
    except CalamineError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        raise Unreadable(DAMAGED) from None


def _workbook_rows(book: CalamineWorkbook, package: Package, wanted: str, limits: Limits):
    first = _first_visible(book)
    if wanted and wanted not in book.sheet_names:
        return
    with _damage_in_words():
        sheet = book.get_sheet_by_name(wanted or first)
    if package.suspects and (why := package.suspects.get(_part_of(package, sheet.name))):
        raise Unreadable(why)
    yield from _rows_of(sheet, limits)


def _first_visible(book: CalamineWorkbook) -> str:
    seen = (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible)
    names = [each.name for each in book.sheets_metadata if (each.typ, each.visible) == seen]
    if not names:
        raise Unreadable("The workbook has no sheet that can be seen.")
    if len(set(book.sheet_names)) != len(book.sheet_names):
        raise Unreadable(f"Two of its sheets have one name. {SAVE_PLAIN}")
    return names[0]


def _rows_of(sheet: CalamineSheet, limits: Limits):
    """Rows from the sheet's first on; cells from its column A on, where Calamine begins with the first that is used."""
    if sheet.start is None:
        return
    (_, left), (bottom, right) = sheet.start, sheet.end
    if right >= 16_384 or bottom >= 10 * limits.rows:
        raise Unreadable("It has cells far below or far right of all others. Copy the list into a new workbook.")
    empty = [""] * left
    for number, row in enumerate(sheet.iter_rows(), start=1):
        texts = [value if type(value) is str else _cell_text(value) for value in row]
        if None in texts:
            where = f"{column_letter(left + texts.index(None))}{number}"
            raise Unreadable(
                f"{where} is a number of more than 15 digits, which Excel rounds. Format the cell as text."
            )
        yield number, empty + texts if left else texts


def _no_value(content: bytes) -> str:
    """Why the cells of a sheet are no values, "" if they are or it is no sheet.

    A formula's last value may be old, or was never there; an error reads as nothing.
    """
    end = content.rfind(b"sheetData>")
    if end < 0:
        return ""
    if any(sign.search(content, 0, end) for sign in LIKE_FORMULA) and (found := FORMULA.search(content, 0, end)):
        return f"{_place_before(content, found.start())} holds a formula. Copy the cell and paste it as a value."
    # #REF! and its like; Calamine refuses any other error.
    if content.find(b">#", 0, end) >= 0 and (found := ERROR.search(content, 0, end)):
        inside, after = content.find(b">", found.start(), end), content.find(b"</", found.start(), end)
        value = content[content.rfind(b">", 0, after) + 1 : after].decode("utf-8", "replace")
        return f"{_place_before(content, inside)} holds the error {value}. Correct it in the file."
    return ""


def _place_before(cells: bytes, at: int) -> str:
    """A2: the cell in which that byte stands."""
    places = PLACE.findall(cells[max(0, at - 2_000) : at])
    return places[-1].decode() if places else "A cell"


def _look_inside(content: bytes, limits: Limits) -> Package:
    """Refuses what is dangerous before any of it is parsed."""
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Unreadable(DAMAGED) from None
    parts = package.infolist()
    _check_sizes(parts, len(content), limits)
    names = [part.filename.lower() for part in parts]
    if len(set(names)) != len(names) or any(".." in name or "\\" in name or name.startswith("/") for name in names):
        raise Unreadable(f"The workbook is put together in a way Excel never does. {SAVE_PLAIN}")
    for name in names:
        for sign, why in FORBIDDEN.items():
            if sign in name:
                raise Unreadable(f"{why} Copy the cells into a new workbook and save that as .xlsx.")
    if not {"[content_types].xml", BOOK} <= set(names) or {"content.xml", "xl/workbook.bin"} & set(names):
        raise Unreadable(f"This is not an Excel workbook (.xlsx). {SAVE_PLAIN}")
    suspects, ours = {}, {}
    for part in parts:
        content = _unpacked(package, part)
        _check_xml(part.filename.lower(), content)
        if why := _no_value(content):
            suspects[part.filename] = why
        if part.filename in (BOOK, WAYS):
            ours[part.filename] = content
    return Package(suspects, ours.get(BOOK, b""), ours.get(WAYS, b""))


def _check_sizes(parts: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    if len(parts) > MAX_PARTS:
        raise Unreadable(f"The workbook has {len(parts):,} parts inside; {MAX_PARTS} are allowed. {SAVE_PLAIN}")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable(f"The workbook is protected by a password. {SAVE_PLAIN}")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > max(size, SMALL_PART) * MAX_RATIO:
        raise Unreadable("The workbook unpacks to far more than it should. Copy the cells into a new one.")
    for part in parts:
        if part.file_size > SMALL_PART and part.file_size > max(part.compress_size, 1) * MAX_RATIO:
            raise Unreadable("Part of the workbook unpacks to far more than it should. Copy the cells into a new one.")
    if unpacked > limits.unpacked:
        raise TooMuch("The workbook unpacks to far more than a list of ours does.", COPY)


def _unpacked(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    try:
        return package.read(part)
    except Exception:  # zlib, CRC, a method nobody knows: all are a broken file
        raise Unreadable(DAMAGED) from None


def _check_xml(name: str, content: bytes) -> None:
    """No document type, so no entities; no text that Calamine passes over and one encoding, so that nothing hides; not
    more sheets than a person makes."""
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
    if found := DECLARED.search(content):
        what = "text that is hidden from readers" if found[1] == b"[CDATA[" else "a document type"
        raise Unreadable(f"The workbook holds {what}, which Excel never writes. {SAVE_PLAIN}")
    if name == "[content_types].xml" and b"macroenabled" in content.lower():
        raise Unreadable(f"It may hold macros. {SAVE_PLAIN}")
    if name == "xl/workbook.xml" and content.count(b"<sheet ") + content.count(b":sheet ") > MAX_SHEETS:
        raise Unreadable(f"The workbook has more than {MAX_SHEETS} sheets. Keep the one that is to be read.")


def _cell_text(value) -> str | None:
    """What a cell shows, as text. None for a number beyond 15 digits: a spreadsheet has rounded it already."""
    if type(value) is float or type(value) is int:  # the commonest; a truth is of neither
        return _number_text(value) if -(10**15) < value < 10**15 else None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
        value = value.date()
    return value.isoformat() if isinstance(value, date) else str(value)


def _number_text(value) -> str:
    """12.0 → 12. To 15 digits, as a spreadsheet shows it: 0.1 + 0.2 is kept there as 0.30000000000000004."""
    whole = int(value)
    return str(whole) if whole == value else f"{value:.15g}"


# CSV


def _csv_rows(content: bytes, limits: Limits):
    text = _decoded(content)
    csv.field_size_limit(limits.longest * 10)
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
    gc.disable()  # it would look through every cell again and again, and the process is gone in a moment
    name, sheet, limits = sys.argv[1:]
    limits = Limits(*json.loads(limits))
    if resource:
        of_process = ((resource.RLIMIT_AS, limits.memory), (resource.RLIMIT_CPU, limits.seconds))
        for what, limit in (*of_process, (resource.RLIMIT_CORE, 0)):
            with contextlib.suppress(ValueError, OSError):  # some systems know a limit by name only
                resource.setrlimit(what, (limit, limit))
    try:
        answer = read(sys.stdin.buffer.read(), name, sheet, limits)._asdict()
    except TooMuch as why:
        what, remedy = why.args
        answer = {"refused": what, "remedy": remedy}
    except Unreadable as why:
        answer = {"refused": str(why)}
    except (MemoryError, RecursionError):
        answer = {"refused": TAKES_TOO_MUCH, "remedy": COPY}
    except Exception as error:  # whatever a crafted file makes of the parser
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        answer = {"refused": f"The file can’t be read. {SAVE_PLAIN}"}
    sys.stdout.write(json.dumps(answer))
    sys.stdout.flush()
    os._exit(0)  # nothing is left to do, least of all to take every cell apart again
