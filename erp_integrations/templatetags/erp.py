"""Where an invoice stands on its way to accounting, for the pages of invoices and for lists of them."""

from collections.abc import Iterable
from datetime import datetime

from django import template

from directory.models import Event
from directory.permissions import Level, Tool, accounting_approvers
from erp_integrations.models import ExportStatus, InvoiceExport
from erp_integrations.models.exports import is_sendable
from invoicing.models import Invoice

register = template.Library()
S = ExportStatus


@register.inclusion_tag("erp_integrations/_panel.html", takes_context=True)
def erp_panel(context: template.Context, invoice: Invoice, access) -> dict:
    """The standing of one invoice with accounting: `{% erp_panel invoice request.access %}`, in as many queries always.

    Staff see state, reason, who and when, and what the machine lets them do; a contact gets one sentence.
    """
    export = InvoiceExport.objects.with_context().filter(invoice=invoice).first()
    item = export.live_item if export else None
    batch = item.batch if item else None
    if access.is_external:
        return {"sentence": sentence(invoice, export, batch)}
    return {
        "invoice": invoice,
        "project": invoice.project,
        "company": invoice.company,
        "export": export,
        "batch": batch,
        "is_shown": export is not None or is_sendable(invoice),
        "moves": moves_of(export or InvoiceExport(invoice=invoice), access),
        "may_look": access.allows(Tool.ERP_INTEGRATIONS, Level.READ_ONLY),
        "last": Event.objects.about(export).first() if export else None,
        "approvers": accounting_approvers(invoice.company).values_list("name", flat=True)[:5],  # asked where shown
        "csrf_token": context.get("csrf_token"),
    }


def moves_of(export: InvoiceExport, access) -> set[str]:
    return {move.name for move in export.get_available_user_status_transitions(access)}


def sentence(invoice: Invoice, export: InvoiceExport | None, batch) -> str:
    """The one honest sentence for a contact; empty while accounting has nothing of theirs."""
    if export is None or export.status not in (S.READY_TO_EXPORT, S.EXPORTING, S.FAILED, S.EXPORTED, S.POSTED):
        return ""
    if export.status == S.POSTED:
        return f"Confirmed in Sage {_day(export.posted_at, invoice)}"
    if export.status == S.EXPORTED and batch:
        return f"In accounting’s file {_day(batch.built_at, invoice)}"
    return f"Sent to accounting {_day(export.sent_at, invoice)}"


def _day(at: datetime, invoice: Invoice) -> str:
    """12 Nov 2026, in the project's zone."""
    here = at.astimezone(invoice.project.zone)
    return f"{here.day} {here:%b %Y}"


@register.simple_tag
def exports_of(invoices: Iterable[Invoice]) -> dict[int, InvoiceExport]:
    """The exports of a page of invoices in one query: `{% exports_of page as exports %}`, then `export_badge`."""
    return {export.invoice_id: export for export in InvoiceExport.objects.filter(invoice__in=list(invoices))}


@register.inclusion_tag("erp_integrations/_export_badge.html")
def export_badge(exports: dict[int, InvoiceExport], invoice: Invoice) -> dict:
    """One invoice's badge out of `exports_of`; "Not sent" for one that could be, a dash before that."""
    return {"export": exports.get(invoice.pk), "invoice": invoice}
