"""Our files against Sage's list of payable invoices: compare, look at what came out, confirm what was found (E-9)."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.decorators import READ, company_view
from directory.permissions import Level, Tool
from directory.refusals import NotNow, Refused
from erp_integrations.actions import reconciliations as acts
from erp_integrations.forms import plain_ids
from erp_integrations.models import ExportBatch, ListKind, OutcomeKind, Reconciliation, SageListVersion
from erp_integrations.models.payables import payables_of
from erp_integrations.money_stages import pictured
from erp_integrations.permissions import may_keep_lists, require_list_keeper
from erp_integrations.sage100.batch_keys import FIELD
from erp_integrations.sage100.reconciling import Other, difference
from erp_integrations.views.queue import about, require_approver
from invoicing.calculations.money import ZERO

PAGE_SIZE = 50
TONES = {
    OutcomeKind.FOUND: ("ok", "check"),
    OutcomeKind.MISSING: ("warn", "circle-dashed"),
    OutcomeKind.AMOUNT: ("bad", "circle-x"),
    OutcomeKind.RETAINAGE: ("bad", "circle-x"),
    OutcomeKind.TWICE: ("bad", "files"),
    OutcomeKind.DIFFERS: ("bad", "circle-x"),
    OutcomeKind.VOIDED: ("bad", "ban"),
    OutcomeKind.NOT_OURS: ("neutral", "circle-question-mark"),
}


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def reconciliation_list(request, company):
    """Those that were made, newest first, and where the money stands; POST makes one with the newest list."""
    if request.method != "POST":
        return _show_list(request, company)
    require_list_keeper(request.access)
    before = Reconciliation.objects.newest(company)
    try:
        made = acts.reconcile(company, by=request.user)
    except Refused as refused:
        return _show_list(request, company, refused)
    if before and before.pk == made.pk:
        messages.info(request, "Nothing has changed since: the same list and the same files say the same.")
    return redirect("erp-reconciliation", company.slug, made.number)


def _show_list(request, company, refused: Refused | None = None):
    made = Reconciliation.objects.of(company).select_related("list_version", "by").defer("list_version__records_json")
    page = Paginator(made, PAGE_SIZE).get_page(request.GET.get("page"))
    newest = page.object_list[0] if page.number == 1 and page.object_list else Reconciliation.objects.newest(company)
    context = (
        about(request, company)
        | pictured(company, request.user)
        | {
            "page": page,
            "list": SageListVersion.objects.in_use(company, ListKind.PAYABLE_INVOICES),
            "newest": newest,
            "may_reconcile": may_keep_lists(request.access),
            "refused": refused,
        }
    )
    return render(request, "erp_integrations/reconciliations.html", context, status=refused.status if refused else 200)


def _load(company, number: int) -> Reconciliation:
    newer = Reconciliation.objects.filter(company=company, number__gt=OuterRef("number"))
    found = Reconciliation.objects.of(company).select_related("company", "list_version", "by")
    made = found.defer("list_version__records_json").annotate(is_newest=~Exists(newer)).filter(number=number).first()
    if made is None:
        raise Http404
    return made


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def reconciliation(request, company, number):
    return _show(request, company, _load(company, number))


@dataclass(frozen=True)
class Tab:
    """One kind of outcome: how many, and in dollars what was expected and what Sage's list says."""

    kind: OutcomeKind
    count: int = 0
    expected: Decimal | None = None
    found: Decimal | None = None

    @property
    def difference(self) -> Decimal | None:
        return difference(self.expected, self.found)

    @property
    def tone(self) -> str:
        return TONES[self.kind][0]

    @property
    def icon(self) -> str:
        return TONES[self.kind][1]


def _show(request, company, made: Reconciliation, *, postings=(), refused: Refused | None = None):
    """`postings`: what became of each invoice that was just confirmed."""
    tabs = _tabs(made)
    asked = request.GET.get("kind", "")
    kind = OutcomeKind(asked) if asked in OutcomeKind.values else None
    outcomes = made.outcomes.with_context()
    found = Paginator(outcomes.filter(kind=kind) if kind else outcomes.to_look_at(), PAGE_SIZE)
    others = _others(made, request) if kind == OutcomeKind.NOT_OURS else None
    context = about(request, company) | {
        "made": made,
        "tabs": tabs,
        "kind": kind,
        "page": found.get_page(request.GET.get("page")),
        "others": others,
        "count": found.count + (others.paginator.count if others else 0),
        "key_field": FIELD,
        "to_confirm_count": made.outcomes.to_confirm().count(),
        "too_new": _too_new(made),
        "posted": [each for each in postings if not each.refusal],
        "not_posted": [each for each in postings if each.refusal],
        "refused": refused,
    }
    return render(request, "erp_integrations/reconciliation.html", context, status=refused.status if refused else 200)


def _tabs(made: Reconciliation) -> list[Tab]:
    sums = made.outcomes.sums()
    tabs = {kind: Tab(**sums[kind] | {"kind": kind}) if kind in sums else Tab(kind) for kind in OutcomeKind}
    strange = tabs[OutcomeKind.NOT_OURS]
    tabs[OutcomeKind.NOT_OURS] = Tab(
        strange.kind, strange.count + made.others_count, None, (strange.found or ZERO) + made.others_gross
    )
    return list(tabs.values())


def _too_new(made: Reconciliation) -> int:
    """How many files that were there are younger than the list, or of its day and not surely in it."""
    version = made.list_version
    younger = Q(built_at__gte=made.company.end_of(version.as_of_date)) | Q(built_at__gt=version.loaded_at)
    of_the_day = Q(pk__in=made.outcomes.filter(is_too_new=True).values("item__batch"))
    return ExportBatch.objects.of(made.company).filter(younger | of_the_day, built_at__lte=made.at).count()


def _others(made: Reconciliation, request):
    """Sage's rows that no outcome names, a page at a time: `others` in the address, beside `page` of the outcomes.

    As many as it counted: what Sage keeps as void only where it was made before those were left out.
    """
    named = {place for places in made.outcomes.values_list("places", flat=True) for place in places}
    every = [row for place, row in enumerate(payables_of(made.list_version)) if place not in named]
    counting = [row for row in every if not row.is_void]
    rows = counting if len(counting) == made.others_count else every
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("others"))
    page.object_list = [Other.of(row) for row in page.object_list]
    return page


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def confirm_found(request, company, number):
    """How many, their sum and what becomes of them (U6); POST posts what that page showed, each under its record."""
    require_approver(request.access)
    made = _load(company, number)
    if request.method != "POST":
        return _ask_about_found(request, company, made)
    try:
        postings = acts.confirm_found(made, plain_ids(request.POST.getlist("outcome")), by=request.user)
    except Refused as refused:
        return _show(request, company, made, refused=refused)
    return _show(request, company, made, postings=postings)


def _ask_about_found(request, company, made: Reconciliation):
    found = list(made.outcomes.to_confirm())
    if why_not := _why_not_asked(made, found):
        messages.info(request, why_not)
        return redirect("erp-reconciliation", company.slug, made.number)
    context = about(request, company) | {
        "made": made,
        "back": reverse("erp-reconciliation", args=[company.slug, made.number]),
        "to_confirm": [each.pk for each in found],
        "gross": sum((each.expected_gross for each in found), ZERO),
        "retainage": sum((each.expected_retainage for each in found), ZERO),
        "without_number": sum(not each.record_number for each in found),
    }
    return render(request, f"erp_integrations/confirm_found.html{'#dialog' if request.htmx else ''}", context)


def _why_not_asked(made: Reconciliation, found: list) -> str:
    try:
        acts.require_newest(made)
    except NotNow as refused:
        return refused.message
    return "" if found else "Nothing of what was found is left to post here."
