"""How much may be attached: per file, per invoice or commitment, per company, and while the disk has room (R106)."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db.models import Count, Sum
from django.template.defaultfilters import filesizeformat

from invoicing.models.attachments import Attachment, CommitmentAttachment, StoredFile


def why_too_large(name: str, size: int) -> str:
    """`size` in bytes. In words for whoever attached it, "" if one file may be so large."""
    if size <= settings.ATTACHMENT_MAX_BYTES:
        return ""
    return (
        f"“{name}” has {filesizeformat(size)} and is larger than {filesizeformat(settings.ATTACHMENT_MAX_BYTES)}, "
        "the most that one file may have. Attach a smaller file."
    )


def why_no_room(file: StoredFile, size: int) -> str:
    """Whether `size` more bytes go to what `file` belongs to, which the caller has locked."""
    kept = file.owner.attachments.aggregate(count=Count("pk"), size=Sum("size", default=0))
    noun = file.owner._meta.verbose_name
    if kept["count"] >= settings.ATTACHMENTS_MAX_COUNT:
        return (
            f"This {noun} has {kept['count']} files, the most it may have. Put several into one PDF next time, "
            "or ask the site’s owner for more room."
        )
    if kept["size"] + size > settings.ATTACHMENTS_MAX_BYTES:
        return (
            f"“{file.name}” has {filesizeformat(size)}, and the files of this {noun} have "
            f"{filesizeformat(kept['size'])} already; together {filesizeformat(settings.ATTACHMENTS_MAX_BYTES)} are "
            "allowed. Attach a smaller file."
        )
    return _why_no_room_at_all(file, size)


def _why_no_room_at_all(file: StoredFile, size: int) -> str:
    """Of the company and the disk, which nobody locks: of files that come at once each may take the last of it."""
    of_company, company = settings.ATTACHMENTS_OF_COMPANY_MAX_BYTES, file.company
    if Attachment.objects.bytes_of(company) + CommitmentAttachment.objects.bytes_of(company) + size > of_company:
        return (
            f"“{file.name}” has {filesizeformat(size)}, and the files of {company} fill the "
            f"{filesizeformat(of_company)} it has. Ask the site’s owner for more room."
        )
    if not has_room(size):
        return f"“{file.name}” can’t be kept: this site’s disk is nearly full. Tell its owner, and attach it later."
    return ""


def has_room(size: int) -> bool:
    """Whether the disk keeps what it must when `size` more bytes lie on it."""
    return _free_bytes() - size >= settings.ATTACHMENTS_LEAVE_FREE_BYTES


def _free_bytes() -> int:
    """On the disk with the files; where no file was kept yet, on that of the nearest folder above."""
    folder = Path(settings.MEDIA_ROOT)
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
