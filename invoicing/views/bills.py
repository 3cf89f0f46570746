"""My bills: what an invoice contact has to enter, to mend and to wait for, across projects and companies.

What is due first stands first, whichever project it is for. The number of queries doesn't grow with the years: of what
is settled only the newest are read.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date

from django.shortcuts import render

from directory.decorators import READ, signed_in_view
from directory.permissions import Level, Tool, visible_projects
from invoicing.deadlines import (
    Deadline,
    deadline_of_bill,
    deadlines_of_their_own,
    running_deadlines,
    why_not_theirs,
)
from invoicing.models import BillingPeriod, Commitment, Invitation, Invoice
from invoicing.permissions import BILL_RIGHT

MOST_APPROVED = 50
S = Invoice.Status


@dataclass(frozen=True)
class Opening:
    """A commitment that can be billed in its project's open period, or in one it has more time for (B-5).

    `may_bill`: the contact may enter bills of the project, not only answer for them (1.2).
    """

    commitment: Commitment
    deadline: Deadline
    invitation: Invitation | None
    previous: Invoice | None
    may_bill: bool

    @property
    def period(self) -> BillingPeriod:
        return self.deadline.period

    @property
    def due_date(self) -> date:
        return self.deadline.due_date

    @property
    def waits_for(self) -> Invoice | None:
        """I-7: the earlier bill that has to be approved first."""
        if self.previous and self.previous.status not in Invoice.APPROVALS:
            return self.previous
        return None

    @property
    def is_declined(self) -> bool:
        return self.invitation is not None and self.invitation.answer == Invitation.Answer.DECLINED

    @property
    def is_late(self) -> bool:
        return self.deadline.has_passed

    @property
    def is_theirs(self) -> bool:
        """Whether the contact can do something about it now."""
        return not (self.waits_for or self.is_declined or self.is_late) and (self.may_bill or self.is_invite_open)

    @property
    def state(self) -> str:
        if self.invitation:
            return self.invitation.answer or "invited"
        return "open"

    @property
    def stage(self) -> int:
        return 2 if self.state == "accepted" else 1

    @property
    def is_invite_open(self) -> bool:
        return self.state == "invited"


@dataclass(frozen=True)
class Begun:
    """A bill that the contact has in hand: a draft, or one that came back.

    `is_late`: it can't be sent any more, unless an Admin puts it back or gives more time (B-5). `may_bill`: as above.
    """

    bill: Invoice
    is_late: bool
    may_bill: bool

    stage = 2

    @property
    def is_theirs(self) -> bool:
        return self.may_bill and not self.is_late

    @property
    def commitment(self) -> Commitment:
        return self.bill.commitment

    @property
    def period(self) -> BillingPeriod:
        return self.bill.billing_period

    @property
    def due_date(self) -> date:
        return self.bill.due_date

    @property
    def state(self) -> str:
        return self.bill.status


@signed_in_view(methods=READ)
def my_bills(request):
    projects = visible_projects(request.user, Tool.COMMITMENTS)
    commitments = list(
        Commitment.objects.billed_by(request.user, projects).select_related(
            "project__company", "project__billing_settings", "vendor"
        )
    )
    bills = Invoice.objects.live().filter(commitment__in=commitments).with_context()
    unsettled = list(bills.unsettled().with_rejected_count().order_by("submitted_at", "pk"))
    extended = deadlines_of_their_own(commitments)
    enterable = visible_projects(request.user, Tool.COMMITMENTS, Level.STANDARD)
    may_bill = set(enterable.order_by().values_list("pk", flat=True))
    in_hand = [
        Begun(bill, _is_late(bill, extended), bill.commitment.project_id in may_bill)
        for bill in unsettled
        if bill.status in Invoice.ENTERABLE
    ]
    both = sorted(
        [*in_hand, *openings(commitments, running_deadlines(commitments, extended), may_bill)], key=_by_due_date
    )
    context = {
        "commitments": commitments,
        "todo": [each for each in both if each.is_theirs],
        "resting": [each for each in both if not each.is_theirs],
        "under_review": [bill for bill in unsettled if bill.status == S.UNDER_REVIEW],
        "approved": bills.filter(status__in=Invoice.APPROVALS).with_paid().order_by("-due_date", "-pk")[:MOST_APPROVED],
        "bill_right": BILL_RIGHT,
        "has_companies": len({each.company_id for each in commitments}) > 1,
    }
    return render(request, "invoicing/bills.html", context)


def _by_due_date(each: Opening | Begun) -> tuple:
    """What came back before what is only begun, where both are due on one day."""
    is_back = each.state == S.REVISE_AND_RESUBMIT
    return each.due_date, not is_back, each.commitment.project.name, each.commitment.number


def openings(
    commitments: list[Commitment], deadlines: list[tuple[Commitment, Deadline]], may_bill: Collection[int]
) -> list[Opening]:
    """What can still be billed, and is the contacts' to bill. `may_bill`: the projects whose bills they may enter.

    Also what they were asked for and can only decline, since a later bill came first (I-7): they are reminded of it.
    """
    periods = {each.period.pk for _, each in deadlines}
    asked = {
        (each.commitment_id, each.billing_period_id): each
        for each in Invitation.objects.in_force().filter(commitment__in=commitments, billing_period__in=periods)
    }
    newest, billed = _bills_before(commitments, periods)
    found = []
    for commitment, deadline in deadlines:
        key, previous = (commitment.pk, deadline.period.pk), newest.get(commitment.pk)
        if key not in billed and commitment.is_billable:
            is_theirs = not why_not_theirs(deadline.period, previous, is_invited=key in asked)
            may_enter = is_theirs and commitment.project_id in may_bill
            opening = Opening(commitment, deadline, asked.get(key), previous, may_enter)
            found += [opening] if is_theirs or opening.is_invite_open else []
    return found


def _bills_before(commitments: list[Commitment], periods: Iterable[int]) -> tuple[dict[int, Invoice], set[tuple]]:
    """The newest bill of each commitment, and which commitments are billed in which of these periods."""
    live = Invoice.objects.live().filter(commitment__in=commitments)
    newest = {bill.commitment_id: bill for bill in live.newest().with_turn().select_related("commitment__project")}
    return newest, set(live.filter(billing_period__in=periods).values_list("commitment", "billing_period"))


def _is_late(bill: Invoice, extended: dict[tuple[int, int], Deadline]) -> bool:
    bill.billing_period.project = bill.commitment.project
    return deadline_of_bill(bill, is_extended=(bill.commitment_id, bill.billing_period_id) in extended).is_over
