"""*Can Push to Accounting*: granted with a reason, withdrawn with a reason, never changed or deleted (P-4)."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from directory.actions import privileges
from directory.admin.bases import OwnersOnly, is_site_owner
from directory.models import AccountingPrivilege, Event
from directory.refusals import Refused


class GrantForm(forms.ModelForm):
    """Asks the action first, so that a refusal stands beside its field."""

    by = None  # the site owner who fills it in

    class Meta:
        model = AccountingPrivilege
        fields = ("person", "company", "reason")

    def clean(self):
        values = super().clean()
        if {"person", "company", "reason"} <= values.keys():
            try:
                privileges.check_grant(values["person"], values["company"], by=self.by, reason=values["reason"])
            except Refused as refusal:
                self.add_error(refusal.field or None, refusal.message)
        self.instance.granted_by = self.by
        return values


class WithdrawForm(forms.Form):
    reason = forms.CharField(max_length=300, widget=forms.TextInput(attrs={"class": "vTextField"}))


class LiveFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return (("live", "Live"), ("withdrawn", "Withdrawn"))

    def queryset(self, request, queryset):
        return queryset if self.value() is None else queryset.filter(withdrawn_at__isnull=self.value() == "live")


@admin.register(AccountingPrivilege)
class PrivilegeAdmin(OwnersOnly):
    form = GrantForm
    change_form_template = "directory/admin/privilege.html"
    autocomplete_fields = ("person", "company")
    list_display = (
        "person",
        "company",
        "is_live",
        "reason",
        "granted_at",
        "granted_by",
        "withdrawn_at",
    )
    list_filter = (LiveFilter, "company")
    list_select_related = ("person", "company", "granted_by", "withdrawn_by")
    search_fields = ("person__name", "person__email")

    @admin.display(boolean=True, description="live")
    def is_live(self, privilege):
        return privilege.is_live

    def has_change_permission(self, request, obj=None):
        return False

    def has_view_permission(self, request, obj=None):
        return is_site_owner(request) or super().has_view_permission(request, obj)

    def get_fields(self, request, obj=None):
        granted = ("person", "company", "reason")
        since = ("granted_at", "granted_by", "withdrawn_at", "withdrawn_by", "withdrawal_reason")
        return (*granted, *since) if obj else granted

    def get_form(self, request, obj=None, change=False, **kwargs):  # Django's signature
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user
        return form

    def save_model(self, request, obj, form, change):
        granted = privileges.grant(obj.person, obj.company, by=request.user, reason=obj.reason)
        obj.pk = granted.pk  # the admin's log and message name the row that the action made
        obj.refresh_from_db()

    def get_urls(self):
        withdraw = path(
            "<int:pk>/withdraw/",
            self.admin_site.admin_view(self.withdraw),
            name="directory_accountingprivilege_withdraw",
        )
        return [withdraw, *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Who can push to accounting", **(extra_context or {})})

    def add_view(self, request, form_url="", extra_context=None):
        return super().add_view(request, form_url, {"title": "Grant Can Push to Accounting", **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        privilege = self.get_object(request, object_id)
        can_withdraw = bool(privilege) and privilege.withdrawn_at is None and is_site_owner(request)
        return super().change_view(
            request, object_id, form_url, {"can_withdraw": can_withdraw, **(extra_context or {})}
        )

    def withdraw(self, request, pk):
        """A page with one question: why."""
        if not is_site_owner(request):
            raise PermissionDenied
        privilege = get_object_or_404(AccountingPrivilege, pk=pk)
        form = WithdrawForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            privileges.withdraw(privilege, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, f"{privilege.person} no longer holds it for {privilege.company}.")
            return redirect(reverse("admin:directory_accountingprivilege_changelist"))
        context = self.admin_site.each_context(request) | {
            "title": f"Withdraw Can Push to Accounting from {privilege.person}",
            "privilege": privilege,
            "form": form,
            "events": Event.objects.about(privilege),
        }
        return TemplateResponse(request, "directory/admin/withdraw.html", context)
