"""Mid-job start: open subcontracts with what was billed, stored and retained on each line, all of them or none.

What is loaded is proved before it is kept: line by line, and against the totals that a person typed from the books.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db import transaction

from directory.models import Event, Project, Vendor
from directory.permissions import read_access
from directory.refusals import NotAllowed, Refused
from invoicing.actions import commitment_moves, commitments
from invoicing.actions.commitments import NewLine
from invoicing.calculations.money import ZERO, format_amount
from invoicing.calculations.retainage import is_between
from invoicing.models import Commitment, CostCode, StartingCertificate, StartingLine
from invoicing.opening import hold
from invoicing.permissions import ADMIN_RIGHT, is_project_admin


@dataclass(frozen=True, kw_only=True)
class LoadedLine:
    """One line of a subcontract as it stands: amounts in dollars, to date."""

    row: int  # its number in the file
    cost_code: str
    cost_type: int
    description: str
    scheduled_value: Decimal
    work_completed: Decimal = ZERO
    stored: Decimal = ZERO
    work_retainage: Decimal = ZERO
    stored_retainage: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class LoadedCommitment:
    number: str
    title: str
    vendor: Vendor
    retainage_rate: Decimal
    stored_retainage_rate: Decimal | None = None  # None: nothing is held on stored materials
    lines: tuple[LoadedLine, ...]


@dataclass(frozen=True, kw_only=True)
class Controls:
    """What the books say in all, in dollars."""

    scheduled: Decimal
    billed: Decimal  # work completed and materials stored
    retained: Decimal

    @classmethod
    def of(cls, loaded: Sequence[LoadedCommitment]) -> "Controls":
        lines = [line for each in loaded for line in each.lines]
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
    """What was found before anything is kept."""

    problems: list[Problem] = field(default_factory=list)
    differences: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)  # what, by the books, in the file

    @property
    def holds(self) -> bool:
        return not self.problems and not self.differences


def prove(project: Project, loaded: Sequence[LoadedCommitment], controls: Controls) -> Proof:
    """Every problem at once: numbers that are taken, lines that can't be, and totals that are not the books'."""
    proof = Proof()
    taken = set(Commitment.objects.filter(company=project.company).values_list("number", flat=True))
    taken = {number.casefold() for number in taken}
    for each in loaded:
        first = each.lines[0].row
        if each.number.casefold() in taken:
            proof.problems.append(Problem(first, "number", f"The company has a commitment {each.number} already."))
        if sum((line.scheduled_value for line in each.lines), ZERO) <= 0:
            proof.problems.append(Problem(first, "scheduled_value", "The contract sum is not above zero."))
        for line in each.lines:
            proof.problems += _problems_of(line)
    found = Controls.of(loaded)
    for name, words in (("scheduled", "Contract sums"), ("billed", "Billed to date"), ("retained", "Retained to date")):
        if getattr(controls, name) != getattr(found, name):
            proof.differences.append((words, getattr(controls, name), getattr(found, name)))
    return proof


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


@transaction.atomic
def load(
    project: Project, loaded: Sequence[LoadedCommitment], controls: Controls, *, as_of: date, by
) -> list[StartingCertificate]:
    """Enter, approve and start each commitment. Raises Refused when the proof does not hold; then nothing is kept."""
    project = hold(project)
    if not is_project_admin(read_access(by, project.company, project)):
        raise NotAllowed(ADMIN_RIGHT)
    if as_of > project.today:
        raise Refused("That day has not come yet. Say until which day the work was billed.", field="as_of")
    if not prove(project, loaded, controls).holds:
        raise Refused("The file and the totals don't prove any more. Look at it again.")
    codes = {code.code: code for code in CostCode.objects.filter(company=project.company)}
    return [_start(project, each, codes, as_of, by) for each in loaded]


def _start(project: Project, loaded: LoadedCommitment, codes: dict, as_of: date, by) -> StartingCertificate:
    commitment = Commitment(
        project=project,
        vendor=loaded.vendor,
        number=loaded.number,
        title=loaded.title,
        retainage_rate=loaded.retainage_rate,
        holds_stored_retainage=loaded.stored_retainage_rate is not None,
        stored_retainage_rate=loaded.stored_retainage_rate or ZERO,
    )
    lines = [
        NewLine(codes[line.cost_code], line.description, line.scheduled_value, line.cost_type) for line in loaded.lines
    ]
    commitment = commitments.enter(commitment, lines, by=by)
    commitment = commitment_moves.move(commitment, "approve", by=by)
    certificate = StartingCertificate.objects.create(
        commitment=commitment,
        as_of_date=as_of,
        total_completed_and_stored=sum((line.work_completed + line.stored for line in loaded.lines), ZERO),
        work_retainage=sum((line.work_retainage for line in loaded.lines), ZERO),
        stored_retainage=sum((line.stored_retainage for line in loaded.lines), ZERO),
        created_by=by,
    )
    StartingLine.objects.bulk_create(
        StartingLine(
            certificate=certificate,
            schedule_line=stored,
            work_completed=line.work_completed,
            stored=line.stored,
            work_retainage=line.work_retainage,
            stored_retainage=line.stored_retainage,
        )
        for stored, line in zip(commitment.lines.order_by("position"), loaded.lines, strict=True)
    )
    changes = {
        "billed to date": ["", str(certificate.total_completed_and_stored)],
        "retained to date": ["", str(certificate.total_retainage)],
        "as of": ["", str(as_of)],
    }
    Event.objects.record("started in the middle of the job", commitment, by=by, changes=changes)
    return certificate
