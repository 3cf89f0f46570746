"""The page on which an Admin says how a project bills."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import project_view
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import Refused, Stale
from directory.views.answers import show_at_its_field
from invoicing import periods
from invoicing.actions import billing_settings
from invoicing.forms.billing_settings import BillingSettingsForm, stored
from invoicing.forms.versions import differences, on_version
from invoicing.models import BillingSettings
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.ADMIN)
def settings_page(request, project):
    must_administer(request.access)
    settings = BillingSettings.of(project)
    if request.method != "POST":
        return _show(request, project, settings, BillingSettingsForm(project, settings))
    form = BillingSettingsForm(project, settings, request.POST)
    if not form.is_valid():
        return _show(request, project, settings, form, status=422)
    wanted = dict(form.cleaned_data)
    try:
        billing_settings.change(project, wanted, by=request.user, version=wanted.pop("version"))
    except Stale:
        return _show_both_versions(request, project, form)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, project, settings, form, status=refused.status)
    messages.success(request, "Saved. It counts from the next period, invite or bill on.")
    return redirect("billing-settings", project.slug)


def _show_both_versions(request, project, form: BillingSettingsForm):
    """Saving again, knowingly, puts what was typed over what they saved."""
    settings = BillingSettings.objects.filter(project=project).first() or BillingSettings.of(project)
    found = differences(form, {name: value for name, value in stored(settings).items() if name != "version"})
    again = BillingSettingsForm(project, settings, on_version(request.POST, settings.version))
    return _show(request, project, settings, again, status=409, found=found)


def _show(request, project, settings, form: BillingSettingsForm, *, status: int = 200, found=None):
    context = {
        "project": project,
        "form": form,
        "is_stale": found is not None,
        "differences": found,
        "next": periods.proposed(project),
        "events": Event.objects.about(settings)[:20] if settings.pk else [],
    }
    return render(request, "invoicing/billing_settings.html", context, status=status)
