"""Inviting and reminding ticked commitments of a billing board, and the page that says what became of each."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from directory.decorators import READ, WRITE, project_view
from directory.models import Event, Mail
from directory.models.events import subject_name
from directory.permissions import Level, Tool
from invoicing.actions import rounds
from invoicing.board import standing_in
from invoicing.forms.billing_periods import AskForm, InviteForm
from invoicing.models import BillingPeriod, Commitment, Invitation, InviteRound, InvoiceContact, InvoiceType, Outcome
from invoicing.views.board import filter_of, may_ask_all, period_of, show
from invoicing.views.doors import must_administer


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def invite(request, project, pk):
    """Each commitment by itself: what could not be invited says why, the others are on their way."""
    must_administer(request.access)
    period = period_of(project, pk)
    form = InviteForm(*(_resent(request, period) or _choice(request, period)))
    if not form.is_valid():
        return show(request, period, form, status=422)
    kind = InvoiceType(form.cleaned_data["invoice_type"])
    made = rounds.invite(period, form.chosen.select_related("vendor"), kind, by=request.user)
    return redirect("period-round", project.slug, period.pk, made.pk)


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=WRITE)
def remind(request, project, pk):
    """Each commitment by itself: who was not reminded stands there with the reason."""
    must_administer(request.access)
    period = period_of(project, pk)
    form = AskForm(*_choice(request, period))
    if not form.is_valid():
        return show(request, period, form, status=422)
    made = rounds.remind(period, form.chosen.select_related("vendor"), by=request.user)
    if request.POST.get("back") == "home":
        return _back_home(request, made)
    return redirect("period-round", project.slug, period.pk, made.pk)


def _back_home(request, made: InviteRound):
    """Asked for in its row of the first page, which tells what became of it."""
    for row in _rows(made, request.access):
        name = f"{row.commitment.vendor.name}, {row.commitment.number}"
        if row.outcome == Outcome.REFUSED:
            messages.error(request, f"{name} was not reminded. {row.reason}")
        else:
            messages.success(request, f"{name} was reminded: {', '.join(mail.to.email for mail in row.mails)}.")
    looked_at = request.POST.get("home", "")
    return redirect(reverse("home") + (f"?{urlencode({'period': looked_at})}" if looked_at else ""))


def _choice(request, period: BillingPeriod) -> tuple:
    """What a form chooses from: all that this person sees; what was sent; all that match, where they may be asked."""
    visible, asked = Commitment.objects.visible_to(request.access), filter_of(request, period.project)
    if not may_ask_all(asked):
        return visible, request.POST, None
    found = asked.in_order(asked.narrowed(standing_in(period, visible)))
    return visible, request.POST, found


def _resent(request, period: BillingPeriod) -> tuple | None:
    """The one whose row asks again, of the type it was asked before; None where several are ticked."""
    one = request.POST.get("one")
    if one is None:
        return None
    known = period.invitations.in_force().filter(commitment=one) if re.fullmatch("[0-9]{1,18}", one) else ()
    kinds = [each.invoice_type for each in known]
    data = QueryDict(urlencode({"commitment": one, "invoice_type": kinds[0] if kinds else ""}))
    return Commitment.objects.visible_to(request.access), data, None


# What became of it


@dataclass(frozen=True)
class Row:
    """One commitment of a round; `mails` are those it led to, with what became of them since."""

    commitment: Commitment
    outcome: Outcome
    reason: str
    mails: list[Mail] = field(default_factory=list)


@project_view(Tool.COMMITMENTS, Level.ADMIN, methods=READ)
def round_page(request, project, pk, made):
    """Of those that this person still sees, so it can be opened again at any time."""
    must_administer(request.access)
    period = period_of(project, pk)
    made = get_object_or_404(period.rounds.select_related("by"), pk=made)
    rows = _rows(made, request.access)
    context = {
        "project": project,
        "period": period,
        "round": made,
        "rows": [row for row in rows if row.outcome != Outcome.REFUSED],
        "refused": [row for row in rows if row.outcome == Outcome.REFUSED],
    }
    return render(request, "invoicing/period_round.html", context)


def _rows(made: InviteRound, access) -> list[Row]:
    """In four queries, however many."""
    ids = [each["commitment"] for each in made.outcomes]
    contacts = InvoiceContact.objects.filter(commitment=OuterRef("pk"))
    visible = Commitment.objects.visible_to(access).filter(pk__in=ids).annotate(has_contact=Exists(contacts))
    seen = {each.pk: each for each in visible.select_related("vendor")}
    mails = _mails(made, ids)
    return [
        Row(seen[pk], Outcome(each["outcome"]), each["reason"], mails.get(pk, []))
        for each in made.outcomes
        if (pk := each["commitment"]) in seen
    ]


def _mails(made: InviteRound, ids: list[int]) -> dict[int, list[Mail]]:
    """{commitment id: the mails of this round}: those about its invites that were written while it went on."""
    invites = Invitation.objects.filter(billing_period=made.billing_period_id, commitment__in=ids)
    subjects = {subject_name(invite): invite.commitment_id for invite in invites}
    told = (
        Event.objects.about(made.billing_period)
        .filter(verb=rounds.VERBS[made.kind], at__gte=made.at)
        .order_by("pk")
        .first()
    )
    mails = Mail.objects.filter(subject__in=subjects, created_at__gte=made.at).select_related("to").order_by("pk")
    if told:
        mails = mails.filter(created_at__lte=told.at)
    found = {}
    for mail in mails.defer("text", "html"):
        found.setdefault(subjects[mail.subject], []).append(mail)
    return found
