"""Five of the pairs: vendors, projects, cost codes, cost types, commitments."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from directory.models import Company
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    ListKind,
    ProjectLink,
    VendorLink,
)
from erp_integrations.pairing.pairs import Match, Pair, PairByNumberOrName, PairOfRows, Standing, only_ones
from erp_integrations.sage100 import entries
from invoicing.models import Commitment, ScheduleLine, cost_types_of


class Vendors(PairByNumberOrName):
    slug, title, one, many = "vendors", "Vendors", "vendor", "vendors"
    theirs, kinds, model, field = "Sage vendor", (ListKind.VENDORS,), VendorLink, "vendor"
    to_invoices = "invoice__vendor"

    def all_ours(self, company):
        return company.vendors.select_related("sage_link")

    def needed(self):
        billable = Commitment.objects.billable().filter(vendor=OuterRef("pk"))
        return Q(is_active=True) & Q(Exists(billable))

    def matching(self, words):
        return Q(name__icontains=words) | Q(number__icontains=words) | Q(sage_link__number=words)

    def detail(self, item):
        return f"No. {item.number}" if item.number else ""

    def entries(self, lists, item):
        return entries.vendors(lists)

    def number_and_name(self, item):
        return item.number.strip().lstrip("0"), item.name.strip()


class Jobs(PairByNumberOrName):
    slug, title, one, many = "jobs", "Projects", "project", "projects"
    theirs, kinds, model, field = "Sage job", (ListKind.JOBS,), ProjectLink, "project"
    key_field, to_invoices = "job_number", "invoice__commitment__project"
    has_account = True

    def all_ours(self, company):
        return company.projects.select_related("sage_link")

    def needed(self):
        return Q(is_active=True)

    def matching(self, words):
        return Q(name__icontains=words) | Q(number__icontains=words) | Q(sage_link__job_number=words)

    def detail(self, item):
        return f"No. {item.number}"

    def entries(self, lists, item):
        return entries.jobs(lists)

    def number_and_name(self, item):
        return item.number.strip(), item.name.strip()

    def taken(self, company, item, keys):
        """A job is taken as a whole only where it has no phases left to choose."""
        links = ProjectLink.objects.filter(company=company, job_number__in=list(keys), phase_number="")
        return {link.job_number: link.project.name for link in links.exclude(project=item).select_related("project")}


class CostCodes(PairByNumberOrName):
    slug, title, one, many = "cost-codes", "Cost codes", "cost code", "cost codes"
    theirs, kinds, model, field = "Sage cost code", (ListKind.COST_CODES,), CostCodeLink, "cost_code"
    key_field, to_invoices = "code", "invoice__lines__schedule_line__cost_code"

    def all_ours(self, company):
        return company.cost_codes.select_related("sage_link")

    def needed(self):
        return Q(is_active=True) & Q(Exists(ScheduleLine.objects.filter(cost_code=OuterRef("pk"))))

    def matching(self, words):
        return Q(code__icontains=words) | Q(name__icontains=words) | Q(sage_link__code__startswith=words)

    def name(self, item):
        return item.code

    def detail(self, item):
        return item.name

    def sort_by(self):
        return "code"

    def entries(self, lists, item):
        return entries.cost_codes(lists)

    def number_and_name(self, item):
        return entries.code_in_sage(item.code), item.name.strip()


@dataclass(frozen=True)
class OurCostType:
    """One of our nine, which are no rows of a table."""

    pk: int
    label: str
    is_used: bool
    sage_link: CostTypeLink | None

    def __str__(self):
        return self.label

    @property
    def is_linked(self) -> bool:
        return bool(self.sage_link and self.sage_link.number)


class CostTypes(Pair):
    """Nine on both sides; there is no list of them to upload."""

    slug, title, one, many = "cost-types", "Cost types", "cost type", "cost types"
    has_account = True
    theirs, model, field, key_field = "Sage cost type", CostTypeLink, "cost_type", "number"
    alike = "the same number"
    to_invoices = "invoice__lines__schedule_line__cost_type"

    def all_nine(self, company: Company) -> list[OurCostType]:
        used = ScheduleLine.objects.filter(commitment__company=company).order_by().values_list("cost_type", flat=True)
        used, links = set(used.distinct()), {link.cost_type: link for link in company.cost_type_links.all()}
        return [OurCostType(pk, name, pk in used, links.get(pk)) for pk, name in cost_types_of(company).items()]

    def found(self, company, show, words):
        nine = self.all_nine(company)
        if show == "gaps":
            nine = [each for each in nine if each.is_used and not each.is_linked]
        nine = [each for each in nine if words.casefold() in each.label.casefold()]
        return sorted(nine, key=lambda each: (not each.is_used or each.is_linked, each.pk))

    def get(self, company, pk):
        return next((each for each in self.all_nine(company) if each.pk == pk), None)

    def new_link(self, company, item):
        return CostTypeLink(company=company, cost_type=item.pk)

    def entries(self, lists, item):
        return entries.cost_types()

    def taken(self, company, item, keys):
        links = CostTypeLink.objects.filter(company=company, number__in=list(keys)).exclude(cost_type=item.pk)
        return {str(link.number): link.get_cost_type_display() for link in links}

    def matches(self, company, lists):
        by_key, nine = {entry.key: entry for entry in entries.cost_types()}, self.all_nine(company)
        taken = {str(each.sage_link.number) for each in nine if each.is_linked}
        found = [Match(each, by_key[str(each.pk)], "number") for each in nine if not each.is_linked]
        return only_ones(found, taken)

    def standing(self, company: Company) -> Standing:
        used = [each for each in self.all_nine(company) if each.is_used]
        return Standing(sum(each.is_linked for each in used), len(used))

    def stopped(self, company, item):
        return super().stopped(company, item.pk)


class Commitments(PairOfRows):
    slug, title, one, many = "commitments", "Commitments", "commitment", "commitments"
    theirs = "Sage subcontract or purchase order"
    alike = "the same number"
    kinds = (ListKind.SUBCONTRACTS, ListKind.PURCHASE_ORDERS, ListKind.VENDORS, ListKind.JOBS)
    model, field, to_invoices = CommitmentLink, "commitment", "invoice__commitment"
    to_commitment = ""

    def all_ours(self, company):
        return Commitment.objects.filter(company=company).select_related("sage_link", "vendor", "project")

    def needed(self):
        return Q(status__in=Commitment.BILLABLE)

    def matching(self, words):
        return (
            Q(number__icontains=words)
            | Q(title__icontains=words)
            | Q(vendor__name__icontains=words)
            | Q(project__name__icontains=words)
            | Q(sage_link__number=words)
        )

    def name(self, item):
        return item.number

    def detail(self, item):
        return f"{item.get_kind_display()}, {item.vendor.name}, {item.project.name}"

    def sort_by(self):
        return "number"

    def new_link(self, company, item):
        return CommitmentLink(company=company, commitment=item, kind=item.kind)

    def entries(self, lists, item):
        return entries.commitments(lists, item.kind)

    def entry(self, lists, item, key):
        return entries.commitment(lists, item.kind, key)

    def taken(self, company, item, keys):
        links = CommitmentLink.objects.filter(company=company, kind=item.kind, number__in=list(keys))
        links = links.exclude(commitment=item).select_related("commitment")
        return {link.number: link.commitment.number for link in links}

    def matches(self, company, lists):
        linked = set(CommitmentLink.objects.filter(company=company).values_list("kind", "number"))
        found = []
        for item in self.all_ours(company).filter(self.gap(), self.needed()):
            entry = self.entry(lists, item, item.number)
            if entry and not entry.why_not and (item.kind, item.number) not in linked:
                found.append(Match(item, entry, "number"))
        return found


VENDORS, JOBS, COST_CODES, COST_TYPES, COMMITMENTS = Vendors(), Jobs(), CostCodes(), CostTypes(), Commitments()
