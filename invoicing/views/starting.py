"""Starting an invoice: of one commitment, and the menu of those that can start one now (9.2)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from directory.decorators import READ, WRITE, project_view
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.actions import invoices
from invoicing.addresses import address, commitment_address
from invoicing.decorators import commitment_view
from invoicing.labels import noun_for
from invoicing.models import BillingPeriod, Commitment
from invoicing.permissions import BILL_RIGHT, may_start

MOST = 200  # commitments of the page; the menu shows as many as fit


@project_view(Tool.COMMITMENTS, Level.STANDARD, methods=READ)
def choose(request, project):
    """The commitments whose next invoice may start now; the list of invoices puts them into a menu."""
    if not may_start(request.access):
        raise NotAllowed(BILL_RIGHT)
    period = project.billing_periods.select_related("project__billing_settings").open_one()
    visible = Commitment.objects.visible_to(request.access).select_related("vendor").order_by("number")
    context = {
        "project": project,
        "period": period,
        "commitments": visible.startable_in(period, request.access)[:MOST] if period else [],
        "noun": noun_for(request.access),
    }
    return render(request, f"invoicing/invoice_new.html{'#menu' if request.htmx else ''}", context)


@commitment_view(Level.READ_ONLY, methods=WRITE)
def start(request, commitment):
    """The next invoice of a commitment, by a contact or on their behalf, in the open period or the one named."""
    period = _period_to_bill(commitment, request.POST.get("period", ""))
    try:
        if period is None:
            raise NotNow("No billing period is open. The project team opens one each month.")
        invoice = invoices.create(commitment, period, by=request.user)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(_back_to(request.access, commitment))
    return redirect(address(invoice, "invoice-enter"))


def _period_to_bill(commitment: Commitment, named: str) -> BillingPeriod | None:
    """A closed one is named where the commitment has more time (B-5); whether it has is the action's to say."""
    periods = commitment.project.billing_periods
    if named.isdecimal() and len(named) <= 18:
        return get_object_or_404(periods, pk=int(named))
    return periods.open_one()


def _back_to(access, commitment: Commitment) -> str:
    if access.is_external:
        return reverse("bills")
    return commitment_address(commitment)
