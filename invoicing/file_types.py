"""Which files may be attached, told by their names and by what is in them: a name alone proves nothing (R104).

A document of Word or Excel is a ZIP like any other, so its parts are looked at. Only the list of parts and the small
part that says what they are is read, each within limits; nothing is unpacked. No Django in here.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

ZIP = b"PK\x03\x04"
STARTS = {
    ".pdf": b"%PDF-",
    ".png": b"\x89PNG\r\n\x1a\n",
    ".jpg": b"\xff\xd8\xff",
    ".jpeg": b"\xff\xd8\xff",
    ".xlsx": ZIP,
    ".docx": ZIP,
}
KINDS = ", ".join(sorted(suffix[1:] for suffix in STARTS))
OFFICE = {  # the program, the folder and the main part's type
    ".xlsx": ("Excel", "xl/", b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"),
    ".docx": ("Word", "word/", b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"),
}
LOCKED_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")  # an old document of Office, or a new one behind a password
CONTENT_TYPES = "[Content_Types].xml"
MACROS = ("vbaproject", "vbadata", "/macrosheets/", "/activex/")
MACRO_TYPES = (b"macroenabled", b"vbaproject")
END, END_SIZE = b"PK\x05\x06", 22  # of the list of parts
MAX_LIST, MAX_TYPES = 1024 * 1024, 1024 * 1024  # bytes; a document with a thousand photos has a list of 100 KB
MAX_PIXELS = 200_000_000  # the sharpest telephone takes 16,320 × 12,240; whoever opens more unpacks gigabytes
NO_SIZE = frozenset((0xFF00, 0xFF01, *range(0xFFD0, 0xFFDA)))  # parts of a JPEG that say nothing of their length
FRAMES = frozenset(range(0xFFC0, 0xFFD0)) - {0xFFC4, 0xFFC8, 0xFFCC}  # its parts that tell height and width
FILL = re.compile(rb"\xff+")  # before a part as many as one likes, found in one step
MAX_PARTS = 1000  # before the one that tells the size; those of 64 KB that fit into the largest file are 320
SAVE_AGAIN = "Open it, save it anew and attach that."


class PartsWithoutEnd(Exception):
    """A JPEG of more parts than are looked at."""


def why_not_taken(name: str, content: bytes) -> str:
    """In words for whoever attached it, "" if it may be."""
    suffix = PurePosixPath(name).suffix.lower()
    starts = STARTS.get(suffix)
    if suffix in OFFICE and content.startswith(LOCKED_OFFICE):
        return f"“{name}” is protected by a password or in an old format. Save it as {suffix} without a password."
    if starts is None or not content.startswith(starts):
        return f"“{name}” is not one of: {KINDS}. Save it as one of these and attach it again."
    if suffix in OFFICE:
        return _why_no_document(name, content, *OFFICE[suffix])
    return _why_no_picture(name, content)


def _why_no_picture(name: str, content: bytes) -> str:
    """A picture of few bytes may fill the memory of whoever opens it (ASVS 5.2.6). Nothing is unpacked to see that."""
    try:
        width, height = pixels_of(content)
    except PartsWithoutEnd:
        return f"“{name}” has more parts before its picture than any camera writes. {SAVE_AGAIN}"
    if width * height <= MAX_PIXELS:
        return ""
    most = MAX_PIXELS // 1_000_000
    return f"“{name}” has {width:,} × {height:,} pixels; {most} million are the most. Make it smaller and attach that."


def pixels_of(content: bytes) -> tuple[int, int]:
    """Width and height, as the head of a PNG or a JPEG tells them; (0, 0) where none is told.

    Raises PartsWithoutEnd.
    """
    if content.startswith(STARTS[".png"]) and content[12:16] == b"IHDR":  # its first part, or no program shows it
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    if not content.startswith(STARTS[".jpg"]):
        return 0, 0
    return next(_frames_of(content), (0, 0))


def _frames_of(content: bytes) -> Iterator[tuple[int, int]]:
    """Of a JPEG, part by part, until one has no length. Raises PartsWithoutEnd after MAX_PARTS."""
    at = 2
    for _ in range(MAX_PARTS):
        at = content.find(b"\xff", at)  # what stands between two parts is passed over by every program
        if at < 0:
            return
        at = FILL.match(content, at).end() - 1
        if at + 4 > len(content):
            return
        part, length = (int.from_bytes(content[at + n : at + n + 2], "big") for n in (0, 2))
        if part in FRAMES and at + 9 <= len(content):
            yield int.from_bytes(content[at + 7 : at + 9], "big"), int.from_bytes(content[at + 5 : at + 7], "big")
        at += 2 if part in NO_SIZE else 2 + length
    raise PartsWithoutEnd


def _why_no_document(name: str, content: bytes, program: str, folder: str, main_type: bytes) -> str:
    no_such = f"“{name}” is not a document of {program}, whatever its name says. {SAVE_AGAIN}"
    try:
        parts, types = _look_inside(content)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError, KeyError):
        return f"“{name}” is damaged or was not stored completely. {SAVE_AGAIN}"
    if any(sign in f"/{part}" for part in parts for sign in MACROS) or any(sign in types for sign in MACRO_TYPES):
        return f"“{name}” holds macros. Save it without them, as a PDF for instance, and attach that."
    if main_type not in types or not any(part.startswith(folder) for part in parts):
        return no_such
    return ""


def _look_inside(content: bytes) -> tuple[list[str], bytes]:
    """The names of the parts and what [Content_Types].xml says, both in small letters. Raises what zipfile does."""
    end = content[-END_SIZE:]
    if not end.startswith(END) or int.from_bytes(end[12:16], "little") > MAX_LIST or end[20:] != b"\0\0":
        raise zipfile.BadZipFile("The list of parts is not at the end, or is longer than any document’s.")
    package = zipfile.ZipFile(io.BytesIO(content))
    with package.open(CONTENT_TYPES) as part:
        types = part.read(MAX_TYPES + 1)
    if len(types) > MAX_TYPES:
        raise zipfile.BadZipFile("It says more about its parts than any document.")
    return [name.lower() for name in package.namelist()], types.lower()
