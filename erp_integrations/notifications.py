"""Who hears of an invoice's way to accounting (section 7). One function an event.

Each mail is kept on the invoice's export or the batch it is about, and found from every export that it tells of.

An approver chooses to hear at once of what is sent, or once a day of what waits. Answers and troubles come at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from directory.audiences import audience
from directory.counts import counted
from directory.models import Company, Mail, MailPace, Person
from directory.notifications import post, post_once
from directory.permissions import accounting_approvers, read_access
from erp_integrations.mending import where_to_mend
from erp_integrations.models import BatchState, ErpSettings, ExportBatch, InvoiceExport
from erp_integrations.overdue import not_confirmed, not_downloaded
from erp_integrations.permissions import is_accounting_approver
from erp_integrations.sage100.findings import Finding
from invoicing.permissions import is_project_admin, may_see_commitment

DIGEST_AT = time(7)  # in the company's zone
LISTED, LISTED_FINDINGS = 50, 10
# Sending 200 one by one, with two approvers to mail, took 20 s (SQLite, 2 cores with other work besides).
ONE_CLICK = timedelta(minutes=5)
APPROVER = "an accounting approver"
SENDER = "an accounting approver or an invoice administrator"
INVOLVED = "somebody who sees the invoice"


@audience(APPROVER)
def is_told_as_approver(about, person) -> bool:
    """Of the company, or of the company that an export or a batch belongs to."""
    company = about if isinstance(about, Company) else about.company
    return is_accounting_approver(read_access(person, company))


@audience(SENDER)
def is_told_as_sender(batch: ExportBatch, person) -> bool:
    """They approve for the company, or administer the invoices of a project with one of the batch."""
    if is_accounting_approver(read_access(person, batch.company)):
        return True
    exports = InvoiceExport.objects.filter(items__batch=batch, sent_by=person).with_context()
    return any(is_project_admin(read_access(person, export.company, export.project)) for export in exports)


@audience(INVOLVED)
def is_told_as_involved(export: InvoiceExport, person) -> bool:
    return may_see_commitment(export.invoice.commitment, read_access(person, export.company, export.project))


@dataclass(frozen=True)
class Readers:
    """Whom a sending tells: nobody of their own. `has_approvers`: whether anybody can accept it, the sender counted."""

    at_once: list[Person]
    daily: list[Person]
    has_approvers: bool


def readers_of(exports: list[InvoiceExport]) -> Readers:
    """Of these together, as their sender sends them: what `sent` mails, and pages foretell (U6).

    Whoever rejected one hears of it at once, whatever they chose (`sent_again`).
    """
    approvers = list(accounting_approvers(exports[0].company))
    others = [person for person in approvers if person != exports[0].sent_by]
    rejecters = {export.rejecter for export in exports}
    at_once = [person for person in others if person.accounting_mail == MailPace.AT_ONCE or person in rejecters]
    return Readers(at_once, [person for person in others if person not in at_once], bool(approvers))


def sent(exports: list[InvoiceExport], *, of_several: bool = False) -> list[Mail]:
    """To the company's accounting approvers who hear at once, in one mail for all that was sent with one click.

    Whoever was mailed of each of them as `sent_again` reads it once. `of_several`: of one, stored as it is sent; it
    goes out alone only where nobody comes to `sent_together`.
    """
    first = exports[0]
    people = readers_of(exports).at_once
    count = _so_many_wait(exports)
    return post(
        about=first,
        to=[person for person in people if any(export.sent_again_to != person for export in exports)],
        subject=f"{count} for accounting: {first.project.name}",
        template="erp_integrations/emails/sent",
        audience=APPROVER,
        context={"exports": exports, "sender": first.sent_by},
        reply_to=first.sent_by.email,
        also_of=exports,
        not_before=timezone.now() + ONE_CLICK if of_several else None,
    )


@transaction.atomic
def sent_together(exports: list[InvoiceExport], alone: list[Mail]) -> None:
    """One mail in the place of those that were written of each `alone`."""
    Mail.objects.filter(pk__in=[mail.pk for mail in alone], state=Mail.State.WAITING, attempts=0).delete()
    sent(exports)


def sent_again(export: InvoiceExport, rejecter: Person) -> None:
    """To whoever rejected it, at once."""
    post(
        about=export,
        to=[rejecter],
        subject=f"{export.invoice} was sent again: {export.invoice.commitment.vendor.name}",
        template="erp_integrations/emails/sent_again",
        audience=APPROVER,
        context={"export": export, "sender": export.sent_by},
        reply_to=export.sent_by.email,
    )


def rejected(export: InvoiceExport, findings: Iterable[Finding] = ()) -> None:
    """To the sender and to whoever made the invoice; `findings`: what the rules said when it was rejected.

    A contact who made it reads the reason alone: findings speak of Sage's lists, other vendors and accounts. The way
    to where one is mended is for whoever can open it.
    """
    findings = list(findings)
    for person in dict.fromkeys(person for person in (export.sent_by, export.invoice.created_by) if person):
        access = read_access(person, export.company, export.project)
        told = [] if access.is_external else findings
        ways = [where_to_mend(each, export.company, export.invoice) for each in told]
        open_ways = [way if way and way.opens_to(access) else None for way in ways]
        _rejected(export, person, list(zip(told, open_ways, strict=True)))


def _rejected(export: InvoiceExport, person: Person, found: list[tuple]) -> None:
    post(
        about=export,
        to=[person],
        subject=f"Accounting rejected {export.invoice}: {export.reason[:120]}",
        template="erp_integrations/emails/rejected",
        audience=INVOLVED,
        context={"export": export, "findings": found[:LISTED_FINDINGS], "more": max(len(found) - LISTED_FINDINGS, 0)},
        reply_to=export.answered_by.email,
    )


def failed(batch: ExportBatch, exports: list[InvoiceExport], message: str) -> None:
    """To the approver about all of them, and to everyone who sent some about those alone (P-2, P-8)."""
    _failed(batch, batch.accepted_by, exports, message)
    sent = {}
    for export in exports:
        if export.sent_by_id and export.sent_by_id != batch.accepted_by_id:
            sent.setdefault(export.sent_by, []).append(export)
    for sender, own in sent.items():
        _failed(batch, sender, own, " ".join(dict.fromkeys(export.error for export in own)))


def _failed(batch: ExportBatch, person: Person, exports: list[InvoiceExport], message: str) -> None:
    post(
        about=batch,
        to=[person],
        subject=f"{batch.key} could not be built",
        template="erp_integrations/emails/failed",
        audience=SENDER,
        context={"batch": batch, "exports": exports, "message": message},
        also_of=exports,
    )


def ready(batch: ExportBatch, file_name: str, totals, exports: list[InvoiceExport]) -> None:
    """To the approver: the file can be downloaded. `totals`: its control totals; `exports`: all that are in it."""
    invoices = counted(len(exports), "invoice")
    what = f"import: {invoices}, {totals.net:,.2f}" if totals.rows else f"release: {invoices}, {totals.released:,.2f}"
    post(
        about=batch,
        to=[batch.accepted_by],
        subject=f"{batch.key} is ready to {what}",
        template="erp_integrations/emails/ready",
        audience=APPROVER,
        context={"batch": batch, "file_name": file_name, "totals": totals},
        also_of=exports,
    )


# Once a day


def daily_digests() -> int:
    """From 7:00 of each company's day on, to approvers who chose one mail a day: what waited at 7:00, oldest first.

    Run as often as you like: each person gets one a company and day, and none when nothing waits. A worker that was
    away at 7:00 writes it when it is back the same day. Returns how many were written.
    """
    count = 0
    for company in Company.objects.all():
        due_at = datetime.combine(company.today, DIGEST_AT, tzinfo=company.zone)
        if timezone.now() >= due_at:
            people = accounting_approvers(company).filter(accounting_mail=MailPace.DAILY).order_by("pk")
            for person in people:
                key = f"accounting-digest:{company.pk}:{person.pk}:{due_at.date()}"
                count += post_once(key, partial(_digest, company, person, due_at))
    return count


def _so_many_wait(exports: list[InvoiceExport]) -> str:
    return f"{counted(len(exports), 'invoice')} {'waits' if len(exports) == 1 else 'wait'}"


def _digest(company: Company, person: Person, due_at: datetime) -> list[Mail]:
    waiting = InvoiceExport.objects.of(company).ready_to_export().filter(sent_at__lt=due_at).exclude(sent_by=person)
    exports = list(waiting.with_context().order_by("sent_at", "pk"))
    if not exports:
        return []
    count = _so_many_wait(exports)
    listed = exports[:LISTED]
    return post(
        about=company,
        to=[person],
        subject=f"{count} for accounting",
        template="erp_integrations/emails/digest",
        audience=APPROVER,
        context={"exports": listed, "count": len(exports), "more": len(exports) - len(listed)},
        also_of=listed,
    )


# Once for each file that nobody takes or confirms


@dataclass(frozen=True)
class Alert:
    """`reason`: once for each, whatever came before it. `words` go on after the key of the batch."""

    reason: str
    words: str
    remedy: str


# An older program told under "download" of what was not built as well: who was told so is still asked to take the file.
DOWNLOAD = Alert(
    "take",
    "was accepted and nobody has downloaded it",
    "Download it and import it into Sage, unless its page says that Sage holds it.",
)
FAILED = Alert(
    "failed",
    "was accepted and its file could not be built",
    "Its page says why. Mend what is named there and try again, or reject its invoices.",
)
BUILD = Alert(
    "build",
    "was accepted and its file is not built yet",
    "It is built by itself: its page says what it waits for, and lets you try at once after a try that failed. If it"
    " does not move, call the site owner.",
)
CONFIRM = Alert(
    "confirm",
    "was downloaded and is not confirmed in Sage",
    "Say which invoices Sage took, or compare with its list of payable invoices.",
)


def _of_not_downloaded(batch: ExportBatch) -> Alert:
    """Only what is built can be downloaded."""
    if batch.state == BatchState.DEAD:
        return FAILED
    return BUILD if batch.is_under_way else DOWNLOAD


ALERTS = ((not_downloaded, _of_not_downloaded), (not_confirmed, lambda batch: CONFIRM))


def overdue_files() -> int:
    """R16: to every approver, once for each file and reason. Run as often as you like; how many were written."""
    count = 0
    for company in Company.objects.all():
        closed = ErpSettings.closed_days_of(company)
        for overdue, alert_of in ALERTS:
            batches = list(overdue(company, closed).select_related("accepted_by"))
            people = list(accounting_approvers(company).order_by("pk")) if batches else []
            count += sum(_alert(batch, person, alert_of(batch)) for batch in batches for person in people)
    return count


def _alert(batch: ExportBatch, person: Person, alert: Alert) -> bool:
    waiting = InvoiceExport.objects.filter(items__batch=batch, items__is_live=True)
    write = partial(
        post,
        about=batch,
        to=[person],
        subject=f"{batch.key} {alert.words}",
        template="erp_integrations/emails/overdue",
        audience=APPROVER,
        context={"batch": batch, "words": alert.words, "remedy": alert.remedy},
        reply_to=batch.accepted_by.email,
        also_of=waiting.exclude(status=InvoiceExport.Status.POSTED),
    )
    return post_once(f"overdue-{alert.reason}:{batch.pk}:{person.pk}", write)
