"""The rows of the list of billing periods: how far each is, in the same number of queries however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.money import ZERO
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice
from invoicing.permissions import visible_commitments
from invoicing.views.board import Progress


@dataclass(frozen=True)
class PeriodRow:
    """A period with what this person may see of it; `gross` of what was sent, `net` of all, in dollars."""

    period: BillingPeriod
    progress: Progress
    count: int = 0
    approved: int = 0
    gross: Decimal = ZERO
    net: Decimal = ZERO


def rows_of(periods: Sequence[BillingPeriod], access) -> list[PeriodRow]:
    """Of the open period all who can bill are expected, as on its board; of a closed one, who began or was asked."""
    stands = Invoice.objects.visible_to(access).filter(billing_period__in=periods).by_period()
    asked = Invitation.objects.filter(visible_commitments(access, "commitment__"), billing_period__in=periods)
    silent = asked.expected_by_period()
    return [_row(period, stands.get(period.pk, NOTHING), silent.get(period.pk, 0), access) for period in periods]


NOTHING = {"billed": 0, "begun": 0, "count": 0, "approved": 0, "gross": ZERO, "net": ZERO}


def _row(period: BillingPeriod, here: dict, silent: int, access) -> PeriodRow:
    to_come = _to_come(period, access) if period.is_open else silent
    progress = Progress(here["billed"], here["begun"] + to_come, [])
    return PeriodRow(period, progress, here["count"], here["approved"], here["gross"], here["net"])


def _to_come(period: BillingPeriod, access) -> int:
    """Commitments that can be billed, are not yet, and did not decline; one period at most is open."""
    begun = Invoice.objects.live().filter(billing_period=period).values("commitment")
    declined = period.invitations.in_force().filter(answer=Invitation.Answer.DECLINED).values("commitment")
    billable = Commitment.objects.visible_to(access).billable()
    return billable.exclude(pk__in=begun).exclude(pk__in=declined).count()
