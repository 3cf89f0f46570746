"""Who is in a company's directory, for whom they work there, and what is on record about a login."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone

from directory import people_mail
from directory.actions import logins
from directory.actions.account_links import mail_invitation, send_account_invitation
from directory.actions.grants import hold_directory_admin
from directory.actions.leaving import end_rights
from directory.models import Event, Membership, Person, Vendor
from directory.models.companies import domain_of
from directory.permissions import is_site_owner
from directory.refusals import NotAllowed, NotNow, Refused

NOT_ONESELF = "Nobody does this to themselves. Ask another person with Admin on the company's Directory."


@transaction.atomic
def add_person(
    company,
    email: str,
    name: str,
    *,
    by,
    vendor=None,
    title: str = "",
    address_is_checked: bool = False,
    tells_colleagues: bool = True,
) -> Membership:
    """Enter a person in a directory; `vendor` set: as that vendor's. Nobody gets a level by this.

    A new e-mail becomes a login and is in at once. One that is a login already is asked first, and is in when its
    owner agrees (R89); the page that enters it says the same of both (R76). The vendor's other people are told (R82),
    unless the caller does, who enters many.
    Raises NotAllowed unless `by` is a site owner or Admin on the company's Directory.
    """
    email = email.strip()
    known = Person.objects.filter(email__iexact=email).first()
    hold_directory_admin(by, company, *([known] if known else []))
    _check_vendor(vendor, company)
    check_address(vendor, email, address_is_checked)
    membership = _entry(known, company, by) if known else _first_entry(company, email, name.strip())
    membership.vendor, membership.title = vendor, title.strip()
    membership.save()
    state = {"to_state": membership.state} if membership.asked_at else {}
    verb = "asked to join the directory" if membership.asked_at else "added to the directory"
    Event.objects.record(verb, membership, by=by, changes={"employer": ["", employer(membership)]}, **state)
    if tells_colleagues:
        tell_colleagues([membership], by)
    _invite(membership, by)
    return membership


def _first_entry(company, email: str, name: str) -> Membership:
    if not email:
        raise Refused("Enter an e-mail address.", field="email")
    if not name:
        raise Refused("Enter a name.", field="name")
    try:
        with transaction.atomic():
            person = Person.objects.create_user(email, name=name)
    except IntegrityError:  # somebody else entered it in this moment
        raise NotNow(f"{email} was entered elsewhere just now. Press the button again.") from None
    return Membership(person=person, company=company)


def _entry(person, company, by) -> Membership:
    """The place of a login of old: asked for, or as it was when they were in this directory before."""
    membership = Membership.objects.select_for_update(of=("self",)).filter(person=person, company=company).first()
    membership = membership or Membership(person=person, company=company, is_active=False, joined_at=None)
    if membership.state == Membership.State.ACTIVE:
        raise Refused(f"{person.name} is in the directory of {company.name} already.", field="email")
    _come_in(membership, by)
    return membership


def _come_in(membership: Membership, by) -> None:
    """Back for who was here before, asked who was not; oneself is asked by signing in. Not saved yet."""
    if membership.asked_at:
        raise NotNow(f"{membership.shown_name} was asked before and has not answered yet.")
    if membership.joined_at and not membership.person.is_active:
        raise NotNow(f"The login of {membership.person.name} is closed. A site owner can open it again.")
    check_old_privilege(membership)
    if membership.joined_at or membership.person == by:
        membership.is_active, membership.joined_at = True, membership.joined_at or timezone.now()
    else:
        membership.asked_at = timezone.now()


def check_old_privilege(membership: Membership) -> None:
    """*Can Push to Accounting* from before must not work again by itself (P-4)."""
    if membership.person.holds_push_privilege(membership.company):
        raise NotNow(
            f"{membership.shown_name} still has Can Push to Accounting from before."
            " The site owner must withdraw it first."
        )


def _check_vendor(vendor, company) -> None:
    """As it is now, and held: nobody comes to a vendor that is deactivated in this moment."""
    if vendor is None:
        return
    [vendor] = Vendor.objects.locked([vendor.pk])
    if vendor.company_id != company.pk:
        raise Refused(f"{vendor.name} is not a vendor of {company.name}.", field="vendor")
    if not vendor.is_active:
        raise Refused(f"{vendor.name} is deactivated. Reactivate the vendor first.", field="vendor")


def check_address(vendor, email: str, is_checked: bool) -> None:
    """R82: an address unlike those of the vendor's other people is looked at twice."""
    if vendor:
        check_domain(vendor, vendor.known_domains(), email, is_checked)


def check_domain(vendor, known: set[str], email: str, is_checked: bool) -> None:
    """As `check_address`, for who has looked up the vendor's domains already."""
    if known and domain_of(email) not in known and not is_checked:
        raise Refused(
            f"{email} is not an address at {' or '.join(sorted(known))} like those of {vendor.name} so far."
            " Call the vendor on a number you know, then tick this.",
            field="address_is_checked",
        )


def tell_colleagues(newcomers: Sequence[Membership], by) -> None:
    """Each vendor's people so far learn who came to them (R82); newcomers are not told of each other."""
    for vendor in {each.vendor for each in newcomers if each.vendor_id}:
        new = [each for each in newcomers if each.vendor_id == vendor.pk]
        members = vendor.memberships.in_state(Membership.State.ACTIVE).exclude(pk__in=[each.pk for each in new])
        colleagues = [each.person for each in members.select_related("person")]
        if colleagues:
            people_mail.colleagues_entered(new, colleagues, by)


def _invite(membership: Membership, by) -> None:
    person = membership.person
    if not person.has_usable_password() and not membership.asked_at:
        mail_invitation(person, membership.company, by=by)
    elif person != by:
        people_mail.entered(membership, by)


@transaction.atomic
def deactivate_membership(membership: Membership, *, by, reason: str) -> None:
    """End a person's place in a directory, with every right they had there (R65, R67); what they did stays."""
    membership = _held(membership, by)
    if not reason.strip():
        raise Refused("Say why they leave the directory.", field="reason")
    if membership.person == by:
        raise Refused(NOT_ONESELF)
    if not membership.is_active and not membership.asked_at:
        raise NotNow(f"{membership.shown_name} was taken out of the directory before.")
    before = membership.state
    if membership.joined_at:  # whoever was only asked holds nothing here, and their sessions are no affair of ours
        end_rights(membership, f"{membership.shown_name} was taken out of the directory.", by=by)
    membership.is_active, membership.asked_at = False, None
    membership.save(update_fields=["is_active", "asked_at"])
    states = {"from_state": before, "to_state": membership.state}
    Event.objects.record("taken out of the directory", membership, by=by, reason=reason.strip(), **states)


@transaction.atomic
def reactivate_membership(membership: Membership, *, by) -> Membership:
    """Back in the directory without any level; who never agreed to be in it is asked again (R89)."""
    membership = _held(membership, by)
    if membership.is_active and membership.person.is_active:
        raise NotNow(f"{membership.person.name} is in the directory.")
    _check_vendor(membership.vendor, membership.company)
    before = membership.state
    _come_in(membership, by)
    membership.save(update_fields=["is_active", "joined_at", "asked_at"])
    verb = "asked again to join the directory" if membership.asked_at else "put back in the directory"
    Event.objects.record(verb, membership, by=by, from_state=before, to_state=membership.state)
    if membership.asked_at:
        people_mail.entered(membership, by)
    elif not membership.person.has_usable_password():
        mail_invitation(membership.person, membership.company, by=by)
    return membership


@transaction.atomic
def invite_again(membership: Membership, *, by) -> None:
    """Mail a new link to set a first password. Raises NotNow for who has left, Refused for who has signed in."""
    membership = _held(membership, by)
    if membership.state != Membership.State.ACTIVE:
        raise NotNow(f"{membership.shown_name} is not in the directory now.")
    send_account_invitation(membership.person, membership.company, by=by)


@transaction.atomic
def change_employer(
    membership: Membership,
    vendor,
    title: str,
    *,
    by,
    reason: str = "",
    address_is_checked: bool = False,
    tells_colleagues: bool = True,
) -> Membership:
    """Move a person between the company itself and one of its vendors, or change their title.

    A new employer is a new start: what they held ends at once, as when they leave (R67).
    """
    membership = _held(membership, by)
    before = {"employer": employer(membership), "title": membership.title}
    is_moving = vendor != membership.vendor
    if is_moving:
        _move(membership, vendor, address_is_checked, by)
    membership.title = title.strip()
    membership.save(update_fields=["vendor", "title"])
    if is_moving and membership.is_active and tells_colleagues:
        tell_colleagues([membership], by)
    after = {"employer": employer(membership), "title": membership.title}
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changes:
        verb = "moved to another employer" if "employer" in changes else "changed in the directory"
        Event.objects.record(verb, membership, by=by, changes=changes, reason=reason.strip())
    return membership


def _move(membership: Membership, vendor, address_is_checked: bool, by) -> None:
    person, company = membership.person, membership.company
    if person == by:
        raise Refused(NOT_ONESELF)
    _check_vendor(vendor, company)
    check_address(vendor, person.email, address_is_checked)
    if vendor is None:
        check_old_privilege(membership)
    if membership.joined_at:
        end_rights(membership, f"{membership.shown_name} went to {vendor or company}.", by=by)
    membership.vendor = vendor


def _held(membership: Membership, by) -> Membership:
    """As it is now, until the end of the transaction, for somebody who may change it."""
    hold_directory_admin(by, membership.company, membership.person)
    rows = Membership.objects.select_for_update(of=("self",)).select_related("company", "vendor", "person")
    return rows.get(pk=membership.pk)


@transaction.atomic
def edit_person(membership: Membership, title: str, *, by, name: str | None = None) -> None:
    """Correct the title; and the name of a login that only this directory knows, otherwise it is its owner's."""
    membership = _held(membership, by)
    if name is not None:
        _rename(membership, " ".join(name.split()), by)
    title = title.strip()
    if title != membership.title:
        changes = {"title": [membership.title, title]}
        membership.title = title
        membership.save(update_fields=["title"])
        Event.objects.record("changed in the directory", membership, by=by, changes=changes)


def _rename(membership: Membership, name: str, by) -> None:
    person = membership.person
    if not name:
        raise Refused("Enter a name.", field="name")
    if name == person.name:
        return
    if not may_rename(membership, by):
        raise NotAllowed("to be that person: they change their name in their own profile")
    changes = {"name": [person.name, name]}
    person.name = name
    person.save(update_fields=["name"])
    record_change(person, changes, by=by)


def may_rename(membership: Membership, by) -> bool:
    """One company does not rename what another company's directory shows, nor who owns the site."""
    person = membership.person
    is_theirs_alone = not person.memberships.exclude(pk=membership.pk).exists()
    return membership.joined_at is not None and (
        is_site_owner(by) or (is_theirs_alone and not person.is_staff and not person.is_superuser)
    )


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
    """Put a changed login on record where it is known; in the caller's transaction."""
    if changes:
        logins.record(person, "changed the login", by=by, changes=changes)


def employer(membership: Membership) -> str:
    return str(membership.vendor or membership.company)
