"""The site owner's admin: a short index in the words of the trade, and the page of what the set-up still lacks."""

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from config.gaps import gaps
from directory.models import PrivilegeRequest
from directory.permissions import is_site_owner

SECTIONS = {
    "People": ("Person",),
    "Privileges": ("PrivilegeRequest", "AccountingPrivilege"),
    "Companies": ("Company", "Vendor", "Project", "PermissionTemplate"),
    "Records": ("Event", "Mail", "ExportBatch", "InvoiceExport", "Download"),
}
REST = "More"


class OwnersSite(AdminSite):
    site_header = "Plumbline: site owner"
    site_title = "Plumbline admin"
    index_title = "People, privileges, companies, set-up gaps"

    def get_app_list(self, request, app_label=None):
        """By what a site owner comes for, not by app."""
        if app_label:
            return super().get_app_list(request, app_label)
        models = {
            model["object_name"]: model for app in self._build_app_dict(request).values() for model in app["models"]
        }
        self._count_waiting(models)
        sections = [
            self._section(title, [models.pop(n) for n in names if n in models]) for title, names in SECTIONS.items()
        ]
        if is_site_owner(request.user):
            sections.insert(-1, self._gaps_section())
        sections.append(self._section(REST, list(models.values())))
        return [section for section in sections if section["models"]]

    def _section(self, title: str, models: list[dict]) -> dict:
        first = models[0]["admin_url"] if models else ""
        return {"name": title, "app_label": title.lower(), "app_url": first, "has_module_perms": True, "models": models}

    def _count_waiting(self, models: dict) -> None:
        if "PrivilegeRequest" in models:
            count = PrivilegeRequest.objects.waiting().count()
            models["PrivilegeRequest"]["name"] = f"Requests ({count} waiting)" if count else "Requests"

    def _gaps_section(self) -> dict:
        url = reverse("admin:set-up-gaps", current_app=self.name)
        page = {"name": "What is missing, and how to mend it", "object_name": "SetUpGaps", "admin_url": url}
        page |= {"add_url": None, "view_only": True, "perms": {}}
        return self._section("Set-up gaps", [page]) | {"app_label": "set-up-gaps"}

    def get_urls(self):
        return [path("set-up-gaps/", self.admin_view(self.set_up_gaps), name="set-up-gaps"), *super().get_urls()]

    def password_change(self, request, extra_context=None):  # Django's signature
        """On the page of the account, where the change is proved, recorded and mailed (R93, R119)."""
        return redirect("account_change_password")

    password_change_done = password_change

    def set_up_gaps(self, request):
        if not is_site_owner(request.user):
            raise PermissionDenied
        context = self.each_context(request) | {"title": "Set-up gaps", "gaps": gaps(request.user)}
        return TemplateResponse(request, "admin/set_up_gaps.html", context)
