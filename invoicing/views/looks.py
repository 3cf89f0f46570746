"""A reviewer opens a review, and says what they have seen; a GET writes nothing, so the page itself sends it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from directory.decorators import WRITE
from directory.permissions import Level
from directory.refusals import Stale
from invoicing.actions import looks
from invoicing.decorators import invoice_view
from invoicing.forms.reviews import SeenForm
from invoicing.views.doors import must_administer
from invoicing.views.reviews import desk


@invoice_view(Level.ADMIN, methods=WRITE)
def seen(request, invoice):
    """5.1: it is opened for review. I-10: from here on this person's "since I last looked" begins."""
    must_administer(request.access)
    form = SeenForm(request.POST)
    if not form.is_valid():
        raise Stale("It can’t be told which version you saw. Open the review again.")
    has_begun = looks.keep(invoice, by=request.user, **form.cleaned_data)
    if request.htmx:
        return HttpResponse(status=204)
    if has_begun or form.cleaned_data["only_opens"]:
        messages.success(request, "The review has begun: it can’t be withdrawn any more.")
    if not form.cleaned_data["only_opens"]:
        messages.success(request, "Marked as seen. What changes from now on is under “Since I last looked”.")
    return redirect(desk(request, invoice))
