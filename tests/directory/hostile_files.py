"""Files that no honest spreadsheet makes, each crafted in a few lines: {what it is: (its name, its bytes)} (R103)."""

import io
import zipfile
import zlib
from collections.abc import Callable

from openpyxl import Workbook

CONTENT_TYPES = "[Content_Types].xml"
SHEET = "xl/worksheets/sheet1.xml"
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BOMB = b"0" * (30 * 1024 * 1024)
DTD = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'
OLD_OFFICE = bytes.fromhex("D0CF11E0A1B11AE1")
HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {}


def honest(*rows) -> bytes:
    book = Workbook()
    for row in rows or (("Vendor", "Number"), ("Bolt Electric", "V-1")):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts_of(workbook: bytes) -> dict[str, bytes]:
    package = zipfile.ZipFile(io.BytesIO(workbook))
    return {name: package.read(name) for name in package.namelist()}


def packed(parts: dict[str, bytes], how=zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    return packed(parts_of(honest()) | {name: content})


def with_sheet(rows: str, before: str = "") -> bytes:
    sheet = f'<?xml version="1.0" encoding="UTF-8"?>{before}<worksheet {NS}>{rows}</worksheet>'
    return with_part(SHEET, sheet.encode())


def data(*cells: str) -> str:
    return f"<sheetData><row r='1'>{''.join(cells)}</row></sheetData>"


def lying_about_size() -> bytes:
    """Deflated zeros whose header says ten bytes."""
    content = bytearray(with_part("xl/extra.xml", b"0" * 1_000_000))
    size = (1_000_000).to_bytes(4, "little")
    while size in content:
        at = content.index(size)
        content[at : at + 4] = (10).to_bytes(4, "little")
    return bytes(content)


def encrypted_entry() -> bytes:
    content = bytearray(honest())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    return bytes(content)


def hostile(what: str, name: str = "list.xlsx"):
    def registered(make: Callable[[], bytes]):
        HOSTILE[what] = (name, make)
        return make

    return registered


for what, part, content in (
    ("macros", "xl/vbaProject.bin", b"\xd0\xcf"),
    ("macros under another case", "XL/VBAPROJECT.BIN", b"\xd0\xcf"),
    ("links to other workbooks", "xl/externalLinks/externalLink1.xml", b"<x/>"),
    ("an embedded file", "xl/embeddings/oleObject1.bin", b"MZ"),
    ("a control", "xl/activeX/activeX1.xml", b"<x/>"),
    ("a data connection", "xl/connections.xml", b"<x/>"),
    ("a sheet of old macros", "xl/macrosheets/sheet1.xml", b"<x/>"),
    ("a zip in the zip", "xl/media/inner.xml", honest()),
    ("a part outside the package", "../../etc/cron.d/x.xml", b"<x/>"),
    ("a part with an absolute name", "/etc/passwd", b"x"),
    ("a part with backslashes", "xl\\..\\evil.xml", b"<x/>"),
    ("an entity in the shared strings", "xl/sharedStrings.xml", DTD + b"<sst/>"),
    ("an entity in the workbook", "xl/workbook.xml", DTD + b"<workbook/>"),
    ("an entity in the styles", "xl/styles.xml", DTD + b"<styleSheet/>"),
    ("an entity in the relations", "xl/_rels/workbook.xml.rels", DTD + b"<Relationships/>"),
    ("an entity in the content types", CONTENT_TYPES, DTD + b"<Types/>"),
    ("a document type hidden in UTF-16", SHEET, (DTD.decode() + "<worksheet/>").encode("utf-16")),
    ("another encoding", SHEET, b'<?xml version="1.0" encoding="utf-7"?><worksheet/>'),
    ("XML that breaks off", SHEET, b'<?xml version="1.0"?><worksheet><sheetData>'),
    ("a sheet that is no XML", SHEET, b"hello"),
    ("a workbook that is no XML", "xl/workbook.xml", b"\x89PNG"),
    ("a part that unpacks a thousandfold", "xl/media/a.bin", BOMB),
):
    HOSTILE[what] = ("list.xlsx", lambda part=part, content=content: with_part(part, content))


@hostile("an external entity that reads a file")
def _():
    return with_part(SHEET, b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>')


@hostile("a billion laughs")
def _():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return with_part(SHEET, f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "lol">{laughs}]><r>&l9;</r>'.encode())


@hostile("four parts that unpack to more than 100 MB")
def _():
    return packed(parts_of(honest()) | {f"xl/media/{n}.bin": BOMB for n in range(4)})


@hostile("201 parts")
def _():
    return packed(parts_of(honest()) | {f"xl/media/{n}.bin": b"x" for n in range(201)})


@hostile("a hundred thousand empty parts")
def _():
    return packed({f"{n}": b"" for n in range(100_000)}, zipfile.ZIP_STORED)


@hostile("a thousand sheets that are one part")
def _():
    parts = parts_of(honest())
    one = b'<sheet name="S%d" sheetId="%d" r:id="rId1"/>'
    sheets = b"".join(one % (n, n) for n in range(1, 1001))
    book = b'<?xml version="1.0"?><workbook xmlns:r="r"><sheets>' + sheets + b"</sheets></workbook>"
    return packed(parts | {"xl/workbook.xml": book})


@hostile("a header that lies about a size")
def _():
    return lying_about_size()


@hostile("an encrypted entry")
def _():
    return encrypted_entry()


@hostile("a workbook with a password")
def _():
    return OLD_OFFICE + b"\0" * 500 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 500


@hostile("an old workbook (.xls)", "list.xls")
def _():
    return OLD_OFFICE + b"\0" * 2000


@hostile("an old workbook under a new name")
def _():
    return OLD_OFFICE + b"\0" * 2000


@hostile("half a workbook")
def _():
    content = honest()
    return content[: len(content) // 2]


@hostile("a workbook without its end")
def _():
    return honest()[:-30]


@hostile("a workbook with a flipped byte")
def _():
    content = bytearray(with_part("xl/extra.xml", bytes(range(256)) * 40))
    at = content.find(b"xl/extra.xml") + 40
    content[at] ^= 0xFF
    return bytes(content)


@hostile("PK and nothing more")
def _():
    return b"PK\x03\x04"


@hostile("a zip that is no workbook")
def _():
    return packed({"readme.txt": b"hello"})


@hostile("a document (.docx)")
def _():
    return packed({CONTENT_TYPES: b"<Types/>", "word/document.xml": b"<w/>"})


@hostile("a picture")
def _():
    return b"\x89PNG\r\n\x1a\n" + b"\0" * 100


@hostile("a PDF")
def _():
    return b"%PDF-1.7 hello"


@hostile("a web page")
def _():
    return b"<html><script>alert(1)</script></html>"


@hostile("an empty file")
def _():
    return b""


@hostile("eleven megabytes")
def _():
    return b"PK\x03\x04" + b"0" * (11 * 1024 * 1024)


@hostile("a workbook whose types allow macros")
def _():
    types = parts_of(honest())[CONTENT_TYPES].replace(
        b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    )
    return with_part(CONTENT_TYPES, types)


@hostile("a formula")
def _():
    return honest(("Vendor", "Number"), ('=HYPERLINK("http://evil.example","Acme")', "V-1"))


@hostile("a formula that shares another's")
def _():
    return with_sheet(data("<c r='A1' t='str'><f t='shared' si='0'/><v>Vendor</v></c>"))


@hostile("a formula under a prefix")
def _():
    return with_sheet(data("<c r='A1' t='str'><x:f xmlns:x='urn:x'>1+1</x:f><v>Vendor</v></c>"))


@hostile("text that readers pass over")
def _():
    return with_sheet(data("<c r='A1' t='str'><v><![CDATA[Vendor]]></v></c>"))


@hostile("a spreadsheet of another kind under the same roof")
def _():
    return with_part("content.xml", b"<office:document-content/>")


@hostile("an error instead of a value")
def _():
    return with_sheet(data("<c r='A1' t='e'><v>#REF!</v></c>"))


@hostile("an error that there is not")
def _():
    return with_sheet(data("<c r='A1' t='e'><v>Vendor</v></c>"))


@hostile("a cell in a column that Excel lacks")
def _():
    return with_sheet(data("<c r='ZZZZZZ1' t='str'><v>x</v></c>"))


@hostile("a cell without a place")
def _():
    return with_sheet(data("<c r='1A' t='str'><v>x</v></c>"))


@hostile("a row beyond the end of any sheet")
def _():
    return with_sheet("<sheetData><row r='99999999999999'><c r='A99999999999999'><v>1</v></c></row></sheetData>")


@hostile("a shared string that is not there")
def _():
    return with_sheet(data("<c r='A1' t='s'><v>999999</v></c>"))


@hostile("a date in the year 40000")
def _():
    return with_sheet(data("<c r='A1' t='d'><v>40000-01-01T00:00:00</v></c>"))


@hostile("a number of twenty digits")
def _():
    return with_sheet(data("<c r='A1'><v>12345678901234567890</v></c>"))


@hostile("a number that is none")
def _():
    return with_sheet(data("<c r='A1'><v>NaN</v></c>"))


@hostile("a cell of a hundred thousand characters")
def _():
    return honest(("Vendor",), ("x" * 30_000,))


@hostile("one string shown in fifty thousand cells")
def _():
    parts = parts_of(honest())
    strings = f'<?xml version="1.0"?><sst {NS}><si><t>{"x" * 1900}</t></si></sst>'.encode()
    rows = "".join(f"<row r='{n}'><c r='A{n}' t='s'><v>0</v></c></row>" for n in range(1, 50_000))
    sheet = f'<?xml version="1.0"?><worksheet {NS}><sheetData>{rows}</sheetData></worksheet>'.encode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    told = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'.encode()
    types = parts[CONTENT_TYPES] if kind.encode() in parts[CONTENT_TYPES] else None
    types = types or parts[CONTENT_TYPES].replace(b"</Types>", told)
    parts |= {SHEET: sheet, "xl/sharedStrings.xml": strings, CONTENT_TYPES: types}
    return packed(parts, zipfile.ZIP_STORED)


@hostile("sixty thousand rows")
def _():
    rows = "".join(f"<row r='{n}'><c r='A{n}'><v>{n * 7919}</v></c></row>" for n in range(1, 60_000))
    return with_sheet(f"<sheetData>{rows}</sheetData>")


@hostile("a hundred columns")
def _():
    return honest([f"Column {n}" for n in range(100)])


@hostile("only hidden sheets")
def _():
    book = parts_of(honest())["xl/workbook.xml"]
    return with_part("xl/workbook.xml", book.replace(b'state="visible"', b'state="veryHidden"'))


@hostile("nested tags without end")
def _():
    return with_sheet("<x>" * 200_000 + "</x>" * 200_000)


for what, content in (
    ("CSV in UTF-16", "Vendor,Number\r\nAcme,1".encode("utf-16")),
    ("CSV in no known encoding", b"Vendor,Number\r\n\x81\x8d\xff,1"),
    ("CSV with an open quotation mark", b'Vendor,Number\r\n"Acme,1\r\n'),
    ("CSV with a NUL", b"Vendor,Number\r\nAc\0me,1"),
    ("CSV with a bell", b"Vendor,Number\r\nAc\x07me,1"),
    ("CSV with a right-to-left override", "Vendor\r\nAcme\u202eExe".encode()),
    ("CSV with a noncharacter", "Vendor\r\nAcme\ufffe".encode()),
    ("CSV with a tab inside a cell", b'Vendor,Number\r\n"Ac\tme",1'),
    ("CSV of a million commas", b"Vendor" + b"," * 1_000_000),
    ("CSV of a million columns", b"Vendor" + b",x" * 1_000_000),
    ("CSV with one endless cell", b"Vendor\r\n" + b"x" * 1_000_000),
    ("CSV of empty lines", b"\r\n" * 100_000),
    ("CSV without a known heading", b"Foo,Bar\r\n1,2"),
    ("CSV with a heading twice", b"Vendor,Name,vendor\r\n1,2,3"),
    ("CSV with headings alone", b"Vendor,Number\r\n"),
    ("deflated nonsense", zlib.compress(b"x" * 1000)),
):
    HOSTILE[what] = ("list.csv", lambda content=content: content)
