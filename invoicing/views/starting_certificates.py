"""Starting in the middle of a job: a file and the totals of the books, what they prove, and loading it as a whole."""

from django.contrib import messages
from django.core import signing
from django.shortcuts import redirect, render

from directory.decorators import READ, project_view
from directory.downloads import workbook_answer
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.sheets import as_xlsx, read_table
from invoicing.actions import starting_certificates, starting_proofs
from invoicing.actions.starting_proofs import Controls
from invoicing.forms.starting_certificates import ControlsForm, StartForm
from invoicing.forms.starting_rows import HEADINGS, HINTS, REQUIRED, read
from invoicing.views.doors import must_administer

SALT, AN_HOUR = "mid-job start", 3600
SHOWN = 50


@project_view(Tool.COMMITMENTS, Level.READ_ONLY)
def start(request, project):
    """POST with a file shows what it proves; POST with the rows that were shown loads them."""
    must_administer(request.access)
    if request.method != "POST":
        return _show(request, project, StartForm())
    if "rows" in request.POST:
        return _load(request, project)
    form = StartForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, project, form, status=422)
    if form.cleaned_data["as_of"] > project.today:
        form.add_error("as_of", starting_certificates.NOT_YET)
        return _show(request, project, form, status=422)
    file = form.cleaned_data["file"]
    try:
        table = read_table(file.name, file.read(), HEADINGS, REQUIRED)
        starting_proofs.must_be_loadable(len(table.rows))
    except Refused as refused:
        form.add_error("file", refused.message)
        return _show(request, project, form, status=422)
    return _prove(request, project, form, form.controls, table.rows, table.columns)


def _prove(request, project, form, controls: Controls, rows: list[dict], columns: dict[str, str], refused=None):
    reading = read(project.company, rows)
    proof = starting_proofs.prove(project, reading.loaded, controls)
    problems = reading.problems + proof.problems
    context = {
        "problems": [
            {"cell": f"{columns.get(each.column, '')}{each.row}", "words": each.words} for each in problems[:SHOWN]
        ],
        "more": max(0, len(problems) - SHOWN),
        "differences": [] if reading.problems else [_difference(*each) for each in proof.differences],
        "loaded": [{"commitment": each, "sums": Controls.of([each])} for each in reading.loaded],
        "found": Controls.of(reading.loaded),
        "is_proved": not problems and proof.holds and not refused,
        "refused": refused,
        "rows": signing.dumps(rows, salt=SALT, compress=True),
    }
    return _show(request, project, form, status=200 if context["is_proved"] else 422, **context)


def _difference(words: str, books, found) -> tuple:
    """(what, by the books, in the file, difference, its size)."""
    return words, books, found, found - books, abs(found - books)


def _show(request, project, form, *, status: int = 200, **context):
    headings = [
        {"words": words[0], "is_required": name in REQUIRED, "hint": HINTS.get(name)}
        for name, words in HEADINGS.items()
    ]
    context |= {"project": project, "form": form, "headings": headings}
    return render(request, "invoicing/starting.html", context, status=status)


def _load(request, project):
    form = ControlsForm(request.POST)
    try:
        rows = signing.loads(request.POST["rows"], salt=SALT, max_age=AN_HOUR)
    except signing.BadSignature:
        messages.warning(request, "That was shown too long ago. Upload the file again.")
        return redirect("commitments-start", project.slug)
    if not form.is_valid():
        return _show(request, project, StartForm(request.POST), status=422)
    reading, again = read(project.company, rows), StartForm(initial=request.POST.dict())
    if reading.problems:
        return _prove(request, project, again, form.controls, rows, {})
    try:
        made = starting_certificates.load(
            project, reading.loaded, form.controls, as_of=form.cleaned_data["as_of"], by=request.user
        )
    except Refused as refused:
        return _prove(request, project, again, form.controls, rows, {}, refused)
    went = (
        "1 commitment goes on from where it stood" if len(made) == 1 else f"{len(made)} commitments go on as they stood"
    )
    messages.success(request, f"{went}. Name the invoice contacts next.")
    return redirect("commitments", project.slug)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def workbook(request, project):
    """An empty workbook with the headings that are read."""
    must_administer(request.access)
    content = as_xlsx("Mid-job start", [words[0] for words in HEADINGS.values()], [])
    return workbook_answer("mid-job-start", content)
