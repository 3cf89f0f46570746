"""Billing periods of a project: the list, and opening one."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render

from directory.decorators import project_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.views.answers import show_at_its_field
from invoicing import periods
from invoicing.actions import billing_periods
from invoicing.board import stranded_in
from invoicing.forms.billing_periods import PeriodForm
from invoicing.labels import noun_for
from invoicing.permissions import is_project_admin
from invoicing.views.doors import must_administer
from invoicing.views.period_rows import rows_of

PAGE_SIZE = 50


@project_view(Tool.COMMITMENTS, Level.READ_ONLY)
def period_list(request, project):
    if request.method == "POST":
        must_administer(request.access)
        return _open(request, project)
    return _show_list(request, project)


def _open(request, project):
    form = PeriodForm(request.POST, closing=project.billing_periods.open_one())
    if not form.is_valid():
        return _show_list(request, project, form, status=422)
    try:
        period = billing_periods.open_period(project, **form.cleaned_data, by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show_list(request, project, form, status=refused.status)
    messages.success(request, f"{period} is open. Invite subcontractors to bill it.")
    return redirect("period", project.slug, period.pk)


def _show_list(request, project, form: PeriodForm | None = None, status: int = 200):
    """Periods don't overlap (B-2), so a project has some hundreds at most: they are read once, and counted here."""
    found, is_admin = list(project.billing_periods.all()), is_project_admin(request.access)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    newest = max(found, key=lambda period: period.end_date, default=None)
    if form is None and is_admin:
        closing = next((period for period in found if period.is_open), None)
        form = PeriodForm(closing=closing, initial=periods.proposed_after(newest, project).as_dict())
    context = {
        "project": project,
        "page": page,
        "rows": rows_of(page.object_list, request.access),
        "stranded": stranded_in(project, found) if is_admin else [],
        "open": next((period for period in found if period.is_open), None),
        "form": form,
        "is_admin": is_admin,
        "noun": noun_for(request.access),
    }
    return render(request, "invoicing/period_list.html", context, status=status)
