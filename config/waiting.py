"""What waits for one person, across their projects and companies: the lists of the first page. Constant in queries."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from config.gaps import Gap, gaps
from config.ui import day, money
from directory.models import AccountingPrivilege, Company, Membership, Person, PrivilegeRequest, Project, VendorChange
from directory.permissions import Level, Tool, objects_with_level, visible_projects
from erp_integrations.models import BatchState, ExportBatch, ExportStatus, InvoiceExport
from erp_integrations.models.exports import SENDABLE_FROM
from invoicing.models import BillingPeriod, Invitation, Invoice, InvoiceContact

MOST = 8  # of one kind; the rest is counted and linked
S = Invoice.Status


@dataclass(frozen=True)
class Task:
    """One row: what it is about, and the one thing to do. `state` is a word `status_badge` knows, of `machine`."""

    state: str
    title: str
    url: str
    words: str
    verb: str = ""
    verb_url: str = ""
    amount: Decimal | None = None
    machine: str = "status"


@dataclass
class Waiting:
    """`mine` needs this person, `others` somebody else; `lately` is only told. `count` counts behind the rows."""

    mine: list[Task] = field(default_factory=list)
    others: list[Task] = field(default_factory=list)
    lately: list[Task] = field(default_factory=list)
    count: int = 0

    def need(self, tasks: list[Task], count: int | None = None) -> None:
        self.mine += tasks
        self.count += len(tasks) if count is None else count


class Roles:
    """Which projects and companies this person acts in, and as what."""

    def __init__(self, person: Person):
        self.person = person
        vendors = dict(person.memberships.filter(is_active=True).values_list("company", "vendor"))
        self.is_contact = any(vendors.values())
        self.is_employed = any(vendor is None for vendor in vendors.values())
        visible = visible_projects(person, Tool.COMMITMENTS)
        self.projects = [each for each in visible if vendors.get(each.company_id, 0) is None]
        administered = {each.pk for each in visible_projects(person, Tool.COMMITMENTS, Level.ADMIN)}
        self.administered = [project for project in self.projects if project.pk in administered]
        self.accounting = list(objects_with_level(person, Tool.ERP_INTEGRATIONS, Level.READ_ONLY))
        standard = {each.pk for each in objects_with_level(person, Tool.ERP_INTEGRATIONS, Level.STANDARD)}
        pushing = set(person.privileges.live().values_list("company", flat=True))
        self.directing = list(objects_with_level(person, Tool.COMPANY_DIRECTORY, Level.ADMIN))
        self.approving = [company for company in self.accounting if company.pk in standard & pushing]


def waiting_for(roles: Roles) -> Waiting:
    found = Waiting()
    if roles.administered:
        _of_projects(found, roles.administered)
    for company in roles.accounting:
        _of_accounting(found, company, company in roles.approving)
    if roles.directing:
        _of_directories(found, roles)
    if roles.person.is_superuser:
        _of_site_owner(found)
    return found


# Project teams


def _of_projects(found: Waiting, projects: list[Project]) -> None:
    live = Invoice.objects.live().filter(commitment__project__in=projects).with_context()
    to_review = live.awaiting_review().with_review_counts().with_revision().order_by("submitted_at")
    found.need([_to_review(invoice) for invoice in to_review[:MOST]], to_review.count())
    rejected = live.filter(export__status=ExportStatus.REJECTED).select_related("export").order_by("due_date", "pk")
    found.need([_rejected(invoice) for invoice in rejected[:MOST]], rejected.count())
    never = Q(export__isnull=True) | Q(export__status__in=SENDABLE_FROM) & ~Q(export__status=ExportStatus.REJECTED)
    to_send = live.filter(never, status__in=Invoice.CERTIFIED).order_by("approved_at")
    found.need([_to_send(invoice) for invoice in to_send[:MOST]], to_send.count())
    found.others += [_sent_back(each) for each in live.filter(status=S.REVISE_AND_RESUBMIT).order_by("due_date")[:MOST]]
    found.others += [_held(each) for each in live.filter(status=S.PENDING_OWNER_APPROVAL).order_by("pk")[:MOST]]
    found.others += [_unanswered(*each) for each in _silent(projects)]
    with_accounting = live.filter(export__status=ExportStatus.READY_TO_EXPORT).select_related("export")
    found.others += [_with_accounting(invoice) for invoice in with_accounting.order_by("export__sent_at")[:MOST]]


def _url(name: str, invoice: Invoice) -> str:
    commitment = invoice.commitment
    return reverse(name, args=[commitment.project.slug, commitment.number, invoice.position])


def _named(invoice: Invoice) -> str:
    return f"{invoice.commitment.vendor.name}, invoice {invoice.number or invoice.position}"


def _where(invoice: Invoice, words: str) -> str:
    return f"{invoice.project.name} · {invoice.commitment.number} · {words}"


def _to_review(invoice: Invoice) -> Task:
    done = invoice.line_count - invoice.open_count
    words = f"{done} of {invoice.line_count} lines done" if done else f"{invoice.line_count} lines"
    words = f"{invoice.resubmitted} · {words}" if invoice.resubmitted else words
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=_url("invoice", invoice),
        words=_where(invoice, f"{words} · due {day(invoice.due_date)}"),
        verb="Review",
        verb_url=_url("invoice-review", invoice),
        amount=invoice.current_payment_due,
    )


def _rejected(invoice: Invoice) -> Task:
    return Task(
        state="rejected",
        machine="export",
        title=_named(invoice),
        url=_url("invoice", invoice),
        words=_where(invoice, f"“{invoice.export.reason}”"),
        verb="Mend it",
        verb_url=_url("invoice", invoice),
        amount=invoice.current_payment_due,
    )


def _to_send(invoice: Invoice) -> Task:
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=_url("invoice", invoice),
        words=_where(invoice, "not sent to ERP"),
        verb="Send to ERP",
        verb_url=_url("invoice-erp-send", invoice),
        amount=invoice.current_payment_due,
    )


def _sent_back(invoice: Invoice) -> Task:
    return _of_others(invoice, f"with {invoice.commitment.vendor.name} · due {day(invoice.due_date)}")


def _held(invoice: Invoice) -> Task:
    return _of_others(invoice, "with the owner")


def _of_others(invoice: Invoice, words: str) -> Task:
    return Task(
        state=invoice.status,
        title=_named(invoice),
        url=_url("invoice", invoice),
        words=_where(invoice, words),
        amount=invoice.current_payment_due,
    )


def _with_accounting(invoice: Invoice) -> Task:
    return Task(
        state=invoice.export.status,
        machine="export",
        title=_named(invoice),
        url=_url("invoice", invoice),
        words=_where(invoice, f"with accounting since {day(invoice.export.sent_at.astimezone(invoice.project.zone))}"),
        amount=invoice.current_payment_due,
    )


def _silent(projects: list[Project]) -> list[tuple[BillingPeriod, int]]:
    """(open period, invites without an answer), where there are any."""
    silent = Invitation.objects.unanswered().filter(commitment__project__in=projects)
    contacts = InvoiceContact.objects.acting().filter(commitment=OuterRef("commitment"))
    silent = silent.filter(Exists(contacts))  # the others wait for a contact, as the board says
    counts = dict(silent.order_by().values_list("billing_period").annotate(Count("pk")))
    periods = BillingPeriod.objects.filter(pk__in=counts).select_related("project").order_by("due_date")
    return [(period, counts[period.pk]) for period in periods]


def _unanswered(period: BillingPeriod, count: int) -> Task:
    board = reverse("period", args=[period.project.slug, period.pk]) + "?state=invited"
    return Task(
        state="invited",
        title=f"{count} invite{'' if count == 1 else 's'} without an answer",
        url=board,
        words=f"{period.project.name} · {period} · due {day(period.due_date)}",
        verb="Ask again",
        verb_url=board,
    )


# Accounting


def _of_accounting(found: Waiting, company: Company, may_answer: bool) -> None:
    queue = reverse("erp-queue", args=[company.slug])
    if may_answer:
        found.need(*_ready(company, queue))
        found.need(*_failed(company, queue))
    batches = ExportBatch.objects.of(company).filter(state=BatchState.READY)
    untouched = batches.filter(downloads__isnull=True).order_by("number")
    found.need([_to_download(company, batch) for batch in untouched[:MOST]], untouched.count())
    open_ = batches.filter(downloads__isnull=False, items__is_live=True)
    open_ = open_.filter(items__invoice_export__status=ExportStatus.EXPORTED).distinct().order_by("number")
    tasks = [_to_confirm(company, batch) for batch in open_[:MOST]]
    if may_answer:
        found.need(tasks, open_.count())
    else:
        found.others += tasks


def _ready(company: Company, queue: str) -> tuple[list[Task], int]:
    ready = Invoice.objects.live().filter(
        export__status=ExportStatus.READY_TO_EXPORT, commitment__company=company, commitment__isnull=False
    )
    count = ready.count()
    task = Task(
        state=ExportStatus.READY_TO_EXPORT,
        machine="export",
        title=f"{count} invoice{'' if count == 1 else 's'} to accept or reject",
        url=queue,
        words=company.name,
        verb="Open the queue",
        verb_url=queue,
        amount=ready.payment_due(),
    )
    return ([task] if count else []), count


def _failed(company: Company, queue: str) -> tuple[list[Task], int]:
    count = InvoiceExport.objects.of(company).failed().count()
    url = f"{queue}?tab=failed"
    title = f"{count} invoice{'' if count == 1 else 's'} could not be built into a file"
    task = Task(ExportStatus.FAILED, title, url, company.name, "See why", url, machine="export")
    return ([task] if count else []), count


def _batch(company: Company, batch: ExportBatch, state: str, words: str, verb: str) -> Task:
    url = reverse("erp-batch", args=[company.slug, batch.number])
    invoices = f"{batch.invoice_count} invoice{'' if batch.invoice_count == 1 else 's'}"
    return Task(
        state=state,
        machine="export",
        title=f"Import file {batch.key}",
        url=url,
        words=f"{company.name} · {invoices}, net {money(batch.net)} · {words}",
        verb=verb,
        verb_url=url,
    )


def _to_download(company: Company, batch: ExportBatch) -> Task:
    return _batch(company, batch, "ready", "nobody has downloaded it yet", "Get the file")


def _to_confirm(company: Company, batch: ExportBatch) -> Task:
    return _batch(company, batch, "downloaded", "not confirmed in Sage yet", "Confirm")


# Directory Admins


def _of_directories(found: Waiting, roles: Roles) -> None:
    """Changes of vendors to verify, whoever was asked to join and is silent, and what was asked of the site owner."""
    changes = VendorChange.objects.waiting().filter(vendor__company__in=roles.directing)
    changes = changes.select_related("vendor__company", "asked_by").order_by("pk")
    to_verify = changes.exclude(asked_by=roles.person)
    found.need([_to_verify(each) for each in to_verify[:MOST]], to_verify.count())
    found.others += [_with_second_person(each) for each in changes.filter(asked_by=roles.person)[:MOST]]
    silent = Membership.objects.filter(company__in=roles.directing, is_active=False, asked_at__isnull=False)
    found.others += [_asked_to_join(each) for each in silent.select_related("person", "company")[:MOST]]
    waiting = PrivilegeRequest.objects.waiting().filter(company__in=roles.directing)
    found.others += [_with_site_owner(each) for each in waiting.select_related("person", "company")[:MOST]]


def _to_verify(change: VendorChange) -> Task:
    url, since = _vendor_page(change), day(change.company.day_of(change.asked_at))
    return Task(
        state="waiting",
        title=f"Changed details of {change.vendor.name} wait for a call",
        url=url,
        words=f"{change.company} · {change.asked_by.name}, {since}: “{change.reason}”",
        verb="Call and verify",
        verb_url=url,
    )


def _with_second_person(change: VendorChange) -> Task:
    return Task(
        state="waiting",
        title=f"Changed details of {change.vendor.name}",
        url=_vendor_page(change),
        words=f"{change.company} · another Directory Admin calls the vendor and verifies them",
    )


def _vendor_page(change: VendorChange) -> str:
    return reverse("vendor", args=[change.company.slug, change.vendor_id])


def _asked_to_join(membership: Membership) -> Task:
    return Task(
        state="asked",
        title=f"{membership.shown_name} has not answered",
        url=reverse("company-directory", args=[membership.company.slug]),
        words=f"{membership.company} · asked to join on {day(membership.company.day_of(membership.asked_at))}",
    )


def _with_site_owner(request: PrivilegeRequest) -> Task:
    return Task(
        state="waiting",
        title=f"Can Push to Accounting for {request.person.name}",
        url=reverse("accounting-approvers", args=[request.company.slug]),
        words=f"{request.company} · with the site owner since {day(request.company.day_of(request.asked_at))}",
    )


# The site owner


def _of_site_owner(found: Waiting) -> None:
    waiting = PrivilegeRequest.objects.waiting()
    requests = waiting.select_related("person", "company", "asked_by").order_by("pk")
    found.need([_to_answer(each) for each in requests[:MOST]], waiting.count())
    found.need([_gap(gap) for gap in gaps()])
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    granted = AccountingPrivilege.objects.filter(granted_at__gte=month)
    found.lately += [_granted(each) for each in granted.select_related("person", "company", "granted_by")[:MOST]]


def _to_answer(request: PrivilegeRequest) -> Task:
    url = reverse("admin:directory_privilegerequest_change", args=[request.pk])
    return Task(
        state="waiting",
        title=f"Can Push to Accounting for {request.person.name}",
        url=url,
        words=f"{request.company} · {request.asked_by.name}: “{request.reason}”",
        verb="Answer",
        verb_url=url,
    )


def _gap(gap: Gap) -> Task:
    url = f"{reverse('admin:set-up-gaps')}#{gap.key}"
    return Task("gap", gap.title, url, gap.mend, "Open", url)


def _granted(privilege: AccountingPrivilege) -> Task:
    until = f"until {day(privilege.last_day)}" if privilege.last_day else "until withdrawn"
    since = day(privilege.company.day_of(privilege.granted_at))
    return Task(
        state="granted" if privilege.is_live else "closed",
        title=f"{privilege.person.name} can push to accounting",
        url=reverse("admin:directory_accountingprivilege_change", args=[privilege.pk]),
        words=f"{privilege.company} · {since}, by {privilege.granted_by.name}, {until}: “{privilege.reason}”",
    )
