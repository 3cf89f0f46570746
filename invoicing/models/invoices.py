"""An invoice (payment application): its status machine and its header as certified."""

from django.conf import settings
from django.db import models
from django.db.models import F, Max, Q
from django.utils import timezone
from django.utils.functional import cached_property
from django_fsm import FSMField, FSMModelMixin, transition

from directory.counts import counted
from directory.fields import MoneyField
from directory.machines import no_longer
from directory.models import Project, Vendor
from invoicing import permissions
from invoicing.calculations.money import ZERO
from invoicing.calculations.payments import PaymentStatus, left_to_pay, over_payment, payment_status
from invoicing.calculations.summary import Totals
from invoicing.models.billing_periods import BillingPeriod
from invoicing.models.commitments import Commitment
from invoicing.models.invoice_queries import LINE_8_OF, InvoiceQuerySet
from invoicing.models.invoice_statuses import APPROVALS, CERTIFIED, ENTERABLE, InvoiceStatus, S
from invoicing.models.invoice_types import InvoiceType


def is_unlocked(invoice) -> bool:
    return not invoice.is_locked


is_unlocked.refusal = "It was sent to ERP. {invoice.way_back_from_erp}"


def is_unlocked_or_held(invoice) -> bool:
    """A company may send what waits for its owner, who answers meanwhile: that changes no figure of it (6.2)."""
    return is_unlocked(invoice) or invoice.status == S.PENDING_OWNER_APPROVAL


is_unlocked_or_held.refusal = is_unlocked.refusal


def is_newest(invoice) -> bool:
    return not invoice.has_later


is_newest.refusal = "A later invoice of this commitment builds on it. Only the newest can change."


def is_unopened(invoice) -> bool:
    return invoice.review_opened_at is None


is_unopened.refusal = "Its review has begun. Ask the project team to send it back."


def is_unpaid(invoice) -> bool:
    return not (invoice.is_certified and invoice.has_payments)


is_unpaid.refusal = "Payments are recorded on it. Take them back first, so that none stands on other amounts."


def is_billable(invoice) -> bool:
    """Its commitment has not ended since: what was certified before stays as it is."""
    return invoice.commitment.is_billable


is_billable.refusal = "{invoice.commitment.why_not_billable} Take the commitment up again first."


class Invoice(Totals, FSMModelMixin, models.Model):
    """Header amounts are stored in the transaction that changes a line, never computed on a list (N-8)."""

    Status = InvoiceStatus
    ENTERABLE = ENTERABLE
    APPROVALS = APPROVALS
    CERTIFIED = CERTIFIED

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="invoices")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="+")
    listed_in = models.ForeignKey(
        Project,
        models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The commitment's project: lists begin with it, and read no other project's invoices (F6).",
    )
    billing_period = models.ForeignKey(BillingPeriod, models.PROTECT, related_name="invoices")
    previous = models.OneToOneField("self", models.PROTECT, null=True, related_name="next")
    position = models.PositiveIntegerField(help_text="The application number: 1, 2, 3 … in the commitment.")
    invoice_type = models.CharField(max_length=20, choices=InvoiceType, default=InvoiceType.WORK)
    number = models.CharField("invoice number", max_length=20, blank=True)
    number_key = models.CharField(max_length=20, blank=True, editable=False)
    bare_number = models.CharField(  # noqa: DJ001 (None: no number is reserved yet)
        max_length=20, null=True, editable=False, help_text="What its look-alikes have in common (R19)."
    )
    status = FSMField(choices=InvoiceStatus, default=InvoiceStatus.DRAFT, protected=True, max_length=30)
    version = models.PositiveIntegerField(default=1, help_text="I-5: a form built on an older version is refused.")
    is_locked = models.BooleanField(default=False, help_text="Sent to ERP: only attachments can be added.")
    is_exported = models.BooleanField(default=False, help_text="Stands in an import file: nothing can be added.")
    is_posted = models.BooleanField(default=False, help_text="Sage holds it: nobody has anything left to do.")
    waits_since = models.DateTimeField(default=timezone.now, help_text="Since when whoever has to act now has it.")
    is_extra = models.BooleanField(default=False, help_text="I-3: a further invoice in one period, made by an Admin.")
    may_finish_late = models.BooleanField(default=False, help_text="B-5: put back by an Admin after the due date.")
    duties_waived = models.BooleanField(default=False, help_text="P-7 was switched off when it was approved.")
    billing_date = models.DateField()
    period_start_date = models.DateField()
    period_end_date = models.DateField()
    due_date = models.DateField()
    comment = models.TextField("overall comment", blank=True)
    retainage_rule = models.JSONField(
        null=True, help_text="5.6: what it was started under, as `retainage.Rule`; older ones kept none."
    )

    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    review_opened_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    deleted_at = models.DateTimeField(null=True)

    original_contract_sum = MoneyField("1 original contract sum", default=ZERO)
    net_change_orders = MoneyField("2 net change by change orders", default=ZERO)
    total_completed_and_stored = MoneyField("4 total completed and stored", default=ZERO)
    work_retainage = MoneyField("5a work retainage", default=ZERO)
    stored_retainage = MoneyField("5b stored retainage", default=ZERO)
    previous_certificates = MoneyField("7 less previous certificates", default=ZERO)
    gross_this_period = MoneyField(default=ZERO)
    retainage_newly_held = MoneyField(default=ZERO)
    retainage_released = MoneyField(default=ZERO)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        ordering = ["commitment__number", "position"]
        constraints = [
            models.UniqueConstraint(
                "commitment", "position", condition=Q(deleted_at__isnull=True), name="a_position_is_one_invoice"
            ),
            models.UniqueConstraint(
                "commitment",
                "billing_period",
                condition=Q(deleted_at__isnull=True, is_extra=False),
                name="contacts_bill_a_period_once",
            ),
            models.UniqueConstraint(
                "vendor",
                "number_key",
                condition=Q(deleted_at__isnull=True) & ~Q(number_key=""),
                name="a_vendor_uses_an_invoice_number_once",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=CERTIFIED) | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="an_approval_has_a_person_and_a_moment",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | Q(duties_waived=True) | ~Q(approved_by=F("submitted_by")),
                name="whoever_submitted_does_not_approve",
            ),
        ]
        indexes = [
            models.Index(fields=["billing_period", "status"], name="invoices_of_a_period"),
            models.Index(
                fields=["vendor", "bare_number"],
                condition=Q(deleted_at__isnull=True),
                name="numbers_that_look_alike",
            ),
            # A page of a project's list, and its totals, are read from these alone (F6).
            models.Index(
                fields=["listed_in", "period_start_date", "id"],
                condition=Q(deleted_at__isnull=True),
                name="invoices_by_period",
            ),
            models.Index(
                fields=["listed_in", "status", "is_locked", "billing_period", *LINE_8_OF],
                condition=Q(deleted_at__isnull=True),
                name="totals_of_invoices",
            ),
        ]

    def __str__(self):
        return f"{self.commitment.number} invoice {self.position}"

    @property
    def company(self):
        return self.commitment.project.company

    @property
    def project(self):
        return self.commitment.project

    @property
    def type(self) -> InvoiceType:
        return InvoiceType(self.invoice_type)

    @property
    def is_certified(self) -> bool:
        return self.status in CERTIFIED

    def begin_review(self, *, saves: bool = True) -> None:
        """From here on its own side can't withdraw it any more; the caller's transaction holds it.

        `saves`: not where the caller saves the whole invoice a moment later.
        """
        if not is_unopened(self):
            return
        self.review_opened_at = timezone.now()
        if saves:
            self.save(update_fields=["review_opened_at"])

    @property
    def is_dated_as_made(self) -> bool:
        """Nobody typed another billing date than it was made with (I-7); once that was the period's due date."""
        return self.billing_date in (self.due_date, self.billing_period.due_date)

    @property
    def stage_in_erp(self) -> str:
        """How far it is with accounting, as `labels.STAGES_IN_ERP` names it; "" where accounting has it not."""
        if not self.is_locked:
            return ""
        return "posted" if self.is_posted else "exported" if self.is_exported else "sent"

    @property
    def way_back_from_erp(self) -> str:
        """What makes one that was sent open to changes again."""
        if not self.is_exported:
            return "Take it back first."
        return "It stands in an import file: have accounting void it first, once Sage holds it no more."

    @cached_property
    def paid(self):
        """What was paid and stands, in dollars; `with_paid` brings it along."""
        return self.payments.total()

    @property
    def payment_status(self) -> PaymentStatus:
        """Beside `status` and never a part of it."""
        return payment_status(self.current_payment_due, self.paid)

    @property
    def left_to_pay(self):
        return left_to_pay(self.current_payment_due, self.paid)

    @property
    def paid_too_much(self):
        return over_payment(self.current_payment_due, self.paid)

    @property
    def resubmitted(self) -> str:
        """A revision and what it changed, in words; "" for a first bill. `with_revision` brings along what it asks."""
        if (self.revision or 0) < 2:
            return ""
        if self.changed_lines is None:  # sent before that was counted
            return "resubmitted"
        return f"resubmitted, {counted(self.changed_lines, 'line')} changed"

    @property
    def goes_on_from(self):
        """The invoice before it; for the first one the commitment's starting certificate, if there is one."""
        return self.previous or getattr(self.commitment, "starting_certificate", None)

    @cached_property
    def has_later(self) -> bool:
        """Whether another invoice builds on it; `with_later` brings it along."""
        return Invoice.objects.live().filter(commitment=self.commitment_id, position__gt=self.position).exists()

    @cached_property
    def has_files(self) -> bool:
        """`for_page` brings it along, like `last_paid_date`."""
        return self.attachments.exists()

    @cached_property
    def last_paid_date(self):
        """The day of the last payment that stands; None where there is none."""
        return self.payments.standing().aggregate(Max("paid_date"))["paid_date__max"]

    @property
    def has_payments(self) -> bool:
        return self.last_paid_date is not None

    def why_not(self, move) -> str:
        """What stands against `move`, a transition that the machine refuses now, and the remedy."""
        for each in move._django_fsm.transitions.values():
            if each.source == self.status:
                refusal = next(condition.refusal for condition in each.conditions if not condition(self))
                return refusal.format(invoice=self)
        return no_longer(self)

    # The machine (5.1). A body touches only its own row; `actions.invoices` does the rest in the same transaction.

    @transition(
        status,
        source=ENTERABLE,
        target=S.UNDER_REVIEW,
        conditions=[is_unlocked, is_newest, is_billable],
        permission=permissions.may_bill,
        custom={"label": "Send bill", "done": "sent for review"},
    )
    def submit(self, by, at):
        self.submitted_by, self.submitted_at = by, at
        self.review_opened_at = None

    @transition(
        status,
        source=S.UNDER_REVIEW,
        target=S.DRAFT,
        conditions=[is_unlocked, is_newest, is_unopened],
        permission=permissions.may_bill,
        custom={"label": "Withdraw", "done": "withdrew"},
    )
    def withdraw(self, by, at):
        pass

    @transition(
        status,
        source=S.REVISE_AND_RESUBMIT,
        target=S.DRAFT,
        conditions=[is_unlocked, is_newest],
        permission=permissions.may_bill,
        custom={"label": "Save as draft", "done": "saved as a draft"},
    )
    def save_draft(self, by, at):
        pass

    @transition(
        status,
        source=(S.UNDER_REVIEW, *APPROVALS),
        target=S.REVISE_AND_RESUBMIT,
        conditions=[is_unlocked, is_newest, is_billable, is_unpaid],
        permission=permissions.may_review,
        custom={"label": "Send back", "done": "sent back"},
    )
    def send_back(self, by, at):
        self.approved_by = self.approved_at = None
        self.may_finish_late = True

    @transition(
        status,
        source=(S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL, S.APPROVED_AS_NOTED),
        target=S.APPROVED,
        conditions=[is_unlocked_or_held, is_billable],
        permission=permissions.may_review,
        custom={"label": "Approve", "done": "approved"},
    )
    def approve(self, by, at):
        self.approved_by, self.approved_at = by, at

    @transition(
        status,
        source=(S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL),
        target=S.APPROVED_AS_NOTED,
        conditions=[is_unlocked_or_held, is_billable],
        permission=permissions.may_review,
        custom={"label": "Approve as noted", "done": "approved as noted"},
    )
    def approve_as_noted(self, by, at):
        self.approved_by, self.approved_at = by, at

    @transition(
        status,
        source=S.UNDER_REVIEW,
        target=S.PENDING_OWNER_APPROVAL,
        conditions=[is_unlocked],
        permission=permissions.may_review,
        custom={"label": "Hold for owner", "done": "held for the owner"},
    )
    def hold_for_owner(self, by, at):
        pass

    @transition(
        status,
        source=APPROVALS,
        target=S.UNDER_REVIEW,
        conditions=[is_unlocked, is_newest, is_billable, is_unpaid],
        permission=permissions.may_review,
        custom={"label": "Reopen", "done": "reopened"},
    )
    def reopen(self, by, at):
        self.approved_by = self.approved_at = None
