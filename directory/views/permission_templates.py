"""Permission templates: the list of a company's, and the page of one with its levels and its people."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render

from directory.actions import permission_templates
from directory.actions.grants import change_levels
from directory.decorators import FORM, WRITE, company_view
from directory.forms import TemplateNameForm, TemplatePersonForm
from directory.level_entry import changes_in, typed_in
from directory.matrix import Matrix, columns_of
from directory.models import Event, Membership, PermissionTemplate, Person, Project
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.views.answers import part_of, show_at_its_field
from directory.views.levels import saved_words

PROJECTS_SHOWN = 50
D = Tool.COMPANY_DIRECTORY


def _may_edit(request) -> bool:
    return request.access.allows(D, Level.ADMIN)


@company_view(D, Level.READ_ONLY)
def template_list(request, company):
    if request.method != "POST":
        return _show_list(request, company, TemplateNameForm())
    request.access.require(D, Level.ADMIN)
    form = TemplateNameForm(request.POST)
    if form.is_valid():
        try:
            made = permission_templates.create(company, form.cleaned_data["name"], by=request.user)
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            messages.success(request, f"{made} is made. Choose what it gives, then who is in it.")
            return redirect("permission-template", company.slug, made.pk)
    return _show_list(request, company, form, status=422)


def _show_list(request, company, form, status: int = 200):
    projects = Project.objects.filter(company=company, is_active=True)
    matrix = Matrix(company, columns_of(company, *projects), request.user, only=())
    context = {
        "company": company,
        "tab": "templates",
        "rows": matrix.template_rows(),
        "form": form,
        "may_edit": _may_edit(request),
    }
    return render(request, "directory/permission_templates.html", context, status=status)


def _template(company, pk) -> PermissionTemplate:
    return get_object_or_404(PermissionTemplate.objects.select_related("company", "group"), company=company, pk=pk)


@company_view(D, Level.READ_ONLY, fresh=True)
def template(request, company, pk):
    shown = _template(company, pk)
    if request.method != "POST":
        return _show(request, shown)
    request.access.require(D, Level.ADMIN)
    typed = {}
    try:
        typed = typed_in(request.POST)
        count = change_levels(company, changes_in(company, typed), by=request.user)
    except Refused as refusal:
        return _show(request, shown, refusal=refusal, typed=typed)
    messages.success(request, saved_words(count))
    return redirect(request.get_full_path())


def _show(request, shown: PermissionTemplate, *, refusal=None, typed=None, rename_form=None, person_form=None):
    company = shown.company
    projects = Paginator(Project.objects.filter(company=company, is_active=True), PROJECTS_SHOWN)
    page = projects.get_page(request.GET.get("page"))
    matrix = Matrix(company, columns_of(company, *page.object_list), request.user, typed or {}, only=())
    row = matrix.row_of_template(shown)
    by_place = {}
    for cell in row.cells:
        by_place.setdefault(cell.column.place, []).append(cell)
    forms = [form for form in (rename_form, person_form) if form]
    context = {
        "company": company,
        "tab": "templates",
        "shown": shown,
        "row": row,
        "company_cells": by_place.pop(company),
        "project_rows": by_place.items(),
        "page": page,
        "levels": list(Level),
        "members": Membership.objects.in_order_of_employer(company).filter(person__groups=shown.group_id),
        "may_edit": _may_edit(request),
        "refusal": refusal,
        "rename_form": rename_form or TemplateNameForm(initial={"name": shown.name}),
        "person_form": person_form or TemplatePersonForm(shown, request.user),
        "events": Event.objects.about(shown)[:20],
    }
    status = refusal.status if refusal else 422 if forms else 200
    return render(request, "directory/permission_template.html", context, status=status)


@company_view(D, Level.ADMIN, methods=WRITE)
def rename(request, company, pk):
    shown, form = _template(company, pk), TemplateNameForm(request.POST)
    if form.is_valid():
        try:
            renamed = permission_templates.rename(shown, form.cleaned_data["name"], by=request.user)
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            messages.success(request, f"It is called {renamed} now.")
            return redirect("permission-template", company.slug, pk)
    return _show(request, shown, rename_form=form)


@company_view(D, Level.ADMIN, methods=FORM)
def delete(request, company, pk):
    shown = _template(company, pk)
    if request.method != "POST":
        page = "directory/permission_template_delete.html"
        return render(request, part_of(request, page), {"company": company, "shown": shown})
    try:
        permission_templates.delete(shown, by=request.user)
    except Refused as refusal:
        return _show(request, shown, refusal=refusal)
    messages.success(request, f"{shown} is deleted, and what it gave with it.")
    return redirect("permission-templates", company.slug)


@company_view(D, Level.ADMIN, methods=WRITE, fresh=True)
def add_person(request, company, pk):
    shown = _template(company, pk)
    form = TemplatePersonForm(shown, request.user, request.POST)
    if form.is_valid():
        person = form.cleaned_data["person"]
        try:
            permission_templates.add_person(shown, person, by=request.user)
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            messages.success(request, f"{person} is in {shown} now.")
            return redirect("permission-template", company.slug, pk)
    return _show(request, shown, person_form=form)


@company_view(D, Level.ADMIN, methods=WRITE)
def remove_person(request, company, pk, person):
    shown = _template(company, pk)
    leaving = get_object_or_404(Person, pk=person, memberships__company=company)
    try:
        permission_templates.remove_person(shown, leaving, by=request.user)
    except Refused as refusal:
        return _show(request, shown, refusal=refusal)
    messages.success(request, f"{leaving} is no longer in {shown}.")
    return redirect("permission-template", company.slug, pk)
