"""The pages of import layouts: what stands in each column of Sage's rows, corrected by an ERP Admin."""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from directory.decorators import READ, WRITE, company_view
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused, Stale
from directory.unsaved import kept_for
from erp_integrations.actions import layouts as actions
from erp_integrations.actions.exports import next_acceptance
from erp_integrations.exporting import check
from erp_integrations.layout_forms import CONSTANT, FORMATS, TYPES, CopyForm, LayoutSheet, VerifyForm
from erp_integrations.models import ErpSettings, ImportLayout, InvoiceExport
from erp_integrations.models.exports import WITH_ACCOUNTING
from erp_integrations.sage100 import canonical
from erp_integrations.sage100.layout import LOOKUPS, SOURCES, Layout

CARRIED = {
    part: [(CONSTANT, "always the same"), *((source, source.replace("_", " ")) for source in sources)]
    for part, sources in SOURCES.items()
}
PARTS = (("header", "H", "Header row (H)"), ("detail", "D", "Detail rows (D)"))


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=READ)
def layout_list(request, company):
    offered = ImportLayout.objects.offered_to(company)
    used = ImportLayout.objects.files_of(company)
    context = {
        "company": company,
        "layouts": [(layout, used.get(layout.pk, 0)) for layout in offered],
        "in_use": ErpSettings.of(company).layout.key,
    }
    return render(request, "erp_integrations/layouts.html", context)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN)
def layout_page(request, company, name: str, version: int):
    layout = _layout(company, name, version)
    if request.method != "POST":
        kept = kept_for(request)
        sheet = LayoutSheet(layout.as_layout(), kept and kept.fields)
        return _show(request, layout, sheet, wanted=sheet.read(), kept=kept)
    sheet, then = LayoutSheet(layout.as_layout(), request.POST), request.POST.get("then", "save")
    if sheet.press(then):
        return _show(request, layout, sheet, is_filled=True)
    wanted = sheet.read()
    if wanted is None or sheet.faults:
        return _show(request, layout, sheet, status=422)
    if then == "look":
        return _show(request, layout, sheet, wanted=wanted, is_filled=True)
    return _save(request, company, layout, sheet, wanted)


def _save(request, company, layout: ImportLayout, sheet: LayoutSheet, wanted: Layout):
    try:
        saved = actions.change(company, layout.key, wanted, by=request.user, seen=request.POST.get("seen", ""))
    except Stale:
        return _show(request, _layout(company, layout.name, layout.version), sheet, status=409)
    except Refused as refused:
        return _show(request, layout, sheet, status=refused.status, refused=refused)
    if saved.version != layout.version:
        messages.success(
            request,
            f"Saved as version {saved.version}: files were made after version {layout.version}, so that one stays."
            " Choose the new version in the settings.",
        )
    else:
        messages.success(request, "Saved. It is not verified: compare it with the maker’s template.")
    return redirect("erp-layout", company.slug, saved.name, saved.version)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=WRITE)
def copy(request, company, name: str, version: int):
    layout = _layout(company, name, version)
    form = CopyForm(request.POST)
    if form.is_valid():
        try:
            made = actions.copy(company, layout.key, name=form.cleaned_data["name"], by=request.user)
        except Refused as refused:
            form.add_error("name", refused.message)
        else:
            messages.success(request, f"{made.key} is a copy of {layout.key}. No file follows it yet.")
            return redirect("erp-layout", company.slug, made.name, made.version)
    return _show_stored(request, layout, copy=form)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=WRITE)
def verify(request, company, name: str, version: int):
    layout = _layout(company, name, version)
    form = VerifyForm(request.POST)
    if form.is_valid():
        try:
            actions.say_verified(company, layout.key, by=request.user, **form.cleaned_data)
        except Refused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, "Verified. Files made after it from now on are no drafts.")
            return redirect("erp-layout", company.slug, layout.name, layout.version)
    return _show_stored(request, layout, verify=form)


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN, methods=WRITE)
def unverify(request, company, name: str, version: int):
    layout = _layout(company, name, version)
    try:
        actions.take_back_verified(company, layout.key, by=request.user)
        messages.success(request, "It is not verified any more: files made after it are drafts again.")
    except NotNow as refused:
        messages.info(request, refused.message)
    return redirect("erp-layout", company.slug, layout.name, layout.version)


def _layout(company, name: str, version: int) -> ImportLayout:
    found = (each for each in ImportLayout.objects.offered_to(company) if (each.name, each.version) == (name, version))
    layout = next(found, None)
    if layout is None:
        raise Http404
    return layout


def _sample(company, layout: Layout) -> list[tuple]:
    """(caption, cells) of the first rows that the layout makes of an invoice that is on its way; none: no rows."""
    sent = InvoiceExport.objects.of(company).filter(status__in=WITH_ACCOUNTING)
    some = sent.with_context().order_by("-sent_at").first()
    if some is None:
        return []
    under_it = ImportLayout(company=company, name=layout.name, columns=canonical.to_plain(layout))
    rows = check([some], replace(next_acceptance([some]), layout=under_it)).rows.rows
    return [(f"{row.line_type} of {some.invoice.number}", row.cells) for row in rows[:2]]


def _show_stored(request, layout: ImportLayout, *, copy: CopyForm | None = None, verify: VerifyForm | None = None):
    """The editor as it is stored, with a form that was refused."""
    sheet = LayoutSheet(layout.as_layout())
    return _show(request, layout, sheet, status=422, wanted=sheet.read(), copy=copy, verify=verify)


def _show(
    request,
    layout: ImportLayout,
    sheet: LayoutSheet,
    *,
    status: int = 200,
    is_filled: bool = False,
    refused: Refused | None = None,
    wanted: Layout | None = None,
    copy: CopyForm | None = None,
    verify: VerifyForm | None = None,
    kept=None,
):
    """`wanted`: what the sheet says, to be shown on an invoice."""
    company = request.access.company
    context = {
        "company": company,
        "layout": layout,
        "sheet": sheet,
        "parts": [(part, letter, words, sheet.parts[part], CARRIED[part]) for part, letter, words in PARTS],
        "types": TYPES,
        "formats": FORMATS,
        "lookups": [("", "none"), *((name, name) for name in LOOKUPS)],
        "sample": _sample(company, wanted) if wanted and not sheet.faults else [],
        "files": layout.batches.count() if layout.pk else 0,
        "is_in_use": ErpSettings.of(company).layout.key == layout.key,
        "is_filled": is_filled,
        "is_stale": status == 409,
        "refused": refused,
        "kept": kept,
        "copy": copy or CopyForm(),
        "verify": verify or VerifyForm(initial={"seen": layout.fingerprint}),
        "events": Event.objects.about(layout)[:20] if layout.pk else [],
    }
    return render(request, "erp_integrations/layout.html", context, status=status)
