"""What lies somewhere between an invite and Sage, for how long, and who has to act (E-10, R16)."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery, Sum, Value, Window
from django.db.models.functions import Coalesce
from django.urls import reverse

from directory.counts import counted
from directory.models import Company
from erp_integrations.business_days import business_days_since, last_day_before
from erp_integrations.models import (
    BatchState,
    Download,
    ErpSettings,
    ExportBatch,
    ExportItem,
    ExportStatus,
    InvoiceExport,
)
from erp_integrations.money_stages import to_be_sent
from invoicing.addresses import address
from invoicing.calculations.money import ZERO
from invoicing.models import Invitation
from invoicing.seen import seen_commitments

LISTED = 50
Closed = Collection[date]  # days on which the company's office is closed
DAYS_TO_DOWNLOAD, DAYS_TO_CONFIRM = 1, 3  # business days (R16)
TO_DOWNLOAD, TO_CONFIRM = (counted(days, "business day") for days in (DAYS_TO_DOWNLOAD, DAYS_TO_CONFIRM))


@dataclass(frozen=True)
class Entry:
    """`days`: business days since; `amount` in dollars, None where there is none yet."""

    what: str
    url: str
    where: str
    who: str
    since: datetime
    days: int
    amount: Decimal | None = None


@dataclass(frozen=True)
class Group:
    """The oldest of one kind first, as many as are listed; `count` and `amount` are of all of them."""

    label: str
    tone: str
    explained: str
    count: int
    amount: Decimal
    entries: tuple[Entry, ...]

    @property
    def oldest(self) -> int:
        return max((entry.days for entry in self.entries), default=0)


def groups(company: Company, person, approvers: Iterable[str]) -> list[Group]:
    """One query each, however many there are. What a project has is shown to those who see it there (P-2)."""
    closed = ErpSettings.closed_days_of(company)
    answers = ", ".join(approvers) or "Nobody yet: Can Push to Accounting is not granted"
    team = "An invoice administrator of the project"
    return [
        _group(company, closed, _silent(company, person), "invited_at", _as_invite, "Invited and silent", "neutral",
               "Asked for a bill, and neither answered nor billed."),
        _group(company, closed, _unsent(company, person), "ready_since", lambda each: _as_invoice(each, team),
               "Approved, not sent", "neutral", "Nobody has sent it to accounting."),
        _group(company, closed, _unanswered(company), "sent_at", lambda each: _as_export(each, answers),
               "Sent, not answered", "info", "It waits in the queue for accounting."),
        _group(company, closed, not_downloaded(company, closed), "waiting_since", lambda each: _as_batch(each, answers),
               "Accepted, not downloaded", "warn", f"For more than {TO_DOWNLOAD}."),
        _group(company, closed, not_confirmed(company, closed), "waiting_since", lambda each: _as_batch(each, answers),
               "Downloaded, not confirmed", "bad", f"For more than {TO_CONFIRM}: is it in Sage?"),
    ]  # fmt: skip


def _group(
    company: Company, closed: Closed, found: QuerySet, since: str, as_entry: Callable, label: str, tone: str, why: str
) -> Group:
    rows = list(found.order_by(since, "pk")[:LISTED])
    entries = tuple(_dated(company, closed, getattr(each, since), **as_entry(each)) for each in rows)
    first = rows[0] if rows else None
    return Group(label, tone, why, first.all_of_them if first else 0, (first.all_gross if first else None) or ZERO,
                 entries)  # fmt: skip


def _dated(
    company: Company, closed: Closed, since: datetime, what: str, url: str, where: str, who: str, amount=None
) -> Entry:
    days = business_days_since(company.day_of(since), company.today, closed)
    return Entry(what, url, where, who, since, days, amount)


def _counted(found: QuerySet, amount: str) -> QuerySet:
    """With how many there are and what they come to, on every row: one query for the list and its sums."""
    return found.annotate(all_of_them=Window(Count("pk")), all_gross=Window(Sum(amount)))


def _silent(company: Company, person) -> QuerySet[Invitation]:
    found = Invitation.objects.silent().filter(seen_commitments(person, "commitment__"), commitment__company=company)
    told = found.annotate(all_of_them=Window(Count("pk")), all_gross=Value(0))
    return told.select_related("commitment__vendor", "commitment__project", "billing_period")


def _as_invite(invite: Invitation) -> dict:
    commitment = invite.commitment
    return {
        "what": f"{commitment.number}, {invite.billing_period}",
        "url": reverse("period", args=[commitment.project.slug, invite.billing_period_id]),
        "where": f"{commitment.project.name} · {commitment.vendor.name}",
        "who": f"Contacts of {commitment.vendor.name}",
    }


def _unsent(company: Company, person) -> QuerySet:
    """`ready_since`: approved, or held for its owner, where the company sends that too."""
    found = to_be_sent(company, person).annotate(ready_since=Coalesce("approved_at", "waits_since"))
    return _counted(found, "gross_this_period").select_related("commitment__project", "commitment__vendor")


def _as_invoice(invoice, who: str) -> dict:
    commitment = invoice.commitment
    return {
        "what": f"{invoice.number}, {commitment.number}",
        "url": address(invoice),
        "where": f"{commitment.project.name} · {commitment.vendor.name}",
        "who": who,
        "amount": invoice.gross_this_period,
    }


def _unanswered(company: Company) -> QuerySet[InvoiceExport]:
    found = InvoiceExport.objects.of(company).ready_to_export()
    counted = _counted(found, "invoice__gross_this_period")
    return counted.select_related("invoice__commitment__project__company", "invoice__vendor")


def _as_export(export: InvoiceExport, who: str) -> dict:
    project, invoice = export.invoice.commitment.project, export.invoice
    return {
        "what": f"{invoice.number}, {invoice.commitment.number}",
        "url": reverse("erp-export", args=[export.company.slug, export.pk]),
        "where": f"{project.name} · {invoice.vendor.name}",
        "who": who,
        "amount": invoice.gross_this_period,
    }


def not_downloaded(company: Company, closed: Closed) -> QuerySet[ExportBatch]:
    """Accepted, and more than a business day after it was built, or failed, nobody has taken its file.

    None while a restore holds the files (R127).
    """
    limit = company.end_of(last_day_before(company.today, DAYS_TO_DOWNLOAD, closed))
    since = Coalesce("built_at", "accepted_at")
    waiting = _with_unconfirmed(company).annotate(waiting_since=since).filter(downloads__isnull=True)
    waiting = waiting.filter(company__erp_settings__restored_at=None)
    return _counted(waiting.exclude(state=BatchState.VOID).filter(waiting_since__lt=limit), "open_gross")


def not_confirmed(company: Company, closed: Closed) -> QuerySet[ExportBatch]:
    """First taken more than `DAYS_TO_CONFIRM` ago, and not every invoice of it is posted."""
    limit = company.end_of(last_day_before(company.today, DAYS_TO_CONFIRM, closed))
    first = Download.objects.filter(batch=OuterRef("pk")).order_by("at").values("at")[:1]
    waiting = _with_unconfirmed(company).filter(state=BatchState.READY).annotate(waiting_since=Subquery(first))
    return _counted(waiting.filter(waiting_since__lt=limit), "open_gross")


def _with_unconfirmed(company: Company) -> QuerySet[ExportBatch]:
    """Batches with invoices that Sage has not confirmed: `open_gross`, in dollars, and `open_count`."""
    standing = (ExportStatus.EXPORTED, ExportStatus.EXPORTING, ExportStatus.FAILED)
    items = ExportItem.objects.filter(batch=OuterRef("pk"), is_live=True, invoice_export__status__in=standing)
    by_batch = items.order_by().values("batch")
    gross = by_batch.annotate(sum=Sum("invoice_export__invoice__gross_this_period")).values("sum")
    found = ExportBatch.objects.of(company).filter(Exists(items)).select_related("company")
    counted = found.defer("snapshot", "findings").annotate(open_gross=Subquery(gross))
    return counted.annotate(open_count=Subquery(by_batch.annotate(count=Count("pk")).values("count")))


def _as_batch(batch: ExportBatch, who: str) -> dict:
    return {
        "what": batch.key,
        "url": reverse("erp-batch", args=[batch.company.slug, batch.number]),
        "where": f"{batch.get_state_display()}, {counted(batch.open_count, 'invoice')}",
        "who": who,
        "amount": batch.open_gross,
    }
