"""What ends at once when a person leaves a directory or goes to another employer (R65, R67)."""

from django.utils import timezone

from directory.actions.grants import check_somebody_administers
from directory.actions.permission_templates import leave_all
from directory.models import Company, Event, Membership, PrivilegeRequest, Project
from directory.permissions import Level, Tool, read_access, write_level
from directory.sessions import end_sessions


def end_rights(membership: Membership, why: str, *, by) -> None:
    """Own levels, places in templates, waiting requests for the privilege, and every session of the login.

    In the caller's transaction. *Can Push to Accounting* is a site owner's to withdraw (P-4): its row stays and has
    no effect, because it works for the company's own active people only; `check_old_privilege` keeps it from coming
    back unseen. Raises Refused where nobody would be left to administer the directory.
    """
    person, company = membership.person, membership.company
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # the last two Admins do not leave at once
    administered = read_access(person, company).allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    _end_levels(person, company)
    leave_all(person, company, by=by)
    _close_requests(person, company, why, by)
    end_sessions(person)
    if administered:
        check_somebody_administers(company)


def _end_levels(person, company) -> None:
    places = {"company": [company], "project": list(Project.objects.filter(company=company))}
    for tool in Tool:
        for place in places[tool.scope]:
            write_level(person, tool, place, Level.NONE)


def _close_requests(person, company, why: str, by) -> None:
    """Nobody can grant them any more: they are answered by whoever ended the person's place, with the reason."""
    waiting = PrivilegeRequest.objects.select_for_update(of=("self",)).waiting()
    for request in waiting.filter(person=person, company=company).select_related("company", "person"):
        request.state, request.answer = PrivilegeRequest.State.DECLINED, why[:300]
        request.answered_by, request.answered_at = by, timezone.now()
        request.save(update_fields=["state", "answer", "answered_by", "answered_at"])
        states = {"from_state": PrivilegeRequest.State.WAITING, "to_state": PrivilegeRequest.State.DECLINED}
        Event.objects.record("closed the request for Can Push to Accounting", request, by=by, reason=why, **states)
