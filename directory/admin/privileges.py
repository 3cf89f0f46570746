"""*Can Push to Accounting*: granted with a reason, withdrawn with a reason, never changed or deleted (P-4)."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.decorators import method_decorator

from directory.actions import privileges
from directory.admin.answering import ask_owner
from directory.admin.bases import OwnersAlone
from directory.admin.privilege_forms import GrantForm, WithdrawForm
from directory.decorators import with_fresh_sign_in
from directory.models import AccountingPrivilege
from directory.permissions import is_site_owner

LIST = "admin:directory_accountingprivilege_changelist"


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return (("live", "Live"), ("ended", "Ended"), ("withdrawn", "Withdrawn"))

    def queryset(self, request, queryset):
        match self.value():
            case "live":
                return queryset.live()
            case "ended":
                return queryset.ended()
            case "withdrawn":
                return queryset.filter(withdrawn_at__isnull=False)
        return queryset


@admin.register(AccountingPrivilege)
class PrivilegeAdmin(OwnersAlone):
    form = GrantForm
    change_form_template = "directory/admin/privilege.html"
    autocomplete_fields = ("person", "company")
    list_display = ("person", "company", "state", "reason", "granted_at", "granted_by", "last_day", "withdrawn_at")
    list_filter = (StateFilter, "company")
    list_select_related = ("person", "company", "granted_by", "withdrawn_by")
    search_fields = ("person__name", "person__email", "reason")
    actions = None  # one person at a time

    @admin.display(description="state")
    def state(self, privilege):
        return privilege.state_in_words

    @admin.display(description="last day")
    def last_day(self, privilege):
        return privilege.last_day or "until withdrawn"

    def has_change_permission(self, request, obj=None):
        return False

    def get_fields(self, request, obj=None):
        asked = ("person", "company", "reason", "last_day")
        since = ("state", "granted_at", "granted_by", "withdrawn_at", "withdrawn_by", "withdrawal_reason")
        return (*asked, *since) if obj else asked

    def get_readonly_fields(self, request, obj=None):
        return ("state", "last_day") if obj else ()

    def save_model(self, request, obj, form, change):
        granted = privileges.grant(
            obj.person, obj.company, by=request.user, reason=obj.reason, ends_at=form.instance.ends_at
        )
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

    @method_decorator(with_fresh_sign_in)
    def add_view(self, request, form_url="", extra_context=None):
        return super().add_view(request, form_url, {"title": "Grant Can Push to Accounting", **(extra_context or {})})

    def change_view(self, request, object_id, form_url="", extra_context=None):
        privilege = self.get_object(request, object_id)
        can_withdraw = bool(privilege) and privilege.is_live and is_site_owner(request.user)
        return super().change_view(
            request, object_id, form_url, {"can_withdraw": can_withdraw, **(extra_context or {})}
        )

    @method_decorator(with_fresh_sign_in)
    def withdraw(self, request, pk):
        """A page with one question: why."""
        if not is_site_owner(request.user):
            raise PermissionDenied
        privilege = get_object_or_404(AccountingPrivilege, pk=pk)
        form = WithdrawForm(request.POST or None)

        def carry_out(typed):
            privileges.withdraw(privilege, by=request.user, reason=typed["reason"])
            messages.success(request, f"{privilege.person} no longer holds it for {privilege.company}.")

        return ask_owner(
            request,
            form,
            carry_out,
            back=reverse("admin:directory_accountingprivilege_change", args=[pk]),
            done=reverse(LIST),
            page={
                "title": f"Withdraw Can Push to Accounting from {privilege.person}",
                "trail": [(reverse(LIST), "Can Push to Accounting")],
                "verb": "Withdraw",
                "keep": "Keep it",
                "privilege": privilege,
            },
        )
