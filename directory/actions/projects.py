"""A company's projects: begun, kept, ended and run again."""

from dataclasses import asdict, dataclass

from django.contrib.auth.models import Group
from django.db import transaction

from directory.actions.companies import record_entry
from directory.actions.grants import hold_directory_admin, set_level
from directory.models import Company, Event, Membership, Person, Project
from directory.permissions import group_levels_on, own_levels_on
from directory.refusals import NotNow, Refused
from directory.refused_faults import faults_refused


@dataclass(frozen=True)
class ProjectEntry:
    """What is written on a project's sheet."""

    name: str
    number: str
    time_zone: str


@transaction.atomic
def add_project(company, entry: ProjectEntry, slug: str, *, by, like: Project | None = None) -> Project:
    """Begin a project; `like` another of the company's: with the same people and templates at the same levels.

    Only the company's own people are taken over: a vendor's person gets a level by being named as invoice contact
    (P-3). Raises NotAllowed unless `by` is a site owner or Admin on the company's Directory; Refused names the field.
    """
    hold_directory_admin(by, company, *(_holders_of_levels(company) if like else ()))
    company = Company.objects.select_for_update(no_key=True).get(pk=company.pk)  # two with one number: one waits
    if like is not None and like.company_id != company.pk:
        raise Refused(f"{like.name} is not a project of {company.name}.", field="like")
    project = Project(company=company, slug=slug, **_tidied(entry))
    _check(project)
    project.save()
    record_entry(project, {name: ["", value] for name, value in _tidied(entry).items()}, by=by, is_new=True)
    if like is not None:
        _copy_levels(like, project, by)
    return project


def _copy_levels(like: Project, project: Project, by) -> None:
    """Each level with its own event, as if it had been given by hand."""
    holders = {(type(holder), holder.pk): holder for holder in _holders_of_levels(project.company)}
    for kind, held in ((Person, own_levels_on([like])), (Group, group_levels_on([like]))):
        for (holder_id, tool, _), level in held.items():
            if (kind, holder_id) in holders and level:
                set_level(holders[kind, holder_id], tool, project, level, by=by)


def _holders_of_levels(company) -> list[Person | Group]:
    """The company's own people and the groups of its templates."""
    members = Membership.objects.in_order_of_employer(company).filter(vendor=None)
    return [*(each.person for each in members), *Group.objects.filter(template__company=company)]


@transaction.atomic
def change_project(project: Project, entry: ProjectEntry, *, by) -> Project:
    """Its address stays as it is: mailed links lead there."""
    project = _held(project, by)
    wanted = _tidied(entry)
    changes = {name: [getattr(project, name), new] for name, new in wanted.items() if getattr(project, name) != new}
    for name, new in wanted.items():
        setattr(project, name, new)
    _check(project)
    project.save(update_fields=list(wanted))
    record_entry(project, changes, by=by, is_new=False)
    return project


@transaction.atomic
def end_project(project: Project, *, by, reason: str = "") -> Project:
    """Its pages close for everybody; nothing on it is lost, and levels wait until it runs again."""
    project = _held(project, by)
    if not project.is_active:
        raise NotNow(f"{project.name} was ended before.")
    return _set_running(project, False, "ended the project", by, reason)


@transaction.atomic
def run_project_again(project: Project, *, by) -> Project:
    project = _held(project, by)
    if project.is_active:
        raise NotNow(f"{project.name} is running.")
    return _set_running(project, True, "runs the project again", by, "")


def _set_running(project: Project, is_active: bool, verb: str, by, reason: str) -> Project:
    project.is_active = is_active
    project.save(update_fields=["is_active"])
    changes = {"is_active": [str(not is_active), str(is_active)]}
    Event.objects.record(verb, project, by=by, reason=reason.strip(), changes=changes)
    return project


def _held(project: Project, by) -> Project:
    hold_directory_admin(by, project.company)
    Company.objects.select_for_update(no_key=True).get(pk=project.company_id)
    return Project.objects.select_for_update(of=("self",)).select_related("company").get(pk=project.pk)


def _tidied(entry: ProjectEntry) -> dict[str, str]:
    return {name: " ".join(value.split()) for name, value in asdict(entry).items()}


def _check(project: Project) -> None:
    others = Project.objects.exclude(pk=project.pk)
    if others.filter(company=project.company, number__iexact=project.number).exists():
        raise Refused(f"Another project has the number {project.number}. Choose another.", field="number")
    if others.filter(slug=project.slug).exists():
        raise Refused(f"The address {project.slug} is taken. Choose another.", field="slug")
    with faults_refused():
        project.clean_fields(exclude=["company"])
