"""A list of Sage's from a file: its columns, its bad cells, what it would change, and the press that takes it in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from directory import sheets
from directory.decorators import READ, WRITE, company_view
from directory.downloads import AS_A_FILE, XLSX
from directory.permissions import Level, Tool
from directory.refusals import Refused
from erp_integrations.actions import list_uploads
from erp_integrations.list_forms import ColumnsForm, TicksForm
from erp_integrations.models import ListKind, SageListUpload
from erp_integrations.sage100.list_changes import label_of
from erp_integrations.sage100.list_columns import headings_of
from erp_integrations.views.lists import kind_of
from erp_integrations.views.ways_back import WayBack

SHOWN = 100
TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def header(request, company, kind, which):
    """An empty file with the headings that are understood at once."""
    kind = kind_of(kind)
    if which not in TYPES:
        raise Http404
    headings = headings_of(kind)
    content = sheets.as_xlsx(kind.label[:31], headings, []) if which == "xlsx" else sheets.as_csv(headings, [])
    name = f"{kind.value.replace('_', '-')}.{which}"
    return HttpResponse(
        content,
        content_type=TYPES[which],
        headers=AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _load(company, pk: int) -> SageListUpload:
    uploads = company.sage_list_uploads.select_related("company", "uploaded_by", "version")
    return get_object_or_404(uploads.defer("version__records_json"), pk=pk)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def preview(request, company, pk):
    """What the file would do; POST takes it in, and leads back to the invoice whose finding asked for it."""
    upload, ticks = _load(company, pk), TicksForm(request.POST)
    if request.method != "POST" or not ticks.is_valid():
        return _show(request, company, upload)
    try:
        version = list_uploads.confirm(
            upload, by=request.user, digest=request.POST.get("plan", ""), **ticks.cleaned_data
        )
    except Refused as refused:
        if refused.field not in ticks.fields:
            return _show(request, company, _load(company, pk), refused=refused)
        ticks.add_error(refused.field, refused.message)
        return _show(request, company, _load(company, pk), ticks=ticks)
    messages.success(
        request, f"{version} is in use: {version.record_count} rows. Invoices that wait are checked by it."
    )
    return redirect(WayBack.of(request, company).address or reverse("erp-list", args=[company.slug, version.kind]))


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, methods=WRITE)
def columns(request, company, pk):
    upload = _load(company, pk)
    form = ColumnsForm(request.POST, upload=upload)
    if not form.is_valid():
        return _show(request, company, upload, form=form)
    try:
        list_uploads.name_columns(upload, form.chosen, by=request.user)
    except Refused as refused:
        if refused.field not in form.fields:
            return _show(request, company, _load(company, pk), refused=refused)
        form.add_error(refused.field, refused.message)
        return _show(request, company, upload, form=form)
    return redirect(reverse("erp-list-upload", args=[company.slug, pk]) + WayBack.of(request, company).query)


def _show(
    request,
    company,
    upload: SageListUpload,
    *,
    refused: Refused | None = None,
    form: ColumnsForm | None = None,
    ticks: TicksForm | None = None,
):
    plan = list_uploads.plan_of(upload) if upload.is_open else None
    kind = ListKind(upload.kind)
    context = {
        "back": WayBack.of(request, company),
        "company": company,
        "kind": kind,
        "upload": upload,
        "plan": plan,
        "refused": refused,
        "form": form or ColumnsForm(upload=upload),
        "ticks": ticks or TicksForm(),
        "form_is_open": bool(form) or bool(plan and (plan.lacking or plan.clash)),
    }
    if plan:
        context |= _shown(request, upload, plan)
    status = refused.status if refused else 422 if form or ticks else 200
    return render(request, "erp_integrations/list_upload.html", context, status=status)


def _shown(request, upload: SageListUpload, plan: list_uploads.Plan) -> dict:
    """Whatever may be long is on pages of its own, so that all of it can be read before it is taken in."""
    changes = plan.changes
    long = {
        "added": changes.added,
        "gone": changes.gone,
        "changed": changes.changed,
        "missed": plan.missed,
        "problems": plan.problems,
        "warnings": plan.warnings,
    }
    pages = {name: Paginator(found, SHOWN).get_page(request.GET.get(name)) for name, found in long.items()}
    for name in ("added", "gone"):
        pages[name].object_list = [label_of(record) for record in pages[name]]
    changed = pages["changed"]
    changed.object_list = [{"label": label_of(each.new), "fields": each.fields} for each in changed]
    read = {at for at in upload.columns.values() if at is not None}
    return pages | {
        "rows_read": len(upload.rows),
        "not_read": [title for at, title in enumerate(upload.titles) if at not in read and title],
        "renews": changes.is_none and list_uploads.renews(plan, upload),
    }
