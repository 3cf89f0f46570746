"""A file of open subcontracts with what was billed on each line, and the totals that it has to prove."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from directory.models import Company
from directory.plain_text import unseen_in
from directory.vendor_forms import UploadForm
from invoicing.actions.starting_certificates import Controls, LoadedCommitment, LoadedLine, Problem
from invoicing.calculations.money import ZERO, parse_amount, parse_rate
from invoicing.forms.billing_periods import DayField
from invoicing.forms.schedule_rows import Choices
from invoicing.models import Commitment, cost_types_of

HEADINGS = {
    "number": ["Commitment", "Subcontract", "Contract"],
    "title": ["Title"],
    "vendor": ["Vendor", "Company"],
    "retainage_rate": ["Retainage %"],
    "stored_retainage_rate": ["Held of stored %"],
    "cost_code": ["Cost code", "Code"],
    "cost_type": ["Cost type", "Type"],
    "description": ["Description"],
    "scheduled_value": ["Scheduled value", "Amount"],
    "work_completed": ["Work completed", "Work"],
    "stored": ["Materials stored", "Stored"],
    "work_retainage": ["Work retainage"],
    "stored_retainage": ["Stored retainage"],
}
REQUIRED = ("number", "vendor", "cost_code", "description", "scheduled_value", "work_completed", "work_retainage")
AMOUNTS = ("scheduled_value", "work_completed", "stored", "work_retainage", "stored_retainage")


class AmountInput(forms.CharField):
    def __init__(self, label: str, help_text: str = ""):
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "n w-amount", "autocomplete": "off"})
        super().__init__(label=label, help_text=help_text, max_length=40, widget=widget)

    def clean(self, value) -> Decimal:
        try:
            return parse_amount(super().clean(value))
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from None


class ControlsForm(forms.Form):
    """What the books say in all, and until which day."""

    as_of = DayField(label="Billed until", help_text="The last day of work that the books count.")
    scheduled = AmountInput("Contract sums in all", "With approved change orders.")
    billed = AmountInput("Billed to date in all", "Work completed and materials stored.")
    retained = AmountInput("Retained to date in all")

    @property
    def controls(self) -> Controls:
        return Controls(**{name: self.cleaned_data[name] for name in ("scheduled", "billed", "retained")})


class StartForm(ControlsForm, UploadForm):
    pass


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
        first, found = group[0], list(_wrong_head(group, vendors))
        lines = [_line(cells, choices, found) for cells in group]
        problems += found
        if not found:
            loaded.append(
                LoadedCommitment(
                    number=first["number"],
                    title=first.get("title") or first["number"],
                    vendor=vendors[first["vendor"].casefold()],
                    retainage_rate=_rate(first, "retainage_rate"),
                    stored_retainage_rate=_rate(first, "stored_retainage_rate"),
                    lines=tuple(lines),
                )
            )
    return Reading(loaded, problems)


def _rate(cells: dict, name: str) -> Decimal | None:
    """In percent; None where nothing is said. 0 is a rate (5.4)."""
    return parse_rate(cells[name]) if cells.get(name) else None


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
    yield from _wrong_rates(group)
    for cells in group[1:]:
        for column in ("vendor", "title", "retainage_rate", "stored_retainage_rate"):
            if cells.get(column) and cells[column] != first.get(column):
                yield Problem(cells["row"], column, f"Row {first['row']} says “{first.get(column)}” of it.")


def _line(cells: dict, choices: Choices, found: list[Problem]) -> LoadedLine | None:
    before, amounts = len(found), {}
    for column in AMOUNTS:
        try:
            amounts[column] = parse_amount(cells[column]) if cells.get(column) else ZERO
        except ValueError as wrong:
            found.append(Problem(cells["row"], column, str(wrong)))
    code = choices.code(cells["cost_code"])
    if code is None:
        found.append(Problem(cells["row"], "cost_code", f"“{cells['cost_code']}” is no cost code in use."))
    text = cells["description"]
    if not text or len(text) > 200 or unseen_in(text):
        found.append(Problem(cells["row"], "description", "Say in 200 characters at most what the line is for."))
    kind = choices.type(cells.get("cost_type") or "4")
    if kind is None:
        words = f"“{cells['cost_type']}” is no cost type. Choose one from 1 to 9."
        found.append(Problem(cells["row"], "cost_type", words))
    if len(found) > before:
        return None
    return LoadedLine(row=cells["row"], cost_code=code, cost_type=kind, description=text, **amounts)
