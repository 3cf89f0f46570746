"""Where a bill stands, as its subcontractor is told: every step with its day, and never what accounting said (9.1)."""

from dataclasses import dataclass
from datetime import date, datetime

from erp_integrations.models import ExportStatus, InvoiceExport
from erp_integrations.models.exports import WITH_ACCOUNTING
from invoicing.calculations.payments import PaymentStatus
from invoicing.labels import STAGES_ONWARDS
from invoicing.models import Invoice

B, E = Invoice.Status, ExportStatus
# Only once something is recorded: a company that keeps no payments here must not seem to pay nobody.
PAID = {
    PaymentStatus.PARTLY_PAID: ("circle-dot", "part"),
    PaymentStatus.PAID: ("circle-check", "done"),
    PaymentStatus.OVERPAID: ("circle-check", "done"),
}
ONWARDS = tuple(zip(STAGES_ONWARDS.values(), ("send", "file-spreadsheet", "badge-check"), strict=True))


@dataclass(frozen=True)
class Step:
    """`state`: done, part (some of it is), now (somebody has it), stopped (it came back), or "" for what is to come."""

    words: str
    icon: str
    state: str = ""
    at: datetime | None = None
    day: date | None = None

    @property
    def later_words(self) -> str:
        """The words after others in one sentence."""
        return self.words[:1].lower() + self.words[1:]


def steps_of(invoice: Invoice, export: InvoiceExport | None) -> list[Step]:
    """The whole way of a bill that was sent once; empty before. `export` as `with_file_moment` reads it.

    Payment is no part of a status (5.1): it stands last, and what accounting still has to do stays to come.
    """
    if invoice.submitted_at is None:
        return []
    reached = [Step("Sent", "send", "done", invoice.submitted_at), *_review(invoice)]
    if not invoice.is_certified:
        return reached + [Step(words, icon) for words, icon in (("Approved", "circle-check"), ONWARDS[0])]
    with_accounting = _accounting(invoice, export)
    if not with_accounting:
        reached.append(Step("Waits to go to accounting", "hourglass", "now", invoice.waits_since))
    to_come = [Step(*each) for each in ONWARDS[len(with_accounting) :]]
    return [*reached, *with_accounting, *to_come, *_payment(invoice)]


def _payment(invoice: Invoice) -> list[Step]:
    paid = invoice.payment_status
    if not invoice.last_paid_date or paid not in PAID:
        return []
    return [Step(paid.label, *PAID[paid], day=invoice.last_paid_date)]


def _review(invoice: Invoice) -> list[Step]:
    since = invoice.waits_since
    if invoice.status == B.DRAFT:
        return [Step("Draft again, with you", "pencil", "now", since)]
    if invoice.status == B.REVISE_AND_RESUBMIT:
        return [Step("Sent back to you", "rotate-ccw", "stopped", since)]
    if invoice.status == B.UNDER_REVIEW:
        return [Step("With the project team", "eye", "now", since)]
    if invoice.status == B.PENDING_OWNER_APPROVAL:
        return [Step("With the owner", "hourglass", "now", since)]
    return [Step(invoice.get_status_display(), "circle-check", "done", invoice.approved_at)]


def _accounting(invoice: Invoice, export: InvoiceExport | None) -> list[Step]:
    """What accounting has; what it gave back is with the project team, as if it had not been there."""
    if export is None or export.status not in WITH_ACCOUNTING:
        moments = [invoice.waits_since] if invoice.is_locked else []
    elif export.status == E.POSTED:
        moments = [export.sent_at, export.in_file_at, export.posted_at]
    else:
        moments = [export.sent_at, export.in_file_at] if export.status == E.EXPORTED else [export.sent_at]
    return [Step(*each, "done", at) for each, at in zip(ONWARDS, moments, strict=False)]
