"""Setting how a project bills: its days, who is told, what comes by itself (B-3, B-4, V-2, V-3)."""

from collections.abc import Mapping

from django.db import transaction

from directory.models import Event, Person, Project
from directory.refusals import Refused, Stale
from directory.refused_faults import faults_refused
from invoicing import periods
from invoicing.actions.commitments import require_admin
from invoicing.models import BillingSettings
from invoicing.notifications import may_be_told

FIELDS = (
    "start_day",
    "end_day",
    "due_day",
    "due_month",
    "rhythm",
    "week_starts_on",
    "week_due_after",
    "by_invitation_only",
    "invitation_text",
    "reminder_days",
    "mails_approval",
    "mails_payments",
)
PEOPLE = "distribution_list"


@transaction.atomic
def change(project: Project, wanted: Mapping[str, object], *, by, version: int) -> BillingSettings:
    """Set some of FIELDS and the people of the distribution list; one event with old and new, none if nothing changed.

    What is set counts from the next period, invite or bill on. Raises Stale when somebody saved since `version`.
    """
    project = periods.hold(project)
    require_admin(by, project)
    settings = BillingSettings.of(project)
    if settings.version != version:
        raise Stale("Somebody saved these settings while you had them open.")
    before = _told(settings, _listed(settings))
    for name in FIELDS:
        setattr(settings, name, wanted.get(name, getattr(settings, name)))
    _must_fit(settings)
    people = _allowed(project, wanted[PEOPLE]) if PEOPLE in wanted else _listed(settings)
    after = _told(settings, people)
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if not changes:
        return settings
    settings.version += 1
    settings.save()
    settings.distribution_list.set(people)
    Event.objects.record("changed the billing settings", settings, by=by, changes=changes)
    return settings


def _must_fit(settings: BillingSettings) -> None:
    with faults_refused():
        settings.clean_fields(exclude=["project"])


def _allowed(project: Project, wanted) -> list[Person]:
    """Refuses anybody who may not look into the project: the mail would tell them what its pages don't."""
    people, allowed = list(wanted), set(may_be_told(project).values_list("pk", flat=True))
    outside = [person.name for person in people if person.pk not in allowed]
    if outside:
        raise Refused(f"{', '.join(outside)} can't see this project. Give them a level first.", field=PEOPLE)
    return people


def _listed(settings: BillingSettings) -> list[Person]:
    return list(settings.distribution_list.all()) if settings.pk else []


def _told(settings: BillingSettings, people: list[Person]) -> dict[str, str]:
    """As an event keeps it."""
    told = {name: str(getattr(settings, name)) for name in FIELDS}
    return told | {PEOPLE: ", ".join(sorted(person.name for person in people))}
