"""What only a demo site has: sign-in without a password, and the mails it would have sent."""

from functools import wraps

from allauth.account.utils import perform_login
from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.clickjacking import xframe_options_sameorigin

from directory import sign_ins
from directory.decorators import READ, WRITE, public_view
from directory.models import Mail, Person
from directory.sealing import unseal


def demo_only(view):
    """Outside a demo these pages do not exist."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


@public_view(methods=WRITE)
@demo_only
def sign_in(request):
    person = get_object_or_404(Person, email__iexact=request.POST.get("email", ""), is_active=True)
    if request.user.is_authenticated:
        logout(request)  # whoever looked around before
    sign_ins.prove(request, person, "one click")
    wanted = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    with transaction.atomic():  # with its event, or not at all (R119)
        return perform_login(request, person, redirect_url=wanted if is_ours else reverse(settings.LOGIN_REDIRECT_URL))


@public_view(methods=READ)
@demo_only
def outbox(request):
    page = Paginator(Mail.objects.select_related("to", "company"), 50).get_page(request.GET.get("page"))
    return render(request, "directory/outbox.html", {"page": page})


@public_view(methods=READ)
@demo_only
def mail(request, pk: int):
    found = get_object_or_404(Mail.objects.select_related("to", "company"), pk=pk)
    return render(request, "directory/mail.html", {"mail": found, "text": unseal(found.text)})


@public_view(methods=READ)
@demo_only
@xframe_options_sameorigin
@csp_replace({"default-src": [NONE], "script-src": [NONE], "style-src": [UNSAFE_INLINE], "frame-ancestors": [SELF]})
def mail_html(request, pk: int):
    """The HTML part as it is sent, in a frame: links open in the whole window."""
    html = unseal(get_object_or_404(Mail, pk=pk).html)
    return HttpResponse(html.replace("<head>", '<head><base target="_top">', 1))
