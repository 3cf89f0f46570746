"""From what a rule says to the page where it is mended: a missing link, an old list, a setting, the invoice itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from directory.permissions import Level, Tool
from erp_integrations.models import ListKind
from erp_integrations.models.exports import TO_BE_BUILT
from erp_integrations.sage100 import mended
from erp_integrations.sage100.findings import Finding
from invoicing.models import Commitment, Invoice
from invoicing.permissions import may_see_commitment

CHECKS = "?show=summary#checks"
EXPORT, LIST = "export", "list"  # in an address: the invoice to come back to, and the list it was opened from


@dataclass(frozen=True)
class Mend:
    """Where a finding is mended; `label` is what its button says. Coming back to the invoice checks it anew.

    The page opens to whoever holds `level` on `tool`; one about a `commitment` to whoever sees that as well (P-2).
    `is_on_its_export`: on accounting's own page of the invoice.
    """

    label: str
    url: str
    tool: Tool = Tool.ERP_INTEGRATIONS
    level: Level = Level.READ_ONLY
    commitment: Commitment | None = None
    is_on_its_export: bool = False

    def opens_to(self, access) -> bool:
        """`access`: of the company; of a project too where pages of that project are to open."""
        if self.commitment is None:
            return not access.is_external and access.allows(self.tool, self.level)
        return access.project == self.commitment.project and may_see_commitment(self.commitment, access)

    def is_for(self, access) -> bool:
        """Whether they get its button: on accounting's own pages, whoever only looks mends nothing."""
        may_act = not self.is_of_accounting or access.allows(self.tool, Level.STANDARD)
        return may_act and self.opens_to(access)

    def opened_from(self, came_from) -> str:
        """Its address for whoever has the invoice from this list of the queue (`CameFrom`), and comes back to it."""
        page, mark, place = self.url.partition("#")
        if f"{EXPORT}=" in page:
            return self.url + came_from.behind
        return page + came_from.query + mark + place if self.is_on_its_export else self.url

    @property
    def is_of_accounting(self) -> bool:
        return self.tool is Tool.ERP_INTEGRATIONS


def where_to_mend(finding: Finding | Mapping, company, invoice: Invoice | None = None) -> Mend | None:
    """The page that mends a finding, or None where no page of ours does (E-5).

    `finding`: as the rules made it, or as it was stored. With its `invoice`, the page is of the very row in question.
    """
    told = finding if isinstance(finding, Mapping) else vars(finding)
    return (
        _by_a_link(told, company, invoice)
        or _by_a_list(told, company, invoice)
        or _by_setting_up(told["rule"], company)
        or _by_its_header(told, company, invoice)
        or _by_its_own_page(told, company, invoice)
    )


def _by_a_link(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    is_a_number = told["rule"] in ("S55", "S57", "S58")
    pair = mended.LINKED_NUMBERS.get(told["field"]) if is_a_number else mended.LINKED_BY.get(told["rule"])
    if pair is None:
        return None
    page = _of_row(pair[0], company, invoice) or _of_list(pair[0], company, invoice)
    return Mend(pair[1], _and_back(page, invoice))


def _by_a_list(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    name = mended.HELD_IN.get(told["field"]) if told["rule"] == "S19" else mended.LISTED_BY.get(told["rule"])
    if name is None:
        return None
    kind = ListKind(name)
    if kind == ListKind.SUBCONTRACTS and invoice and invoice.commitment.kind == "purchase_order":
        kind = ListKind.PURCHASE_ORDERS
    return Mend(f"Upload {kind.label}", _and_back(reverse("erp-list", args=[company.slug, kind.value]), invoice))


def _by_setting_up(rule: str, company) -> Mend | None:
    if rule not in mended.SET_UP:
        return None
    page, label = mended.SET_UP[rule]
    return Mend(label, reverse(page, args=[company.slug]), level=Level.ADMIN)


def _by_its_header(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    """S45: what a credit reduces is named where the approver has it open."""
    return (
        _in_its_header("Name the invoice it reduces", company, invoice) if told["field"] == mended.REFERENCE else None
    )


def _by_its_own_page(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    """What is wrong with the invoice, its commitment or its vendor; nobody knows which one without the invoice."""
    rule = told["rule"]
    if invoice is None or told["field"] != mended.ONLY_ABOUT.get(rule, told["field"]):
        return None
    if rule in mended.ON_THE_VENDOR:
        url = reverse("vendor", args=[company.slug, invoice.vendor_id])
        return Mend("Open the vendor", url, Tool.COMPANY_DIRECTORY)
    if rule in mended.IN_ITS_HEADER:
        return _in_its_header("Change the header", company, invoice)
    if rule in mended.ON_THE_COMMITMENT:
        return _of_project("Open the commitment", "commitment", invoice.commitment)
    if rule in mended.ON_THE_INVOICE:
        return _of_project("Open the invoice", "invoice", invoice.commitment, invoice.position)
    if rule in mended.ON_ITS_CHECKS or rule.startswith("N-"):
        return _of_project("See its checks", "invoice", invoice.commitment, invoice.position, rest=CHECKS)
    return None


def _in_its_header(label: str, company, invoice: Invoice | None) -> Mend | None:
    """On accounting's page of it, as long as its file is still to come."""
    export = getattr(invoice, "export", None)
    if export is None or export.status not in TO_BE_BUILT:
        return None
    url = reverse("erp-export", args=[company.slug, export.pk])
    return Mend(label, f"{url}#header-title", is_on_its_export=True)


def _of_project(label: str, page: str, commitment: Commitment, *more: int, rest: str = "") -> Mend:
    url = reverse(page, args=[commitment.project.slug, commitment.number, *more])
    return Mend(label, url + rest, Tool.COMMITMENTS, Level.READ_ONLY, commitment)


def _of_row(pair: str, company, invoice: Invoice | None) -> str:
    if invoice is None or pair not in ("vendors", "jobs", "commitments"):
        return ""
    commitment = invoice.commitment
    row = {"vendors": invoice.vendor_id, "jobs": commitment.project_id, "commitments": commitment.pk}[pair]
    return reverse("erp-link", args=[company.slug, pair, row])


def _of_list(pair: str, company, invoice: Invoice | None) -> str:
    """The list of gaps; of lines, those of the commitment."""
    url = reverse("erp-linking", args=[company.slug, pair])
    words = {"q": invoice.commitment.number} if pair == "lines" and invoice else {}
    return f"{url}?{urlencode(words)}" if words else url


def _and_back(url: str, invoice: Invoice | None) -> str:
    """With whose finding it is: once that is done the page leads back there, where the rules are asked anew."""
    export = getattr(invoice, "export", None)
    if export is None or export.pk is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({EXPORT: export.pk})}"
