"""What the set-up still lacks, over all companies, and how each gap is mended. Constant in queries."""

from collections import defaultdict
from dataclasses import dataclass, field

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from directory import second_factor
from directory.models import AccountingPrivilege, Company, Membership, Person, Project, Vendor
from directory.permissions import Level, Tool, levels_held_on, people_without_a_level
from erp_integrations.models import ListKind, SageListVersion
from invoicing.models import Commitment, InvoiceContact

MOST = 20  # rows of one gap; the rest is counted
# Without these an invoice cannot be checked against Sage before it is sent.
NEEDED_LISTS = (
    ListKind.VENDORS,
    ListKind.JOBS,
    ListKind.COST_CODES,
    ListKind.LEDGER_ACCOUNTS,
    ListKind.SUBCONTRACTS,
    ListKind.FISCAL_PERIODS,
    ListKind.PAYABLE_INVOICES,
)


@dataclass(frozen=True)
class Row:
    """One thing that lacks something; `url` is its page in the admin, `mended_at` the address to pass on to others."""

    name: str
    where: str
    url: str
    mended_at: str = ""


@dataclass(frozen=True)
class Gap:
    """`things` and `lack` make its title: "2 vendors with no Sage vendor number"."""

    key: str
    things: tuple[str, str]  # one, many
    lack: str
    mend: str
    count: int
    rows: list[Row] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"{self.count} {self.things[self.count != 1]} with {self.lack}"

    @property
    def left_out(self) -> int:
        return self.count - len(self.rows)


def gaps() -> list[Gap]:
    """Those there are, in the order in which a company is set up."""
    companies = list(Company.objects.all())
    acting = _acting(companies)
    found = (
        _people_without_company(),
        _people_without_role(),
        _companies_without_lists(companies),
        _companies_with_nobody_to_accept(companies, acting),
        _approvers_without_second_factor(acting),
        _projects_without_job(),
        _vendors_without_number(),
        _commitments_without_contact(),
    )
    return [gap for gap in found if gap.count]


def _of_rows(queryset: QuerySet, describe) -> tuple[int, list[Row]]:
    """How many, and the first of them."""
    return queryset.count(), [describe(each) for each in queryset[:MOST]]


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:directory_{model}_change", args=[pk])


def _link_page(thing: Project | Vendor, pair: str) -> str:
    return reverse("erp-link", args=[thing.company.slug, pair, thing.pk])


def _people_without_company() -> Gap:
    listed = Membership.objects.filter(is_active=True).values("person")
    lost = Person.objects.filter(is_active=True, is_superuser=False).exclude(pk__in=listed)
    count, rows = _of_rows(lost, lambda person: Row(person.name, person.email, _page("person", person.pk)))
    mend = "On the person's page, add the directory of the company they work for or with; or make the login inactive."
    return Gap("no-company", ("login", "logins"), "no company", mend, count, rows)


def _people_without_role() -> Gap:
    idle = people_without_a_level()
    count, rows = _of_rows(
        idle, lambda person: Row(person.name, person.email, reverse("admin:directory_person_levels", args=[person.pk]))
    )
    mend = "Give them a level on a tool, or a permission template; without one they see nothing."
    return Gap("no-role", ("person", "people"), "no role", mend, count, rows)


def _companies_without_lists(companies: list[Company]) -> Gap:
    loaded = defaultdict(set)
    for company, kind in SageListVersion.objects.filter(is_current=True).values_list("company", "kind"):
        loaded[company].add(kind)
    rows = []
    for company in companies:
        missing = [kind.label for kind in NEEDED_LISTS if kind not in loaded[company.pk]]
        if missing:
            lists = reverse("erp-lists", args=[company.slug])
            rows.append(Row(company.name, ", ".join(missing), _page("company", company.pk), lists))
    mend = "Accounting staff with Standard on ERP Integrations export them in Sage and upload them under Sage lists."
    return Gap("no-lists", ("company", "companies"), "Sage lists missing", mend, len(rows), rows[:MOST])


def _companies_with_nobody_to_accept(companies: list[Company], acting: dict) -> Gap:
    rows = [Row(each.name, "", _page("company", each.pk)) for each in companies if not acting[each.pk]]
    mend = "Grant Can Push to Accounting to one of its people, and see that they have Standard on ERP Integrations."
    return Gap("nobody-accepts", ("company", "companies"), "nobody to accept", mend, len(rows), rows[:MOST])


def _approvers_without_second_factor(acting: dict) -> Gap:
    people = {person for held in acting.values() for person in held}
    safe = Authenticator.objects.filter(type__in=second_factor.FACTORS).values("user")
    bare = Person.objects.filter(pk__in=people).exclude(pk__in=safe)
    count, rows = _of_rows(bare, lambda person: Row(person.name, person.email, _page("person", person.pk)))
    mend = "They set one up on their profile. A company can require it; then nobody accepts without."
    one, many = "accounting approver", "accounting approvers"
    return Gap("no-factor", (one, many), "no second factor", mend, count, rows)


def _projects_without_job() -> Gap:
    unlinked = Project.objects.filter(is_active=True, sage_link__isnull=True).select_related("company")
    count, rows = _of_rows(
        unlinked,
        lambda project: Row(
            project.name, str(project.company), _page("project", project.pk), _link_page(project, "jobs")
        ),
    )
    mend = "Accounting staff with Standard on ERP Integrations link the project to its job in Sage, under Links."
    return Gap("no-job", ("project", "projects"), "no Sage job", mend, count, rows)


def _vendors_without_number() -> Gap:
    billable = Vendor.objects.filter(is_active=True, commitments__status__in=Commitment.BILLABLE)
    unlinked = billable.filter(sage_link__isnull=True).select_related("company").distinct()
    count, rows = _of_rows(
        unlinked,
        lambda vendor: Row(vendor.name, str(vendor.company), _page("vendor", vendor.pk), _link_page(vendor, "vendors")),
    )
    mend = "Accounting staff with Standard on ERP Integrations link the vendor to its number in Sage, under Links."
    return Gap("no-number", ("vendor", "vendors"), "no Sage vendor number", mend, count, rows)


def _commitments_without_contact() -> Gap:
    acting = InvoiceContact.objects.acting().filter(commitment=OuterRef("pk"))
    silent = Commitment.objects.billable().exclude(Exists(acting))
    silent = silent.select_related("project", "vendor").order_by("project__name", "number")
    count, rows = _of_rows(
        silent,
        lambda each: Row(f"{each.number}, {each.vendor.name}", each.project.name, _page("project", each.project_id)),
    )
    mend = "An Admin on the project's Commitments names an invoice contact on the commitment's page."
    return Gap("no-contact", ("commitment", "commitments"), "no invoice contact", mend, count, rows)


def _acting(companies: list[Company]) -> dict[int, set[int]]:
    """{company id: ids of its accounting approvers}, for all companies at once."""
    levels = levels_held_on(companies)
    own = Membership.objects.filter(is_active=True, vendor=None, person__is_active=True)
    employed = set(own.values_list("company", "person"))
    found = defaultdict(set)
    for company, person in AccountingPrivilege.objects.live().values_list("company", "person"):
        level = levels.get((person, Tool.ERP_INTEGRATIONS, company), Level.NONE)
        if level >= Level.STANDARD and (company, person) in employed:
            found[company].add(person)
    return found
