"""Changing a schedule of values as a whole: what is wanted is compared with what there is, then saved or not (C-1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import F

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused, Stale
from invoicing.actions.commitments import no_code_in_use
from invoicing.calculations.schedules import NAMES, Outcome, RowChange, ScheduleRow, compare
from invoicing.models import ChangeOrder, Commitment, CostCode, ScheduleLine
from invoicing.models.bulk_writing import write_all
from invoicing.models.commitment_statuses import APPROVED_ONCE
from invoicing.permissions import ADMIN_RIGHT, may_edit_change_order, may_edit_commitment

MOST_LINES = 1_500  # with every input of a line, below what one form may send (F12)
MOST_TOLD = 200  # changes of one event; the rest is counted
OUT_OF_THE_WAY = 1_000_000  # added to positions while lines change places
WRITTEN = ["cost_code", "cost_type", "description", "amount", "quantity", "unit", "unit_price", "retainage_rate"]


@dataclass(frozen=True)
class Schedule:
    """The lines that are edited together: a commitment's own, or those of one of its change orders."""

    commitment: Commitment
    change_order: ChangeOrder | None = None

    @property
    def lines(self):
        return self.commitment.lines.filter(change_order=self.change_order).select_related("cost_code")


def rows_of(lines) -> list[ScheduleRow]:
    """Stored lines as the arithmetic compares them."""
    return [
        ScheduleRow(key=line.pk, cost_code=line.cost_code.code, **{name: getattr(line, name) for name in WRITTEN[1:]})
        for line in lines
    ]


@transaction.atomic
def change_schedule(schedule: Schedule, wanted: Sequence[ScheduleRow], *, version: int, by) -> tuple[RowChange, ...]:
    """Make the schedule what is wanted, all of it or nothing; what changed comes back, and stands in one event.

    Raises Stale when somebody saved since `version`; NotNow or Refused, with `rows[3].amount` as its field where one
    cell is to blame, when a line was billed or the commitment is agreed (C-1).
    """
    schedule = _locked(schedule)
    commitment = schedule.commitment
    if not may_change(schedule, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if commitment.version != version:
        raise Stale("Somebody saved this commitment while you had it open. Nothing was overwritten.")
    why_not = locked_because(schedule)
    if why_not:
        raise NotNow(why_not)
    lines = {line.pk: line for line in schedule.lines}
    _check(wanted, lines)
    changes = compare(rows_of(lines.values()), wanted)
    _check_billed(changes)
    if not _is_change(changes):
        return changes
    _write(schedule, wanted, lines, changes)
    commitment.version = F("version") + 1
    commitment.save(update_fields=["version"])
    about = schedule.change_order or commitment
    Event.objects.record("changed the schedule of values", about, by=by, changes=_told(changes, commitment))
    return changes


def _locked(schedule: Schedule) -> Schedule:
    """The commitment first, as everybody locks them (R45)."""
    commitment = Commitment.objects.select_for_update(of=("self",)).get(pk=schedule.commitment.pk)
    if schedule.change_order is None:
        return Schedule(commitment)
    change_order = ChangeOrder.objects.select_for_update(of=("self",)).get(pk=schedule.change_order.pk)
    change_order.commitment = commitment
    return Schedule(commitment, change_order)


def may_change(schedule: Schedule, access) -> bool:
    """Whose lines they are decides: the commitment's own, or those of a change order (1.2)."""
    if schedule.change_order:
        return may_edit_change_order(schedule.change_order, access)
    return may_edit_commitment(schedule.commitment, access)


def locked_because(schedule: Schedule) -> str:
    """Why these lines can't be changed now (C-1, C-3); "" when they can."""
    commitment, change_order = schedule.commitment, schedule.change_order
    if commitment.status == Commitment.Status.VOID:
        return "The commitment is Void. Restore it first."
    if change_order and not change_order.is_open:
        return f"It is {change_order.get_status_display()}. Lines of a draft or pending change order can be changed."
    if change_order is None and commitment.status in APPROVED_ONCE:
        return (
            f"It is {commitment.get_status_display()}: its schedule of values changes by change orders only. "
            "Before the first invoice an Admin can reopen it."
        )
    return ""


def _is_change(changes: Sequence[RowChange]) -> bool:
    return any(change.outcome is not Outcome.SAME or change.came_from for change in changes)


def _check(wanted: Sequence[ScheduleRow], lines: dict[int, ScheduleLine]) -> None:
    if len(wanted) > MOST_LINES:
        raise Refused(f"A schedule of values has {MOST_LINES:,} lines at most.")
    keys = [row.key for row in wanted if row.key is not None]
    if len(keys) != len(set(keys)) or not lines.keys() >= set(keys):
        raise Refused("One of these lines is not on this commitment. Open the page again.")


def _check_billed(changes: Sequence[RowChange]) -> None:
    """C-1. A deleted invoice counts too: it can be restored."""
    touched = {each.row.key: each for each in changes if each.outcome in (Outcome.CHANGED, Outcome.REMOVED)}
    billed = ScheduleLine.objects.filter(pk__in=touched, invoice_lines__isnull=False).distinct()
    for line in billed[:1]:
        change = touched[line.pk]
        raise Refused(
            f"Line {line.position}, {line.description}, has been billed. It changes by a change order.",
            field="" if change.outcome is Outcome.REMOVED else f"rows[{change.position - 1}].amount",
        )


def _write(schedule: Schedule, wanted: Sequence[ScheduleRow], lines: dict, changes: Sequence[RowChange]) -> None:
    """In a handful of statements however many lines: removed ones go, all others are written at once (F11)."""
    commitment, change_order = schedule.commitment, schedule.change_order
    codes = _codes(commitment, wanted, lines)
    gone = [change.row.key for change in changes if change.outcome is Outcome.REMOVED]
    if gone:
        ScheduleLine.objects.filter(pk__in=gone).delete()
    later = [] if change_order else list(commitment.lines.exclude(change_order=None))
    start = _last_before(schedule) if change_order else 0
    made = [_line(schedule, row, codes, start + place) for place, row in enumerate(wanted, 1)]
    for place, line in enumerate(later, start + len(made) + 1):
        line.position = place
    moving = schedule.lines if change_order else commitment.lines
    if any(line.pk for line in made) or later:
        moving.update(position=F("position") + OUT_OF_THE_WAY)
    write_all([*made, *later], ["position", *WRITTEN])


def _codes(commitment: Commitment, wanted: Sequence[ScheduleRow], lines: dict) -> dict[str, CostCode]:
    """{code: cost code of the company}. Raises Refused at the first row whose code is none, or was put aside since.

    A line keeps a code that is not used any more; no line takes one.
    """
    found = CostCode.objects.filter(company=commitment.company_id, code__in={row.cost_code for row in wanted})
    codes = {code.code: code for code in found}
    for place, row in enumerate(wanted):
        code, line = codes.get(row.cost_code), lines.get(row.key)
        if code is None or not (code.is_active or (line and line.cost_code_id == code.pk)):
            raise Refused(no_code_in_use(row.cost_code), field=f"rows[{place}].cost_code")
    return codes


def _last_before(schedule: Schedule) -> int:
    others = schedule.commitment.lines.exclude(change_order=schedule.change_order)
    return others.order_by("-position").values_list("position", flat=True).first() or 0


def _line(schedule: Schedule, row: ScheduleRow, codes: dict[str, CostCode], position: int) -> ScheduleLine:
    return ScheduleLine(
        pk=row.key,
        commitment=schedule.commitment,
        change_order=schedule.change_order,
        position=position,
        cost_code=codes[row.cost_code],
        **{name: getattr(row, name) for name in WRITTEN[1:]},
    )


def _plain(name: str, text: str, types: Mapping[str, str]) -> str:
    """Amounts without commas: the record keeps numbers, pages write them out. A company's own cost type by both."""
    if name == NAMES["cost_type"]:
        return types.get(text, text)
    return text.replace(",", "") if name == NAMES["amount"] else text


def _told(changes: Sequence[RowChange], commitment: Commitment) -> dict[str, list[str]]:
    """As an event keeps it: {cell: [old, new]}, by the line's place."""
    told = {}
    has_types = any(cell.name == NAMES["cost_type"] for change in changes for cell in change.cells)
    named = commitment.company.cost_type_names.all() if has_types else ()
    types = {str(each.cost_type): str(each) for each in named}
    for change in changes:
        key = f"SOV-{change.position:03d}"
        if change.outcome is Outcome.NEW:
            told[f"{key} added"] = ["", change.words]
        elif change.outcome is Outcome.REMOVED:
            told[f"{key} removed"] = [change.words, ""]
        if change.came_from:
            told[f"{key} place"] = [str(change.came_from), str(change.position)]
        told |= {f"{key} {cell.name}": [_plain(cell.name, text, types) for text in cell.texts] for cell in change.cells}
    kept = dict(list(told.items())[:MOST_TOLD])
    return kept | ({"further changes": ["", str(len(told) - MOST_TOLD)]} if len(told) > MOST_TOLD else {})
