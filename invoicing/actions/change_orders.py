"""Change orders: entering one with its lines, and approving it so that they can be billed."""

from django.db import transaction

from directory.models import Event
from directory.refusals import NotNow
from invoicing.actions.commitments import NewLine, add_lines, require_admin
from invoicing.models import ChangeOrder, Commitment


@transaction.atomic
def enter(commitment: Commitment, number: str, title: str, lines: list[NewLine], *, by) -> ChangeOrder:
    """A pending change order; its lines may be negative and are not billable yet."""
    commitment = Commitment.objects.select_for_update().get(pk=commitment.pk)
    require_admin(by, commitment.project)
    change_order = ChangeOrder(commitment=commitment, number=number, title=title, status=ChangeOrder.Status.PENDING)
    change_order.full_clean()
    change_order.save()
    add_lines(commitment, lines, change_order)
    Event.objects.record("entered", change_order, by=by, to_state=change_order.status)
    return change_order


@transaction.atomic
def approve(change_order: ChangeOrder, *, by) -> ChangeOrder:
    """Makes its lines billable, once."""
    commitment = Commitment.objects.select_for_update().get(pk=change_order.commitment_id)
    require_admin(by, commitment.project)
    change_order = ChangeOrder.objects.select_for_update().get(pk=change_order.pk)
    if change_order.status not in (ChangeOrder.Status.DRAFT, ChangeOrder.Status.PENDING):
        raise NotNow(
            f"It is {change_order.get_status_display()}. Only a draft or pending change order can be approved."
        )
    before, change_order.status = change_order.status, ChangeOrder.Status.APPROVED
    change_order.approved_date = commitment.project.today
    change_order.save(update_fields=["status", "approved_date"])
    Event.objects.record("approved", change_order, by=by, from_state=before, to_state=change_order.status)
    return change_order
