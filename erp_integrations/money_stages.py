"""Where the approved money of a company stands on its way to Sage, for a picture and the table behind it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Q, Sum

from directory.models import Company
from erp_integrations.models import ExportStatus, InvoiceExport, Outcome, Reconciliation
from erp_integrations.models.exports import BEFORE_A_FILE, SENDABLE_FROM, sendable
from invoicing.calculations.money import ZERO
from invoicing.models import Invoice
from invoicing.seen import seen_commitments

S = ExportStatus


@dataclass(frozen=True)
class Stage:
    """So many invoices, and their gross in dollars. The stages exclude each other."""

    label: str
    tone: str
    explained: str
    count: int = 0
    amount: Decimal = ZERO


def to_be_sent(company: Company, person):
    """Approved so that the company sends it, and not with accounting; of the projects that `person` sees (P-2)."""
    unsent = Q(export__isnull=True) | Q(export__status__in=SENDABLE_FROM)
    live = Invoice.objects.live().filter(seen_commitments(person, "commitment__"), commitment__company=company)
    return live.filter(unsent, sendable())


def stages(company: Company, person, newest: Reconciliation | None) -> list[Stage]:
    """Approved, sent, exported, posted, and what the `newest` comparison found to differ, which counts there alone."""
    approved = to_be_sent(company, person).order_by().aggregate(count=Count("pk"), amount=Sum("gross_this_period"))
    differing = _differing(newest)
    rows = InvoiceExport.objects.of(company).exclude(items__in=differing.values("item")).order_by().values("status")
    sums = rows.annotate(count=Count("pk"), amount=Sum("invoice__gross_this_period"))
    by_status = {row["status"]: row for row in sums}
    odd = differing.order_by().aggregate(count=Count("pk"), amount=Sum("expected_gross"))
    return [
        Stage("Approved, not sent", "neutral", "With the projects, of those that you see.", *_figures(approved)),
        Stage("With accounting", "info", "In the queue, or on the way into a file.", *_total(by_status, BEFORE_A_FILE)),
        Stage("Exported", "warn", "In a file, not confirmed in Sage.", *_total(by_status, (S.EXPORTED,))),
        Stage("Posted", "ok", "Confirmed in Sage.", *_total(by_status, (S.POSTED,))),
        Stage("Differing", "bad", "In a file, and Sage’s list says otherwise.", *_figures(odd)),
    ]


def _differing(newest: Reconciliation | None):
    """What still stands in the file that was compared."""
    if newest is None:
        return Outcome.objects.none()
    return newest.outcomes.differing().filter(item__is_live=True)


def _figures(row: dict) -> tuple[int, Decimal]:
    return row["count"], row["amount"] or ZERO


def _total(by_status: dict[str, dict], statuses: tuple[str, ...]) -> tuple[int, Decimal]:
    there = [_figures(by_status[status]) for status in statuses if status in by_status]
    return sum(count for count, _ in there), sum((amount for _, amount in there), ZERO)
