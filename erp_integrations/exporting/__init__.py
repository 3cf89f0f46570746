"""From accepted invoices to a stored import file: facts, findings, rows, workbook, bytes on disk, state."""

from erp_integrations.exporting.building import build
from erp_integrations.exporting.checking import Proposal, check, finding_key, plain_findings
from erp_integrations.exporting.collecting import Acceptance, allocate_releases, collect

__all__ = [
    "Acceptance",
    "Proposal",
    "allocate_releases",
    "build",
    "check",
    "collect",
    "finding_key",
    "plain_findings",
]
