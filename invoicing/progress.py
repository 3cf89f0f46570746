"""How far a billing period is: bills that were sent of bills that are expected, and their amounts, for a picture."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, QuerySet

from invoicing.board import IN_ERP, Group
from invoicing.calculations.money import ZERO
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice

PICTURE = (
    # words, tone, the states that count
    ("Approved", "ok", (*Invoice.CERTIFIED, IN_ERP)),
    (Invoice.Status.PENDING_OWNER_APPROVAL.label, "neutral", (Invoice.Status.PENDING_OWNER_APPROVAL,)),
    (Invoice.Status.UNDER_REVIEW.label, "info", (Invoice.Status.UNDER_REVIEW,)),
    ("Sent back", "warn", (Invoice.Status.REVISE_AND_RESUBMIT,)),
)
SENT = (*(status for status in Invoice.Status if status != Invoice.Status.DRAFT), IN_ERP)


@dataclass(frozen=True)
class Progress:
    """Sent bills of expected ones, and their amounts in dollars."""

    billed: int
    expected: int
    parts: list[dict]

    @property
    def words(self) -> str:
        return f"{self.billed} of {self.expected} billed"

    @property
    def gross(self) -> Decimal:
        return sum((part["amount"] for part in self.parts), ZERO)


def progress_of(period: BillingPeriod | None, groups: list[Group]) -> Progress:
    """Of the open period all who can bill are expected; of a closed one, who began or was asked."""
    sent = [group for group in groups if group.state in SENT]
    billed = sum(group.count for group in sent)
    is_open = period is not None and period.is_open
    expected = sum(group.count for group in groups if group.is_expected and (is_open or group.is_asked))
    return Progress(billed, expected, picture_of([(group.state, group.gross) for group in sent]))


def picture_of(amounts: list[tuple[str, Decimal]]) -> list[dict]:
    """Gross amounts by what became of them, as `money_picture` draws them; what is nothing is left out."""
    parts = [
        {"label": label, "tone": tone, "amount": sum((gross for state, gross in amounts if state in states), ZERO)}
        for label, tone, states in PICTURE
    ]
    return [part for part in parts if part["amount"]]


def still_to_come(periods: Collection[BillingPeriod], seen: QuerySet[Commitment]) -> dict[int, int]:
    """{period id: how many of the commitments `seen` will yet begin a bill}, as the board of each period tells it.

    Of an open period those that are billable and did not decline, of a closed one those that were asked and did not.
    """
    found = _of_open([period for period in periods if period.is_open], seen)
    closed = [period for period in periods if not period.is_open]
    if closed:
        asked = Invitation.objects.filter(billing_period__in=closed, commitment__in=seen.order_by().values("pk"))
        found |= asked.expected_by_period()
    return found


def _of_open(periods: Collection[BillingPeriod], seen: QuerySet[Commitment]) -> dict[int, int]:
    """Of one open period of each project, all in one query."""
    by_project = {period.project_id: period.pk for period in periods}
    if not by_project:
        return {}
    here = {"commitment": OuterRef("pk"), "billing_period__in": by_project.values()}
    begun = Invoice.objects.live().filter(**here)
    declined = Invitation.objects.in_force().filter(answer=Invitation.Answer.DECLINED, **here)
    due = Commitment.objects.filter(pk__in=seen.order_by().values("pk"), project__in=by_project).billable()
    waited = due.exclude(Exists(begun)).exclude(Exists(declined)).order_by()
    return {by_project[project]: n for project, n in waited.values_list("project").annotate(Count("pk"))}
