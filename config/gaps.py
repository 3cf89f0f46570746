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
from erp_integrations.pairing import JOBS, VENDORS
from invoicing.models import Commitment, InvoiceContact

MOST = 20  # rows of one gap; the rest is counted
MOST_NAMED = 3  # of those who could mend it
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
    """One thing that lacks something; `url` is its page in the admin.

    `mended_at`: the address to pass on where others mend it, who are `mended_by`. `opens`: for the reader as well.
    """

    name: str
    where: str
    url: str
    mended_at: str = ""
    mended_by: tuple[str, ...] = ()
    opens: bool = False


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


@dataclass(frozen=True)
class Staff:
    """Who of each company's own people has Standard on ERP Integrations, {company id: {person id: name}}, and who asks.

    Whether they hold Can Push to Accounting is another question: lists and links need none.
    """

    of: dict[int, dict[int, str]]
    reader: Person | None = None

    def row(self, name: str, where: str, url: str, at: str, company: int) -> Row:
        """Of what they mend on the page `at`, which opens for nobody else."""
        people = self.of[company]
        return Row(
            name,
            where,
            url,
            at,
            tuple(sorted(people.values())[:MOST_NAMED]),
            bool(self.reader and self.reader.pk in people),
        )


def gaps(reader: Person | None = None) -> list[Gap]:
    """Those there are, in the order in which a company is set up."""
    companies = list(Company.objects.all())
    staff = Staff(_accounting_staff(companies), reader)
    acting = _acting(staff)
    found = (
        _people_without_company(),
        _people_without_role(),
        _companies_without_lists(companies, staff),
        _companies_with_nobody_to_accept(companies, acting),
        _approvers_without_second_factor(acting),
        _projects_without_job(staff),
        _vendors_without_number(staff),
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


def _companies_without_lists(companies: list[Company], staff: Staff) -> Gap:
    loaded = defaultdict(set)
    for company, kind in SageListVersion.objects.filter(is_current=True).values_list("company", "kind"):
        loaded[company].add(kind)
    rows = []
    for company in companies:
        missing = [kind.label for kind in NEEDED_LISTS if kind not in loaded[company.pk]]
        if missing:
            lists = reverse("erp-lists", args=[company.slug])
            at = _page("company", company.pk)
            rows.append(staff.row(company.name, ", ".join(missing), at, lists, company.pk))
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


def _projects_without_job(staff: Staff) -> Gap:
    unlinked = Project.objects.filter(JOBS.needed() & JOBS.gap()).select_related("company")
    count, rows = _of_rows(
        unlinked,
        lambda project: staff.row(
            project.name,
            str(project.company),
            _page("project", project.pk),
            _link_page(project, "jobs"),
            project.company_id,
        ),
    )
    mend = "Accounting staff with Standard on ERP Integrations link the project to its job in Sage, under Links."
    return Gap("no-job", ("project", "projects"), "no Sage job", mend, count, rows)


def _vendors_without_number(staff: Staff) -> Gap:
    unlinked = Vendor.objects.filter(VENDORS.needed() & VENDORS.gap()).select_related("company")
    count, rows = _of_rows(
        unlinked,
        lambda vendor: staff.row(
            vendor.name,
            str(vendor.company),
            _page("vendor", vendor.pk),
            _link_page(vendor, "vendors"),
            vendor.company_id,
        ),
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


def _accounting_staff(companies: list[Company]) -> dict[int, dict[int, str]]:
    """{company id: {id: name}} of its own people with Standard on ERP Integrations, for all companies at once."""
    levels = levels_held_on(companies)
    own = Membership.objects.filter(is_active=True, vendor=None, person__is_active=True)
    found = defaultdict(dict)
    for company, person, name in own.values_list("company", "person", "person__name"):
        if levels.get((person, Tool.ERP_INTEGRATIONS, company), Level.NONE) >= Level.STANDARD:
            found[company][person] = name
    return found


def _acting(staff: Staff) -> dict[int, set[int]]:
    """{company id: ids of its accounting approvers}, for all companies at once."""
    found = defaultdict(set)
    for company, person in AccountingPrivilege.objects.live().values_list("company", "person"):
        if person in staff.of[company]:
            found[company].add(person)
    return found
