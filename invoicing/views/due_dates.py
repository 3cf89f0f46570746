"""More time for one commitment in one billing period (B-5): asked for on the board and on the commitment's page."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import project_view
from directory.permissions import Level, Tool
from directory.refusals import Refused, Stale
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import due_dates
from invoicing.actions.due_dates import due_date_now
from invoicing.forms.billing_periods import ExtensionForm
from invoicing.models import BillingPeriod, Commitment, Invoice
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def extend(request, project, pk: int, commitment: int):
    must_administer(request.access)
    period = get_object_or_404(project.billing_periods.select_related("project__company"), pk=pk)
    visible = Commitment.objects.visible_to(request.access).select_related("vendor")
    commitment = get_object_or_404(visible, pk=commitment)
    if request.method != "POST":
        return _show(request, period, commitment, ExtensionForm(initial={"seen": due_date_now(commitment, period)}))
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        return _show(request, period, commitment, form, status=422)
    try:
        due_dates.extend(period, commitment, **form.cleaned_data, by=request.user)
    except Stale as refused:
        return _show_again(request, period, commitment, refused)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, period, commitment, form, status=refused.status)
    day = form.cleaned_data["due_date"]
    messages.success(request, f"{commitment.number} has until {day:%a} {day.day} {day:%b %Y}. Its contacts get a mail.")
    return redirect("period", project.slug, period.pk)


def _show_again(request, period: BillingPeriod, commitment: Commitment, refused: Stale):
    """What was typed stays; pressing again is done knowing the other's date."""
    data = request.POST.copy()
    data["seen"] = due_date_now(commitment, period).isoformat()
    form = ExtensionForm(data)
    form.add_error("due_date", refused.message)
    return _show(request, period, commitment, form, status=refused.status)


def _show(request, period: BillingPeriod, commitment: Commitment, form: ExtensionForm, status: int = 200):
    context = {
        "project": period.project,
        "period": period,
        "commitment": commitment,
        "form": form,
        "due_date": due_date_now(commitment, period),
        "bill": Invoice.objects.newest_in(commitment, period),
        "contacts": commitment.invoice_contacts.select_related("person"),
    }
    template = part_of(request, "invoicing/due_date_extend.html")
    return render(request, template, context, status=status)
