"""What waits for invoice administrators, and what they wait for: of all their projects, or of one billing period."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db.models import Q

from config.ui.figures import day
from config.waiting import invites
from config.waiting.tasks import Task, Waiting, first_of
from directory.models import Project
from erp_integrations.models import ExportStatus
from erp_integrations.models.exports import ready_for_erp
from invoicing.addresses import address, commitment_address
from invoicing.models import BillingPeriod, Invoice
from invoicing.models.invoice_queries import HAS_CONTACT

S = Invoice.Status


def add_projects(found: Waiting, projects: list[Project], period: BillingPeriod | None) -> None:
    live = Invoice.objects.live().filter(listed_in__in=projects)
    of_team, of_others = found.need, found.leave
    came_back = live.filter(status=S.REVISE_AND_RESUBMIT)  # in time at any day, so a contact is all it takes (B-5)
    waiting = (
        # whose turn, which of them, one as a row
        (of_team, live.awaiting_review().order_by("submitted_at"), _to_review),
        (of_team, live.filter(export__status=ExportStatus.REJECTED).order_by("due_date", "pk"), _rejected),
        (of_team, invites.to_remind(projects), partial(invites.as_reminder, looked_at=period)),
        (of_team, live.filter(ready_for_erp(), NOT_REJECTED).order_by("approved_at"), _to_send),
        (of_team, came_back.exclude(HAS_CONTACT).order_by("due_date", "pk"), _with_nobody),
        (of_others, came_back.filter(HAS_CONTACT).order_by("due_date", "pk"), _sent_back),
        (of_others, live.filter(status=S.PENDING_OWNER_APPROVAL).order_by("pk"), _held),
        (of_others, invites.written_today(projects), invites.as_reminded),
        (of_others, live.filter(export__status=READY).order_by("export__sent_at", "pk"), _with_accounting),
    )
    picked = [first_of(which.filter(billing_period=period) if period else which) for _, which, _ in waiting]
    whole = _whole(row for rows, _ in picked for row in rows if isinstance(row, Invoice))
    for (add, _, as_task), (rows, count) in zip(waiting, picked, strict=True):
        told = [whole.get(row.pk) if isinstance(row, Invoice) else row for row in rows]
        gone = sum(row is None for row in told)
        add([as_task(row) for row in told if row is not None], count - gone)


def _whole(chosen: Iterable[Invoice]) -> dict[int, Invoice]:
    """{id: the invoice with all that its row tells}: read for those that are shown, once they are chosen.

    Whose status somebody changed in between is not told of: it waits for something else now.
    """
    chosen = {each.pk: each.status for each in chosen}
    told = Invoice.objects.with_context().with_review_counts().with_revision().select_related("export")
    return {each.pk: each for each in told.filter(pk__in=chosen) if each.status == chosen[each.pk]}


READY = ExportStatus.READY_TO_EXPORT
NOT_REJECTED = ~Q(export__status=ExportStatus.REJECTED)  # those have a list of their own


def _named(invoice: Invoice) -> str:
    return f"{invoice.commitment.vendor.name}, invoice {invoice.number or invoice.position}"


def _where(invoice: Invoice, words: str) -> str:
    return f"{invoice.project.name} · {invoice.commitment.number} · {words}"


def _to_review(invoice: Invoice) -> Task:
    done = invoice.line_count - invoice.open_count
    words = f"{done} of {invoice.line_count} lines done" if done else f"{invoice.line_count} lines"
    words = f"{invoice.resubmitted} · {words}" if invoice.resubmitted else words
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, f"{words} · due {day(invoice.due_date)}"),
        verb="Review",
        verb_url=address(invoice, "invoice-review"),
        amount=invoice.current_payment_due,
    )


def _rejected(invoice: Invoice) -> Task:
    return Task(
        state="rejected",
        machine="export",
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, f"“{invoice.export.reason}”"),
        verb="Mend it",
        verb_url=address(invoice),
        amount=invoice.current_payment_due,
    )


def _to_send(invoice: Invoice) -> Task:
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, "not sent to ERP"),
        verb="Send to ERP",
        verb_url=address(invoice, "invoice-erp-send"),
        amount=invoice.current_payment_due,
    )


def _sent_back(invoice: Invoice) -> Task:
    since = _since(invoice, invoice.waits_since)
    return _of_others(invoice, f"with {invoice.commitment.vendor.name}{since} · due {day(invoice.due_date)}")


def _with_nobody(invoice: Invoice) -> Task:
    commitment = invoice.commitment
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, f"sent back, and {commitment.vendor.name} has no invoice contact to send it again"),
        verb="Name a contact",
        verb_url=commitment_address(commitment),
        amount=invoice.current_payment_due,
    )


def _held(invoice: Invoice) -> Task:
    return _of_others(invoice, f"with the owner{_since(invoice, invoice.waits_since)}")


def _since(invoice: Invoice, moment: datetime) -> str:
    """On the project's calendar."""
    return f" since {day(invoice.project.day_of(moment))}"


def _of_others(invoice: Invoice, words: str) -> Task:
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, words),
        amount=invoice.current_payment_due,
    )


def _with_accounting(invoice: Invoice) -> Task:
    return Task(
        state=invoice.export.status,
        machine="export",
        title=_named(invoice),
        url=address(invoice),
        words=_where(invoice, f"with accounting{_since(invoice, invoice.export.sent_at)}"),
        amount=invoice.current_payment_due,
    )
