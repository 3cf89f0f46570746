"""*Can Push to Accounting*: asked for by a company, granted and withdrawn by site owners, one by one (P-4, P-5).

Who asks and who grants are two people by their roles; nobody asks for, or grants to, themselves.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from directory import privilege_mail
from directory.actions.grants import lock_holders
from directory.models import AccountingPrivilege, Event, PrivilegeRequest
from directory.permissions import Level, Tool, is_site_owner, read_access
from directory.refusals import NotAllowed, NotNow, Refused

THE_PRIVILEGE = "Can Push to Accounting"
State = PrivilegeRequest.State


# The company's side


@transaction.atomic
def ask(person, company, *, by, reason: str) -> PrivilegeRequest:
    """Ask the site owners to grant it to `person` (P-5). Raises NotAllowed unless `by` is Admin on the Directory."""
    _hold_asker(by, company, person)
    reason = _said(reason, "Say why this person needs it: the site owner decides by it.")
    if person == by:
        raise Refused(
            "Nobody asks for themselves. Another Directory Admin may ask for you, or the site owner may grant it.",
            field="person",
        )
    _check_person(person, company)
    if PrivilegeRequest.objects.waiting().filter(person=person, company=company).exists():
        raise Refused(f"A request for {person.name} is waiting for the site owner already.", field="person")
    request = PrivilegeRequest.objects.create(person=person, company=company, reason=reason, asked_by=by)
    Event.objects.record(f"asked for {THE_PRIVILEGE}", request, by=by, to_state=request.state, reason=reason)
    privilege_mail.asked(request)
    return request


@transaction.atomic
def take_back(request: PrivilegeRequest, *, by) -> PrivilegeRequest:
    """No longer wanted. Any Admin on the company's Directory may say so, until it is answered."""
    _hold_asker(by, request.company, request.person)
    request = _locked(request)
    _close(request, State.TAKEN_BACK, by)
    return request


# The site owner's side


@transaction.atomic
def grant(person, company, *, by, reason: str, ends_at: datetime | None = None) -> AccountingPrivilege:
    """It holds at once and until `ends_at`; a request for this person that waits is answered by it.

    Raises NotAllowed unless `by` is a site owner, Refused where the grant breaks a rule of P-4.
    """
    _hold_site_owner(by, person)  # two grants at once: the second sees the first
    check_grant(person, company, by=by, reason=reason, ends_at=ends_at)
    _close_ended(person, company, by)
    privilege = AccountingPrivilege.objects.create(
        person=person, company=company, granted_by=by, reason=reason.strip(), ends_at=ends_at
    )
    _record("granted Can Push to Accounting", privilege, by, privilege.reason)
    request = _waiting_request(person, company)
    if request:
        _close(request, State.GRANTED, by, answer=privilege.reason, privilege=privilege)
    privilege_mail.granted(privilege, request)
    return privilege


def check_grant(person, company, *, by, reason: str, ends_at: datetime | None = None) -> None:
    """Raises what `grant` would raise, and changes nothing: a form asks first."""
    require_site_owner(by)
    _said(reason, "Say why this person needs it.")
    if person == by:
        raise Refused("Nobody grants this privilege to themselves. Ask another site owner.", field="person")
    _check_person(person, company)
    if ends_at and ends_at <= timezone.now():
        raise Refused("Its last day has passed. Choose a later one, or none.", field="last_day")


@transaction.atomic
def grant_request(request: PrivilegeRequest, *, by, reason: str, ends_at: datetime | None = None) -> PrivilegeRequest:
    """Grant what was asked for. NotNow if it was answered before; Refused as `grant`, if the person has left."""
    _hold_site_owner(by, request.person)
    request = _locked(request)
    _require_waiting(request)
    grant(request.person, request.company, by=by, reason=reason, ends_at=ends_at)
    request.refresh_from_db()
    return request


@transaction.atomic
def decline_request(request: PrivilegeRequest, *, by, reason: str) -> PrivilegeRequest:
    """Say no, and why; who asked and whom it was for are mailed."""
    _hold_site_owner(by, request.person)
    reason = _said(reason, "Say why not: who asked reads it.")
    request = _locked(request)
    _close(request, State.DECLINED, by, answer=reason)
    privilege_mail.declined(request)
    return request


def close_for_leaving(request: PrivilegeRequest, *, by, reason: str) -> None:
    """Declined because its person leaves; in the transaction of whoever ends their place and has locked the person."""
    request = _locked(request)
    _close(request, State.DECLINED, by, answer=reason[:300])
    privilege_mail.declined(request)


@transaction.atomic
def withdraw(privilege: AccountingPrivilege, *, by, reason: str) -> None:
    """It ends at once. Raises NotAllowed unless `by` is a site owner, NotNow if it has ended before."""
    _hold_site_owner(by, privilege.person)
    reason = _said(reason, "Say why it is withdrawn.")
    privilege = AccountingPrivilege.objects.select_for_update().get(pk=privilege.pk)
    if privilege.withdrawn_at:
        raise NotNow("It was withdrawn before.")
    if not privilege.is_live:
        raise NotNow("It has ended by itself: its last day is over.")
    _end(privilege, by, reason)
    _record("withdrew Can Push to Accounting", privilege, by, reason)
    privilege_mail.withdrawn(privilege)


def require_site_owner(by) -> None:
    if not is_site_owner(by):
        raise NotAllowed("the site owner (a Django superuser)")


def _hold_asker(by, company, person) -> None:
    """A site owner does not ask: who asks and who grants are two (P-5)."""
    lock_holders([person], by)
    read_access(by, company).require(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    if is_site_owner(by):
        raise NotNow("You are a site owner: grant or decline it in the admin instead of asking for it.")


def _hold_site_owner(by, person) -> None:
    """Hold both, then ask: who stopped being a site owner in this moment is refused (R66)."""
    lock_holders([person], by)
    require_site_owner(by)


# What they share


def _locked(request: PrivilegeRequest) -> PrivilegeRequest:
    waiting = PrivilegeRequest.objects.select_for_update(of=("self",))
    return waiting.select_related("person", "company", "asked_by").get(pk=request.pk)


def _waiting_request(person, company) -> PrivilegeRequest | None:
    found = PrivilegeRequest.objects.waiting().filter(person=person, company=company).first()
    return found and _locked(found)


def _said(reason: str, question: str) -> str:
    reason = reason.strip()
    if not reason:
        raise Refused(question, field="reason")
    return reason[:300]


def _check_person(person, company) -> None:
    """One of the company's own active people who does not hold it."""
    membership = person.membership_in(company) if person.is_active else None
    if membership is None or membership.vendor_id:
        raise Refused(f"{person.name} is not employed by {company.name}. Choose one of its own people.", field="person")
    if person.holds_push_privilege(company):
        raise Refused(f"{person.name} holds it already for {company.name}.", field="person")


def _require_waiting(request: PrivilegeRequest) -> None:
    if request.state != State.WAITING:
        raise NotNow(f"This request was answered before: {request.get_state_display().lower()}.")


def _close(request: PrivilegeRequest, state: State, by, *, answer: str = "", privilege=None) -> None:
    _require_waiting(request)
    before, request.state = request.state, state
    request.answered_by, request.answered_at = by, timezone.now()
    request.answer, request.privilege = answer, privilege
    request.save(update_fields=["state", "answered_by", "answered_at", "answer", "privilege"])
    done = {State.GRANTED: "granted", State.DECLINED: "declined", State.TAKEN_BACK: "took back"}[state]
    Event.objects.record(f"{done} the request", request, by=by, from_state=before, to_state=str(state), reason=answer)


def _close_ended(person, company, by) -> None:
    """The row of a grant whose last day is over makes room for a new one."""
    for ended in AccountingPrivilege.objects.select_for_update().ended().filter(person=person, company=company):
        _end(ended, by, "Its last day was over.")
        Event.objects.record("closed the ended grant", ended, by=by, reason=ended.withdrawal_reason)


def _end(privilege: AccountingPrivilege, by, reason: str) -> None:
    privilege.withdrawn_at, privilege.withdrawn_by, privilege.withdrawal_reason = timezone.now(), by, reason
    privilege.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])


def _record(verb: str, privilege: AccountingPrivilege, by, reason: str) -> None:
    holds, not_holds = f"{privilege.person.name} holds it", f"{privilege.person.name} does not hold it"
    if privilege.last_day:
        holds += f" until {privilege.last_day}"
    before, after = (not_holds, holds) if verb.startswith("granted") else (holds, not_holds)
    Event.objects.record(verb, privilege, by=by, reason=reason, changes={THE_PRIVILEGE: [before, after]})
