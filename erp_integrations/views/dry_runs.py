"""What accepting would write, as a workbook with every cell marked that a rule speaks up about; nothing is accepted."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from directory.decorators import READ, company_view
from directory.downloads import AS_A_FILE, XLSX
from directory.permissions import Level, Tool
from erp_integrations.actions import exports
from erp_integrations.forms import chosen_exports
from erp_integrations.sage100.marked import marked_workbook
from erp_integrations.views.shown import TO_BE_BUILT

MOST = 300  # invoices; the whole workbook is in memory


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def workbook(request, company):
    """Of one or of many that still wait for an answer, as if they went into one file (E-5)."""
    chosen = list(chosen_exports(request.GET, company).filter(status__in=TO_BE_BUILT)[: MOST + 1])
    if not chosen:
        messages.error(request, "Choose at least one invoice that waits for an answer.")
        return redirect("erp-queue", company.slug)
    if len(chosen) > MOST:
        messages.error(request, f"Those were more than {MOST} invoices. Tick some of them.")
        return redirect("erp-queue", company.slug)
    proposal = exports.preview(chosen, by=request.user)
    names = {str(export.invoice_id): export.invoice.number for export in chosen}
    name = f"dry-run-{company.slug}-{company.today:%Y%m%d}.xlsx"
    return HttpResponse(
        marked_workbook(proposal.rows, proposal.findings, names),
        headers=AS_A_FILE | {"Content-Type": XLSX, "Content-Disposition": f'attachment; filename="{name}"'},
    )
