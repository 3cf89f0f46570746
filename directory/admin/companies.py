"""Companies, their vendors and their projects."""

from django.contrib import admin

from directory.actions.companies import record_entry
from directory.admin.bases import OwnersOnly, changes_in
from directory.models import Company, Project, Vendor


class Recorded(OwnersOnly):
    """What is changed on these pages is an event of the company."""

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        record_entry(obj, changes_in(form, not change), by=request.user, is_new=not change)


@admin.register(Company)
class CompanyAdmin(Recorded):
    list_display = ("name", "slug", "time_zone", "separate_submitter_and_approver", "separate_sender_and_accepter")
    fields = list_display
    prepopulated_fields = {"slug": ("name",)}
    search_fields = ("name",)


@admin.register(Vendor)
class VendorAdmin(Recorded):
    list_display = ("name", "company", "insurance_expires_date", "is_active")
    list_filter = ("company", "is_active")
    search_fields = ("name",)
    fields = ("company", "name", "insurance_expires_date", "needs_workers_comp", "is_active")

    def get_readonly_fields(self, request, obj=None):
        return ("company",) if obj else ()


@admin.register(Project)
class ProjectAdmin(Recorded):
    list_display = ("name", "number", "company", "time_zone", "is_active")
    list_filter = ("company", "is_active")
    search_fields = ("name", "number")
    fields = ("company", "name", "number", "slug", "time_zone", "is_active")
    prepopulated_fields = {"slug": ("name",)}

    def get_readonly_fields(self, request, obj=None):
        return ("company",) if obj else ()
