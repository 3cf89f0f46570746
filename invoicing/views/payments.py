"""Payments of an invoice: recording one, and taking one back. Who sees the invoice sees them on its page."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render

from directory.permissions import Level
from directory.refusals import NotNow, Refused
from directory.unsaved import kept_for
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import payments
from invoicing.actions.payments import TooMuch, why_no_payment
from invoicing.addresses import address
from invoicing.calculations.money import format_amount, printed_amount
from invoicing.decorators import invoice_view
from invoicing.forms.payments import PaymentForm, TakeBackForm
from invoicing.models import Invoice
from invoicing.notifications import contacts_of, mails_payments
from invoicing.views.decisions import mailed_in_words
from invoicing.views.doors import must_administer
from invoicing.views.invoices import about, show


@invoice_view(Level.READ_ONLY)
def record(request, invoice):
    must_administer(request.access)
    if request.method != "POST":
        kept, why_not = kept_for(request), why_no_payment(invoice)
        refused = NotNow(why_not) if why_not else None
        if refused and not kept:
            return show(request, invoice, refused=refused)
        form = PaymentForm(initial=kept.fields.dict() if kept else _first_guess(invoice))
        form.offers_tick = bool(kept) and "accepts_too_much" in kept.fields
        return _ask(request, invoice, "pay", form, more={"kept": kept, "refused": refused})
    form = PaymentForm(request.POST)
    if not form.is_valid():
        return _ask(request, invoice, "pay", form, status=422)
    ticked = form.cleaned_data["accepts_too_much"]
    try:
        payment = payments.record_payment(invoice, form.new, by=request.user, accepts_too_much=ticked)
    except Refused as refused:
        form.offers_tick = ticked or isinstance(refused, TooMuch)
        show_at_its_field(form, refused)
        return _ask(request, invoice, "pay", form, status=refused.status)
    messages.success(request, f"{payment.name} over {printed_amount(payment.amount)} is recorded.")
    return redirect(f"{address(invoice)}?show=payments")


def _first_guess(invoice: Invoice) -> dict:
    """Paid today, and all that is left."""
    left = invoice.left_to_pay
    return {"paid_date": invoice.project.today, "amount": format_amount(left) if left else ""}


@invoice_view(Level.READ_ONLY)
def take_back(request, invoice, pk: int):
    must_administer(request.access)
    payment = get_object_or_404(invoice.payments, pk=pk)
    if payment.is_taken_back:
        messages.info(request, f"{payment.name} is taken back already.")
        return redirect(f"{address(invoice)}?show=payments")
    more = {"payment": payment}
    if request.method != "POST":
        kept = kept_for(request)
        form = TakeBackForm(initial=kept and kept.fields.dict())
        return _ask(request, invoice, "payment_take_back", form, more=more | {"kept": kept})
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return _ask(request, invoice, "payment_take_back", form, status=422, more=more)
    try:
        payments.take_back_payment(payment, reason=form.cleaned_data["reason"], by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _ask(request, invoice, "payment_take_back", form, status=refused.status, more=more)
    messages.success(request, f"{payment.name} is taken back and counts no more.")
    return redirect(f"{address(invoice)}?show=payments")


def _ask(request, invoice: Invoice, page: str, form, *, status: int = 200, more: dict | None = None):
    template = part_of(request, f"invoicing/{page}.html")
    mailed = mailed_in_words(contacts_of(invoice.commitment)) if mails_payments(invoice) else "Nobody gets a mail."
    context = about(request, invoice) | {"form": form, "mailed": mailed} | (more or {})
    return render(request, template, context, status=status)
