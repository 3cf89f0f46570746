"""The import layout as data: which column carries what. Correcting one never needs a programmer."""

import re
from dataclasses import dataclass, replace

from erp_integrations.sage100.lists import NAMES

TEXT, NUMBER, DATE = "S", "N", "D"
MONEY, PLAIN, CODE = "0.00", "0", "0.000"
WRITTEN = (PLAIN, MONEY, CODE, "0.0000", "0.00000", "0.000000")  # how a number may stand in the file

HEADER_SOURCES = (
    "invoice_number",
    "vendor_number",
    "description",
    "invoice_date",
    "due_date",
    "discount_date",
    "status",
    "type",
    "purchase_order_number",
    "subcontract_number",
    "job_number",
    "phase_number",
    "ship_number",
    "reference_number",
    "batch_key",
    "application",
    "discount",
    "retainage",
    "set_to_pay",
    "hot_list",
    "notes",
    "auto_close",
    "posting_date",
)
OF_THE_LINE = (
    "invoice_number",
    "vendor_number",
    "ledger_account",
    "sub_account",
    "description",
    "part_number",
    "unit",
    "quantity",
    "price",
    "line_key",
    "work_order",
    "job_number",
    "phase_number",
    "job_cost_description",
    "cost_code",
    "cost_type",
    "job_cost_notes",
    "line_reference",
)
# A detail row may repeat its header, but not what it holds back: an amount on each line would add up to a multiple.
DETAIL_SOURCES = (*OF_THE_LINE, *(each for each in HEADER_SOURCES if each not in (*OF_THE_LINE, "retainage")))
SOURCES = {"header": HEADER_SOURCES, "detail": DETAIL_SOURCES}
HEADER_FIELDS = 25  # published; of the detail row nobody says how many the import takes
# What nothing else can stand in for: without it Sage joins, pays or books something else.
NEEDED = {
    "header": ("invoice_number", "vendor_number", "invoice_date", "job_number", "batch_key", "retainage"),
    "detail": ("invoice_number", "ledger_account", "quantity", "price", "job_number", "cost_code", "cost_type"),
}
# How these are written at the least: with fewer decimals another number would stand there than was accepted.
FORMATS = {"price": MONEY, "retainage": MONEY, "discount": MONEY, "set_to_pay": MONEY, "cost_code": CODE,
           "quantity": "0.0000"}  # fmt: skip
NO_LINE_TYPE = (
    "No column is always H in the header and, at the same place, always D in the detail. Put the line type back:"
    " whoever reads the file tells the rows by it."
)
AS_MANY_COLUMNS = (
    f"the import takes {HEADER_FIELDS}, by their places. Leave a column empty instead of removing it (always the same,"
    " nothing in it, not required), and put what is new into the place of one that nobody needs."
)
FILE_CODE = re.compile(r"[A-Za-z0-9]{1,20}")  # it stands in the names of files (R110)
LOOKUPS = tuple(NAMES.values())
DATES = ("invoice_date", "due_date", "discount_date", "posting_date")
SOURCES_OF_FACTS = {"reference_no": "reference_number"}  # a fact whose column of a layout is called otherwise
# Matched as text: 0071 and 71 are two.
KEYS = ("invoice_number", "purchase_order_number", "subcontract_number", "reference_number")
LINE_TYPES = ("H", "D")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One place in a row: a `source` of ours or a `constant`. `length` counts characters (text) or digits (number).

    `format` is how a number is written, one of WRITTEN. `lookup` names Sage's list.
    """

    title: str
    source: str = ""
    constant: str | None = None
    type: str = TEXT
    length: int = 0
    decimals: int = 0
    required: bool = False
    lookup: str = ""
    format: str = ""


@dataclass(frozen=True)
class Fault:
    """Why a layout can't be used: of which `part` ("header", "detail", "" for the file code), in which place of it
    (0: none), in words.
    """

    part: str
    place: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A named, versioned pair of column lists. While not `verified`, files are drafts (S6)."""

    name: str
    version: int
    verified: bool
    header: tuple[Column, ...]
    detail: tuple[Column, ...]
    file_code: str = "APINV"
    column_names: bool = False

    @property
    def label(self) -> str:
        return f"{self.name} version {self.version}{'' if self.verified else ' (not verified)'}"

    @property
    def file_prefix(self) -> str:
        return "" if self.verified else "DRAFT-"

    def problems(self) -> tuple[str, ...]:
        """Why no file can follow this layout (S1), in sentences; empty when one can."""
        return tuple(fault.words for fault in self.faults())

    def faults(self) -> tuple[Fault, ...]:
        found = [Fault(part, *each) for part in SOURCES for each in _faults(part, getattr(self, part))]
        found += [Fault("detail", *each) for each in self._lone_keys()]
        if self.line_type_place is None:
            found.append(Fault("header", 0, NO_LINE_TYPE))
        if len(self.header) != HEADER_FIELDS:
            found.append(Fault("header", 0, f"The header has {len(self.header)} columns; {AS_MANY_COLUMNS}"))
        return tuple(found)

    def faults_to_mend(self) -> tuple[Fault, ...]:
        """The same and those of the file code: asked of whoever edits or verifies it, never of a file (S1, S60).

        A layout that files were made after keeps its code for good, so it would stop all that was accepted under it.
        """
        return (*self.faults(), *(Fault(*each) for each in self._wrong_code()))

    def _wrong_code(self):
        """The import knows the file by what a column of the header always says; the detail says no other there."""
        code = self.file_code
        if not FILE_CODE.fullmatch(code):
            yield "", 0, "The file code takes 1 to 20 letters (A to Z) and digits: it stands in the names of files."
            return
        place = next((place for place, column in enumerate(self.header) if column.constant == code), None)
        if place is None:
            yield "", 0, f"The file code is {code}, and no column of the header is always that. Let both say the same."
            return
        other = self.detail[place] if place < len(self.detail) else None
        if other and other.constant not in (None, "", code):
            where = f"Column {place + 1} of the detail ({other.title})"
            yield "detail", place + 1, f"{where} is always “{other.constant}”, the header’s is the file code {code}."

    def _lone_keys(self):
        """Keys that a detail row would say and its header not: the two could only differ (S3)."""
        for source in KEYS:
            place = self.place_of("detail", source)
            if place is not None and self.place_of("header", source) is None:
                where = f"Column {place + 1} of the detail ({self.detail[place].title})"
                words = (
                    f"names the {source.replace('_', ' ')}, the header doesn’t. Name it in the header, or remove this."
                )
                yield place + 1, f"{where} {words}"

    @property
    def line_type_place(self) -> int | None:
        """Where a row says H or D, 0 for the first column: header and detail in one place, so that a reader can tell
        a row before it knows which it is. None when the layout has no such place.
        """
        both = enumerate(zip(self.header, self.detail, strict=False))
        return next((place for place, pair in both if tuple(c.constant for c in pair) == LINE_TYPES), None)

    def place_of(self, part: str, source: str) -> int | None:
        """Where a source stands, 0 for the first column of "header" or "detail"; None when it stands nowhere."""
        return next((place for place, column in enumerate(getattr(self, part)) if column.source == source), None)

    def without_detail(self, source: str, *, name: str) -> "Layout":
        kept = tuple(column for column in self.detail if column.source != source)
        return replace(self, name=name, verified=False, detail=kept)


def _faults(part, columns):
    seen = set()
    for place, column in enumerate(columns, 1):
        where = f"Column {place} of the {part} ({column.title})"
        if column.constant is None and column.source not in SOURCES[part]:
            yield place, f"{where} has no known source “{column.source}”. Choose a source or a constant."
        if column.constant is not None and column.source:
            yield place, f"{where} has both a source and a constant. Keep one of them."
        if column.type not in (TEXT, NUMBER, DATE):
            yield place, f"{where} has the type “{column.type}”. Use S, N or D."
        if column.source and column.source in seen and column.source != "description":
            yield place, f"{where} repeats the source “{column.source}”. Remove one of the two columns."
        yield from ((place, f"{where} {fault}") for fault in _misfits(column))
        seen.add(column.source)
    for source in NEEDED[part]:
        if source not in seen:
            yield 0, f"The {part} has no {source.replace('_', ' ')}. Add its column: no constant can stand there."


def _misfits(column):
    """What its type, format or constant doesn't allow."""
    wanted = FORMATS.get(column.source, "")
    least = decimals_of(wanted)
    if wanted and (column.type != NUMBER or column.format not in WRITTEN or decimals_of(column.format) < least):
        yield f"must be a number written {wanted}, or with more decimals."
    elif wanted and least < decimals_of(column.format) > column.decimals:
        yield f"is written {column.format}, and takes {column.decimals} decimals."
    if column.source in KEYS and column.type != TEXT:
        yield "must be of type S: a number would lose its leading zeros."
    if (column.source in DATES) != (column.type == DATE) and column.constant is None:
        yield "is of type D exactly when it holds a date."
    if column.lookup and column.lookup not in LOOKUPS:
        yield f"looks up in “{column.lookup}”, which is none of Sage's lists: {', '.join(LOOKUPS)}."
    if column.constant is not None and column.required and not column.constant.strip():
        yield "is required, so its constant must not be empty."
    if column.constant and column.length and len(column.constant) > column.length:
        yield f"holds {column.length} characters; its constant has {len(column.constant)}."


def decimals_of(number: str) -> int:
    """How many digits stand after the point, of a number or of the format it is written in."""
    return len(number.partition(".")[2])


def _text(title, source, length, *, required=False, lookup=""):
    return Column(title=title, source=source, length=length, required=required, lookup=lookup)


def _number(title, source, *, length=10, decimals=0, shown=PLAIN, required=False, lookup=""):
    return Column(
        title=title, source=source, type=NUMBER, length=length, decimals=decimals, format=shown, required=required,
        lookup=lookup,
    )  # fmt: skip


def _date(title, source):
    return Column(title=title, source=source, type=DATE, length=10, required=True)


def _money(title, source):
    return _number(title, source, decimals=2, shown=MONEY)


def _constant(title, constant):
    return Column(title=title, constant=constant, length=len(constant), required=True)


HEADER = (
    _constant("File type", "APINV"),
    _constant("Line type", "H"),
    _text("Invoice no", "invoice_number", 20, required=True),
    _number("Vendor no", "vendor_number", required=True, lookup="Vendors 4-4"),
    _text("Description", "description", 50, required=True),
    _date("Invoice date", "invoice_date"),
    _date("Due date", "due_date"),
    _date("Discount date", "discount_date"),
    _number("Status", "status", length=1, required=True),
    _number("Type", "type", length=1, required=True),
    _text("PO no", "purchase_order_number", 20, lookup="Purchase orders 6-6"),
    _text("Subcontract no", "subcontract_number", 20, lookup="Subcontracts 6-7"),
    _number("Job no", "job_number", lookup="Jobs 3-5"),
    _number("Phase no", "phase_number", lookup="Jobs 3-5"),
    _text("Ship no", "ship_number", 20),
    _text("Reference no", "reference_number", 20),
    _text("User def 1", "batch_key", 50),
    _text("User def 2", "application", 50),
    _money("Discount", "discount"),
    _money("Retainage", "retainage"),
    _money("Set to pay", "set_to_pay"),
    _number("Hot list", "hot_list", length=1),
    _text("Notes", "notes", 0),
    _number("Auto close PO", "auto_close", length=1),
    _date("Posting period", "posting_date"),
)

DETAIL = (
    _constant("File type", "APINV"),
    _constant("Line type", "D"),
    _text("Invoice no", "invoice_number", 20, required=True),
    _number("Vendor no", "vendor_number", required=True, lookup="Vendors 4-4"),
    _number("Ledger account", "ledger_account", required=True, lookup="Ledger accounts 1-7"),
    _number("Sub-account", "sub_account", lookup="Ledger accounts 1-7"),
    _text("Description", "description", 50),
    _text("Part no", "part_number", 20),
    _text("Unit", "unit", 10),
    _number("Quantity", "quantity", length=12, decimals=4, shown="0.0000"),
    _number("Price", "price", length=15, decimals=6, shown=MONEY),
    _text("User defined", "line_key", 50),
    _text("Work order", "work_order", 20),
    _number("Job no", "job_number", lookup="Jobs 3-5"),
    _number("Phase no", "phase_number", lookup="Jobs 3-5"),
    _text("Job-cost description", "job_cost_description", 50),
    _number("Cost code", "cost_code", length=9, decimals=3, shown=CODE, lookup="Cost codes 6-5"),
    _number("Cost type", "cost_type", length=1),
    _text("Job-cost notes", "job_cost_notes", 0),
    _number("Subcontract line", "line_reference", lookup="Subcontracts 6-7"),
)

APINV_R1 = Layout(name="apinv-r1", version=1, verified=False, header=HEADER, detail=DETAIL)
APINV_R2 = APINV_R1.without_detail("vendor_number", name="apinv-r2")
SHIPPED = (APINV_R1, APINV_R2)
PLACES = {column.source: place for place, column in enumerate(HEADER) if column.source}
