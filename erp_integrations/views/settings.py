"""The page on which an ERP Admin says how the company exports to Sage."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory.decorators import company_view
from directory.models import Event
from directory.permissions import Level, Tool
from directory.refusals import Refused, Stale
from directory.unsaved import kept_for
from directory.views.answers import show_at_its_field
from erp_integrations.actions import settings as actions
from erp_integrations.models import ErpSettings, sage_lists
from erp_integrations.sage100.accounts import ORDER, offered
from erp_integrations.sage100.batch_keys import batch_key
from erp_integrations.setting_forms import ACCOUNTS, SettingsForm, stored
from invoicing.forms.versions import differences, on_version


@company_view(Tool.ERP_INTEGRATIONS, Level.ADMIN)
def settings_page(request, company):
    lists, settings = sage_lists(company), ErpSettings.of(company)
    if request.method != "POST":
        kept = kept_for(request)
        return _show(request, settings, SettingsForm(settings, lists, kept and kept.fields), kept=kept)
    form = SettingsForm(settings, lists, request.POST)
    if not form.is_valid():
        return _show(request, settings, form, status=422)
    wanted = dict(form.cleaned_data)
    try:
        actions.change(company, wanted, by=request.user, version=wanted.pop("version"))
    except Stale:
        return _show_both_versions(request, form)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, settings, form, status=refused.status)
    messages.success(request, "Saved. It counts for whatever is sent or accepted from now on.")
    return redirect("erp-settings", company.slug)


def _show_both_versions(request, form: SettingsForm):
    """Saving again, knowingly, puts what was typed over what they saved."""
    settings = ErpSettings.of(request.access.company)
    found = differences(form, {name: value for name, value in stored(settings).items() if name != "version"})
    again = SettingsForm(settings, form.lists, on_version(request.POST, settings.version))
    return _show(request, settings, again, status=409, found=found)


def _show(request, settings: ErpSettings, form: SettingsForm, *, status: int = 200, found=None, kept=None):
    context = {
        "kept": kept,
        "company": settings.company,
        "form": form,
        "is_stale": found is not None,
        "differences": found,
        "order": ORDER,
        "accounts_list": ACCOUNTS,
        "accounts": offered(form.lists),
        "next_key": batch_key(settings.next_batch_number),
        "events": Event.objects.about(settings)[:20] if settings.pk else [],
    }
    return render(request, "erp_integrations/settings.html", context, status=status)
