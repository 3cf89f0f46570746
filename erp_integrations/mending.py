"""From what a rule says to the page where it is mended: a link that is missing, a list that is too old."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from erp_integrations.models import ListKind
from erp_integrations.sage100.findings import Finding
from invoicing.models import Invoice

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
}
UNKNOWN_IN_SAGE = {"Job no": LINKED_BY["S20"]} | dict.fromkeys(("PO no", "Subcontract no"), LINKED_BY["S16"])  # S55
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


@dataclass(frozen=True)
class Mend:
    """Where a finding is mended; `label` is what its button says. Coming back to the invoice checks it anew."""

    label: str
    url: str


def where_to_mend(finding: Finding | Mapping, company, invoice: Invoice | None = None) -> Mend | None:
    """The page that mends a finding, or None where no page of ours does (E-5).

    `finding`: as the rules made it, or as it was stored. With its `invoice`, the page is of the very row in question.
    """
    told = finding if isinstance(finding, Mapping) else vars(finding)
    rule, pair = told["rule"], LINKED_BY.get(told["rule"])
    if rule == "S55":
        pair = UNKNOWN_IN_SAGE.get(told["field"])
    if pair:
        page = _of_row(pair[0], company, invoice) or _of_list(pair[0], company, told, invoice)
        return Mend(pair[1], _and_back(page, invoice))
    kind = HELD_IN.get(told["field"]) if rule == "S19" else LISTED_BY.get(rule)
    if kind is None:
        return None
    if kind == ListKind.SUBCONTRACTS and invoice and invoice.commitment.kind == "purchase_order":
        kind = ListKind.PURCHASE_ORDERS
    return Mend(f"Upload {kind.label}", reverse("erp-list", args=[company.slug, kind.value]))


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
