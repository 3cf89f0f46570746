"""The project's side: what accounting would get of an invoice, sending it, taking it back; one or many."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import WRITE, project_view
from directory.permissions import Level, Tool
from directory.refusals import NotAllowed, NotNow, Refused
from erp_integrations.actions import exports
from erp_integrations.models import InvoiceExport
from erp_integrations.notifications import readers_of
from erp_integrations.permissions import SEND_RIGHT
from erp_integrations.views.shown import of_proposal
from invoicing.addresses import address
from invoicing.calculations.money import ZERO
from invoicing.decorators import invoice_view
from invoicing.forms.bulk_decisions import MOST, versions_of
from invoicing.models import Invoice
from invoicing.permissions import is_project_admin
from invoicing.views.invoice_lists import chosen as chosen_in
from invoicing.views.invoice_lists import list_address
from invoicing.views.invoices import show as show_invoice


@invoice_view(Level.ADMIN)
def send(request, invoice):
    """A dry run with the exact rows; POST sends."""
    require_sender(request.access)
    if request.method == "POST":
        [result] = exports.send([invoice], by=request.user, seen=versions_of(request.POST.getlist("invoice")))
        if result.refusal:
            return _dry_run(request, invoice, refused=result.refusal)
        messages.success(request, f"{invoice} was sent to accounting. It is locked until they answer.")
        return redirect(address(invoice))
    return _dry_run(request, invoice)


def require_sender(access) -> None:
    """An outside person never sends, whatever level somebody gave them."""
    if not is_project_admin(access):
        raise NotAllowed(SEND_RIGHT)


def _dry_run(request, invoice: Invoice, *, refused: Refused | None = None):
    export = InvoiceExport.objects.with_context().filter(invoice=invoice).first() or InvoiceExport(invoice=invoice)
    why_not = _why_not(export, request.access)
    export.sent_by = request.user
    shown = of_proposal(exports.preview([export], by=None), export)
    asked_row = request.GET.get("row", "")
    context = {
        "invoice": invoice,
        "project": invoice.project,
        "commitment": invoice.commitment,
        "mender": request.access,
        "export": export,
        "shown": shown,
        "explained": shown.row(asked_row),
        "asked_row": asked_row,
        "why_not": why_not,
        "readers": readers_of([export]),
        "refused": refused,
    }
    return render(request, "erp_integrations/send.html", context, status=refused.status if refused else 200)


def _why_not(export: InvoiceExport, access) -> str:
    """Why it can't be sent in its state, in the words of the action; empty when it can."""
    try:
        exports.require_sendable(export, access)
    except Refused as refusal:
        return refusal.message
    return ""


@invoice_view(Level.ADMIN, methods=WRITE)
def retrieve(request, invoice):
    require_sender(request.access)
    try:
        exports.retrieve(_sent(invoice), by=request.user)
    except Refused as refused:
        return show_invoice(request, invoice, refused=refused)
    messages.success(request, f"{invoice} is taken back from accounting. It can be changed again.")
    return redirect(address(invoice))


def _sent(invoice: Invoice) -> InvoiceExport:
    export = InvoiceExport.objects.filter(invoice=invoice).first()
    if export is None:
        raise NotNow(f"{invoice} was not sent to accounting.")
    return export


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def send_many(request, project):
    """From the list come the ticked invoices; a page says what would happen (U6), comes back here, and each is sent
    by itself: nothing is all-or-nothing in silence."""
    require_sender(request.access)
    back = list_address(request, project)
    chosen = sorted(chosen_in(request, project), key=lambda each: (each.commitment.number, each.position))
    if not chosen:
        messages.error(request, "Choose at least one invoice to send to ERP.")
        return redirect(back)
    if len(chosen) > MOST:
        messages.error(request, f"Those were {len(chosen)} invoices. Tick {MOST} at most, and send some at a time.")
        return redirect(back)
    if "asked" not in request.POST:
        return _ask(request, project, chosen)
    results = exports.send(chosen, by=request.user, seen=versions_of(request.POST.getlist("invoice")))
    context = {
        "project": project,
        "back": back,
        "results": results,
        "sent": [result for result in results if not result.refusal],
        "refused": [result for result in results if result.refusal],
    }
    return render(request, "erp_integrations/sent_many.html", context)


def _ask(request, project, chosen: list[Invoice]):
    """How many, how much, which of them can't go, and what becomes of the others."""
    tried = exports.exports_of(project, chosen, by=request.user)
    why_not = _why_not_each(tried, request.access)
    going = [invoice for invoice in chosen if invoice.pk not in why_not]
    context = {
        "project": project,
        "back": list_address(request, project),
        "going": going,
        "staying": [(invoice, why_not[invoice.pk]) for invoice in chosen if invoice.pk in why_not],
        "total": sum((invoice.current_payment_due for invoice in going), ZERO),
        "readers": readers_of([each for each in tried if each.invoice_id not in why_not]) if going else None,
    }
    return render(request, "erp_integrations/send_many.html", context)


def _why_not_each(tried: list[InvoiceExport], access) -> dict[int, str]:
    """{invoice id: why it can't be sent}: by its state, else by the rules, which are asked of all at once."""
    why_not = {each.invoice_id: said for each in tried if (said := _why_not(each, access))}
    return why_not | _blocked([each for each in tried if each.invoice_id not in why_not])


def _blocked(tried: list[InvoiceExport]) -> dict[int, str]:
    """{invoice id: what the rules say against it}, each asked about as it would go: by itself."""
    said = {}
    for each, proposal in zip(tried, exports.preview_each(tried), strict=True):
        sentences = dict.fromkeys(error.sentence for error in proposal.keeping_back)
        if sentences:
            said[each.invoice_id] = " ".join(sentences)
    return said
