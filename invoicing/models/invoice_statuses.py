"""Where an invoice can stand (5.1), and what those states have in common."""

from django.db import models


class InvoiceStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    UNDER_REVIEW = "under_review", "Under Review"
    REVISE_AND_RESUBMIT = "revise_and_resubmit", "Revise & Resubmit"
    PENDING_OWNER_APPROVAL = "pending_owner_approval", "Pending Owner Approval"
    APPROVED_AS_NOTED = "approved_as_noted", "Approved as Noted"
    APPROVED = "approved", "Approved"


S = InvoiceStatus
ENTERABLE = (S.DRAFT, S.REVISE_AND_RESUBMIT)
APPROVALS = (S.PENDING_OWNER_APPROVAL, S.APPROVED_AS_NOTED, S.APPROVED)
CERTIFIED = (S.APPROVED_AS_NOTED, S.APPROVED)
