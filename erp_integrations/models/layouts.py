"""The import layouts of a company as data, and how it wants its exports made."""

from dataclasses import replace
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from directory.models import Company
from erp_integrations.business_days import closed_days
from erp_integrations.models.links import DIGITS, account_choice
from erp_integrations.sage100 import canonical, layout
from erp_integrations.sage100.facts import ExportSettings
from erp_integrations.sage100.lists import ENTERED_AS, LostDays
from invoicing.models import Invoice, InvoiceStatus


class ImportLayoutQuerySet(models.QuerySet):
    def shipped_to(self, company):
        """The published reconstructions `apinv-r1` and `apinv-r2`, not verified, as rows of this company."""
        for shipped in layout.SHIPPED:
            self.get_or_create(
                company=company,
                name=shipped.name,
                version=shipped.version,
                defaults={"columns": canonical.to_plain(shipped), "is_verified": shipped.verified},
            )
        return self.filter(company=company)

    def offered_to(self, company) -> "list[ImportLayout]":
        """What the company may choose from: its rows, or the shipped ones unsaved while it has none."""
        rows = list(self.filter(company=company))
        return rows or [ImportLayout.shipped(each, company) for each in layout.SHIPPED]

    def files_of(self, company) -> dict[int, int]:
        """{layout: how many batches were accepted under it}, where there is one."""
        counted = self.filter(company=company, batches__isnull=False).order_by().annotate(n=models.Count("batches"))
        return dict(counted.values_list("pk", "n"))

    def usual(self, company):
        """The layout of a company that has chosen none: its row, or the shipped one unsaved while there is no row."""
        unsaved = ImportLayout.shipped(layout.APINV_R1, company)
        return self.filter(company=company, name=unsaved.name, version=unsaved.version).first() or unsaved


class ImportLayout(models.Model):
    """Which column carries what. Correcting it never needs a programmer; once used it is copied before editing."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="import_layouts")
    name = models.CharField(max_length=40)
    version = models.PositiveIntegerField(default=1)
    is_verified = models.BooleanField("compared with the maker's template", default=False)
    columns = models.JSONField()

    objects = ImportLayoutQuerySet.as_manager()

    class Meta:
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint("company", "name", "version", name="a_layout_version_is_made_once")]

    def __str__(self):
        return self.as_layout().label

    @classmethod
    def shipped(cls, made: layout.Layout, company: Company) -> "ImportLayout":
        """Unsaved."""
        named = {"company": company, "name": made.name, "version": made.version}
        return cls(**named, columns=canonical.to_plain(made), is_verified=made.verified)

    @property
    def key(self) -> str:
        """`apinv-r1/2`: what addresses and forms call it."""
        return f"{self.name}/{self.version}"

    @property
    def fingerprint(self) -> str:
        """Of its columns: tells whether they are still those of a page."""
        return canonical.digest(self.as_layout())

    @property
    def is_used(self) -> bool:
        """A file was made after it, so it stays as it is and is copied for editing."""
        return self.batches.exists()

    def as_layout(self) -> layout.Layout:
        columns = canonical.from_plain(layout.Layout, self.columns)
        return replace(columns, name=self.name, version=self.version, verified=self.is_verified)

    def next_version(self) -> "ImportLayout":
        """An unsaved copy to edit: same columns, next free version, not verified."""
        newest = ImportLayout.objects.filter(company=self.company_id, name=self.name).order_by("-version").first()
        return ImportLayout(
            company_id=self.company_id, name=self.name, version=newest.version + 1, columns=self.columns
        )


LONGEST_TERMS = 365  # days


def only_days(text: str) -> None:
    try:
        closed_days(text)
    except ValueError as fault:
        raise ValidationError(str(fault)) from None


class ErpSettings(models.Model):
    """How one company exports.

    `next_batch_number` is taken under this row's lock, so batch keys have no gap but what a restore leaves out.
    `restored_at`, `restored_to`: while a restore holds what is sent (R127). `settled_restored_at`: of one that did.
    """

    class Sendable(models.TextChoices):
        CERTIFIED = "approvals", "Approved and approved as noted"
        APPROVED_ONLY = "approved_only", "Approved only"
        WITH_PENDING = "with_pending", "Also pending owner approval"

    class OverRemaining(models.TextChoices):
        WARNING = "warning", "Warn"
        ERROR = "error", "Block"

    STATUSES = {
        Sendable.CERTIFIED: Invoice.CERTIFIED,
        Sendable.APPROVED_ONLY: (InvoiceStatus.APPROVED,),
        Sendable.WITH_PENDING: Invoice.APPROVALS,
    }

    company = models.OneToOneField(Company, models.PROTECT, related_name="erp_settings")
    sage_company_name = models.CharField("name of the Sage company", max_length=120)
    layout = models.ForeignKey(ImportLayout, models.PROTECT, related_name="+", verbose_name="layout of import files")
    next_batch_number = models.PositiveIntegerField(default=1)
    sendable = models.CharField("what may be sent", max_length=20, choices=Sendable, default=Sendable.CERTIFIED)
    default_status = models.PositiveSmallIntegerField("status in Sage", choices=[*ENTERED_AS.items()], default=1)
    terms_days = models.PositiveSmallIntegerField(
        "due after, in days",
        default=30,
        validators=[MaxValueValidator(LONGEST_TERMS)],
        help_text="When the vendor has no terms.",
    )
    subcontract_account = models.CharField("account for subcontracts", blank=True, **DIGITS)
    subcontract_sub_account = models.CharField("sub-account for subcontracts", blank=True, **DIGITS)
    purchase_order_account = models.CharField("account for purchase orders", blank=True, **DIGITS)
    purchase_order_sub_account = models.CharField("sub-account for purchase orders", blank=True, **DIGITS)
    over_remaining = models.CharField(
        "a line above what remains in Sage", max_length=10, choices=OverRemaining, default=OverRemaining.WARNING
    )
    tax_is_inside_amounts = models.BooleanField("tax is inside the amounts", default=False)
    is_canadian = models.BooleanField("this is a Canadian Sage company", default=False)
    closed_days = models.TextField(
        "days on which the office is closed", blank=True, default="", validators=[only_days],
        help_text="One ISO date a line.",
    )  # fmt: skip
    version = models.PositiveIntegerField(default=0)  # counts what was saved (I-5)
    restored_at = models.DateTimeField(
        null=True, blank=True, help_text="Until Sage's payable invoices of a later day are uploaded."
    )
    restored_to = models.DateTimeField(null=True, blank=True, help_text="The moment of the backup.")
    settled_restored_at = models.DateTimeField(
        null=True, blank=True, help_text="The newest restore, once such a list ended what it held."
    )

    class Meta:
        verbose_name_plural = "ERP settings"
        constraints = [
            models.CheckConstraint(
                condition=Q(default_status__in=tuple(ENTERED_AS)), name="sage_status_is_open_or_review"
            ),
        ]

    def __str__(self):
        return f"ERP settings of {self.company}"

    @classmethod
    def of(cls, company: Company) -> "ErpSettings":
        """To read: the company's settings, or the usual ones unsaved while it has chosen nothing; writes nothing."""
        found = cls.objects.select_related("layout").filter(company=company).first()
        return found or cls(company=company, sage_company_name=company.name, layout=ImportLayout.objects.usual(company))

    @classmethod
    def made_for(cls, company: Company) -> "ErpSettings":
        """To lock or to change: the same as a row, made with the shipped layouts when there is none yet."""
        settings = cls.of(company)
        if settings.pk:
            return settings
        layouts = ImportLayout.objects.shipped_to(company)
        defaults = {"sage_company_name": settings.sage_company_name, "layout": layouts.usual(company)}
        return cls.objects.get_or_create(company=company, defaults=defaults)[0]

    @classmethod
    def held_for(cls, company: Company) -> "ErpSettings":
        """The row, made when there is none, locked until the commit: an acceptance waits, or came before."""
        held = cls.objects.select_for_update(of=("self",)).select_related("layout").filter(company=company)
        return held.first() or held.get(pk=cls.made_for(company).pk)

    @classmethod
    def closed_days_of(cls, company: Company) -> frozenset[date]:
        """In one query; none before a company has said any."""
        return frozenset(
            closed_days("\n".join(cls.objects.filter(company=company).values_list("closed_days", flat=True)))
        )

    @property
    def lost_days(self) -> LostDays | None:
        """Of the newest restore, on the company's clocks; None where there was none (R127)."""
        until = self.restored_at or self.settled_restored_at
        if until is None:
            return None
        since, zone = self.restored_to, self.company.zone
        return LostDays(since=since and since.astimezone(zone), until=until.astimezone(zone))

    @property
    def sendable_statuses(self) -> tuple[str, ...]:
        """By the alphabet: what a batch froze is held against it, and another order would be a change (S60)."""
        return tuple(sorted(str(status) for status in self.STATUSES[self.sendable]))

    def as_settings(self, cost_type_accounts=(), job_accounts=()) -> ExportSettings:
        """As the pure rules take it; the accounts of links are the caller's, who read them anyway."""
        return ExportSettings(
            default_status=self.default_status,
            terms_days=self.terms_days,
            subcontract_account=account_choice(self.subcontract_account, self.subcontract_sub_account),
            purchase_order_account=account_choice(self.purchase_order_account, self.purchase_order_sub_account),
            cost_type_accounts=cost_type_accounts,
            job_accounts=job_accounts,
            sendable_statuses=self.sendable_statuses,
            over_remaining_severity=self.over_remaining,
            tax_is_inside_amounts=self.tax_is_inside_amounts,
        )
