"""An invoice (payment application): its status machine, its header as certified, and its lines."""

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, ExpressionWrapper, F, Max, OuterRef, Q, Subquery, Sum, When
from django.utils import timezone
from django.utils.functional import cached_property
from django_fsm import FSMField, FSMModelMixin, transition

from directory.fields import MoneyField, QuantityField, RateField
from directory.models import Membership, Vendor
from invoicing import permissions
from invoicing.calculations.lines import Line
from invoicing.calculations.money import ZERO
from invoicing.calculations.payments import PaymentStatus, left_to_pay, over_payment, payment_status
from invoicing.models.billing_periods import BillingPeriod
from invoicing.models.commitments import Commitment, ScheduleLine
from invoicing.models.invitations import InvoiceType


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


LINE_8 = {
    f"sum_of_{name}": Sum(name)
    for name in ("total_completed_and_stored", "work_retainage", "stored_retainage", "previous_certificates")
}


def line_8() -> ExpressionWrapper:
    """Line 8 of an invoice, for the database to sort by; in dollars."""
    total, *less = (F(name.removeprefix("sum_of_")) for name in LINE_8)
    for each in less:
        total = total - each
    return ExpressionWrapper(total, output_field=MoneyField())


def _line_8(sums: dict):
    total, *less = (sums[name] or ZERO for name in LINE_8)
    return total - sum(less, ZERO)


class InvoiceQuerySet(models.QuerySet):
    def live(self):
        return self.filter(deleted_at__isnull=True)

    def visible_to(self, access):
        """P-1, P-2. An invoice's period is of its commitment's project; a project has few, which leads to its invoices
        without reading those of all others (F6). By commitment, so that no join doubles an invoice.
        """
        here = self.live().filter(billing_period__project=access.project)
        if permissions.is_project_admin(access):
            return here
        visible = Commitment.objects.filter(permissions.visible_commitments(access))
        return here.filter(commitment__in=visible.order_by().values("pk"))

    def awaiting_review(self):
        return self.live().filter(status=S.UNDER_REVIEW)

    def stranded_in(self, project):
        """Drafts that nobody can send: their period has closed, nobody put them back, no time is left."""
        extended = apps.get_model("invoicing", "DueDateExtension").objects.filter(
            commitment=OuterRef("commitment"), billing_period=OuterRef("billing_period"), due_date__gte=project.today
        )
        kept = Q(billing_period__takes_bills_until_due=True, due_date__gte=project.today)
        closed = self.live().filter(billing_period__project=project, billing_period__status="closed")
        drafts = closed.filter(status=S.DRAFT, may_finish_late=False)
        return drafts.exclude(Exists(extended)).exclude(kept)

    def newest(self):
        """The one of each commitment that no other builds on: its totals are those to date."""
        return self.live().filter(Q(next__isnull=True) | Q(next__deleted_at__isnull=False))

    def counted(self):
        """The one of each commitment whose totals are what it has billed to date: a draft on top does not count yet."""
        is_last = Q(next__isnull=True) | Q(next__deleted_at__isnull=False) | Q(next__status=S.DRAFT)
        return self.live().exclude(status=S.DRAFT).filter(is_last)

    def with_rejected_count(self):
        return self.annotate(rejected_count=Count("lines", filter=Q(lines__verdict="rejected")))

    def with_paid(self):
        """`paid`: what was paid and stands, in dollars; and `last_paid_date`."""
        standing = Q(payments__taken_back_at__isnull=True)
        return self.annotate(
            paid=Sum("payments__amount", filter=standing, default=ZERO),
            last_paid_date=Max("payments__paid_date", filter=standing),
        )

    def with_review_counts(self):
        """`line_count`, and `open_count`: how many have no verdict yet."""
        return self.annotate(line_count=Count("lines"), open_count=Count("lines", filter=Q(lines__verdict="")))

    def with_revision(self):
        """`revision`: the number of the newest submission; `changed_lines`: how many lines it claims otherwise."""
        sent = apps.get_model("invoicing", "Submission").objects.filter(invoice=OuterRef("pk")).order_by("-number")
        newest = {"revision": "number", "changed_lines": "changed_lines"}
        return self.annotate(**{name: Subquery(sent.values(field)[:1]) for name, field in newest.items()})

    def counts(self) -> dict[str, int]:
        """{status: how many}, of what is filtered so far."""
        return dict(self.order_by().values_list("status").annotate(Count("pk", distinct=True)))

    def by_period(self) -> dict[int, dict]:
        """{billing period id: {count, approved, begun, billed, gross, net}}, in one query.

        `begun` and `billed` count commitments: those with a bill, and with one that was sent. `gross` is what was sent,
        `net` line 8 of them all; in dollars.
        """
        sums = (
            self.order_by()
            .values("billing_period")
            .annotate(
                count=Count("pk"),
                approved=Count("pk", filter=Q(status__in=CERTIFIED)),
                begun=Count("commitment", distinct=True),
                billed=Count("commitment", distinct=True, filter=~Q(status=S.DRAFT)),
                gross=Sum("gross_this_period", filter=~Q(status=S.DRAFT), default=ZERO),
                **LINE_8,
            )
        )
        return {each["billing_period"]: {**each, "net": _line_8(each)} for each in sums.order_by()}

    def gross_by_period(self) -> list[tuple[int, str, int, object]]:
        """(billing period id, status, how many, gross this period in dollars), in one query."""
        rows = self.live().order_by().values_list("billing_period", "status")
        return list(rows.annotate(Count("pk"), Sum("gross_this_period")))

    def tickable(self):
        """What can be decided or sent together with others: it is with the project team, and accounting has it not."""
        return self.filter(is_locked=False, status__in=(S.UNDER_REVIEW, *APPROVALS))

    def by_status(self) -> dict[str, tuple[int, object, int, object]]:
        """{status: (how many, the sum of their line 8 in dollars, and both of those that are tickable)}, in one query:
        the database tells the tickable of a status apart, and they are added up here."""
        is_tickable = Q(is_locked=False, status__in=(S.UNDER_REVIEW, *APPROVALS))
        rows = self.order_by().annotate(is_tickable=Case(When(is_tickable, then=1), default=0))
        found = {}
        for each in rows.values("status", "is_tickable").annotate(count=Count("pk"), **LINE_8):
            count, due, ticks, ticked_due = found.get(each["status"], (0, ZERO, 0, ZERO))
            if each["is_tickable"]:
                ticks, ticked_due = each["count"], _line_8(each)
            found[each["status"]] = (count + each["count"], due + _line_8(each), ticks, ticked_due)
        return found

    def payment_due(self):
        """The sum of line 8, in dollars."""
        return _line_8(self.order_by().aggregate(**LINE_8))

    def with_context(self):
        """With all that a page or an action about one invoice needs to know of its surroundings."""
        return self.select_related(
            "commitment__project__company", "commitment__vendor", "vendor", "billing_period", "previous"
        )

    def for_list(self):
        """What a row of a list tells, of few enough tables that PostgreSQL begins with the rows of the page (F4)."""
        return self.select_related("commitment__vendor", "vendor", "billing_period").with_revision()

    def with_later(self):
        """`has_later`: whether another invoice builds on it; read along, so that nobody asks for it again."""
        later = self.model.objects.live().filter(commitment=OuterRef("commitment"), position__gt=OuterRef("position"))
        return self.annotate(has_later=Exists(later))

    def for_page(self):
        """All that the pages of one invoice tell of its surroundings, in the query that reads it (F7).

        `has_files`, `last_paid_date`; `sender_vendor_id`: whose person sent it, None for one of the company's own.
        """
        files = apps.get_model("invoicing", "Attachment").objects.filter(invoice=OuterRef("pk"))
        payments = apps.get_model("invoicing", "Payment").objects.standing().filter(invoice=OuterRef("pk"))
        last_paid = payments.order_by("-paid_date").values("paid_date")[:1]
        places = Membership.objects.filter(person=OuterRef("submitted_by"), is_active=True)
        sender = places.filter(company=OuterRef("commitment__company")).values("vendor")[:1]
        found = self.with_context().with_later().select_related("commitment__starting_certificate")
        return found.annotate(
            has_files=Exists(files), last_paid_date=Subquery(last_paid), sender_vendor_id=Subquery(sender)
        )

    def locked(self, pk):
        """One invoice for writing, locked in the one global order: period, commitment, invoice (R42, R43, R45)."""
        period, commitment = self.values_list("billing_period", "commitment").get(pk=pk)
        BillingPeriod.objects.select_for_update().get(pk=period)
        Commitment.objects.select_for_update().get(pk=commitment)
        self.select_for_update().get(pk=pk)
        return self.with_context().with_later().get(pk=pk)


def is_unlocked(invoice) -> bool:
    return not invoice.is_locked


is_unlocked.refusal = "It was sent to ERP. Take it back first."


def is_newest(invoice) -> bool:
    return not invoice.has_later


is_newest.refusal = "A later invoice of this commitment builds on it. Only the newest can change."


def is_unopened(invoice) -> bool:
    return invoice.review_opened_at is None


is_unopened.refusal = "Its review has begun. Ask the project team to send it back."


def is_unpaid(invoice) -> bool:
    return not (invoice.is_certified and invoice.has_payments)


is_unpaid.refusal = "Payments are recorded on it. Take them back first, so that none stands on other amounts."


class Invoice(FSMModelMixin, models.Model):
    """Header amounts are stored in the transaction that changes a line, never computed on a list (N-8)."""

    Status = InvoiceStatus
    ENTERABLE = ENTERABLE
    APPROVALS = APPROVALS
    CERTIFIED = CERTIFIED

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="invoices")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="+")
    billing_period = models.ForeignKey(BillingPeriod, models.PROTECT, related_name="invoices")
    previous = models.OneToOneField("self", models.PROTECT, null=True, related_name="next")
    position = models.PositiveIntegerField(help_text="The application number: 1, 2, 3 … in the commitment.")
    invoice_type = models.CharField(max_length=20, choices=InvoiceType, default=InvoiceType.WORK)
    number = models.CharField("invoice number", max_length=20, blank=True)
    number_key = models.CharField(max_length=20, blank=True, editable=False)
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
        indexes = [models.Index(fields=["billing_period", "status"], name="invoices_of_a_period")]

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

    @property
    def contract_sum_to_date(self):
        return self.original_contract_sum + self.net_change_orders

    @property
    def total_retainage(self):
        return self.work_retainage + self.stored_retainage

    @property
    def earned_less_retainage(self):
        """Line 6: what the next invoice stores as its line 7."""
        return self.total_completed_and_stored - self.total_retainage

    @property
    def current_payment_due(self):
        """Line 8."""
        return self.earned_less_retainage - self.previous_certificates

    @property
    def balance_to_finish_including_retainage(self):
        """Line 9."""
        return self.contract_sum_to_date - self.earned_less_retainage

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
        return f"resubmitted, {self.changed_lines} line{'' if self.changed_lines == 1 else 's'} changed"

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

    # The machine (5.1). A body touches only its own row; `actions.invoices` does the rest in the same transaction.

    @transition(
        status,
        source=ENTERABLE,
        target=S.UNDER_REVIEW,
        conditions=[is_unlocked, is_newest],
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
        conditions=[is_unlocked, is_newest, is_unpaid],
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
        conditions=[is_unlocked],
        permission=permissions.may_review,
        custom={"label": "Approve", "done": "approved"},
    )
    def approve(self, by, at):
        self.approved_by, self.approved_at = by, at

    @transition(
        status,
        source=(S.UNDER_REVIEW, S.PENDING_OWNER_APPROVAL),
        target=S.APPROVED_AS_NOTED,
        conditions=[is_unlocked],
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
        conditions=[is_unlocked, is_newest, is_unpaid],
        permission=permissions.may_review,
        custom={"label": "Reopen", "done": "reopened"},
    )
    def reopen(self, by, at):
        self.approved_by = self.approved_at = None


class Verdict(models.TextChoices):
    NONE = "", "No action"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class InvoiceLine(models.Model):
    """One line's columns (5.2): what is typed, what came from the previous invoice, and the retainage as settled."""

    invoice = models.ForeignKey(Invoice, models.CASCADE, related_name="lines")
    schedule_line = models.ForeignKey(ScheduleLine, models.PROTECT, related_name="invoice_lines")
    scheduled_value = MoneyField("C")
    work_previous = MoneyField("A", default=ZERO)
    work_this_period = MoneyField("B", default=ZERO)
    stored_previous = MoneyField("F of the previous invoice", default=ZERO)
    stored_moved = MoneyField("M", default=ZERO)
    stored_new = MoneyField("NM", default=ZERO)
    stored_balance_typed = MoneyField("PM, when an Admin typed it", null=True)
    quantity_previous = QuantityField(default=ZERO)
    quantity_this_period = QuantityField(null=True)
    work_retainage_previous = MoneyField(default=ZERO)
    work_retainage_rate = RateField(default=ZERO)
    work_retainage = MoneyField("WR", default=ZERO)
    work_retainage_is_typed = models.BooleanField(default=False)
    stored_retainage_previous = MoneyField(default=ZERO)
    stored_retainage_rate = RateField(default=ZERO)
    stored_retainage = MoneyField("MR", default=ZERO)
    stored_retainage_is_typed = models.BooleanField(default=False)
    retainage_released = MoneyField("RR", default=ZERO)
    over_billing_is_waived = models.BooleanField(
        default=False, help_text="N-4: an Admin lets a unit-priced line pass its scheduled value."
    )
    note = models.CharField(max_length=300, blank=True, help_text="N-9: why the line is negative; or any remark.")
    allowed_reason = models.CharField(max_length=300, blank=True, help_text="Why a reviewer allows another amount.")
    allowed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.NONE, blank=True)
    verdict_reason = models.CharField(max_length=300, blank=True)
    verdict_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    verdict_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["schedule_line__position"]
        constraints = [
            models.UniqueConstraint("invoice", "schedule_line", name="a_schedule_line_is_billed_once_in_an_invoice"),
            models.CheckConstraint(
                condition=~Q(verdict="rejected") | ~Q(verdict_reason=""), name="a_rejected_line_has_a_reason"
            ),
        ]

    def __str__(self):
        return f"line {self.schedule_line.position}"

    def as_line(self) -> Line:
        """The line with every column worked out by the arithmetic."""
        return Line(
            key=self.schedule_line.key,
            label=f"{self.schedule_line.position} {self.schedule_line.description}",
            scheduled_value=self.scheduled_value,
            work_previous=self.work_previous,
            work_this_period=self.work_this_period,
            stored_previous=self.stored_previous,
            stored_moved=self.stored_moved,
            stored_new=self.stored_new,
            stored_balance_override=self.stored_balance_typed,
            work_retainage_previous=self.work_retainage_previous,
            stored_retainage_previous=self.stored_retainage_previous,
            work_retainage_rate=self.work_retainage_rate,
            stored_retainage_rate=self.stored_retainage_rate,
            work_retainage_typed=self.work_retainage if self.work_retainage_is_typed else None,
            stored_retainage_typed=self.stored_retainage if self.stored_retainage_is_typed else None,
            retainage_released=self.retainage_released,
        )
