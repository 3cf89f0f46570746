"""The page an Invite to Bill leads to. Mail programs open links, so an answer is a POST by a signed-in person."""

from hashlib import sha256

from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from directory.decorators import WRITE, public_view
from directory.permissions import read_access
from directory.refusals import Refused
from directory.views.answers import show_at_its_field
from invoicing.actions import invitations, invoices
from invoicing.addresses import address
from invoicing.deadlines import deadline_of
from invoicing.forms.invitations import ACCEPT, DECLINE, PASS_ON, TAKE_BACK, AnswerForm, PassOnForm
from invoicing.models import BillingSettings, Invitation, Invoice
from invoicing.notifications import is_told_as_contact
from invoicing.permissions import BILL_RIGHT, may_answer, may_bill_commitment

CHOICES = (  # before signing in: value, words, icon
    (ACCEPT, "We will bill", "check"),
    (DECLINE, "Nothing to bill", "x"),
    (PASS_ON, "Not me: pass it on", "send"),
)
TYPED = "invitation_typed"  # in the session: [invitation id, id of whom its link was made for, what was typed]


@public_view()
def answer(request, token):
    """The token says who and what (V-4); it signs nobody in, and is worth nothing to another person."""
    invitation = Invitation.named_by(token)
    if invitation is None or not _is_meant(invitation):
        days = settings.INVITATION_LINK_AGE // (24 * 60 * 60)
        return render(request, "invoicing/invitation_gone.html", {"days": days, "token": token}, status=404)
    if request.user.is_authenticated:
        request.access = read_access(request.user, invitation.company, invitation.project)
        if not may_answer(invitation, request.access):
            raise Http404
    if request.method != "POST":
        return _show(request, invitation)
    if not request.user.is_authenticated:
        _keep_typed(request, invitation)
        return redirect_to_login(request.get_full_path())
    return _take_answer(request, invitation)


def _keep_typed(request, invitation: Invitation) -> None:
    """What was typed when the session was over comes back after signing in, to the one whose link it is (9.10)."""
    typed = {name: request.POST[name][:500] for name in ("words", "pass-words", "pass-to") if request.POST.get(name)}
    if typed:
        whose = invitation.addressee.pk if invitation.addressee else None
        request.session[TYPED] = [invitation.pk, whose, typed]


def _typed(request, invitation: Invitation) -> dict[str, str]:
    """{field: what was typed here before signing in}, until an answer is given."""
    about, whose, typed = request.session.get(TYPED) or (0, None, {})
    return typed if about == invitation.pk and whose in (None, request.user.pk) else {}


def _passing(request, invitation: Invitation, typed: dict[str, str]) -> PassOnForm:
    before = {name.removeprefix("pass-"): value for name, value in typed.items() if name.startswith("pass-")}
    return PassOnForm(invitations.colleagues(invitation, request.user), initial=before)


def _is_meant(invitation: Invitation) -> bool:
    """A link in a mail dies with the place of the person it was sent to (R97); their login may be another's."""
    return invitation.addressee is None or is_told_as_contact(invitation, invitation.addressee)


@public_view(methods=WRITE)
def again(request, token):
    """The same answer for every token, known or not, mailed or not (R76)."""
    if ratelimit.consume(request, action="invitation_again", key=sha256(token.encode()).hexdigest()):
        invitations.mail_new_link(token)
    return render(request, "invoicing/invitation_again.html")


@public_view(methods=WRITE)
def opened(request, token):
    """Sent by the page itself once it is on a screen, for mail scanners open links, too. Tells nothing."""
    if ratelimit.consume(request, action="invitation_opened"):
        invitations.note_opened(token)
    return HttpResponse(status=204)


def _show(
    request,
    invitation: Invitation,
    form: AnswerForm | None = None,
    *,
    passing: PassOnForm | None = None,
    refused: Refused | None = None,
):
    project, period, is_here = invitation.project, invitation.billing_period, request.user.is_authenticated
    typed = {"words": invitation.words} | _typed(request, invitation) if is_here else {}
    wanted = request.GET.get("answer", "")  # pressed before signing in: looked at again, for a link answers nothing
    context = {
        "invitation": invitation,
        "project": project,
        "period": period,
        "words": BillingSettings.of(project).invitation_text,
        "deadline": deadline_of(invitation.commitment, period),
        "bill": _bill(invitation) if is_here else None,
        "form": form or AnswerForm(initial=typed),
        "passing": passing or (_passing(request, invitation, typed) if is_here else None),
        "refused": refused,
        "choices": CHOICES,
        "wanted": wanted,
        "chosen": next((label for value, label, _ in CHOICES if value == wanted), ""),
        "is_first_look": invitation.addressee and not invitation.opened_at,
    }
    return render(request, "invoicing/invitation.html", context, status=refused.status if refused else 200)


def _take_answer(request, invitation: Invitation):
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, invitation, form, refused=Refused("The answer was not kept."))
    request.session.pop(TYPED, None)
    given = form.cleaned_data["answer"]
    if given == PASS_ON:
        return _pass_on(request, invitation)
    try:
        if given == TAKE_BACK:
            invitations.take_back(invitation, by=request.user)
        else:
            invitations.answer(invitation, given == ACCEPT, form.cleaned_data["words"], by=request.user)
    except Refused as refused:
        return _show(request, invitation, form, refused=refused)
    if given == ACCEPT:
        return _start(request, invitation)
    if given == TAKE_BACK:
        messages.success(request, "Your answer is taken back. You can answer anew until the due date.")
        return redirect("invitation", invitation.token)
    messages.success(request, "Noted: nothing to bill. You can still change that until the due date.")
    return redirect("bills")


def _pass_on(request, invitation: Invitation):
    form = PassOnForm(invitations.colleagues(invitation, request.user), request.POST)
    if not form.is_valid():
        return _show(request, invitation, passing=form, refused=Refused("It was not passed on."))
    try:
        if not ratelimit.consume(request, action="invitation_forward", user=request.user):
            raise Refused("You passed on several invites within an hour. Wait a while.")
        invitations.pass_on(invitation, form.chosen, form.cleaned_data["words"], by=request.user)
    except Refused as refused:
        show_at_its_field(form, refused)
        return _show(request, invitation, passing=form, refused=refused)
    told = form.chosen.name if form.chosen and form.chosen.is_contact else "The project team"
    messages.success(request, f"{told} gets a mail. The invite stays open for you, too.")
    return redirect("bills")


def _bill(invitation: Invitation) -> Invoice | None:
    bills = Invoice.objects.select_related("commitment__project")
    return bills.newest_in(invitation.commitment_id, invitation.billing_period_id)


def _start(request, invitation: Invitation):
    """V-1: accepting opens the new invoice, or the one there is, or says what it waits for."""
    bill = _bill(invitation)
    if not bill and not may_bill_commitment(invitation.commitment, request.access):
        words = f"Your answer is noted. To enter the bill you need {BILL_RIGHT}: ask the project team."
        messages.warning(request, words)
        return redirect("bills")
    try:
        bill = bill or invoices.create(invitation.commitment, invitation.billing_period, by=request.user)
    except Refused as refused:
        messages.warning(request, f"Your answer is noted. {refused.message}")
        return redirect("bills")
    return redirect(address(bill, "invoice-enter"))
