"""Views of a billing board and of a project's invoices: what the address says, kept under a name.

Accounting's queue keeps its own by the same two functions.
"""

from collections.abc import Callable

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from invoicing.actions import saved_views
from invoicing.forms.saved_views import ViewForm
from invoicing.models import SavedView
from invoicing.views import board, invoice_lists


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def save(request, project, pk):
    period, query = board.period_of(project, pk), board.filter_of(request, project).query
    here = reverse("period", args=[project.slug, period.pk])

    def again(form: ViewForm, status: int):
        return board.show(request, period, naming=form, status=status)

    return keep(request, project, SavedView.Page.BOARD, query, here, again)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def save_of_invoices(request, project):
    query, here = invoice_lists.filter_of(request, project).query, reverse("invoices", args=[project.slug])

    def again(form: ViewForm, status: int):
        return invoice_lists.show(request, project, naming=form, status=status)

    return keep(request, project, SavedView.Page.INVOICES, query, here, again)


def keep(request, where, page: str, query: str, here: str, again: Callable):
    """`where`: a project or a company; `again`: the page with what was typed and why it is refused."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        return again(form, 422)
    try:
        view = saved_views.save(
            where,
            form.cleaned_data["name"],
            query,
            page=page,
            is_shared=form.cleaned_data["is_shared"],
            by=request.user,
        )
    except Refused as refused:
        form.add_error(refused.field or "name", refused.message)
        return again(form, refused.status)
    messages.success(request, f"“{view.name}” is saved. {_who_sees(view)}")
    return redirect(f"{here}?{view.query}")


WHERE = {
    SavedView.Page.BOARD: "in every period of",
    SavedView.Page.INVOICES: "in",
    SavedView.Page.QUEUE: "in the queue of",
}


def _who_sees(view: SavedView) -> str:
    who = "All of the company who see this page see it" if view.is_shared else "Only you see it"
    return f"{who}, {WHERE[view.page]} {view.where.name}."


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def delete(request, project, pk, view):
    period = board.period_of(project, pk)
    return drop(request, SavedView.Page.BOARD, view, reverse("period", args=[project.slug, period.pk]))


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=WRITE)
def delete_of_invoices(request, project, view):
    return drop(request, SavedView.Page.INVOICES, view, reverse("invoices", args=[project.slug]))


def drop(request, page: str, pk: int, here: str):
    """Somebody else's own is not found."""
    view = get_object_or_404(SavedView.objects.shown_to(request.access, page), pk=pk)
    saved_views.delete(view, by=request.user)
    messages.success(request, f"“{view.name}” is deleted.")
    return redirect(here)
