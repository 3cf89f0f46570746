"""One's own login: the first password, another e-mail address, other sessions, and proving who one is by mail."""

from allauth.account.utils import perform_login
from allauth.account.views import BaseReauthenticateView
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.adapter import get_adapter as get_sessions_adapter
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from directory import sign_ins
from directory.account_forms import CodeForm, EmailForm, WelcomeForm
from directory.actions import account_links, logins
from directory.decorators import WRITE, public_view, signed_in_view
from directory.models.account_links import digest_of
from directory.refusals import Refused
from directory.sealing import seal
from directory.views.answers import show_at_its_field


@public_view()
def welcome(request, token):
    """R88: opening the link does nothing, as mail scanners open it too; sending the form uses it up."""
    invitation = account_links.find_invitation(token)
    if invitation is None:
        return _gone(request, token)
    form = WelcomeForm(invitation.person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = account_links.accept_invitation(token, form.cleaned_data["password"])
        except Refused:
            return _gone(request, token)
        sign_ins.prove(request, person, "password")
        return perform_login(request, person, redirect_url=reverse("home"))
    context = {"form": form, "invitation": invitation}
    return render(request, "directory/welcome.html", context, status=422 if form.errors else 200)


def _gone(request, token: str):
    return render(request, "directory/welcome_gone.html", {"token": token}, status=404)


@public_view(methods=WRITE)
def welcome_again(request, token):
    """The same answer for every token, known or not, sent or not."""
    if ratelimit.consume(request, action="invitation_again", key=digest_of(token)):
        account_links.ask_again(token)
    return render(request, "directory/welcome_again.html")


@signed_in_view(fresh=True)
def change_email(request):
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            _ask_for_email(request, form.cleaned_data["email"])
        except Refused as refusal:
            show_at_its_field(form, refusal)
        else:
            messages.success(request, "Look in your mail: a link is on its way to both addresses.")
            return redirect("email-change")
    context = {"form": form, "change": request.user.email_changes.open().first()}
    return render(request, "directory/email_change.html", context, status=422 if form.errors else 200)


def _ask_for_email(request, email: str) -> None:
    if not ratelimit.consume(request, action="email_change", user=request.user):
        raise Refused("You asked for this several times within an hour. Wait a while.")
    account_links.ask_for_email(request.user, email)


@signed_in_view(methods=WRITE)
def stop_email_change(request):
    change = request.user.email_changes.open().first()
    if change:
        account_links.stop_email_change(change)
        messages.success(request, "Your address stays as it is.")
    return redirect("email-change")


@public_view()
def confirm_email(request, token):
    """The link is the proof that somebody reads the mail there, so it takes no sign-in; the button decides."""
    change = account_links.find_email_change(token)
    if change is None:
        return render(request, "directory/email_gone.html", status=404)
    answer = request.POST.get("answer", "")
    try:
        if answer == "stop":
            account_links.stop_email_change(change)
        elif answer == "confirm":
            change = account_links.confirm_email(token)
    except Refused as refusal:
        context = {"change": change, "refused": refusal}
        return render(request, "directory/email_confirm.html", context, status=refusal.status)
    return render(request, "directory/email_confirm.html", {"change": change, "answer": answer})


@signed_in_view(methods=WRITE, fresh=True)  # R94: whoever found a browser open ends none of its owner's others
def end_session(request, pk):
    session = get_object_or_404(UserSession, user=request.user, pk=pk)
    if not session.is_current():
        with transaction.atomic():
            get_sessions_adapter().end_sessions([session])
        messages.success(request, "That session is ended. Its browser has to sign in again.")
    return redirect("usersessions_list")


class ConfirmByMail(BaseReauthenticateView):
    """For people who sign in by code alone: the step-up is another code (R93)."""

    template_name = "account/confirm_by_mail.html"

    def get_form(self, form_class=None):
        return CodeForm(self.request, self.request.POST if self.request.method == "POST" else None)

    def get_context_data(self, **kwargs):  # Django's signature
        return super().get_context_data(**kwargs) | {"is_sent": sign_ins.waits_for_code(self.request)}

    def post(self, request, *args, **kwargs):
        if "send" not in request.POST:
            return super().post(request, *args, **kwargs)
        if ratelimit.consume(request, action="code_by_mail", user=request.user):
            logins.mail_code(request.user, seal(sign_ins.new_code(request)))
        return HttpResponseRedirect(self.passthrough_next_url(request.path))

    def form_valid(self, form):
        sign_ins.prove(self.request, self.request.user, "code")
        return super().form_valid(form)


confirm_by_mail = signed_in_view()(ConfirmByMail.as_view())


class RemovePasskey(RemoveWebAuthnView):
    """allauth's, which would take away the last factor of somebody who must have one."""

    def form_valid(self, form):
        adapter = get_mfa_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            messages.error(self.request, adapter.error_messages["cannot_delete_authenticator"])
            return redirect("mfa_index")
        with transaction.atomic():  # the event of it is written by what allauth tells of it, or it stays (R119)
            return super().form_valid(form)


remove_passkey = signed_in_view(fresh=True)(RemovePasskey.as_view())
