"""Deleting the newest invoice of a commitment, and bringing it back (I-3)."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from directory.decorators import WRITE
from directory.models import Event
from directory.permissions import Level
from directory.refusals import NotAllowed, NotNow, Refused
from directory.unsaved import Unsaved, kept_for
from directory.views.answers import part_of, show_at_its_field
from invoicing.actions import deleting
from invoicing.addresses import address, commitment_address
from invoicing.decorators import commitment_view, invoice_view
from invoicing.forms.invoices import DeleteForm
from invoicing.models import Commitment, Invoice
from invoicing.notifications import contacts_of
from invoicing.permissions import BILL_RIGHT, is_project_admin, may_bill
from invoicing.views.commitments import show as show_commitment
from invoicing.views.decisions import mailed_in_words
from invoicing.views.doors import must_administer
from invoicing.views.invoices import about, show


@invoice_view(Level.READ_ONLY)
def delete(request, invoice):
    if not may_bill(invoice, request.access):
        raise NotAllowed(BILL_RIGHT)
    as_admin = is_project_admin(request.access)
    if request.method != "POST":
        kept, why_not = kept_for(request), deleting.why_not_deleted(invoice, request.access)
        refused = NotNow(why_not) if why_not else None
        if refused and not kept:
            return show(request, invoice, refused=refused)
        typed = {"reason": kept.fields.get("reason")} if kept else {}
        form = DeleteForm(initial=typed | {"version": invoice.version}, as_admin=as_admin)
        return _ask(request, invoice, form, kept=kept, refused=refused)
    form = DeleteForm(request.POST, as_admin=as_admin)
    if not form.is_valid():
        return _ask(request, invoice, form, 422)
    invoice.version = form.cleaned_data["version"]
    try:
        deleting.delete(invoice, reason=form.cleaned_data["reason"], by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _ask(request, invoice, form, refused.status)
    told = f" {mailed_in_words(contacts_of(invoice.commitment))}" if as_admin else ""
    messages.success(request, f"{'Invoice' if as_admin else 'Bill'} {invoice.position} is deleted.{told}")
    return redirect(commitment_address(invoice.commitment))


def _ask(
    request,
    invoice: Invoice,
    form: DeleteForm,
    status: int = 200,
    kept: Unsaved | None = None,
    refused: Refused | None = None,
):
    is_old = bool(kept) and kept.fields.get("version") != str(invoice.version)
    context = about(request, invoice) | {"form": form, "kept": kept, "but": CHANGED if is_old else ""}
    context["refused"] = refused
    template = part_of(request, "invoicing/invoice_delete.html")
    return render(request, template, context, status=status)


CHANGED = "but somebody changed the invoice since: look at it first"


@commitment_view(Level.ADMIN, methods=WRITE)
def restore(request, commitment: Commitment, pk: int):
    must_administer(request.access)
    invoice = commitment.invoices.filter(pk=pk).first()
    if invoice is None:
        raise Http404
    try:
        invoice = deleting.restore(invoice, by=request.user)
    except Refused as refused:
        return show_commitment(request, commitment, refused=refused)
    messages.success(request, f"Invoice {invoice.position} is back{_as_what(invoice)}.")
    return redirect(address(invoice))


def _as_what(invoice: Invoice) -> str:
    told = Event.objects.about(invoice).filter(verb="restored").first()
    if not (told and told.changes):
        return " as it was"
    before = f" from invoice {invoice.position - 1}" if invoice.previous else ""
    return f". Its previous amounts were taken anew{before}, which changed meanwhile: look at its lines"
