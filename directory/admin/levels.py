"""One person's levels, tool by tool, company by company and project by project."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from directory.actions.grants import set_level
from directory.admin.bases import is_site_owner
from directory.models import Person, Project
from directory.permissions import Level, Tool, level_held

CHOICES = [(level.value, level.label) for level in Level]


class LevelsForm(forms.Form):
    """A select for each tool of each company and project of the person; `rows` lays them out as a matrix."""

    def __init__(self, person, data=None):
        super().__init__(data)
        self.person = person
        self.places = {}
        self.sections = [
            self._section(membership)
            for membership in person.memberships.filter(is_active=True).select_related("company", "vendor")
        ]

    def _section(self, membership) -> dict:
        company = membership.company
        is_open = [tool for tool in Tool if tool.is_for_vendors or membership.vendor_id is None]
        rows = [self._row(company, [tool for tool in is_open if tool.scope == "company"])]
        for project in Project.objects.filter(company=company):
            rows.append(self._row(project, [tool for tool in is_open if tool.scope == "project"]))
        return {"membership": membership, "rows": [row for row in rows if row["fields"]]}

    def _row(self, place, tools: list[Tool]) -> dict:
        return {"place": place, "fields": [self._add(place, tool) for tool in tools]}

    def _add(self, place, tool: Tool):
        name = f"{tool.name.lower()}-{place.pk}"
        self.places[name] = (tool, place)
        held = level_held(self.person, tool, place)
        self.fields[name] = forms.TypedChoiceField(
            choices=CHOICES, coerce=lambda value: Level(int(value)), initial=held.value, label=tool.label
        )
        return self[name]

    def apply(self, *, by) -> int:
        """Set what was changed; returns how many levels that were."""
        changed = self.changed_data
        with transaction.atomic():
            for name in changed:
                tool, place = self.places[name]
                set_level(self.person, tool, place, self.cleaned_data[name], by=by)
        return len(changed)


def levels_page(request, pk):
    """Only a site owner comes here; the admin's own check lets staff as far as the door."""
    if not is_site_owner(request):
        raise PermissionDenied
    person = get_object_or_404(Person, pk=pk)
    form = LevelsForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        count = form.apply(by=request.user)
        messages.success(request, f"{count} {'level' if count == 1 else 'levels'} of {person} changed.")
        return redirect(request.path)
    context = admin.site.each_context(request) | {"title": f"Levels of {person}", "person": person, "form": form}
    return TemplateResponse(request, "directory/admin/levels.html", context)
