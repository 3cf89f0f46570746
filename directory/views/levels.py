"""The matrices of levels: a company's people and templates on its tools and one project's, and a project's own page."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import redirect, render

from directory.actions.grants import change_levels
from directory.counts import counted
from directory.decorators import company_view, project_view
from directory.forms import LevelFilterForm
from directory.level_entry import changes_in, typed_in
from directory.matrix import Matrix, columns_of
from directory.models import Project
from directory.permissions import Level, Tool
from directory.refusals import Refused

PAGE_SIZE = 50


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, fresh=True)
def company_levels(request, company):
    may_edit = request.access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    projects = list(Project.objects.filter(company=company, is_active=True))
    form = LevelFilterForm(request.GET, company, projects)
    project = next(
        (each for each in projects if each.slug == form.chosen("project")), projects[0] if projects else None
    )
    context = {
        "company": company,
        "chosen_project": project,
        "filter": form,
        "may_edit": may_edit,
        "has_templates": True,
        "tab": "levels",
        "page_name": "directory/levels.html",
    }
    if request.method == "POST":
        request.access.require(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    return _matrix_page(request, company, columns_of(company, project), context)


@project_view(Tool.PROJECT_DIRECTORY, Level.READ_ONLY, fresh=True)
def project_levels(request, project):
    company, access = project.company, request.access
    is_company_admin = access.allows(Tool.COMPANY_DIRECTORY, Level.ADMIN)
    context = {
        "company": company,
        "project": project,
        "filter": LevelFilterForm(request.GET, company),
        "may_edit": is_company_admin or access.allows(Tool.PROJECT_DIRECTORY, Level.ADMIN),
        "page_name": "directory/project_levels.html",
    }
    if request.method == "POST" and not is_company_admin:
        access.require(Tool.PROJECT_DIRECTORY, Level.ADMIN)
    return _matrix_page(request, company, columns_of(project), context)


def _matrix_page(request, company, columns, context: dict):
    if request.method != "POST":
        return _show(request, company, columns, context)
    typed = {}
    try:
        typed = typed_in(request.POST)
        count = change_levels(company, changes_in(company, typed), by=request.user)
    except Refused as refusal:
        return _show(request, company, columns, context | {"refusal": refusal}, typed)
    messages.success(request, saved_words(count))
    return redirect(request.get_full_path())


def saved_words(count: int) -> str:
    if not count:
        return "Nothing was changed: every level is as it was."
    return f"{counted(count, 'level')} changed, from the next click of each person on."


def _show(request, company, columns, context: dict, typed=None):
    form, refusal = context["filter"], context.get("refusal")
    matrix = Matrix(company, columns, request.user, typed or {})
    rows = matrix.rows_of_people(form.memberships())
    if form.wanted_level is not None:
        rows = [row for row in rows if row.holds(form.wanted_level)]
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context |= {
        "columns": columns,
        "page": page,
        "rows": page.object_list,
        "template_rows": [] if form.is_narrowed else matrix.template_rows(),
        "levels": list(Level),
        "sees_why": request.access.allows(Tool.COMPANY_DIRECTORY, Level.READ_ONLY),
    }
    return render(request, context["page_name"], context, status=refusal.status if refusal else 200)
