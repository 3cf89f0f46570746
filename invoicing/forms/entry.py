"""The entry sheet as it comes back: its header, its lines, and what is filled into many of them at once (U5, 9.4)."""

from dataclasses import dataclass, field
from decimal import Decimal

from django import forms
from django.utils.datastructures import MultiValueDict

from directory.refusals import Refused
from directory.typed import DayInput
from invoicing.actions.amounts import HeaderEntry
from invoicing.calculations.money import HUNDRED
from invoicing.calculations.shares import releases_of_amount
from invoicing.forms.columns import COLUMNS, Column, Share, Shorthand, columns_of
from invoicing.forms.entry_rows import Cell, Row
from invoicing.forms.sent_rows import LINES, Torn, by_line, ranges_of
from invoicing.labels import BILLING_DATE, NUMBER
from invoicing.models import Invoice, InvoiceLine


class HeaderForm(forms.Form):
    number = forms.CharField(label=NUMBER, max_length=40, required=False)
    billing_date = forms.DateField(
        label=BILLING_DATE,
        widget=DayInput,
        help_text="The due date unless you change it.",
    )


@dataclass
class Sheet:
    """All lines of an invoice with what was typed on them, and its header."""

    invoice: Invoice
    lines: list[InvoiceLine]
    as_admin: bool
    data: object = None
    claims: dict[int, dict] = field(default_factory=dict)
    decided: dict[int, dict] = field(default_factory=dict)  # as reviewers left them when they last decided
    last: dict[int, InvoiceLine] = field(default_factory=dict)  # the lines of the invoice before
    is_torn: bool = False  # not every cell of the page arrived

    def __post_init__(self):
        self.columns = columns_of(self.invoice, self.lines, as_admin=self.as_admin)
        self.refusals: list[Refused] = []
        if isinstance(self.data, MultiValueDict):
            self.data = self._by_line(self.data)
        self.rows = [
            Row(
                line,
                self.columns,
                self.data,
                self.claims.get(line.schedule_line_id),
                self.decided.get(line.schedule_line_id),
                self.last.get(line.schedule_line_id),
                is_enterable=self.invoice.status in Invoice.ENTERABLE,
            )
            for line in self.lines
        ]
        self.stems = {column.stem for column in self.columns}
        self.holds_on_stored = bool(self.stems & {"stored", "held-stored"}) or any(
            r.worked.stored_retainage for r in self.rows
        )
        self.width = 20  # no sheet has more columns; a cell may span past the last one
        self.form = HeaderForm(self._header_data(), initial=self.header_stored())

    def _by_line(self, data: MultiValueDict) -> dict[str, str]:
        try:
            return by_line(data, self.lines, self.columns)
        except Torn:
            self.refuse_torn()
            return {name: data[name] for name in HeaderForm.base_fields if name in data}

    @property
    def shows(self) -> tuple[str, str]:
        """(name, text) of the field that says which lines the page shows, in their order."""
        return LINES, ranges_of(line.pk for line in self.lines)

    def header_stored(self) -> dict[str, object]:
        return {"number": self.invoice.number, "billing_date": self.invoice.billing_date}

    def _header_data(self) -> dict[str, object] | None:
        """What was typed; of a field that came back as it was shown, what is stored by now (I-5)."""
        if self.data is None:
            return None
        stored = self.header_stored()
        untouched = {n for n in stored if n in self.data and self.data[n] == self.data.get(f"shown-{n}")}
        return {n: v if n in untouched else self.data.get(n, v) for n, v in stored.items()}

    @property
    def header_shown(self) -> list[tuple[str, str]]:
        """(name, text) of each header field as it is stored, which the page sends along."""
        return [(f"shown-{name}", str(value)) for name, value in self.header_stored().items()]

    @property
    def header_contested(self) -> list[tuple[str, str, str]]:
        """(label, stored now, typed here) of the fields that two people changed to other things."""
        if self.data is None:
            return []
        found = []
        for name, value in self.header_stored().items():
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
        return self.form.is_valid() and not self.problems and not self.is_torn

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
    def opened(self) -> set[int]:
        """The approved lines that this person said to change anyway."""
        return {row.line.pk for row in self.rows if row.is_opened}

    @property
    def header(self) -> HeaderEntry:
        return HeaderEntry(number=self.form.cleaned_data["number"], billing_date=self.form.cleaned_data["billing_date"])

    @property
    def has_changes(self) -> bool:
        return bool(self.entries) or self.form.cleaned_data != self.header_stored()

    def open(self, key: str) -> None:
        """Open a locked line to be changed anyway: its approval is dropped if its figures change (9.4, I-8)."""
        for row in self.rows:
            row.is_opened = row.is_opened or (row.was_approved and row.key == key)

    def bill_nothing_on(self, key: str) -> None:
        """Type 0 into the work of a rejected line (9.4); what was stored or released there stays as it is."""
        for row in self.rows:
            if row.key == key and row.can_be_set_to_0:
                row.cells[row.billed_by].text = "0"

    def release(self, typed: str) -> None:
        """Type a release: `50 %` of all that is held, or dollars spread over the lines (5.6). Nothing is saved.

        Raises Refused when it is neither, or more than is held.
        """
        try:
            asked = COLUMNS["release"].read_typed(typed.strip() or "100 %")
            if asked is Shorthand.AGAIN:
                raise ValueError("Type a share of what is held, such as 50 %, or an amount.")
            self._release(Share(HUNDRED) if asked is Shorthand.REST else asked)
        except ValueError as error:
            raise Refused(f"Release: {error}", field="release_asked") from None

    def _release(self, asked: Share | Decimal) -> None:
        if isinstance(asked, Share):
            for row in self.rows:
                row.release(asked.percent, as_admin=self.as_admin)
            return
        releases = releases_of_amount([row.after() for row in self.rows], asked)
        for row, amount in zip(self.rows, releases, strict=True):
            row.release_amount(amount)

    def set_to(self, stem: str, text: str, keys: set[str]) -> None:
        """Type the same into a column of the lines with these keys, before it is read (9.4).

        Raises Refused when nobody types that column here.
        """
        if stem not in {column.stem for column in self.settable}:
            raise Refused("Choose a column to set.", field="set_column")
        if not keys:
            raise Refused("Tick the lines to set first, or choose all lines.", field="set_lines")
        for row in self.rows:
            if stem in row.cells and row.key in keys:
                row.cells[stem].text = text

    @property
    def settable(self) -> list[Column]:
        """The columns that can be set on many lines at once."""
        return [column for column in self.columns if not column.is_tick and column.stem != "note"]

    def refuse_torn(self) -> None:
        self.is_torn = True
        self.refusals.append(
            Refused("Not every cell of the page arrived. Go back in your browser: what you typed stands there still.")
        )

    def refuse(self, refused: Refused) -> None:
        """Keep why it was not saved, beside its field where it names one."""
        if refused.field in self.form.fields:
            self.form.add_error(refused.field, refused.message)
        else:
            self.refusals.append(refused)


def stored_of(sheet: Sheet, invoice: Invoice, lines: list[InvoiceLine]) -> dict[str, dict]:
    """What the rows that were sent show, and which amounts are stored as typed, in cents: of all as it is saved now."""
    changed = sheet.entries.keys()
    saved = [Row(line, sheet.columns) for line in lines if line.pk in changed]
    return {
        "shown": {name: str(getattr(invoice, name)) for name in HeaderForm.base_fields}
        | {row.key: row.shown for row in saved},
        "typed": {
            f"line-{row.line.schedule_line.key}": {column.stem: cents_of(row, column) for column in RULED}
            for row in saved
        },
    }


RULED = [column for column in COLUMNS.values() if column.has_rule]


def cents_of(row: Row, column: Column) -> str | None:
    """The amount of a column with a rule, where it was typed; None where the rule decides.

    Also of one that this person doesn't type: what their page adds up goes by it.
    """
    typed = getattr(row.worked, column.on_line)
    return None if typed is None else str(int(typed * 100))
