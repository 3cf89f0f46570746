"""Until when a commitment takes bills in a billing period, and a bill may be sent (B-5).

For the database it stands again where lists ask: `invoice_queries.is_over`, `InvitationQuerySet.unanswered` and
`CommitmentQuerySet.startable_in`; for templates that have a period, in `BillingPeriod.still_takes_bills`.

Who may still send one: an Admin (`permissions.may_send_late`); and whoever bills, where `may_finish_late` was set by an
Admin who sent it or by `Invoice.send_back`.

A bill keeps the due date it was made with (B-6); an extension sets it anew on the bills it is for. So what is asked
about a bill goes by the bill's own date, and what is asked before there is one by the period's or the extension's.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, FilteredRelation, Q

from directory.moments import day_in_words
from invoicing.models import BillingPeriod, BillingSettings, Commitment, DueDateExtension, Invoice

CLOSED = "The billing period is closed."
MORE_TIME = "Ask the project team for more time."


@dataclass(frozen=True)
class Deadline:
    """`is_extended`: the commitment has a due date of its own; until then it doesn't matter that the period closed.

    `may_finish_late`: the bill was put back after its time, or by an Admin, so that it is never over.
    """

    period: BillingPeriod
    due_date: date
    is_extended: bool = False
    may_finish_late: bool = False

    @classmethod
    def of(cls, period: BillingPeriod, own: date | None = None) -> "Deadline":
        """`own`: the commitment's own due date, where it has one; the period's counts when it was moved behind that."""
        return cls(period, max(own or period.due_date, period.due_date), is_extended=own is not None)

    @property
    def is_closed(self) -> bool:
        """Time that was kept when the period closed ends with its due date; of a bill, with the bill's own."""
        is_kept = self.period.takes_bills_until_due and not self.has_passed
        return not (self.period.is_open or self.is_extended or is_kept)

    @property
    def is_longer(self) -> bool:
        """Whether it is more time than the others have."""
        return self.due_date > self.period.due_date

    @property
    def has_passed(self) -> bool:
        """Bills are taken until the end of the day, on the project's clock."""
        return self.period.project.has_passed(self.due_date)

    @property
    def is_running(self) -> bool:
        """Whether it is told of as one that takes bills; of an open period also a late one, for which one can ask."""
        return self.period.is_open or not (self.is_closed or self.has_passed)

    @property
    def is_over(self) -> bool:
        """Whether nothing can be sent any more."""
        return (self.is_closed or self.has_passed) and not self.may_finish_late

    def why_over(self, *, if_closed: str = "", if_late: str = "") -> str:
        """Why nothing can be sent any more; "" while something can.

        The closed period is named before the day that has passed. What the reader can do about either is said by the
        caller: `if_closed` and `if_late`, each a sentence that follows.
        """
        if not self.is_over:
            return ""
        why, advice = (CLOSED, if_closed) if self.is_closed else (self.late_words, if_late)
        return f"{why} {advice}".strip()

    @property
    def late_words(self) -> str:
        return f"Bills were due on {day_in_words(self.due_date)}."


def why_not_theirs(period: BillingPeriod, previous: Invoice | None, *, is_invited: bool) -> str:
    """Why the contacts can't start a commitment's bill in `period`, and only an Admin can; "" where they can.

    `previous`: its newest bill, which may be for later work (I-7); some projects take bills by invitation only (V-2).
    That the time is over is the `Deadline`'s to say. `CommitmentQuerySet.startable_in` asks the same of the database.
    """
    if previous and previous.period_start_date > period.start_date:
        later = f"Bill {previous.position} is for later work, from {day_in_words(previous.period_start_date)} on."
        return f"{later} What was done before belongs on the next bill; ask the project team if it can’t."
    if BillingSettings.of(period.project).by_invitation_only and not is_invited:
        return "This project takes bills by invitation only, and this commitment is not invited."
    return ""


def deadline_of(commitment: Commitment, period: BillingPeriod) -> Deadline:
    """For a commitment that may have no bill in the period yet."""
    extension = period.due_date_extensions.filter(commitment=commitment).first()
    return Deadline.of(period, extension and extension.due_date)


def deadlines_of(period: BillingPeriod) -> dict[int, Deadline]:
    """{commitment id: its deadline}, of those that have one of their own; all others go by the period's."""
    return {each.commitment_id: Deadline.of(period, each.due_date) for each in period.due_date_extensions.all()}


def bills_and_deadlines(commitment: Commitment) -> tuple[list[Invoice], list[Deadline]]:
    """Its bills, newest first and deleted ones among them, and until when it takes more; in one query.

    Whose turn a bill that waits is can be asked (`turns.turn_of`). The deadline of the open period comes first, then
    those of closed ones that it still has time for.
    """
    related = {
        "own": FilteredRelation("due_date_extensions", condition=Q(due_date_extensions__commitment=commitment)),
        "bill": FilteredRelation("invoices", condition=Q(invoices__commitment=commitment)),
        "has_contact": Exists(commitment.invoice_contacts.acting()),
    }
    periods = commitment.project.billing_periods.annotate(**related).select_related("own", "bill__previous")
    wanted = Q(status=BillingPeriod.Status.OPEN) | Q(takes_bills_until_due=True)
    wanted |= Q(own__isnull=False) | Q(bill__isnull=False)
    bills, deadlines = [], {}
    for period in periods.filter(wanted):  # once for each bill in it
        if bill := getattr(period, "bill", None):
            bill.commitment, bill.billing_period = commitment, period
            bill.period_status, bill.takes_bills_until_due = period.status, period.takes_bills_until_due
            bill.has_more_time = getattr(period, "own", None) is not None
            bill.has_contact = period.has_contact
            bills.append(bill)
        own = getattr(period, "own", None)
        deadlines[period.pk] = Deadline.of(period, own and own.due_date)
    running = [each for each in deadlines.values() if each.is_running]
    by_position = sorted(bills, key=lambda bill: bill.position, reverse=True)
    return by_position, sorted(running, key=lambda each: not each.period.is_open)


def deadlines_of_their_own(commitments: Collection[Commitment]) -> dict[tuple[int, int], Deadline]:
    """{(commitment id, period id): its deadline}, where it has one of its own; in one query."""
    own = DueDateExtension.objects.filter(commitment__in=commitments).select_related(
        "billing_period__project__billing_settings"
    )
    return {
        (each.commitment_id, each.billing_period_id): Deadline.of(each.billing_period, each.due_date) for each in own
    }


def running_deadlines(
    commitments: Collection[Commitment], own: dict[tuple[int, int], Deadline]
) -> list[tuple[Commitment, Deadline]]:
    """Of each commitment, in the open period and in closed ones that it still has time for; in one query.

    `own` as `deadlines_of_their_own` gives it.
    """
    wanted = Q(status=BillingPeriod.Status.OPEN) | Q(takes_bills_until_due=True) | Q(pk__in={key[1] for key in own})
    here = BillingPeriod.objects.filter(wanted, project__in={each.project_id for each in commitments})
    periods = defaultdict(list)
    for period in here.select_related("project__billing_settings").order_by("start_date"):
        periods[period.project_id].append(period)
    found = (
        (commitment, own.get((commitment.pk, period.pk)) or Deadline.of(period))
        for commitment in commitments
        for period in periods[commitment.project_id]
    )
    return [(commitment, deadline) for commitment, deadline in found if deadline.is_running]


def deadline_of_bill(invoice: Invoice, is_extended: bool | None = None) -> Deadline:
    """By the bill's own date. An open period needs no look at extensions: the bill carries what they set.

    `is_extended`: whether its commitment has a date of its own there, where the caller knows.
    """
    period = invoice.billing_period
    if is_extended is None:
        own = period.due_date_extensions
        is_extended = not period.is_open and own.filter(commitment=invoice.commitment_id).exists()
    return Deadline(period, invoice.due_date, is_extended, invoice.may_finish_late)
