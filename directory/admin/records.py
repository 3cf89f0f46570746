"""Events and mail, as they were written."""

from django.contrib import admin, messages
from django.urls import reverse
from django.utils.html import format_html

from directory.actions import mails
from directory.admin.bases import OwnersRead, ReadOnly
from directory.counts import counted
from directory.models import Event, Mail
from directory.permissions import is_site_owner


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "by_name", "verb", "subject_text", "all_about_it", "from_state", "to_state", "project")
    list_filter = ("company", "verb")
    list_select_related = ("project",)
    search_fields = ("by_name", "verb", "subject", "subject_text")
    date_hierarchy = "at"
    fields = ("at", "by_name", "verb", "subject_text", "subject", "company", "project", "from_state", "to_state")
    fields += ("reason", "changes", "request_id", "all_about_it")
    readonly_fields = ("all_about_it",)
    show_full_result_count = False

    @admin.display(description="the same thing")
    def all_about_it(self, event):
        url = reverse("admin:directory_event_changelist", query={"subject": event.subject})
        return format_html('<a href="{}">everything about it</a>', url)


@admin.register(Mail)
class MailAdmin(OwnersRead):
    list_display = ("created_at", "to", "headline", "state", "attempts", "sent_at", "result")
    list_filter = ("state", "company")
    list_select_related = ("to",)
    search_fields = ("headline", "to__name", "to__email")
    fields = ("headline", "to", "reply_to", "company", "subject", "text")
    fields += ("state", "result", "attempts", "created_at", "due_at", "sent_at")
    actions = ("send_again",)
    show_full_result_count = False

    @admin.action(description="Send what failed again", permissions=["send_again"])
    def send_again(self, request, chosen):
        count = mails.send_again(chosen.select_related(None).only("pk"), by=request.user)
        words = f"{counted(count, 'mail')} will be sent again." if count else "None of these failed."
        messages.success(request, words)

    def has_send_again_permission(self, request) -> bool:
        return is_site_owner(request.user)
