"""What Sage's import made of each row of a file, entered at once by whoever accepts (9.7)."""

import re
from collections.abc import Collection

from django.contrib import messages
from django.shortcuts import render

from directory.counts import counted
from directory.decorators import company_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from erp_integrations.actions import results
from erp_integrations.actions.results import Result, ResultRefused
from erp_integrations.models import ExportBatch, ExportStatus, InvoiceExport
from erp_integrations.sage100.reconciling import RECORD_LENGTH
from erp_integrations.views.batches import load
from erp_integrations.views.queue import CameFrom, about, require_approver, to_batch


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def enter(request, company, number):
    require_approver(request.access)
    batch = load(company, number)
    waiting = InvoiceExport.objects.filter(items__batch=batch, items__is_live=True, status=ExportStatus.EXPORTED)
    exports = list(waiting.with_context().order_by("items__position"))
    if request.method == "GET":
        return _page(request, company, batch, exports)
    typed = {each.pk: _typed(request, each) for each in exports}
    late = _typed_late(request, batch, typed)
    try:
        results.require_not_overtaken(batch, late, waits=bool(exports))
        if late and not any(map(any, typed.values())):
            messages.info(request, "Somebody has kept the same already.")
            return to_batch(request, company, number)
        count = results.record([Result(e, *typed[e.pk]) for e in exports if any(typed[e.pk])], by=request.user)
    except Refused as refused:
        return _page(request, company, batch, exports, typed=typed, refused=refused)
    messages.success(request, f"The result of {counted(count, 'invoice')} is kept.")
    return to_batch(request, company, number)


def _typed(request, export: InvoiceExport) -> tuple[str, str, bool]:
    """What was entered of it, as `Result` takes it. Only a release is ticked: it is no row of the import (S50)."""
    record, message = (request.POST.get(f"{name}-{export.pk}", "").strip() for name in ("record", "message"))
    return record, message, export.only_releases and f"released-{export.pk}" in request.POST


def _typed_late(request, batch: ExportBatch, waiting: Collection[int]) -> list[Result]:
    """What was entered of invoices that waited when the page was made, and wait no more."""
    named = (re.fullmatch(r"(?:record|message|released)-([0-9]{1,18})", name) for name in request.POST)
    keys = {int(found[1]) for found in named if found and request.POST[found[0]].strip()} - set(waiting)
    if not keys:
        return []
    ended = InvoiceExport.objects.filter(items__batch=batch, pk__in=keys).with_context()
    return [
        Result(each, record, message, f"released-{each.pk}" in request.POST)
        for each in ended.order_by("items__position")
        for record, message, _ in [_typed(request, each)]
    ]


def _page(request, company, batch, exports, *, typed: dict | None = None, refused: Refused | None = None):
    """With what was typed, and what keeps one of them from being kept beside its row."""
    at = refused.export_id if isinstance(refused, ResultRefused) else None
    rows = [
        {
            "export": each,
            "record": record,
            "message": message,
            "is_released": is_released,
            "wrong": refused.message if each.pk == at else "",
        }
        for each in exports
        for record, message, is_released in [(typed or {}).get(each.pk, ("", "", False))]
    ]
    context = about(request, company) | {"batch": batch, "rows": rows, "refused": refused, "longest": RECORD_LENGTH}
    context |= {"came_from": CameFrom.of(request, company)}
    return render(request, "erp_integrations/results.html", context, status=refused.status if refused else 200)
