"""Reminding the subcontractors of the ticked invoices, and the page that says what became of each (9.2, V-3)."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from invoicing.actions import reminders
from invoicing.forms.bulk_decisions import MOST
from invoicing.views.doors import must_administer
from invoicing.views.invoice_lists import chosen as chosen_in
from invoicing.views.invoice_lists import list_address


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def remind(request, project):
    must_administer(request.access)
    back = list_address(request, project)
    chosen = sorted(chosen_in(request, project), key=lambda invoice: (invoice.commitment.number, invoice.position))
    if not chosen:
        messages.error(request, "Tick at least one invoice to remind about.")
        return redirect(back)
    if len(chosen) > MOST:
        messages.error(request, f"Those were {len(chosen)} invoices. Tick {MOST} at most, and remind some at a time.")
        return redirect(back)
    results = reminders.remind_about(chosen, by=request.user)
    context = {
        "project": project,
        "back": back,
        "results": results,
        "done": [each for each in results if not each.refusal],
        "refused": [each for each in results if each.refusal],
    }
    return render(request, "invoicing/reminded.html", context)
