"""Which files may be attached, told by their names and by what is in them: a name alone proves nothing (R104).

A document of Word or Excel is a ZIP like any other, so its parts are looked at. Only the list of parts and the small
part that says what they are is read, each within limits; nothing is unpacked. No Django in here.
"""

import io
import zipfile
import zlib
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
SAVE_AGAIN = "Open it, save it anew and attach that."


def why_not_taken(name: str, content: bytes) -> str:
    """In words for whoever attached it, "" if it may be."""
    suffix = PurePosixPath(name).suffix.lower()
    starts = STARTS.get(suffix)
    if suffix in OFFICE and content.startswith(LOCKED_OFFICE):
        return f"“{name}” is protected by a password or in an old format. Save it as {suffix} without a password."
    if starts is None or not content.startswith(starts):
        return f"“{name}” is not one of: {KINDS}. Save it as one of these and attach it again."
    return _why_no_document(name, content, *OFFICE[suffix]) if suffix in OFFICE else ""


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
