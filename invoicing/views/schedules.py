"""A commitment's schedule of values: the editor, the workbook to take away, and what one that comes back would do."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.decorators import READ
from directory.models import Event
from directory.permissions import Level
from directory.refusals import NotAllowed, Refused, Stale
from directory.vendor_forms import UploadForm
from invoicing import editors
from invoicing.actions.schedules import MOST_LINES, Schedule, change_schedule, locked_because, rows_of
from invoicing.calculations.money import ZERO
from invoicing.calculations.schedules import Outcome, compare, total
from invoicing.decorators import commitment_view
from invoicing.forms.schedule_rows import CELLS, UNIT_CELLS, Choices, row_of
from invoicing.forms.schedules import ScheduleSheet
from invoicing.models import Commitment, CostCode, cost_types_of
from invoicing.permissions import ADMIN_RIGHT, may_edit_commitment
from invoicing.sheets import as_workbook, read_rows

BLANK_ROWS, MORE_ROWS = 3, 20
COLUMNS = ("code", "description", "type", "quantity", "unit", "price", "amount", "rate")  # as they stand side by side
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _choices(commitment: Commitment) -> Choices:
    codes = {code.code: code for code in CostCode.objects.filter(company=commitment.company_id)}
    return Choices(codes, cost_types_of(commitment.company_id))


def _must_edit(request, commitment: Commitment) -> None:
    if not may_edit_commitment(commitment, request.access):
        raise NotAllowed(ADMIN_RIGHT)


@commitment_view(Level.READ_ONLY)
def edit(request, commitment):
    _must_edit(request, commitment)
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
        editors.opened(commitment, request.user, _named_lines(schedule))
        return _show(request, schedule, ScheduleSheet(stored, _choices(commitment)))
    sheet = ScheduleSheet(stored, _choices(commitment), request.POST)
    if sheet.is_cut:
        return _show(request, schedule, sheet, Refused("Part of the page did not arrive. Save again."))
    if request.POST.get("then") == "rows":
        return _show_more(request, schedule, sheet)
    if sheet.version != commitment.version:
        return _show_both(request, schedule, sheet, stored)
    if not sheet.is_valid():
        return _show(request, schedule, sheet, Refused("Nothing was saved yet."))
    return _save(request, schedule, sheet)


def _show_more(request, schedule: Schedule, sheet: ScheduleSheet):
    if len(sheet.rows) < MOST_LINES:
        return _show(request, schedule, sheet, blank=min(MORE_ROWS, MOST_LINES - len(sheet.rows)))
    full = Refused(f"A schedule of values has {MOST_LINES:,} lines at most. Save what you have.")
    return _show(request, schedule, sheet, full, blank=0)


def _save(request, schedule: Schedule, sheet: ScheduleSheet):
    try:
        changes = change_schedule(schedule, sheet.wanted, version=sheet.version, by=request.user)
    except Stale:
        return _show_both(request, schedule, sheet, rows_of(schedule.lines))
    except Refused as refused:
        at_its_cell = sheet.blame(refused.field, refused.message)
        return _show(request, schedule, sheet, Refused("Nothing was saved yet.") if at_its_cell else refused)
    editors.done(schedule.commitment, request.user)
    messages.success(request, _saved_words(changes))
    return redirect(request.path if request.POST.get("then") == "stay" else reverse(*_named(_home_of(schedule))))


def _named_lines(schedule: Schedule) -> str:
    return f"the lines of {schedule.change_order.number}" if schedule.change_order else "this schedule of values"


def _named(home: tuple) -> tuple:
    return home[0], None, home[1:]


def _at(commitment: Commitment) -> tuple[str, str]:
    return commitment.project.slug, commitment.number


def _home_of(schedule: Schedule) -> tuple:
    """The page the lines belong to, as `redirect` takes it."""
    if schedule.change_order:
        return "change-order", *_at(schedule.commitment), schedule.change_order.pk
    return "commitment", *_at(schedule.commitment)


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
    return _show(request, schedule, sheet, Stale("Somebody saved this commitment meanwhile."), contested=contested)


def _show(request, schedule, sheet, refused: Refused | None = None, *, blank: int = BLANK_ROWS, contested: int = 0):
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
        "saved_last": _saved_last(schedule) if isinstance(refused, Stale) else None,
        "stored_total": stored_total,
        "total": sheet.total,
        "form": UploadForm(),
        "editors": editors.others_at(commitment, request.user),
    }
    return render(request, "invoicing/schedule.html", context, status=refused.status if refused else 200)


def _saved_last(schedule: Schedule) -> Event | None:
    subjects = [schedule.commitment, *([schedule.change_order] if schedule.change_order else [])]
    return Event.objects.about(*subjects).first()


@commitment_view(Level.READ_ONLY, methods=READ)
def workbook(request, commitment):
    rows = rows_of(Schedule(commitment).lines)
    name = f"{commitment.number}-schedule-of-values.xlsx"
    title = f"Schedule of values of {commitment.number}"
    content = as_workbook(rows, title, cost_types_of(commitment.company_id))
    return HttpResponse(content, XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@commitment_view(Level.READ_ONLY)
def upload(request, commitment):
    """What the file would change, cell by cell; applying it is the editor's save on the version looked at (C-2)."""
    _must_edit(request, commitment)
    if request.method != "POST":
        return redirect("schedule", *_at(commitment))
    schedule, form = Schedule(commitment), UploadForm(request.POST, request.FILES)
    stored = rows_of(schedule.lines)
    sheet = ScheduleSheet(stored, _choices(commitment))
    why_not = locked_because(schedule)
    if why_not:
        messages.info(request, why_not)
        return redirect("commitment", *_at(commitment))
    if not form.is_valid():
        return _show(request, schedule, sheet, Refused(next(iter(form.errors.values()))[0]))
    file = form.cleaned_data["file"]
    try:
        table, sheet.rows = read_rows(file.name, file.read(), stored, sheet.choices.types)
    except Refused as refused:
        return _show(request, schedule, sheet, refused)
    if len(table.rows) > MOST_LINES:
        sheet.rows = [row_of(line, sheet.choices.types) for line in stored]
        too_many = f"It has {len(table.rows):,} rows. A schedule of values has {MOST_LINES:,} lines at most."
        return _show(request, schedule, sheet, Refused(too_many))
    numbers = [cells["row"] for cells in table.rows]
    return _preview(request, commitment, sheet, stored, table, numbers, file.name)


def _preview(request, commitment, sheet: ScheduleSheet, stored, table, numbers, name: str):
    rows = list(sheet.rows)
    is_valid = sheet.is_valid()
    in_file = {id(row): number for row, number in zip(rows, numbers, strict=True)}
    changes = compare(stored, sheet.wanted) if is_valid else ()
    groups = {outcome.value: [each for each in changes if each.outcome is outcome] for outcome in Outcome}
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "sheet": sheet,
        "types": sheet.choices.types,
        "known": " ".join(sheet.stored),
        "name": name,
        "skipped": table.skipped,
        "problems": [
            {"cell": f"{table.columns.get(cell, '')}{in_file[id(row)]}", "label": CELLS[cell], "words": problem}
            for _, row, cell, problem in sheet.problems
        ],
        "groups": groups,
        "moved": sum(bool(each.came_from) for each in changes),
        "count": sum(each.outcome is not Outcome.SAME or bool(each.came_from) for each in changes),
        "before": total(stored),
        "after": sheet.total,
        "difference": sheet.total - total(stored) if is_valid else ZERO,
    }
    return render(request, "invoicing/schedule_preview.html", context, status=200 if is_valid else 422)
