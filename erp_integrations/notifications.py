"""Who hears of an invoice's way to accounting (section 7). One function an event; each mail is kept on its object."""

from directory.models import Person
from directory.notifications import post
from directory.permissions import accounting_approvers
from erp_integrations.models import ExportBatch, InvoiceExport


def sent(exports: list[InvoiceExport]) -> None:
    """To the accounting approvers of the company, in one mail for all that was sent with one click."""
    first = exports[0]
    count = "1 invoice waits" if len(exports) == 1 else f"{len(exports)} invoices wait"
    post(
        about=first,
        to=accounting_approvers(first.company).exclude(pk=first.sent_by_id),
        subject=f"{count} for accounting: {first.project.name}",
        template="erp_integrations/emails/sent",
        context={"exports": exports, "sender": first.sent_by},
        reply_to=first.sent_by.email,
    )


def sent_again(export: InvoiceExport, rejecter: Person) -> None:
    """To whoever rejected it, at once."""
    post(
        about=export,
        to=[rejecter],
        subject=f"{export.invoice} was sent again: {export.invoice.commitment.vendor.name}",
        template="erp_integrations/emails/sent_again",
        context={"export": export, "sender": export.sent_by},
        reply_to=export.sent_by.email,
    )


def rejected(export: InvoiceExport) -> None:
    """To the sender and to whoever made the invoice."""
    post(
        about=export,
        to=[export.sent_by, export.invoice.created_by],
        subject=f"Accounting rejected {export.invoice}: {export.reason[:120]}",
        template="erp_integrations/emails/rejected",
        context={"export": export},
        reply_to=export.answered_by.email,
    )


def failed(batch: ExportBatch, exports: list[InvoiceExport], message: str) -> None:
    """To the approver and to everyone who sent one of its invoices."""
    post(
        about=batch,
        to=[batch.accepted_by, *(export.sent_by for export in exports if export.sent_by)],
        subject=f"{batch.key} could not be built",
        template="erp_integrations/emails/failed",
        context={"batch": batch, "exports": exports, "message": message},
    )


def ready(batch: ExportBatch) -> None:
    """To the approver: the file can be downloaded."""
    batch.refresh_from_db()
    count = batch.items.filter(is_live=True).count()
    invoices = "1 invoice" if count == 1 else f"{count} invoices"
    post(
        about=batch,
        to=[batch.accepted_by],
        subject=f"{batch.key} is ready to import: {invoices}, {batch.net:,.2f}",
        template="erp_integrations/emails/ready",
        context={"batch": batch},
    )
