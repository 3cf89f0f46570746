"""A company's cost codes: the list, one of them, and a list from a file that is looked at before it is taken in."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render

from directory.counts import counted
from directory.decorators import READ, WRITE, company_view
from directory.downloads import workbook_answer
from directory.models import Event
from directory.models.matching import holding
from directory.permissions import Level, Tool
from directory.refusals import Refused, Stale
from directory.sheets import as_xlsx, read_table
from directory.typed import SearchForm
from directory.vendor_forms import UploadForm
from directory.views.answers import show_at_its_field
from invoicing.actions import cost_codes
from invoicing.actions.cost_codes import ListedCode, Outcome
from invoicing.forms.cost_codes import CodeForm, NewCodeForm, TypeNamesForm
from invoicing.forms.versions import Difference, differences, on_version
from invoicing.models import CostCode, ScheduleLine, cost_types_of

PAGE_SIZE = 50
SHOWN = 300
HEADINGS = {"code": ["Cost code", "Code"], "name": ["Name", "Description"]}


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY)
def code_list(request, company):
    """POST adds one."""
    if request.method != "POST":
        return _show(request, company)
    request.access.require(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    form = NewCodeForm(request.POST)
    if not form.is_valid():
        return _show(request, company, form)
    try:
        made = cost_codes.add(company, form.cleaned_data["code"], form.cleaned_data["name"], by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, company, form)
    messages.success(request, f"{made} can be chosen for lines now.")
    return redirect("cost-codes", company.slug)


def _about(request, company) -> dict:
    may_change = request.access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    return {"company": company, "tab": "cost-codes", "may_change": may_change}


def _show(
    request,
    company,
    form=None,
    file_form: UploadForm | None = None,
    type_form: TypeNamesForm | None = None,
    both: list[Difference] | None = None,
):
    """`both`: where the names that were typed differ from what somebody saved meanwhile."""
    search, standing = SearchForm(request.GET, "Code or name"), request.GET.get("standing", "")
    found = company.cost_codes.filter(holding(search.words, "code", "name"))
    found = found.filter(is_active=standing != "inactive") if standing in ("", "inactive") else found
    page = Paginator(found.order_by("code"), PAGE_SIZE).get_page(request.GET.get("page"))
    counts = company.cost_codes.aggregate(
        active=Count("pk", filter=Q(is_active=True)), inactive=Count("pk", filter=Q(is_active=False))
    )
    codes = list(page.object_list)
    lines = ScheduleLine.objects.filter(cost_code__in=codes).order_by().values_list("cost_code")
    used = dict(lines.annotate(Count("pk")))
    types = cost_types_of(company)
    context = _about(request, company) | {
        "page": page,
        "rows": [{"code": code, "used": used.get(code.pk, 0)} for code in codes],
        "counts": counts,
        "search": search,
        "standing": standing,
        "types": types.items(),
        "type_form": type_form or TypeNamesForm(types),
        "form": form or NewCodeForm(),
        "file_form": file_form or UploadForm(),
        "is_stale": both is not None,
        "differences": both,
    }
    wrong = any(each and each.errors for each in (form, file_form, type_form))
    status = 409 if both is not None else 422 if wrong else 200
    return render(request, "invoicing/cost_codes.html", context, status=status)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def code_page(request, company, pk):
    code = get_object_or_404(company.cost_codes, pk=pk)
    if request.method != "POST":
        return _show_code(request, company, code, CodeForm(initial=_stored(code) | {"version": code.version}))
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _show_code(request, company, code, form, status=422)
    typed = form.cleaned_data
    try:
        cost_codes.change(code, typed["name"], is_active=typed["is_active"], version=typed["version"], by=request.user)
    except Stale:
        code.refresh_from_db()
        again = CodeForm(on_version(request.POST, code.version))
        return _show_code(request, company, code, again, status=409, found=differences(form, _stored(code)))
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show_code(request, company, code, form, status=refused.status)
    messages.success(request, f"{code.code} is saved.")
    return redirect("cost-codes", company.slug)


def _stored(code: CostCode) -> dict:
    return {"name": code.name, "is_active": code.is_active}


def _show_code(request, company, code: CostCode, form: CodeForm, *, status: int = 200, found=None):
    """`found`: where what was typed differs from what somebody saved meanwhile."""
    context = _about(request, company) | {"code": code, "form": form, "events": Event.objects.about(code)[:20]}
    context |= {"is_stale": found is not None, "differences": found}
    return render(request, "invoicing/cost_code.html", context, status=status)


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def workbook(request, company):
    """The list of today: to be changed and uploaded again."""
    rows = company.cost_codes.filter(is_active=True).order_by("code").values_list("code", "name")
    content = as_xlsx("Cost codes", [words[0] for words in HEADINGS.values()], rows)
    return workbook_answer(f"cost-codes-{company.slug}", content)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def upload(request, company):
    """What the file would do; nothing is kept of it until it is applied."""
    if request.method != "POST":
        return redirect("cost-codes", company.slug)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _show(request, company, file_form=form)
    file = form.cleaned_data["file"]
    try:
        table = read_table(file.name, file.read(), HEADINGS, tuple(HEADINGS))
    except Refused as refused:
        form.add_error("file", refused.message)
        return _show(request, company, file_form=form)
    if len(table.rows) > cost_codes.MOST_CODES:
        form.add_error("file", f"It has {len(table.rows):,} rows; {cost_codes.MOST_CODES:,} are read. Split it.")
        return _show(request, company, file_form=form)
    listed = [ListedCode(row["row"], row["code"], row["name"]) for row in table.rows]
    return _preview(request, company, listed, file.name, table)


def _preview(request, company, listed: list[ListedCode], name: str, table=None, refused: Refused | None = None):
    planned = cost_codes.plan(company, listed)
    groups = {outcome.value: [each for each in planned if each.outcome is outcome] for outcome in Outcome}
    columns = table.columns if table else {"code": "A", "name": "B"}
    context = _about(request, company) | {
        "name": name,
        "listed": listed,
        "groups": groups,
        "digest": cost_codes.digest_of(planned),
        "problems": [
            {"cell": f"{columns[field]}{each.listed.row}", "words": words}
            for each in groups["refused"][:SHOWN]
            for field, words in each.problems.items()
        ],
        "count": len(groups["new"]) + len(groups["changed"]),
        "skipped": table.skipped if table else [],
        "refused": refused,
    }
    status = refused.status if isinstance(refused, Stale) else 422 if refused or groups["refused"] else 200
    return render(request, "invoicing/cost_codes_preview.html", context, status=status)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def apply(request, company):
    codes, names = request.POST.getlist("code"), request.POST.getlist("name")
    listed = [ListedCode(row, *pair) for row, pair in enumerate(zip(codes, names, strict=False), 2)]
    try:
        count = cost_codes.take_in(company, listed, digest=request.POST.get("plan", ""), by=request.user)
    except Refused as refused:
        return _preview(request, company, listed, "The list", refused=refused)
    messages.success(request, f"{counted(count, 'cost code')} taken in." if count else "Nothing changed.")
    return redirect("cost-codes", company.slug)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def name_types(request, company):
    """What the company calls its own four cost types; a name that is emptied becomes plain again."""
    form = TypeNamesForm(cost_types_of(company), request.POST)
    if not form.is_valid():
        return _show(request, company, type_form=form)
    try:
        cost_codes.name_types(company, form.names, shown=form.shown, by=request.user)
    except Stale:
        now = cost_types_of(company)
        return _show(request, company, type_form=form.rebased(now), both=form.differences(now))
    except Refused as refused:
        form.add_error(f"type_{refused.field.removeprefix('names[').removesuffix(']')}", refused.message)
        return _show(request, company, type_form=form)
    messages.success(request, "The names of your own cost types are saved.")
    return redirect("cost-codes", company.slug)
