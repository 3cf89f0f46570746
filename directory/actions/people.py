"""Who is in a company's directory, and what is on record about a login."""

from django.db import transaction

from directory.actions.account_links import mail_invitation
from directory.models import Event, Membership, Person, Project
from directory.permissions import Level, Tool, read_access, write_level
from directory.refusals import NotNow, Refused


@transaction.atomic
def add_person(company, email: str, name: str, *, by, vendor=None, title: str = "") -> Membership:
    """Enter a person in a directory; `vendor` set: as that vendor's. An e-mail that is a login already joins as it is.

    Nobody gets a level by this. Raises NotAllowed unless `by` is a site owner or Admin on the company's Directory.
    """
    _require_directory_admin(by, company)
    if vendor is not None and vendor.company_id != company.pk:
        raise Refused(f"{vendor.name} is not a vendor of {company.name}.", field="vendor")
    person = Person.objects.filter(email__iexact=email.strip()).first() or _new_login(email.strip(), name.strip())
    membership = _join(person, company)
    membership.vendor, membership.title, membership.is_active = vendor, title, True
    membership.save()
    Event.objects.record("added to the directory", membership, by=by, changes={"employer": ["", employer(membership)]})
    if not person.has_usable_password():
        mail_invitation(person, company, by=by)
    return membership


def _new_login(email: str, name: str) -> Person:
    if not email:
        raise Refused("Enter an e-mail address.", field="email")
    if not name:
        raise Refused("Enter a name.", field="name")
    return Person.objects.create_user(email, name=name)


def _join(person, company) -> Membership:
    membership = Membership.objects.select_for_update().filter(person=person, company=company).first()
    if membership is None:
        return Membership(person=person, company=company)
    if membership.is_active:
        raise Refused(f"{person.name} is in the directory of {company.name} already.", field="email")
    if person.holds_push_privilege(company):
        raise NotNow(
            f"{person.name} still has Can Push to Accounting from before. The site owner must withdraw it first."
        )
    return membership


@transaction.atomic
def deactivate_membership(membership: Membership, *, by, reason: str = "") -> None:
    """End a person's place in a directory. Their own levels there end with it (R65); what they did stays."""
    _require_directory_admin(by, membership.company)
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    if not membership.is_active:
        raise NotNow(f"{membership.person.name} was taken out of the directory before.")
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    _end_levels(membership.person, membership.company)
    Event.objects.record("taken out of the directory", membership, by=by, reason=reason)


def _end_levels(person, company) -> None:
    places = {"company": [company], "project": list(Project.objects.filter(company=company))}
    for tool in Tool:
        for place in places[tool.scope]:
            write_level(person, tool, place, Level.NONE)


@transaction.atomic
def change_employer(membership: Membership, vendor, title: str, *, by) -> None:
    """Move a person between the company itself and one of its vendors, or change their title."""
    _require_directory_admin(by, membership.company)
    if vendor is not None and vendor.company_id != membership.company_id:
        raise Refused(f"{vendor.name} is not a vendor of {membership.company.name}.", field="vendor")
    before = {"employer": employer(membership), "title": membership.title}
    membership.vendor, membership.title = vendor, title
    membership.save(update_fields=["vendor", "title"])
    after = {"employer": employer(membership), "title": title}
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changes:
        Event.objects.record("changed in the directory", membership, by=by, changes=changes)


@transaction.atomic
def change_profile(person, *, name: str, uses_keys: bool) -> None:
    """What everybody may change about themselves."""
    if not name.strip():
        raise Refused("Enter your name.", field="name")
    wanted = {"name": name.strip(), "uses_keys": uses_keys}
    changes = {key: [getattr(person, key), new] for key, new in wanted.items() if getattr(person, key) != new}
    for key, new in wanted.items():
        setattr(person, key, new)
    person.save(update_fields=list(wanted))
    record_change(person, changes, by=person)


def record_change(person, changes: dict, *, by) -> None:
    """Put a changed login on record in every directory that lists it; in the caller's transaction."""
    if changes:
        for membership in person.memberships.select_related("company", "vendor", "person"):
            Event.objects.record("changed the login", membership, by=by, changes=changes)


def employer(membership: Membership) -> str:
    return str(membership.vendor or membership.company)


def _require_directory_admin(by, company) -> None:
    if not (by.is_active and by.is_superuser):
        read_access(by, company).require(Tool.COMPANY_DIRECTORY, Level.ADMIN)
