"""Who hears of an invoice's way to accounting (section 7). One function an event; each mail is kept on its object.

An approver chooses to hear at once of what is sent, or once a day of what waits. Answers and troubles come at once.
"""

from datetime import datetime, time

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory.models import Company, Mail, MailPace, Person
from directory.notifications import post
from directory.permissions import accounting_approvers
from erp_integrations.models import ExportBatch, InvoiceExport

DIGEST_AT = time(7)  # in the company's zone
LISTED = 50


def sent(exports: list[InvoiceExport]) -> None:
    """To the company's accounting approvers who hear at once, in one mail for all that was sent with one click."""
    first = exports[0]
    count = "1 invoice waits" if len(exports) == 1 else f"{len(exports)} invoices wait"
    post(
        about=first,
        to=accounting_approvers(first.company).filter(accounting_mail=MailPace.AT_ONCE).exclude(pk=first.sent_by_id),
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


# Once a day


def daily_digests() -> int:
    """From 7:00 of each company's day on, to approvers who chose one mail a day: what waited at 7:00, oldest first.

    Run as often as you like: each person gets one a company and day, and none when nothing waits. A worker that was
    away at 7:00 writes it when it is back the same day. Returns how many were written.
    """
    count = 0
    for company in Company.objects.all():
        due_at = datetime.combine(company.today, DIGEST_AT, tzinfo=company.zone)
        if timezone.now() >= due_at:
            people = accounting_approvers(company).filter(accounting_mail=MailPace.DAILY).order_by("pk")
            count += sum(_write_digest(company, person, due_at) for person in people)
    return count


def _write_digest(company: Company, person: Person, due_at: datetime) -> bool:
    key = f"accounting-digest:{company.pk}:{person.pk}:{due_at.date()}"
    if Mail.objects.filter(dedupe_key=key).exists():
        return False
    waiting = InvoiceExport.objects.of(company).ready_to_export().filter(sent_at__lt=due_at).exclude(sent_by=person)
    exports = list(waiting.with_context().order_by("sent_at", "pk"))
    if not exports:
        return False
    try:
        with transaction.atomic():
            _digest(company, person, exports, key)
    except IntegrityError:  # another worker was quicker
        return False
    return True


def _digest(company: Company, person: Person, exports: list[InvoiceExport], key: str) -> None:
    count = "1 invoice waits" if len(exports) == 1 else f"{len(exports)} invoices wait"
    [mail] = post(
        about=company,
        to=[person],
        subject=f"{count} for accounting",
        template="erp_integrations/emails/digest",
        context={"exports": exports[:LISTED], "count": len(exports), "more": max(len(exports) - LISTED, 0)},
    )
    mail.dedupe_key = key
    mail.save(update_fields=["dedupe_key"])
