"""Files that a worker makes for one person: asking for one, trying again, taking it away (decision 23)."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from directory.models import Company, Event, Person, Project
from directory.queue import wake
from directory.refusals import NotNow, Refused
from invoicing.addresses import address
from invoicing.certificates import file_name
from invoicing.making import access_of, content_of, expire
from invoicing.models import Invoice, MadeFile, MadeKind, MadeState
from invoicing.models.made_files import field_of
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
    return ask(wanted, invoice.project, [invoice.pk], by=by, steps=1 + invoice.attachments.count())


def ask_for_certificates(project: Project, ids: Sequence[int], *, asked_on: str, by) -> MadeFile:
    """A PDF for each of these invoices, as a ZIP, in their order."""
    if len(ids) > MOST_CERTIFICATES:
        raise Refused(f"Those were {len(ids)}. Choose {MOST_CERTIFICATES} at most, and ask for some at a time.")
    title = "One certificate" if len(ids) == 1 else f"{len(ids)} certificates"
    name = f"certificates-{project.slug}-{project.today:%Y%m%d}.zip"
    wanted = MadeFile(kind=MadeKind.CERTIFICATES, title=title, name=name, asked_on=asked_on)
    return ask(wanted, project, list(ids), by=by)


def ask_for_list(project: Project, kind: MadeKind, ids: Sequence[int], *, asked_on: str, by) -> MadeFile:
    """These invoices as a table, in their order."""
    if len(ids) > MOST_ROWS:
        raise Refused(f"Those were {len(ids):,} rows. Narrow the list to {MOST_ROWS:,} or fewer.")
    rows = f"{len(ids):,} row{'' if len(ids) == 1 else 's'}"
    title = f"{MadeKind(kind).label}, {rows}"
    name = f"invoices-{project.slug}-{project.today:%Y%m%d}.{kind}"
    return ask(MadeFile(kind=kind, title=title, name=name, asked_on=asked_on), project, list(ids), by=by)


@transaction.atomic
def ask(wanted: MadeFile, place: Project | Company, ids: list[int], *, by, steps: int = 0) -> MadeFile:
    """Have `wanted` made, which says its kind, title and name. `steps`: how many there are, where not one an invoice.

    A second click gives the one on its way. What is in it is checked when it is made, and when it is taken.
    """
    by = Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # their own clicks wait for each other
    wanted.person, wanted.invoices, wanted.total = by, ids, steps or len(ids)
    for field, here in field_of(place).items():
        setattr(wanted, field, here)
    _require(wanted)
    if not ids:
        raise Refused("None was chosen. Choose at least one.")
    at_work = list(MadeFile.objects.filter(person=by).under_way())
    for made in at_work:
        if _what(made) == _what(wanted):
            return made
    if len(at_work) >= AT_WORK:
        raise NotNow(f"{AT_WORK} files are on their way to you already. Ask again when one of them is ready.")
    wanted.save()
    _make_room(by)
    wake(make_file, wanted.pk)
    return wanted


def _what(made: MadeFile) -> tuple:
    return made.project_id, made.of_company_id, made.kind, made.day, made.invoices


def _require(made: MadeFile) -> None:
    """Raises NotAllowed unless whoever asks for it holds what its kind needs."""
    access_of(made).require(*content_of(made).needs)


def _make_room(person) -> None:
    kept = MadeFile.objects.filter(person=person, state=MadeState.READY).order_by("-pk")
    too_old = list(kept.values_list("pk", flat=True)[KEPT:])
    transaction.on_commit(lambda: expire(MadeFile.objects.filter(pk__in=too_old)), robust=True)


@transaction.atomic
def try_again(made: MadeFile, *, by) -> MadeFile:
    """Whoever asked, after it failed; a second click finds it on its way."""
    locked = MadeFile.objects.select_for_update(of=("self",))
    made = locked.select_related("person", "project__company", "of_company").get(pk=made.pk, person=by)
    _require(made)
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
        Event.objects.record(content_of(made).taken_as, invoice, by=by, changes={"files": ["", names]})
        return
    Event.objects.record(content_of(made).taken_as, made, by=by, changes={"file": ["", made.name]})


def report_lost(made: MadeFile) -> None:
    """Its file is not where it was put: it says so, and can be tried again."""
    lost = {"state": MadeState.FAILED, "key": "", "error": "The file is not in its place any more."}
    MadeFile.objects.filter(pk=made.pk, key=made.key, state=MadeState.READY).update(**lost)
