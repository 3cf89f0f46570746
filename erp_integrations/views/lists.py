"""Sage's lists: which version of each is in use, how old it is, and the versions before it."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from directory.decorators import READ, company_view
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.typed import SearchForm
from directory.views.answers import show_at_its_field
from erp_integrations.about_lists import LIST_USES, SHAPES, is_old, stops
from erp_integrations.actions import list_uploads
from erp_integrations.list_forms import ListFileForm
from erp_integrations.models import ListKind, SageListVersion
from erp_integrations.permissions import may_keep_lists, require_list_keeper
from erp_integrations.sage100.list_columns import columns_of, either_of
from erp_integrations.sage100.list_words import cells_of, titles_of
from erp_integrations.views.ways_back import WayBack

PAGE_SIZE = 100
VERSIONS = 30


@dataclass(frozen=True)
class Standing:
    """One list as it stands: `version` None when it was never uploaded."""

    kind: ListKind
    version: SageListVersion | None
    days: int | None
    is_old: bool
    uses: str
    stops: bool


def _about(request, company) -> dict:
    may_upload = may_keep_lists(request.access)
    return {"company": company, "may_upload": may_upload}


def versions_of(company):
    """Without what they hold: that may be megabytes."""
    return SageListVersion.objects.filter(company=company).defer("records_json").select_related("loaded_by")


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def lists(request, company):
    current = {version.kind: version for version in versions_of(company).filter(is_current=True)}
    rows = [standing(company, kind, current.get(kind)) for kind in ListKind]
    missing = [row for row in rows if row.version is None]
    context = _about(request, company) | {
        "rows": rows,
        "missing": missing,
        "stopping": [row for row in missing if row.stops],
        "asking": [row for row in missing if not row.stops],
        "old": [row for row in rows if row.is_old],
    }
    return render(request, "erp_integrations/lists.html", context)


def standing(company, kind: ListKind, version: SageListVersion | None) -> Standing:
    days = (company.today - version.as_of_date).days if version else None
    return Standing(kind, version, days, days is not None and is_old(kind, days), LIST_USES[kind], stops(kind))


def kind_of(value: str) -> ListKind:
    if value not in ListKind.values:
        raise Http404
    return ListKind(value)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY)
def sage_list(request, company, kind):
    """One list: what it is for, its versions, and which columns a file of it has. POST reads a file."""
    kind = kind_of(kind)
    if request.method != "POST":
        return _show(request, company, kind, ListFileForm(initial={"as_of_date": company.today}))
    require_list_keeper(request.access)
    form = ListFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, company, kind, form)
    file = form.cleaned_data["file"]
    try:
        read = list_uploads.read(
            company, kind, file.name, file.read(), as_of_date=form.cleaned_data["as_of_date"], by=request.user
        )
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, company, kind, form)
    address = reverse("erp-list-upload", args=[company.slug, read.pk])
    return redirect(address + WayBack.of(request, company).query)


def _show(request, company, kind: ListKind, form: ListFileForm):
    versions = versions_of(company).filter(kind=kind)
    context = _about(request, company) | {
        "back": WayBack.of(request, company),
        "kind": kind,
        "standing": standing(company, kind, versions.filter(is_current=True).first()),
        "versions": Paginator(versions, VERSIONS).get_page(request.GET.get("page")),
        "columns": columns_of(kind),
        "either": either_of(kind),
        "shape": SHAPES.get(kind, ""),
        "window": kind.label.rpartition(" ")[2],
        "open_upload": company.sage_list_uploads.filter(kind=kind, is_open=True, uploaded_by=request.user)
        .defer("rows")
        .first(),
        "form": form,
    }
    return render(request, "erp_integrations/list.html", context, status=422 if form.errors else 200)


@company_view(Tool.ERP_INTEGRATIONS, Level.READ_ONLY, methods=READ)
def version(request, company, pk):
    """The rows of one version, current or old, a page at a time; `q` looks in every cell."""
    found = get_object_or_404(versions_of(company), pk=pk)
    kind, search = ListKind(found.kind), SearchForm(request.GET, label="Search these rows")
    titles, wanted = titles_of(kind.record), search.words.casefold().split()
    rows = [cells_of(record) for record in found.as_list()]
    if wanted:
        rows = [cells for cells in rows if all(word in " ".join(cells).casefold() for word in wanted)]
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = [list(zip(titles, cells, strict=True)) for cells in page.object_list]
    context = _about(request, company) | {
        "version": found,
        "kind": kind,
        "titles": titles,
        "page": page,
        "search": search,
    }
    return render(request, "erp_integrations/list_version.html", context)
