"""Files that people add: kept under the private root, served only through a view that checks who asks."""

from django.conf import settings
from django.db import models
from django.db.models import Sum

from invoicing.models.commitments import Commitment
from invoicing.models.invoices import Invoice


def attachment_path(attachment, name: str) -> str:
    """Under the private root by content, never by the name somebody gave."""
    return f"attachments/{attachment.sha256[:2]}/{attachment.sha256}"


class StoredFileQuerySet(models.QuerySet):
    def bytes_of(self, company) -> int:
        """How much all of the company's files of this sort have."""
        return self.filter(**{self.model.of_company: company}).aggregate(size=Sum("size", default=0))["size"]


class StoredFile(models.Model):
    """What every file is; a model below says on what it is. Always served as a download."""

    name = models.CharField(max_length=150)
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    file = models.FileField(upload_to=attachment_path, max_length=200)
    uploaded_at = models.DateTimeField(auto_now_add=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["pk"]

    def __str__(self):
        return self.name

    @property
    def company(self):
        return self.owner.company

    @property
    def project(self):
        return self.owner.project


class Attachment(StoredFile):
    """A file on an invoice."""

    of_company = "invoice__commitment__company"

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="attachments")
    is_lien_waiver = models.BooleanField(default=False)

    @property
    def owner(self) -> Invoice:
        return self.invoice


class CommitmentAttachment(StoredFile):
    """A file on a commitment: the signed contract, an exhibit, a certificate."""

    of_company = "commitment__company"

    commitment = models.ForeignKey(Commitment, models.PROTECT, related_name="attachments")

    @property
    def owner(self) -> Commitment:
        return self.commitment
