"""My bills: what an invoice contact has to enter, to mend and to wait for, across projects and companies.

What is due first stands first, whichever project it is for. The number of queries doesn't grow with the years: of what
is settled only the newest are read.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.shortcuts import render

from directory.decorators import READ, signed_in_view
from directory.permissions import Tool, visible_projects
from invoicing.deadlines import Deadline, deadline_of_bill
from invoicing.models import BillingPeriod, BillingSettings, Commitment, DueDateExtension, Invitation, Invoice

MOST_APPROVED = 50
S = Invoice.Status


@dataclass(frozen=True)
class Opening:
    """A commitment that can be billed in its project's open period, or in one it has more time for (B-5)."""

    commitment: Commitment
    deadline: Deadline
    invitation: Invitation | None
    previous: Invoice | None

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
        return not (self.waits_for or self.is_declined or self.is_late)

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

    `is_late`: it can't be sent any more, unless an Admin puts it back or gives more time (B-5).
    """

    bill: Invoice
    is_late: bool

    stage = 2

    @property
    def is_theirs(self) -> bool:
        return not self.is_late

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
    extended = _extended(commitments)
    deadlines = _deadlines(commitments, extended)
    in_hand = [Begun(bill, _is_late(bill, extended)) for bill in unsettled if bill.status in Invoice.ENTERABLE]
    both = sorted([*in_hand, *openings(commitments, deadlines)], key=_by_due_date)
    context = {
        "commitments": commitments,
        "todo": [each for each in both if each.is_theirs],
        "resting": [each for each in both if not each.is_theirs],
        "under_review": [bill for bill in unsettled if bill.status == S.UNDER_REVIEW],
        "approved": bills.filter(status__in=Invoice.APPROVALS).with_paid().order_by("-due_date", "-pk")[:MOST_APPROVED],
        "has_companies": len({each.company_id for each in commitments}) > 1,
    }
    return render(request, "invoicing/bills.html", context)


def _by_due_date(each: Opening | Begun) -> tuple:
    """What came back before what is only begun, where both are due on one day."""
    is_back = each.state == S.REVISE_AND_RESUBMIT
    return each.due_date, not is_back, each.commitment.project.name, each.commitment.number


def openings(commitments: list[Commitment], deadlines: list[tuple[Commitment, Deadline]]) -> list[Opening]:
    """What can still be billed; by invitation only where the project says so (V-2)."""
    periods = {each.period.pk for _, each in deadlines}
    asked = {
        (each.commitment_id, each.billing_period_id): each
        for each in Invitation.objects.in_force().filter(commitment__in=commitments, billing_period__in=periods)
    }
    newest, billed = _bills_before(commitments, periods)
    return [
        Opening(commitment, deadline, asked.get(key), newest.get(commitment.pk))
        for commitment, deadline in deadlines
        if (key := (commitment.pk, deadline.period.pk)) not in billed
        if commitment.is_billable and (key in asked or not BillingSettings.of(commitment.project).by_invitation_only)
    ]


def _bills_before(commitments: list[Commitment], periods: Iterable[int]) -> tuple[dict[int, Invoice], set[tuple]]:
    """The newest bill of each commitment, and which commitments are billed in which of these periods."""
    live = Invoice.objects.live().filter(commitment__in=commitments)
    newest = {bill.commitment_id: bill for bill in live.newest().with_turn().select_related("commitment__project")}
    return newest, set(live.filter(billing_period__in=periods).values_list("commitment", "billing_period"))


def _extended(commitments: list[Commitment]) -> dict[tuple[int, int], Deadline]:
    """{(commitment id, period id): its deadline}, where it has one of its own."""
    own = DueDateExtension.objects.filter(commitment__in=commitments).select_related("billing_period__project")
    return {
        (each.commitment_id, each.billing_period_id): Deadline.of(each.billing_period, each.due_date) for each in own
    }


def _is_late(bill: Invoice, extended: dict[tuple[int, int], Deadline]) -> bool:
    bill.billing_period.project = bill.commitment.project
    return deadline_of_bill(bill, is_extended=(bill.commitment_id, bill.billing_period_id) in extended).is_over


def _deadlines(commitments: list[Commitment], extended: dict) -> list[tuple[Commitment, Deadline]]:
    """Of each commitment, in the open period and in closed ones that it still has time for."""
    periods = defaultdict(list)
    for period in BillingPeriod.objects.filter(project__in={each.project_id for each in commitments}).taking_bills():
        periods[period.project_id].append(period)
    found = []
    for commitment in commitments:
        here = periods[commitment.project_id]
        for period in here:
            found.append((commitment, extended.get((commitment.pk, period.pk)) or Deadline.of(period)))
        found += [
            (commitment, deadline)
            for (holder, _), deadline in extended.items()
            if holder == commitment.pk and deadline.period not in here and not deadline.has_passed
        ]
    return found
