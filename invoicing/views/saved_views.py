"""One's own views of a billing board: what the address says, kept under a name."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from invoicing.actions import saved_views
from invoicing.forms.board_filters import ViewForm
from invoicing.views.board import filter_of, period_of, show


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def save(request, project, pk):
    period, query = period_of(project, pk), filter_of(request, project).query
    form = ViewForm(request.POST)
    if not form.is_valid():
        return show(request, period, naming=form, status=422)
    try:
        view = saved_views.save(project, form.cleaned_data["name"], query, by=request.user)
    except Refused as refused:
        form.add_error("name", refused.message)
        return show(request, period, naming=form, status=refused.status)
    messages.success(request, f"“{view.name}” is saved. Only you see it, in every period of {project.name}.")
    return redirect(f"{reverse('period', args=[project.slug, pk])}?{view.query}")


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def delete(request, project, pk, view):
    """Somebody else's is not found."""
    period = period_of(project, pk)
    mine = get_object_or_404(request.user.saved_views.filter(project=project), pk=view)
    saved_views.delete(mine, by=request.user)
    messages.success(request, f"“{mine.name}” is deleted.")
    return redirect("period", project.slug, period.pk)
