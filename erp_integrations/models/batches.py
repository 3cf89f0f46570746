"""The queue and the files: one accepted batch, what is in it, who took the file away, and whether a worker lives."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from directory.fields import MoneyField
from directory.models import Company
from directory.models.leases import Leased, LeasedQuerySet
from directory.models.matching import holding
from directory.server_clock import server_now
from erp_integrations.models.exports import ExportStatus, InvoiceExport
from erp_integrations.models.layouts import ImportLayout
from erp_integrations.sage100 import facts
from erp_integrations.sage100.batch_keys import batch_key, typed_number
from erp_integrations.sage100.facts import AsAccepted
from erp_integrations.sage100.layout import Layout
from invoicing.calculations.money import ZERO
from invoicing.models import Invoice, StartingCertificate

RESEND = timedelta(seconds=30)
SILENCE = timedelta(seconds=60)
GONE = timedelta(hours=1)


class BatchState(models.TextChoices):
    PENDING = "pending", "Accepted"
    BUILDING = "building", "Building"
    READY = "ready", "Ready"
    DEAD = "dead", "Failed"
    VOID = "void", "Void"


UNDER_WAY = (BatchState.PENDING, BatchState.BUILDING)  # accepted and not built yet


class BatchStanding(models.TextChoices):
    """How far a file is for those who bring it into Sage: each batch stands in one of them."""

    BUILDING = "building", "Being built"
    TO_DOWNLOAD = "to-download", "To download"
    TO_CONFIRM = "to-confirm", "To confirm"
    CONFIRMED = "confirmed", "Confirmed"
    FAILED = "failed", "Failed"
    VOID = "void", "Void"


def _of_each(rows, figure, field: models.Field | None = None, *, batch: str = "batch") -> Coalesce:
    """One figure of the rows that each batch has; 0 where it has none."""
    field = field or models.IntegerField()
    found = rows.filter(**{batch: models.OuterRef("pk")}).order_by().values(batch).annotate(figure=figure)
    return Coalesce(models.Subquery(found.values("figure"), output_field=field), models.Value(0, output_field=field))


class ExportBatchQuerySet(LeasedQuerySet):
    def of(self, company):
        return self.filter(company=company)

    def ready(self):
        """Built, with a file that can be taken."""
        return self.filter(state=BatchState.READY)

    def unconfirmed(self):
        """Built, and of at least one invoice in it nobody has said yet that Sage has it."""
        waiting = ExportItem.objects.filter(is_live=True, invoice_export__status=ExportStatus.EXPORTED)
        return self.ready().filter(pk__in=waiting.order_by().values("batch"))

    def with_standing(self):
        """`standing`: its BatchStanding, asked of the database for all."""
        items = ExportItem.objects.filter(batch=models.OuterRef("pk"), is_live=True)
        taken = Download.objects.filter(batch=models.OuterRef("pk"))
        ways = {
            BatchStanding.BUILDING: Q(state__in=UNDER_WAY),
            BatchStanding.FAILED: Q(state=BatchState.DEAD),
            BatchStanding.VOID: Q(state=BatchState.VOID),
            BatchStanding.CONFIRMED: ~models.Exists(items.filter(invoice_export__status=ExportStatus.EXPORTED)),
            BatchStanding.TO_CONFIRM: models.Exists(taken),
        }
        whens = (models.When(asked, then=models.Value(standing.value)) for standing, asked in ways.items())
        return self.annotate(standing=models.Case(*whens, default=models.Value(BatchStanding.TO_DOWNLOAD.value)))

    def named(self, words: str):
        """Under this key (EXP-000412, exp 412, 412), or with an invoice that has or had the words in its number."""
        held = ExportItem.objects.filter(holding(words, "invoice_export__invoice__number", "number_key"))
        return self.filter(Q(pk__in=held.order_by().values("batch")) | Q(number=typed_number(words, bare=True)))

    def with_what_is_left(self):
        """`live_…`: how many invoices it carries now, what their rows come to, and what is released for them.

        In dollars. The batch's own totals are those of the file, which still counts what has left it since.
        """
        live = ExportItem.objects.filter(is_live=True)
        gross, held = (f"invoice_export__invoice__{name}" for name in ("gross_this_period", "retainage_newly_held"))
        sheet = RetainageRelease.objects.filter(item__is_live=True)
        return self.defer("snapshot", "findings").annotate(
            live_count=_of_each(live, Count("pk")),
            live_gross=_of_each(live, Sum(gross), MoneyField()),
            live_retainage=_of_each(live, Sum(held), MoneyField()),
            live_net=_of_each(live, Sum(F(gross) - F(held)), MoneyField()),
            live_released=_of_each(sheet, Sum("released"), MoneyField(), batch="item__batch"),
        )

    def for_list(self):
        """Newest first, with what it carries now, how many of that are posted, and how often it was taken."""
        posted = ExportItem.objects.filter(is_live=True, invoice_export__status=ExportStatus.POSTED)
        return (
            self.with_what_is_left()
            .select_related("accepted_by", "layout")
            .annotate(
                posted_count=_of_each(posted, Count("pk")),
                download_count=_of_each(Download.objects.all(), Count("pk")),
            )
            .order_by("-number")
        )

    def unheard(self, now):
        """Nobody works on it and no message stands for it: lost messages, killed workers, restored backups (R5, R6)."""
        silent = Q(enqueued_at__isnull=True) | ~Q(enqueued_at__range=(now - RESEND, now + RESEND))  # by what clock ever
        return self.claimable(now).filter(silent | Q(state=BatchState.BUILDING))


class ExportBatch(Leased):
    """The row is the queue, and the record of what was accepted. Once ready, triggers keep it as it is (E-2)."""

    State = BatchState
    WAITING, AT_WORK, MAX_ATTEMPTS = *UNDER_WAY, 5
    renewed_at = 0.0  # when this worker last renewed its lease, in seconds by its own clock that nobody sets

    company = models.ForeignKey(Company, models.PROTECT, related_name="export_batches")
    number = models.PositiveIntegerField()
    layout = models.ForeignKey(ImportLayout, models.PROTECT, related_name="batches")
    accounting_date = models.DateField()
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    snapshot = models.TextField(help_text="The accepted facts as canonical JSON.")
    snapshot_sha256 = models.CharField(max_length=64)
    counts_below = models.PositiveIntegerField(
        null=True, help_text="Its release sheet counts what batches below this number release; as of the acceptance."
    )
    accepted_rows_sha256 = models.CharField(max_length=64, help_text="The rows as the approver saw them.")
    list_versions = models.JSONField(default=dict, help_text="{kind: id} of Sage's lists it was accepted on.")
    findings = models.JSONField(default=list, help_text="What the rules said, each warning ticked.")

    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.PENDING)
    enqueued_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=500, blank=True)

    file_name = models.CharField(max_length=80, blank=True)
    file_key = models.CharField(max_length=120, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    csv_key = models.CharField(max_length=120, blank=True)
    csv_sha256 = models.CharField(max_length=64, blank=True)
    rows_sha256 = models.CharField(max_length=64, blank=True)
    invoice_count = models.PositiveIntegerField(default=0)
    row_count = models.PositiveIntegerField(default=0)
    gross = MoneyField(default=ZERO)
    retainage = MoneyField("retainage newly held", default=ZERO)
    net = MoneyField("gross less retainage newly held", default=ZERO)
    totals_by_job = models.JSONField(default=list)
    built_at = models.DateTimeField(null=True)

    objects = ExportBatchQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "export batches"
        ordering = ["-number"]
        indexes = [
            models.Index(fields=["state", "lease_until"], condition=Q(state__in=UNDER_WAY), name="batches_to_build")
        ]
        constraints = [
            models.UniqueConstraint("company", "number", name="a_batch_number_is_used_once_in_a_company"),
            models.CheckConstraint(
                condition=~Q(state="ready")
                | (Q(built_at__isnull=False) & ~Q(file_key="") & ~Q(file_sha256="") & ~Q(csv_sha256="")),
                name="a_ready_batch_has_its_file",
            ),
            models.CheckConstraint(
                condition=~Q(state="building") | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="a_batch_being_built_has_a_lease",
            ),
            models.CheckConstraint(condition=~Q(state="dead") | ~Q(error=""), name="a_failed_batch_says_why"),
        ]

    def __str__(self):
        return self.key

    @property
    def key(self) -> str:
        """What stands in Sage's User def 1: EXP-000412."""
        return batch_key(self.number)

    @property
    def tried_again_at(self):
        """When a sweep takes it up again, after an attempt that failed by what may pass (R130); else None."""
        waits = self.state == BatchState.PENDING and self.lease_until and self.lease_until > server_now()
        return self.lease_until if waits else None

    @property
    def facts(self) -> facts.BatchFacts:
        return facts.batch_from_json(self.snapshot)

    @property
    def frozen_company_and_layout(self) -> tuple[str, Layout]:
        """For which company of Sage it was accepted, and after which layout: whether it is a draft stays so (S6)."""
        return facts.company_and_layout_from_json(self.snapshot)

    @property
    def as_accepted(self) -> dict[int, AsAccepted]:
        """{id of an invoice: its number and sums when the batch was accepted}: what left it may be another one now."""
        return facts.as_accepted_from_json(self.snapshot)

    @property
    def csv_name(self) -> str:
        return self.file_name.removesuffix(".xlsx") + ".csv"

    @property
    def has_file(self) -> bool:
        """A void batch keeps its file for the record (E-2)."""
        return bool(self.file_key)


class ExportItem(models.Model):
    """One invoice in one batch. `is_live` ends with a rejection or a void; until then no other batch holds it (E-1).

    `vendor_number`, `number_key`, `job_number`, `commitment_number`: under what Sage gets it, as accepted. What is ours
    may change later. `billed_lines`: {line of Sage's commitment: cents that the file bills on it} (S40).
    """

    batch = models.ForeignKey(ExportBatch, models.PROTECT, related_name="items")
    invoice_export = models.ForeignKey(InvoiceExport, models.PROTECT, related_name="items")
    position = models.PositiveIntegerField(help_text="Its place in the file.")
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    vendor_number = models.CharField("Sage vendor number", max_length=10, blank=True)
    number_key = models.CharField("invoice number as compared", max_length=20, blank=True)
    job_number = models.CharField("Sage job number", max_length=10, blank=True)
    commitment_number = models.CharField(  # noqa: DJ001 (None: an older process wrote it)
        "Sage subcontract or PO number", max_length=20, null=True
    )
    billed_lines = models.JSONField(null=True)
    is_live = models.BooleanField(default=True)
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")

    class Meta:
        ordering = ["position"]
        indexes = [
            models.Index(
                fields=["company", "commitment_number"], condition=Q(is_live=True), name="files_of_a_sage_commitment"
            )
        ]
        constraints = [
            models.UniqueConstraint("batch", "invoice_export", name="an_invoice_is_once_in_a_batch"),
            models.UniqueConstraint(
                "invoice_export", condition=Q(is_live=True), name="an_invoice_is_in_one_live_batch"
            ),
            models.UniqueConstraint(
                "company",
                "vendor_number",
                "number_key",
                condition=Q(is_live=True) & ~Q(vendor_number=""),
                name="a_number_of_a_sage_vendor_is_in_one_live_batch",
            ),
            models.CheckConstraint(
                condition=Q(replaced_by__isnull=True) | Q(is_live=False), name="only_an_ended_item_is_replaced"
            ),
        ]

    def __str__(self):
        return f"{self.invoice_export.invoice} in {self.batch}"


class RetainageReleaseQuerySet(models.QuerySet):
    def standing_of(self, exports):
        """What the files that these exports stand in release for them."""
        return self.filter(item__is_live=True, item__invoice_export__in=exports).select_related(
            "on_invoice", "on_start"
        )

    def of_batch(self, batch):
        """As the release sheet has them, in its order; with those of what left the batch since."""
        found = self.filter(item__batch=batch)
        of = "item__invoice_export__invoice"
        return found.select_related("on_invoice", "on_start", f"{of}__vendor", f"{of}__commitment").order_by(
            "item__position", "pk"
        )


class RetainageRelease(models.Model):
    """What a batch's release sheet tells staff to release in Sage, in dollars (S51).

    It stands on one earlier invoice, or on what a commitment held when it came here in the middle of its job. Triggers
    keep those of a built file: later sheets count them.
    """

    item = models.ForeignKey(ExportItem, models.PROTECT, related_name="releases")
    on_invoice = models.ForeignKey(Invoice, models.PROTECT, null=True, related_name="releases_on_it")
    on_start = models.ForeignKey(StartingCertificate, models.PROTECT, null=True, related_name="releases_on_it")
    held = MoneyField("held before it")
    released = MoneyField()

    objects = RetainageReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("item", "on_invoice", name="a_release_names_an_invoice_once"),
            models.UniqueConstraint("item", "on_start", name="a_release_names_the_start_once"),
            models.CheckConstraint(
                condition=Q(on_invoice__isnull=False, on_start__isnull=True)
                | Q(on_invoice__isnull=True, on_start__isnull=False),
                name="a_release_stands_on_one_invoice_or_on_the_start",
            ),
            models.CheckConstraint(
                condition=Q(released__gt=0) & Q(released__lte=F("held")), name="a_release_is_not_above_what_is_held"
            ),
        ]

    def __str__(self):
        return f"{self.released} on {self.on}"

    @property
    def on(self) -> Invoice | StartingCertificate:
        return self.on_invoice or self.on_start


class Download(models.Model):
    """Who took which file, when, from where (E-2). Triggers refuse to change or delete a row."""

    class Which(models.TextChoices):
        XLSX = "xlsx", "Workbook"
        CSV = "csv", "CSV"

    batch = models.ForeignKey(ExportBatch, models.PROTECT, related_name="downloads")
    which = models.CharField(max_length=4, choices=Which)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    remote_address = models.GenericIPAddressField(null=True)
    reason = models.CharField("why it was taken again", max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.batch} {self.which} taken by {self.by}"


class WorkerPulse(models.Model):
    """When a background worker was last seen, so that a page can say that exports wait for one (R30)."""

    name = models.CharField(max_length=120, unique=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self):
        return f"{self.name} at {self.seen_at:%H:%M:%S}"

    @classmethod
    def beat(cls, name: str) -> None:
        """It took work just now. Containers have a new name each: those not seen for an hour are gone for good."""
        now = server_now()
        cls.objects.update_or_create(name=name, defaults={"seen_at": now})
        cls.objects.filter(seen_at__lt=now - GONE).delete()

    @classmethod
    def last_seen(cls):
        """When any worker was last seen; None when none ever was."""
        newest = cls.objects.order_by("-seen_at").first()
        return newest.seen_at if newest else None

    @classmethod
    def is_silent(cls) -> bool:
        """No worker for a minute: exports are waiting."""
        seen = cls.last_seen()
        return seen is None or server_now() - seen > SILENCE
