"""From accepted invoices to a stored import file: facts, findings, rows, workbook, bytes on disk, state."""

from erp_integrations.exporting.building import build
from erp_integrations.exporting.checking import Proposal, check, check_each, finding_key, plain_findings
from erp_integrations.exporting.collecting import Acceptance, collect, files_of
from erp_integrations.exporting.earlier_invoices import allocate_releases

__all__ = [
    "Acceptance",
    "Proposal",
    "allocate_releases",
    "build",
    "check",
    "check_each",
    "collect",
    "files_of",
    "finding_key",
    "plain_findings",
]
