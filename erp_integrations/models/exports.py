"""An invoice's way to accounting: the second status machine, beside the invoice's own (domain 6.2)."""

import hashlib

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Max, OuterRef, Q, Subquery
from django_fsm import FSMField, FSMModelMixin, transition

from directory.number_looks import LONGEST_NUMBER
from erp_integrations import permissions
from erp_integrations.models.layouts import ErpSettings
from erp_integrations.models.locks import lock_in_order
from erp_integrations.sage100.reconciling import RECORD_LENGTH
from erp_integrations.sage100.rules import DESCRIPTION_LENGTH
from invoicing.labels import STAGES_IN_ERP
from invoicing.models import Invoice


class ExportStatus(models.TextChoices):
    NOT_SENT = "not_sent", "Not sent"
    READY_TO_EXPORT = "ready_to_export", "Ready to export"
    EXPORTING = "exporting", "Exporting"
    EXPORTED = "exported", STAGES_IN_ERP["exported"]
    POSTED = "posted", STAGES_IN_ERP["posted"]
    RETRIEVED = "retrieved", "Taken back"
    REJECTED = "rejected", "Rejected by accounting"
    FAILED = "failed", "Failed"
    VOIDED = "voided", "Voided"


S = ExportStatus
SENDABLE_FROM = (S.NOT_SENT, S.RETRIEVED, S.REJECTED, S.VOIDED)
TO_BE_BUILT = (S.READY_TO_EXPORT, S.FAILED)  # its file is still to come, from facts that may change
BEFORE_A_FILE = (S.READY_TO_EXPORT, S.EXPORTING, S.FAILED)
ACCEPTED = (S.EXPORTING, S.FAILED, S.EXPORTED, S.POSTED)
FROZEN = (S.EXPORTING, S.EXPORTED, S.POSTED)  # as it was accepted (E-6)
IN_A_FILE = (S.EXPORTED, S.POSTED)
WITH_ACCOUNTING = (S.READY_TO_EXPORT, *ACCEPTED)  # whatever it has done so far; the invoice is locked


class InvoiceExportQuerySet(models.QuerySet):
    def of(self, company):
        return self.filter(invoice__commitment__company=company)

    def with_facts(self):
        """With all that a file says of it and its identities are proved by: each table more costs a build (F13)."""
        return self.select_related(
            "invoice__commitment__project__company",
            "invoice__commitment__project__sage_link",
            "invoice__commitment__sage_link",
            "invoice__commitment__starting_certificate",
            "invoice__vendor__sage_link",
            "invoice__approved_by",
            "invoice__previous",
            "sent_by",
        )

    def with_context(self):
        """With all that a page or an action about one export needs to know of its surroundings."""
        return self.with_facts().select_related(
            "invoice__commitment__vendor", "invoice__billing_period", "invoice__created_by", "answered_by"
        )

    def with_part_of(self, person):
        """`part`: what this person did to each before accounting answers it; `permissions.conflict_of` asks it."""
        return self.annotate(part=permissions.earlier_part(person))

    def with_file_moment(self):
        """`in_file_at`: when the file was built that it stands in now."""
        return self.annotate(in_file_at=Max("items__batch__built_at", filter=Q(items__is_live=True)))

    def in_file_order(self):
        """The order in which invoices stand in a file."""
        return self.order_by("invoice__commitment__number", "invoice__position", "pk")

    def ready_to_export(self):
        return self.filter(status=S.READY_TO_EXPORT)

    def failed(self):
        return self.filter(status=S.FAILED)

    def locked_to_finish(self, pks):
        """`locked` for a worker that needs to know no more of them than their events name (F13)."""
        lock_in_order(pks)
        found = self.select_related("invoice__commitment__project__company")
        return list(found.filter(pk__in=pks).in_file_order())

    def locked(self, pks, *, with_vendors: bool = False):
        """Exports for writing, locked in the one global order: periods, commitments, invoices, exports (R42–R45).

        `former_item_id`: its place in the newest batch that it left. `with_vendors`: until the commit nobody asks
        for a change of theirs, nor has one verified (R81).
        """
        pks = set(pks)
        lock_in_order(pks, with_vendors=with_vendors)
        ended = apps.get_model("erp_integrations", "ExportItem").objects.filter(invoice_export=OuterRef("pk"))
        newest = ended.filter(is_live=False, replaced_by=None).order_by("-pk").values("pk")[:1]
        found = self.with_context().annotate(former_item_id=Subquery(newest)).filter(pk__in=pks)
        return list(found.in_file_order() if len(pks) > 1 else found.order_by())


def may_be_sent(export) -> bool:
    """The invoice is approved in a way the company sends, and not deleted."""
    return export.invoice.deleted_at is None and is_sendable(export.invoice)


may_be_sent.refusal = "Only an approved invoice can be sent to ERP. Approve it first."


def is_sendable(invoice: Invoice) -> bool:
    """The company's settings are asked about one of the three approvals only: nothing else is ever sent."""
    if invoice.status not in Invoice.APPROVALS:
        return False
    company = invoice.company
    chosen = company.erp_settings if hasattr(company, "erp_settings") else ErpSettings()
    return invoice.status in chosen.sendable_statuses


def sendable(company: int | None = None) -> Q:
    """`is_sendable` of an invoice, for lists; a company that has said nothing sends what is usual.

    The companies that say so are asked once, beside the rows and neither joined to them nor asked for each (F4).
    `company`: the id of the one whose invoices they are, which alone is asked then: by the tab of a list, whose rows
    are of one company and many.
    """
    usual, found = ErpSettings.Sendable.CERTIFIED, Q()
    for choice, statuses in ErpSettings.STATUSES.items():
        is_usual = choice == usual  # what nobody has to say: all but those who say otherwise
        said = ErpSettings.objects.exclude(sendable=usual) if is_usual else ErpSettings.objects.filter(sendable=choice)
        if company:
            say_so = Q(Exists(said.filter(company=company)))
        else:
            say_so = Q(commitment__company__in=said.values("company"))
        found |= Q(status__in=statuses) & (~say_so if is_usual else say_so)
    return found


def ready_for_erp(company: int | None = None) -> Q:
    """Sendable, and not with accounting: an invoice is locked for as long as it is (6.2)."""
    return Q(is_locked=False) & sendable(company)


def choice_of(company: int) -> Subquery:
    """What this company said it sends, for a query over its invoices; NULL where it said nothing."""
    return Subquery(ErpSettings.objects.filter(company=company).values("sendable")[:1])


def is_ready(choice: str | None, status: str, is_locked: bool) -> bool:
    """`ready_for_erp` of an invoice, by its company's `choice_of`."""
    return not is_locked and status in ErpSettings.STATUSES[choice or ErpSettings.Sendable.CERTIFIED]


class InvoiceExport(FSMModelMixin, models.Model):
    """One per invoice, made when it is first sent. `description`, the dates and `reference_no` are the approver's.

    No amount is.
    """

    Status = ExportStatus

    invoice = models.OneToOneField(Invoice, models.PROTECT, related_name="export")
    status = FSMField(choices=ExportStatus, default=ExportStatus.NOT_SENT, protected=True, max_length=20)
    sent_at = models.DateTimeField(null=True)
    sent_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    duties_waived = models.BooleanField(default=False, help_text="P-7 was switched off when it was accepted.")
    reason = models.CharField("why accounting rejected or voided it", max_length=500, blank=True)
    error = models.CharField("why the file could not be built", max_length=500, blank=True)
    description = models.CharField(max_length=DESCRIPTION_LENGTH, blank=True)
    due_date = models.DateField(null=True, blank=True)
    discount_date = models.DateField(null=True, blank=True)
    reference_no = models.CharField(
        "reference no",
        max_length=LONGEST_NUMBER,
        blank=True,
        default="",
        db_default="",
        help_text="What a credit reduces (S45).",
    )
    reference_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    only_releases = models.BooleanField(default=False, help_text="As accepted: no rows, only the release sheet (S50).")
    sage_record_number = models.CharField(max_length=RECORD_LENGTH, blank=True)
    listed_date = models.DateField(
        null=True,
        blank=True,
        help_text="Of the list of payables that it was found in without a number. Its page takes that later.",
    )
    posted_at = models.DateTimeField(null=True)
    posted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    findings = models.JSONField(default=list, help_text="What the rules said when it was sent.")

    objects = InvoiceExportQuerySet.as_manager()

    sent_again_to = None  # whoever had rejected it and was mailed of it: known to the sending that did so alone

    class Meta:
        ordering = ["-sent_at"]
        indexes = [models.Index(fields=["status", "sent_at"], name="exports_by_status")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=S.NOT_SENT) | Q(sent_by__isnull=False, sent_at__isnull=False),
                name="a_sent_invoice_has_a_sender_and_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=ACCEPTED) | Q(answered_by__isnull=False, answered_at__isnull=False),
                name="an_accepted_invoice_has_a_person_and_a_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=ACCEPTED) | Q(duties_waived=True) | ~Q(answered_by=F("sent_by")),
                name="whoever_sent_does_not_accept",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=(S.REJECTED, S.VOIDED)) | ~Q(reason=""), name="a_rejection_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~Q(status=S.POSTED)
                | Q(only_releases=True)
                | ~Q(sage_record_number="")
                | Q(listed_date__isnull=False),
                name="a_posted_invoice_is_known_in_sage",
            ),
            models.CheckConstraint(
                condition=Q(reference_no="") | Q(reference_by__isnull=False),
                name="a_chosen_reference_has_a_person",
            ),
        ]

    def __str__(self):
        return f"Export of {self.invoice}"

    @property
    def sending(self) -> str:
        """Which of its sendings this is: an answer names the one that was looked at."""
        return self.sent_at.isoformat() if self.sent_at else ""

    @property
    def rejecter(self):
        """Who rejected it, for as long as it is: they hear at once that it was sent again."""
        return self.answered_by if self.status == S.REJECTED else None

    @property
    def mark(self) -> str:
        """This sending, the invoice's version and the approver's own words on it, in 16 characters (I-5)."""
        own = (self.sending, self.invoice.version, self.description, self.due_date, self.discount_date)
        own += (self.reference_no,)
        return hashlib.sha256(repr(own).encode()).hexdigest()[:16]

    @property
    def company(self):
        return self.invoice.company

    @property
    def project(self):
        return self.invoice.project

    @property
    def live_item(self):
        """Its place in the one live batch it is in; None when it is in none (E-1). Its long texts come later."""
        live = self.items.filter(is_live=True).select_related("batch")
        return live.defer("batch__snapshot", "batch__findings").first()

    # The machine. A body touches only its own row; `actions.exports` does the rest in the same transaction.

    @transition(
        status,
        source=SENDABLE_FROM,
        target=S.READY_TO_EXPORT,
        conditions=[may_be_sent],
        permission=permissions.may_send,
        custom={"label": "Send to ERP", "done": permissions.SENT},
    )
    def send(self, by, at):
        self.sent_by, self.sent_at = by, at
        self.answered_by = self.answered_at = None
        self.reason = self.error = ""
        self.duties_waived = False
        self.sage_record_number, self.listed_date, self.posted_by, self.posted_at = "", None, None, None

    @transition(
        status,
        source=S.READY_TO_EXPORT,
        target=S.RETRIEVED,
        permission=permissions.may_send,
        custom={"label": "Take back", "done": "took back"},
    )
    def retrieve(self, by, at):
        pass

    @transition(
        status,
        source=TO_BE_BUILT,
        target=S.REJECTED,
        permission=permissions.may_answer,
        custom={"label": "Reject", "done": "rejected"},
    )
    def reject(self, by, at):
        self.answered_by, self.answered_at = by, at

    @transition(
        status,
        source=S.READY_TO_EXPORT,
        target=S.EXPORTING,
        permission=permissions.may_answer,
        custom={"label": "Accept and build file", "done": "accepted"},
    )
    def accept(self, by, at):
        self.answered_by, self.answered_at = by, at

    @transition(
        status,
        source=S.EXPORTING,
        target=S.EXPORTED,
        permission=permissions.is_the_program,
        custom={"label": "Built", "done": "built"},
    )
    def built(self, by, at):
        self.error = ""

    @transition(
        status,
        source=S.EXPORTING,
        target=S.FAILED,
        permission=permissions.is_the_program,
        custom={"label": "Failed", "done": "failed"},
    )
    def fail(self, by, at):
        pass

    @transition(
        status,
        source=S.FAILED,
        target=S.EXPORTING,
        permission=permissions.may_answer,
        custom={"label": "Try again", "done": "tried again"},
    )
    def retry(self, by, at):
        self.answered_by, self.answered_at = by, at
        self.error = ""

    @transition(
        status,
        source=S.EXPORTED,
        target=S.POSTED,
        permission=permissions.may_answer,
        custom={"label": "Confirm: imported in Sage", "done": "confirmed in Sage"},
    )
    def confirm(self, by, at):
        self.posted_by, self.posted_at = by, at

    @transition(
        status,
        source=IN_A_FILE,
        target=S.VOIDED,
        permission=permissions.may_void,
        custom={"label": "Void", "done": "voided"},
    )
    def void(self, by, at):
        pass
