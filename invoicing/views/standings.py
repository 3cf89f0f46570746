"""A commitment's money to date: of those on a page row by row, of all that are asked for added up by the database."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce

from invoicing.calculations.lines import percent_of
from invoicing.calculations.money import ZERO
from invoicing.models import Commitment, Invoice, ScheduleLine, StartingCertificate

COUNTED = ("total_completed_and_stored", "work_retainage", "stored_retainage")


@dataclass(frozen=True)
class Standing:
    """Dollars. `newest` is its newest invoice; a draft does not count as billed (`InvoiceQuerySet.counted` of many)."""

    commitment: Commitment
    contract_sum: Decimal
    newest: Invoice | None
    start: StartingCertificate | None = None

    @property
    def counted(self) -> Invoice | StartingCertificate | None:
        newest = self.newest
        if newest and newest.status == Invoice.Status.DRAFT:
            newest = newest.previous
        return newest or self.start

    @property
    def billed(self) -> Decimal:
        return self.counted.total_completed_and_stored if self.counted else ZERO

    @property
    def retainage(self) -> Decimal:
        return self.counted.total_retainage if self.counted else ZERO

    @property
    def percent(self) -> Decimal | None:
        return percent_of(self.billed, self.contract_sum)


def standings_of(commitments: list[Commitment]) -> list[Standing]:
    """Of these, in their order, in two queries; they bring their starting certificate along."""
    sums = ScheduleLine.objects.filter(commitment__in=commitments).contract_sums()
    newest = Invoice.objects.newest().filter(commitment__in=commitments).select_related("previous")
    newest = {invoice.commitment_id: invoice for invoice in newest}
    return [
        Standing(each, sums.get(each.pk, ZERO), newest.get(each.pk), getattr(each, "starting_certificate", None))
        for each in commitments
    ]


def totals_of(commitments) -> dict:
    """Of every commitment of this queryset, however many, in one query: their `count`, all else in dollars."""
    lines = ScheduleLine.objects.billable().filter(commitment=OuterRef("pk")).order_by().values("commitment")
    counted = Invoice.objects.counted().filter(commitment=OuterRef("pk")).order_by()
    each = {"contract": Subquery(lines.values(sum=Sum("amount")))} | {
        name: Coalesce(Subquery(counted.values(name)[:1]), f"starting_certificate__{name}") for name in COUNTED
    }
    rows = Commitment.objects.filter(pk__in=commitments.order_by().values("pk")).annotate(**each)
    sums = rows.aggregate(number=Count("pk"), **{f"sum_of_{name}": Sum(name) for name in each})
    contract, billed, *held = (sums[f"sum_of_{name}"] or ZERO for name in each)
    retainage = sum(held, ZERO)
    return {
        "count": sums["number"],
        "contract": contract,
        "billed": billed,
        "retainage": retainage,
        "earned": billed - retainage,
        "balance": contract - billed,
        "percent": percent_of(billed, contract),
    }
