"""Permission templates as they stand: a company's Directory Admins keep them on the site, not here."""

from django.contrib import admin
from django.utils.html import format_html_join

from directory.admin.bases import OwnersRead
from directory.models import PermissionTemplate, Project
from directory.permissions import group_levels_on


@admin.register(PermissionTemplate)
class TemplateAdmin(OwnersRead):
    list_display = ("name", "company", "people")
    list_filter = ("company",)
    list_select_related = ("company", "group")
    search_fields = ("name",)
    fields = ("name", "company", "people", "levels")

    def get_queryset(self, request):
        return super().get_queryset(request).prefetch_related("group__user_set")

    @admin.display(description="given to")
    def people(self, template):
        return ", ".join(sorted(person.name for person in template.group.user_set.all())) or "nobody"

    @admin.display(description="levels")
    def levels(self, template):
        projects = list(Project.objects.filter(company=template.company))
        names = {project.pk: project.name for project in projects}
        held = group_levels_on([template.company, *projects])
        lines = [
            (f"{tool.label}{', ' + names[place] if tool.scope == 'project' else ''}: {level.label}",)
            for (group, tool, place), level in held.items()
            if group == template.group_id
        ]
        return format_html_join("", "<div>{}</div>", sorted(lines)) or "none"
