"""What would be missed of a list: entries that are gone from the new one while something here stands on them."""

from collections.abc import Iterator
from dataclasses import dataclass

from directory.models import Company
from directory.number_looks import number_key
from erp_integrations.models import (
    CommitmentLink,
    CostCodeLink,
    ErpSettings,
    ExportItem,
    LineLink,
    ListKind,
    ProjectLink,
    VendorLink,
)
from erp_integrations.sage100.list_changes import Changes, lost_parts
from invoicing.models import Commitment


@dataclass(frozen=True)
class Missed:
    """`entry` of Sage's, and what of ours stands on it."""

    entry: str
    stands: str


def missed(company: Company, kind: ListKind, changes: Changes) -> list[Missed]:
    """In a few queries, however long the list. Nothing is unlinked: the rules stop what lacks its entry."""
    return list(ASKED[kind](company, kind, changes)) if kind in ASKED else []


def _numbers(changes: Changes) -> set[str]:
    return {record.number for record in changes.gone}


def _vendors(company, kind, changes: Changes) -> Iterator[Missed]:
    names = {record.number: record.name for record in changes.gone}
    for link in VendorLink.objects.filter(company=company).select_related("vendor"):
        if link.number in names:
            yield Missed(f"{link.number} {names[link.number]}", f"linked to {link.vendor}")


def _jobs(company, kind, changes: Changes) -> Iterator[Missed]:
    gone, lost = _numbers(changes), lost_parts(changes)
    for link in ProjectLink.objects.filter(company=company).select_related("project"):
        if link.job_number in gone:
            yield Missed(link.job_number, f"linked to {link.project}")
        elif (link.job_number, link.phase_number) in lost:
            yield Missed(f"{link.job_number}, phase {link.phase_number}", f"linked to {link.project}")


def _cost_codes(company, kind, changes: Changes) -> Iterator[Missed]:
    gone = {record.code for record in changes.gone}
    for link in CostCodeLink.objects.filter(company=company).select_related("cost_code"):
        if link.code in gone:
            yield Missed(link.code, f"linked to {link.cost_code.code}")


def _accounts(company, kind, changes: Changes) -> Iterator[Missed]:
    gone, settings = _numbers(changes), ErpSettings.of(company)
    for account, words in (
        (settings.subcontract_account, "the account for subcontracts"),
        (settings.purchase_order_account, "the account for purchase orders"),
    ):
        if account in gone:
            yield Missed(account, words)
    overrides = (
        ProjectLink.objects.filter(company=company).exclude(account="").select_related("project"),
        company.cost_type_links.exclude(account=""),
        LineLink.objects.filter(commitment__company=company).exclude(account="").select_related("schedule_line"),
    )
    for link in (link for links in overrides for link in links):
        if link.account in gone:
            yield Missed(link.account, f"the account of {link}")


def _commitments(company, kind, changes: Changes) -> Iterator[Missed]:
    gone, lost = _numbers(changes), lost_parts(changes)
    kind = Commitment.Kind.SUBCONTRACT if kind == ListKind.SUBCONTRACTS else Commitment.Kind.PURCHASE_ORDER
    links = CommitmentLink.objects.filter(company=company, kind=kind).select_related("commitment")
    numbers = {link.commitment_id: link.number for link in links}
    for link in links:
        if link.number in gone:
            yield Missed(link.number, f"linked to {link.commitment.number}")
    lines = LineLink.objects.filter(commitment__in=numbers).exclude(line_reference="") if lost else ()
    for link in lines and lines.select_related("schedule_line", "commitment"):
        if (numbers[link.commitment_id], link.line_reference) in lost:
            entry = f"{numbers[link.commitment_id]}, line {link.line_reference}"
            yield Missed(entry, f"linked to line {link.schedule_line} of {link.commitment.number}")


def _payables(company, kind, changes: Changes) -> Iterator[Missed]:
    gone = {(each.vendor_number, number_key(each.invoice_number)): each for each in changes.gone}
    if not gone:
        return
    items = ExportItem.objects.filter(company=company, is_live=True).select_related("batch")
    for item in items.defer("batch__snapshot", "batch__findings"):
        record = gone.get((item.vendor_number, item.number_key))
        if record:
            yield Missed(f"{record.invoice_number} of vendor {record.vendor_number}", f"exported in {item.batch.key}")


ASKED = {
    ListKind.VENDORS: _vendors,
    ListKind.JOBS: _jobs,
    ListKind.COST_CODES: _cost_codes,
    ListKind.LEDGER_ACCOUNTS: _accounts,
    ListKind.SUBCONTRACTS: _commitments,
    ListKind.PURCHASE_ORDERS: _commitments,
    ListKind.PAYABLE_INVOICES: _payables,
}
