"""One line of the entry sheet as it comes back: what its cells showed, what was typed, and the amounts that means.

A page carries, beside every line, what it showed there. So only what this person changed is saved, the amount or the
percentage wins by which of them was changed, and a page that went stale shows both versions (I-5, R58).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from invoicing.actions.amounts import LOCKED
from invoicing.actions.submissions import claimed
from invoicing.allowed_amounts import Figure, figures_apart, figures_said
from invoicing.calculations.lines import Line, with_release_of_percent, work_for_percent, work_for_quantity
from invoicing.calculations.money import AMOUNT_LIMIT, ZERO, format_amount
from invoicing.forms.columns import COLUMNS, Column, Share, Shorthand
from invoicing.models import InvoiceLine, Verdict, is_other

SEPARATOR = "|"
RETAINAGE = ("held-work", "held-stored", "release")  # shares of what the cells before them come to


@dataclass
class Cell:
    """One input: what the page showed when this person opened it, what came back, what is wrong with it."""

    row: "Row"
    column: Column
    name: str
    shown: str
    text: str
    problem: str = ""
    solved: str = ""  # what shorthand came to, as text
    _read: tuple[str, object] = ("", None)

    @cached_property
    def now(self) -> str:
        """What is stored. Of most cells that came back unchanged nobody asks."""
        return self.column.show(self.row)

    @property
    def is_changed(self) -> bool:
        if self.text == self.shown:
            return False
        try:
            return self._value() != self.column.read_typed(self.shown)
        except ValueError:
            return self.text.strip() != self.shown.strip()

    def _value(self) -> object:
        """What the text says; read once (F11). ValueError when it says nothing."""
        if not self._read[0] or self._read[0] != self.text:
            self._read = (self.text, self.column.read_typed(self.text))
        return self._read[1]

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
        if self.solved:
            return self.solved
        return self.text if self.is_changed else self.now

    def read(self) -> Decimal | str | bool | Share | Shorthand | None:
        """The typed value; None, and `problem` says why, when it can't be read."""
        try:
            return self._value()
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
        last: InvoiceLine | None = None,
        *,
        is_enterable: bool = False,
    ):
        self.line, self.claim, self.decided, self.last = line, claim, decided, last
        self.key = str(line.pk)  # as text, since templates put commas into numbers
        self.is_enterable = is_enterable  # what was decided on it was decided before it came back
        self.was_approved = is_enterable and line.verdict == Verdict.APPROVED
        self.is_opened = self.was_approved and (self._was_changed or bool(data) and data.get(f"open-{self.key}") == "1")
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

    @cached_property
    def figures_apart(self) -> list[Figure]:
        """What reviewers allow otherwise than it was claimed (I-9)."""
        return figures_apart(self.claim, self.decided)

    @property
    def figures_said(self) -> list[Figure]:
        """What their rejection is about."""
        return figures_said(self.claim, self.decided)

    @property
    def was_allowed_otherwise(self) -> bool:
        return bool(self.figures_apart or self.line.allowed_reason)

    @property
    def _was_changed(self) -> bool:
        """Its figures are others by now than those that were approved."""
        return self.decided is not None and is_other(self.decided, claimed(self.line))

    @property
    def is_locked(self) -> bool:
        """Approved before it was sent back, and nobody said “Change anyway” (9.4, I-8). Its note can be changed."""
        return self.was_approved and not self.is_opened

    def locks(self, cell: Cell) -> bool:
        return self.is_locked and cell.column.stem != "note"

    @property
    def billed_by(self) -> str:
        """The stem of the cell its work is typed in; "" where this bill takes none."""
        return next((stem for stem in ("work", "quantity") if stem in self.cells), "")

    @property
    def work_cell(self) -> Cell | None:
        """The cell its work is typed in, where this bill takes any."""
        return self.cells.get(self.billed_by)

    @property
    def can_be_set_to_0(self) -> bool:
        return self.is_enterable and self.line.verdict == Verdict.REJECTED and bool(self.billed_by)

    @property
    def held_work(self) -> Cell | None:
        return self.cells.get("held-work")

    @property
    def held_stored(self) -> Cell | None:
        return self.cells.get("held-stored")

    def read(self) -> None:
        """Fill `values` from the changed cells; a cell that can't be read gets its problem."""
        touched = [(stem, cell) for stem, cell in self.cells.items() if cell.text != cell.shown]
        for _, cell in touched:
            if self.locks(cell) and cell.is_pending:
                cell.problem = LOCKED
        self.values = {stem: cell.read() for stem, cell in touched if cell.is_pending and not cell.problem}
        if not self.problems:
            self._solve()

    def _solve(self) -> None:
        """Turn shorthand, a percentage or a quantity into the amount it means."""
        short = {stem: value for stem, value in self.values.items() if isinstance(value, Share | Shorthand)}
        self.values = {stem: value for stem, value in self.values.items() if stem not in short}
        for stem in [stem for stem in short if stem not in RETAINAGE]:
            self._solve_short(self.cells[stem], short[stem])
        self._solve_work()
        for stem in [stem for stem in RETAINAGE if stem in short]:
            self._solve_short(self.cells[stem], short[stem])

    def _solve_work(self) -> None:
        if "percent" in self.values and "work" not in self.values:
            self._solve_by("percent", lambda percent: work_for_percent(self.after(), percent))
        self.values.pop("percent", None)
        if "quantity" in self.values:
            price = self.line.schedule_line.unit_price
            self._solve_by("quantity", lambda quantity: work_for_quantity(quantity, price))

    def _solve_short(self, cell: Cell, asked: Share | Shorthand) -> None:
        column = cell.column
        try:
            if isinstance(asked, Share):
                value = column.share(self.after(), asked.percent)
            else:
                value = column.rest(self.after()) if asked is Shorthand.REST else self._last(column)
        except ValueError as error:
            cell.problem = str(error)
            return
        if value is not None and abs(value) > AMOUNT_LIMIT:
            cell.problem = "That comes to more than an invoice can hold. Type less."
            return
        self.values[column.stem] = value
        cell.solved = "" if value is None else column.show_value(value)

    def _last(self, column: Column) -> Decimal:
        """What the invoice before had in this column. ValueError when the line was not on it."""
        if self.last is None:
            raise ValueError("This line was not on the invoice before, so there is nothing to repeat. Type an amount.")
        return getattr(self.last, column.field) or ZERO

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

    @property
    def seen(self) -> Line:
        """The line as the page shows it: with what was typed, where that can be read."""
        return self.after() if self.values and not self.problems else self.worked

    def release(self, percent: Decimal, *, as_admin: bool) -> None:
        """Type a release of this share of what is held; of the part on stored materials only for an Admin."""
        released = with_release_of_percent(self.after(), percent)
        self._type("release", released.retainage_released)
        if as_admin and released.stored_retainage_typed is not None:
            self._type("held-stored", released.stored_retainage_typed)

    def release_amount(self, amount: Decimal) -> None:
        """Type a release of these dollars."""
        self._type("release", amount)

    def _type(self, stem: str, amount: Decimal) -> None:
        if stem in self.cells:
            self.cells[stem].text = format_amount(amount)
            if self.locks(self.cells[stem]) and self.cells[stem].is_pending:
                self.cells[stem].problem = LOCKED
                return
            if self.cells[stem].is_pending:
                self.values[stem] = amount
            else:
                self.values.pop(stem, None)

    @property
    def entry(self) -> dict[str, object]:
        """{model field: value} as `save_lines` takes it."""
        return {
            name: value for stem, typed in self.values.items() for name, value in COLUMNS[stem].to_fields(typed).items()
        }
