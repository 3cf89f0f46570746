"""Reminding ticked commitments from the board of a billing period."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from invoicing.actions import reminders
from invoicing.models import Commitment
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def remind(request, project, pk):
    """Each ticked commitment by itself: who was not reminded stands there with the reason."""
    must_administer(request.access)
    period = get_object_or_404(project.billing_periods.select_related("project__company"), pk=pk)
    ticked = [key for key in request.POST.getlist("commitment") if key.isdecimal() and len(key) < 19]
    chosen = Commitment.objects.visible_to(request.access).filter(pk__in=ticked).select_related("vendor")
    results = reminders.remind(period, chosen, by=request.user)
    names = [result.commitment.number for result in results if not result.refusal]
    if names:
        messages.success(request, f"Reminded {len(names)}: {', '.join(names)}. Their contacts get a mail.")
    for result in results:
        if result.refusal:
            commitment = result.commitment
            messages.warning(
                request, f"{commitment.number} {commitment.vendor.name} was not reminded. {result.refusal}"
            )
    if not results:
        messages.warning(request, "Tick at least one commitment to remind.")
    return redirect("period", project.slug, period.pk)
