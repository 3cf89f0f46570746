"""Companies, their vendors and their projects."""

from dataclasses import replace

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminDateWidget
from django.db import transaction
from django.utils.decorators import method_decorator

from directory.actions import projects, vendors
from directory.actions.companies import SEPARATIONS, SETTINGS, change_settings, check_settings, record_entry
from directory.actions.projects import ProjectEntry
from directory.actions.vendors import Details
from directory.admin.answering import rehearse
from directory.admin.bases import OwnersOnly, changes_in
from directory.decorators import with_fresh_sign_in
from directory.lookalikes import Lookalikes
from directory.models import Company, Project, Vendor
from directory.refusals import Refused
from directory.typed import DAYS, PlainField
from directory.views.answers import show_at_its_field

DETAILS = tuple(Details.__dataclass_fields__)


class CompanyForm(forms.ModelForm):
    """Tries the settings on before they are saved, so that what the action refuses stands beside its field."""

    reason = PlainField(
        max_length=300,
        required=False,
        help_text="Needed when something protects less than before. It is recorded and mailed.",
    )

    class Meta:
        model = Company
        fields = ("name", "slug", *SETTINGS[1:])

    def clean(self):
        values = super().clean()
        if self.instance.pk and not self.errors:
            try:
                check_settings(self.before, self.settings(), reason=values["reason"])
            except Refused as refusal:
                show_at_its_field(self, refusal)
        return values

    @property
    def before(self) -> Company:
        return Company.objects.get(pk=self.instance.pk)

    def settings(self) -> dict:
        return {name: self.cleaned_data[name] for name in SETTINGS}


@admin.register(Company)
class CompanyAdmin(OwnersOnly):
    """A new company is entered here; what it is changed to goes the way of its own settings page."""

    form = CompanyForm
    list_display = ("name", "slug", "time_zone", *SEPARATIONS)
    fields = ("name", "slug", *SETTINGS[1:], "reason")
    prepopulated_fields = {"slug": ("name",)}
    search_fields = ("name",)

    @method_decorator(with_fresh_sign_in)
    def change_view(self, request, object_id, form_url="", extra_context=None):
        return super().change_view(request, object_id, form_url, extra_context)

    def save_model(self, request, obj, form, change):
        if not change:
            super().save_model(request, obj, form, change)
            record_entry(obj, changes_in(form, is_new=True), by=request.user, is_new=True)
            return
        with transaction.atomic():
            change_settings(obj, form.settings(), by=request.user, reason=form.cleaned_data["reason"])
            if "slug" in form.changed_data:
                obj.save(update_fields=["slug"])
                changes = {"slug": [form.initial["slug"], obj.slug]}
                record_entry(obj, changes, by=request.user, is_new=False)


class VendorEntryForm(forms.ModelForm):
    """`others` is ticked by whoever has seen that the look-alikes of a new vendor are other companies (R83)."""

    by = None  # the site owner who fills it in
    insurance_expires_date = forms.DateField(required=False, widget=AdminDateWidget, validators=DAYS)
    others = forms.BooleanField(
        required=False, label="another company", help_text="Tick this if it looks like a vendor you have, but is none."
    )
    ids_alike = ()

    class Meta:
        model = Vendor
        fields = ("company", *DETAILS)

    def clean(self):
        values = super().clean()
        company = values.get("company") or getattr(self.instance, "company", None)
        if company and not self.errors:
            self._look_for_others(company, values)
        if company and not self.errors:
            rehearse(self, self.apply)
        return values

    def apply(self) -> Vendor:
        """What was typed, through the actions; look-alikes count as seen once `others` is ticked."""
        seen = self.ids_alike if self.cleaned_data["others"] else ()
        if self.instance.pk is None:
            typed = Details(**{name: self.cleaned_data[name] for name in DETAILS})
            return vendors.enter(self.cleaned_data["company"], typed, by=self.by, seen=seen)
        vendor = Vendor.objects.get(pk=self.instance.pk)
        typed = replace(
            Details.of(vendor), **{each: self.cleaned_data[each] for each in DETAILS if each in self.fields}
        )
        vendors.change(vendor, typed, by=self.by, seen=seen)
        return vendor

    def _look_for_others(self, company, values) -> None:
        alike = Lookalikes(company.vendors.all()).of(
            values.get("name", ""), values.get("number", ""), but=self.instance.pk
        )
        self.ids_alike = [vendor.pk for vendor in alike]
        if alike and not values.get("others") and ("number" in self.changed_data or self.instance.pk is None):
            names = ", ".join(vendor.name for vendor in alike)
            self.add_error("others", f"This looks like a vendor of {company}: {names}. Tick it if it is another.")
        if self.instance.pk and not self.instance.is_active:
            self.add_error(None, f"{self.instance.name} is deactivated. It is taken up again on its own page.")


@admin.register(Vendor)
class VendorAdmin(OwnersOnly):
    """The same acts as on the directory's pages. Details that wait for a call-back change there alone (R81)."""

    form = VendorEntryForm
    list_display = ("name", "company", "number", "insurance_expires_date", "is_active")
    list_filter = ("company", "is_active", "needs_workers_comp")
    search_fields = ("name", "number", "email")
    readonly_fields = ("is_active", "details_changed_at")

    def get_fields(self, request, obj=None):
        return ("company", *DETAILS, "others", *(("is_active", "details_changed_at") if obj else ()))

    def get_readonly_fields(self, request, obj=None):
        return ("company", *Vendor.PROTECTED, *self.readonly_fields) if obj else self.readonly_fields

    def save_model(self, request, obj, form, change):
        obj.pk = form.apply().pk
        obj.refresh_from_db()


class ProjectForm(forms.ModelForm):
    """The same acts as on the directory's pages; tried on first, so that a refusal stands beside its field."""

    by = None  # the site owner who fills it in
    reason = PlainField(max_length=300, required=False, help_text="Why it ends. Kept on record.")

    class Meta:
        model = Project
        fields = ("company", "name", "number", "slug", "time_zone", "is_active")

    def clean(self):
        values = super().clean()
        if not self.errors:
            rehearse(self, self.apply)
        return values

    def apply(self) -> Project:
        typed = self.cleaned_data
        entry = ProjectEntry(typed["name"], typed["number"], typed["time_zone"])
        if self.instance.pk is None:
            return projects.add_project(typed["company"], entry, typed["slug"], by=self.by)
        project = Project.objects.get(pk=self.instance.pk)
        was_running = project.is_active
        project = projects.change_project(project, entry, by=self.by)
        if was_running and not typed["is_active"]:
            return projects.end_project(project, by=self.by, reason=typed["reason"])
        return projects.run_project_again(project, by=self.by) if typed["is_active"] > was_running else project


@admin.register(Project)
class ProjectAdmin(OwnersOnly):
    """Its address stays as it is: mailed links lead there."""

    form = ProjectForm
    list_display = ("name", "number", "company", "time_zone", "is_active")
    list_filter = ("company", "is_active")
    search_fields = ("name", "number")

    def get_fields(self, request, obj=None):
        entry = ("company", "name", "number", "slug", "time_zone")
        return (*entry, "is_active", "reason") if obj else entry

    def get_readonly_fields(self, request, obj=None):
        return ("company", "slug") if obj else ()

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ("name",)}

    def save_model(self, request, obj, form, change):
        obj.pk = form.apply().pk
        obj.refresh_from_db()
