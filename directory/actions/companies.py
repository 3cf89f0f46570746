"""What a company is called and how strictly it works; and what is put on record about companies, vendors, projects."""

from collections.abc import Mapping

from django.db import transaction

from directory import people_mail
from directory.actions.grants import hold_directory_admin
from directory.fields import label_of
from directory.models import Company, Event, Person, Policy
from directory.permissions import Level, Tool, people_with_level
from directory.refusals import Refused
from directory.refused_faults import faults_refused

SEPARATIONS = ("separate_submitter_and_approver", "separate_sender_and_accepter", "separate_raiser_and_approver")
POLICIES = ("insurance_policy", "workers_comp_policy", "lien_waiver_policy")
SETTINGS = ("name", "time_zone", *SEPARATIONS, "second_approval_above", "needs_second_factor", *POLICIES)
STRICTNESS = (Policy.IGNORE, Policy.WARN, Policy.BLOCK)


@transaction.atomic
def change_settings(company, wanted: Mapping[str, object], *, by, reason: str = "") -> Company:
    """Set some of SETTINGS; one event with old and new, none if nothing changed.

    What protects less than before needs a reason and is mailed to the site owners and the company's Directory Admins.
    Raises NotAllowed unless `by` is a site owner or Admin on the company's Directory; Refused names the field.
    """
    hold_directory_admin(by, company)
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    before = {name: getattr(company, name) for name in SETTINGS}
    loosened = check_settings(company, wanted, reason=reason)
    changed = [name for name in SETTINGS if getattr(company, name) != before[name]]
    if not changed:
        return company
    company.save(update_fields=changed)
    changes = {name: [_text(before[name]), _text(getattr(company, name))] for name in changed}
    Event.objects.record("changed the settings", company, by=by, reason=reason.strip(), changes=changes)
    if loosened:
        told = [_told(name, before[name], getattr(company, name)) for name in loosened]
        people_mail.settings_loosened(company, _guardians(company), told, reason.strip(), by)
    return company


def check_settings(company, wanted: Mapping[str, object], *, reason: str) -> list[str]:
    """Put `wanted` on the company, unsaved; which of it protects less. Raises what `change_settings` would raise."""
    before = {name: getattr(company, name) for name in SETTINGS}
    for name in SETTINGS:
        setattr(company, name, wanted.get(name, before[name]))
    _check(company)
    loosened = [name for name in SETTINGS if is_looser(name, before[name], getattr(company, name))]
    if loosened and not reason.strip():
        raise Refused(f"Say why: {_in_words(loosened)} would protect less than before.", field="reason")
    return loosened


def is_looser(name: str, old, new) -> bool:
    """Whether the new value of a setting protects less than the old one."""
    if name in SEPARATIONS or name == "needs_second_factor":
        return bool(old) and not new
    if name in POLICIES:
        return STRICTNESS.index(new) < STRICTNESS.index(old)
    if name == "second_approval_above":
        return old is not None and (new is None or new > old)
    return False


def _check(company) -> None:
    company.name = " ".join(str(company.name).split())
    with faults_refused():
        company.clean_fields(exclude=[field.name for field in Company._meta.fields if field.name not in SETTINGS])
    if company.second_approval_above is not None and company.second_approval_above < 0:
        raise Refused("Enter an amount of 0.00 or more, or leave it empty.", field="second_approval_above")


def _guardians(company) -> list[Person]:
    return [*Person.objects.site_owners(), *people_with_level(company, Tool.COMPANY_DIRECTORY, Level.ADMIN)]


def _in_words(names: list[str]) -> str:
    return ", ".join(f"“{label_of(Company, name)}”" for name in names)


def _told(name: str, old, new) -> dict[str, str]:
    return {"label": label_of(Company, name), "old": _shown(name, old), "new": _shown(name, new)}


def _shown(name: str, value) -> str:
    if name in POLICIES:
        return str(Policy(value).label)
    if name == "second_approval_above":
        return "never" if value is None else f"{value:,.2f}"
    return "on" if value else "off"


def _text(value) -> str:
    return "" if value is None else str(value)


def record_entry(subject, changes: dict, *, by, is_new: bool) -> None:
    """One event for a company, vendor or project just saved, in the caller's transaction; none if nothing changed."""
    if changes:
        Event.objects.record("entered" if is_new else "changed", subject, by=by, changes=changes)
