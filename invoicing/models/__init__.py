from invoicing.models.billing_periods import BillingPeriod, BillingSettings
from invoicing.models.change_orders import ChangeOrder
from invoicing.models.commitments import Commitment, InvoiceContact, ScheduleLine
from invoicing.models.cost_codes import CostCode, CostType
from invoicing.models.endorsements import Endorsement
from invoicing.models.invitations import Invitation, InvoiceType
from invoicing.models.invoices import Invoice, InvoiceLine, InvoiceStatus, Verdict
from invoicing.models.submissions import Attachment, Submission

__all__ = [
    "Attachment",
    "BillingPeriod",
    "BillingSettings",
    "ChangeOrder",
    "Commitment",
    "CostCode",
    "CostType",
    "Endorsement",
    "Invitation",
    "Invoice",
    "InvoiceContact",
    "InvoiceLine",
    "InvoiceStatus",
    "InvoiceType",
    "ScheduleLine",
    "Submission",
    "Verdict",
]
