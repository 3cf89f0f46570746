"""The entry sheet as it comes back: reads each cell that differs from what was shown; forgiving in, strict out (U5).

A page carries, beside every line, what it showed there. So only what this person changed is saved, the amount or the
percentage wins by which of them was changed, and a page that went stale shows both versions (I-5, R58).
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

from django import forms
from django.utils.datastructures import MultiValueDict

from directory.refusals import Refused
from invoicing.actions.amounts import HeaderEntry
from invoicing.calculations.lines import Line, with_release_of_percent, work_for_percent, work_for_quantity
from invoicing.calculations.money import AMOUNT_LIMIT, format_amount, parse_percent
from invoicing.forms.columns import COLUMNS, Column, columns_of
from invoicing.models import Invoice, InvoiceLine

SEPARATOR = "|"


class HeaderForm(forms.Form):
    number = forms.CharField(label="Invoice number", max_length=40, required=False)
    billing_date = forms.DateField(
        label="Billing date",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The due date unless you change it.",
    )


@dataclass
class Cell:
    """One input: what the page showed when this person opened it, what came back, what is wrong with it."""

    row: "Row"
    column: Column
    name: str
    shown: str
    text: str
    problem: str = ""

    @cached_property
    def now(self) -> str:
        """What is stored. Of most cells that came back unchanged nobody asks."""
        return self.column.show(self.row)

    @property
    def is_changed(self) -> bool:
        return not self.column.is_same(self.text, self.shown)

    @property
    def is_contested(self) -> bool:
        """Changed here and, in between, to something else by another person."""
        return self.is_changed and not self.column.is_same(self.now, self.shown) and self.is_pending

    @property
    def is_pending(self) -> bool:
        """Saving now would change what is stored."""
        return self.is_changed and (self.now == self.shown or not self.column.is_same(self.text, self.now))

    @property
    def display(self) -> str:
        """What to show again: the typed text, or what is stored where nothing was typed."""
        return self.text if self.is_changed else self.now

    def read(self) -> Decimal | str | bool | None:
        """The typed value; None, and `problem` says why, when it can't be read."""
        try:
            return self.column.read(self.text)
        except ValueError as error:
            self.problem = str(error)
            return None


class Row:
    """One line of the sheet."""

    def __init__(
        self,
        line: InvoiceLine,
        columns: tuple[Column, ...],
        data=None,
        claim: dict | None = None,
        decided: dict | None = None,
    ):
        self.line, self.claim, self.decided = line, claim, decided
        self.key = str(line.pk)  # as text, since templates put commas into numbers
        fitting = [column for column in columns if column.fits(line)]
        sent = self._sent(data, fitting)
        shown = sent or {column.stem: column.show(self) for column in fitting}
        self.cells = {
            column.stem: Cell(self, column, name, shown[column.stem], column.typed(data, name, shown))
            for column in fitting
            for name in [f"{column.stem}-{self.key}"]
        }
        if not sent:
            for cell in self.cells.values():
                cell.now = cell.shown
        self.values = {}

    @cached_property
    def worked(self) -> Line:
        return self.line.as_line()

    def _sent(self, data, columns: list[Column]) -> dict[str, str] | None:
        """What the page had shown, where it sent that along as it should."""
        texts = data.get(f"shown-{self.key}", "").split(SEPARATOR, len(columns) - 1) if data else []
        if len(texts) != len(columns):
            return None
        return {column.stem: text for column, text in zip(columns, texts, strict=True)}

    @property
    def shown(self) -> str:
        """What the page sends along as shown: what is stored now, the note last."""
        return SEPARATOR.join(cell.now for cell in self.cells.values())

    @property
    def problems(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.problem]

    @property
    def pending(self) -> list[Cell]:
        return [cell for cell in self.cells.values() if cell.is_pending]

    @property
    def is_changed(self) -> bool:
        """Something came back other than it was shown."""
        return any(cell.is_changed for cell in self.cells.values())

    @property
    def allowed(self) -> Decimal | None:
        """What the reviewer allows, where it is not what was claimed."""
        if self.claim is None or self.decided is None:
            return None
        allowed = Decimal(self.decided["work_this_period"])
        return None if allowed == Decimal(self.claim["work_this_period"]) else allowed

    @property
    def held_work(self) -> Cell | None:
        return self.cells.get("held-work")

    @property
    def held_stored(self) -> Cell | None:
        return self.cells.get("held-stored")

    def read(self) -> None:
        """Fill `values` from the changed cells; a cell that can't be read gets its problem."""
        touched = [(stem, cell) for stem, cell in self.cells.items() if cell.text != cell.shown]
        self.values = {stem: cell.read() for stem, cell in touched if cell.is_pending}
        if not self.problems:
            self._solve()

    def _solve(self) -> None:
        """Turn a percentage or a quantity into the amount it means."""
        if "percent" in self.values and "work" not in self.values:
            self._solve_by("percent", lambda percent: work_for_percent(self.after(), percent))
        self.values.pop("percent", None)
        if "quantity" in self.values:
            price = self.line.schedule_line.unit_price
            self._solve_by("quantity", lambda quantity: work_for_quantity(quantity, price))

    def _solve_by(self, stem: str, solve: Callable[[Decimal], Decimal]) -> None:
        try:
            work = solve(self.values[stem])
        except ValueError as error:
            self.cells[stem].problem = str(error)
            return
        if abs(work) > AMOUNT_LIMIT:
            self.cells[stem].problem = "That comes to more than an invoice can hold. Type less."
        self.values["work"] = work

    def after(self) -> Line:
        """The line as it would be with what was typed on it."""
        typed = {column.on_line: self.values[s] for s, column in COLUMNS.items() if column.on_line and s in self.values}
        return replace(self.worked, **typed)

    def release(self, percent: Decimal, *, as_admin: bool) -> None:
        """Type a release of this share of what is held; of the part on stored material only for an Admin."""
        released = with_release_of_percent(self.after(), percent)
        self._type("release", released.retainage_released)
        if as_admin and released.stored_retainage_typed is not None:
            self._type("held-stored", released.stored_retainage_typed)

    def _type(self, stem: str, amount: Decimal) -> None:
        if stem in self.cells:
            self.cells[stem].text = format_amount(amount)
            if self.cells[stem].is_pending:
                self.values[stem] = amount

    @property
    def entry(self) -> dict[str, object]:
        """{model field: value} as `save_lines` takes it."""
        return {
            name: value for stem, typed in self.values.items() for name, value in COLUMNS[stem].to_fields(typed).items()
        }


@dataclass
class Sheet:
    """All lines of an invoice with what was typed on them, and its header."""

    invoice: Invoice
    lines: list[InvoiceLine]
    as_admin: bool
    data: object = None
    claims: dict[int, dict] = field(default_factory=dict)
    decided: dict[int, dict] = field(default_factory=dict)  # as reviewers left them when they sent it back

    def __post_init__(self):
        self.columns = columns_of(self.invoice, self.lines, as_admin=self.as_admin)
        if isinstance(self.data, MultiValueDict):
            self.data = {name: values[-1] for name, values in self.data.lists() if values}  # asked thousands of times
        self.rows = [
            Row(
                line,
                self.columns,
                self.data,
                self.claims.get(line.schedule_line_id),
                self.decided.get(line.schedule_line_id),
            )
            for line in self.lines
        ]
        self.stems = {column.stem for column in self.columns}
        self.holds_on_stored = bool(self.stems & {"stored", "held-stored"}) or any(
            r.worked.stored_retainage for r in self.rows
        )
        self.width = 20  # no sheet has more columns; a cell may span past the last one
        self.form = HeaderForm(self._header_data(), initial=self._header())
        self.refusals: list[Refused] = []

    def _header(self) -> dict[str, object]:
        return {"number": self.invoice.number, "billing_date": self.invoice.billing_date}

    def _header_data(self) -> dict[str, object] | None:
        """What was typed; of a field that came back as it was shown, what is stored by now (I-5)."""
        if self.data is None:
            return None
        stored = self._header()
        untouched = {n for n in stored if n in self.data and self.data[n] == self.data.get(f"shown-{n}")}
        return {n: v if n in untouched else self.data.get(n, v) for n, v in stored.items()}

    @property
    def header_shown(self) -> list[tuple[str, str]]:
        """(name, text) of each header field as it is stored, which the page sends along."""
        return [(f"shown-{name}", str(value)) for name, value in self._header().items()]

    @property
    def header_contested(self) -> list[tuple[str, str, str]]:
        """(label, stored now, typed here) of the fields that two people changed to other things."""
        if self.data is None:
            return []
        found = []
        for name, value in self._header().items():
            shown, typed, now = self.data.get(f"shown-{name}"), self.data.get(name), str(value)
            if shown is not None and typed not in (shown, now) and now != shown:
                found.append((self.form.fields[name].label, now, typed))
        return found

    @property
    def version(self) -> int:
        """The version of the invoice that the page was built on; 0 when it does not say."""
        typed = self.data.get("version", "")
        return int(typed) if typed.isdecimal() and len(typed) < 10 else 0

    def is_valid(self) -> bool:
        for row in self.rows:
            row.read()
        return self.form.is_valid() and not self.problems

    @property
    def problems(self) -> list[tuple[Row, Cell]]:
        return [(row, cell) for row in self.rows for cell in row.problems]

    @property
    def contested(self) -> list[tuple[Row, Cell]]:
        return [(row, cell) for row in self.rows for cell in row.cells.values() if cell.is_contested]

    @property
    def pending(self) -> list[tuple[Row, Cell]]:
        return [(row, cell) for row in self.rows for cell in row.pending]

    @property
    def entries(self) -> dict[int, dict[str, object]]:
        return {row.line.pk: row.entry for row in self.rows if row.values}

    @property
    def header(self) -> HeaderEntry:
        return HeaderEntry(number=self.form.cleaned_data["number"], billing_date=self.form.cleaned_data["billing_date"])

    @property
    def has_changes(self) -> bool:
        return bool(self.entries) or self.form.cleaned_data != self._header()

    def release(self, typed: str) -> None:
        """Release this percentage of all that is held. Raises Refused when it is not one."""
        try:
            percent = parse_percent(typed or "100")
            for row in self.rows:
                row.release(percent, as_admin=self.as_admin)
        except ValueError as error:
            raise Refused(str(error), field="release_percent") from None

    def refuse(self, refused: Refused) -> None:
        """Keep why it was not saved, beside its field where it names one."""
        if refused.field in self.form.fields:
            self.form.add_error(refused.field, refused.message)
        else:
            self.refusals.append(refused)
