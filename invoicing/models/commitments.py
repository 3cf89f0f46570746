"""What a vendor has promised to do and for how much: subcontracts and purchase orders, line by line."""

from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, Sum
from django.db.models.functions import Lower
from django.utils.functional import cached_property

from directory.fields import MoneyField, QuantityField, RateField, UnitPriceField
from directory.models import Company, Project, Vendor, VendorChange
from directory.models.matching import holding
from invoicing.calculations.money import ZERO
from invoicing.models.bare_numbers import BareNumber, bare
from invoicing.models.billing_periods import BillingSettings
from invoicing.models.commitment_statuses import (
    BILLABLE,
    OF_PURCHASE_ORDERS,
    OF_SUBCONTRACTS,
    CommitmentKind,
    CommitmentMachine,
    CommitmentStatus,
)
from invoicing.models.cost_codes import CostCode, CostType
from invoicing.permissions import visible_commitments


class CommitmentQuerySet(models.QuerySet):
    def visible_to(self, access):
        """P-1, P-2: the list twin of `permissions.may_see_commitment`."""
        return self.filter(visible_commitments(access)).distinct()

    def with_context(self):
        """With all that a page about one commitment needs to know of its surroundings."""
        waiting = VendorChange.objects.waiting().filter(vendor=OuterRef("vendor"))
        found = self.select_related("project__company", "vendor", "created_by", "starting_certificate")
        return found.annotate(vendor_change_waits=Exists(waiting))

    def on_the_way_to(self, period):
        """With all that its next invoice, in `period`, goes on from; what there is none of is not there (F9).

        `newest`: its newest invoice; `is_billed_there`: whether one is in the period; `own`: its own due date there;
        `invitation`: the one in force there. `is_on_a_scale` spares asking for steps.
        """
        is_live = Q(invoices__deleted_at__isnull=True)
        in_force = Q(invitations__billing_period=period, invitations__ended_at=None)
        bills = apps.get_model("invoicing", "Invoice").objects.live().filter(commitment=OuterRef("pk"))
        steps = apps.get_model("invoicing", "ScaleStep").objects.filter(commitment=OuterRef("pk"))
        found = self.annotate(
            newest=FilteredRelation("invoices", condition=is_live),
            own=FilteredRelation("due_date_extensions", condition=Q(due_date_extensions__billing_period=period)),
            invitation=FilteredRelation("invitations", condition=in_force),
            is_billed_there=Exists(bills.filter(billing_period=period)),
            is_on_a_scale=Exists(steps),
        )
        together = found.select_related("newest", "own", "invitation", "starting_certificate")
        return together.order_by(F("newest__position").desc())

    def with_number_like(self, number: str):
        """Those that may read like `number`, few more than do (SC-1 and SC-10): zeros and punctuation say nothing."""
        return self.alias(bare_number=BareNumber("number")).filter(bare_number=bare(number))

    def matching(self, words: str):
        """Each word stands in the number, the title or the company's name."""
        return self.filter(holding(words, "number", "title", "vendor__name"))

    def billable(self):
        return self.filter(status__in=Commitment.BILLABLE)

    def startable_in(self, period, access):
        """Those whose next invoice may start now in this open period, for whoever sees them (I-3, I-7, B-5, V-2).

        What may start is for the action to say; this finds the same, and knows no exceptions: an Admin may start
        another invoice of a period on the commitment's own page.
        """
        bills = apps.get_model("invoicing", "Invoice").objects.live().filter(commitment=OuterRef("pk"))
        found = self.billable().exclude(Exists(bills.filter(billing_period=period)))
        found = found.exclude(Exists(bills.unsettled()))
        if not access.is_external:
            return found
        later = bills.filter(period_start_date__gt=period.start_date)
        invites = apps.get_model("invoicing", "Invitation").objects.in_force()
        invited = Exists(invites.filter(commitment=OuterRef("pk"), billing_period=period))
        own = apps.get_model("invoicing", "DueDateExtension").objects.filter(commitment=OuterRef("pk"))
        in_time = Exists(own.filter(billing_period=period, due_date__gte=period.project.today))
        found = found.exclude(Exists(later))
        if period.project.has_passed(period.due_date):
            found = found.filter(in_time)
        return found.filter(invited) if BillingSettings.of(period.project).by_invitation_only else found

    def billed_by(self, person, projects):
        """Those where `person` is invoice contact and still works for the vendor, across companies (P-1)."""
        return self.filter(
            project__in=projects,
            invoice_contacts__person=person,
            vendor__memberships__person=person,
            vendor__memberships__is_active=True,
        ).distinct()


class Commitment(CommitmentMachine):
    Kind = CommitmentKind
    Status = CommitmentStatus
    BILLABLE = BILLABLE

    class Accounting(models.TextChoices):
        AMOUNT = "amount", "Amount"
        UNIT = "unit", "Unit and quantity"

    company = models.ForeignKey(Company, models.PROTECT, related_name="commitments")
    project = models.ForeignKey(Project, models.PROTECT, related_name="commitments")
    vendor = models.ForeignKey(Vendor, models.PROTECT, related_name="commitments")
    kind = models.CharField(max_length=20, choices=CommitmentKind, default=CommitmentKind.SUBCONTRACT)
    number = models.CharField(
        max_length=20,  # what accounting takes (2)
        validators=[
            RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z", "Use letters, digits, dots, dashes and underscores.")
        ],
    )
    title = models.CharField(max_length=120)
    version = models.PositiveIntegerField(
        default=1, help_text="Counts the saves of fields and schedule: a form built on an older version is refused."
    )
    is_private = models.BooleanField("private", default=True)
    executed_date = models.DateField(null=True, blank=True)
    start_date = models.DateField(null=True, blank=True)
    completion_date = models.DateField(null=True, blank=True)
    description = models.TextField(blank=True)
    payment_terms = models.CharField(max_length=40, blank=True)
    accounting_method = models.CharField(max_length=10, choices=Accounting, default=Accounting.AMOUNT)
    retainage_rate = RateField("default retainage %", default=ZERO)
    bills_stored_materials = models.BooleanField("bills stored materials", default=True)
    holds_stored_retainage = models.BooleanField("retainage held on stored materials", default=False)
    stored_retainage_rate = RateField("retainage % on stored materials", default=ZERO)
    allows_over_billing = models.BooleanField("over-billing allowed", default=False)
    contacts = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="InvoiceContact", through_fields=("commitment", "person"), related_name="+"
    )
    access_list = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    objects = CommitmentQuerySet.as_manager()

    class Meta:
        ordering = ["number"]
        indexes = [models.Index("company", BareNumber("number"), name="commitments_that_read_alike")]
        constraints = [
            models.UniqueConstraint("company", Lower("number"), name="a_commitment_number_is_used_once_in_a_company"),
            models.CheckConstraint(
                condition=Q(retainage_rate__gte=0, retainage_rate__lte=100, stored_retainage_rate__gte=0)
                & Q(stored_retainage_rate__lte=100),
                name="retainage_rates_are_between_0_and_100",
            ),
            models.CheckConstraint(
                condition=Q(kind="subcontract", status__in=OF_SUBCONTRACTS)
                | Q(kind="purchase_order", status__in=OF_PURCHASE_ORDERS),
                name="a_status_is_one_of_its_kind",
            ),
        ]

    def __str__(self):
        return f"{self.number} {self.title}"

    @property
    def is_billable(self) -> bool:
        return self.status in self.BILLABLE

    @property
    def why_not_billable(self) -> str:
        """ "" when it can be billed."""
        if self.is_billable:
            return ""
        return f"The commitment is {self.get_status_display()}. Only an approved or complete one is billed."

    @property
    def is_unit_based(self) -> bool:
        return self.accounting_method == self.Accounting.UNIT

    @property
    def stored_retainage_in_force(self) -> Decimal:
        """What is held of stored materials, in percent: the rate while it is switched on."""
        return self.stored_retainage_rate if self.holds_stored_retainage else ZERO

    @cached_property
    def is_on_a_scale(self) -> bool:
        """Whether its retainage goes by a sliding scale (5.6); `on_the_way_to` brings it along."""
        return self.scale_steps.exists()

    @property
    def has_been_billed(self) -> bool:
        """A deleted invoice counts too: it can be restored; and so does what was billed before it came here (C-1)."""
        return self.invoices.exists() or hasattr(self, "starting_certificate")

    @property
    def original_contract_sum(self):
        """Line 1 of the certificate, in dollars."""
        return self.lines.original().aggregate(sum=Sum("amount"))["sum"] or ZERO

    @property
    def net_change_orders(self):
        """Line 2: approved change orders, in dollars."""
        return self.lines.billable().filter(change_order__isnull=False).aggregate(sum=Sum("amount"))["sum"] or ZERO

    @property
    def contract_sum_to_date(self):
        """Line 3: both together, in dollars."""
        return self.lines.billable().aggregate(sum=Sum("amount"))["sum"] or ZERO


class InvoiceContactQuerySet(models.QuerySet):
    def acting(self):
        """Who can still act: their login is open, and they work for the commitment's vendor.

        `invoice_queries.CONTACT` says the same in SQL: who changes one changes both.
        """
        return self.filter(
            person__is_active=True,
            person__memberships__is_active=True,
            person__memberships__vendor=F("commitment__vendor"),
        )


class InvoiceContact(models.Model):
    """A person of the commitment's vendor who answers invites and bills (1.1)."""

    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="invoice_contacts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="invoice_contacts")
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    objects = InvoiceContactQuerySet.as_manager()

    class Meta:
        ordering = ["person__name"]
        constraints = [models.UniqueConstraint("commitment", "person", name="a_contact_is_named_once")]

    def __str__(self):
        return f"{self.person} for {self.commitment}"


class ScheduleLineQuerySet(models.QuerySet):
    def original(self):
        return self.filter(change_order__isnull=True)

    def billable(self):
        """The schedule of values and the lines of approved change orders, once each (N-11)."""
        return self.filter(Q(change_order__isnull=True) | Q(change_order__status="approved"))

    def not_on(self, invoice):
        """Billable lines that an invoice lacks: of change orders approved since it was started (I-7)."""
        return self.billable().exclude(invoice_lines__invoice=invoice)

    def contract_sums(self) -> dict[int, Decimal]:
        """{commitment id: contract sum to date in dollars}, of what is filtered so far, in one query."""
        return dict(self.billable().order_by().values_list("commitment").annotate(Sum("amount")))


class ScheduleLine(models.Model):
    """One line of a schedule of values: the original's, or a change order's when `change_order` is set."""

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="lines")
    change_order = models.ForeignKey(
        "invoicing.ChangeOrder", models.PROTECT, null=True, blank=True, related_name="lines"
    )
    position = models.PositiveIntegerField(help_text="Unique in the commitment; change-order lines come after.")
    cost_code = models.ForeignKey(CostCode, models.PROTECT, related_name="+")
    cost_type = models.PositiveSmallIntegerField(choices=CostType, default=CostType.SUBCONTRACT)
    description = models.CharField(max_length=200)
    amount = MoneyField("scheduled value")
    quantity = QuantityField(null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    unit_price = UnitPriceField(null=True, blank=True)
    retainage_rate = RateField("retainage % of its own", null=True, blank=True)

    objects = ScheduleLineQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint("commitment", "position", name="a_position_is_used_once_in_a_commitment"),
            models.CheckConstraint(
                condition=Q(quantity__isnull=True, unit_price__isnull=True)
                | Q(quantity__isnull=False, unit_price__isnull=False),
                name="a_quantity_comes_with_a_unit_price",
            ),
            models.CheckConstraint(condition=Q(cost_type__gte=1, cost_type__lte=9), name="a_cost_type_is_one_of_nine"),
        ]

    def __str__(self):
        return f"{self.position} {self.description}"

    @property
    def key(self) -> str:
        """How the line is named towards accounting: SOV-001."""
        return f"SOV-{self.position:03d}"

    @property
    def is_unit_priced(self) -> bool:
        return self.unit_price is not None
