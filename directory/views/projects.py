"""A company's projects as its directory keeps them: begun, changed, ended, run again."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify

from directory.actions import projects
from directory.actions.projects import ProjectEntry
from directory.company_forms import NewProjectForm, ProjectForm
from directory.decorators import READ, WRITE, company_view
from directory.models import Event, Project
from directory.people_forms import ReasonForm
from directory.permissions import Level, Tool
from directory.typed import SearchForm
from directory.views.answers import carried_out, dialog, posted


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def project_list(request, company):
    search, wants_ended = SearchForm(request.GET, "Name or number"), request.GET.get("state") == "ended"
    found = company.projects.matching(search.words)
    running, ended = found.filter(is_active=True), found.filter(is_active=False)
    context = _company(request, company) | {
        "search": search,
        "wants_ended": wants_ended,
        "projects": ended if wants_ended else running,
        "counts": {"running": running.count(), "ended": ended.count()},
    }
    return render(request, "directory/projects.html", context)


def _company(request, company) -> dict:
    return {"company": company, "tab": "projects", "is_admin": request.access.is_directory_admin}


def _project(company, pk: int) -> Project:
    return get_object_or_404(Project, company=company, pk=pk)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def add_project(request, company):
    form = NewProjectForm(company, posted(request))

    def add(typed):
        entry = ProjectEntry(typed["name"], typed["number"], typed["time_zone"])
        slug = typed["slug"] or slugify(typed["name"])[:50]
        return projects.add_project(company, entry, slug, by=request.user, like=typed["like"])

    if request.method == "POST" and carried_out(form, add):
        messages.success(request, f"{form.cleaned_data['name']} is running. Set who may do what on its levels.")
        return redirect("company-projects", company.slug)
    context = _company(request, company) | {"form": form}
    return render(request, "directory/project_new.html", context, status=422 if form.errors else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def edit_project(request, company, pk):
    project = _project(company, pk)
    form = ProjectForm(company, posted(request), project)
    if request.method == "POST" and carried_out(
        form, lambda typed: projects.change_project(project, ProjectEntry(**typed), by=request.user)
    ):
        messages.success(request, f"{form.cleaned_data['name']} is saved.")
        return redirect("company-projects", company.slug)
    context = _company(request, company) | {
        "form": form,
        "edited": project,
        "events": Event.objects.about(project)[:50],
    }
    return render(request, "directory/project_edit.html", context, status=422 if form.errors else 200)


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN)
def end_project(request, company, pk):
    project = _project(company, pk)
    form = ReasonForm(posted(request))
    if request.method == "POST" and carried_out(
        form, lambda typed: projects.end_project(project, **typed, by=request.user)
    ):
        messages.success(request, f"{project.name} has ended. Its pages are closed.")
        return redirect("company-projects", company.slug)
    return dialog(request, "directory/project_end.html", _company(request, company) | {"form": form, "edited": project})


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=WRITE)
def run_again(request, company, pk):
    project = projects.run_project_again(_project(company, pk), by=request.user)
    messages.success(request, f"{project.name} is running again.")
    return redirect("company-projects", company.slug)
