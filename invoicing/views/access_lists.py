"""Who of the company sees a private commitment: putting people on its access list and taking them off (P-2)."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect

from directory.decorators import WRITE
from directory.models import Person
from directory.permissions import Level
from directory.refusals import Refused
from directory.views.answers import show_at_its_field
from invoicing.actions import access_lists
from invoicing.decorators import commitment_view
from invoicing.forms.commitments import AccessForm, colleagues_on
from invoicing.models import Commitment
from invoicing.views.commitments import show
from invoicing.views.doors import must_administer


@commitment_view(Level.ADMIN, methods=WRITE)
def add(request, commitment):
    must_administer(request.access)
    form = AccessForm(commitment, request.POST)
    if not form.is_valid():
        return show(request, commitment, status=422, more={"access_form": form})
    person = form.cleaned_data["colleague"]
    try:
        access_lists.add_person(commitment, person, by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return show(request, commitment, status=refused.status, more={"access_form": form})
    messages.success(request, f"{person.name} sees {commitment.number} now.")
    return redirect("commitment", commitment.project.slug, commitment.number)


@commitment_view(Level.ADMIN, methods=WRITE)
def remove(request, commitment, pk):
    must_administer(request.access)
    person = get_object_or_404(_removable(commitment), pk=pk)
    try:
        access_lists.remove_person(commitment, person, by=request.user)
    except Refused as refused:
        return show(request, commitment, refused=refused)
    messages.success(request, f"{person.name} is off the access list of {commitment.number}.")
    return redirect("commitment", commitment.project.slug, commitment.number)


def _removable(commitment: Commitment):
    return Person.objects.filter(pk__in=colleagues_on(commitment).values("pk"))
