"""One file with all the papers of an invoice: the certificate first, then every attachment as it was given.

A ZIP, not one long PDF: whatever somebody attached is handed on unread, so a broken or hostile file breaks nothing and
is no less itself (R104). Names are made here (R110).
"""

import re
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile

from invoicing.certificates import file_name
from invoicing.models import Attachment, Invoice

IN_MEMORY = 8 * 1024 * 1024  # bytes; what is larger is put together on disk
CHUNK = 256 * 1024
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # so that the same papers give the same bytes


def package_of(invoice: Invoice, certificate: bytes, attachments: Sequence[Attachment]) -> SpooledTemporaryFile:
    """Open at its beginning; whoever asked closes it. A file that is not in its place any more is named in the list."""
    content = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - the answer closes it
    folder, missing = file_name(invoice), []
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(_entry(f"{folder}/00 {folder}.pdf"), certificate)
        for place, attachment in enumerate(attachments, start=1):
            try:
                _add(package, f"{folder}/{place:02d} {safe_name(attachment.name)}", attachment)
            except FileNotFoundError:
                missing.append(f"{place:02d} {attachment.name}")
        if missing:
            words = "These attachments are not in their place any more:\n" + "\n".join(missing) + "\n"
            package.writestr(_entry(f"{folder}/Missing.txt"), words)
    content.seek(0)
    return content


def _add(package: zipfile.ZipFile, name: str, attachment: Attachment) -> None:
    with attachment.file.open("rb") as stored, package.open(_entry(name), "w") as entry:
        while chunk := stored.read(CHUNK):
            entry.write(chunk)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def safe_name(name: str) -> str:
    """Without what any system takes for a path or a device; the number before it keeps names apart (R110)."""
    path = PurePosixPath(re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", name))
    return f"{path.stem.strip(' .')[:80] or 'file'}{path.suffix.strip()[:10]}"
