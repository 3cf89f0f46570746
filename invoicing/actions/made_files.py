"""Files that a worker makes for one person: asking for one, trying again, taking it away (decision 23)."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from directory.models import Event, Person, Project
from directory.permissions import Level, Tool, read_access
from directory.queue import wake
from directory.refusals import NotNow, Refused
from invoicing.addresses import address
from invoicing.certificates import file_name
from invoicing.making import expire
from invoicing.models import Invoice, MadeFile, MadeKind, MadeState
from invoicing.tasks import make_file

MOST_CERTIFICATES = 200
MOST_ROWS = 200_000  # of a list; a workbook takes a million, a person's machine does not
AT_WORK = 5  # of one person, waiting or being made
KEPT = 20  # of one person; the oldest makes room


def ask_for_papers(invoice: Invoice, *, by) -> MadeFile:
    """The certificate of an invoice with all its attachments, as a ZIP."""
    name = file_name(invoice)
    title = f"Certificate and attachments of {name}"
    wanted = MadeFile(kind=MadeKind.PAPERS, title=title, name=f"{name}.zip", asked_on=address(invoice))
    return _ask(wanted, invoice.project, [invoice.pk], by, steps=1 + invoice.attachments.count())


def ask_for_certificates(project: Project, ids: Sequence[int], *, asked_on: str, by) -> MadeFile:
    """A PDF for each of these invoices, as a ZIP, in their order."""
    if len(ids) > MOST_CERTIFICATES:
        raise Refused(f"Those were {len(ids)}. Choose {MOST_CERTIFICATES} at most, and ask for some at a time.")
    title = "One certificate" if len(ids) == 1 else f"{len(ids)} certificates"
    name = f"certificates-{project.slug}-{project.today:%Y%m%d}.zip"
    wanted = MadeFile(kind=MadeKind.CERTIFICATES, title=title, name=name, asked_on=asked_on)
    return _ask(wanted, project, list(ids), by)


def ask_for_list(project: Project, kind: MadeKind, ids: Sequence[int], *, asked_on: str, by) -> MadeFile:
    """These invoices as a table, in their order."""
    if len(ids) > MOST_ROWS:
        raise Refused(f"Those were {len(ids):,} rows. Narrow the list to {MOST_ROWS:,} or fewer.")
    rows = f"{len(ids):,} row{'' if len(ids) == 1 else 's'}"
    title = f"{MadeKind(kind).label}, {rows}"
    name = f"invoices-{project.slug}-{project.today:%Y%m%d}.{kind}"
    return _ask(MadeFile(kind=kind, title=title, name=name, asked_on=asked_on), project, list(ids), by)


@transaction.atomic
def _ask(wanted: MadeFile, project: Project, ids: list[int], by, *, steps: int = 0) -> MadeFile:
    """A second click gives the one on its way. What is in it is checked when it is made, and when it is taken."""
    by = Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # their own clicks wait for each other
    read_access(by, project.company, project).require(Tool.COMMITMENTS, Level.READ_ONLY)
    if not ids:
        raise Refused("None was chosen. Choose at least one.")
    at_work = list(MadeFile.objects.filter(person=by).under_way())
    for made in at_work:
        if (made.project_id, made.kind, made.invoices) == (project.pk, wanted.kind, ids):
            return made
    if len(at_work) >= AT_WORK:
        raise NotNow(f"{AT_WORK} files are on their way to you already. Ask again when one of them is ready.")
    wanted.project, wanted.person, wanted.invoices, wanted.total = project, by, ids, steps or len(ids)
    wanted.save()
    _make_room(by)
    wake(make_file, wanted.pk)
    return wanted


def _make_room(person) -> None:
    kept = MadeFile.objects.filter(person=person, state=MadeState.READY).order_by("-pk")
    too_old = list(kept.values_list("pk", flat=True)[KEPT:])
    transaction.on_commit(lambda: expire(MadeFile.objects.filter(pk__in=too_old)), robust=True)


@transaction.atomic
def try_again(made: MadeFile, *, by) -> MadeFile:
    """Whoever asked, after it failed; a second click finds it on its way."""
    made = (
        MadeFile.objects.select_for_update(of=("self",)).select_related("project__company").get(pk=made.pk, person=by)
    )
    read_access(by, made.project.company, made.project).require(Tool.COMMITMENTS, Level.READ_ONLY)
    if made.is_under_way:
        return made
    if made.state != MadeState.FAILED:
        raise NotNow("It did not fail, so there is nothing to try again.")
    made.state, made.attempts, made.done, made.expires_at = MadeState.WAITING, 0, 0, None
    made.error, made.woken_at = "", timezone.now()
    made.save(update_fields=["state", "attempts", "done", "expires_at", "error", "woken_at"])
    wake(make_file, made.pk)
    return made


@transaction.atomic
def record_taken(made: MadeFile, *, by) -> None:
    """Note who took what away (R124); whether they may was asked at the door, a moment ago."""
    if made.kind == MadeKind.PAPERS:
        invoice = Invoice.objects.with_context().get(pk=made.invoices[0])
        inside = invoice.attachments.filter(uploaded_at__lt=made.made_at).order_by("pk")
        names = ", ".join(inside.values_list("name", flat=True))
        Event.objects.record("downloaded all files", invoice, by=by, changes={"files": ["", names]})
        return
    verb = "downloaded certificates" if made.kind == MadeKind.CERTIFICATES else "downloaded a list of invoices"
    Event.objects.record(verb, made, by=by, changes={"file": ["", made.name]})


def report_lost(made: MadeFile) -> None:
    """Its file is not where it was put: it says so, and can be tried again."""
    lost = {"state": MadeState.FAILED, "key": "", "error": "The file is not in its place any more."}
    MadeFile.objects.filter(pk=made.pk, key=made.key, state=MadeState.READY).update(**lost)
