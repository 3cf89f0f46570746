"""Linking ours to Sage's: how far each pair is, its gaps, and the choice of an entry for one of ours."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from directory.decorators import READ, WRITE, company_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.typed import SearchForm
from erp_integrations.actions import links
from erp_integrations.link_forms import SHOWS, AccountForm, ChooseForm, PairFilter
from erp_integrations.models import ListKind, SageListVersion, sage_lists
from erp_integrations.pair_counts import standings
from erp_integrations.pairing import LINES, PAIRS, Entry, Match, Pair
from erp_integrations.permissions import may_keep_lists, require_list_keeper
from erp_integrations.views.ways_back import WayBack

SHOWN = 30


@dataclass(frozen=True)
class Row:
    """One of ours as the page of its pair shows it. `entry`: what Sage's newest list says of it; None if nothing."""

    pk: int
    name: str
    detail: str
    key: str
    entry: Entry | None
    match: Match | None
    phase: str = ""

    @property
    def trouble(self) -> str:
        """Why a link that is there does not carry."""
        if not self.key:
            return ""
        return self.entry.why_not if self.entry else "Not in Sage’s newest list"


@dataclass(frozen=True)
class OpenedFrom:
    """The list of a pair as it was narrowed, for the pages of its rows, and the way back that led to it."""

    pair: Pair
    back: WayBack
    kept: dict[str, str]

    @classmethod
    def of(cls, request, company, pair: Pair) -> "OpenedFrom":
        """As the address of a row's page says."""
        rows = PairFilter(QueryDict(request.GET.get("rows", "")), pair=pair)
        return cls(pair, WayBack.of(request, company), rows.kept)

    @property
    def pairs(self) -> dict[str, str]:
        return self.back.pairs | ({"rows": urlencode(self.kept)} if self.kept else {})

    @property
    def query(self) -> str:
        """For behind an address of a page that is opened from there."""
        return f"?{urlencode(self.pairs)}" if self.pairs else ""

    @property
    def address(self) -> str:
        """Of the list itself."""
        said = self.back.pairs | self.kept
        return reverse("erp-linking", args=[self.back.came_from.company.slug, self.pair.slug]) + (
            f"?{urlencode(said)}" if said else ""
        )


def _about(request, company, opened: OpenedFrom) -> dict:
    """What the pages of a pair know: from which list they are opened, and the way back."""
    may_link = may_keep_lists(request.access)
    return {"company": company, "pair": opened.pair, "may_link": may_link, "opened": opened, "back": opened.back}


def _pair(slug: str) -> Pair:
    if slug not in PAIRS:
        raise Http404
    return PAIRS[slug]


def _ours(pair: Pair, request, company, pk: int):
    item = pair.get(company, pk)
    if item is None or not _is_seen(pair, request.access, company, item):
        raise Http404
    return item


def _is_seen(pair: Pair, access, company, item) -> bool:
    seen = pair.seen_by(access)
    return not seen or pair.all_ours(company).filter(seen, pk=item.pk).exists()


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def overview(request, company):
    there = set(SageListVersion.objects.current(company).values_list("kind", flat=True))
    looked_into = {kind for pair in PAIRS.values() for kind in pair.kinds}
    context = {
        "company": company,
        "rows": [{"pair": pair, "standing": standing} for pair, standing in standings(company)],
        "missing": [kind for kind in ListKind if kind in looked_into and kind not in there],
    }
    return render(request, "erp_integrations/links.html", context)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def linking(request, company, pair):
    pair = _pair(pair)
    lists = pair.lists(company)
    form = PairFilter(request.GET, pair=pair)
    page = form.rows(company, request.access)
    matches = {match.ours.pk: match for match in pair.matches(company, lists)}
    context = _about(request, company, OpenedFrom(pair, WayBack.of(request, company), form.kept)) | {
        "form": form,
        "page": page,
        "rows": [_row(pair, lists, item, matches) for item in page.rows],
        "matches": len(matches),
        "standing": pair.standing(company),
        "shows": [{"show": show, "label": label, "is_now": show == form.show_now} for show, label in SHOWS.items()],
        "missing": pair.missing(lists),
    }
    return render(request, "erp_integrations/linking.html", context)


def _row(pair: Pair, lists, item, matches: dict[int, Match]) -> Row:
    key, link = pair.key_of(item), pair.link_of(item)
    return Row(
        item.pk,
        pair.name(item),
        pair.detail(item),
        key,
        pair.entry(lists, item, key) if key else None,
        matches.get(item.pk),
        getattr(link, "phase_number", "") if link else "",
    )


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def link(request, company, pair, pk):
    """Search among Sage's entries for one of ours, which staff may too: a finding leads here. POST links it."""
    pair = _pair(pair)
    item = _ours(pair, request, company, pk)
    if request.method != "POST":
        return _choose(request, company, pair, item)
    require_list_keeper(request.access)
    form = ChooseForm(request.POST)
    try:
        if not form.is_valid():
            raise Refused("Choose one of Sage’s entries.", field="key")
        made = links.choose(pair, company, item, form.cleaned_data["key"], by=request.user,
                            phase=form.cleaned_data["phase"], was=form.cleaned_data["was"])  # fmt: skip
    except Refused as refused:
        return _choose(request, company, pair, _ours(pair, request, company, pk), refused=refused)
    messages.success(request, f"{made}. Invoices that wait are checked anew when somebody looks at them.")
    opened = OpenedFrom.of(request, company, pair)
    return redirect(opened.back.address or opened.address)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD, methods=WRITE)
def account(request, company, pair, pk):
    """The ledger account that goes before all others on one job, cost type or line (S30)."""
    pair = _pair(pair)
    item = _ours(pair, request, company, pk)
    if not pair.has_account:
        raise Http404
    form = _account_form(company, pair, item, request.POST)
    if not form.is_valid():
        return _choose(request, company, pair, item, account_form=form)
    try:
        links.set_account(pair, company, item, by=request.user, **form.cleaned_data)
    except Refused as refused:
        fresh = _ours(pair, request, company, pk)
        was = links.shown_account(pair.link_of(fresh))
        again = _account_form(company, pair, fresh, request.POST.dict() | {"was": was})
        return _choose(request, company, pair, fresh, refused=refused, account_form=again)
    messages.success(request, f"Saved. Lines of {pair.name(item)} that wait are checked anew when somebody looks.")
    here = reverse("erp-link", args=[company.slug, pair.slug, pk])
    return redirect(here + OpenedFrom.of(request, company, pair).query)


def _account_form(company, pair: Pair, item, data=None) -> AccountForm:
    link = pair.link_of(item)
    lists = sage_lists(company, kinds=[ListKind.LEDGER_ACCOUNTS])
    return AccountForm(link, links.shown_account(link), lists, data)


def _choose(request, company, pair: Pair, item, refused: Refused | None = None, account_form=None):
    lists, search = pair.lists(company), SearchForm(request.GET, "Number or name", "Search Sage’s list")
    entries = pair.entries(lists, item)
    wanted = search.words.casefold().split()
    found = [entry for entry in entries if entry.holds(wanted)] if wanted else likely(entries, item, pair)
    shown = found[:SHOWN]
    taken = pair.taken(company, item, [entry.key for entry in shown])
    if pair.seen_by(request.access):  # who only looks is not told of a commitment they may not see (P-2)
        taken = dict.fromkeys(taken, "another")
    key = pair.key_of(item)
    context = _about(request, company, OpenedFrom.of(request, company, pair)) | {
        "item": item,
        "name": pair.name(item),
        "detail": pair.detail(item),
        "key": key,
        "linked": pair.entry(lists, item, key) if key else None,
        "phase": getattr(pair.link_of(item), "phase_number", ""),
        "search": search,
        "entries": [{"entry": entry, "taken": taken.get(entry.key, ""), "is_now": entry.key == key} for entry in shown],
        "found": len(found),
        "count": len(entries),
        "refused": refused,
        "missing": pair.missing(lists),
        "account_form": (account_form or _account_form(company, pair, item)) if pair.has_account else None,
        "may_have_account": bool(key) or pair is LINES or bool(pair.link_of(item)),
    }
    status = refused.status if refused else 422 if account_form else 200
    return render(request, "erp_integrations/link.html", context, status=status)


def likely(entries: list[Entry], item, pair: Pair) -> list[Entry]:
    """Before anybody searches: few are shown whole; of many, those that share words with ours, most first."""
    if len(entries) <= SHOWN:
        return entries
    wanted = _words(f"{pair.name(item)} {pair.detail(item)}")
    shared = [(len(wanted & _words(entry.label)), entry) for entry in entries]
    found = sorted((each for each in shared if each[0]), key=lambda each: -each[0])
    return [entry for _, entry in found[:SHOWN]]


def _words(text: str) -> set[str]:
    parts = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
    return {part for part in parts if len(part) > 2 or part.isdigit()}


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def exact(request, company, pair):
    """The exact matches of a pair with a tick each; POST links the ticked."""
    pair = _pair(pair)
    if request.method != "POST":
        return _exact(request, company, pair)
    try:
        count = links.link_exact(pair, company, request.POST.getlist("match"), by=request.user)
    except Refused as refused:
        return _exact(request, company, pair, refused=refused)
    messages.success(request, f"{count} {pair.one if count == 1 else pair.many} linked.")
    return redirect(OpenedFrom.of(request, company, pair).address)


def _exact(request, company, pair: Pair, refused: Refused | None = None):
    found = pair.matches(company, pair.lists(company))
    shown = pair.with_ours(company, found[: links.MOST_AT_ONCE])
    ticked = request.POST.getlist("match") if refused else [m.mark for m in shown if not m.names_differ]
    context = _about(request, company, OpenedFrom.of(request, company, pair)) | {
        "count": len(found),
        "rows": [
            {"match": m, "name": pair.name(m.ours), "detail": pair.detail(m.ours), "ticked": m.mark in ticked}
            for m in shown
        ],
        "refused": refused,
    }
    return render(request, "erp_integrations/link_exact.html", context, status=refused.status if refused else 200)


@company_view(Tool.ERP_INTEGRATIONS, Level.STANDARD)
def unlink(request, company, pair, pk):
    """What taking the link away would stop; POST takes it away."""
    pair = _pair(pair)
    item = _ours(pair, request, company, pk)
    refused = None
    if request.method == "POST":
        try:
            links.unlink(pair, company, item, by=request.user, was=request.POST.get("was", ""))
        except Refused as why:
            refused, item = why, _ours(pair, request, company, pk)
        else:
            messages.success(request, f"{pair.name(item)} is linked to nothing in Sage any more.")
            return redirect(OpenedFrom.of(request, company, pair).address)
    key = pair.key_of(item)
    context = _about(request, company, OpenedFrom.of(request, company, pair)) | {
        "name": pair.name(item),
        "detail": pair.detail(item),
        "key": key,
        "linked": pair.entry(pair.lists(company), item, key) if key else None,
        "stopped": pair.stopped(company, item),
        "account": links.shown_account(pair.link_of(item)) if pair.has_account else "",
        "refused": refused,
    }
    return render(request, "erp_integrations/unlink.html", context, status=refused.status if refused else 200)
