"""How strictly a company works, on one page."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.actions.companies import change_settings
from directory.actions.grants import SET_LEVEL
from directory.company_forms import SettingsForm
from directory.decorators import company_view
from directory.models import Event
from directory.permissions import Level, Tool
from directory.views.answers import carried_out, posted


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, fresh=True)
def company_settings(request, company):
    form = SettingsForm(company, posted(request))

    def change(typed):
        reason = typed.pop("reason")
        return change_settings(company, typed, by=request.user, reason=reason)

    if request.method == "POST" and carried_out(form, change):
        messages.success(request, "The settings are saved.")
        return redirect("company-settings", company.slug)
    context = {
        "company": company,
        "tab": "settings",
        "form": form,
        "events": Event.objects.about(company).exclude(verb=SET_LEVEL)[:20],
    }
    return render(request, "directory/settings.html", context, status=422 if form.errors else 200)
