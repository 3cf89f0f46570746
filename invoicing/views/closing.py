"""Closing a billing period with a choice for each bill that is not sent, and moving one bill by itself (9.5)."""

from django.contrib import messages
from django.db.models import Q
from django.shortcuts import get_object_or_404, redirect, render

from directory.decorators import project_view
from directory.moments import day_in_words
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused
from directory.views.answers import part_of, show_at_its_field
from invoicing import periods
from invoicing.actions import closing, invoice_periods
from invoicing.actions.closing import Closed, Fate
from invoicing.addresses import address
from invoicing.board import ACCEPTED, INVITED, NO_CONTACT, counted
from invoicing.decorators import invoice_view
from invoicing.forms.closing import BillMoveForm, ClosingForm, ids_named
from invoicing.models import BillingPeriod, Invoice
from invoicing.views.board import board_groups
from invoicing.views.doors import must_administer
from invoicing.views.invoices import show


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def close(request, project, pk):
    """Of a period that has closed, with bills left behind in it, the same page asks what becomes of them."""
    must_administer(request.access)
    period = get_object_or_404(project.billing_periods.select_related("project__company"), pk=pk)
    form = _form(period, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _show(request, period, form)
    if not form.is_valid():
        return _show(request, period, form, status=422)
    asked = {name: form.cleaned_data.get(name) for name in ("late_until", "opens_next", "keeps_time")}
    try:
        closed = closing.close_and_settle(
            period,
            form.fates,
            by=request.user,
            late_until=asked["late_until"],
            opens_next=bool(asked["opens_next"]),
            keeps_time=bool(asked["keeps_time"]),
        )
    except NotNow as refused:
        return _show(request, _fresh(period), _form(_fresh(period)), refused=refused)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, period, form, status=refused.status)
    _tell(request, period, closed, asked["late_until"])
    if closed.target:
        return redirect("period", project.slug, closed.target.pk)
    return redirect("periods", project.slug)


def _fresh(period: BillingPeriod) -> BillingPeriod:
    return BillingPeriod.objects.select_related("project__company").get(pk=period.pk)


def _form(period: BillingPeriod, data=None) -> ClosingForm:
    named = Q(pk__in=ids_named(data or ()), commitment__project=period.project_id)
    bills = Invoice.objects.live().filter(named | Q(pk__in=closing.unsent(period).values("pk")))
    bills = bills.select_related("commitment__vendor", "billing_period").order_by("commitment__number", "position")
    target, following = (None, periods.proposed(period.project)) if period.is_open else (closing.next_of(period), None)
    closes = period if period.is_open else None
    return ClosingForm(list(bills), data, target=target, following=following, closing=closes)


def _show(request, period: BillingPeriod, form: ClosingForm, *, refused: Refused | None = None, status: int = 200):
    groups = board_groups(period, request.access)
    context = {
        "project": period.project,
        "period": period,
        "form": form,
        "refused": refused,
        "under_review": counted(groups, Invoice.Status.UNDER_REVIEW),
        "silent": counted([each for each in groups if each.is_asked], NO_CONTACT, INVITED, ACCEPTED),
    }
    template = part_of(request, "invoicing/period_close.html")
    return render(request, template, context, status=refused.status if refused else status)


def _tell(request, period: BillingPeriod, closed: Closed, late_until) -> None:
    """A sentence for each thing that was done, and one for each bill with which it could not be."""
    if period.is_open:
        opened = f" {closed.target} is open." if closed.target else ""
        kept = f" It takes bills until {day_in_words(period.due_date)}." if closed.period.takes_bills_until_due else ""
        messages.success(request, f"{period} is closed.{kept}{opened}")
    late = day_in_words(late_until) if late_until else ""
    for fate, words in (
        (Fate.MOVE, f"Moved to {closed.target}: {{}}."),
        (Fate.LATE, f"May come until {late}: {{}}."),
        (Fate.LEAVE, "Left as they are: {}."),
    ):
        names = [_name(each.invoice) for each in closed.bills if each.fate == fate and not each.refusal]
        if names:
            messages.success(request, words.format(", ".join(names)))
    for each in closed.bills:
        if each.refusal:
            messages.warning(request, f"{_name(each.invoice)} was left as it is. {each.refusal}")


def _name(invoice: Invoice) -> str:
    return f"{invoice.commitment.number} bill {invoice.position}"


@invoice_view(Level.ADMIN)
def move_bill(request, invoice):
    """To the open period, on the version that was looked at."""
    must_administer(request.access)
    target = open_period_besides(invoice)
    if target is None:
        return show(request, invoice, refused=NotNow("No other period is open. Open one first, then move the bill."))
    form = BillMoveForm(request.POST if request.method == "POST" else None, initial={"version": invoice.version})
    if request.method != "POST" or not form.is_valid():
        return _ask_to_move(request, invoice, target, form)
    invoice.version = form.cleaned_data["version"]
    try:
        moved = invoice_periods.move(invoice, target, by=request.user)
    except Refused as refused:
        invoice.refresh_from_db(fields=["version"])
        return show(request, invoice, refused=refused)
    messages.success(request, f"{_name(moved)} is in {moved.billing_period} now. Its contacts get a mail.")
    return redirect(address(moved))


def open_period_besides(invoice: Invoice) -> BillingPeriod | None:
    """Where a bill could be moved to."""
    return invoice.project.billing_periods.exclude(pk=invoice.billing_period_id).open_one()


def _ask_to_move(request, invoice: Invoice, target: BillingPeriod, form: BillMoveForm):
    context = {"project": invoice.project, "invoice": invoice, "target": target, "form": form}
    template = part_of(request, "invoicing/bill_move.html")
    return render(request, template, context, status=422 if form.errors else 200)
