"""Granting and withdrawing *Can Push to Accounting* (P-4): superusers only, one person at a time, with a reason."""

from django.db import transaction
from django.utils import timezone

from directory.models import AccountingPrivilege, Event, Person
from directory.refusals import NotAllowed, NotNow, Refused


@transaction.atomic
def grant(person, company, *, by, reason: str) -> AccountingPrivilege:
    """Raises NotAllowed unless `by` is a site owner, Refused where the grant breaks a rule of P-4."""
    Person.objects.select_for_update(no_key=True).get(pk=person.pk)  # two grants at once: the second sees the first
    check_grant(person, company, by=by, reason=reason)
    privilege = AccountingPrivilege.objects.create(person=person, company=company, granted_by=by, reason=reason.strip())
    _record("granted Can Push to Accounting", privilege, by, privilege.reason)
    return privilege


def check_grant(person, company, *, by, reason: str) -> None:
    """Raises what `grant` would raise, and changes nothing: a form asks first."""
    require_site_owner(by)
    if not reason.strip():
        raise Refused("Say why this person needs it.", field="reason")
    if person == by:
        raise Refused("Nobody grants this privilege to themselves. Ask another site owner.", field="person")
    membership = person.membership_in(company) if person.is_active else None
    if membership is None or membership.vendor_id:
        raise Refused(f"{person.name} is not employed by {company.name}. Choose one of its own people.", field="person")
    if person.holds_push_privilege(company):
        raise Refused(f"{person.name} holds it already for {company.name}.", field="person")


@transaction.atomic
def withdraw(privilege: AccountingPrivilege, *, by, reason: str) -> None:
    """It ends at once. Raises NotAllowed unless `by` is a site owner, NotNow if it was withdrawn before."""
    require_site_owner(by)
    if not reason.strip():
        raise Refused("Say why it is withdrawn.", field="reason")
    privilege = AccountingPrivilege.objects.select_for_update().get(pk=privilege.pk)
    if privilege.withdrawn_at:
        raise NotNow("It was withdrawn before.")
    privilege.withdrawn_at, privilege.withdrawn_by, privilege.withdrawal_reason = timezone.now(), by, reason.strip()
    privilege.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawal_reason"])
    _record("withdrew Can Push to Accounting", privilege, by, privilege.withdrawal_reason)


def require_site_owner(by) -> None:
    if not (by.is_active and by.is_superuser):
        raise NotAllowed("the site owner (a Django superuser)")


def _record(verb: str, privilege: AccountingPrivilege, by, reason: str) -> None:
    holds, not_holds = f"{privilege.person.name} holds it", f"{privilege.person.name} does not hold it"
    before, after = (not_holds, holds) if verb.startswith("granted") else (holds, not_holds)
    Event.objects.record(verb, privilege, by=by, reason=reason, changes={"Can Push to Accounting": [before, after]})
