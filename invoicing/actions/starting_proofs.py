"""What a mid-job start brings, and what it proves before any of it is kept.

Line by line, and in all against the totals that a person typed from the books.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from directory.models import Project, Vendor
from directory.refusals import Refused
from invoicing.actions.schedules import MOST_LINES as MOST_LINES_OF_A_SCHEDULE
from invoicing.calculations.money import ZERO, format_amount
from invoicing.calculations.retainage import is_between
from invoicing.models import Commitment

MOST_LINES = 3_000  # of one file: all of them are kept in one transaction, while somebody waits


@dataclass(frozen=True, kw_only=True)
class LoadedLine:
    """One line of a commitment as it stands: amounts in dollars, to date. A quantity comes with a unit price."""

    row: int  # its number in the file
    cost_code: str
    cost_type: int
    description: str
    scheduled_value: Decimal
    work_completed: Decimal = ZERO
    stored: Decimal = ZERO
    work_retainage: Decimal = ZERO
    stored_retainage: Decimal = ZERO
    quantity: Decimal | None = None
    unit: str = ""
    unit_price: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class LoadedChangeOrder:
    """One that was approved before: its lines are no part of the original contract sum (line 2, not line 1)."""

    number: str
    title: str
    lines: tuple[LoadedLine, ...]


@dataclass(frozen=True, kw_only=True)
class LoadedCommitment:
    """`lines`: the original schedule of values."""

    number: str
    title: str
    vendor: Vendor
    retainage_rate: Decimal
    stored_retainage_rate: Decimal | None = None  # None: nothing is held on stored materials
    kind: Commitment.Kind = Commitment.Kind.SUBCONTRACT
    lines: tuple[LoadedLine, ...]
    change_orders: tuple[LoadedChangeOrder, ...] = ()

    @property
    def every_line(self) -> tuple[LoadedLine, ...]:
        """As they come to stand: the original ones, then those of each change order."""
        return (*self.lines, *(line for order in self.change_orders for line in order.lines))

    @property
    def original_sum(self) -> Decimal:
        return sum((line.scheduled_value for line in self.lines), ZERO)

    @property
    def changes_sum(self) -> Decimal:
        return sum((line.scheduled_value for order in self.change_orders for line in order.lines), ZERO)

    @property
    def is_unit_priced(self) -> bool:
        return any(line.unit_price is not None for line in self.every_line)


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What the books say in all, in dollars."""

    scheduled: Decimal
    billed: Decimal  # work completed and materials stored
    retained: Decimal

    @classmethod
    def of(cls, loaded: Sequence[LoadedCommitment]) -> "Controls":
        lines = [line for each in loaded for line in each.every_line]
        return cls(
            scheduled=sum((line.scheduled_value for line in lines), ZERO),
            billed=sum((line.work_completed + line.stored for line in lines), ZERO),
            retained=sum((line.work_retainage + line.stored_retainage for line in lines), ZERO),
        )


@dataclass(frozen=True)
class Problem:
    """What is wrong with one row; `column` names the field of `LoadedLine` or `LoadedCommitment`."""

    row: int
    column: str
    words: str


@dataclass
class Proof:
    """What was found before anything is kept, in so many lines. Nothing proves nothing."""

    lines: int = 0
    problems: list[Problem] = field(default_factory=list)
    differences: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)  # what, by the books, in the file

    @property
    def holds(self) -> bool:
        return self.lines > 0 and not self.problems and not self.differences


def must_be_loadable(count: int) -> None:
    """Raises Refused, at the file, unless it has at least one line and no more than are loaded at once."""
    if count == 0:
        raise Refused("There is no line to load. Put one row under the headings for each line.", field="file")
    if count > MOST_LINES:
        raise Refused(
            f"It has {count:,} lines; {MOST_LINES:,} are loaded at once. Split it between two commitments, and prove "
            "each file by its own totals.",
            field="file",
        )


def prove(project: Project, loaded: Sequence[LoadedCommitment], controls: Controls) -> Proof:
    """Every problem at once: numbers that are taken, lines that can't be, and totals that are not the books'."""
    proof = Proof(lines=sum(len(each.every_line) for each in loaded))
    taken = set(Commitment.objects.filter(company=project.company).values_list("number", flat=True))
    taken = {number.casefold() for number in taken}
    for each in loaded:
        if each.number.casefold() in taken:
            words = f"The company has a commitment {each.number} already."
            proof.problems.append(Problem(each.every_line[0].row, "number", words))
        proof.problems += _problems_of_schedules(each)
        for line in each.every_line:
            proof.problems += _problems_of(line)
    found = Controls.of(loaded)
    for name, words in (("scheduled", "Contract sums"), ("billed", "Billed to date"), ("retained", "Retained to date")):
        if getattr(controls, name) != getattr(found, name):
            proof.differences.append((words, getattr(controls, name), getattr(found, name)))
    return proof


def _problems_of_schedules(loaded: LoadedCommitment) -> Iterator[Problem]:
    """What approving it would ask, and how many lines one schedule of values takes."""
    row = loaded.every_line[0].row
    if not loaded.lines:
        words = "Every row of it names a change order. Leave that blank on the lines of the original contract."
        yield Problem(row, "change_order", words)
    elif loaded.original_sum <= 0:
        yield Problem(row, "scheduled_value", "The original contract sum is not above zero.")
    elif loaded.original_sum + loaded.changes_sum < 0:
        yield Problem(row, "scheduled_value", "Its change orders take off more than the original contract sum.")
    for lines in (loaded.lines, *(order.lines for order in loaded.change_orders)):
        if len(lines) > MOST_LINES_OF_A_SCHEDULE:
            words = f"A schedule of values has {MOST_LINES_OF_A_SCHEDULE:,} lines at most; this one has {len(lines):,}."
            yield Problem(lines[0].row, "number", words)


def _problems_of(line: LoadedLine) -> list[Problem]:
    """The limits that the first invoice would be held to: N-4, and no more retained than billed (N-5)."""
    total = line.work_completed + line.stored
    found = []
    if line.stored < 0:
        found.append(("stored", "Less than nothing can't be stored."))
    if not is_between(total, ZERO, line.scheduled_value):
        limit = format_amount(line.scheduled_value)
        found.append(("work_completed", f"{format_amount(total)} is billed of {limit} scheduled."))
    for name, words, base in (
        ("work_retainage", "work", line.work_completed),
        ("stored_retainage", "stored", line.stored),
    ):
        held = getattr(line, name)
        if not is_between(held, ZERO, base):
            found.append((name, f"{format_amount(held)} is retained of {format_amount(base)} {words}."))
    return [Problem(line.row, name, words) for name, words in found]
