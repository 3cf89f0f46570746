"""What may be attached, told by what is in it: real documents of Word and Excel, and what only pretends (R104)."""

import io
import struct
import tracemalloc
import zipfile
from time import process_time

import pytest
from openpyxl import Workbook

from invoicing.file_types import OFFICE, why_not_taken

WORD, EXCEL = OFFICE[".docx"][2].decode(), OFFICE[".xlsx"][2].decode()
LOCKED = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600


def zipped(parts: dict[str, str | bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as package:
        for name, text in parts.items():
            package.writestr(name, text)
    return content.getvalue()


def types(main: str, more: str = "") -> str:
    return f'<Types xmlns="…"><Override PartName="/main.xml" ContentType="{main}"/>{more}</Types>'


def document(**more) -> bytes:
    return zipped({"[Content_Types].xml": types(WORD), "word/document.xml": "<w:document/>"} | more)


def workbook() -> bytes:
    content = io.BytesIO()
    Workbook().save(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"%PDF-1.7"),
        ("A.PDF", b"%PDF-1.4"),
        ("a.png", b"\x89PNG\r\n\x1a\n"),
        ("a.jpeg", b"\xff\xd8\xff\xe0"),
        ("Schedule.xlsx", workbook()),
        ("Letter.DOCX", document()),
        ("With photos.docx", document(**{f"word/media/image{n}.png": b"\x89PNG" for n in range(500)})),
    ],
)
def test_what_people_make_with_their_programs_is_taken(name, content):
    assert why_not_taken(name, content) == ""


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0)


def jpeg(width: int, height: int, *, frame: int = 0xC0, before: bytes = b"") -> bytes:
    """`before` the frame, after the part in which a camera tells who it is."""
    told = b"\xff\xe1" + struct.pack(">H", 2000) + b"\xff\xc0" * 999
    size = struct.pack(">BBHBHHB", 0xFF, frame, 17, 8, height, width, 3) + bytes(9)
    return b"\xff\xd8" + told + before + size + b"\xff\xda"


@pytest.mark.parametrize("content", [png(16_320, 12_240), jpeg(16_320, 12_240), jpeg(4_032, 3_024, frame=0xC2)])
def test_a_photo_of_any_camera_is_taken(content):
    assert why_not_taken("a.png" if content.startswith(b"\x89") else "a.jpg", content) == ""


@pytest.mark.parametrize(
    "content",
    [
        *(png(60_000, 60_000), png(2**31 - 1, 2**31 - 1), png(1, 2**31 - 1)),
        *(jpeg(65_535, 65_535), jpeg(65_535, 65_535, frame=0xC2), jpeg(65_535, 65_535, before=b"\xff" * 9)),
        *(jpeg(65_535, 65_535, before=b"\xff\xd0\xff\x01"), jpeg(65_535, 65_535, before=b"\xff\xc4\0\x04\0\0")),
        # what no program minds between two parts
        *(jpeg(65_535, 65_535, before=b"\0"), jpeg(65_535, 65_535, before=b"junk\xff\0\xff\xff\0more")),
    ],
)
def test_a_picture_that_would_unpack_to_gigabytes_is_refused_by_its_head(content):
    """ASVS 5.2.6."""
    name = "a.png" if content.startswith(b"\x89") else "a.jpg"
    assert "pixels; 200 million are the most" in why_not_taken(name, content)


@pytest.mark.parametrize("cut", range(0, 2_030, 7))
def test_a_picture_that_ends_anywhere_is_no_fault(cut):
    for name, content in (("a.jpg", jpeg(65_535, 65_535)), ("a.png", png(60_000, 60_000))):
        assert isinstance(why_not_taken(name, content[:cut]), str)


@pytest.mark.parametrize(
    ("run", "is_taken"), [(b"\xff", True), (b"\xff\xd0", False), (b"\xff\xe0\0\x02", False), (b"\xff\xff\xd0", False)]
)
def test_a_picture_of_parts_without_end_keeps_nobody_waiting(run, is_taken):
    """ASVS 5.2.6: every one of the 20 MB that may be attached might be looked at."""
    content, before = b"\xff\xd8\xff" + run * (20 * 2**20 // len(run)), process_time()
    refusal = why_not_taken("a.jpg", content)
    assert process_time() - before < 0.5  # seconds of work; 3 to 12 byte by byte
    assert (refusal == "") == is_taken
    assert is_taken or "more parts before its picture than any camera writes. Open it, save it anew" in refusal


def test_a_picture_with_a_long_head_is_looked_at_to_its_end():
    """A camera's notes and a profile of colours come in parts of 64 KB."""
    head = (b"\xff\xe2" + struct.pack(">H", 65_535) + bytes(65_533)) * 300
    assert why_not_taken("a.jpg", jpeg(4_032, 3_024, before=head)) == ""
    assert "200 million are the most" in why_not_taken("a.jpg", jpeg(65_535, 65_535, before=head))


def with_end(content: bytes, at: int, value: bytes) -> bytes:
    """Its last 22 bytes changed: what they say of the list of parts."""
    end = bytearray(content[-22:])
    end[at : at + len(value)] = value
    return content[:-22] + bytes(end)


MACROS, NO_SUCH, DAMAGED, OTHER = "holds macros", "is not a document of", "is damaged", "is not one of"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.docx", zipped({"hello.txt": "hello"}), DAMAGED),
        ("a.docx", zipped({"[Content_Types].xml": "<Types/>", "word/document.xml": ""}), NO_SUCH),
        ("a.docx", zipped({"[Content_Types].xml": types(WORD)}), NO_SUCH),
        ("a.docx", workbook(), NO_SUCH),
        ("a.xlsx", document(), NO_SUCH),
        ("a.docx", document(**{"word/vbaProject.bin": b"\0"}), MACROS),
        ("a.docx", document(**{"WORD/VBAPROJECT.BIN": b"\0"}), MACROS),
        ("a.docx", document(**{"word/activeX/activeX1.bin": b"\0"}), MACROS),
        ("a.xlsx", zipped({"[Content_Types].xml": types(EXCEL), "xl/macrosheets/sheet1.xml": ""}), MACROS),
        (
            "a.xlsx",
            zipped(
                {"[Content_Types].xml": types(EXCEL, "<Default ContentType='application/vnd.ms-office.vbaProject'/>")}
            ),
            MACROS,
        ),
        (
            "a.docx",
            zipped(
                {"[Content_Types].xml": types("application/vnd.ms-word.document.macroEnabled.main+xml"), "word/a": ""}
            ),
            MACROS,
        ),
        ("a.docx", b"PK\x03\x04", DAMAGED),
        ("a.docx", document()[:-30], DAMAGED),
        ("a.docx", document() + b"<script>", DAMAGED),
        ("a.docx", with_end(document(), 12, struct.pack("<L", 50_000_000)), DAMAGED),
        ("a.docx", with_end(document(), 16, struct.pack("<L", 40_000_000)), DAMAGED),
        ("a.docx", LOCKED, "protected by a password or in an old format"),
        ("a.doc", LOCKED, OTHER),
        ("a.xlsm", workbook(), OTHER),
        ("a.html.pdf", b"<html>%PDF-", OTHER),
        ("a.svg", b"<svg/>", OTHER),
        ("pdf", b"%PDF-", OTHER),
        ("a.png", b"\xff\xd8\xff", OTHER),
        ("a.zip", document(), OTHER),
    ],
)
def test_what_only_pretends_is_refused_with_a_remedy(name, content, words):
    why = why_not_taken(name, content)
    assert words in why and f"“{name}”" in why and ("ave it" in why or "attach that" in why)


def test_every_broken_byte_of_a_small_document_is_a_refusal_or_nothing_but_never_a_fault():
    whole = document()
    for at in range(len(whole)):
        for value in (0, 255, whole[at] ^ 1):
            why_not_taken("a.docx", whole[:at] + bytes([value]) + whole[at + 1 :])


def test_a_document_that_would_unpack_to_gigabytes_costs_next_to_nothing():
    bomb = zipped({"[Content_Types].xml": b" " * 50_000_000, "word/document.xml": b"0" * 50_000_000})
    many = zipped({f"word/{n}": "" for n in range(40_000)} | {"[Content_Types].xml": types(WORD)})
    tracemalloc.start()
    for content in (bomb, many):
        assert DAMAGED in why_not_taken("a.docx", content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16_000_000
