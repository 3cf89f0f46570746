"""A schedule of values as a workbook: to take away, and what one that comes back would do (C-2)."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import READ
from directory.downloads import workbook_answer
from directory.permissions import Level
from directory.refusals import Refused
from directory.vendor_forms import UploadForm
from invoicing.actions.schedules import MOST_LINES, Schedule, locked_because, rows_of
from invoicing.calculations.schedules import Outcome, RowChange, ScheduleRow, compare, total
from invoicing.decorators import commitment_view
from invoicing.forms.schedule_rows import CELLS, Row, row_of
from invoicing.forms.schedules import ScheduleSheet
from invoicing.models import Commitment, cost_types_of
from invoicing.schedule_files import ScheduleFile, read_schedule
from invoicing.sheets import Origin, as_workbook
from invoicing.views.schedules import at, choices_of, must_edit, saved_last, show


@commitment_view(Level.READ_ONLY, methods=READ)
def workbook(request, commitment):
    rows = rows_of(Schedule(commitment).lines)
    title = f"Schedule of values of {commitment.number}"
    origin = Origin(commitment.pk, commitment.version)
    content = as_workbook(rows, title, origin, cost_types_of(commitment.company_id))
    return workbook_answer(f"{commitment.number}-schedule-of-values", content)


@commitment_view(Level.READ_ONLY)
def upload(request, commitment):
    """What the file would change, cell by cell; applying it is the editor's save on the version looked at."""
    must_edit(request, commitment)
    if request.method != "POST":
        return redirect("schedule", *at(commitment))
    schedule, form = Schedule(commitment), UploadForm(request.POST, request.FILES)
    stored = rows_of(schedule.lines)
    sheet = ScheduleSheet(stored, choices_of(commitment))
    why_not = locked_because(schedule)
    if why_not:
        messages.info(request, why_not)
        return redirect("commitment", *at(commitment))
    if not form.is_valid():
        return show(request, schedule, sheet, Refused(next(iter(form.errors.values()))[0]))
    file = form.cleaned_data["file"]
    try:
        found = read_schedule(file.name, file.read(), commitment.pk, stored, sheet.choices)
    except Refused as refused:
        return show(request, schedule, sheet, refused)
    count = max(len(found.table.rows), len(found.rows))
    if count > MOST_LINES:
        too_many = f"It has {count:,} rows. A schedule of values has {MOST_LINES:,} lines at most."
        return show(request, schedule, sheet, Refused(too_many))
    return _preview(request, commitment, sheet, found, file.name)


def _preview(request, commitment: Commitment, sheet: ScheduleSheet, file: ScheduleFile, name: str):
    sheet.take_filed(file.rows)
    is_valid = sheet.is_valid() and not file.problems
    stored = list(sheet.stored.values())
    wanted = sheet.wanted if is_valid else _readable(sheet)
    before, after = total(stored), total(wanted)
    context = {
        "project": commitment.project,
        "commitment": commitment,
        "sheet": sheet,
        "types": sheet.choices.types,
        "known": " ".join(sheet.stored),
        "name": name,
        "skipped": file.table.skipped,
        "problems": _problems(sheet, file),
        "before": before,
        "after": after,
        "difference": after - before,
        "remarks": file.remarks,
    }
    context |= _meanwhile(commitment, sheet, file)
    changes = compare(stored, wanted)
    context |= _changes(changes) | {"removed": _removed(changes, sheet)}
    return render(request, "invoicing/schedule_preview.html", context, status=200 if is_valid else 422)


def _readable(sheet: ScheduleSheet) -> list[ScheduleRow]:
    """What the file wants, as far as it could be read: a line with a wrong cell as it is stored, a new one left out."""
    rows = (row.value or sheet.stored.get(row.key) for row in sheet.rows if not row.is_blank)
    return [row for row in rows if row]


def _changes(changes: tuple[RowChange, ...]) -> dict:
    return {
        "groups": {outcome.value: [each for each in changes if each.outcome is outcome] for outcome in Outcome},
        "moved": sum(bool(each.came_from) for each in changes),
        "moved_only": [each for each in changes if each.outcome is Outcome.SAME and each.came_from],
        "count": sum(each.outcome is not Outcome.SAME or bool(each.came_from) for each in changes),
    }


def _removed(changes: tuple[RowChange, ...], sheet: ScheduleSheet) -> list[tuple[int, Row]]:
    """(place in the form, row) of the lines that go: sent as they are shown, so that one which somebody changes before
    it is applied is told from one that nobody did (I-5)."""
    gone = [row_of(each.row, sheet.choices.types) for each in changes if each.outcome is Outcome.REMOVED]
    return list(enumerate(gone, len(sheet.rows)))


def _problems(sheet: ScheduleSheet, file: ScheduleFile) -> list[dict]:
    """Each names its cell as the spreadsheet does."""
    columns, numbers = file.table.columns, file.numbers
    unread = [{"cell": cell, "label": "As downloaded", "words": words} for cell, words in file.problems]
    return unread + [
        {"cell": f"{columns.get(cell, '')}{numbers.get(id(row), '')}", "label": CELLS[cell], "words": problem}
        for _, row, cell, problem in sheet.problems
    ]


def _meanwhile(commitment: Commitment, sheet: ScheduleSheet, file: ScheduleFile) -> dict:
    """What somebody else saved after the download; what both changed comes first, with the place its tick names."""
    is_older = file.is_older_than(commitment.version)
    places = {id(row): place for place, row in enumerate(sheet.rows)}
    told = sorted(file.meanwhile, key=lambda each: not each.is_contested)
    return {
        "is_older": is_older,
        "meanwhile": [(places[id(each.row)], each) for each in told],
        "contested": sum(each.is_contested for each in told),
        "saved_last": saved_last(Schedule(commitment)) if is_older else None,
    }
