"""Every project that opens for whoever asks, to go to another: a page, and the menu beside the brand."""

from django import forms
from django.db.models import Q
from django.shortcuts import render

from directory.decorators import READ, signed_in_view
from directory.permissions import projects_visible_to


class Search(forms.Form):
    q = forms.CharField(
        label="Search",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "placeholder": "Name or number"}),
    )


@signed_in_view(methods=READ)
def my_projects(request):
    """By name, narrowed to `q`; to the menu, which asks for it when it is opened, the same page is a part."""
    form = Search(request.GET)
    words = form.cleaned_data["q"].split() if form.is_valid() else []
    found = projects_visible_to(request.user).order_by("name", "number")
    for word in words:
        found = found.filter(Q(name__icontains=word) | Q(number__icontains=word))
    projects = list(found)
    context = {
        "form": form,
        "words": words,
        "projects": projects,
        "has_companies": len({each.company_id for each in projects}) > 1,
    }
    return render(request, "directory/my_projects.html", context)
