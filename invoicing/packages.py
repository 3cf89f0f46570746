"""What is packed into one ZIP: all the papers of an invoice, or the certificates of many.

A ZIP, not one long PDF: whatever somebody attached is handed on unread, so a broken or hostile file breaks nothing and
is no less itself (R104). Names are made here (R110). A step is told after each file, so that progress can be shown.
"""

import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import BinaryIO

from directory.permissions import Access
from invoicing.certificates import certificate, file_name
from invoicing.models import Attachment, Invoice
from invoicing.printing import NotPrinted

CHUNK = 256 * 1024
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # so that the same papers give the same bytes
IN_A_ROW = 3  # certificates that fail one after the other: then it is the printer, not one of them


def pack_papers(
    out: BinaryIO, invoice: Invoice, attachments: Sequence[Attachment], access: Access, step: Callable[[], None]
) -> None:
    """Certificate first, then every attachment as it was given; one that is not in its place any more is named in a
    list. `access`: of whoever asked. Raises printing.NotPrinted.
    """
    folder, missing = file_name(invoice), []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(_entry(f"{folder}/00 {folder}.pdf"), certificate(invoice, access))
        step()
        for place, attachment in enumerate(attachments, start=1):
            try:
                _add(package, f"{folder}/{place:02d} {safe_name(attachment.name)}", attachment)
            except FileNotFoundError:
                missing.append(f"{place:02d} {attachment.name}")
            step()
        if missing:
            words = "These attachments are not in their place any more:\n" + "\n".join(missing) + "\n"
            package.writestr(_entry(f"{folder}/Missing.txt"), words)


def pack_certificates(out: BinaryIO, invoices: Iterable[Invoice], access: Access, step: Callable[[], None]) -> int:
    """A PDF an invoice, in that order; how many could not be printed: a list in the ZIP names them.

    `access`: of whoever asked.

    Raises printing.NotPrinted when the printer fails for several in a row, or for all.
    """
    failed, in_a_row, place = [], 0, 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for place, invoice in enumerate(invoices, start=1):
            name = f"{place:03d} {safe_name(f'{file_name(invoice)} {invoice.vendor.name}.pdf')}"
            try:
                package.writestr(_entry(name), certificate(invoice, access))
                in_a_row = 0
            except NotPrinted as why:
                failed, in_a_row, problem = [*failed, name], in_a_row + 1, why
            if in_a_row == IN_A_ROW:
                raise problem
            step()
        if failed and len(failed) == place:
            raise problem
        if failed:
            words = "These certificates could not be printed. Ask for them again:\n" + "\n".join(failed) + "\n"
            package.writestr(_entry("Not printed.txt"), words)
    return len(failed)


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
