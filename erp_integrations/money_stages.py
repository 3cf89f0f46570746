"""Where the approved money of a company stands on its way to Sage, for a picture and the table behind it."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Sum, TextField, Value
from django.db.models.functions import Cast

from directory.models import Company
from erp_integrations.models import ExportStatus, InvoiceExport, Outcome, Reconciliation
from erp_integrations.models.exports import BEFORE_A_FILE, ready_for_erp
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
    live = Invoice.objects.live().filter(seen_commitments(person, "commitment__"), commitment__company=company)
    return live.filter(ready_for_erp())


def stages(company: Company, person) -> list[Stage]:
    """Approved, sent, exported, posted, and what the newest comparison found to differ, which counts there alone.

    In one question.
    """
    differing = _differing(company)
    with_accounting = InvoiceExport.objects.of(company).exclude(items__in=differing.values("item"))
    asked = _summed(with_accounting, F("status"), "invoice__gross_this_period").union(
        _summed(to_be_sent(company, person), Value("approved"), "gross_this_period"),
        _summed(differing, Value("differing"), "expected_gross"),
        all=True,
    )
    sums = {stage: (count, amount or ZERO) for stage, count, amount in asked}
    return [
        Stage(
            "Approved, not sent", "neutral", "With the projects, of those that you see.", *_total(sums, ("approved",))
        ),
        Stage("With accounting", "info", "In the queue, or on the way into a file.", *_total(sums, BEFORE_A_FILE)),
        Stage(S.EXPORTED.label, "warn", "In a file, not confirmed in Sage.", *_total(sums, (S.EXPORTED,))),
        Stage(S.POSTED.label, "ok", "Confirmed in Sage.", *_total(sums, (S.POSTED,))),
        Stage("Differing", "bad", "In a file, and Sage’s list says otherwise.", *_total(sums, ("differing",))),
    ]


def pictured(company: Company, person) -> dict:
    """For `_money_stands.html`: the stages, their parts as `money_picture` draws them, and what they come to."""
    standing = stages(company, person)
    return {
        "stages": standing,
        "stage_parts": [{"label": each.label, "amount": each.amount, "tone": each.tone} for each in standing],
        "stage_count": sum(stage.count for stage in standing),
        "stage_total": sum((stage.amount for stage in standing), ZERO),
    }


def _differing(company: Company):
    """What still stands in the file that was compared last."""
    newest = Reconciliation.objects.of(company).order_by("-number").values("pk")[:1]
    return Outcome.objects.differing().filter(reconciliation=newest, item__is_live=True)


def _summed(rows, stage, amount: str):
    """(stage, how many, what they come to) of each, or of all where the stage is one word."""
    named = rows.order_by().annotate(stage=Cast(stage, TextField())).values("stage")
    return named.annotate(count=Count("pk"), amount=Sum(amount)).values_list("stage", "count", "amount")


def _total(sums: dict[str, tuple[int, Decimal]], statuses: tuple[str, ...]) -> tuple[int, Decimal]:
    there = [sums[status] for status in statuses if status in sums]
    return sum(count for count, _ in there), sum((amount for _, amount in there), ZERO)
