from invoicing.models.attachments import Attachment, CommitmentAttachment
from invoicing.models.billing_periods import BillingPeriod, BillingSettings, Reminders, Rhythm, Weekday
from invoicing.models.bulk_approvals import BulkApproval
from invoicing.models.change_orders import ChangeOrder
from invoicing.models.comments import Comment
from invoicing.models.commitments import Commitment, InvoiceContact, ScheduleLine
from invoicing.models.cost_codes import USER_DEFINED, CostCode, CostType, CostTypeName, cost_types_of
from invoicing.models.due_dates import DueDateExtension
from invoicing.models.endorsements import Endorsement
from invoicing.models.invitations import Invitation
from invoicing.models.invoice_lines import InvoiceLine, Verdict
from invoicing.models.invoice_statuses import InvoiceStatus
from invoicing.models.invoice_types import InvoiceType
from invoicing.models.invoices import Invoice
from invoicing.models.looks import SEEN, Look, figures_of
from invoicing.models.made_files import MadeFile, MadeKind, MadeState
from invoicing.models.payments import Payment, PaymentMethod
from invoicing.models.retainage import ScaleStep
from invoicing.models.rounds import InviteRound, Outcome, RoundKind
from invoicing.models.saved_views import SavedView
from invoicing.models.starting_certificates import StartingCertificate, StartingLine
from invoicing.models.submissions import ReviewRecord, Submission, is_other

__all__ = [
    "Attachment",
    "BillingPeriod",
    "BillingSettings",
    "BulkApproval",
    "ChangeOrder",
    "Comment",
    "Commitment",
    "CommitmentAttachment",
    "CostCode",
    "CostType",
    "CostTypeName",
    "USER_DEFINED",
    "cost_types_of",
    "figures_of",
    "is_other",
    "DueDateExtension",
    "Endorsement",
    "Invitation",
    "Invoice",
    "InviteRound",
    "InvoiceContact",
    "InvoiceLine",
    "InvoiceStatus",
    "InvoiceType",
    "Look",
    "MadeFile",
    "MadeKind",
    "MadeState",
    "Outcome",
    "Payment",
    "PaymentMethod",
    "Reminders",
    "Rhythm",
    "RoundKind",
    "SavedView",
    "ScaleStep",
    "ScheduleLine",
    "StartingCertificate",
    "StartingLine",
    "ReviewRecord",
    "SEEN",
    "Submission",
    "Verdict",
    "Weekday",
]
