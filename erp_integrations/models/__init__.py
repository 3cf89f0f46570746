from erp_integrations.models.batches import (
    BatchStanding,
    BatchState,
    Download,
    ExportBatch,
    ExportItem,
    RetainageRelease,
    WorkerPulse,
)
from erp_integrations.models.exports import ExportStatus, InvoiceExport
from erp_integrations.models.layouts import ErpSettings, ImportLayout
from erp_integrations.models.ledger_checks import LedgerCheck
from erp_integrations.models.links import (
    CommitmentLink,
    CostCodeLink,
    CostTypeLink,
    LineLink,
    ProjectLink,
    VendorLink,
)
from erp_integrations.models.list_uploads import SageListUpload
from erp_integrations.models.lists import ListKind, SageListVersion, lists_of, sage_lists
from erp_integrations.models.reconciliations import Outcome, OutcomeKind, Reconciliation
from erp_integrations.models.refusals import SageRefusal

__all__ = [
    "BatchStanding",
    "BatchState",
    "CommitmentLink",
    "CostCodeLink",
    "CostTypeLink",
    "Download",
    "ErpSettings",
    "ExportBatch",
    "ExportItem",
    "ExportStatus",
    "ImportLayout",
    "InvoiceExport",
    "LedgerCheck",
    "LineLink",
    "ListKind",
    "Outcome",
    "OutcomeKind",
    "ProjectLink",
    "Reconciliation",
    "RetainageRelease",
    "SageListUpload",
    "SageListVersion",
    "SageRefusal",
    "VendorLink",
    "WorkerPulse",
    "lists_of",
    "sage_lists",
]
