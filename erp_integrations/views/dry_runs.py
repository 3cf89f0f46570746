"""What accepting would write, as a workbook with every cell marked that a rule speaks up about; nothing is accepted.

Up to `dry_run_sizes.AT_ONCE` invoices it comes at once; of more it is made in the background for whoever asked.
"""

import io
from datetime import date
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from directory.decorators import company_view, project_view
from directory.downloads import AS_A_FILE
from directory.models import Company
from directory.permissions import Level, Tool
from erp_integrations import dry_run_sizes
from erp_integrations.actions import exports
from erp_integrations.actions.dry_runs import ask_for_dry_run, name_of
from erp_integrations.dry_runs import IN_LISTS_ORDER, write_dry_run
from erp_integrations.forms import AcceptForm, chosen_exports
from erp_integrations.models import InvoiceExport
from erp_integrations.models.exports import TO_BE_BUILT
from erp_integrations.views.queue import CameFrom
from erp_integrations.views.sending import require_sender
from invoicing.forms.bulk_decisions import versions_of
from invoicing.models import Invoice
from invoicing.views.invoice_lists import chosen_ids, list_address
from invoicing.views.made_files import CONTENT_TYPES, PAGES, Pages, asked, doors

PAGES[Company] = Pages("erp-file", "erp_integrations/erp_base.html", "company")
FILES = doors(company_view, Tool.ERP_INTEGRATIONS, Level.READ_ONLY)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def workbook(request, company):
    """Of one, of many, or of all that wait for an answer, as if they went into one file on the day chosen for it (E-5).

    What failed stands in a file already: where several are asked about, a workbook of each comes in one archive.
    POST takes thousands of ids, which have no room in an address, and what takes a while.
    """
    said = request.POST if request.method == "POST" else request.GET
    chosen = chosen_exports(said, company).filter(status__in=TO_BE_BUILT)
    ids = list(chosen.values_list("invoice_id", flat=True)[: dry_run_sizes.MOST + 1])
    back = CameFrom.of(request, company).address
    if not ids:
        return _back(request, back, "Choose at least one invoice that waits for an answer.")
    if len(ids) > dry_run_sizes.MOST:
        words = f"More than {dry_run_sizes.MOST:,} invoices wait. Narrow the list by project or company first."
        return _back(request, back, words)
    if len(ids) > dry_run_sizes.AT_ONCE:
        return _in_the_background(request, company, ids, back, _day(said))
    return _at_once(company, list(chosen), day=_day(said), by=request.user)


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def workbook_of_project(request, project):
    """Before anything is sent: of one or of many of a project's invoices, whatever their status (E-5).

    POST is of what the list's boxes tick, or of all that its address finds.
    """
    require_sender(request.access)
    is_form = request.method == "POST"
    ids = chosen_ids(request, project) if is_form else list(versions_of(request.GET.getlist("invoice")))
    back = list_address(request, project)
    if len(ids) > dry_run_sizes.AT_ONCE:
        return _in_the_background(request, project, ids, back)
    chosen = list(Invoice.objects.visible_to(request.access).with_context().filter(pk__in=ids))
    if not chosen:
        return _back(request, back, "Choose at least one invoice to check.")
    chosen.sort(key=IN_LISTS_ORDER)
    return _at_once(project, exports.exports_of(project, chosen, by=request.user))


def _day(said) -> date | None:
    """The accounting date that was chosen, where one was."""
    form = AcceptForm(said)
    return form.cleaned_data["accounting_date"] if form.is_valid() else None


def _back(request, address: str, words: str):
    """To the list as it was looked at, with why there is no workbook."""
    messages.error(request, words)
    return redirect(address)


def _in_the_background(request, place, ids: list[int], back: str, day: date | None = None):
    """For a press alone: whoever only follows an address finds there what to press."""
    if request.method != "POST":
        words = f"{len(ids):,} invoices take a while: check them from here, and the workbook is made in the background."
        return _back(request, back, words)
    return asked(request, partial(ask_for_dry_run, place, ids, day=day, asked_on=back), back)


def _at_once(place, chosen: list[InvoiceExport], *, day: date | None = None, by=None) -> HttpResponse:
    out = io.BytesIO()
    ending = write_dry_run(out, chosen, day=day, by=by)
    headers = AS_A_FILE | {"Content-Disposition": f'attachment; filename="{name_of(place)}.{ending}"'}
    return HttpResponse(out.getvalue(), content_type=CONTENT_TYPES[f".{ending}"], headers=headers)
