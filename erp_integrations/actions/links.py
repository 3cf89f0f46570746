"""Saying which of ours is which of Sage's. Exact matches are proposed; nothing is linked without somebody's word."""

from django.db import IntegrityError, models, transaction

from directory.models import Company, Event
from directory.refusals import Refused
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    LineLink,
    ProjectLink,
    VendorLink,
    sage_lists,
)
from erp_integrations.sage100.lists import SageLists
from invoicing.models import Commitment, CostCode, CostType, ScheduleLine


@transaction.atomic
def make(link: models.Model, *, by=None) -> models.Model:
    """Save a new or changed link with one event; refused when it isn't well-formed or Sage's entry is taken."""
    link.clean_fields()
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        raise Refused(f"{link}: one of the two is linked already. Unlink it there first.") from None
    Event.objects.record("linked", link, by=by, changes={"link": ["", str(link)]})
    return link


def exact_matches(company: Company) -> list[models.Model]:
    """Unsaved links where a name or number is exactly the same on both sides and neither is linked yet."""
    lists = sage_lists(company)
    return [
        *_vendors(company, lists),
        *_projects(company, lists),
        *_cost_codes(company, lists),
        *_cost_types(company),
        *_commitments(company, lists),
    ]


def line_matches(company: Company) -> list[LineLink]:
    """Unsaved links of schedule lines to the only Sage line of the same subcontract with the same code and type."""
    lists, found = sage_lists(company), []
    types = dict(CostTypeLink.objects.filter(company=company).values_list("cost_type", "number"))
    for link in CommitmentLink.objects.filter(company=company).select_related("commitment"):
        in_sage = lists.commitments(link.kind).get(link.number)
        if in_sage is None:
            continue
        ours = ScheduleLine.objects.filter(commitment=link.commitment, sage_link=None)
        keys = [
            (line, (line.cost_code.sage_link.code, types.get(line.cost_type)))
            for line in ours.filter(cost_code__sage_link__isnull=False).select_related("cost_code__sage_link")
        ]
        for line, key in keys:
            theirs = [s.line_reference for s in in_sage.lines if (s.cost_code, s.cost_type) == key]
            if len(theirs) == 1 and sum(other == key for _, other in keys) == 1:
                found.append(LineLink(schedule_line=line, commitment=link.commitment, line_reference=theirs[0]))
    return found


def _vendors(company, lists: SageLists):
    numbers: dict[str, list[str]] = {}
    for vendor in lists.vendors:
        numbers.setdefault(vendor.name.casefold(), []).append(vendor.number)
    for vendor in company.vendors.filter(sage_link=None):
        found = numbers.get(vendor.name.casefold(), [])
        if len(found) == 1:
            yield VendorLink(company=company, vendor=vendor, number=found[0])


def _projects(company, lists: SageLists):
    names = {job.name.casefold(): job.number for job in lists.jobs}
    for project in company.projects.filter(sage_link=None):
        number = project.number if lists.jobs.get(project.number) else names.get(project.name.casefold())
        if number:
            yield ProjectLink(company=company, project=project, job_number=number)


def _cost_codes(company, lists: SageLists):
    for code in CostCode.objects.filter(company=company, sage_link=None):
        if lists.cost_codes.get(code.code):
            yield CostCodeLink(company=company, cost_code=code, code=code.code)


def _cost_types(company):
    linked = set(company.cost_type_links.values_list("cost_type", flat=True))
    yield from (CostTypeLink(company=company, cost_type=kind, number=kind) for kind in CostType if kind not in linked)


def _commitments(company, lists: SageLists):
    for commitment in Commitment.objects.filter(company=company, sage_link=None):
        if lists.commitments(commitment.kind).get(commitment.number):
            yield CommitmentLink(company=company, commitment=commitment, kind=commitment.kind, number=commitment.number)
