"""What people choose for themselves on their profile, each with a form of its own."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect

from directory.actions.preferences import choose_accounting_mail
from directory.decorators import WRITE, signed_in_view


@signed_in_view(methods=WRITE)
def accounting_mail(request):
    if not request.user.gets_accounting_mail:
        raise Http404
    choose_accounting_mail(request.user, request.POST.get("pace", ""))
    messages.success(request, "Your choice is saved.")
    return redirect("profile")
