"""Invites that nobody has answered: whom to remind now, and who was written to today already (V-3)."""

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from config.ui.figures import day
from config.waiting.tasks import Task
from directory.counts import counted
from directory.models import Project
from invoicing.deadlines import Deadline
from invoicing.models import BillingPeriod, DueDateExtension, Invitation


def to_remind(projects: list[Project]) -> QuerySet[Invitation]:
    """Soonest due first. One that can't be answered before an earlier bill is approved waits for that bill."""
    return _silent(projects).not_written_today(projects)


def written_today(projects: list[Project]) -> QuerySet[Invitation]:
    """Nobody is written to twice on one day: who was, has the turn."""
    return _silent(projects).written_today(projects)


def _silent(projects: list[Project]) -> QuerySet[Invitation]:
    """With `own_due`, where a commitment has a due date of its own (B-5)."""
    own = DueDateExtension.objects.filter(commitment=OuterRef("commitment"), billing_period=OuterRef("billing_period"))
    silent = Invitation.objects.silent().filter(billing_period__project__in=projects)
    told = silent.annotate(own_due=Subquery(own.values("due_date")[:1]))
    return told.select_related("commitment__vendor", "billing_period__project").order_by(
        "billing_period__due_date", "invited_at", "pk"
    )


def _deadline(invite: Invitation) -> Deadline:
    return Deadline.of(invite.billing_period, invite.own_due)


def as_reminder(invite: Invitation, looked_at: BillingPeriod | None) -> Task:
    """Once its time is over, more time is the project team's to give. `looked_at`: what the page is narrowed to."""
    deadline = _deadline(invite)
    names = [invite.billing_period.project.slug, invite.billing_period_id]
    if deadline.has_passed:
        url = reverse("period-extend", args=[*names, invite.commitment_id])
        return _task(invite, f"invite not answered. {deadline.late_words}", verb="More time…", verb_url=url)
    posted = {"commitment": str(invite.commitment_id), "back": "home"}
    return _task(
        invite,
        f"invite not answered for {_days_since(invite)} · due {day(deadline.due_date)}",
        verb="Remind",
        verb_url=reverse("period-remind", args=names),
        posted=posted | ({"home": str(looked_at.pk)} if looked_at else {}),
    )


def as_reminded(invite: Invitation) -> Task:
    since = day(invite.billing_period.project.day_of(invite.invited_at))
    due = day(_deadline(invite).due_date)
    return _task(invite, f"with {invite.commitment.vendor.name} since {since} · written to today · due {due}")


def _days_since(invite: Invitation) -> str:
    project = invite.billing_period.project
    return counted((project.today - project.day_of(invite.invited_at)).days, "day")


def _task(invite: Invitation, words: str, verb: str = "", verb_url: str = "", posted: dict | None = None) -> Task:
    commitment, period = invite.commitment, invite.billing_period
    return Task(
        state="invited",
        title=f"{commitment.vendor.name}, {commitment.number}",
        url=reverse("commitment", args=[period.project.slug, commitment.number]),
        words=f"{period.project.name} · {period} · {words}",
        verb=verb,
        verb_url=verb_url,
        posted=posted or {},
    )
