"""Every project that opens for whoever asks, to go to another: a page, and the menu beside the brand."""

from django.shortcuts import render

from directory.decorators import READ, signed_in_view
from directory.permissions import projects_visible_to
from directory.typed import SearchForm


@signed_in_view(methods=READ)
def my_projects(request):
    """By name, narrowed to `q`; to the menu, which asks for it when it is opened, the same page is a part."""
    form = SearchForm(request.GET, "Name or number")
    projects = list(projects_visible_to(request.user).matching(form.words).order_by("name", "number"))
    context = {
        "form": form,
        "projects": projects,
        "has_companies": len({each.company_id for each in projects}) > 1,
    }
    return render(request, "directory/my_projects.html", context)
