"""Billing periods of a project: the list, opening one, and the board from which bills are invited."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import READ, WRITE, project_view
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, Refused
from invoicing import opening
from invoicing.actions import billing_periods, invitations
from invoicing.forms.billing_periods import InviteForm, PeriodForm
from invoicing.models import BillingPeriod, Commitment, Invoice, InvoiceType
from invoicing.permissions import is_project_admin
from invoicing.views.board import STATES, board_of, progress_of, tabs_of
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
    form = PeriodForm(request.POST)
    if not form.is_valid():
        return _show_list(request, project, form, status=422)
    try:
        period = billing_periods.open_period(project, **form.cleaned_data, by=request.user)
    except NotAllowed:
        raise
    except Refused as refused:
        form.add_error(refused.field or None, refused.message)
        return _show_list(request, project, form, status=refused.status)
    messages.success(request, f"{period} is open. Invite subcontractors to bill it.")
    return redirect("period", project.slug, period.pk)


def _show_list(request, project, form: PeriodForm | None = None, status: int = 200):
    """Periods don't overlap (B-2), so a project has some hundreds at most: they are read once, and counted here."""
    periods, is_admin = list(project.billing_periods.all()), is_project_admin(request.access)
    page = Paginator(periods, PAGE_SIZE).get_page(request.GET.get("page"))
    newest = max(periods, key=lambda period: period.end_date, default=None)
    if form is None and is_admin:
        form = PeriodForm(initial=opening.proposed_after(newest, project).as_dict())
    context = {
        "project": project,
        "page": page,
        "rows": rows_of(page.object_list, request.access),
        "stranded": stranded_in(project, periods) if is_admin else [],
        "open": next((period for period in periods if period.is_open), None),
        "form": form,
        "is_admin": is_admin,
        "noun": "bill" if request.access.is_external else "invoice",
    }
    return render(request, "invoicing/period_list.html", context, status=status)


def stranded_in(project, periods: list[BillingPeriod] | None = None) -> list[dict]:
    """Closed periods with drafts that nobody can send any more: {period, count}. `periods`: all, if at hand."""
    drafts = Invoice.objects.stranded().filter(billing_period__project=project)
    counts = drafts.order_by().values("billing_period").annotate(count=Count("pk"))
    if periods is None:
        periods = project.billing_periods.filter(pk__in=[each["billing_period"] for each in counts]) if counts else ()
    found = {period.pk: period for period in periods}
    return [{"period": found[each["billing_period"]], "count": each["count"]} for each in counts]


def _period(project, pk) -> BillingPeriod:
    return get_object_or_404(project.billing_periods.select_related("project__company"), pk=pk)


@project_view(Tool.COMMITMENTS, Level.READ_ONLY, methods=READ)
def board(request, project, pk):
    return _show_board(request, _period(project, pk))


def _show_board(request, period: BillingPeriod, form: InviteForm | None = None, status: int = 200):
    rows = board_of(period, request.access)
    chosen = request.GET.get("state", "")
    chosen = chosen if chosen in STATES else ""
    ticked = set(form.data.getlist("commitment")) if form else set()
    context = {
        "project": period.project,
        "period": period,
        "rows": [row for row in rows if chosen in ("", row.state)],
        "tabs": tabs_of(rows, chosen),
        "all": len(rows),
        "chosen": chosen,
        "progress": progress_of(rows),
        "is_admin": is_project_admin(request.access),
        "is_silent": any(row.state == "invited" for row in rows),
        "invitable": [row for row in rows if row.is_invitable],
        "form": form or InviteForm(Commitment.objects.none()),
        "ticked": ticked,
        "noun": "bill" if request.access.is_external else "invoice",
        "stranded": stranded_in(period.project) if is_project_admin(request.access) else [],
        "events": Event.objects.about(period)[:20],
    }
    return render(request, "invoicing/period.html", context, status=status)


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def invite(request, project, pk):
    """Each ticked commitment by itself: what could not be invited says why, the others are on their way."""
    must_administer(request.access)
    period = _period(project, pk)
    form = InviteForm(Commitment.objects.visible_to(request.access), request.POST)
    if not form.is_valid():
        return _show_board(request, period, form, status=422)
    kind = InvoiceType(form.cleaned_data["invoice_type"])
    chosen = form.cleaned_data["commitment"].select_related("vendor")
    results = invitations.invite(period, chosen, kind, by=request.user)
    _tell(request, results)
    return redirect("period", project.slug, period.pk)


def _tell(request, results) -> None:
    names = [result.commitment.number for result in results if result.invitation]
    if names:
        messages.success(request, f"Invited {len(names)}: {', '.join(names)}. Their contacts get a mail.")
    for result in results:
        if not result.invitation:
            commitment = result.commitment
            messages.warning(request, f"{commitment.number} {commitment.vendor.name} was not invited. {result.refusal}")
