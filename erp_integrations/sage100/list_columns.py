"""The columns of an exported list: what each is called in files, which one holds which field, and the rows by field."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from erp_integrations.sage100.list_rows import KINDS, LINE_READERS, meanings
from erp_integrations.sage100.list_words import TITLES
from erp_integrations.sage100.lists import STATUS_NAMES

STATUS_WORDS = meanings(STATUS_NAMES)
INACTIVE = "is_inactive"  # Sage ticks what is put aside; our records say what is in use
HEADING_ROWS = 10  # a report may begin with its own title
YES_NO = "yes or no"
AMOUNT = "an amount, such as 1,250.00"


@dataclass(frozen=True)
class Column:
    """One field of a list as a file has it. `words`: other headings it goes by; `holds` says what is in its cells."""

    field: str
    heading: str
    words: tuple[str, ...] = ()
    holds: str = ""
    is_required: bool = False


# {list: {field: (heading, other headings, what it holds)}}
NAMED = {
    "vendors": {
        "number": ("Vendor number", "vendor no|vendor#|vendor|record no|record#|record number|number|no", "digits"),
        "name": ("Vendor name", "name|vendor", ""),
        "short_name": ("Short name", "short", ""),
        "is_active": ("Active", "in use", YES_NO),
        INACTIVE: ("Inactive", "not active|put aside", YES_NO),
        "is_internal": ("Internal", "internal vendor|internal use", YES_NO),
        "ledger_account": ("Ledger account", "default account|account|gl account|ledger acct|default ledger", "digits"),
        "due_terms": ("Due terms", "due date terms|terms|due", "30DY, 02MO, 25TH"),
        "discount_terms": ("Discount terms", "disc terms|discount date terms", "as due terms"),
        "purchase_order_rule": ("PO rule", "po required|purchase order rule|po", "0, 1, 2, 5 or 6"),
        "default_status": ("Invoice status", "default status|status", "1 or 2"),
        "hold_payment": ("Hold payment", "hold|payment hold|on hold", YES_NO),
        "workers_comp_flag": ("Workers’ comp flag", "workers comp|work comp|workers compensation", YES_NO),
    },
    "jobs": {
        "number": ("Job number", "job no|job#|job|record no|record#|record number|number|no", "digits"),
        "name": ("Job name", "name|job", ""),
        "status": ("Status", "job status", STATUS_WORDS),
        "posts_to_wip": ("Posts to WIP", "wip|post to wip|work in progress", YES_NO),
        "ledger_account": ("Ledger account", "ledger override|account|gl account|expense account", "digits"),
        "phases": ("Phases", "phase|phase no|phase#|phase number", "one or several numbers"),
    },
    "cost_codes": {
        "code": ("Cost code", "code|cost code no|cost code#|record no|record#|record number|number", "2310.000"),
        "name": ("Name", "cost code name|description", ""),
        "is_active": ("Active", "in use", YES_NO),
        INACTIVE: ("Inactive", "not active|put aside", YES_NO),
    },
    "ledger_accounts": {
        "number": ("Account number", "account no|account#|account|record no|record#|number|no", "digits"),
        "name": ("Account name", "name|long name|description|account", ""),
        "type": ("Account type", "type|type no", "13 direct expense, 3 work in progress"),
        "is_active": ("Active", "in use", YES_NO),
        INACTIVE: ("Inactive", "not active|put aside", YES_NO),
        "needs_sub_account": ("Needs sub-account", "subaccounts|has subaccounts|sub account required", YES_NO),
        "cost_type": ("Cost type", "type of cost", "1 to 9"),
        "sub_accounts": ("Sub-accounts", "sub account|subaccount|subaccount no", "one or several numbers"),
    },
    "subcontracts": {
        "number": ("Subcontract number", "subcontract no|subcontract#|subcontract|contract no|number", "as in Sage"),
        "vendor_number": ("Vendor number", "vendor no|vendor#|vendor", "digits"),
        "job_number": ("Job number", "job no|job#|job", "digits"),
        "status": ("Status", "contract status|subcontract status", STATUS_WORDS),
        "retention_rate": ("Retention %", "retention|retainage|retainage %|retention rate", "0 to 100"),
        "hold_payment": ("Hold payment", "hold|payment hold|on hold", YES_NO),
        "is_locked": ("Locked", "lock edit|lock|lock edits", YES_NO),
        "line_reference": ("Line", "line no|line#|line number|line reference", "digits"),
        "cost_code": ("Cost code", "code|cost code no", "2310.000"),
        "cost_type": ("Cost type", "type", "1 to 9"),
        "contract": ("Contract", "contract amount|amount|original contract|current contract", AMOUNT),
        "change": ("Changes", "change|change orders|changes to date", AMOUNT),
        "invoiced": ("Invoiced", "invoiced to date|billed", AMOUNT),
        "remaining": ("Remaining", "balance|remaining balance|left", AMOUNT),
    },
    "fiscal_periods": {
        "year": ("Year", "fiscal year|posting year", "2026"),
        "period": ("Period", "posting period|period no|month", "0 to 12"),
        "first_date": ("First day", "start|start date|from|begin|period start", "2026-06-30 or 06/30/2026"),
        "last_date": ("Last day", "end|end date|to|period end", "2026-06-30 or 06/30/2026"),
        "is_locked": ("Locked", "lock|closed", YES_NO),
    },
    "payable_invoices": {
        "vendor_number": ("Vendor number", "vendor no|vendor#|vendor", "digits"),
        "invoice_number": ("Invoice number", "invoice no|invoice#|invoice", "as in Sage"),
        "job_number": ("Job number", "job no|job#|job", ""),
        "invoice_date": ("Invoice date", "date", "2026-06-30 or 06/30/2026"),
        "gross": ("Gross", "invoice total|total|invoice amount|amount", AMOUNT),
        "retention": ("Retention", "retainage|retention amount", AMOUNT),
        "balance": ("Balance", "invoice balance|open balance", AMOUNT),
        "status": ("Status", "invoice status|status no", "1 to 5"),
        "user_def_1": ("User def 1", "user defined 1|userdef1|user def1", "the batch key of a file of ours"),
        "user_def_2": ("User def 2", "user defined 2|userdef2|user def2", ""),
        "record_number": ("Record number", "record no|record#|transaction no", ""),
    },
}
NAMED["purchase_orders"] = NAMED["subcontracts"] | {
    "number": ("PO number", "po no|po#|po|purchase order|purchase order no|order no|number", "as in Sage")
}
OF_A_LINE = ("line_reference", "cost_code", "cost_type")


def columns_of(kind: str) -> list[Column]:
    """In the order of the example file."""
    found = []
    for field, (heading, words, holds) in NAMED[kind].items():
        required = field in KINDS[kind].required
        found.append(Column(field, heading, (*words.split("|"), field), holds, required))
    return found


def headings_of(kind: str) -> list[str]:
    """Of the example file, which says what is in use and leaves out its opposite."""
    return [column.heading for column in columns_of(kind) if column.field != INACTIVE]


def either_of(kind: str) -> str:
    """Which of its columns a file has only one of, as a sentence; empty where there are none such."""
    named = NAMED[kind]
    return f"Give {named['is_active'][0]} or {named[INACTIVE][0]}, not both." if INACTIVE in named else ""


def clash(kind: str, chosen: Mapping[str, int | None]) -> str:
    """What to do where both of two such columns are chosen, which may contradict each other; else empty."""
    return either_of(kind) if all(chosen.get(field) is not None for field in ("is_active", INACTIVE)) else ""


def heading_row(kind: str, rows: Sequence[tuple[int, list[str]]]) -> int:
    """The index of the row that names the columns: the first that names two of them, else the first."""
    known = {plain(word) for column in columns_of(kind) for word in (column.heading, *column.words)}
    for at, (_, cells) in enumerate(rows[:HEADING_ROWS]):
        if len({plain(cell) for cell in cells} & known) >= 2:
            return at
    return 0


def plain(heading: str) -> str:
    """Vendor No., vendor no and VENDOR-NO are one heading; # is no."""
    return "".join(c for c in heading.casefold().replace("#", "no") if c.isalnum())


def proposed(
    kind: str, titles: Sequence[str], earlier: Mapping[str, str | None] | None = None
) -> dict[str, int | None]:
    """{field: the index of its column, None for none}: as it was chosen for an earlier file, else by the heading.

    `earlier`: {field: its heading there, None where it was left out}. A column is proposed once.
    """
    earlier = earlier or {}
    places = {}
    for at, title in enumerate(titles):
        places.setdefault(plain(title), at)
    found: dict[str, int | None] = {column.field: None for column in columns_of(kind)}
    for field, title in earlier.items():
        if field in found and title is not None and plain(title) in places:
            found[field] = places[plain(title)]
    settled = {field for field, title in earlier.items() if title is None or found.get(field) is not None}
    for pick in (lambda column: (column.heading, column.field), lambda column: column.words):
        for column in columns_of(kind):
            if found[column.field] is None and column.field not in settled:
                found[column.field] = _first_free(pick(column), places, found)
    return found


def remembered(kind: str, titles: Sequence[str], chosen: Mapping[str, int | None]) -> dict[str, str | None]:
    """How an earlier file was read: {field: heading}, None where its proposed column was taken away by somebody."""
    usual = proposed(kind, titles)
    found = {field: titles[at] for field, at in chosen.items() if at is not None}
    return found | {field: None for field, at in chosen.items() if at is None and usual.get(field) is not None}


def _first_free(words: Iterable[str], places: Mapping[str, int], found: Mapping[str, int | None]) -> int | None:
    taken = set(found.values())
    return next((places[plain(word)] for word in words if places.get(plain(word), -1) not in (*taken, -1)), None)


def missing(kind: str, chosen: Mapping[str, int | None]) -> list[Column]:
    """The columns that a list can't do without and nobody has named; of a line, when it has some but not all."""
    lacking = [column for column in columns_of(kind) if column.is_required and chosen.get(column.field) is None]
    if KINDS[kind].child == "lines" and any(chosen.get(field) is not None for field in LINE_READERS):
        lacking += [c for c in columns_of(kind) if c.field in OF_A_LINE and chosen.get(c.field) is None]
    return lacking


def by_field(chosen: Mapping[str, int | None], rows: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    """The rows' cells under their fields, as `list_rows.parse` takes them."""
    places = [(field, at) for field, at in chosen.items() if at is not None]
    found = []
    for cells in rows:
        row = {field: cells[at] if at < len(cells) else "" for field, at in places}
        if INACTIVE in row:
            row["is_active"] = _turned(row.pop(INACTIVE))
        found.append(row)
    return found


def _turned(cell: str) -> str:
    """Inactive yes is active no; what is neither stays as it is, to be refused by its name."""
    word = cell.strip().casefold().removesuffix(".0")
    if word in ("", "0", "no", "n", "false", "f"):
        return "yes"
    return "no" if word in ("1", "yes", "y", "true", "t", "x") else cell


def title_of(kind: str, field: str, chosen: Mapping[str, int | None]) -> tuple[str, int | None]:
    """The heading of a field, and which column it was read from."""
    if field == "is_active" and chosen.get(INACTIVE) is not None:
        field = INACTIVE
    named = NAMED[kind].get(field)
    return (named[0] if named else TITLES.get(field, "")), chosen.get(field)
