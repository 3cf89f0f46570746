"""A dry run as a workbook, at once or in the background: what accepting would write, with what the rules say (E-5).

It is the same function that writes both; of many invoices a worker calls it (decision 23).
"""

import zipfile
from datetime import date
from operator import attrgetter
from typing import BinaryIO

from directory.permissions import Access, Level, Tool
from directory.refusals import Refused
from directory.steps import Step, unnoticed
from erp_integrations.actions import exports
from erp_integrations.actions.dry_runs import title_of
from erp_integrations.exporting import Proposal
from erp_integrations.models import InvoiceExport
from erp_integrations.models.exports import TO_BE_BUILT
from erp_integrations.sage100.marked import marked_workbook
from invoicing.making import CONTENTS, Content, Steps
from invoicing.models import Invoice, MadeKind
from invoicing.models.made_files import CHOOSE_AGAIN

BY_HUNDREDS = 100
IN_LISTS_ORDER = attrgetter("commitment.number", "position")


def write_dry_run(
    out: BinaryIO, chosen: list[InvoiceExport], step: Step = unnoticed, *, day: date | None = None, by=None
) -> str:
    """A workbook; of what failed in several files one of each, in an archive. Returns "xlsx" or "zip".

    `step` is told of each invoice twice, once it is checked and once it is written; of none between two stretches of
    work.
    """
    names = {str(export.invoice_id): export.invoice.number or str(export.invoice) for export in chosen}
    proposals = exports.preview_by_file(chosen, accounting_date=day, by=by, step=step)
    books = ((each.facts.batch_key, _marked(each, names, step)) for each in proposals)
    if len(proposals) == 1:
        out.writelines(content for _, content in books)
        return "xlsx"
    with zipfile.ZipFile(out, "w") as archive:
        for key, content in books:
            archive.writestr(f"dry-run-{key}.xlsx", content)
    return "zip"


def _marked(proposal: Proposal, names: dict[str, str], step: Step) -> bytes:
    own = {one.invoice_id: names[one.invoice_id] for one in proposal.facts.invoices if one.invoice_id in names}
    return marked_workbook(proposal.rows, proposal.findings, own, step)


class Hundreds:
    """Passes on what was counted by hundreds; what is told of nothing at once, which renews the lease."""

    def __init__(self, step: Steps):
        self.step, self.counted = step, 0

    def __call__(self, count: int = 1) -> None:
        self.counted += count
        if not count or self.counted >= BY_HUNDREDS:
            self.step(self.counted)
            self.counted = 0


def _of_project(out: BinaryIO, ids: list[int], step: Steps) -> None:
    made = step.made
    found = sorted(Invoice.objects.with_context().filter(pk__in=ids), key=IN_LISTS_ORDER)
    _make(out, exports.exports_of(made.project, found, by=made.person), step)


def _of_queue(out: BinaryIO, ids: list[int], step: Steps) -> None:
    """What was answered since it was asked for waits no more, and is not in it."""
    made = step.made
    waiting = InvoiceExport.objects.of(made.company).filter(invoice__in=ids, status__in=TO_BE_BUILT)
    found = list(waiting.with_context().in_file_order())
    if not found:
        raise Refused(f"None of them waits for an answer any more. {CHOOSE_AGAIN}")
    _make(out, found, step, by=made.person)


def _make(out: BinaryIO, chosen: list[InvoiceExport], step: Steps, *, by=None) -> None:
    step.expect(2 * len(chosen))
    ending = write_dry_run(out, chosen, Hundreds(step), day=step.made.day, by=by)
    made = step.made
    made.title, made.name = title_of(MadeKind(made.kind), len(chosen)), f"{made.name.rpartition('.')[0]}.{ending}"


def _in_queue(access: Access):
    """Every invoice that a company's accounting has or had before it, and nobody has deleted since."""
    return Invoice.objects.live().filter(commitment__company=access.company, export__isnull=False)


def _told(done: int, total: int) -> str:
    of = total // 2
    if done >= total:
        return f"All {of:,} are written. The file is being packed."
    return f"{done - of:,} of {of:,} written." if done > of else f"{done:,} of {of:,} checked."


TAKEN = "downloaded a dry run"
CONTENTS[MadeKind.DRY_RUN] = Content(_of_project, TAKEN, needs=(Tool.COMMITMENTS, Level.ADMIN), told=_told)
CONTENTS[MadeKind.QUEUE] = Content(
    _of_queue, TAKEN, needs=(Tool.ERP_INTEGRATIONS, Level.READ_ONLY), among=_in_queue, told=_told
)
