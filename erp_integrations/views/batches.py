"""Import files: how far a batch is, what it adds up to, who took its file away, and what Sage has made of it."""

from dataclasses import replace

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from directory.decorators import READ, WRITE, company_view
from directory.downloads import AS_A_FILE, XLSX
from directory.models import Event, Mail
from directory.moments import moment_in_words
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.typed import SearchForm
from directory.views.answers import progress
from directory.where_from import where_from
from erp_integrations.actions import batches
from erp_integrations.exporting import Acceptance, check, lost_days, plain_findings, storing
from erp_integrations.exporting.still_in_sage import imported_already
from erp_integrations.exporting.unchanged import changes
from erp_integrations.forms import AcceptForm, TakeAgainForm
from erp_integrations.models import (
    BatchStanding,
    BatchState,
    Download,
    ExportBatch,
    ExportStatus,
    InvoiceExport,
    RetainageRelease,
    SageRefusal,
)
from erp_integrations.models.exports import IN_A_FILE
from erp_integrations.permissions import conflict_of, is_accounting_approver, projects_where_may_void
from erp_integrations.sage100.by_hand import FileToImport, Step, steps_in_sage
from erp_integrations.sage100.facts import AsAccepted
from erp_integrations.sage100.findings import WARNING
from erp_integrations.sage100.mended import OF_SUMS, ON_THE_SHEET
from erp_integrations.views.queue import NEWEST_MAILS, CameFrom, about, require_approver, to_batch
from erp_integrations.views.shown import grouped, ticked_keys

PAGE_SIZE = 50
STEPS = ("Accepted", "Building", "Ready", "Downloaded", "Confirmed in Sage")
CONTENT_TYPES = {
    Download.Which.XLSX: XLSX,
    Download.Which.CSV: "text/csv; charset=utf-8",
}


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def batch_list(request, company):
    """Narrowed to a key or an invoice number, and to one standing; the tabs count what the words leave."""
    search, state = SearchForm(request.GET, "EXP key or invoice number"), request.GET.get("state", "")
    state = BatchStanding(state) if state in BatchStanding.values else None
    found = ExportBatch.objects.of(company).with_standing()
    found = found.named(search.words) if search.words else found
    counts = dict(found.order_by().values_list("standing").annotate(count=Count("pk")))
    tabs = [{"state": each, "count": counts.get(each.value, 0)} for each in BatchStanding]
    page = Paginator((found.filter(standing=state) if state else found).for_list(), PAGE_SIZE)
    context = about(request, company) | {
        "search": search,
        "state": state,
        "tabs": tabs,
        "all_count": sum(counts.values()),
        "page": page.get_page(request.GET.get("page")),
    }
    return render(request, "erp_integrations/batch_list.html", context)


def load(company, number: int) -> ExportBatch:
    found = ExportBatch.objects.of(company).select_related("company__erp_settings", "layout", "accepted_by")
    batch = found.filter(number=number).first()
    if batch is None:
        raise Http404
    return batch


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def batch_page(request, company, number):
    batch = load(company, number)
    if request.htmx:
        return progress(request, job_of(batch))
    return show(request, company, batch)


def job_of(batch: ExportBatch) -> dict:
    seconds = max(0, (timezone.now() - batch.accepted_at).total_seconds())
    since = f"{seconds:.0f} s so far" if seconds < 120 else f"{seconds // 60:.0f} min so far"
    words = {
        BatchState.PENDING: f"{_waiting_for(batch)}, {since}.",
        BatchState.BUILDING: f"{batch.step or 'Building'}: {batch.done} of {batch.total} invoices, {since}."
        if batch.total
        else f"{batch.step or 'Building'}, {since}.",
        BatchState.READY: "The file is ready.",
        BatchState.DEAD: "The file could not be built.",
        BatchState.VOID: "Nothing of this batch is left.",
    }
    return {
        "id": "job",
        "label": f"Building {batch.key}",
        "running": batch.is_under_way,
        "seconds": seconds,
        "done": batch.done,
        "total": batch.total or 1,
        "words": words[BatchState(batch.state)],
        "mailed": f"{batch.accepted_by.name} gets a mail when it is done",
    }


def _waiting_for(batch: ExportBatch) -> str:
    """A worker, or the next try, at most half an hour from now."""
    at = batch.tried_again_at
    return f"Tried again {moment_in_words(at, batch.company.zone)}" if at else "Waiting for a worker"


def show(request, company, batch: ExportBatch, *, refused: Refused | None = None):
    """The batch's page; with `refused`, why nothing was done on top, and its status."""
    downloads = list(batch.downloads.select_related("by"))
    rows = _rows_of(batch, request.access)
    live = [row["export"] for row in rows if row["item"].is_live]
    waiting = [row["item"] for row in rows if row["is_waiting"]]
    left = sum(row["has_left"] for row in rows)
    sage_company, layout = batch.frozen_company_and_layout
    on_it = SageRefusal.objects.words_about("on_invoice")
    on_sheet = list(RetainageRelease.objects.of_batch(batch).annotate(what_sage_said=on_it))
    context = about(request, company) | {
        "came_from": CameFrom.of(request, company),
        "may_cancel": _may_cancel(batch, rows, request.access),
        "batch": batch,
        "layout": layout,
        "rows": rows,
        "live_count": len(live),
        "left_count": left,
        "refused_count": sum(row["is_waiting"] and bool(row["refusal"]) for row in rows),
        "imported": _imported(batch, rows, downloads),
        "may_report_rows": bool(waiting),
        "posted_count": sum(export.status == ExportStatus.POSTED for export in live),
        "sizes": [storing.size_of(key) for key in (batch.file_key, batch.csv_key) if key],
        "hashes": [_in_parts(hash) for hash in (batch.file_sha256, batch.csv_sha256)],
        "downloads": downloads,
        "steps": STEPS,
        "step": _step(batch, live, downloads),
        "is_stopped": batch.state in (BatchState.DEAD, BatchState.VOID),
        "job": job_of(batch),
        "releases": [release for release in on_sheet if release.item.is_live],
        "refused_beneath": {
            release.on_invoice.number: release.what_sage_said
            for release in on_sheet
            if release.item.is_live and release.what_sage_said
        },
        "of_the_sheet": [each["message"] for each in batch.findings if _is_of_the_sheet(each)],
        "in_sage": _in_sage(batch, sage_company, on_sheet, left=left),
        "seen": grouped(
            batch.findings, "warning", names={str(row["export"].invoice_id): row["as_built"].number for row in rows}
        ),
        "events": Event.objects.about(batch)[:50],
        "mails": Mail.objects.about(batch).for_list()[:NEWEST_MAILS],
        "refused": refused,
    }
    if batch.state == BatchState.DEAD and live:
        context |= _second_try(batch, live, request)
    return render(request, "erp_integrations/batch.html", context, status=refused.status if refused else 200)


def _rows_of(batch: ExportBatch, access) -> list[dict]:
    """Each invoice that was ever in it, as it went into the file; `has_left`: it was accepted here and is no more.

    `is_waiting`: for whoever confirms it in Sage.
    """
    items = list(batch.items.select_related("invoice_export", "replaced_by__batch").order_by("position"))
    with_part = InvoiceExport.objects.with_context().with_part_of(access.person)
    exports = {export.pk: export for export in with_part.filter(items__batch=batch)}
    refusals = {each.item_id: each for each in reversed(_refusals(batch))}
    frozen = batch.as_accepted if any(not item.is_live for item in items) else {}
    voidable = projects_where_may_void(access)
    rows = []
    for item in items:
        export = exports[item.invoice_export_id]
        # What was rejected out of a failed batch is in no file of it.
        has_left = not item.is_live and export.invoice_id in frozen
        rows.append(
            {
                "item": item,
                "may_void": item.is_live and export.status in IN_A_FILE and export.project.pk in voidable,
                "export": export,
                "refusal": refusals.get(item.pk),
                "as_built": _as_built(item, export, frozen),
                "is_waiting": item.is_live and export.status == ExportStatus.EXPORTED,
                "has_left": has_left,
                "is_former": has_left and batch.has_file,
            }
        )
    return rows


def _imported(batch: ExportBatch, rows: list[dict], downloads: list) -> str:
    """`imported_already` of a page that has read all of it."""
    places = [row["item"] for row in rows if row["item"].is_live]
    return imported_already(batch, places, is_taken=bool(downloads)) if batch.state == BatchState.READY else ""


def _may_cancel(batch: ExportBatch, rows: list[dict], access) -> bool:
    """Whether its page would void one of them for this person; of a batch that failed it leads to rejecting them."""
    if batch.state == BatchState.DEAD:
        return is_accounting_approver(access)
    return any(row["may_void"] for row in rows)


def _as_built(item, export: InvoiceExport, frozen: dict[int, AsAccepted]) -> AsAccepted:
    """As the file has it. What left the batch was opened again, and may have another number and other sums since."""
    invoice = export.invoice
    now = AsAccepted(invoice.number, invoice.gross_this_period, invoice.retainage_newly_held)
    return now if item.is_live else frozen.get(invoice.pk, now)


def _is_of_the_sheet(finding: dict) -> bool:
    return finding["rule"] in ON_THE_SHEET and finding["severity"] == WARNING


def _in_parts(hash: str) -> list[str]:
    """Between which a narrow page may break it."""
    return [hash[at : at + 16] for at in range(0, len(hash), 16)]


def _in_sage(batch: ExportBatch, sage_company: str, releases: list[RetainageRelease], *, left: int) -> tuple[Step, ...]:
    """What staff do with its file; nothing while there is none, or none that anybody may import."""
    if batch.state != BatchState.READY:
        return ()
    figures = {name: getattr(batch, name) for name in ("key", "accounting_date", "gross", "retainage", "net")}
    return steps_in_sage(
        FileToImport(
            name=batch.file_name,
            company=sage_company,
            invoices=batch.invoice_count,
            rows=batch.row_count,
            releases=len(releases),
            released=sum(each.released for each in releases),
            left=left,
            left_releases=tuple(place for place, each in enumerate(releases) if not each.item.is_live),
            **figures,
        )
    )


def _refusals(batch: ExportBatch) -> list[SageRefusal]:
    """Newest first."""
    return list(SageRefusal.objects.filter(item__batch=batch).select_related("by"))


def _step(batch: ExportBatch, live: list, downloads: list) -> int:
    """1 to 5 of STEPS; 6 when all is done."""
    if batch.state == BatchState.PENDING:
        return 1
    if batch.state in (BatchState.BUILDING, BatchState.DEAD):
        return 2
    if live and all(export.status == ExportStatus.POSTED for export in live):
        return 6
    if any(export.status == ExportStatus.POSTED for export in live):
        return 5
    return 4 if downloads else 3


def _second_try(batch: ExportBatch, live: list, request) -> dict:
    """What the rules say now about trying again: errors first, then changes and warnings that nobody has seen yet.

    On its own day, or on the one that is asked about.
    """
    form = AcceptForm(request.POST or request.GET) if "accounting_date" in (request.POST | request.GET) else None
    day = form.cleaned_data["accounting_date"] if form and form.is_valid() else batch.accounting_date
    proposal = check(live, replace(Acceptance.of(batch), accounting_date=day))
    proposal = replace(proposal, findings=proposal.findings + changes(batch, proposal))
    seen = {finding["key"] for finding in batch.findings}
    found = plain_findings(proposal.findings)
    unseen = [finding for finding in found if finding["key"] not in seen]
    names = {str(export.invoice_id): export.invoice.number for export in live}
    errors = grouped(found, "error", names=names, mended_for=live)
    firsts = sorted((group.first for group in errors), key=lambda each: (each["rule"] in OF_SUMS, each["mend"] is None))
    return {
        "errors": errors,
        "first_error": next(
            iter(firsts), None
        ),  # one that a page of ours mends, where there is one; a cause before sums
        "warnings": grouped(unseen, "warning", ticked=ticked_keys(request.POST), names=names, mended_for=live),
        "day_form": form or AcceptForm(initial={"accounting_date": day}),
        "is_the_day": any(finding["rule"] == "S27" and finding["severity"] == "error" for finding in found),
        "conflict": next(filter(None, map(conflict_of, live)), ""),
    }


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, methods=WRITE, fresh=True)
def retry(request, company, number):
    require_approver(request.access)
    batch, form = load(company, number), AcceptForm(request.POST)
    if "accounting_date" in request.POST and not form.is_valid():
        return show(request, company, batch, refused=Refused("Choose the accounting date anew: it is not a day."))
    day = form.cleaned_data["accounting_date"] if form.is_valid() else None
    try:
        batches.retry(batch, by=request.user, ticked=ticked_keys(request.POST), accounting_date=day)
    except Refused as refused:
        return show(request, company, batch, refused=refused)
    messages.success(request, f"{batch.key} is built again.")
    return to_batch(request, company, number)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=("GET",))
def download(request, company, number, which):
    """E-2: the same bytes every time, and each time written down. Not HEAD, which takes nothing away.

    What was taken before, or stands in Sage’s list already, is given for a reason only (R15, R127).
    """
    if which not in Download.Which:
        raise Http404
    batch, form = load(company, number), TakeAgainForm(request.GET if "reason" in request.GET else None)
    earlier = list(batch.downloads.select_related("by")[:20]) if batch.has_file else []
    imported = imported_already(batch, is_taken=bool(earlier)) if batch.has_file else ""
    if (earlier or imported) and not form.is_valid():
        lost_days.require_told(company)  # nobody is asked for the reason of what is not given
        context = about(request, company) | {"batch": batch, "which": which, "earlier": earlier, "form": form}
        context["imported"] = imported
        context |= {"came_from": CameFrom.of(request, company)}
        return render(request, "erp_integrations/take_again.html", context, status=422 if form.errors else 200)
    taken = batches.download(
        batch,
        Download.Which(which),
        by=request.user,
        remote_address=where_from(request),
        reason=form.cleaned_data["reason"] if earlier or imported else "",
    )
    return HttpResponse(
        taken.content,
        headers=AS_A_FILE
        | {
            "Content-Type": CONTENT_TYPES[Download.Which(which)],
            "Content-Disposition": f'attachment; filename="{taken.name}"',
        },
    )
