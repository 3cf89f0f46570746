"""One person's levels, tool by tool, company by company and project by project."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse

from directory.actions.grants import LevelChange, change_levels
from directory.counts import counted
from directory.decorators import with_fresh_sign_in
from directory.matrix import Cell, Matrix, columns_of
from directory.models import Person, Project
from directory.permissions import Level, is_site_owner
from directory.refusals import Refused

CHOICES = [(level.value, level.label) for level in Level]


class LevelsForm(forms.Form):
    """A select for each tool of each company and project of the person; `sections` lays them out as a matrix.

    What the person's templates add is told under each select; it is changed on the template's own page.
    """

    def __init__(self, person, by, data=None):
        super().__init__(data)
        self.person, self.by = person, by
        self.cells = {}
        self.sections = [
            self._section(membership)
            for membership in person.memberships.filter(is_active=True).select_related("company", "vendor")
        ]

    def _section(self, membership) -> dict:
        company = membership.company
        columns = columns_of(company, *Project.objects.filter(company=company))
        matrix = Matrix(company, columns, self.by, only=[self.person.pk])
        rows = {}
        for cell in matrix.row_of_person(membership).cells:
            if cell.is_open:
                rows.setdefault(cell.column.place, []).append(self._add(cell))
        return {"membership": membership, "rows": [{"place": place, "fields": rows[place]} for place in rows]}

    def _add(self, cell: Cell):
        name = cell.column.key
        self.cells[name] = cell
        self.fields[name] = forms.TypedChoiceField(
            choices=CHOICES,
            coerce=lambda value: Level(int(value)),
            initial=cell.own.value,
            label=cell.column.tool.label,
            help_text=", ".join(f"{each.name}: {each.level.label}" for each in cell.given),
        )
        return self[name]

    def apply(self) -> int:
        """Set what was changed; returns how many levels that were."""
        by_company = {}
        for name in self.changed_data:
            cell = self.cells[name]
            column = cell.column
            change = LevelChange(self.person, column.tool, column.place, self.cleaned_data[name], cell.own)
            by_company.setdefault(column.place.company, []).append(change)
        with transaction.atomic():
            return sum(change_levels(company, wanted, by=self.by) for company, wanted in by_company.items())


@with_fresh_sign_in
def levels_page(request, pk):
    """Only a site owner comes here; the admin's own check lets staff as far as the door."""
    if not is_site_owner(request.user):
        raise PermissionDenied
    person = get_object_or_404(Person, pk=pk)
    form = LevelsForm(person, request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            count = form.apply()
        except Refused as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, f"{counted(count, 'level')} of {person} changed.")
            return redirect(request.path)
    context = admin.site.each_context(request) | {"title": f"Levels of {person}", "person": person, "form": form}
    return TemplateResponse(request, "directory/admin/levels.html", context)
