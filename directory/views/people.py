"""A company's directory, and one's own profile."""

from django.contrib import messages
from django.shortcuts import redirect, render

from directory import second_factor
from directory.accounts import remember_keys
from directory.actions.people import change_profile
from directory.decorators import READ, company_view, signed_in_view
from directory.forms import ProfileForm
from directory.permissions import Level, Tool
from directory.refusals import Refused
from directory.roster import roster


@company_view(Tool.COMPANY_DIRECTORY, Level.READ_ONLY, methods=READ)
def directory(request, company):
    context = {"company": company, "tab": "people", "entries": roster(company)}
    return render(request, "directory/people.html", context)


@signed_in_view()
def profile(request):
    person = request.user
    known = {"name": person.name, "uses_keys": person.uses_keys}
    form = ProfileForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        try:
            change_profile(person, **form.cleaned_data)
        except Refused as refusal:
            form.add_error(refusal.field or None, refusal.message)
        else:
            messages.success(request, "Your profile is saved.")
            return remember_keys(redirect("profile"), person)
    context = {
        "form": form,
        "memberships": person.memberships.in_order_of_company(),
        "factors": second_factor.in_words(person),
    }
    return render(request, "directory/profile.html", context, status=422 if form.errors else 200)
