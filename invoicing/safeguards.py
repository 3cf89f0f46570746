"""What a company asks of an approval beyond the machine and the arithmetic: how many give it, which papers are there.

Who may give it: separation_of_duties.py.

Actions raise what stands here, pages say it before anybody presses a button.
"""

from dataclasses import dataclass
from decimal import Decimal

from directory.models import Company, Policy
from invoicing.calculations.money import ZERO
from invoicing.models import Endorsement, Invoice

# How many approve


def needs_two(invoice: Invoice) -> bool:
    """Whether what this vendor is paid in this period, this invoice included, is above the company's limit (R84).

    All of the period's invoices count together, so that splitting one into several changes nothing.
    """
    limit = invoice.company.second_approval_above
    return limit is not None and _paid_in_period(invoice) > limit


def _paid_in_period(invoice: Invoice) -> Decimal:
    others = Invoice.objects.live().filter(
        vendor=invoice.vendor_id,
        commitment__company=invoice.company,
        period_start_date__lte=invoice.period_end_date,
        period_end_date__gte=invoice.period_start_date,
        status__in=(Invoice.Status.UNDER_REVIEW, *Invoice.APPROVALS),
    )
    return max(others.exclude(pk=invoice.pk).payment_due(), ZERO) + invoice.current_payment_due


def endorsement_of(invoice: Invoice) -> Endorsement | None:
    """The first approval that counts for the invoice as it stands now."""
    return invoice.endorsements.select_related("by").filter(version=invoice.version).first()


def why_not_second(first: Endorsement | None, person) -> str:
    """Why this person can't give the second approval; "" where nobody gave the first, or somebody else did (R84)."""
    is_theirs = first is not None and first.by_id == person.pk
    return "You gave the first approval, so another Admin gives the second." if is_theirs else ""


def endorsement_behind(invoice: Invoice) -> Endorsement | None:
    """As `endorsement_of`; of an approved invoice the one that its approval was the second to."""
    version = invoice.version - 1 if invoice.is_certified else invoice.version
    return invoice.endorsements.select_related("by").filter(version=version).first()


# Which papers

LIEN_WAIVER = "lien waiver"


@dataclass(frozen=True)
class MissingPaper:
    """`blocks` by the company's policy, unless an Admin says why the approval goes ahead (R85).

    `comes_with_bill`: whoever sends the bill can attach it; the others stand in the directory.
    """

    name: str
    words: str
    remedy: str
    blocks: bool
    comes_with_bill: bool


def missing_papers(invoice: Invoice) -> list[MissingPaper]:
    company, vendor = invoice.company, invoice.vendor
    wants_waiver = company.lien_waiver_policy != Policy.IGNORE
    expired = vendor.insurance_expires_date
    looks = (
        (
            "insurance",
            company.insurance_policy,
            expired is not None and company.has_passed(expired),
            f"The insurance of {vendor.name} expired on {expired}.",
            "Ask for the new certificate and enter its date in the directory.",
        ),
        (
            "workers' compensation",
            company.workers_comp_policy,
            vendor.needs_workers_comp,
            f"{vendor.name} has not proved its workers' compensation cover.",
            "Ask for the proof and clear the mark in the directory.",
        ),
        (
            LIEN_WAIVER,
            company.lien_waiver_policy,
            wants_waiver and not invoice.attachments.filter(is_lien_waiver=True).exists(),
            "No lien waiver is attached.",
            "Attach it and tick that it is one.",
        ),
    )
    return [
        MissingPaper(name, words, remedy, policy == Policy.BLOCK, comes_with_bill=name == LIEN_WAIVER)
        for name, policy, is_missing, words, remedy in looks
        if is_missing and policy != Policy.IGNORE
    ]


def limit_in_words(company: Company) -> str:
    return f"Above {company.second_approval_above:,.2f} for one vendor in a period, two people approve."
