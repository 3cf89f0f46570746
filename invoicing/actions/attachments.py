"""Files that come with an invoice or a commitment: what is taken, and by whom."""

import hashlib
import unicodedata
from pathlib import PurePosixPath

import structlog
from django.core.files.base import ContentFile
from django.db import transaction

from directory.models import Event
from directory.permissions import Level, Tool, read_access, right_named
from directory.refusals import NotAllowed, NotNow, Refused
from invoicing.file_limits import why_no_room, why_too_large
from invoicing.file_types import why_not_taken
from invoicing.models import Attachment, Commitment, CommitmentAttachment, Invoice
from invoicing.models.attachments import StoredFile, StoredFileQuerySet
from invoicing.permissions import may_attach, may_attach_to_commitment
from invoicing.virus_scanner import why_not_clean

logger = structlog.get_logger(__name__)


def attach(invoice: Invoice, name: str, content: bytes, *, by, is_lien_waiver: bool = False) -> Attachment:
    """Keep a file with the invoice. Refuses what is of no allowed type, empty, too large, unclean or there already."""
    _must_be_takable(name, content)
    return _attach(invoice, name, content, by=by, is_lien_waiver=is_lien_waiver)


@transaction.atomic
def _attach(invoice: Invoice, name: str, content: bytes, *, by, is_lien_waiver: bool) -> Attachment:
    invoice = Invoice.objects.locked(invoice.pk)
    if not may_attach(invoice, read_access(by, invoice.company, invoice.project)):
        raise NotAllowed(right_named(Tool.COMMITMENTS, Level.STANDARD))
    if invoice.deleted_at:
        raise NotNow("It was deleted meanwhile. Nothing can be attached to it.")
    if invoice.is_exported:
        raise NotNow("It stands in an import file for accounting. Nothing can be attached any more.")
    attachment = Attachment(invoice=invoice, is_lien_waiver=is_lien_waiver)
    others = invoice.attachments.filter(is_lien_waiver=is_lien_waiver)
    _keep(attachment, name, content, by=by, what="lien waiver" if is_lien_waiver else "file", others=others)
    return attachment


def attach_to_commitment(commitment: Commitment, name: str, content: bytes, *, by) -> CommitmentAttachment:
    """Keep a file with the commitment, in any of its statuses; refusals as of `attach`."""
    _must_be_takable(name, content)
    return _attach_to_commitment(commitment, name, content, by=by)


@transaction.atomic
def _attach_to_commitment(commitment: Commitment, name: str, content: bytes, *, by) -> CommitmentAttachment:
    commitment = Commitment.objects.select_for_update(of=("self",)).get(pk=commitment.pk)
    if not may_attach_to_commitment(commitment, read_access(by, commitment.company, commitment.project)):
        raise NotAllowed(right_named(Tool.COMMITMENTS, Level.STANDARD))
    attachment = CommitmentAttachment(commitment=commitment)
    _keep(attachment, name, content, by=by, what="file", others=commitment.attachments.all())
    return attachment


def _keep(attachment: StoredFile, name: str, content: bytes, *, by, what: str, others: StoredFileQuerySet) -> None:
    """Check, store and record it, in the caller's transaction, which has locked what it belongs to.

    Sent again it is refused, so that it is there once (R132); one whose bytes were lost may come again.
    """
    attachment.name, attachment.uploaded_by = _clean_name(name), by
    attachment.size, attachment.sha256 = len(content), hashlib.sha256(content).hexdigest()
    twins = others.filter(name=attachment.name, sha256=attachment.sha256)
    if any(twin.file.storage.exists(twin.file.name) for twin in twins):
        raise Refused(f"“{attachment.name}” is attached already, the very same. Nothing was changed.", field="file")
    if problem := why_no_room(attachment, len(content)):
        raise Refused(problem, field="file")
    _store(attachment, content)
    attachment.save()
    Event.objects.record("attached a file", attachment.owner, by=by, changes={what: ["", attachment.name]})


def _clean_name(name: str) -> str:
    """The last part of the name without control and direction characters."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return "".join(c for c in last if unicodedata.category(c)[0] != "C")[-150:]


def _must_be_takable(name: str, content: bytes) -> None:
    """Raises Refused for what is empty, too large, of another type than its name says, or not clean.

    Before anything is locked: nobody waits while a scanner thinks (R105).
    """
    name = _clean_name(name)
    if not content:
        raise Refused(f"“{name}” is empty. Choose the file again.", field="file")
    if problem := why_too_large(name, len(content)) or why_not_taken(name, content) or why_not_clean(name, content):
        raise Refused(problem, field="file")


def _store(attachment: StoredFile, content: bytes) -> None:
    try:
        attachment.file.save(attachment.name, ContentFile(content), save=False)
    except OSError as error:  # what is left of it is an orphan, and swept
        logger.error("attachment_not_kept", problem=str(error))
        message = f"“{attachment.name}” could not be kept: this site’s disk takes no file now. Try again later."
        raise Refused(message, field="file") from None


@transaction.atomic
def record_download(attachment: StoredFile, *, by) -> None:
    """Note who took the file away; whether they may see it was checked at the door."""
    Event.objects.record("downloaded a file", attachment.owner, by=by, changes={"file": ["", attachment.name]})
