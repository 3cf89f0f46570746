"""The pages that change a billing period's dates, reopen it, or drop one in which nothing has happened."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import project_view
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused, Stale
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import billing_periods
from invoicing.forms.billing_periods import DatesForm, ReopenPeriodForm
from invoicing.forms.versions import differences, on_version
from invoicing.models import BillingPeriod
from invoicing.periods import PeriodDates, opens_next_on
from invoicing.views.doors import must_administer


def _period(request, project, pk: int) -> BillingPeriod:
    must_administer(request.access)
    return get_object_or_404(project.billing_periods.select_related("project__company"), pk=pk)


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def edit(request, project, pk):
    period = _period(request, project, pk)
    stored = PeriodDates.of(period).as_dict()
    if request.method != "POST":
        return _show_edit(request, period, DatesForm(initial=stored | {"version": period.version}))
    form = DatesForm(request.POST)
    if not form.is_valid():
        return _show_edit(request, period, form, status=422)
    typed = dict(form.cleaned_data)
    version = typed.pop("version")
    try:
        billing_periods.change_dates(period, PeriodDates(**typed), by=request.user, version=version)
    except Stale:
        again = DatesForm(on_version(request.POST, period.version))
        return _show_edit(request, period, again, status=409, found=differences(form, stored))
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show_edit(request, period, form, status=refused.status)
    messages.success(request, "The dates are saved. Bills that exist keep the ones they were made with.")
    return redirect("period", project.slug, period.pk)


def _show_edit(request, period: BillingPeriod, form: DatesForm, *, status: int = 200, found=None):
    context = {
        "project": period.project,
        "period": period,
        "form": form,
        "is_stale": found is not None,
        "differences": found,
        "bills": period.invoices.live().count(),
    }
    return render(request, "invoicing/period_edit.html", context, status=status)


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def reopen(request, project, pk):
    period, refused = _period(request, project, pk), None
    other = project.billing_periods.open_one()
    form = ReopenPeriodForm(request.POST or None, closing=other)
    if request.method == "POST":
        keeps_time = form.is_valid() and form.cleaned_data.get("keeps_time", False)
        try:
            billing_periods.reopen(period, by=request.user, keeps_time=keeps_time)
            messages.success(request, f"{period} is open again.")
            return redirect("period", project.slug, period.pk)
        except NotNow as error:
            refused = error
    context = {"open": other, "form": form}
    return _ask(request, period, "invoicing/period_reopen.html", refused, context)


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def delete(request, project, pk):
    period, refused = _period(request, project, pk), None
    if request.method == "POST":
        try:
            billing_periods.delete(period, by=request.user)
            messages.success(request, f"{period} is deleted.")
            return redirect("periods", project.slug)
        except NotNow as error:
            refused = error
    context = {"why_kept": billing_periods.why_kept(period), "next": opens_next_on(project, without=period)}
    return _ask(request, period, "invoicing/period_delete.html", refused, context)


def _ask(request, period: BillingPeriod, template: str, refused: Refused | None, context: dict):
    context |= {"project": period.project, "period": period, "refused": refused}
    status = refused.status if refused else 200
    return render(request, part_of(request, template), context, status=status)
