"""Changes of a commitment: lines added by agreement, positive or negative, billable once approved."""

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat
from django_fsm import FSMField, FSMModelMixin, transition

from directory.models import Event
from invoicing.models.commitment_statuses import said
from invoicing.models.commitments import Commitment
from invoicing.permissions import may_move_change_order


class ChangeOrderStatus(models.TextChoices):
    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    NO_CHARGE = "no_charge", "No Charge"
    VOID = "void", "Void"


S = ChangeOrderStatus
OPEN = (S.DRAFT, S.PENDING)
PUT_FORWARD = (S.PENDING, S.APPROVED, S.NO_CHARGE)


class ChangeOrderQuerySet(models.QuerySet):
    def visible_to(self, access):
        """Of a commitment that `access` sees: one that was never put forward is the company's own."""
        if not access.is_external:
            return self
        about = Concat(Value("invoicing.changeorder:"), Cast(OuterRef("pk"), models.CharField()))
        was_put_forward = Event.objects.filter(subject=about, to_state__in=PUT_FORWARD)
        return self.filter(Q(status__in=PUT_FORWARD) | ~Q(status=S.DRAFT) & Exists(was_put_forward))


class ChangeOrder(FSMModelMixin, models.Model):
    Status = ChangeOrderStatus

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="change_orders")
    number = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    status = FSMField(choices=ChangeOrderStatus, default=ChangeOrderStatus.DRAFT, protected=True, max_length=20)
    approved_date = models.DateField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ChangeOrderQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint("commitment", "number", name="a_change_order_number_is_used_once_in_a_commitment")
        ]

    def __str__(self):
        return f"{self.number} {self.title}"

    @property
    def company(self):
        return self.commitment.company

    @property
    def project(self):
        return self.commitment.project

    @property
    def is_open(self) -> bool:
        """Whether its title and lines can still be changed."""
        return self.status in OPEN

    # Which moves there are. `actions.change_orders` asks who, why, and what stands against it.

    @transition(
        status,
        source=S.DRAFT,
        target=S.PENDING,
        permission=may_move_change_order,
        custom=said("Mark as pending", "marked as pending"),
    )
    def send_for_approval(self, day):
        pass

    @transition(
        status, source=OPEN, target=S.APPROVED, permission=may_move_change_order, custom=said("Approve", "approved")
    )
    def approve(self, day):
        self.approved_date = day

    @transition(
        status,
        source=S.PENDING,
        target=S.REJECTED,
        permission=may_move_change_order,
        custom=said("Reject", "rejected", needs_reason=True),
    )
    def reject(self, day):
        pass

    @transition(
        status,
        source=OPEN,
        target=S.NO_CHARGE,
        permission=may_move_change_order,
        custom=said("Mark as no charge", "marked as no charge"),
    )
    def mark_no_charge(self, day):
        pass

    @transition(
        status,
        source=(S.PENDING, S.REJECTED, S.NO_CHARGE),
        target=S.DRAFT,
        permission=may_move_change_order,
        custom=said("Back to draft", "put back to draft"),
    )
    def back_to_draft(self, day):
        pass

    @transition(
        status,
        source=S.APPROVED,
        target=S.PENDING,
        permission=may_move_change_order,
        custom=said("Take the approval back", "took the approval back", needs_reason=True),
    )
    def take_back(self, day):
        self.approved_date = None

    @transition(
        status,
        source=(*OPEN, S.REJECTED, S.NO_CHARGE),
        target=S.VOID,
        permission=may_move_change_order,
        custom=said("Void", "voided", needs_reason=True),
    )
    def void(self, day):
        pass
