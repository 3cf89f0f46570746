"""Vendors or people from a file: choose it, see what it would do, apply it as a whole."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from directory import sheets
from directory.actions import directory_uploads
from directory.actions.row_plans import CHANGED, NEW, REFUSED, SAME
from directory.decorators import FORM, READ, company_view
from directory.downloads import AS_A_FILE, XLSX
from directory.models import DirectoryUpload
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.vendor_forms import UploadForm

SHOWN = 300
TYPES = {
    "xlsx": XLSX,
    "csv": "text/csv; charset=utf-8",
}


def _about(company, kind: str) -> dict:
    if kind not in DirectoryUpload.Kind.values:
        raise Http404
    headings = [words[0] for words in directory_uploads.ABOUT[kind].HEADINGS.values()]
    return {"company": company, "tab": kind, "kind": kind, "headings": headings}


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def upload(request, company, kind):
    earlier = company.directory_uploads.filter(kind=kind).select_related("uploaded_by")[:5]
    context = _about(company, kind) | {"earlier": earlier}
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            taken = directory_uploads.take_in(company, kind, file.name, file.read(), by=request.user)
        except Refused as refusal:
            form.add_error("file", refusal.message)
        else:
            return redirect("directory-upload", company.slug, taken.pk)
    return render(request, "directory/upload.html", context | {"form": form}, status=422 if form.errors else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=READ)
def template(request, company, kind, which):
    """What the directory holds now, under the headings that are understood: to be changed and uploaded."""
    headings, rows = _about(company, kind)["headings"], directory_uploads.ABOUT[kind].rows_of_today(company)
    if which not in TYPES:
        raise Http404
    content = sheets.as_xlsx(kind.title(), headings, rows) if which == "xlsx" else sheets.as_csv(headings, rows)
    name = f"{kind}-{company.slug}.{which}"
    return HttpResponse(
        content,
        content_type=TYPES[which],
        headers=AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name}"'},
    )


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def preview(request, company, pk):
    taken = get_object_or_404(company.directory_uploads.select_related("company", "uploaded_by"), pk=pk)
    if request.method == "GET" or request.method == "HEAD":
        return _show(request, company, taken)
    try:
        plan = directory_uploads.apply(
            taken, by=request.user, digest=request.POST.get("plan", ""), seen_alike="seen_alike" in request.POST
        )
    except Refused as refusal:
        return _show(request, company, taken, refused=refusal)
    messages.success(request, f"{taken.file_name} is applied: {len(plan.work)} changes, one event each.")
    return redirect("vendors" if taken.kind == "vendors" else "company-directory", company.slug)


def _show(request, company, taken: DirectoryUpload, *, refused: Refused | None = None):
    plan = directory_uploads.plan_of(taken) if not taken.applied_at else None
    context = _about(company, taken.kind) | {"upload": taken, "plan": plan, "refused": refused}
    if plan:
        found = {outcome: plan.of(outcome) for outcome in (REFUSED, CHANGED, NEW, SAME)}
        context |= {outcome: found[outcome][:SHOWN] for outcome in (CHANGED, NEW, SAME)}
        context["refused_rows"] = found[REFUSED][:SHOWN]
        context["counts"] = {outcome: len(rows) for outcome, rows in found.items()}
        context["problem_cells"] = [problem.partition(":")[0] for row in found[REFUSED] for problem in row.problems][:3]
    return render(request, "directory/upload_preview.html", context, status=refused.status if refused else 200)
