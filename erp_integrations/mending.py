"""From what a rule says to the page where it is mended: a missing link, an old list, a setting, the invoice itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from directory.permissions import Level, Tool
from erp_integrations.models import ExportStatus, ListKind
from erp_integrations.sage100.findings import Finding
from invoicing.models import Commitment, Invoice
from invoicing.permissions import may_see_commitment

# {rule: (pair, what the button says)}; a list stands here by its kind.
LINKED_BY = {
    "S12": ("vendors", "Link the vendor"),
    "S16": ("commitments", "Link the commitment"),
    "S17": ("commitments", "Link the commitment"),
    "S20": ("jobs", "Link the project"),
    "S21": ("jobs", "Link the project"),
    "S33": ("cost-codes", "Link the cost code"),
    "S34": ("cost-types", "Link the cost type"),
    "S39": ("lines", "Link the line"),
    "S43": ("lines", "Check the accounts"),
}
LINKED_NUMBERS = {  # S55, S57, S58: a number that is unknown in Sage, or that can't be written
    "Vendor no": LINKED_BY["S12"],
    **dict.fromkeys(("Job no", "Phase no"), LINKED_BY["S20"]),
    **dict.fromkeys(("PO no", "Subcontract no"), LINKED_BY["S16"]),
}
LISTED_BY = {
    "S11": ListKind.PAYABLE_INVOICES,
    "S18": ListKind.SUBCONTRACTS,
    "S27": ListKind.FISCAL_PERIODS,
    "S28": ListKind.FISCAL_PERIODS,
    "S29": ListKind.VENDORS,
    "S31": ListKind.LEDGER_ACCOUNTS,
    "S32": ListKind.LEDGER_ACCOUNTS,
    "S35": ListKind.SUBCONTRACTS,
    "S40": ListKind.SUBCONTRACTS,
    "S41": ListKind.SUBCONTRACTS,
}
HELD_IN = {  # S19
    "Vendor no": ListKind.VENDORS,
    "PO no": ListKind.PURCHASE_ORDERS,
    "Subcontract no": ListKind.SUBCONTRACTS,
}


SET_UP = {  # rule: (page, what the button says)
    **dict.fromkeys(("S14", "S30", "S54"), ("erp-settings", "Open the settings")),
    **dict.fromkeys(("S1", "S6", "S15", "S24"), ("erp-layouts", "Open the layouts")),
}
ON_THE_INVOICE = ("S10", "S25", "S38", "S46", "S47", "S51", "S55", "S57", "S58")
ON_ITS_CHECKS, CHECKS = ("S7", "S42"), "?show=summary#checks"  # and each identity, N-1 to N-13
IN_ITS_HEADER = ("S5", "S13", "S22")
ON_THE_COMMITMENT = ("S26", "S44")
ON_THE_VENDOR = ("S59", "R81")
OF_SUMS = ("S7", "S42", "S43")  # wrong where something else is: what else is wrong is told before them
ONLY_ABOUT = {"S38": "Lines", "S44": "User defined", "S55": "Status"}  # the field; what else they say has no page


@dataclass(frozen=True)
class Mend:
    """Where a finding is mended; `label` is what its button says. Coming back to the invoice checks it anew.

    The page opens to whoever holds `level` on `tool`; one about a `commitment` to whoever sees that as well (P-2).
    """

    label: str
    url: str
    tool: Tool = Tool.ERP_INTEGRATIONS
    level: Level = Level.READ_ONLY
    commitment: Commitment | None = None

    def opens_to(self, access) -> bool:
        """`access`: of the company; of a project too where pages of that project are to open."""
        if self.commitment is None:
            return not access.is_external and access.allows(self.tool, self.level)
        return access.project == self.commitment.project and may_see_commitment(self.commitment, access)

    def is_for(self, access) -> bool:
        """Whether they get its button: on accounting's own pages, whoever only looks mends nothing."""
        may_act = not self.is_of_accounting or access.allows(self.tool, Level.STANDARD)
        return may_act and self.opens_to(access)

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
    pair = LINKED_NUMBERS.get(told["field"]) if is_a_number else LINKED_BY.get(told["rule"])
    if pair is None:
        return None
    page = _of_row(pair[0], company, invoice) or _of_list(pair[0], company, told, invoice)
    return Mend(pair[1], _and_back(page, invoice))


def _by_a_list(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    kind = HELD_IN.get(told["field"]) if told["rule"] == "S19" else LISTED_BY.get(told["rule"])
    if kind is None:
        return None
    if kind == ListKind.SUBCONTRACTS and invoice and invoice.commitment.kind == "purchase_order":
        kind = ListKind.PURCHASE_ORDERS
    return Mend(f"Upload {kind.label}", reverse("erp-list", args=[company.slug, kind.value]))


def _by_setting_up(rule: str, company) -> Mend | None:
    if rule not in SET_UP:
        return None
    page, label = SET_UP[rule]
    return Mend(label, reverse(page, args=[company.slug]), level=Level.ADMIN)


def _by_its_header(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    """S45: what a credit reduces is named where the approver has it open."""
    export = getattr(invoice, "export", None)
    if told["field"] != "Reference no" or getattr(export, "status", "") != ExportStatus.READY_TO_EXPORT:
        return None
    url = reverse("erp-export", args=[company.slug, export.pk])
    return Mend("Name the invoice it reduces", f"{url}#header-title", level=Level.STANDARD)


def _by_its_own_page(told: Mapping, company, invoice: Invoice | None) -> Mend | None:
    """What is wrong with the invoice, its commitment or its vendor; nobody knows which one without the invoice."""
    rule = told["rule"]
    if invoice is None or told["field"] != ONLY_ABOUT.get(rule, told["field"]):
        return None
    if rule in ON_THE_VENDOR:
        url = reverse("vendor", args=[company.slug, invoice.vendor_id])
        return Mend("Open the vendor", url, Tool.COMPANY_DIRECTORY)
    if rule in IN_ITS_HEADER:
        return _in_its_header(company, invoice)
    if rule in ON_THE_COMMITMENT:
        return _of_project("Open the commitment", "commitment", invoice.commitment)
    if rule in ON_THE_INVOICE:
        return _of_project("Open the invoice", "invoice", invoice.commitment, invoice.position)
    if rule in ON_ITS_CHECKS or rule.startswith("N-"):
        return _of_project("See its checks", "invoice", invoice.commitment, invoice.position, rest=CHECKS)
    return None


def _in_its_header(company, invoice: Invoice) -> Mend | None:
    """On accounting's page of it, as long as it waits there for an answer."""
    export = getattr(invoice, "export", None)
    if export is None or export.status != ExportStatus.READY_TO_EXPORT:
        return None
    return Mend("Change the header", f"{reverse('erp-export', args=[company.slug, export.pk])}#header-title")


def _of_project(label: str, page: str, commitment: Commitment, *more: int, rest: str = "") -> Mend:
    url = reverse(page, args=[commitment.project.slug, commitment.number, *more])
    return Mend(label, url + rest, Tool.COMMITMENTS, Level.READ_ONLY, commitment)


def _of_row(pair: str, company, invoice: Invoice | None) -> str:
    if invoice is None or pair not in ("vendors", "jobs", "commitments"):
        return ""
    commitment = invoice.commitment
    row = {"vendors": invoice.vendor_id, "jobs": commitment.project_id, "commitments": commitment.pk}[pair]
    return reverse("erp-link", args=[company.slug, pair, row])


def _of_list(pair: str, company, told: Mapping, invoice: Invoice | None) -> str:
    """The list of gaps; of lines, those of the commitment."""
    url = reverse("erp-linking", args=[company.slug, pair])
    words = {"q": invoice.commitment.number} if pair == "lines" and invoice else {}
    return f"{url}?{urlencode(words)}" if words else url


def _and_back(url: str, invoice: Invoice | None) -> str:
    """With whose finding it is: once it is linked, the page leads back there, where the rules are asked anew."""
    export = getattr(invoice, "export", None)
    if export is None or export.pk is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'export': export.pk})}"
