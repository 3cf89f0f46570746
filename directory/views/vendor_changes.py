"""Answering a change of a vendor's details that waits: verified with the call that was made, or declined (R81)."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render

from directory.actions import vendor_changes
from directory.decorators import FORM, company_view
from directory.models import VendorChange
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.vendor_forms import CallForm, DeclineForm
from directory.views.answers import part_of
from directory.views.vendors import about, load, rows_of, told


def _waiting(company, pk: int) -> VendorChange:
    change = load(company, pk).changes.waiting().select_related("vendor__company", "asked_by").first()
    if change is None:
        raise Http404
    return change


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM, fresh=True)
def verify(request, company, pk):
    return _answer(request, company, pk, "verify")


@company_view(Tool.COMPANY_DIRECTORY, Level.ADMIN, methods=FORM)
def decline(request, company, pk):
    return _answer(request, company, pk, "decline")


def _answer(request, company, pk: int, what: str):
    change = _waiting(company, pk)
    data = request.POST if request.method == "POST" else None
    form = CallForm(data, company=company) if what == "verify" else DeclineForm(data)
    if form.is_valid():
        act = vendor_changes.verify if what == "verify" else vendor_changes.decline
        try:
            act(change, by=request.user, **form.cleaned_data)
        except Refused as refusal:
            told(form, refusal)
        else:
            done = "verified and in force" if what == "verify" else "declined; nothing has changed"
            messages.success(request, f"The change of {change.vendor} is {done}.")
            return redirect("vendor", company.slug, pk)
    context = about(request, company) | {
        "form": form,
        "vendor": change.vendor,
        "change": change,
        "rows": rows_of(change),
        "asked_it": change.asked_by_id == request.user.pk,
        "others": vendor_changes.others_who_may_answer(change),
    }
    template = part_of(request, f"directory/vendor_{what}.html")
    return render(request, template, context, status=422 if form.errors else 200)
