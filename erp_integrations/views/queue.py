"""Accounting's queue: what waits and how it stands, and one invoice open with all that an answer needs."""

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.decorators import READ, WRITE, company_view
from directory.machines import words_of
from directory.models import Company, Event, Mail
from directory.permissions import PUSH_RIGHT, Level, Tool, approver_names, read_access
from directory.refusals import NotAllowed, Refused
from erp_integrations.actions import exports
from erp_integrations.exporting.earlier_invoices import reducible
from erp_integrations.forms import REDUCIBLE, AcceptForm, HeaderForm, QueueFilter
from erp_integrations.mending import LIST, Mend, where_to_mend
from erp_integrations.models import ExportItem, ExportStatus, InvoiceExport, SageRefusal
from erp_integrations.models.exports import FROZEN, TO_BE_BUILT
from erp_integrations.permissions import conflict_of, is_accounting_approver, may_keep_lists, may_set_up
from erp_integrations.sage100.findings import ERROR, Finding
from erp_integrations.sage100.mended import OF_SUMS
from erp_integrations.views.shown import Places, Shown, shown_of
from invoicing.calculations.money import ZERO
from invoicing.forms.saved_views import ViewForm
from invoicing.models import Invoice, SavedView
from invoicing.models.invoice_queries import line_8

S = ExportStatus
PAGE_SIZE = 50
TABS = {
    "ready": (S.READY_TO_EXPORT, "Ready"),
    "exporting": (S.EXPORTING, "Exporting"),
    "exported": (S.EXPORTED, S.EXPORTED.label),
    "posted": (S.POSTED, S.POSTED.label),
    "failed": (S.FAILED, "Failed"),
    "rejected": (S.REJECTED, "Rejected"),
    "taken-back": (S.RETRIEVED, "Taken back"),
    "voided": (S.VOIDED, "Voided"),
}
FIRST = "ready"  # the tab that an address without one is of
TAB_OF = {status: tab for tab, (status, _) in TABS.items()}
BESIDE = 30  # invoices of its list shown with one that is open, it in their middle
NEAR = 60  # of them the rules are asked where the list is narrowed by what they say
NEWEST_MAILS = 50
# What an address may say of a place in the list, and how (digits only): as in `CameFrom` and `Stretch`.
PLACE = {"page": re.compile("[2-9]|[1-9][0-9]{1,5}"), "from": re.compile("[0-9]{1,16}-[0-9]{1,18}")}
# What a filter by findings looks at in one go, whichever comes first: some seconds' worth (F16).
MOST_ASKED, MOST_LINES = 1_000, 5_000
MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class CameFrom:
    """The list that a page was opened from, as its address says: what makes no sense there is left out."""

    company: Company
    form: QueueFilter
    tab: str
    place: dict[str, str]  # in the list of this tab: which page, and after which invoice the rules were asked

    @classmethod
    def of(cls, request, company) -> "CameFrom":
        return cls.told(request.GET, company)

    @classmethod
    def told(cls, address: QueryDict, company) -> "CameFrom":
        tab = address.get("tab")
        place = {name: address.get(name, "") for name in PLACE}
        place = {name: value for name, value in place.items() if PLACE[name].fullmatch(value)}
        return cls(company, QueueFilter(address, company=company), tab if tab in TABS else FIRST, place)

    @property
    def pairs(self) -> dict[str, str]:
        return ({"tab": self.tab} if self.tab != FIRST else {}) | self.form.kept | self.place

    @property
    def query(self) -> str:
        """For behind an address of a page that is opened from there."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    @property
    def narrowing(self) -> str:
        """What a view of it keeps: its tab and its filters, without the place in it."""
        return urlencode(replace(self, place={}).pairs)

    @property
    def packed(self) -> dict[str, str]:
        """For an address that names an invoice to come back to: there it is one word among others."""
        return {LIST: urlencode(self.pairs)} if self.pairs else {}

    @property
    def behind(self) -> str:
        """The same, behind the words that name the invoice."""
        return f"&{urlencode(self.packed)}" if self.packed else ""

    @property
    def address(self) -> str:
        """Of the list itself."""
        return reverse("erp-queue", args=[self.company.slug]) + self.query

    def under(self, tab: str) -> "CameFrom":
        return self if tab == self.tab else replace(self, tab=tab, place={})


@dataclass(frozen=True)
class BesideIt:
    """What stands around an open invoice in its list of `count`; `first`: the place of the first, 1 for the oldest.

    `asked`: of how many the rules were asked, where they narrow it.
    """

    exports: list[InvoiceExport]
    count: int
    first: int
    asked: int = 0

    @property
    def last(self) -> int:
        return self.first + len(self.exports) - 1


@dataclass(frozen=True)
class QueueRow:
    """One invoice of the list, and what the rules say about it now; None where they aren't asked.

    `refusal`: what Sage said when it did not take its row. `event`: who voided it, or that this person rejected it.
    """

    export: InvoiceExport
    findings: tuple[Finding, ...] | None = None
    refusal: SageRefusal | None = None
    event: Event | None = None

    @property
    def errors(self) -> int:
        return sum(each.severity == ERROR for each in self.findings or ())

    @property
    def warnings(self) -> int:
        return len(self.findings or ()) - self.errors

    @property
    def first(self) -> Finding | None:
        """What to look at first: what blocks, before what only warns; a cause before the sums that it spoils."""
        return min(self.findings or (), key=lambda each: (each.severity != ERROR, each.rule in OF_SUMS), default=None)

    @property
    def mend(self) -> Mend | None:
        return where_to_mend(self.first, self.export.company, self.export.invoice) if self.first else None

    def is_about(self, problems: str) -> bool:
        """Whether it belongs to one of `forms.PROBLEMS`."""
        kind = "blocked" if self.errors else "warned" if self.warnings else "clear"
        return kind == problems

    @property
    def vendor_number(self) -> str:
        return getattr(getattr(self.export.invoice.vendor, "sage_link", None), "number", "")

    @property
    def job_number(self) -> str:
        return getattr(getattr(self.export.project, "sage_link", None), "job_number", "")


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def queue(request, company):
    return show_list(request, company)


def show_list(request, company, *, naming: ViewForm | None = None, status: int = 200):
    """The list; with `naming`, the name that was sent for it and why it was refused."""
    shown = CameFrom.of(request, company)
    form, tab = shown.form, shown.tab
    narrowed = form.narrowed(InvoiceExport.objects.of(company))
    sums = _sums(narrowed)
    found = _in_order(narrowed, TABS[tab][0])
    problems = form.cleaned_data.get("problems") if TABS[tab][0] in TO_BE_BUILT else ""
    stretch = Stretch.of(found, shown.place.get("from")) if problems else None
    asked = stretch.rows(found, problems) if stretch else found
    paginator = Paginator(asked, PAGE_SIZE)
    if not problems:
        paginator.count = sums.get(TABS[tab][0], Sums()).count  # as its tab says, so that nobody counts twice
    page = paginator.get_page(request.GET.get("page"))
    context = about(request, company) | {
        "form": form,
        "came_from": shown,
        "tab": tab,
        "tab_label": TABS[tab][1],
        "tabs": _tabs(sums),
        "page": page,
        "rows": _with_events(list(page) if problems else _rows(list(page), tab), tab, request.user),
        "totals": Sums.of(asked) if problems else sums.get(TABS[tab][0], Sums()),
        "is_by_problems": bool(problems),
        "is_narrow": bool(problems) or form.is_narrow_without_findings,
        "may_tick": TABS[tab][0] in TO_BE_BUILT,  # a dry run takes no right of its own
        "stretch": stretch,
    }
    context |= _views(request, company, shown.narrowing, naming)
    return render(request, "erp_integrations/queue.html", context, status=status)


def _views(request, company, query: str, naming: ViewForm | None) -> dict:
    """What the menu of kept views asks."""
    views = list(SavedView.objects.shown_to(request.access, SavedView.Page.QUEUE))
    return {
        "views": views,
        "views_at": reverse("erp-queue-view-save", args=[company.slug]),
        "asked": {"query": query},
        "is_saved": any(view.query == query for view in views),
        "is_admin": may_set_up(request.access),
        "naming": naming or ViewForm(),
    }


def _in_order(exports, status: str):
    """Those of a tab; what was sent first stands first."""
    return exports.filter(status=status).with_context().order_by("sent_at", "pk")


@dataclass(frozen=True)
class Sums:
    """How many, and what they come to in dollars: billed, newly held, and due (line 8)."""

    count: int = 0
    gross: Decimal = ZERO
    retainage: Decimal = ZERO
    due: Decimal = ZERO

    @classmethod
    def of(cls, rows: list[QueueRow]) -> "Sums":
        invoices = [row.export.invoice for row in rows]
        return cls(
            len(invoices),
            sum((each.gross_this_period for each in invoices), ZERO),
            sum((each.retainage_newly_held for each in invoices), ZERO),
            sum((each.current_payment_due for each in invoices), ZERO),
        )


def _sums(narrowed) -> dict[str, Sums]:
    """By status."""
    rows = Invoice.objects.filter(export__in=narrowed).order_by().values_list("export__status")
    summed = rows.annotate(
        count=Count("pk"), gross=Sum("gross_this_period"), held=Sum("retainage_newly_held"), due=Sum(line_8())
    )
    return {status: Sums(*figures) for status, *figures in summed}


@dataclass(frozen=True)
class Stretch:
    """The part of a list of `count` that the rules are asked about in one go: `size` of them after `skipped`.

    `next_from`: the place of its last one, from which the next part goes on whoever left the list meanwhile.
    """

    skipped: int
    size: int
    count: int
    next_from: str = ""

    @classmethod
    def of(cls, found, after: str | None) -> "Stretch":
        """After the place that the address says, as far as invoices and their lines take no more than some seconds."""
        counted = found.values("pk").annotate(lines=Count("invoice__lines"))
        places, lines = [], []
        for sent_at, pk, count in counted.values_list("sent_at", "pk", "lines"):
            places.append((round(sent_at.timestamp() * MICROSECONDS), pk))
            lines.append(count)
        start = bisect_right(places, tuple(map(int, after.split("-")))) if after else 0
        start = start if start < len(lines) else 0
        sums = accumulate(lines[start : start + MOST_ASKED])
        size = max(sum(each <= MOST_LINES for each in sums), min(1, len(lines)))
        return cls(start, size, len(lines), "-".join(map(str, places[start + size - 1])) if size else "")

    @property
    def first(self) -> int:
        return self.skipped + 1

    @property
    def last(self) -> int:
        return self.skipped + self.size

    @property
    def is_all(self) -> bool:
        return self.size == self.count

    @property
    def goes_on(self) -> bool:
        return self.last < self.count

    def rows(self, found, problems: str) -> list[QueueRow]:
        """Those of it that the rules speak of so; one check for all of them (F16)."""
        return [row for row in _asked(list(found[self.skipped : self.last])) if row.is_about(problems)]


def about(request, company) -> dict:
    """What every page of the queue and of files knows: whether this person may answer, or mend."""
    return {
        "company": company,
        "may_answer": is_accounting_approver(request.access),
        "mender": request.access,
        "may_mend": may_keep_lists(request.access),
        "approvers": approver_names(company),
    }


def require_approver(access) -> None:
    """Behind the door of Standard: the privilege as well (P-4)."""
    if not is_accounting_approver(access):
        raise NotAllowed(PUSH_RIGHT, helpers=approver_names(access.company))


def _tabs(sums: dict[str, Sums]) -> list[dict]:
    return [{"tab": tab, "label": label, "sums": sums.get(status, Sums())} for tab, (status, label) in TABS.items()]


def _rows(page: list[InvoiceExport], tab: str) -> list[QueueRow]:
    """With the findings of now where an answer is still open: one check for the whole page (F16)."""
    if page and TABS[tab][0] in TO_BE_BUILT:
        return _asked(page)
    refused = SageRefusal.objects.newest_of(page) if TABS[tab][0] == S.EXPORTED else {}
    return [QueueRow(export, refusal=refused.get(export.pk)) for export in page]


def _with_events(rows: list[QueueRow], tab: str, person) -> list[QueueRow]:
    """Who voided each; of what waits, that this very person had rejected it, as Home counts them (9.1)."""
    if TABS[tab][0] not in (S.VOIDED, S.READY_TO_EXPORT):
        return rows
    move, by = (InvoiceExport.void, None) if TABS[tab][0] == S.VOIDED else (InvoiceExport.reject, person)
    newest = Event.objects.newest_of([row.export for row in rows], words_of(move)["done"], by=by)
    return [replace(row, event=newest.get(row.export.pk)) for row in rows]


def _asked(some: list[InvoiceExport]) -> list[QueueRow]:
    """Each as if it were accepted alone, with what is said of its whole file (such as a locked period, S27)."""
    proposals = exports.preview_each(some)
    return [QueueRow(export, proposal.findings) for export, proposal in zip(some, proposals, strict=True)]


def _voided(export: InvoiceExport) -> Event | None:
    return Event.objects.newest_of([export], words_of(InvoiceExport.void)["done"]).get(export.pk)


def load(request, company, pk: int) -> InvoiceExport:
    export = InvoiceExport.objects.of(company).with_context().with_part_of(request.user).filter(pk=pk).first()
    if export is None or export.status == S.NOT_SENT:
        raise Http404
    return export


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def export_page(request, company, pk):
    return show(request, company, load(request, company, pk))


def show(request, company, export: InvoiceExport, *, refused: Refused | None = None, form: HeaderForm | None = None):
    """One invoice open beside the list; with `refused`, why nothing was done on top, and its status."""
    access = read_access(request.user, company, export.project)
    places = Places.of(export)
    former = _asked_former(request, export, places)
    shown = shown_of(export, former or places.live, by=request.user)
    form_errors, form = bool(form), _told(form or HeaderForm(export=export), shown)
    tab, came_from = TAB_OF[export.status], CameFrom.of(request, company)
    beside = _beside(export, came_from.form)
    refusals = SageRefusal.objects.newest_of([export]) if export.status == S.EXPORTED else {}
    context = about(request, company) | {
        "mender": access,
        "export": export,
        "invoice": export.invoice,
        "project": export.project,
        "may_open_invoice": access.allows(Tool.COMMITMENTS, Level.READ_ONLY),
        "moves": set() if former else {move.name for move in export.get_available_user_status_transitions(access)},
        "conflict": conflict_of(export),
        "shown": shown,
        "former": former,
        "formers": places.former,
        "told": _told_of(export, shown if former else None),
        "explained": shown.row(request.GET.get("row", "")) if shown else None,
        "asked_row": request.GET.get("row", ""),
        "form": form,
        "reducible_list": REDUCIBLE,
        "reducible": reducible(export) if "reference_no" in form.fields and export.status in TO_BE_BUILT else (),
        "accept_form": AcceptForm(initial={"accounting_date": shown.accounting_date}) if shown else None,
        "refused": refused,
        "refusal": refusals.get(export.pk),
        "voided": _voided(export) if export.status == S.VOIDED else None,
        "batch": places.live.batch if places.live else None,
        "tab_label": TABS[tab][1],
        "came_from": came_from,
        "list_url": came_from.under(tab).address,
        "beside": beside,
        "events": Event.objects.about(export)[:50],
        "mails": Mail.objects.telling_of(export).for_list()[:NEWEST_MAILS],
    }
    status = refused.status if refused else 422 if form_errors else 200
    return render(request, "erp_integrations/export.html", context, status=status)


def _asked_former(request, export: InvoiceExport, places: Places) -> ExportItem | None:
    """The place that is shown as it was: the one that the address asks for, else that of what is in no file now."""
    asked = request.GET.get("batch")
    if asked and not places.is_in(asked):
        former = places.was_in(asked)
        if former is None:
            raise Http404
        return former
    is_over = export.status not in (*FROZEN, *TO_BE_BUILT)
    return next(iter(places.former), None) if is_over else None


def _told_of(export: InvoiceExport, was: Shown | None) -> dict:
    """The number that it has and its sums in dollars; of what was, as it was: it may have been changed since."""
    invoice = export.invoice
    if was:
        facts = was.facts
        sums = (facts.number, facts.gross, facts.retainage_held, facts.retainage_released, facts.net)
    else:
        sums = (invoice.number, invoice.gross_this_period, invoice.retainage_newly_held, invoice.retainage_released,
                invoice.current_payment_due)  # fmt: skip
    return dict(zip(("number", "gross", "held", "released", "due"), sums, strict=True))


def _beside(export: InvoiceExport, form: QueueFilter) -> BesideIt:
    """The part of its list around it. What the rules say is asked about the nearest alone: about all takes seconds."""
    narrowed, problems = form.narrowed(InvoiceExport.objects.of(export.company)), form.cleaned_data.get("problems")
    is_asked = bool(problems) and export.status in TO_BE_BUILT
    earlier = Q(sent_at__lt=export.sent_at) | Q(sent_at=export.sent_at, pk__lt=export.pk)
    same = narrowed.filter(status=export.status)
    found = same.aggregate(count=Count("pk"), before=Count("pk", filter=earlier))
    size = NEAR if is_asked else BESIDE
    start = max(0, min(found["before"] - size // 2, found["count"] - size))
    near = list(_in_order(narrowed, export.status)[start : start + size])
    if is_asked:
        about_it = [row.export for row in _asked(near) if row.is_about(problems)]
        return BesideIt(about_it, len(about_it), 1, asked=len(near))
    return BesideIt(near, found["count"], start + 1)


def _told(form: HeaderForm, shown: Shown | None) -> HeaderForm:
    for name in form.fields:
        cell = shown.header_cell(name) if shown else None
        if cell:
            form.tell(name, cell.text, cell.how)
    return form


def to_export(request, company, pk: int):
    """Back to it, with the list that it was opened from."""
    return redirect(reverse("erp-export", args=[company.slug, pk]) + CameFrom.of(request, company).query)


def to_batch(request, company, number: int):
    """To a file, with the list of the queue that it was opened from."""
    return redirect(reverse("erp-batch", args=[company.slug, number]) + CameFrom.of(request, company).query)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, methods=WRITE)
def change_header(request, company, pk):
    require_approver(request.access)
    export = load(request, company, pk)
    form = HeaderForm(request.POST, export=export)
    if not form.is_valid():
        return show(request, company, export, form=form)
    try:
        exports.change_header(export, form.edit, by=request.user, seen=form.cleaned_data["seen"])
    except Refused as refused:
        form.data = request.POST.copy()
        form.data["seen"] = export.mark
        if refused.field:
            form.add_error(refused.field, refused.message)
            return show(request, company, export, form=form)
        return show(request, company, export, refused=refused, form=form)
    messages.success(request, f"The header of {export.invoice} is changed.")
    return to_export(request, company, pk)
