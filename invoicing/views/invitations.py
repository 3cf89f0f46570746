"""The page an Invite to Bill leads to. Mail programs open links, so an answer is a POST by a signed-in person."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404
from django.shortcuts import redirect, render

from directory.decorators import public_view
from directory.permissions import read_access
from directory.refusals import NotAllowed, Refused
from invoicing.actions import invitations, invoices
from invoicing.deadlines import deadline_of
from invoicing.forms.invitations import ACCEPT, AnswerForm
from invoicing.models import Invitation, Invoice
from invoicing.opening import settings_of
from invoicing.permissions import may_answer
from invoicing.views.invoices import address


@public_view()
def answer(request, token):
    """The token says who and what (V-4); it signs nobody in, and is worth nothing to another person."""
    invitation = Invitation.named_by(token)
    if invitation is None:
        days = settings.INVITATION_LINK_AGE // (24 * 60 * 60)
        return render(request, "invoicing/invitation_gone.html", {"days": days}, status=404)
    if request.user.is_authenticated:
        request.access = read_access(request.user, invitation.company, invitation.project)
        if not may_answer(invitation, request.access):
            raise Http404
    if request.method != "POST":
        return _show(
            request,
            invitation,
            AnswerForm(initial={"words": invitation.words if request.user.is_authenticated else ""}),
        )
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path())
    return _take_answer(request, invitation)


def _show(request, invitation: Invitation, form: AnswerForm, refused: Refused | None = None):
    project, period = invitation.project, invitation.billing_period
    deadline = deadline_of(invitation.commitment, period)
    invoices_here = Invoice.objects.live().filter(commitment=invitation.commitment_id, billing_period=period)
    context = {
        "invitation": invitation,
        "project": project,
        "period": period,
        "words": settings_of(project).invitation_text,
        "deadline": deadline,
        "bill": invoices_here.first() if request.user.is_authenticated else None,
        "form": form,
        "refused": refused,
    }
    return render(request, "invoicing/invitation.html", context, status=refused.status if refused else 200)


def _take_answer(request, invitation: Invitation):
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, invitation, form, Refused("The answer was not kept."))
    accepted = form.cleaned_data["answer"] == ACCEPT
    try:
        invitations.answer(invitation, accepted, form.cleaned_data["words"], by=request.user)
    except NotAllowed:
        raise
    except Refused as refused:
        return _show(request, invitation, form, refused)
    if accepted:
        return _start(request, invitation)
    messages.success(request, "Noted: nothing to bill. You can still change that until the due date.")
    return redirect("bills")


def _start(request, invitation: Invitation):
    """V-1: accepting opens the new invoice, or the one there is, or says what it waits for."""
    here = Invoice.objects.live().filter(
        commitment=invitation.commitment_id, billing_period=invitation.billing_period_id
    )
    bill = here.select_related("commitment__project").first()
    try:
        bill = bill or invoices.create(invitation.commitment, invitation.billing_period, by=request.user)
    except Refused as refused:
        messages.warning(request, f"Your answer is noted. {refused.message}")
        return redirect("bills")
    return redirect(address(bill, "invoice-enter"))
