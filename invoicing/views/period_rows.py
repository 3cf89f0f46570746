"""The rows of the list of billing periods: how far each is, in the same number of queries however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from invoicing.calculations.money import ZERO
from invoicing.models import BillingPeriod, Commitment, Invoice
from invoicing.progress import Progress, still_to_come


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
    stands = Invoice.objects.visible_to(access).filter(billing_period__in=periods).by_period()
    to_come = still_to_come(periods, Commitment.objects.visible_to(access))
    return [_row(period, stands.get(period.pk, NOTHING), to_come.get(period.pk, 0)) for period in periods]


NOTHING = {"billed": 0, "begun": 0, "count": 0, "approved": 0, "gross": ZERO, "net": ZERO}


def _row(period: BillingPeriod, here: dict, to_come: int) -> PeriodRow:
    progress = Progress(here["billed"], here["begun"] + to_come, [])
    return PeriodRow(period, progress, here["count"], here["approved"], here["gross"], here["net"])
