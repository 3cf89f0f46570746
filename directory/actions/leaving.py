"""What ends at once when a person leaves a directory or goes to another employer (R65, R67)."""

from directory.actions import privileges
from directory.actions.grants import check_somebody_administers, whom
from directory.actions.permission_templates import leave_all
from directory.models import Event, Membership, PrivilegeRequest, Project
from directory.permissions import Level, Tool, drop_levels, own_levels_on, read_access
from directory.sessions import end_sessions


def end_rights(membership: Membership, why: str, *, by) -> None:
    """Own levels, places in templates, waiting requests for the privilege, and every session of the login.

    In the caller's transaction. *Can Push to Accounting* is a site owner's to withdraw (P-4): its row stays and has
    no effect, because it works for the company's own active people only; `check_old_privilege` keeps it from coming
    back unseen. Raises Refused where nobody would be left to administer the directory.
    """
    person, company = membership.person, membership.company
    administered = read_access(person, company).allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    _end_levels(person, company, by)
    leave_all(person, company, by=by)
    _close_requests(person, company, why, by)
    end_sessions(person)
    if administered:
        check_somebody_administers(company)


def _end_levels(person, company, by) -> None:
    """One event names every level that ended: the record knows what somebody held to the end (R119)."""
    places = [company, *Project.objects.filter(company=company)]
    held = own_levels_on(places, [person.pk])
    ended = {(tool, place.pk): place for tool in Tool for place in places if tool.scope == place._meta.model_name}
    changes = {
        f"{tool.label}, {ended[tool, pk]}": [level.label, Level.NONE.label]
        for (_, tool, pk), level in held.items()
        if level
    }
    if changes:
        Event.objects.record("ended the levels", company, by=by, changes=changes | whom(person))
    drop_levels(person, places)


def _close_requests(person, company, why: str, by) -> None:
    """Nobody can grant them any more: they are answered by whoever ended the person's place, with the reason (P-5)."""
    for request in PrivilegeRequest.objects.waiting().filter(person=person, company=company):
        privileges.close_for_leaving(request, by=by, reason=why)
