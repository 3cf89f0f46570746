"""What accepting would write, as a workbook with every cell marked that a rule speaks up about; nothing is accepted."""

import io
import zipfile
from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from directory.decorators import company_view, project_view
from directory.downloads import AS_A_FILE, workbook_answer
from directory.permissions import Level, Tool
from erp_integrations import dry_run_sizes
from erp_integrations.actions import exports
from erp_integrations.forms import AcceptForm, chosen_exports
from erp_integrations.models import InvoiceExport
from erp_integrations.models.exports import TO_BE_BUILT
from erp_integrations.sage100.marked import marked_workbook
from erp_integrations.views.queue import CameFrom
from erp_integrations.views.sending import exports_of, require_sender
from invoicing.forms.bulk_decisions import versions_of
from invoicing.models import Invoice
from invoicing.views.invoice_lists import chosen_ids, list_address


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def workbook(request, company):
    """Of one, of many, or of all that wait for an answer, as if they went into one file on the day chosen for it (E-5).

    What failed stands in a file already: where several are asked about, a workbook of each comes in one archive.
    POST does no more: thousands of ids have no room in an address.
    """
    asked = request.POST if request.method == "POST" else request.GET
    chosen = list(chosen_exports(asked, company).filter(status__in=TO_BE_BUILT)[: dry_run_sizes.MOST + 1])
    if not chosen:
        messages.error(request, "Choose at least one invoice that waits for an answer.")
        return redirect(CameFrom.of(request, company).address)
    if len(chosen) > dry_run_sizes.MOST:
        words = f"More than {dry_run_sizes.MOST:,} invoices wait. Narrow the list by project or company first."
        messages.error(request, words)
        return redirect(CameFrom.of(request, company).address)
    form = AcceptForm(asked)
    day = form.cleaned_data["accounting_date"] if form.is_valid() else None
    return _as_workbook(chosen, f"dry-run-{company.slug}-{company.today:%Y%m%d}", day=day, by=request.user)


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def workbook_of_project(request, project):
    """Before anything is sent: of one or of many of a project's invoices, whatever their status (E-5).

    POST does no more: it is of what the list's boxes tick, or of all that its address finds.
    """
    require_sender(request.access)
    is_form = request.method == "POST"
    ids = chosen_ids(request, project) if is_form else list(versions_of(request.GET.getlist("invoice")))
    if len(ids) > dry_run_sizes.MOST:
        return _back(request, project, f"One workbook takes {dry_run_sizes.MOST:,} invoices at most. Narrow the list.")
    chosen = list(Invoice.objects.visible_to(request.access).with_context().filter(pk__in=ids))
    if not chosen:
        return _back(request, project, "Choose at least one invoice to check.")
    chosen.sort(key=lambda each: (each.commitment.number, each.position))
    name = f"dry-run-{project.slug}-{project.company.today:%Y%m%d}"
    return _as_workbook(exports_of(project, chosen, by=request.user), name)


def _back(request, project, words: str):
    """To the list as it was looked at, with why there is no workbook."""
    messages.error(request, words)
    return redirect(list_address(request, project))


def _as_workbook(chosen: list[InvoiceExport], name: str, *, day: date | None = None, by=None) -> HttpResponse:
    names = {str(export.invoice_id): export.invoice.number or str(export.invoice) for export in chosen}
    proposals = exports.preview_by_file(chosen, accounting_date=day, by=by)
    books = {each.facts.batch_key: marked_workbook(each.rows, each.findings, names) for each in proposals}
    if len(books) == 1:
        return workbook_answer(name, *books.values())
    return _archive(name, {f"dry-run-{key}.xlsx": content for key, content in books.items()})


def _archive(name: str, files: dict[str, bytes]) -> HttpResponse:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file_name, content in files.items():
            archive.writestr(file_name, content)
    headers = AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return HttpResponse(packed.getvalue(), content_type="application/zip", headers=headers)
