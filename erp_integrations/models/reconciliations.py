"""What Sage's list of payable invoices said of our exports, each time somebody compared the two (E-9)."""

from django.conf import settings
from django.db import models
from django.db.models import Count, Q, Sum

from directory.fields import MoneyField
from directory.models import Company
from erp_integrations.models.batches import ExportItem
from erp_integrations.models.exports import ExportStatus
from erp_integrations.models.lists import SageListVersion
from erp_integrations.sage100.reconciling import DIFFERING, HELD_BY_SAGE, Kind, difference


class OutcomeKind(models.TextChoices):
    """As people read it, in the order of the page."""

    FOUND = Kind.FOUND.value, "Found"
    MISSING = Kind.MISSING.value, "Missing in Sage"
    AMOUNT = Kind.AMOUNT.value, "Amount differs"
    RETAINAGE = Kind.RETAINAGE.value, "Retainage differs"
    TWICE = Kind.TWICE.value, "Twice in Sage"
    DIFFERS = Kind.DIFFERS.value, "Differs otherwise"
    VOIDED = Kind.VOIDED.value, "Voided here, still in Sage"
    NOT_OURS = Kind.NOT_OURS.value, "Not ours"


class ReconciliationQuerySet(models.QuerySet):
    def of(self, company):
        return self.filter(company=company)

    def newest(self, company):
        """The last one of a company; None when there never was one."""
        return self.of(company).select_related("list_version", "by").defer("list_version__records_json").first()


class Reconciliation(models.Model):
    """One comparison. Triggers refuse to change or delete it. `others_*`: Sage's rows that have nothing to do with us.

    Those are not stored again: they are the list's rows that no outcome names, but for what Sage keeps as void.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="reconciliations")
    number = models.PositiveIntegerField()
    list_version = models.ForeignKey(SageListVersion, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64, help_text="Of every outcome: equal digests say the same.")
    others_count = models.PositiveIntegerField("Sage's rows that are not ours")
    others_gross = MoneyField()

    objects = ReconciliationQuerySet.as_manager()

    class Meta:
        ordering = ["company", "-number"]
        constraints = [
            models.UniqueConstraint("company", "number", name="a_reconciliation_number_is_used_once_in_a_company"),
        ]

    def __str__(self):
        return f"Reconciliation {self.number}"


class OutcomeQuerySet(models.QuerySet):
    def with_context(self):
        return self.select_related(
            "item__batch",
            "item__invoice_export__invoice__vendor",
            "item__invoice_export__invoice__commitment__project",
        ).defer("item__batch__snapshot", "item__batch__findings")

    def sums(self) -> dict[str, dict]:
        """{kind: {count, expected, found}}, in dollars, in one query."""
        rows = (
            self.order_by()
            .values("kind")
            .annotate(count=Count("pk"), expected=Sum("expected_gross"), found=Sum("found_gross"))
        )
        return {row["kind"]: row for row in rows}

    def held_by_sage(self):
        return self.filter(kind__in=[kind.value for kind in HELD_BY_SAGE])

    def differing(self):
        """Not what is missing from a list that can't know of its file: it is older, or of the same day."""
        unknown = Q(kind=OutcomeKind.MISSING, is_too_new=True)
        return self.filter(kind__in=[kind.value for kind in DIFFERING]).exclude(unknown)

    def to_look_at(self):
        """All but what was found in a list that can know of its file."""
        return self.exclude(kind=OutcomeKind.FOUND, is_too_new=False)

    def to_confirm(self):
        """Found, and still to be confirmed as posted.

        Not in a list that is older than the file, nor in a row without the key that others of it bear: the file may not
        have brought it, and the import may double it.
        """
        return self.filter(
            kind=OutcomeKind.FOUND,
            is_too_new=False,
            item__is_live=True,
            item__invoice_export__status=ExportStatus.EXPORTED,
        )


class Outcome(models.Model):
    """What became of one export, or one row of Sage that points at us. `places`: which rows of the list, from 0."""

    reconciliation = models.ForeignKey(Reconciliation, models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=10, choices=OutcomeKind)
    item = models.ForeignKey(ExportItem, models.PROTECT, null=True, related_name="outcomes")
    places = models.JSONField(default=list)
    vendor_number = models.CharField("Sage vendor", max_length=15, blank=True)
    invoice_number = models.CharField(max_length=100, blank=True)
    record_number = models.CharField("Sage record", max_length=100, blank=True)
    expected_gross = MoneyField(null=True)
    found_gross = MoneyField(null=True)
    expected_retainage = MoneyField(null=True)
    found_retainage = MoneyField(null=True)
    note = models.CharField(max_length=500, blank=True)
    is_too_new = models.BooleanField(default=False, db_default=False, help_text="Its file was built after the list.")

    objects = OutcomeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["reconciliation", "kind", "id"], name="outcomes_by_kind")]
        constraints = [
            models.CheckConstraint(
                condition=Q(item__isnull=False) | Q(kind=Kind.NOT_OURS.value), name="only_a_strange_row_has_no_export"
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.invoice_number}"

    @property
    def gross_difference(self):
        return difference(self.expected_gross, self.found_gross)

    @property
    def retainage_difference(self):
        return difference(self.expected_retainage, self.found_retainage)
