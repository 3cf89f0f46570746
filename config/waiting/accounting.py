"""What waits for accounting: invoices to answer, and import files to download and to confirm."""

from django.db.models import Exists, OuterRef
from django.urls import reverse

from config.ui.figures import money
from config.waiting.tasks import Task, Waiting, first_of
from directory.counts import counted
from directory.machines import words_of
from directory.models import Company, Event, Person
from directory.models.events import subject_names
from erp_integrations.models import ExportBatch, ExportStatus, InvoiceExport
from invoicing.models import Invoice


def add_accounting(found: Waiting, company: Company, person: Person, *, may_answer: bool) -> None:
    queue = reverse("erp-queue", args=[company.slug])
    if may_answer:
        found.need(*_ready(company, queue, person))
        found.need(*_failed(company, queue))
    batches = ExportBatch.objects.of(company).with_what_is_left().order_by("number")
    # None while a restore holds them (R127), and none that Sage has by another way: all of it is confirmed (E-3).
    to_take = batches.unconfirmed().filter(downloads__isnull=True, company__erp_settings__restored_at=None)
    untouched, count = first_of(to_take)
    found.need([_to_download(company, batch) for batch in untouched], count)
    unconfirmed, count = first_of(batches.unconfirmed().filter(downloads__isnull=False).distinct())
    add, verb = (found.need, "Confirm") if may_answer else (found.leave, "")
    add([_to_confirm(company, batch, verb) for batch in unconfirmed], count)


def _ready(company: Company, queue: str, person: Person) -> tuple[list[Task], int]:
    """How many, what they come to, and how many of them this person had rejected before."""
    ready = Invoice.objects.live().filter(export__status=ExportStatus.READY_TO_EXPORT, commitment__company=company)
    count = ready.count()
    again = ready.filter(_was_rejected_by(person)).count() if count else 0
    task = Task(
        state=ExportStatus.READY_TO_EXPORT,
        machine="export",
        title=f"{counted(count, 'invoice')} to accept or reject",
        url=queue,
        words=f"{company.name} · {again} of them you rejected before" if again else company.name,
        verb="Open the queue",
        verb_url=queue,
        amount=ready.payment_due(),
    )
    return ([task] if count else []), count


def _was_rejected_by(person: Person) -> Exists:
    export = subject_names("erp_integrations.invoiceexport", OuterRef("export__pk"))
    return Exists(Event.objects.of_one(export, by=person).filter(verb=words_of(InvoiceExport.reject)["done"]))


def _failed(company: Company, queue: str) -> tuple[list[Task], int]:
    count = InvoiceExport.objects.of(company).failed().count()
    url = f"{queue}?tab=failed"
    title = f"{counted(count, 'invoice')} could not be built into a file"
    task = Task(ExportStatus.FAILED, title, url, company.name, "See why", url, machine="export")
    return ([task] if count else []), count


def _batch(company: Company, batch: ExportBatch, state: str, words: str, verb: str) -> Task:
    url = reverse("erp-batch", args=[company.slug, batch.number])
    said = [counted(batch.live_count, "invoice")]
    if batch.row_count:
        said.append(f"net {money(batch.live_net)}")
    if batch.live_released:
        said.append(f"{money(batch.live_released)} to release")
    return Task(
        state=state,
        machine="export",
        title=f"Import file {batch.key}",
        url=url,
        words=f"{company.name} · {', '.join(said)} · {words}",
        verb=verb,
        verb_url=url,
    )


def _to_download(company: Company, batch: ExportBatch) -> Task:
    return _batch(company, batch, "ready", "nobody has downloaded it yet", "Get the file")


def _to_confirm(company: Company, batch: ExportBatch, verb: str) -> Task:
    return _batch(company, batch, "downloaded", "not confirmed in Sage yet", verb)
