"""The overdue board: everything that lies somewhere, the oldest first, and who has to act (E-10)."""

from django.shortcuts import render

from directory.decorators import READ, company_view
from directory.permissions import Level, Tool
from erp_integrations.money_stages import pictured
from erp_integrations.overdue import LISTED, TO_CONFIRM, TO_DOWNLOAD, groups
from erp_integrations.views.queue import about
from invoicing.calculations.money import ZERO


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def overdue(request, company):
    context = about(request, company)
    found = groups(company, request.user, context["approvers"])
    context |= pictured(company, request.user) | {
        "groups": found,
        "count": sum(group.count for group in found),
        "amount": sum((group.amount for group in found), ZERO),
        "parts": [
            {"label": group.label, "amount": group.amount, "tone": group.tone} for group in found if group.amount
        ],
        "listed": LISTED,
        "to_download": TO_DOWNLOAD,
        "to_confirm": TO_CONFIRM,
    }
    return render(request, "erp_integrations/overdue.html", context)
