"""Rows of text from an uploaded list to typed records, all or nothing, with every bad cell named (R109)."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from erp_integrations.sage100.lists import (
    ORDER_RULES,
    PAYABLE_STATUS_NAMES,
    STATUS_NAMES,
    CommitmentLine,
    CostCode,
    FiscalPeriod,
    Job,
    LedgerAccount,
    PayableInvoice,
    SageCommitment,
    Vendor,
    record_key,
)
from erp_integrations.sage100.terms import date_by_terms

NUMBER = re.compile(r"[0-9]{1,15}")
CODE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
LAST_PERIOD = 12
AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,2})?")
DATE_FORMATS = ("%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d %H:%M:%S")
ANY_DAY = date(2000, 1, 1)
PARTS_OF_ONE = (
    "Every rate in this column is below 1, so 10 % would be read as 0.1 %: a cell that shows 10% holds 0.1. Format the"
    " column as a number and type 10 for ten percent. A rate that really is below 1 percent: type it as text, 0.5%."
)
YES, NO = {"1", "yes", "y", "true", "t", "x"}, {"", "0", "no", "n", "false", "f"}


@dataclass(frozen=True)
class RowProblem:
    """`row` counts the data rows from 1. `message` says what is wrong and what the cell should hold."""

    row: int
    field: str
    value: str
    message: str


@dataclass(frozen=True)
class Parsed:
    """Either records, or problems; never some of each. `warnings`: cells that are taken as they are and help nobody."""

    records: tuple
    problems: tuple[RowProblem, ...]
    warnings: tuple[RowProblem, ...] = ()


@dataclass(frozen=True)
class Kind:
    """One of the lists: how each field is read, and which field makes the rows of one record differ."""

    record: type
    readers: Mapping[str, Callable[[str], object]]
    required: tuple[str, ...]
    child: str = ""


def text(cell: str) -> str:
    return cell.strip()


def number(cell: str) -> str:
    """A record number: digits, as Sage counts them (no leading zeros; Excel's trailing `.0` is dropped)."""
    digits = re.sub(r"\.0+$", "", cell.strip())
    if not NUMBER.fullmatch(digits):
        raise ValueError("Expected a number in digits.")
    return str(int(digits))


def optional_number(cell: str) -> str | None:
    """Empty and 0 both mean none: Sage numbers from 1."""
    found = number(cell) if cell.strip() else "0"
    return None if found == "0" else found


def integer(cell: str) -> int:
    return int(number(cell))


def optional_integer(cell: str) -> int | None:
    found = optional_number(cell)
    return None if found is None else int(found)


def meanings(names: Mapping[int, str]) -> str:
    """`1 Bid, 2 Refused`."""
    return ", ".join(f"{number} {name}" for number, name in names.items())


def one_of(names: Mapping[int, str]) -> Callable[[str], int]:
    """The reader of a number that Sage gives a meaning: an empty or unknown one is no word that it may be billed."""

    def read(cell: str) -> int:
        found = re.sub(r"\.0+$", "", cell.strip())
        if found not in {str(number) for number in names}:
            raise ValueError(f"Expected one of {meanings(names)}.")
        return int(found)

    return read


status, payable_status, order_rule = (one_of(each) for each in (STATUS_NAMES, PAYABLE_STATUS_NAMES, ORDER_RULES))


def period(cell: str) -> int:
    """A posting period; 0 are the opening balances."""
    found = integer(cell)
    if found > LAST_PERIOD:
        raise ValueError(f"Expected a posting period from 0 to {LAST_PERIOD}.")
    return found


def code(cell: str) -> str:
    """A cost code N9,3, always written with three decimals."""
    if not CODE.fullmatch(cell.strip()):
        raise ValueError("Expected a cost code such as 2310.000: up to six digits and three decimals.")
    return f"{Decimal(cell.strip()):.3f}"


def amount(cell: str) -> Decimal:
    """Money with at most two decimals; commas, a dollar sign and accounting parentheses are understood."""
    plain = cell.strip().replace(",", "").replace("$", "").replace(" ", "")
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    if not AMOUNT.fullmatch(plain or "0"):
        raise ValueError("Expected an amount such as 1,250.00.")
    return Decimal(f"{Decimal(plain or '0'):.2f}")


def optional_amount(cell: str) -> Decimal | None:
    return amount(cell) if cell.strip() else None


def optional_percent(cell: str) -> Decimal | None:
    plain = cell.strip().rstrip("%").strip()
    if not plain:
        return None
    try:
        percent = Decimal(plain)
    except InvalidOperation:
        percent = Decimal(-1)
    if not (percent.is_finite() and 0 <= percent <= 100):
        raise ValueError("Expected a rate between 0 and 100 percent.")
    return percent


def flag(cell: str) -> bool:
    word = re.sub(r"\.0+$", "", cell.strip().lower())
    if word not in YES | NO:
        raise ValueError("Expected yes or no.")
    return word in YES


def active(cell: str) -> bool | None:
    """Like flag; None for a cell left empty, which the rules say. A list without the column means all of it."""
    return flag(cell) if cell.strip() else None


@lru_cache(maxsize=4096)
def day(cell: str) -> date:
    """One of the shapes in use. A list of 50,000 invoices holds few days."""
    for shape in DATE_FORMATS:
        try:
            return datetime.strptime(cell.strip(), shape).date()
        except ValueError:
            continue
    raise ValueError("Expected a date such as 2026-06-30 or 06/30/2026.")


def optional_day(cell: str) -> date | None:
    return day(cell) if cell.strip() else None


def numbers(cell: str) -> tuple[str, ...]:
    """Several record numbers in one cell, parted by spaces, commas or semicolons; 0 stands for none."""
    found = (optional_number(part) for part in re.split(r"[\s,;]+", cell.strip()) if part)
    return tuple(dict.fromkeys(item for item in found if item is not None))


def invoice_number(cell: str) -> str:
    if not cell.strip():
        raise ValueError("Expected an invoice number.")
    return cell.strip()


LINE_READERS = {
    "line_reference": number, "cost_code": code, "cost_type": integer, "contract": amount, "change": amount,
    "invoiced": amount, "remaining": optional_amount,
}  # fmt: skip
COMMITMENT = Kind(
    SageCommitment,
    {"number": invoice_number, "vendor_number": number, "job_number": number, "status": status,
     "retention_rate": optional_percent, "hold_payment": flag, "is_locked": flag},
    ("number", "vendor_number", "job_number", "status"),
    child="lines",
)  # fmt: skip
KINDS = {
    "vendors": Kind(
        Vendor,
        {"number": number, "name": text, "short_name": text, "is_active": active, "is_internal": flag,
         "ledger_account": optional_number, "due_terms": text, "discount_terms": text,
         "purchase_order_rule": order_rule, "default_status": optional_integer, "hold_payment": flag,
         "workers_comp_flag": flag},
        ("number", "name"),
    ),
    "jobs": Kind(
        Job,
        {"number": number, "name": text, "status": status, "posts_to_wip": flag, "ledger_account": optional_number,
         "phases": numbers},
        ("number", "name", "status"),
        child="phases",
    ),
    "cost_codes": Kind(CostCode, {"code": code, "name": text, "is_active": active}, ("code", "name")),
    "ledger_accounts": Kind(
        LedgerAccount,
        {"number": number, "name": text, "type": integer, "is_active": active, "needs_sub_account": flag,
         "cost_type": optional_integer, "sub_accounts": numbers},
        ("number", "name", "type"),
        child="sub_accounts",
    ),
    "subcontracts": COMMITMENT,
    "purchase_orders": COMMITMENT,
    "fiscal_periods": Kind(
        FiscalPeriod,
        {"year": integer, "period": period, "first_date": day, "last_date": day, "is_locked": flag},
        ("year", "period", "first_date", "last_date"),
    ),
    "payable_invoices": Kind(
        PayableInvoice,
        {"vendor_number": number, "invoice_number": invoice_number, "job_number": text, "invoice_date": optional_day,
         "gross": amount, "retention": amount, "balance": amount, "status": payable_status, "user_def_1": text,
         "user_def_2": text, "record_number": text},
        ("vendor_number", "invoice_number"),
    ),
}  # fmt: skip


def parse(kind: str, rows: Iterable[Mapping[str, str]]) -> Parsed:
    """The records of one list (a key of KINDS). One bad cell refuses the whole upload and is named.

    Rows repeating a job, ledger account or commitment add its phases, sub-accounts or lines; any other repetition is
    a problem, except in the payable invoices, where Sage itself may hold an invoice twice. Without the column that says
    whether an account needs a sub-account, one that has some does (S32).
    """
    spec, problems, found, rows = KINDS[kind], [], [], list(rows)
    for place, row in enumerate(rows, 1):
        values, faults = _read(spec.readers, row, spec.required, place)
        children, child_faults = _read_children(spec, row, place)
        problems += faults + child_faults + _backwards(values, place)
        if not problems:
            found.append((place, spec.record(**values, **children)))
    if not problems and "retention_rate" in spec.readers:
        problems += _parts_of_one(rows)
    records = () if problems else _merged(spec, found, problems)
    if spec.record is LedgerAccount and all(row.get("needs_sub_account") is None for row in rows):
        records = tuple(replace(record, needs_sub_account=bool(record.sub_accounts)) for record in records)
    return Parsed((), tuple(problems)) if problems else Parsed(records, (), tuple(_unread_terms(spec, rows)))


def _backwards(values, place):
    first, last = values.get("first_date"), values.get("last_date")
    if not (first and last and last < first):
        return []
    return [RowProblem(place, "last_date", last.isoformat(), f"Expected a day that is not before the first, {first}.")]


def _parts_of_one(rows):
    """A spreadsheet keeps what it shows as 10% as 0.1: where every rate is below 1, that is what was read."""
    cells = [(place, (row.get("retention_rate") or "").strip()) for place, row in enumerate(rows, 1)]
    rates = [(place, cell) for place, cell in cells if not cell.endswith("%") and optional_percent(cell)]
    if rates and all(optional_percent(cell) < 1 for _, cell in rates):
        place, cell = rates[0]
        yield RowProblem(place, "retention_rate", cell, PARTS_OF_ONE)


def _unread_terms(spec, rows):
    fields = [field for field in ("due_terms", "discount_terms") if field in spec.readers]
    for place, row in enumerate(rows, 1):
        for field in fields:
            try:
                date_by_terms(row.get(field) or "", ANY_DAY)
            except ValueError as fault:
                yield RowProblem(place, field, row[field], str(fault))


def _read(readers, row, required, place):
    values, faults = {}, []
    for name, reader in readers.items():
        cell = row.get(name) or ""
        is_left_out = row.get(name) is None if reader is active else not cell.strip()
        if is_left_out and name not in required:
            continue
        try:
            values[name] = _filled(reader(cell), name, required)
        except ValueError as fault:
            faults.append(RowProblem(place, name, cell, str(fault)))
    return values, faults


def _filled(value, name, required):
    if name in required and value == "":
        raise ValueError("This cell must not be empty.")
    return value


def _read_children(spec, row, place):
    if spec.child != "lines" or not (row.get("line_reference") or "").strip():
        return {}, []
    values, faults = _read(LINE_READERS, row, ("line_reference", "cost_code", "cost_type"), place)
    return ({}, faults) if faults else ({"lines": (CommitmentLine(**values),)}, [])


def _merged(spec, found, problems):
    """Rows of one key as one record, in one pass: a subcontract may have a thousand lines."""
    if spec.record is PayableInvoice:
        return tuple(record for _, record in found)
    firsts, parts = {}, {}
    for place, record in found:
        key = record_key(record)
        first, known = firsts.setdefault(key, record), parts.setdefault(key, {})
        own = {
            getattr(child, "line_reference", child): child
            for child in (getattr(record, spec.child) if spec.child else ())
        }
        if not _same(spec, first, record) or any(known.get(name, child) != child for name, child in own.items()):
            shown = "-".join(map(str, key)) if isinstance(key, tuple) else str(key)
            message = "This record stands in the list twice, with different values."
            problems.append(RowProblem(place, "", shown, message))
        known |= own
    if not spec.child:
        return tuple(firsts.values())
    return tuple(replace(record, **{spec.child: tuple(parts[key].values())}) for key, record in firsts.items())


def _same(spec, first, record) -> bool:
    """Whether two rows agree in all that a record has once."""
    return first is record or all(
        getattr(first, name) == getattr(record, name) for name in spec.readers if name != spec.child
    )
