"""What accounting would see at the end: which invoice stands in which file, how often, and what it all adds up to."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from python_calamine import CalamineWorkbook

from directory.chain import Walk
from directory.models import Event, EventSeal, Mail
from directory.models.events import subject_name
from erp_integrations.exporting import ledgers
from erp_integrations.models import ExportBatch, ExportItem, InvoiceExport
from erp_integrations.sage100 import workbook


def outcomes(jobs: Iterable[list[InvoiceExport]]) -> Counter[str]:
    """What became of each job, which is some invoices accepted together: {"once": so many}, and whatever else."""
    return Counter(_outcome([export.pk for export in job]) for job in jobs)


def _outcome(pks: list[int]) -> str:
    """`once`: it is exported, in one batch that is ready, whose file holds all its invoices and nothing else."""
    items = ExportItem.objects.filter(is_live=True, invoice_export__in=pks).select_related("batch")
    batches = {item.batch for item in items}
    if len(items) != len(pks) or not batches:
        return "doubled" if len(items) > len(pks) else "lost"
    if len(batches) > 1:
        return "parted"
    [batch] = batches
    exports = InvoiceExport.objects.filter(pk__in=pks)
    if batch.state != "ready" or {export.status for export in exports} != {"exported"}:
        return f"left {batch.state}"
    wanted = sorted(exports.values_list("invoice__number", flat=True))
    return "once" if sorted(_numbers_in(batch)) == wanted else "in a wrong file"


def half_accepted(jobs: Iterable[list[InvoiceExport]]) -> list[str]:
    """Jobs of which some invoices are accepted and others aren't."""
    states = dict(
        InvoiceExport.objects.filter(pk__in=[one.pk for job in jobs for one in job]).values_list("pk", "status")
    )
    return [f"half of {job} is accepted" for job in jobs if len({states[export.pk] for export in job}) != 1]


def problems(company) -> list[str]:
    """Every doubled, lost or wrong thing, in words; empty when the promise was kept."""
    exports = list(InvoiceExport.objects.of(company).exclude(status="not_sent").with_context())
    batches = list(ExportBatch.objects.of(company).exclude(state="void"))
    return [
        *(f"{export.invoice} is {export.status}" for export in exports if export.status != "exported"),
        *(f"{batch} is {batch.state}: {batch.error}" for batch in batches if batch.state != "ready"),
        *_items(exports),
        *_files(batches, exports),
        *_events(batches, exports),
        *_mails(batches),
        *_totals(batches, exports),
    ]


def records(company) -> list[str]:
    """Where our own ledgers differ, and breaks of the chain over the events (R17, R120): where all was acted out."""
    walk = Walk()
    EventSeal.objects.walk(walk, unsealed_before=timezone.now() - timedelta(minutes=10))
    return [*map(str, ledgers.differences(company)), *walk.breaks]


def _items(exports) -> list[str]:
    live = Counter(ExportItem.objects.filter(is_live=True).values_list("invoice_export_id", flat=True))
    return [f"{export.invoice} is in {live[export.pk]} live batches" for export in exports if live[export.pk] != 1]


def _files(batches, exports) -> list[str]:
    """The bytes are those the batch names, and each invoice has one header row in one of all the files."""
    found = [
        f"{batch}: the file {key} is not the one that was built"
        for batch in batches
        for key, sha256 in ((batch.file_key, batch.file_sha256), (batch.csv_key, batch.csv_sha256))
        if not _is_whole(key, sha256)
    ]
    heads = Counter(number for batch in batches for number in _numbers_in(batch))
    for export in exports:
        if heads[export.invoice.number] != 1:
            found.append(f"{export.invoice} stands in {heads[export.invoice.number]} files")
    return found


def _is_whole(key: str, sha256: str) -> bool:
    path = Path(settings.EXPORTS_ROOT) / key
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _numbers_in(batch: ExportBatch) -> list[str]:
    """The invoices of its file, as another library than ours reads it; none where the file is not what was built."""
    return _numbers_of(batch.file_key) if _is_whole(batch.file_key, batch.file_sha256) else []


@cache  # files are named by their content
def _numbers_of(key: str) -> list[str]:
    book = CalamineWorkbook.from_path(Path(settings.EXPORTS_ROOT) / key)
    return [row[2] for row in book.get_sheet_by_name("Import").to_python() if row[1] == "H"]


def _events(batches, exports) -> list[str]:
    built = Counter(Event.objects.filter(verb="built").values_list("subject", flat=True))
    accepted = Counter(Event.objects.filter(verb__in=("accepted", "accept")).values_list("subject", flat=True))
    return [
        f"{thing}: built {built[subject_name(thing)]} times, accepted {accepted[subject_name(thing)]} times"
        for thing in (*batches, *exports)
        if (built[subject_name(thing)], accepted[subject_name(thing)]) != (1, 1)
    ]


def _mails(batches) -> list[str]:
    sent = Counter(Mail.objects.values_list("subject", flat=True))
    return [f"{batch}: {sent[subject_name(batch)]} mails" for batch in batches if sent[subject_name(batch)] != 1]


def _totals(batches, exports) -> list[str]:
    """Read again from the files, to the cent."""
    read = [
        workbook.read_back((Path(settings.EXPORTS_ROOT) / batch.file_key).read_bytes(), batch.facts.layout)
        for batch in batches
        if batch.file_key
    ]
    invoices = [export.invoice for export in exports]
    wanted = sum((invoice.gross_this_period for invoice in invoices), Decimal(0))
    held = sum((invoice.retainage_newly_held for invoice in invoices), Decimal(0))
    found = sum((total.gross for total in read), Decimal(0)), sum((total.retainage for total in read), Decimal(0))
    return [] if found == (wanted, held) else [f"control totals: expected {wanted} and {held}, found {found}"]
