"""Where a subcontract and a purchase order can stand; each kind has its own set (domain 2)."""

from django.db import models


class CommitmentKind(models.TextChoices):
    SUBCONTRACT = "subcontract", "Subcontract"
    PURCHASE_ORDER = "purchase_order", "Purchase order"


class CommitmentStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    OUT_FOR_BID = "out_for_bid", "Out for Bid"
    OUT_FOR_SIGNATURE = "out_for_signature", "Out for Signature"
    PROCESSING = "processing", "Processing"
    SUBMITTED = "submitted", "Submitted"
    PARTIALLY_RECEIVED = "partially_received", "Partially Received"
    RECEIVED = "received", "Received"
    APPROVED = "approved", "Approved"
    COMPLETE = "complete", "Complete"
    TERMINATED = "terminated", "Terminated"
    VOID = "void", "Void"
    CLOSED = "closed", "Closed"


S = CommitmentStatus
BILLABLE = (S.APPROVED, S.COMPLETE)
OF_SUBCONTRACTS = (S.DRAFT, S.OUT_FOR_BID, S.OUT_FOR_SIGNATURE, S.APPROVED, S.COMPLETE, S.TERMINATED, S.VOID)
OF_PURCHASE_ORDERS = (
    S.DRAFT,
    S.PROCESSING,
    S.SUBMITTED,
    S.PARTIALLY_RECEIVED,
    S.RECEIVED,
    S.APPROVED,
    S.CLOSED,
)
STATUSES = {CommitmentKind.SUBCONTRACT: OF_SUBCONTRACTS, CommitmentKind.PURCHASE_ORDER: OF_PURCHASE_ORDERS}
