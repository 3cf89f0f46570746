"""Reviewing an invoice line by line: verdicts, and one step for all the lines nobody objects to (I-8)."""

from django.db import transaction
from django.utils import timezone

from directory.models import Event
from directory.permissions import read_access
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.models import Invoice, InvoiceLine, Verdict
from invoicing.permissions import ADMIN_RIGHT, may_review


def _under_review(invoice: Invoice, by) -> Invoice:
    """The invoice locked for a verdict; its review counts as begun from here on."""
    invoice = Invoice.objects.locked(invoice.pk)
    if not may_review(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(ADMIN_RIGHT)
    if invoice.deleted_at:
        raise NotNow("It was deleted meanwhile.")
    if invoice.status != Invoice.Status.UNDER_REVIEW:
        raise NotNow(f"It is {invoice.get_status_display()}. Lines are reviewed while it is Under Review.")
    if invoice.review_opened_at is None:
        invoice.review_opened_at = timezone.now()
        invoice.save(update_fields=["review_opened_at"])
    return invoice


@transaction.atomic
def decide(line: InvoiceLine, verdict: Verdict, reason: str = "", *, by) -> InvoiceLine:
    """One line's verdict; a rejection needs a reason and never changes an amount."""
    invoice = _under_review(line.invoice, by)
    line = invoice.lines.select_related("schedule_line").get(pk=line.pk)
    reason = reason.strip()
    if verdict == Verdict.REJECTED and not reason:
        raise Refused("Say why. The subcontractor sees it.", field="reason")
    before = line.verdict
    _write(line, verdict, reason if verdict == Verdict.REJECTED else "", by)
    line.save(update_fields=["verdict", "verdict_reason", "verdict_by", "verdict_at"])
    Event.objects.record(
        "reviewed a line",
        invoice,
        by=by,
        reason=reason,
        changes={line.schedule_line.key: [Verdict(before).label, Verdict(verdict).label]},
    )
    return line


@transaction.atomic
def approve_the_rest(invoice: Invoice, *, by) -> int:
    """Approve every line without a verdict that is not billed beyond its value; how many there were."""
    invoice = _under_review(invoice, by)
    open_lines = lines_of_the_rest(invoice)
    for line in open_lines:
        _write(line, Verdict.APPROVED, "", by)
    InvoiceLine.objects.bulk_update(
        open_lines, ["verdict", "verdict_reason", "verdict_by", "verdict_at"], batch_size=200
    )
    Event.objects.record("approved the other lines", invoice, by=by, changes={"lines": ["", str(len(open_lines))]})
    return len(open_lines)


def lines_of_the_rest(invoice: Invoice) -> list[InvoiceLine]:
    """The lines without a verdict that are not billed beyond their value."""
    without = invoice.lines.filter(verdict=Verdict.NONE).select_related("schedule_line")
    return [line for line in without if not _is_over_billed(line)]


def _is_over_billed(line: InvoiceLine) -> bool:
    return bool(line.as_line().over_billed_by)


def _write(line: InvoiceLine, verdict: Verdict, reason: str, by) -> None:
    line.verdict, line.verdict_reason = verdict, reason
    line.verdict_by = by if verdict else None
    line.verdict_at = timezone.now() if verdict else None
