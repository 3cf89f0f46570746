"""The queue of requests for *Can Push to Accounting* (P-5): each is granted or declined on a page of its own."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html

from directory.actions import privileges
from directory.admin.answering import ask_owner
from directory.admin.bases import OwnersRead
from directory.admin.privilege_forms import DeclineForm, GrantRequestForm, end_of
from directory.decorators import with_fresh_sign_in
from directory.models import PrivilegeRequest
from directory.permissions import is_site_owner

LIST = "admin:directory_privilegerequest_changelist"
CHANGE = "admin:directory_privilegerequest_change"
GRANT = "admin:directory_privilegerequest_grant"
DECLINE = "admin:directory_privilegerequest_decline"


@admin.register(PrivilegeRequest)
class RequestAdmin(OwnersRead):
    change_form_template = "directory/admin/request.html"
    list_display = ("person", "to_do", "company", "state", "reason", "asked_by", "asked_at", "answered_by", "answer")
    list_filter = ("state", "company")
    list_select_related = ("person", "company", "asked_by", "answered_by")
    search_fields = ("person__name", "person__email", "asked_by__name", "reason", "answer")
    ordering = ("-state", "-pk")  # waiting first
    actions = None  # one at a time
    fields = ("person", "company", "reason", "asked_by", "asked_at")
    fields += ("state", "answered_by", "answered_at", "answer", "privilege")

    @admin.display(description="answer it")
    def to_do(self, asked):
        if asked.state != PrivilegeRequest.State.WAITING:
            return "–"
        links = (reverse(GRANT, args=[asked.pk]), reverse(DECLINE, args=[asked.pk]))
        return format_html('<a href="{}">Grant…</a> or <a href="{}">decline…</a>', *links)

    def changelist_view(self, request, extra_context=None):
        title = {"title": "Requests for Can Push to Accounting"}
        return super().changelist_view(request, title | (extra_context or {}))

    def change_view(self, request, object_id, form_url="", extra_context=None):
        asked = self.get_object(request, object_id)
        is_waiting = bool(asked) and asked.state == PrivilegeRequest.State.WAITING
        return super().change_view(request, object_id, form_url, {"is_waiting": is_waiting, **(extra_context or {})})

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/grant/", view(self.grant), name="directory_privilegerequest_grant"),
            path("<int:pk>/decline/", view(self.decline), name="directory_privilegerequest_decline"),
            *super().get_urls(),
        ]

    @method_decorator(with_fresh_sign_in)
    def grant(self, request, pk):
        asked = self._asked(request, pk)
        form = GrantRequestForm(request.POST or None, initial={"reason": asked.reason})

        def carry_out(typed):
            ends_at = end_of(asked.company, typed["last_day"])
            privileges.grant_request(asked, by=request.user, reason=typed["reason"], ends_at=ends_at)
            messages.success(request, f"{asked.person} can push to accounting for {asked.company}.")

        return self._answer(request, asked, form, carry_out, "Grant")

    @method_decorator(with_fresh_sign_in)
    def decline(self, request, pk):
        asked = self._asked(request, pk)
        form = DeclineForm(request.POST or None)

        def carry_out(typed):
            privileges.decline_request(asked, by=request.user, reason=typed["reason"])
            messages.success(request, f"The request for {asked.person} is declined.")

        return self._answer(request, asked, form, carry_out, "Decline")

    def _asked(self, request, pk) -> PrivilegeRequest:
        if not is_site_owner(request.user):
            raise PermissionDenied
        return get_object_or_404(PrivilegeRequest.objects.select_related("person", "company", "asked_by"), pk=pk)

    def _answer(self, request, asked, form, carry_out, verb: str):
        page = {
            "title": f"{verb} Can Push to Accounting for {asked.person}",
            "trail": [(reverse(LIST), "Requests")],
            "verb": verb,
            "keep": "Leave it waiting",
            "asked": asked,
        }
        back = reverse(CHANGE, args=[asked.pk])
        return ask_owner(request, form, carry_out, back=back, done=reverse(LIST), page=page)
