"""Inviting and reminding ticked commitments of a billing board."""

from django.contrib import messages
from django.shortcuts import redirect

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from invoicing.actions import invitations, reminders
from invoicing.forms.billing_periods import InviteForm
from invoicing.models import Commitment, InvoiceType
from invoicing.views.board import period_of, show
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def invite(request, project, pk):
    """Each ticked commitment by itself: what could not be invited says why, the others are on their way."""
    must_administer(request.access)
    period = period_of(project, pk)
    form = InviteForm(Commitment.objects.visible_to(request.access), request.POST)
    if not form.is_valid():
        return show(request, period, form, status=422)
    kind = InvoiceType(form.cleaned_data["invoice_type"])
    chosen = form.cleaned_data["commitment"].select_related("vendor")
    results = invitations.invite(period, chosen, kind, by=request.user)
    _tell(request, results, "Invited", "invited")
    return redirect("period", project.slug, period.pk)


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def remind(request, project, pk):
    """Each ticked commitment by itself: who was not reminded stands there with the reason."""
    must_administer(request.access)
    period = period_of(project, pk)
    ticked = [key for key in request.POST.getlist("commitment") if key.isdecimal() and len(key) < 19]
    chosen = Commitment.objects.visible_to(request.access).filter(pk__in=ticked).select_related("vendor")
    results = reminders.remind(period, chosen, by=request.user)
    _tell(request, results, "Reminded", "reminded")
    if not results:
        messages.warning(request, "Tick at least one commitment to remind.")
    return redirect("period", project.slug, period.pk)


def _tell(request, results, done: str, verb: str) -> None:
    names = [result.commitment.number for result in results if not result.refusal]
    if names:
        messages.success(request, f"{done} {len(names)}: {', '.join(names)}. Their contacts get a mail.")
    for result in results:
        if result.refusal:
            commitment = result.commitment
            messages.warning(request, f"{commitment.number} {commitment.vendor.name} was not {verb}. {result.refusal}")
