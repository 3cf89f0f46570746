"""Where a subcontract and a purchase order can stand, each kind with its own set, and how they get there (domain 2)."""

from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from invoicing.permissions import may_move_commitment


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
PREPARED = (S.DRAFT, S.OUT_FOR_BID, S.OUT_FOR_SIGNATURE)
ORDERED = (S.PROCESSING, S.SUBMITTED, S.PARTIALLY_RECEIVED, S.RECEIVED)
ENDED = (S.TERMINATED, S.VOID, S.CLOSED)  # unless it is taken up again, nothing is billed or changed any more
APPROVED_ONCE = (S.APPROVED, S.COMPLETE, S.TERMINATED, S.CLOSED)


def is_subcontract(commitment) -> bool:
    return commitment.kind == CommitmentKind.SUBCONTRACT


def is_purchase_order(commitment) -> bool:
    return commitment.kind == CommitmentKind.PURCHASE_ORDER


def said(label: str, done: str, *, needs_reason: bool = False) -> dict:
    """What a move is called on a button and in the timeline; whether it takes a reason."""
    return {"label": label, "done": done, "needs_reason": needs_reason}


class CommitmentMachine(FSMModelMixin, models.Model):
    """Which moves there are, for which kind. `actions.commitment_moves` asks who, why, and what stands against it."""

    status = FSMField(choices=CommitmentStatus, default=CommitmentStatus.DRAFT, protected=True, max_length=20)

    class Meta:
        abstract = True

    @transition(
        status,
        source=S.DRAFT,
        target=S.OUT_FOR_BID,
        conditions=[is_subcontract],
        permission=may_move_commitment,
        custom=said("Send out for bid", "sent out for bid"),
    )
    def send_out_for_bid(self):
        pass

    @transition(
        status,
        source=(S.DRAFT, S.OUT_FOR_BID),
        target=S.OUT_FOR_SIGNATURE,
        conditions=[is_subcontract],
        permission=may_move_commitment,
        custom=said("Send out for signature", "sent out for signature"),
    )
    def send_out_for_signature(self):
        pass

    @transition(
        status,
        source=S.DRAFT,
        target=S.PROCESSING,
        conditions=[is_purchase_order],
        permission=may_move_commitment,
        custom=said("Start processing", "started processing"),
    )
    def process(self):
        pass

    @transition(
        status,
        source=(S.DRAFT, S.PROCESSING),
        target=S.SUBMITTED,
        conditions=[is_purchase_order],
        permission=may_move_commitment,
        custom=said("Mark as submitted", "submitted to the vendor"),
    )
    def submit(self):
        pass

    @transition(
        status,
        source=S.SUBMITTED,
        target=S.PARTIALLY_RECEIVED,
        permission=may_move_commitment,
        custom=said("Mark as partially received", "partially received"),
    )
    def receive_part(self):
        pass

    @transition(
        status,
        source=(S.SUBMITTED, S.PARTIALLY_RECEIVED),
        target=S.RECEIVED,
        permission=may_move_commitment,
        custom=said("Mark as received", "received"),
    )
    def receive(self):
        pass

    @transition(
        status,
        source=(*PREPARED, *ORDERED),
        target=S.APPROVED,
        permission=may_move_commitment,
        custom=said("Approve", "approved"),
    )
    def approve(self):
        pass

    @transition(
        status,
        source=(S.OUT_FOR_BID, S.OUT_FOR_SIGNATURE, *ORDERED),
        target=S.DRAFT,
        permission=may_move_commitment,
        custom=said("Back to draft", "put back to draft"),
    )
    def back_to_draft(self):
        pass

    @transition(
        status,
        source=S.APPROVED,
        target=S.DRAFT,
        permission=may_move_commitment,
        custom=said("Reopen as a draft", "reopened", needs_reason=True),
    )
    def reopen(self):
        pass

    @transition(
        status,
        source=S.APPROVED,
        target=S.COMPLETE,
        conditions=[is_subcontract],
        permission=may_move_commitment,
        custom=said("Mark as complete", "marked as complete"),
    )
    def complete(self):
        pass

    @transition(
        status,
        source=(S.COMPLETE, S.TERMINATED, S.CLOSED),
        target=S.APPROVED,
        permission=may_move_commitment,
        custom=said("Take up again", "taken up again", needs_reason=True),
    )
    def resume(self):
        pass

    @transition(
        status,
        source=(S.APPROVED, S.COMPLETE),
        target=S.TERMINATED,
        conditions=[is_subcontract],
        permission=may_move_commitment,
        custom=said("Terminate", "terminated", needs_reason=True),
    )
    def terminate(self):
        pass

    @transition(
        status,
        source=(*PREPARED, S.APPROVED),
        target=S.VOID,
        conditions=[is_subcontract],
        permission=may_move_commitment,
        custom=said("Void", "voided", needs_reason=True),
    )
    def void(self):
        pass

    @transition(
        status,
        source=S.VOID,
        target=S.DRAFT,
        permission=may_move_commitment,
        custom=said("Restore as a draft", "restored", needs_reason=True),
    )
    def restore(self):
        pass

    @transition(
        status,
        source=(S.DRAFT, *ORDERED, S.APPROVED),
        target=S.CLOSED,
        conditions=[is_purchase_order],
        permission=may_move_commitment,
        custom=said("Close", "closed", needs_reason=True),
    )
    def close(self):
        pass
