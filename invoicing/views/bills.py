"""My bills: what an invoice contact has to enter, to mend and to wait for, across projects and companies."""

from dataclasses import dataclass

from django.shortcuts import render

from directory.decorators import READ, signed_in_view
from directory.models import Project
from directory.permissions import Tool, visible_projects
from invoicing.deadlines import Deadline, extended_deadline
from invoicing.models import BillingPeriod, Commitment, DueDateExtension, Invitation, Invoice

MOST_APPROVED = 50


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


@signed_in_view(methods=READ)
def my_bills(request):
    projects = visible_projects(request.user, Tool.COMMITMENTS)
    commitments = list(
        Commitment.objects.billed_by(request.user, projects).select_related(
            "project__company", "project__billing_settings", "vendor"
        )
    )
    bills = list(
        Invoice.objects.live()
        .filter(commitment__in=commitments)
        .with_context()
        .with_rejected_count()
        .order_by("due_date", "pk")
    )
    drafts = _with(bills, Invoice.Status.DRAFT)
    context = {
        "commitments": commitments,
        "openings": openings(commitments, bills),
        "drafts": drafts,
        "drafts_count": len(drafts),
        "sent_back": _with(bills, Invoice.Status.REVISE_AND_RESUBMIT),
        "under_review": _with(bills, Invoice.Status.UNDER_REVIEW),
        "approved": _with(bills, *Invoice.APPROVALS)[::-1][:MOST_APPROVED],
    }
    return render(request, "invoicing/bills.html", context)


def _with(bills: list[Invoice], *statuses: str) -> list[Invoice]:
    return [bill for bill in bills if bill.status in statuses]


def openings(commitments: list[Commitment], bills: list[Invoice]) -> list[Opening]:
    """What can still be billed; by invitation only where the project says so (V-2)."""
    deadlines = _deadlines(commitments)
    asked = {
        (each.commitment_id, each.billing_period_id): each
        for each in Invitation.objects.filter(
            commitment__in=commitments, billing_period__in={each.period.pk for _, each in deadlines}
        )
    }
    billed = {(bill.commitment_id, bill.billing_period_id) for bill in bills}
    newest = {bill.commitment_id: bill for bill in sorted(bills, key=lambda bill: bill.position)}
    return [
        Opening(commitment, deadline, asked.get(key), newest.get(commitment.pk))
        for commitment, deadline in deadlines
        if (key := (commitment.pk, deadline.period.pk)) not in billed
        if commitment.is_billable and (key in asked or not _by_invitation_only(commitment.project))
    ]


def _deadlines(commitments: list[Commitment]) -> list[tuple[Commitment, Deadline]]:
    """Of each commitment, in the open period and in closed ones that it still has time for; in two queries."""
    open_ones = BillingPeriod.objects.filter(status="open", project__commitments__in=commitments)
    periods = {period.project_id: period for period in open_ones.select_related("project")}
    extended = {
        (each.commitment_id, each.billing_period_id): extended_deadline(each)
        for each in DueDateExtension.objects.filter(commitment__in=commitments).select_related(
            "billing_period__project"
        )
    }
    found = []
    for commitment in commitments:
        if period := periods.get(commitment.project_id):
            own = extended.get((commitment.pk, period.pk))
            found.append((commitment, own or Deadline(period, period.due_date)))
        found += [
            (commitment, deadline)
            for (holder, _), deadline in extended.items()
            if holder == commitment.pk and not deadline.period.is_open and not deadline.has_passed
        ]
    return found


def _by_invitation_only(project: Project) -> bool:
    settings = getattr(project, "billing_settings", None)
    return settings is not None and settings.by_invitation_only
