"""The rows of a mid-job start's file, read as commitments with their change orders and lines, and what is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError

from directory.models import Company
from directory.plain_text import unseen_in
from invoicing.actions.starting_proofs import LoadedChangeOrder, LoadedCommitment, LoadedLine, Problem
from invoicing.calculations.money import (
    ZERO,
    parse_amount,
    parse_filed_rate,
    parse_quantity,
    parse_unit_price,
)
from invoicing.forms.schedule_rows import Choices
from invoicing.forms.schedules import LONGEST, plain_text, why_not_worth, worth_of
from invoicing.models import Commitment, CostType, cost_types_of

HEADINGS = {
    "number": ["Commitment", "Subcontract", "Contract"],
    "title": ["Title"],
    "kind": ["Kind"],
    "vendor": ["Vendor", "Company"],
    "retainage_rate": ["Retainage %"],
    "stored_retainage_rate": ["Held of stored %"],
    "change_order": ["Change order", "CO"],
    "change_order_title": ["Change order title", "CO title"],
    "cost_code": ["Cost code", "Code"],
    "cost_type": ["Cost type", "Type"],
    "description": ["Description"],
    "quantity": ["Quantity", "Qty"],
    "unit": ["Unit", "UOM"],
    "unit_price": ["Unit price"],
    "scheduled_value": ["Scheduled value", "Amount"],
    "work_completed": ["Work completed", "Work"],
    "stored": ["Materials stored", "Stored"],
    "work_retainage": ["Work retainage"],
    "stored_retainage": ["Stored retainage"],
}
REQUIRED = (
    "number",
    "vendor",
    "retainage_rate",
    "cost_code",
    "description",
    "scheduled_value",
    "work_completed",
    "work_retainage",
)
HINTS = {
    "retainage_rate": "what the next bills hold: 10 for 10 %; 0 is a rate",
    "stored_retainage_rate": "needed where retainage is held on stored materials",
    "kind": "subcontract or purchase order; blank is a subcontract",
    "change_order": "the number of the approved one that the line came with; blank is the original contract",
    "unit_price": "with its quantity on lines that are billed by quantity",
    "scheduled_value": "may stay blank beside quantity and unit price",
}
KINDS = {
    "": Commitment.Kind.SUBCONTRACT,
    "subcontract": Commitment.Kind.SUBCONTRACT,
    "sc": Commitment.Kind.SUBCONTRACT,
    "purchase order": Commitment.Kind.PURCHASE_ORDER,
    "po": Commitment.Kind.PURCHASE_ORDER,
}
OF_THE_COMMITMENT = ("vendor", "title", "kind", "retainage_rate", "stored_retainage_rate")
AMOUNTS = ("scheduled_value", "work_completed", "stored", "work_retainage", "stored_retainage")


@dataclass
class Reading:
    """The file as it was read: `loaded` is whole only while there are no problems."""

    loaded: list[LoadedCommitment]
    problems: list[Problem]


def read(company: Company, rows: list[dict]) -> Reading:
    """Rows of text, `row` their number in the file, as commitments with their lines, in the order of the file."""
    vendors = {}
    for vendor in company.vendors.filter(is_active=True):
        vendors |= {key.casefold(): vendor for key in (vendor.name, vendor.number) if key}
    codes = {code.code: code for code in company.cost_codes.filter(is_active=True)}
    choices = Choices(codes, cost_types_of(company))
    problems, loaded, groups = [], [], {}
    for cells in rows:
        groups.setdefault(cells["number"].casefold(), []).append(cells)
    for group in groups.values():
        found = [*_wrong_head(group, vendors), *_wrong_orders(group, vendors)]
        lines = [_line(cells, choices, found) for cells in group]
        problems += found
        if not found:
            loaded.append(_commitment(group, lines, vendors))
    return Reading(loaded, problems)


def _commitment(group: list[dict], lines: list[LoadedLine], vendors: dict) -> LoadedCommitment:
    first = group[0]
    by_order = _by_order(zip(group, lines, strict=True))
    original = by_order.pop("", [])
    return LoadedCommitment(
        number=first["number"],
        title=first.get("title") or first["number"],
        vendor=vendors[first["vendor"].casefold()],
        kind=KINDS[_kind(first)],
        retainage_rate=_rate(first, "retainage_rate"),
        stored_retainage_rate=_rate(first, "stored_retainage_rate"),
        lines=tuple(line for _, line in original),
        change_orders=tuple(
            LoadedChangeOrder(
                number=cells["change_order"],
                title=cells.get("change_order_title") or cells["change_order"],
                lines=tuple(line for _, line in pairs),
            )
            for pairs in by_order.values()
            for cells in (pairs[0][0],)
        ),
    )


def _by_order(pairs: Iterable[tuple[dict, object]]) -> dict[str, list]:
    """Rows by the change order that they name, in the order of the file; "": those of the original contract."""
    found = {}
    for pair in pairs:
        found.setdefault(pair[0].get("change_order", "").casefold(), []).append(pair)
    return found


def _kind(cells: dict) -> str:
    return " ".join(cells.get("kind", "").casefold().replace("_", " ").split())


def _rate(cells: dict, name: str) -> Decimal | None:
    """In percent; None where nothing is said. 0 is a rate (5.4)."""
    return parse_filed_rate(cells[name]) if cells.get(name) else None


def _holds_on_stored(cells: dict) -> bool:
    return cells.get("stored_retainage", "").strip("0., $") != ""


def _wrong_rates(group: list[dict]) -> Iterator[Problem]:
    """What is held from the next bill on: said by somebody, never taken to be nothing (5.4)."""
    first = group[0]
    if not first.get("retainage_rate"):
        yield Problem(
            first["row"], "retainage_rate", "Say what its next bills hold of their work, in percent; 0 is a rate."
        )
    if not first.get("stored_retainage_rate") and any(_holds_on_stored(cells) for cells in group):
        words = "Retainage is held on stored materials: say what the next bills hold of them, in percent; 0 is a rate."
        yield Problem(first["row"], "stored_retainage_rate", words)
    for name in ("retainage_rate", "stored_retainage_rate"):
        try:
            _rate(first, name)
        except ValueError as wrong:
            yield Problem(first["row"], name, str(wrong))


def _wrong_head(group: list[dict], vendors: dict) -> Iterator[Problem]:
    """What is wrong with what the first row says of the commitment; later rows say the same or nothing."""
    first = group[0]
    number = Commitment._meta.get_field("number")
    try:
        number.run_validators(first["number"])
    except ValidationError as wrong:
        yield Problem(first["row"], "number", " ".join(wrong.messages))
    if not first["number"]:
        yield Problem(first["row"], "number", "Say which commitment it is.")
    if first["vendor"].casefold() not in vendors:
        yield Problem(first["row"], "vendor", f"“{first['vendor']}” is no active vendor of the directory.")
    if len(first.get("title", "")) > 120:
        yield Problem(first["row"], "title", "Use 120 characters at most.")
    if _kind(first) not in KINDS:
        words = f"“{first['kind']}” is no kind of commitment. Say subcontract or purchase order."
        yield Problem(first["row"], "kind", words)
    yield from _wrong_rates(group)
    yield from _contradictions(group, OF_THE_COMMITMENT, vendors)


def _contradictions(rows: list[dict], columns: Iterable[str], vendors: dict) -> Iterator[Problem]:
    first = rows[0]
    for cells in rows[1:]:
        for column in columns:
            if cells.get(column) and _meant(column, cells, vendors) != _meant(column, first, vendors):
                yield Problem(cells["row"], column, f"Row {first['row']} says “{first.get(column)}” of it.")


def _meant(column: str, cells: dict, vendors: dict) -> object:
    """What the cell means: 10 and 10.0 are one rate, PO and purchase order one kind; of texts the case is no matter."""
    text = cells.get(column, "").casefold()
    if column == "kind":
        return KINDS.get(_kind(cells), text)
    if column == "vendor":
        return vendors.get(text, text)
    try:
        return _rate(cells, column) if column.endswith("_rate") else text
    except ValueError:
        return text


def _wrong_orders(group: list[dict], vendors: dict) -> Iterator[Problem]:
    """The first row of a change order says what it is called, as the first one of a commitment does."""
    for number, pairs in _by_order((cells, None) for cells in group).items():
        rows = [cells for cells, _ in pairs]
        for column, most in (("change_order", 20), ("change_order_title", 120)):
            if len(rows[0].get(column, "")) > most:
                yield Problem(rows[0]["row"], column, f"Use {most} characters at most.")
        if number:
            yield from _contradictions(rows, ["change_order_title"], vendors)
        else:
            for cells in rows:
                if cells.get("change_order_title"):
                    words = "Give the change order its number, or clear its title."
                    yield Problem(cells["row"], "change_order", words)


def _line(cells: dict, choices: Choices, found: list[Problem]) -> LoadedLine | None:
    before, amounts = len(found), {}
    for column in AMOUNTS:
        try:
            amounts[column] = parse_amount(cells[column]) if cells.get(column) else ZERO
        except ValueError as wrong:
            found.append(Problem(cells["row"], column, str(wrong)))
    units = _units(cells, amounts, found)
    code = choices.code(cells["cost_code"])
    if code is None:
        found.append(Problem(cells["row"], "cost_code", f"“{cells['cost_code']}” is no cost code in use."))
    text = cells["description"]
    if not text or len(text) > LONGEST["description"] or unseen_in(text):
        words = f"Say in {LONGEST['description']} characters at most what the line is for."
        found.append(Problem(cells["row"], "description", words))
    kind = choices.type(cells.get("cost_type") or str(CostType.SUBCONTRACT))
    if kind is None:
        words = f"“{cells['cost_type']}” is no cost type. Choose one from 1 to 9."
        found.append(Problem(cells["row"], "cost_type", words))
    if len(found) > before:
        return None
    return LoadedLine(row=cells["row"], cost_code=code, cost_type=kind, description=text, **amounts, **units)


WORTH_COLUMNS = {"quantity": "quantity", "price": "unit_price", "amount": "scheduled_value"}


def _units(cells: dict, amounts: dict, found: list[Problem]) -> dict:
    """Quantity × unit price; it sets the scheduled value where that is blank, and must give it where it is not."""
    values = {"unit": cells.get("unit", "")}
    for column, parse in (("quantity", parse_quantity), ("unit_price", parse_unit_price)):
        try:
            values[column] = parse(cells[column]) if cells.get(column) else None
        except ValueError as wrong:
            found.append(Problem(cells["row"], column, str(wrong)))
            return values
    try:
        plain_text("unit", values["unit"])
    except ValueError as wrong:
        found.append(Problem(cells["row"], "unit", str(wrong)))
    quantity, price = values["quantity"], values["unit_price"]
    if quantity is None and price is None:
        return values
    typed = amounts.get("scheduled_value") if cells.get("scheduled_value") else None
    if problem := why_not_worth(quantity, price, typed):
        wrong, words = problem
        found.append(Problem(cells["row"], WORTH_COLUMNS[wrong], words))
    else:
        amounts["scheduled_value"] = worth_of(quantity, price)
    return values
