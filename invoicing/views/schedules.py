"""A commitment's schedule of values: the editor."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.models import Event
from directory.permissions import Level
from directory.refusals import NotAllowed, Refused, Stale
from directory.vendor_forms import UploadForm
from invoicing import presence
from invoicing.actions.schedules import MOST_LINES, Schedule, change_schedule, locked_because, rows_of
from invoicing.calculations.schedules import Outcome, total
from invoicing.decorators import commitment_view
from invoicing.forms.schedule_rows import UNIT_CELLS, Choices
from invoicing.forms.schedules import ScheduleSheet
from invoicing.models import Commitment, CostCode, cost_types_of
from invoicing.permissions import ADMIN_RIGHT, may_edit_commitment

BLANK_ROWS, MORE_ROWS = 3, 20
COLUMNS = ("code", "description", "type", "quantity", "unit", "price", "amount", "rate")  # as they stand side by side


def choices_of(commitment: Commitment) -> Choices:
    codes = {code.code: code for code in CostCode.objects.filter(company=commitment.company_id)}
    return Choices(codes, cost_types_of(commitment.company_id))


def must_edit(request, commitment: Commitment) -> None:
    if not may_edit_commitment(commitment, request.access):
        raise NotAllowed(ADMIN_RIGHT)


@commitment_view(Level.READ_ONLY)
def edit(request, commitment):
    must_edit(request, commitment)
    return edit_schedule(request, Schedule(commitment))


def edit_schedule(request, schedule: Schedule):
    """POST with `then=rows` adds blank rows and saves nothing; else the whole schedule is saved or refused."""
    commitment = schedule.commitment
    stored = rows_of(schedule.lines)
    if request.method != "POST":
        why_not = locked_because(schedule)
        if why_not:
            messages.info(request, why_not)
            return redirect(*_home_of(schedule))
        presence.opened(commitment, request.user, _named_lines(schedule))
        return show(request, schedule, ScheduleSheet(stored, choices_of(commitment)))
    sheet = ScheduleSheet(stored, choices_of(commitment), request.POST)
    if sheet.is_cut:
        return show(request, schedule, sheet, Refused("Part of the page did not arrive. Save again."))
    if request.POST.get("then") == "rows":
        return _show_more(request, schedule, sheet)
    if sheet.version != commitment.version:
        return _show_both(request, schedule, sheet, stored)
    if not sheet.is_valid():
        return show(request, schedule, sheet, Refused("Nothing was saved yet."))
    return _save(request, schedule, sheet)


def _show_more(request, schedule: Schedule, sheet: ScheduleSheet):
    if len(sheet.rows) < MOST_LINES:
        return show(request, schedule, sheet, blank=min(MORE_ROWS, MOST_LINES - len(sheet.rows)))
    full = Refused(f"A schedule of values has {MOST_LINES:,} lines at most. Save what you have.")
    return show(request, schedule, sheet, full, blank=0)


def _save(request, schedule: Schedule, sheet: ScheduleSheet):
    try:
        changes = change_schedule(schedule, sheet.wanted, version=sheet.version, by=request.user)
    except Stale:
        return _show_both(request, schedule, sheet, rows_of(schedule.lines))
    except Refused as refused:
        at_its_cell = sheet.blame(refused.field, refused.message)
        return show(request, schedule, sheet, Refused("Nothing was saved yet.") if at_its_cell else refused)
    presence.done(schedule.commitment, request.user)
    messages.success(request, _saved_words(changes))
    return redirect(request.path if request.POST.get("then") == "stay" else reverse(*_named(_home_of(schedule))))


def _named_lines(schedule: Schedule) -> str:
    return f"the lines of {schedule.change_order.number}" if schedule.change_order else "this schedule of values"


def _named(home: tuple) -> tuple:
    return home[0], None, home[1:]


def at(commitment: Commitment) -> tuple[str, str]:
    return commitment.project.slug, commitment.number


def _home_of(schedule: Schedule) -> tuple:
    """The page the lines belong to, as `redirect` takes it."""
    if schedule.change_order:
        return "change-order", *at(schedule.commitment), schedule.change_order.pk
    return "commitment", *at(schedule.commitment)


def _saved_words(changes) -> str:
    counts = {outcome: sum(each.outcome is outcome for each in changes) for outcome in Outcome}
    moved = sum(bool(each.came_from) for each in changes)
    parts = [
        f"{count} {words}"
        for count, words in (
            (counts[Outcome.NEW], "new"),
            (counts[Outcome.CHANGED], "changed"),
            (counts[Outcome.REMOVED], "removed"),
            (moved, "moved"),
        )
        if count
    ]
    return f"Saved: {', '.join(parts)}." if parts else "Nothing had changed."


def _show_both(request, schedule: Schedule, sheet: ScheduleSheet, stored):
    """Somebody saved meanwhile (I-5): what was typed stays, theirs stands beside it, nothing is overwritten unseen."""
    schedule.commitment.refresh_from_db(fields=["version"])
    contested = sheet.merge(stored)
    return show(request, schedule, sheet, Stale("Somebody saved this commitment meanwhile."), contested=contested)


def show(request, schedule, sheet, refused: Refused | None = None, *, blank: int = BLANK_ROWS, contested: int = 0):
    commitment = schedule.commitment
    stored_total = total(sheet.stored.values())
    sheet.add_blank(blank if sheet.rows else MORE_ROWS)
    has_units = commitment.is_unit_based or any(row.texts["quantity"] for row in sheet.rows)
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "change_order": schedule.change_order,
        "home": reverse(*_named(_home_of(schedule))),
        "sheet": sheet,
        "unit_cells": UNIT_CELLS if has_units else (),
        "columns": [name for name in COLUMNS if has_units or name not in UNIT_CELLS],
        "most": MOST_LINES,
        "known": " ".join(sheet.stored),
        "codes": sheet.choices.codes_in_use,
        "types": sheet.choices.types.values(),
        "refused": refused,
        "is_stale": isinstance(refused, Stale),
        "contested": contested,
        "saved_last": saved_last(schedule) if isinstance(refused, Stale) else None,
        "stored_total": stored_total,
        "total": sheet.total,
        "form": UploadForm(),
        "editors": presence.others_at(commitment, request.user),
    }
    return render(request, "invoicing/schedule.html", context, status=refused.status if refused else 200)


def saved_last(schedule: Schedule) -> Event | None:
    subjects = [schedule.commitment, *([schedule.change_order] if schedule.change_order else [])]
    return Event.objects.about(*subjects).first()
